//! What a reader of records must know of a schema, or of columns that a user named.

use std::borrow::Cow;

use super::{Cells, Column, NORMAL_NAME};
use crate::schema::{
    Field, FieldError, Header, Kind, LabelRule, Layout, Schema, UNNAMED_ATTACK, key, yes_or_no,
};

/// Columns that are computed from all fields: appends their values or tells what is wrong.
type Derive = fn(&Cells<'_>, &mut Vec<f32>) -> Result<(), Vec<FieldError>>;

/// The names under which a file may have something.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// For messages.
    pub(crate) shown: Cow<'static, str>,
    /// Names as they are compared, see [`key`]; or one name as it is written.
    pub(crate) is: Named,
    /// Whether a file may lack it.
    pub(crate) optional: bool,
}

/// How a name is compared.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    /// One of these, without regard of case and punctuation.
    Like(Vec<String>),
    /// This one, as a user chose it.
    Exactly(String),
}

impl Names {
    pub(crate) fn exactly(shown: &str, column: &str) -> Self {
        Self {
            shown: Cow::Owned(shown.to_owned()),
            is: Named::Exactly(column.trim().to_owned()),
            optional: false,
        }
    }

    /// Whether a column of this name is meant; `key` is the name as it is compared.
    pub(crate) fn match_name(&self, name: &str, key: &str) -> bool {
        match &self.is {
            Named::Like(keys) => keys.iter().any(|one| one == key),
            Named::Exactly(column) => column == name.trim(),
        }
    }
}

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) names: Names,
    pub(crate) kind: Kind,
    /// For a rate, the place of its duration.
    pub(crate) over: Option<usize>,
}

/// How the label is read.
#[derive(Debug)]
pub(crate) enum Labels {
    /// As the schema has it.
    Rule(&'static LabelRule),
    /// In one column, in which this word stands for normal traffic.
    Named {
        /// The word.
        normal: String,
    },
}

impl Labels {
    /// The kind of traffic by the texts of the columns.
    pub(crate) fn kind<'a>(&self, cells: &[&'a str]) -> Result<&'a str, String> {
        match self {
            Self::Rule(rule) => (rule.read)(cells),
            Self::Named { normal } => {
                let word = cells.first().copied().unwrap_or_default();
                if word.eq_ignore_ascii_case(normal) {
                    return Ok(NORMAL_NAME);
                }
                Ok(if yes_or_no(word) == Some(true) { UNNAMED_ATTACK } else { word })
            }
        }
    }
}

/// A kind of records.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Id of the schema.
    pub(crate) schema: &'static str,
    pub(crate) header: Header,
    pub(crate) slots: Vec<Slot>,
    pub(crate) columns: Vec<Column>,
    pub(crate) derive: Option<Derive>,
    pub(crate) labels: Labels,
    /// The columns of the label; the first is named in messages.
    pub(crate) label_names: Vec<Names>,
}

impl Shape {
    pub(crate) fn of(schema: &'static Schema) -> Self {
        let like =
            |names: &mut dyn Iterator<Item = &'static str>| Named::Like(names.map(key).collect());
        let slot = |field: &Field| Slot {
            names: Names {
                shown: Cow::Borrowed(field.name),
                is: like(&mut std::iter::once(field.name).chain(field.aliases.iter().copied())),
                optional: field.optional,
            },
            kind: field.kind,
            over: match field.kind {
                Kind::Rate { over } => schema.fields.iter().position(|f| f.name == over),
                Kind::Number | Kind::Category | Kind::Address => None,
            },
        };
        let label = |column: &crate::schema::LabelColumn| Names {
            shown: Cow::Borrowed(column.names.first().copied().unwrap_or("label")),
            is: like(&mut column.names.iter().copied()),
            optional: column.optional,
        };
        Self {
            schema: schema.id,
            header: schema.header,
            slots: schema.fields.iter().map(slot).collect(),
            columns: schema.columns(),
            derive: match schema.layout {
                Layout::Direct => None,
                Layout::Derived { values, .. } => Some(values),
            },
            labels: Labels::Rule(&schema.label),
            label_names: schema.label.columns.iter().map(label).collect(),
        }
    }

    /// Has a field, or a column of the label, read from the column that a user chose. Whether
    /// there is such a field.
    pub(crate) fn map(&mut self, field: &str, column: &str) -> bool {
        let fields = self.slots.iter_mut().map(|slot| &mut slot.names);
        let found = fields.chain(&mut self.label_names).find(|names| names.shown == field);
        found.map(|names| names.is = Named::Exactly(column.trim().to_owned())).is_some()
    }

    /// Name of the column of the label, for messages.
    pub(crate) fn label_column(&self) -> &str {
        self.label_names.first().map_or("label", |names| names.shown.as_ref())
    }
}
