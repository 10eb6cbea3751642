//! Records to rows of a table: numbers are read, words are numbered, labels become kinds.

use std::borrow::Cow;
use std::collections::HashMap;

use super::fault::quoted;
use super::hash::RowHash;
use super::plan::Plan;
use super::records::{Cells, TextRecord};
use super::shape::Shape;
use super::value::{self, Number};
use super::{Classes, ColumnKind, Fault, Faults, Limits, NORMAL_NAME, ReadError, Row, Table};
use crate::schema::{Kind, address_class};

/// Most different kinds of traffic in a file.
const KINDS_MAX: usize = 1_000;
/// Bytes of a word or of the name of a kind.
const WORD_BYTES_MAX: usize = 128;

/// What is wrong with a record: in which field, and why.
type Wrong = (Cow<'static, str>, String);

/// A table in the making.
pub(crate) struct Builder<'a> {
    shape: Shape,
    plan: Plan,
    limits: &'a Limits,
    table: Table,
    faults: Faults,
    words: Vec<HashMap<Vec<u8>, u32>>,
    kinds: HashMap<String, u16>,
    values: Vec<f32>,
    attacks: usize,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(shape: Shape, plan: Plan, limits: &'a Limits) -> Self {
        Self {
            plan,
            limits,
            table: Table::new(shape.columns.clone()),
            faults: Faults::default(),
            words: vec![HashMap::new(); shape.slots.len()],
            kinds: HashMap::from([(NORMAL_NAME.to_owned(), super::NORMAL)]),
            values: Vec::with_capacity(shape.columns.len()),
            shape,
            attacks: 0,
        }
    }

    /// Notes names of columns that nobody asks for.
    pub(crate) fn unused(&mut self, names: &[String]) {
        for name in names {
            self.faults.add_unused(name);
        }
    }

    /// Has what follows read by another plan.
    pub(crate) fn change_plan(
        &mut self,
        plan: impl FnOnce(&Shape) -> Result<Plan, ReadError>,
    ) -> Result<(), ReadError> {
        self.plan = plan(&self.shape)?;
        Ok(())
    }

    /// Adds a record, or a fault in its place.
    pub(crate) fn add(&mut self, record: &TextRecord) -> Result<(), ReadError> {
        self.check_room()?;
        if record.len() != self.plan.width {
            let why = format!(
                "the record has {} columns, expected {}{}",
                record.len(),
                self.plan.width,
                if spans_lines(record) { "; a quotation mark may not be closed" } else { "" }
            );
            self.leave_out(record.line, None, why);
            return Ok(());
        }
        match self.kind(record).and_then(|kind| Ok((kind, self.row(record)?))) {
            Ok((kind, group)) => self.push(kind, group),
            Err((column, why)) => {
                self.leave_out(record.line, Some(&column), why);
                Ok(())
            }
        }
    }

    /// Notes a record that was left out before it got here.
    pub(crate) fn fault(
        &mut self,
        line: u64,
        column: Option<&str>,
        why: String,
    ) -> Result<(), ReadError> {
        self.check_room()?;
        self.leave_out(line, column, why);
        Ok(())
    }

    /// Whether there may be one more record. Those that are wrong count too, or a stream of
    /// nothing else would never end.
    fn check_room(&self) -> Result<(), ReadError> {
        let rows = self.faults.total.saturating_add(self.table.len() as u64);
        if rows >= u64::try_from(self.limits.rows).unwrap_or(u64::MAX) {
            return Err(ReadError::Rows { limit: self.limits.rows });
        }
        Ok(())
    }

    fn leave_out(&mut self, line: u64, column: Option<&str>, why: String) {
        let fault = Fault { line, column: column.map(str::to_owned), why };
        self.faults.add(fault, self.limits.faults);
    }

    fn push(&mut self, kind: String, group: u64) -> Result<(), ReadError> {
        let rows = self.table.len() + 1;
        if rows.saturating_mul(self.table.columns.len()) > self.limits.values {
            return Err(ReadError::Values { limit: self.limits.values });
        }
        let kind = self.number_of(kind)?;
        let row = Row { kind, group };
        self.attacks += usize::from(row.is_attack());
        self.table.push(row, &self.values);
        Ok(())
    }

    fn number_of(&mut self, kind: String) -> Result<u16, ReadError> {
        if let Some(number) = self.kinds.get(&kind) {
            return Ok(*number);
        }
        let number = self.table.kinds.len();
        let room = u16::try_from(number).ok().filter(|_| number <= KINDS_MAX);
        let Some(room) = room else {
            let column = self.shape.label_column().to_owned();
            return Err(ReadError::Labels { column, limit: KINDS_MAX });
        };
        self.table.kinds.push(kind.clone());
        self.kinds.insert(kind, room);
        Ok(room)
    }

    /// The kind of traffic of a record.
    fn kind(&self, record: &TextRecord) -> Result<String, Wrong> {
        let wrong = |why: String| (Cow::Owned(self.shape.label_column().to_owned()), why);
        let texts: Vec<Cow<'_, str>> =
            self.plan.labels.iter().map(|at| label_text(record, *at)).collect();
        let cells: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            return match self.limits.classes {
                Classes::None => Ok(NORMAL_NAME.into()),
                Classes::Both | Classes::Any => Err(wrong("the label is missing".into())),
            };
        }
        let first = cells.first().map_or(&b""[..], |cell| cell.as_bytes());
        let kind = self.shape.labels.kind(&cells);
        let kind = kind.map_err(|why| wrong(format!("{} {why}", quoted(first))))?;
        if kind.len() > WORD_BYTES_MAX {
            return Err(wrong(format!("the label is longer than {WORD_BYTES_MAX} bytes")));
        }
        Ok(kind.to_owned())
    }

    /// Reads the values of a record into `self.values`; returns the hash of the row.
    fn row(&mut self, record: &TextRecord) -> Result<u64, Wrong> {
        self.values.clear();
        let mut hash = RowHash::new();
        // Lent for the time of the row, since the cells borrow it.
        let places = std::mem::take(&mut self.plan.fields);
        let read = self.fill(&Cells::new(record, &places), &mut hash);
        self.plan.fields = places;
        read.map(|()| hash.finish())
    }

    fn fill(&mut self, cells: &Cells<'_>, hash: &mut RowHash) -> Result<(), Wrong> {
        if let Some(derive) = self.shape.derive {
            derive(cells, &mut self.values).map_err(|faults| {
                let first = faults.into_iter().next();
                first.map_or_else(Default::default, |fault| (fault.field, fault.message))
            })?;
            self.faults.missing += self.values.iter().filter(|value| value.is_nan()).count() as u64;
            for value in &self.values {
                hash.number(*value);
            }
            return Ok(());
        }
        for at in 0..self.shape.slots.len() {
            let Some(slot) = self.shape.slots.get(at) else { break };
            let (kind, over) = (slot.kind, slot.over);
            let cell = cells.get(at);
            let value = match kind {
                Kind::Category => {
                    hash.word(cell.trim_ascii());
                    self.word(at, cell)
                }
                Kind::Address => address_class(cell),
                Kind::Number | Kind::Rate { .. } => {
                    self.number(cell, over.map(|duration| cells.get(duration)))
                }
            };
            let value = value.map_err(|why| (self.name(at), why))?;
            if kind != Kind::Category {
                hash.number(value);
            }
            self.values.push(value);
        }
        Ok(())
    }

    fn name(&self, at: usize) -> Cow<'static, str> {
        self.shape.slots.get(at).map_or(Cow::Borrowed("record"), |slot| slot.names.shown.clone())
    }

    #[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
    fn number(&mut self, cell: &[u8], duration: Option<&[u8]>) -> Result<f32, String> {
        let Some(number) = value::number(cell) else {
            return Err(format!("{} is not a number", quoted(cell)));
        };
        let over_nothing = || duration.is_some_and(value::is_zero_or_less);
        Ok(match number {
            Number::Is(value) => value as f32,
            Number::Clamped(_) | Number::Undefined if over_nothing() => {
                self.faults.rates_zeroed += 1;
                0.0
            }
            Number::Clamped(value) => {
                self.faults.clamped += 1;
                value as f32
            }
            Number::Undefined | Number::Missing => {
                self.faults.missing += 1;
                f32::NAN
            }
        })
    }

    /// The number of a word of a column.
    fn word(&mut self, at: usize, cell: &[u8]) -> Result<f32, String> {
        let word = cell.trim_ascii();
        if word.is_empty() {
            self.faults.missing += 1;
            return Ok(f32::NAN);
        }
        if let Some(number) = self.words.get(at).and_then(|words| words.get(word)) {
            return Ok(*number as f32);
        }
        if word.len() > WORD_BYTES_MAX {
            return Err(format!("{} is longer than {WORD_BYTES_MAX} bytes", quoted(word)));
        }
        let Ok(text) = std::str::from_utf8(word) else {
            return Err(format!("{} is not valid UTF-8", quoted(word)));
        };
        let (Some(words), Some(column)) = (self.words.get_mut(at), self.table.columns.get_mut(at))
        else {
            return Ok(f32::NAN);
        };
        let ColumnKind::Category(list) = &mut column.kind else {
            return Ok(f32::NAN);
        };
        if list.len() >= self.limits.words {
            self.faults.words_dropped += 1;
            return Ok(f32::NAN);
        }
        let number = u32::try_from(list.len()).unwrap_or(u32::MAX);
        list.push(text.to_owned());
        words.insert(word.to_vec(), number);
        Ok(number as f32)
    }

    /// The finished table, if it holds what it must.
    pub(super) fn finish(self) -> Result<(Table, Faults), ReadError> {
        let rows = self.table.len();
        if rows == 0 {
            let first = self.faults.list.first().cloned();
            return Err(ReadError::NoRows { faults: self.faults.total, first });
        }
        let one_class = self.attacks == 0 || self.attacks == rows;
        if one_class && self.limits.classes == Classes::Both {
            return Err(ReadError::OneClass { attack: self.attacks > 0, rows });
        }
        Ok((self.table, self.faults))
    }
}

/// The text of a part of the label. Bytes that are no UTF-8 become `-`: files of CICIDS2017 have
/// a dash of another character set in the names of their web attacks.
fn label_text(record: &TextRecord, at: Option<usize>) -> Cow<'_, str> {
    let cell = at.map_or(&b""[..], |at| record.field(at)).trim_ascii();
    match std::str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(String::from_utf8_lossy(cell).replace('\u{fffd}', "-")),
    }
}

/// Whether a field holds the end of a line.
fn spans_lines(record: &TextRecord) -> bool {
    record.fields().any(|field| field.contains(&b'\n'))
}
