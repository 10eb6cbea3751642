//! Detectors: one file each, one row of [`DETECTORS`] each.

mod ddos;
mod flood;
mod host_sweep;
mod port_scan;
mod spec;
#[cfg(test)]
pub(crate) mod testing;

pub use spec::{Backtest, Detector, Reporter, Setting, Spec, Unit};

/// Every detector there is. Docs, settings and tests walk this table.
pub static DETECTORS: &[&Spec] = &[&port_scan::SPEC, &host_sweep::SPEC, &flood::SPEC, &ddos::SPEC];
