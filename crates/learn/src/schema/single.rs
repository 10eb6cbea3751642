//! Single records, as they come from a form or a program, one field with its fault each.

use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

use super::{Field, Kind, Layout, Schema};
use crate::data::value::{self, Number};
use crate::data::{Cells, Column, ColumnKind, TextRecord, quoted};

/// Longest text of a field.
const TEXT_BYTES_MAX: usize = 256;

/// What is wrong with a field of a single record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Name of the field.
    pub field: Cow<'static, str>,
    /// What is wrong, and what to enter; follows the name of the field in a sentence.
    pub message: String,
}

impl Schema {
    /// The values of a single record for a model with these columns, which are the schema's with
    /// the words that the model learned. A word that it does not know is a missing value.
    ///
    /// Fields are numbers, strings, or truth values; `null` is missing. Names that are no field
    /// are ignored, so that a whole row with its label can be sent. All faults are told.
    pub fn vector(&self, json: &Value, columns: &[Column]) -> Result<Vec<f32>, Vec<FieldError>> {
        let (record, places) = self.cells_of(json)?;
        let cells = Cells::new(&record, &places);
        let mut values = Vec::with_capacity(columns.len());
        if let Layout::Derived { values: derive, .. } = self.layout {
            derive(&cells, &mut values)?;
            return Ok(values);
        }
        let mut faults = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            let column = columns.iter().find(|column| column.name == field.name);
            match self.direct(&cells, at, field, column) {
                Ok(value) => values.push(value),
                Err(message) => faults.push(FieldError { field: field.name.into(), message }),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
    fn direct(
        &self,
        cells: &Cells<'_>,
        at: usize,
        field: &Field,
        column: Option<&Column>,
    ) -> Result<f32, String> {
        let cell = cells.get(at).trim_ascii();
        if let Some(ColumnKind::Category(words)) = column.map(|column| &column.kind) {
            let place = words.iter().position(|word| word.as_bytes() == cell);
            return Ok(place.map_or(f32::NAN, |place| place as f32));
        }
        match value::number(cell) {
            None => Err(format!("{} is not a number", quoted(cell))),
            Some(Number::Clamped(_) | Number::Undefined) if self.over_nothing(cells, field) => {
                Ok(0.0)
            }
            Some(Number::Is(value) | Number::Clamped(value)) => Ok(value as f32),
            Some(Number::Undefined | Number::Missing) => Ok(f32::NAN),
        }
    }

    fn over_nothing(&self, cells: &Cells<'_>, field: &Field) -> bool {
        let Kind::Rate { over } = field.kind else {
            return false;
        };
        let duration = self.fields.iter().position(|field| field.name == over);
        duration.is_some_and(|at| value::is_zero_or_less(cells.get(at)))
    }

    /// The fields of a JSON object as texts.
    pub(crate) fn cells_of(
        &self,
        json: &Value,
    ) -> Result<(TextRecord, Vec<Option<usize>>), Vec<FieldError>> {
        let Some(object) = json.as_object() else {
            let field = self.fields.first().map_or("record", |field| field.name);
            let message = "is missing: send an object with the fields by name".into();
            return Err(vec![FieldError { field: field.into(), message }]);
        };
        let mut record = TextRecord::default();
        let mut faults = Vec::new();
        for field in self.fields {
            match text(object.get(field.name)) {
                Ok(text) => record.push(text.as_bytes()),
                Err(message) => faults.push(FieldError { field: field.name.into(), message }),
            }
        }
        if faults.is_empty() {
            Ok((record, (0..self.fields.len()).map(Some).collect()))
        } else {
            Err(faults)
        }
    }
}

/// A value as the text that a file would hold.
fn text(value: Option<&Value>) -> Result<String, String> {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Array(_) | Value::Object(_)) => {
            return Err("is a list or an object: enter a number or a text".into());
        }
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("is longer than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(text)
}
