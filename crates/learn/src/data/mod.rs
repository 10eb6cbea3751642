//! Records as rows of numbers.

mod table;

pub use table::{Column, ColumnKind, NORMAL, Row, Table};
