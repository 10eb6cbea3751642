//! Records as rows of numbers, and how they get there from files that nobody vouches for.

mod build;
mod error;
mod fault;
mod hash;
mod limits;
mod read;
mod records;
pub(crate) mod shape;
mod sniff;
mod table;
pub(crate) mod value;

pub use error::ReadError;
pub(crate) use fault::quoted;
pub use fault::{Fault, Faults};
pub use limits::{Classes, Limits};
pub use read::read;
pub(crate) use records::{Cells, TextRecord};
pub(crate) use table::NORMAL_NAME;
pub use table::{Column, ColumnKind, NORMAL, Row, Table};

#[cfg(test)]
mod tests;
