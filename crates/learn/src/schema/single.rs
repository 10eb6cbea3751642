//! Single records, as they come from a form or a program, one field with its fault each.

use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

use super::{Kind, Layout, Schema, address, address_class};
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
        let mut values = Vec::with_capacity(columns.len());
        if let Layout::Derived { values: derive, .. } = self.layout {
            let (record, places) = self.cells_of(json)?;
            derive(&Cells::new(&record, &places), &mut values)?;
            return Ok(values);
        }
        let first = columns.first().map_or("record", |column| &column.name);
        let object = object(json, first)?;
        let mut faults = Vec::new();
        for column in columns {
            match self.direct(object, column) {
                Ok(value) => values.push(value),
                Err(message) => faults.push(fault(&column.name, message)),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
    fn direct(&self, object: &Map<String, Value>, column: &Column) -> Result<f32, String> {
        let text = text_of(object.get(&column.name))?;
        let cell = text.trim();
        if let ColumnKind::Category(words) = &column.kind {
            let place = words.iter().position(|word| word == cell);
            if place.is_none() && words.iter().eq(address::CLASSES) {
                // Of an address only its class is a column.
                return address_class(cell.as_bytes());
            }
            return Ok(place.map_or(f32::NAN, |place| place as f32));
        }
        match value::number(cell.as_bytes()) {
            None => Err(format!("{} is not a number", quoted(cell.as_bytes()))),
            Some(Number::Clamped(_) | Number::Undefined)
                if self.is_over_nothing(object, &column.name) =>
            {
                Ok(0.0)
            }
            Some(Number::Is(value) | Number::Clamped(value)) => Ok(value as f32),
            Some(Number::Undefined | Number::Missing) => Ok(f32::NAN),
        }
    }

    /// Whether the field is a rate over a duration that is zero.
    fn is_over_nothing(&self, object: &Map<String, Value>, name: &str) -> bool {
        let field = self.fields.iter().find(|field| field.name == name);
        let Some(Kind::Rate { over }) = field.map(|field| field.kind) else {
            return false;
        };
        text_of(object.get(over)).is_ok_and(|text| value::is_zero_or_less(text.as_bytes()))
    }

    /// The fields of a JSON object as texts.
    pub(crate) fn cells_of(
        &self,
        json: &Value,
    ) -> Result<(TextRecord, Vec<Option<usize>>), Vec<FieldError>> {
        let first = self.fields.first().map_or("record", |field| field.name);
        let object = object(json, first)?;
        let mut record = TextRecord::default();
        let mut faults = Vec::new();
        for field in self.fields {
            match text_of(object.get(field.name)) {
                Ok(text) => record.push(text.as_bytes()),
                Err(message) => faults.push(fault(field.name, message)),
            }
        }
        if faults.is_empty() {
            Ok((record, (0..self.fields.len()).map(Some).collect()))
        } else {
            Err(faults)
        }
    }
}

fn fault(field: &str, message: String) -> FieldError {
    FieldError { field: Cow::Owned(field.to_owned()), message }
}

fn object<'a>(json: &'a Value, first: &str) -> Result<&'a Map<String, Value>, Vec<FieldError>> {
    let message = "is missing: send an object with the fields by name";
    json.as_object().ok_or_else(|| vec![fault(first, message.into())])
}

/// A value as the text that a file would hold.
pub(crate) fn text_of(value: Option<&Value>) -> Result<String, String> {
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
