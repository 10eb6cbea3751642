//! Threat lists: indicators that users load, read from four formats and kept in one compact table.
//!
//! Pure: readers take a `BufRead` that somebody else has opened, and expiry is judged by packet
//! time. What contact with an indicator means is left to the detector `threat-list`.

mod builder;
mod csv;
mod guard;
mod indicator;
mod json;
mod lines;
mod misp;
mod pattern;
mod ranges;
mod report;
mod spec;
mod stix;
mod store;
mod time;

pub use builder::{Builder, FILE_BYTES_MAX, INDICATORS_MAX, LISTS_MAX};
pub use indicator::Kind;
pub use report::{Example, Report};
pub use spec::{Format, ListSpec};
pub use store::{Hit, Indicators, Listed};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
