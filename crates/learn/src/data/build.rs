//! Records to rows of a table: numbers are read, words are numbered, labels become kinds.

use std::collections::HashMap;

use super::fault::quoted;
use super::hash::RowHash;
use super::records::Record;
use super::value::{self, Number};
use super::{Classes, ColumnKind, Fault, Faults, Limits, ReadError, Row, Table};
use crate::schema::{Field, Kind, Schema};

/// Most different kinds of traffic in a file.
const KINDS_MAX: usize = 1_000;
/// Bytes of a word or of the name of a kind.
const WORD_BYTES_MAX: usize = 128;

/// Where a file has what the schema wants.
pub(super) struct Plan {
    /// Fields of a record; others are wrong.
    pub(super) width: usize,
    /// Place of each of the schema's fields.
    pub(super) fields: Vec<Option<usize>>,
    /// Place of each column of the label.
    pub(super) labels: Vec<Option<usize>>,
}

/// What is wrong with a field: which of the schema's, and why.
type Wrong = (&'static str, String);

/// A table in the making.
pub(super) struct Builder<'a> {
    schema: &'static Schema,
    plan: Plan,
    limits: &'a Limits,
    table: Table,
    faults: Faults,
    words: Vec<HashMap<Vec<u8>, u32>>,
    kinds: HashMap<String, u16>,
    /// For a rate, the field of its duration.
    over: Vec<Option<usize>>,
    values: Vec<f32>,
    attacks: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(schema: &'static Schema, plan: Plan, limits: &'a Limits) -> Self {
        let over = |field: &Field| match field.kind {
            Kind::Rate { over } => schema.fields.iter().position(|f| f.name == over),
            _ => None,
        };
        Self {
            schema,
            plan,
            limits,
            table: Table::new(schema.columns()),
            faults: Faults::default(),
            words: vec![HashMap::new(); schema.fields.len()],
            kinds: HashMap::from([("normal".to_owned(), super::NORMAL)]),
            over: schema.fields.iter().map(over).collect(),
            values: Vec::with_capacity(schema.fields.len()),
            attacks: 0,
        }
    }

    pub(super) fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Adds a record, or a fault in its place.
    pub(super) fn add(&mut self, record: &Record) -> Result<(), ReadError> {
        if record.len() != self.plan.width {
            let why = format!(
                "the record has {} columns, expected {}{}",
                record.len(),
                self.plan.width,
                if spans_lines(record) { "; a quotation mark may not be closed" } else { "" }
            );
            self.fault(record.line, None, why);
            return Ok(());
        }
        let kind = match self.kind(record) {
            Ok(kind) => kind,
            Err((column, why)) => {
                self.fault(record.line, Some(column), why);
                return Ok(());
            }
        };
        match self.row(record) {
            Ok(group) => self.push(kind, group),
            Err((column, why)) => {
                self.fault(record.line, Some(column), why);
                Ok(())
            }
        }
    }

    fn fault(&mut self, line: u64, column: Option<&str>, why: String) {
        let fault = Fault { line, column: column.map(str::to_owned), why };
        self.faults.add(fault, self.limits.faults);
    }

    fn push(&mut self, kind: String, group: u64) -> Result<(), ReadError> {
        let rows = self.table.len() + 1;
        if rows > self.limits.rows {
            return Err(ReadError::Rows { limit: self.limits.rows });
        }
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
        let full = || {
            let column = self.schema.label.columns.last().and_then(|c| c.names.first());
            ReadError::Labels { column: column.copied().unwrap_or("label"), limit: KINDS_MAX }
        };
        let number = u16::try_from(self.table.kinds.len()).map_err(|_| full())?;
        if usize::from(number) > KINDS_MAX {
            return Err(full());
        }
        self.table.kinds.push(kind.clone());
        self.kinds.insert(kind, number);
        Ok(number)
    }

    /// The kind of traffic of a record.
    fn kind(&self, record: &Record) -> Result<String, Wrong> {
        let rule = &self.schema.label;
        let name = rule.columns.first().and_then(|c| c.names.first()).copied().unwrap_or("label");
        let texts: Vec<String> =
            self.plan.labels.iter().map(|at| label_text(record, *at)).collect();
        let cells: Vec<&str> = texts.iter().map(String::as_str).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            return match self.limits.classes {
                Classes::None => Ok("normal".into()),
                _ => Err((name, "the label is missing".into())),
            };
        }
        let first = cells.first().map_or(&b""[..], |cell| cell.as_bytes());
        let kind = (rule.read)(&cells).map_err(|why| (name, format!("{} {why}", quoted(first))))?;
        if kind.len() > WORD_BYTES_MAX {
            return Err((name, format!("the label is longer than {WORD_BYTES_MAX} bytes")));
        }
        Ok(kind.to_owned())
    }

    /// Reads the values of a record into `self.values`; returns the hash of the row.
    fn row(&mut self, record: &Record) -> Result<u64, Wrong> {
        self.values.clear();
        let mut hash = RowHash::new();
        for (at, field) in self.schema.fields.iter().enumerate() {
            let cell = self.cell(record, at);
            let value = if field.kind == Kind::Category {
                hash.word(cell.trim_ascii());
                self.word(at, cell).map_err(|why| (field.name, why))?
            } else {
                let value = self.number(record, at, cell).map_err(|why| (field.name, why))?;
                hash.number(value);
                value
            };
            self.values.push(value);
        }
        Ok(hash.finish())
    }

    fn cell<'r>(&self, record: &'r Record, at: usize) -> &'r [u8] {
        self.plan.fields.get(at).copied().flatten().map_or(&[], |place| record.field(place))
    }

    #[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
    fn number(&mut self, record: &Record, at: usize, cell: &[u8]) -> Result<f32, String> {
        let Some(number) = value::number(cell) else {
            return Err(format!("{} is not a number", quoted(cell)));
        };
        Ok(match number {
            Number::Is(value) => value as f32,
            Number::Clamped(_) | Number::Undefined if self.over_nothing(record, at) => {
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

    /// Whether the field is a rate over a duration that is zero.
    fn over_nothing(&self, record: &Record, at: usize) -> bool {
        let Some(duration) = self.over.get(at).copied().flatten() else {
            return false;
        };
        let number = value::number(self.cell(record, duration));
        matches!(number, Some(Number::Is(value)) if value <= 0.0)
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
fn label_text(record: &Record, at: Option<usize>) -> String {
    let cell = at.map_or(&b""[..], |at| record.field(at)).trim_ascii();
    String::from_utf8_lossy(cell).replace('\u{fffd}', "-")
}

/// Whether a field holds the end of a line.
fn spans_lines(record: &Record) -> bool {
    record.fields().any(|field| field.contains(&b'\n'))
}
