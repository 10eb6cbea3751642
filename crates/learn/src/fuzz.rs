//! Entry of fuzzing: any bytes as a file of records. It panics where a promise is broken.

use std::collections::BTreeMap;
use std::io::BufReader;

use crate::data::{Classes, ColumnKind, Faults, Limits, Table, read, read_mapped};
use crate::schema::{SCHEMAS, mapped};

/// Limits that a small input can reach.
const LIMITS: Limits = Limits {
    rows: 200,
    columns: 128,
    values: 10_000,
    words: 8,
    record_bytes: 2_048,
    faults: 5,
    classes: Classes::None,
};

/// Reads bytes as records of every schema, in pieces of `buffer` bytes.
pub fn records(bytes: &[u8], buffer: usize) {
    for schema in SCHEMAS {
        for classes in [Classes::Both, Classes::None] {
            let limits = Limits { classes, ..LIMITS };
            let mut input = BufReader::with_capacity(buffer.max(1), bytes);
            match read(schema, &mut input, &limits) {
                Ok((table, faults)) => check(&table, &faults),
                Err(error) => assert!(error.to_string().len() < 2_000),
            }
        }
    }
    if let Ok(preview) = mapped::preview(&mut &*bytes, &LIMITS) {
        assert!(preview.rows.len() <= 20 && preview.columns.len() <= LIMITS.columns);
        assert!(preview.rows.iter().all(|row| row.len() == preview.columns.len()));
        let schema = SCHEMAS.iter().find(|schema| Some(schema.id) == preview.guess.schema);
        if let Some(schema) = schema {
            // A guess must at least be understood by the reader.
            match read_mapped(schema, &preview.guess.mapping, &mut &*bytes, &LIMITS) {
                Ok((table, faults)) => check(&table, &faults),
                Err(error) => assert!(!error.to_string().contains("no column '"), "{error}"),
            }
        }
    }
    mapping(bytes);
}

/// Reads bytes with a mapping that is made of their own first line.
fn mapping(bytes: &[u8]) {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let names = String::from_utf8_lossy(first);
    let mut mapping: BTreeMap<String, String> =
        names.split(',').take(20).map(|name| (name.to_owned(), name.to_owned())).collect();
    let label = names.split(',').next_back().unwrap_or_default().to_owned();
    mapping.remove(&label);
    mapping.insert(mapped::LABEL.into(), label);
    mapping.insert(mapped::NORMAL.into(), "0".into());
    if let Some(schema) = SCHEMAS.iter().find(|schema| schema.id == mapped::ID)
        && let Ok((table, faults)) = read_mapped(schema, &mapping, &mut &*bytes, &LIMITS)
    {
        check(&table, &faults);
    }
}

fn check(table: &Table, faults: &Faults) {
    assert!(!table.is_empty() && table.len() <= LIMITS.rows);
    assert!(faults.list.len() <= LIMITS.faults && faults.list.len() as u64 <= faults.total);
    for (at, row) in table.rows().iter().enumerate() {
        assert!(usize::from(row.kind) < table.kinds.len());
        let values = table.values(at);
        assert_eq!(values.len(), table.columns.len());
        for (value, column) in values.iter().zip(&table.columns) {
            let in_bounds = match &column.kind {
                ColumnKind::Number => value.abs() <= 1.01e30,
                ColumnKind::Category(words) => {
                    *value >= 0.0 && *value < words.len() as f32 && value.fract() == 0.0
                }
            };
            assert!(in_bounds || value.is_nan(), "{} is {value}", column.name);
        }
    }
}
