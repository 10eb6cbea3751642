//! Records as JSON, one object a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::records::TextRecord;
use super::shape::{Names, Shape};
use super::{Limits, ReadError};
use crate::schema::{key, text_of};

/// Names whose place is remembered; others are looked for each time.
const NAMES_MAX: usize = 1_024;

/// Lines of a file within a limit.
pub(crate) struct Objects<R> {
    input: R,
    line: u64,
    bytes_max: usize,
    buffer: Vec<u8>,
}

impl<R: BufRead> Objects<R> {
    pub(crate) fn new(input: R, limits: &Limits) -> Self {
        Self { input, line: 0, bytes_max: limits.record_bytes.max(1), buffer: Vec::new() }
    }

    /// The next line that is not empty, with its number.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &[u8])>, ReadError> {
        loop {
            if !self.fill_line()? {
                return Ok(None);
            }
            self.line += 1;
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some((self.line, self.buffer.trim_ascii())));
            }
        }
    }

    /// Reads a line into the buffer; `false` at the end.
    fn fill_line(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        loop {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                return Ok(!self.buffer.is_empty());
            }
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = input.get(..end.unwrap_or(input.len())).unwrap_or_default();
            if self.buffer.len() + part.len() > self.bytes_max {
                let line = self.line + 1;
                return Err(ReadError::LongRecord { line, limit: self.bytes_max });
            }
            self.buffer.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Puts the fields of objects in the order of a shape: its fields, then its label.
pub(crate) struct Filler {
    wanted: Vec<Names>,
    places: HashMap<String, Option<usize>>,
}

impl Filler {
    pub(crate) fn new(shape: &Shape) -> Self {
        let mut wanted: Vec<Names> = shape.slots.iter().map(|slot| slot.names.clone()).collect();
        let optional = |names: &Names| Names { optional: true, ..names.clone() };
        wanted.extend(shape.label_names.iter().map(optional));
        Self { wanted, places: HashMap::new() }
    }

    /// Fills a record; otherwise which field is wrong, and why.
    pub(crate) fn fill(
        &mut self,
        line: u64,
        text: &[u8],
        record: &mut TextRecord,
    ) -> Result<(), (Option<Cow<'static, str>>, String)> {
        let object: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| (None, format!("is not a JSON object: {error}")))?;
        record.clear(line);
        let mut values = vec![None; self.wanted.len()];
        for (name, value) in &object {
            let place = self.place(name);
            if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
                slot.get_or_insert(value);
            }
        }
        for (names, value) in self.wanted.iter().zip(values) {
            if value.is_none() && !names.optional {
                return Err((Some(names.shown.clone()), "is missing".into()));
            }
            let text = text_of(value).map_err(|why| (Some(names.shown.clone()), why))?;
            record.push(text.as_bytes());
        }
        Ok(())
    }

    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let key = key(name);
        let place = self.wanted.iter().position(|names| names.match_name(name, &key));
        if self.places.len() < NAMES_MAX {
            self.places.insert(name.to_owned(), place);
        }
        place
    }
}
