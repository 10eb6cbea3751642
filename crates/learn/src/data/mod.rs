//! Records as rows of numbers, and how they get there from files that nobody vouches for.

mod build;
mod error;
mod fault;
mod hash;
mod limits;
mod read;
mod records;
mod sniff;
mod table;
pub(crate) mod value;

pub use error::ReadError;
pub use fault::{Fault, Faults};
pub use limits::{Classes, Limits};
pub use read::read;
pub use table::{Column, ColumnKind, NORMAL, Row, Table};

#[cfg(test)]
mod tests;
