//! What goes from the engine to the store writer, in the store's own types.

use anomalyzer_engine::alert::Incident;
use anomalyzer_engine::device::Device;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::{Alert, FlowRecord, Judged, State};
use anomalyzer_report::ndjson;
use anomalyzer_store::control::{AlertRow, NewAlert, NewDevice, NewIncident};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Something to be kept, and then to be told.
pub(super) enum News {
    /// Flows that ended.
    Flows(Vec<FlowRecord>),
    /// A second with its traffic by dimension.
    Second(SecondTotals, Vec<Row>),
    /// Devices that are new or changed.
    Devices(Vec<NewDevice>),
    /// What the detectors have learned.
    State(Box<State>),
    /// Alerts and incidents that are new or changed.
    Alerts {
        alerts: Vec<NewAlert>,
        incidents: Vec<NewIncident>,
        /// The same alerts, for cutting their packets.
        wanted: Vec<Alert>,
    },
}

/// An alert as it is kept.
pub(super) fn alert(judged: &Judged) -> NewAlert {
    let Judged { alert, hidden_by } = judged;
    NewAlert {
        id: alert.id.clone(),
        detector: alert.detector.to_owned(),
        technique: alert.technique.clone(),
        severity: alert.severity,
        title: alert.title.clone(),
        src: alert.src.clone(),
        dst: alert.dst.clone(),
        first: alert.first,
        last: alert.last,
        count: alert.count,
        record: record(|out| ndjson::alert(out, alert, None)),
        suppressed: hidden_by.clone(),
    }
}

/// An incident as it is kept, and a number that changes with it.
pub(super) fn incident(incident: &Incident) -> (NewIncident, u64) {
    let record = record(|out| ndjson::incident(out, incident, None));
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&record);
    let row = NewIncident {
        id: incident.id.clone(),
        severity: incident.severity,
        title: incident.title.clone(),
        first: incident.first,
        last: incident.last,
        alerts: incident.story.iter().map(|step| step.alert.clone()).collect(),
        record,
    };
    (row, hash)
}

/// Alerts that changed, each once and as it is after some of them joined or left an incident.
pub(super) fn joined(changed: Vec<AlertRow>, moved: Vec<AlertRow>) -> Vec<AlertRow> {
    let mut rows: BTreeMap<String, AlertRow> = BTreeMap::new();
    rows.extend(changed.into_iter().chain(moved).map(|row| (row.alert.id.clone(), row)));
    let mut rows: Vec<AlertRow> = rows.into_values().collect();
    rows.sort_by_key(|row| row.revision);
    rows
}

/// A device as it is kept.
pub(super) fn device(device: &Device) -> NewDevice {
    let service =
        |s: &anomalyzer_engine::device::Service| (s.proto, s.port, s.app.name().to_owned(), s.last);
    NewDevice {
        id: device.id.to_string(),
        mac: device.mac(),
        vendor: device.vendor(),
        addresses: device.addresses.iter().map(|(addr, _)| *addr).collect(),
        names: device
            .names
            .iter()
            .map(|(from, name)| (from.name().into(), name.escaped()))
            .collect(),
        first: device.first,
        last: device.last,
        services: device.services.iter().map(service).collect(),
        learned: device.learned.name().to_owned(),
        bytes: device.bytes,
        flows: device.flows,
    }
}

/// A record as text without the end of its line.
fn record(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    text.truncate(text.trim_end().len());
    text
}
