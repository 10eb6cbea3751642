//! What a reader of records must know of a schema, or of columns that a user named.

use std::borrow::Cow;

use super::{Cells, Column};
use crate::schema::{FieldError, Kind, LabelRule, Layout, Schema, UNNAMED_ATTACK, yes_or_no};

/// A column that is computed from all fields: appends its values or tells what is wrong.
type Derive = fn(&Cells<'_>, &mut Vec<f32>) -> Result<(), Vec<FieldError>>;

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    /// For a rate, the place of its duration.
    pub(crate) over: Option<usize>,
}

/// Where the label is and how it is read.
#[derive(Debug)]
pub(crate) enum Labels {
    /// As the schema has it.
    Rule(&'static LabelRule),
    /// One column, in which this word stands for normal traffic.
    Named { column: String, normal: String },
}

impl Labels {
    /// Name of the column that decides, for messages.
    pub(crate) fn column(&self) -> &str {
        match self {
            Self::Rule(rule) => {
                rule.columns.first().and_then(|c| c.names.first()).copied().unwrap_or("label")
            }
            Self::Named { column, .. } => column,
        }
    }

    /// The kind of traffic by the texts of the columns.
    pub(crate) fn kind<'a>(&'a self, cells: &[&'a str]) -> Result<&'a str, String> {
        match self {
            Self::Rule(rule) => (rule.read)(cells),
            Self::Named { normal, .. } => {
                let word = cells.first().copied().unwrap_or_default();
                if word.eq_ignore_ascii_case(normal) {
                    return Ok(super::NORMAL_NAME);
                }
                Ok(if yes_or_no(word) == Some(true) { UNNAMED_ATTACK } else { word })
            }
        }
    }
}

/// A kind of records.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) slots: Vec<Slot>,
    pub(crate) columns: Vec<Column>,
    pub(crate) derive: Option<Derive>,
    pub(crate) labels: Labels,
}

impl Shape {
    pub(crate) fn of(schema: &'static Schema) -> Self {
        let slot = |field: &crate::schema::Field| Slot {
            name: Cow::Borrowed(field.name),
            kind: field.kind,
            over: match field.kind {
                Kind::Rate { over } => schema.fields.iter().position(|f| f.name == over),
                _ => None,
            },
        };
        Self {
            slots: schema.fields.iter().map(slot).collect(),
            columns: schema.columns(),
            derive: match schema.layout {
                Layout::Direct => None,
                Layout::Derived { values, .. } => Some(values),
            },
            labels: Labels::Rule(&schema.label),
        }
    }
}
