//! CSV files (RFC 4180): facts, packets, flows, features, traffic over time, alerts,
//! incidents, hosts.
//!
//! One writer for each file. Text cells that a spreadsheet would take for a formula are
//! neutralised, numbers stay numbers, what is unknown is an empty cell. Times are packet times in
//! UTC.

mod alerts;
mod flows;
mod incidents;
mod packets;
mod sheet;
mod summary;
mod table;

pub use alerts::Alerts;
pub use flows::{Features, Flows};
pub use incidents::{hosts, incidents};
pub use packets::Packets;
pub use summary::{series, summary};
pub use table::Table;

#[cfg(test)]
mod tests;
