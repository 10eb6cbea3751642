//! From a file to a table: which kind of text, which columns, then record by record.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::build::Builder;
use super::objects::{Filler, Objects};
use super::plan::Plan;
use super::records::{Records, TextRecord};
use super::shape::Shape;
use super::sniff::{Form, Sniffed, sniff};
use super::{Faults, Limits, ReadError, Table, zeek};
use crate::schema::{Schema, mapped};

/// Reads labelled records of a schema from CSV (comma, semicolon, tab or `|`), from JSON with one
/// object a line, or from a log of Zeek. Rows that cannot be read are left out and told as faults;
/// a file that as a whole is not what it should be is an error.
///
/// Memory: the table itself, and buffers within `limits`.
pub fn read(
    schema: &'static Schema,
    input: &mut dyn BufRead,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    read_mapped(schema, &BTreeMap::new(), input, limits)
}

/// Reads labelled records as [`read`] does, of a file whose columns have other names: `mapping`
/// gives for fields of the schema, or its label, the column of the file. What is not in it is
/// found by its names.
///
/// For the schema `mapped` see [`mapped`].
pub fn read_mapped(
    schema: &'static Schema,
    mapping: &BTreeMap<String, String>,
    input: &mut dyn BufRead,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    let sniffed = sniff(input, schema.id)?;
    let shape = if schema.id == mapped::ID {
        mapped::shape(&sniffed, mapping, limits)?
    } else {
        let mut shape = Shape::of(schema);
        for (field, column) in mapping {
            if !shape.map(field, column) {
                let what = format!("schema {} has no field '{field}'", schema.id);
                return Err(ReadError::Mapping { what });
            }
        }
        shape
    };
    read_shape(shape, sniffed, limits)
}

fn read_shape(
    shape: Shape,
    sniffed: Sniffed<'_>,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    match sniffed.form {
        Form::Objects => read_objects(shape, sniffed, limits),
        Form::Zeek { separator } => zeek::read(shape, sniffed, separator, limits),
        Form::Columns { separator } => read_columns(shape, sniffed, separator, limits),
    }
}

fn read_columns(
    shape: Shape,
    sniffed: Sniffed<'_>,
    separator: u8,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    let mut records = Records::new(sniffed.input, separator, true, limits);
    let mut record = TextRecord::default();
    if !records.next(&mut record)? {
        return Err(ReadError::Empty { schema: shape.schema });
    }
    let (plan, is_header) = Plan::by_first(&shape, &record, limits.classes)?;
    let unused = if is_header { plan.unused(&record) } else { Vec::new() };
    let mut builder = Builder::new(shape, plan, limits);
    builder.unused(&unused);
    if !is_header {
        builder.add(&record)?;
    }
    while records.next(&mut record)? {
        builder.add(&record)?;
    }
    builder.finish()
}

fn read_objects(
    shape: Shape,
    sniffed: Sniffed<'_>,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    let mut objects = Objects::new(sniffed.input, limits);
    let mut filler = Filler::new(&shape);
    let plan = Plan::in_order(&shape);
    let mut builder = Builder::new(shape, plan, limits);
    let mut record = TextRecord::default();
    while let Some((line, text)) = objects.next()? {
        match filler.fill(line, text, &mut record) {
            Ok(()) => builder.add(&record)?,
            Err((column, why)) => builder.fault(line, column.as_deref(), why)?,
        }
    }
    builder.finish()
}
