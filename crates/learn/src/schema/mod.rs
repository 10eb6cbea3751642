//! The kinds of records that can be learned from: what their columns are called, what they hold,
//! and how a label is written.
//!
//! A schema is a row of [`SCHEMAS`]. Its [`Field`]s describe a record as it comes in a file or a
//! form; its columns are what a model sees. For most they are the same. A column never holds the
//! label, nor anything that was made from it, nor a record's number.

mod cic;
mod field;
mod label;
mod nsl_kdd;
mod unsw_nb15;

pub(crate) use field::key;
pub use field::{Field, Kind};
pub(crate) use label::{LabelColumn, LabelRule, UNNAMED_ATTACK};

use crate::data::{Column, ColumnKind};

/// All schemas.
pub static SCHEMAS: &[Schema] = &[nsl_kdd::SCHEMA, unsw_nb15::SCHEMA, cic::SCHEMA];

/// A kind of records.
#[derive(Debug)]
pub struct Schema {
    /// Short name, as in `--schema`.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What a record is and where such records come from.
    pub summary: &'static str,
    /// What a record consists of.
    pub fields: &'static [Field],
    pub(crate) header: Header,
    pub(crate) label: LabelRule,
}

/// How the columns of a file are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// By the names in the first line.
    Required,
    /// By their order: the fields, the label, and up to `behind` columns that are not used. A
    /// first line that holds the names of the fields is understood too.
    Optional { behind: usize, expected: &'static str },
}

/// The schema of this id.
pub fn by_id(id: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().find(|schema| schema.id == id)
}

impl Schema {
    /// The columns of a table of such records, with the words that are known beforehand.
    pub fn columns(&self) -> Vec<Column> {
        let column = |field: &Field| Column {
            name: field.name.into(),
            kind: match field.kind {
                Kind::Category => ColumnKind::Category(Vec::new()),
                Kind::Number | Kind::Rate { .. } | Kind::Address => ColumnKind::Number,
            },
        };
        self.fields.iter().map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn schemas_are_consistent() {
        let mut ids = HashSet::new();
        for schema in SCHEMAS {
            assert!(ids.insert(schema.id), "{} is there twice", schema.id);
            assert!(by_id(schema.id).is_some());
            let mut names = HashSet::new();
            for field in schema.fields {
                for name in std::iter::once(&field.name).chain(field.aliases) {
                    let key = field::key(name);
                    assert!(names.insert(key), "{}: {name} is there twice", schema.id);
                }
                assert!(!field.summary.is_empty(), "{}: {}", schema.id, field.name);
                if let Kind::Rate { over } = field.kind {
                    assert!(schema.fields.iter().any(|f| f.name == over), "{over}");
                }
            }
            for column in schema.label.columns {
                for name in column.names {
                    assert!(!names.contains(&field::key(name)), "{}: {name}", schema.id);
                }
            }
        }
    }
}
