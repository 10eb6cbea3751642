//! From a file to a table: which kind of text, which columns, then record by record.

use std::io::BufRead;

use super::build::{Builder, Plan};
use super::fault::quoted;
use super::records::{Records, TextRecord};
use super::shape::Shape;
use super::{Faults, Limits, ReadError, Table, sniff};
use crate::schema::{Header, Schema, key};

/// Columns that are named in a message about a header.
const NAMED_MAX: usize = 5;

/// Reads labelled records of a schema. Rows that cannot be read are left out and told as faults;
/// a file that as a whole is not what it should be is an error.
///
/// Memory: the table itself, and buffers within `limits`.
pub fn read(
    schema: &'static Schema,
    input: &mut dyn BufRead,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    let sniffed = sniff::sniff(input, schema.id)?;
    let separator = sniff::separator(&sniffed.first_line);
    let mut records = Records::new(sniffed.input, separator, limits);
    let mut record = TextRecord::default();
    if !records.next(&mut record)? {
        return Err(ReadError::Empty { schema: schema.id });
    }
    let (plan, is_header) = plan(schema, &record, limits)?;
    let unused = if is_header { unused(&record, &plan) } else { Vec::new() };
    let mut builder = Builder::new(Shape::of(schema), plan, limits);
    for name in &unused {
        builder.faults().add_unused(name);
    }
    if !is_header {
        builder.add(&record)?;
    }
    while records.next(&mut record)? {
        builder.add(&record)?;
    }
    builder.finish()
}

/// Finds the columns by the first record; whether that is a header.
fn plan(schema: &Schema, first: &TextRecord, limits: &Limits) -> Result<(Plan, bool), ReadError> {
    let Header::Optional { behind, expected } = schema.header else {
        return Ok((by_name(schema, first, limits)?, true));
    };
    let names_first = schema.fields.first().is_some_and(|field| {
        std::str::from_utf8(first.field(0)).is_ok_and(|name| field.is_called(&key(name)))
    });
    if names_first {
        return Ok((by_name(schema, first, limits)?, true));
    }
    let fields = schema.fields.len();
    let least = fields + 1;
    if !(least..=least + behind).contains(&first.len()) {
        return Err(ReadError::Width { schema: schema.id, found: first.len(), expected });
    }
    let plan = Plan {
        width: first.len(),
        fields: (0..fields).map(Some).collect(),
        labels: vec![Some(fields)],
    };
    Ok((plan, false))
}

/// Finds the columns by their names. Of several columns of one name the first counts.
fn by_name(schema: &Schema, header: &TextRecord, limits: &Limits) -> Result<Plan, ReadError> {
    let mut keys = Vec::with_capacity(header.len());
    for (at, name) in header.fields().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| ReadError::Encoding { column: at + 1 })?;
        keys.push(key(name));
    }
    let find = |is: &dyn Fn(&str) -> bool| keys.iter().position(|key| is(key));
    let fields: Vec<Option<usize>> =
        schema.fields.iter().map(|field| find(&|key| field.is_called(key))).collect();
    let is_label = |names: &[&str], found: &str| names.iter().any(|name| key(name) == found);
    let labels: Vec<Option<usize>> =
        schema.label.columns.iter().map(|c| find(&|key| is_label(c.names, key))).collect();
    let mut missing: Vec<&str> = (schema.fields.iter().zip(&fields))
        .filter(|(field, at)| at.is_none() && !field.optional)
        .map(|(field, _)| field.name)
        .collect();
    let needs_label = limits.classes != super::Classes::None;
    for (column, at) in schema.label.columns.iter().zip(&labels) {
        if at.is_none() && !column.optional && needs_label {
            missing.extend(column.names.first());
        }
    }
    if missing.is_empty() {
        return Ok(Plan { width: header.len(), fields, labels });
    }
    Err(ReadError::Header { schema: schema.id, missing: listed(&missing), found: header.len() })
}

/// The first few names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> =
        names.iter().take(NAMED_MAX).map(|name| quoted(name.as_bytes())).collect();
    match names.len().checked_sub(NAMED_MAX) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Names of the columns that nobody asks for.
fn unused(header: &TextRecord, plan: &Plan) -> Vec<String> {
    let used = |at: usize| plan.fields.contains(&Some(at)) || plan.labels.contains(&Some(at));
    let name = |at: usize| String::from_utf8_lossy(header.field(at)).into_owned();
    (0..header.len()).filter(|at| !used(*at)).map(name).collect()
}
