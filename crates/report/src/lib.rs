//! How findings and flows are written: text for people, NDJSON, CSV, EVE, plots.
//!
//! Pure: everything is written to what the caller gives, nothing reads a file or a clock. Names
//! from traffic are escaped here, for each place in its own way.

pub mod backtest;
mod coverage;
pub mod csv;
mod escape;
pub mod eve;
mod json;
mod names;
pub mod ndjson;
pub mod plot;
mod put;
mod source;
pub mod text;

#[cfg(test)]
mod fixture;

pub use escape::markup;
pub use names::{protocol, service, tls_version};
pub use source::{Report, Source};
