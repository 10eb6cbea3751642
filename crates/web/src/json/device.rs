//! Devices.

use super::{Raw, raw, stamp};
use anomalyzer_store::control::DeviceRow;
use anomalyzer_wire::Timestamp;
use serde::Serialize;

/// A device counts as online this long after its last packet.
const ONLINE_S: i64 = 300;

#[derive(Serialize)]
struct Name<'a> {
    from: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Service<'a> {
    proto: u8,
    port: u16,
    app: &'a str,
    last: String,
}

#[derive(Serialize)]
struct DeviceItem<'a> {
    id: &'a str,
    mac: Option<String>,
    vendor: Option<&'a str>,
    addresses: Vec<String>,
    names: Vec<Name<'a>>,
    label: String,
    first: String,
    last: String,
    services: Vec<Service<'a>>,
    learned: &'a str,
    bytes_sent: u64,
    bytes_received: u64,
    flows: u64,
    name: &'a str,
    owner: &'a str,
    tags: &'a [String],
    notes: &'a str,
    status: &'a str,
    online: bool,
    source: i64,
    open_alerts: Option<u64>,
}

/// `Device`. `now` is the source's now; `open_alerts` is `None` where nobody counted them (the live
/// stream).
pub(crate) fn device_item(row: &DeviceRow, now: Timestamp, open_alerts: Option<u64>) -> Raw {
    let device = &row.device;
    let names = device.names.iter().map(|(from, name)| Name { from, name }).collect();
    let services = device.services.iter().map(|(proto, port, app, last)| Service {
        proto: *proto,
        port: *port,
        app,
        last: stamp(*last),
    });
    raw(&DeviceItem {
        id: &device.id,
        mac: device.mac.map(|mac| mac.to_string()),
        vendor: device.vendor.as_deref(),
        addresses: device.addresses.iter().map(ToString::to_string).collect(),
        names,
        label: device_label(row),
        first: stamp(device.first),
        last: stamp(device.last),
        services: services.collect(),
        learned: &device.learned,
        bytes_sent: device.bytes[0],
        bytes_received: device.bytes[1],
        flows: device.flows,
        name: &row.name,
        owner: &row.owner,
        tags: &row.tags,
        notes: &row.notes,
        status: &row.status,
        online: now.since(device.last) <= ONLINE_S * 1_000_000_000,
        source: row.source.0,
        open_alerts,
    })
}

/// The best name of a device: the user's, one that it gave itself, an address, its id.
pub(crate) fn device_label(row: &DeviceRow) -> String {
    if !row.name.is_empty() {
        return row.name.clone();
    }
    let own = row.device.names.first().map(|(_, name)| name.clone());
    own.or_else(|| row.device.addresses.first().map(ToString::to_string))
        .unwrap_or_else(|| row.device.id.clone())
}
