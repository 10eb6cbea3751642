//! Records of the API for others than browsers: the same objects, one a line.

use crate::{clock, json};
use anomalyzer_engine::Alert;
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_report::{csv, eve};
use anomalyzer_store::control::{AlertRow, AlertState, DeviceRow, IncidentRow};
use serde_json::Value;
use std::io;

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

/// Columns of alerts.csv: those of `analyze --csv`, and what people made of them.
pub const ALERT_COLUMNS: [&str; 25] = [
    "id",
    "detector",
    "technique",
    "severity",
    "confidence",
    "title",
    "first",
    "last",
    "count",
    "src",
    "src_count",
    "src_mac",
    "dst",
    "dst_count",
    "dst_mac",
    "dst_ports",
    "dst_port_count",
    "attack",
    "flows",
    "explanation",
    "advice",
    "source",
    "state",
    "escalated",
    "note",
];

/// Columns of devices.csv.
pub const DEVICE_COLUMNS: [&str; 18] = [
    "id",
    "label",
    "mac",
    "vendor",
    "addresses",
    "first",
    "last",
    "learned",
    "bytes_sent",
    "bytes_received",
    "flows",
    "name",
    "owner",
    "tags",
    "notes",
    "status",
    "online",
    "open_alerts",
];

/// Records as a CSV file: of each the fields that are called like the columns.
pub struct Sheet<'c, W: io::Write> {
    table: csv::Table<W>,
    columns: &'c [&'c str],
}

impl<'c, W: io::Write> Sheet<'c, W> {
    /// Begins the file.
    pub fn new(out: W, columns: &'c [&'c str]) -> io::Result<Self> {
        Ok(Self { table: csv::Table::new(out, columns)?, columns })
    }

    /// Adds a record, JSON.
    pub fn record(&mut self, record: &str) -> io::Result<()> {
        let item: Value = serde_json::from_str(record).unwrap_or_default();
        let cells: Vec<String> = self.columns.iter().map(|name| cell(&item[*name])).collect();
        self.table.row(cells.iter().map(String::as_str))
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.table.finish()
    }
}

/// A value as a cell; lists with spaces between their items.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// Appends an alert as a line of Suricata's EVE JSON.
pub fn alert_eve(out: &mut Vec<u8>, row: &AlertRow) {
    let alert = of_row(row);
    eve::alert(out, &alert, None);
    eve::anomaly(out, &alert, None);
}

/// As much of an alert as EVE tells of it.
fn of_row(row: &AlertRow) -> Alert {
    let kept = &row.alert;
    let record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
    let spec = DETECTORS.iter().find(|spec| spec.id == kept.detector);
    let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    let port = |value: &Value| u16::try_from(value.as_u64()?).ok();
    let mut alert = Alert {
        id: kept.id.clone(),
        detector: spec.map_or("unknown", |spec| spec.id),
        technique: kept.technique.clone(),
        severity: kept.severity,
        title: kept.title.clone(),
        src: kept.src.clone(),
        dst: kept.dst.clone(),
        dst_ports: list("dst_ports").iter().filter_map(port).collect(),
        first: kept.first,
        last: kept.last,
        count: kept.count,
        flows: list("flows").iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        attack: spec.map_or(&[], |spec| spec.attack),
        ..Alert::default()
    };
    alert.dst_port_count.value = record["dst_port_count"].as_u64().unwrap_or(0);
    alert
}
