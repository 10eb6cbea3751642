//! The kinds of records that can be learned from: what their columns are called, what they hold,
//! and how a label is written.
//!
//! A schema is a row of [`SCHEMAS`]. Its [`Field`]s describe a record as it comes in a file or a
//! form; its columns are what a model sees. For most they are the same. A column never holds the
//! label, nor anything that was made from it, nor a record's number.

mod address;
mod cic;
mod field;
pub mod form;
mod label;
pub mod mapped;
mod nsl_kdd;
mod single;
mod unsw_nb15;
mod zeek_conn;

pub(crate) use field::key;
pub use field::{Field, Kind};
pub(crate) use label::{LabelColumn, LabelRule, UNNAMED_ATTACK, yes_or_no};
pub use single::FieldError;
pub(crate) use single::text_of;

pub(crate) use crate::data::Cells;
use serde::Serialize;

use crate::data::{Column, ColumnKind, quoted, value};

/// All schemas.
pub static SCHEMAS: &[Schema] = &[
    form::SCHEMA,
    nsl_kdd::SCHEMA,
    unsw_nb15::SCHEMA,
    cic::SCHEMA,
    zeek_conn::SCHEMA,
    mapped::SCHEMA,
];

/// A kind of records. Serialised as id, title, summary and `columns`, which are its fields.
#[derive(Debug, Serialize)]
pub struct Schema {
    /// Short name, as in `--schema`.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What a record is and where such records come from.
    pub summary: &'static str,
    /// What a record consists of.
    #[serde(rename = "columns")]
    pub fields: &'static [Field],
    #[serde(skip)]
    pub(crate) header: Header,
    #[serde(skip)]
    pub(crate) label: LabelRule,
    #[serde(skip)]
    pub(crate) layout: Layout,
}

/// How the values of a record become those of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// Each field is a column.
    Direct,
    /// The columns are computed from the fields; their words are known beforehand.
    Derived {
        /// The columns.
        columns: fn() -> Vec<Column>,
        /// Appends their values, or tells what is wrong with the fields.
        values: fn(&Cells<'_>, &mut Vec<f32>) -> Result<(), Vec<FieldError>>,
    },
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

/// The class of an address as the number of its word; missing if there is no address.
pub(crate) fn address_class(cell: &[u8]) -> Result<f32, String> {
    if value::is_missing(cell.trim_ascii()) {
        return Ok(f32::NAN);
    }
    let address = std::str::from_utf8(cell).ok().and_then(address::parse);
    let address = address.ok_or_else(|| format!("{} is not an address", quoted(cell)))?;
    Ok(f32::from(address::class(address) as u8))
}

/// The schema of this id.
pub fn by_id(id: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().find(|schema| schema.id == id)
}

impl Schema {
    /// The columns of a table of such records, with the words that are known beforehand.
    pub fn columns(&self) -> Vec<Column> {
        if let Layout::Derived { columns, .. } = self.layout {
            return columns();
        }
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
    fn schemas_describe_themselves_to_a_form() {
        let json = serde_json::to_value(by_id("form").unwrap()).unwrap();
        let column = |at: usize| &json["columns"][at];
        assert_eq!(json["id"], "form");
        assert_eq!(column(0)["kind"], "address");
        assert!(column(0)["choices"].is_null());
        assert_eq!(column(2)["choices"], serde_json::json!(["TCP", "UDP", "ICMP"]));
        assert_eq!(column(3)["max"], 65535.0);
        assert_eq!(column(3)["unit"], "bytes");
        assert!(json.get("label").is_none());
    }

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
