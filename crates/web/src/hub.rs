//! The live stream: news go in typed, come out as server-sent events.
//!
//! Each event has a number; the last 10,000 are kept for browsers that come back. A browser that
//! reads too slowly is told how many it missed (`event: gap`) and takes a snapshot.

use crate::control::Status;
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{AlertRow, DeviceRow, IncidentRow, Source};
use anomalyzer_store::series::Row;

/// Where news are published. Cheap to clone; never blocks.
#[derive(Clone, Debug, Default)]
pub struct Hub {}

impl Hub {
    /// Ends all streams.
    pub(crate) fn close(&self) {}
    /// A second is complete: totals, and its largest rows of other dimensions. Event `second`.
    pub fn second(&self, _source: SourceId, _totals: &SecondTotals, _rows: &[Row]) {}
    /// Alerts are new or have changed. Event `alert`, one each.
    pub fn alerts(&self, _rows: &[AlertRow]) {}
    /// Incidents are new or have changed. Event `incident`, one each.
    pub fn incidents(&self, _rows: &[IncidentRow]) {}
    /// Devices are new or have changed. Event `device`, one each.
    pub fn devices(&self, _rows: &[DeviceRow]) {}
    /// Flows ended: a sample of at most 50 a second. Event `flows`, one for all.
    pub fn flows(&self, _source: SourceId, _records: &[FlowRecord]) {}
    /// A source is new or has changed. Event `source`.
    pub fn source(&self, _source: &Source) {}
    /// Health has changed, or 5 s have passed. Event `status`.
    pub fn status(&self, _status: &Status) {}
}
