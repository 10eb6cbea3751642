//! Records of the API for others than browsers: the same objects, one a line.

use crate::{clock, json};
use anomalyzer_store::control::{AlertRow, AlertState, DeviceRow, IncidentRow};

/// An alert with what people made of it, as the API gives it; no line feed.
pub fn alert(row: &AlertRow) -> String {
    json::alert_item(row).get().to_owned()
}

/// An incident likewise.
pub fn incident(row: &IncidentRow) -> String {
    json::incident_item(row).get().to_owned()
}

/// A device likewise.
pub fn device(row: &DeviceRow) -> String {
    json::device_item(row, clock::timestamp(), None).get().to_owned()
}

/// The name of a state.
pub const fn state(state: AlertState) -> &'static str {
    json::state_name(state)
}
