//! Learning on flows: tables of records, models that are trained on them, what they say and why.
//!
//! There is no I/O here but the readers that are handed in, no clock, and no randomness but a seed
//! that is passed in: the same rows with the same seed give the same model on every machine.

pub mod built_in;
pub mod data;
#[doc(hidden)]
pub mod fuzz;
pub mod model;
mod num;
pub mod schema;
pub mod train;
