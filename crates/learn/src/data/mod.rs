//! Records as rows of numbers, and how they get there from files that nobody vouches for.

mod build;
mod error;
mod fault;
mod hash;
mod limits;
mod objects;
mod plan;
mod read;
mod records;
pub(crate) mod shape;
pub(crate) mod sniff;
mod table;
pub(crate) mod value;
mod zeek;

pub use error::ReadError;
pub(crate) use fault::quoted;
pub use fault::{Fault, Faults};
pub use limits::{Classes, Limits};
pub(crate) use objects::Objects;
pub use read::{read, read_mapped};
pub(crate) use records::{Cells, Records, TextRecord};
pub(crate) use table::NORMAL_NAME;
pub use table::{Column, ColumnKind, NORMAL, Row, Table};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_text;
