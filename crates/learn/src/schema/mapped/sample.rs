//! The first rows of a file, in text.

use std::io::Cursor;

use serde_json::{Map, Value};

use crate::data::sniff::{Form, Sniffed};
use crate::data::{Limits, Objects, ReadError, Records, TextRecord};
use crate::schema::{nsl_kdd, text_of};

/// Rows that guesses are made from.
const ROWS_MAX: usize = 1_000;
/// Rows of a preview.
const SHOWN_MAX: usize = 20;
/// Characters of a field in a preview.
const SHOWN_CHARS_MAX: usize = 100;

/// Names of columns and the first rows.
pub(super) struct Sample {
    pub(super) columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sample {
    pub(super) fn of(sniffed: &Sniffed<'_>, limits: &Limits) -> Result<Self, ReadError> {
        let text = Cursor::new(sniffed.sample());
        match sniffed.form {
            Form::Objects => Self::of_objects(Objects::new(text, limits), limits),
            Form::Columns { separator } => {
                Self::of_columns(Records::new(text, separator, true, limits), false)
            }
            Form::Zeek { separator } => {
                Self::of_columns(Records::new(text, separator, false, limits), true)
            }
        }
    }

    fn of_columns(mut records: Records<Cursor<&[u8]>>, zeek: bool) -> Result<Self, ReadError> {
        let mut record = TextRecord::default();
        let mut columns: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        while rows.len() < ROWS_MAX && records.next(&mut record)? {
            let mut fields: Vec<String> =
                record.fields().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
            if zeek && record.field(0).starts_with(b"#") {
                if columns.is_empty() && record.field(0) == b"#fields" {
                    columns = fields.split_off(1);
                }
            } else if !columns.is_empty() {
                fields.resize(columns.len(), String::new());
                rows.push(fields);
            } else if let Some(names) = names_by_order(&fields) {
                columns = names;
                rows.push(fields);
            } else {
                columns = fields;
            }
        }
        if columns.is_empty() {
            return Err(ReadError::NoRows { faults: 0, first: None });
        }
        if columns.iter().all(|name| name.trim().parse::<f64>().is_ok()) {
            let what = "the first line holds numbers and not names of columns: add such a line";
            return Err(ReadError::Mapping { what: what.into() });
        }
        Ok(Self { columns, rows })
    }

    fn of_objects(mut objects: Objects<Cursor<&[u8]>>, limits: &Limits) -> Result<Self, ReadError> {
        let mut columns: Vec<String> = Vec::new();
        let mut rows: Vec<Vec<String>> = Vec::new();
        while let Some((_, text)) = objects.next()?.filter(|_| rows.len() < ROWS_MAX) {
            let Ok(object) = serde_json::from_slice::<Map<String, Value>>(text) else {
                continue;
            };
            for name in object.keys() {
                if columns.len() < limits.columns && !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
            let field = |name: &String| text_of(object.get(name)).unwrap_or_default();
            rows.push(columns.iter().map(field).collect());
        }
        for row in &mut rows {
            row.resize(columns.len(), String::new());
        }
        Ok(Self { columns, rows })
    }

    /// The place of the column of this name.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.trim() == name.trim())
    }

    /// The name of a column.
    pub(super) fn name(&self, at: usize) -> &str {
        self.columns.get(at).map_or("", |name| name.trim())
    }

    /// What a column holds, without white space around it.
    pub(super) fn cells(&self, at: usize) -> impl Iterator<Item = &str> + Clone {
        self.rows.iter().filter_map(move |row| row.get(at)).map(|cell| cell.trim())
    }

    /// The rows of a preview.
    pub(super) fn shown(&self) -> Vec<Vec<String>> {
        let cut = |cell: &String| {
            let cell: String = cell.chars().take(SHOWN_CHARS_MAX).collect();
            cell.replace(char::is_control, "\u{fffd}")
        };
        self.rows.iter().take(SHOWN_MAX).map(|row| row.iter().map(cut).collect()).collect()
    }
}

/// Names of the columns of a file without header, if it is one that is known by their number.
fn names_by_order(first: &[String]) -> Option<Vec<String>> {
    let fields = nsl_kdd::SCHEMA.fields;
    let is_number = first.first().is_some_and(|field| field.trim().parse::<f64>().is_ok());
    let behind = first.len().checked_sub(fields.len())?;
    let names = fields.iter().map(|field| field.name).chain(["label", "difficulty"]);
    (is_number && (1..=2).contains(&behind))
        .then(|| names.take(first.len()).map(str::to_owned).collect())
}
