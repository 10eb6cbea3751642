//! The live stream: news go in typed, come out as server-sent events.
//!
//! Each event has a number; the last 10,000 are kept for browsers that come back. A browser that
//! reads too slowly is told how many it missed (`event: gap`) and takes a snapshot. `ring` keeps
//! events and queues and knows no clock and no network; `stream` is one browser's connection.

mod event;
mod ring;
mod stream;

pub(crate) use event::Kinds;
pub(crate) use stream::{Lease, stream};

use crate::clock;
use crate::control::Status;
use crate::json::{FlowExtra, Raw, alert_item, device_item, flow_item, incident_item, source_item};
use crate::models::Job;
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Dimension;
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{AlertRow, DeviceRow, IncidentRow, Source};
use anomalyzer_store::series::Row;
use event::Event;
use ring::Ring;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most rows of each dimension in a `second` event.
const ROWS_MAX: usize = 20;
/// Most flows in a `flows` event.
const FLOWS_MAX: usize = 50;

/// Where news are published. Cheap to clone; never blocks for long: a lock is held while pointers
/// are put into queues, and nothing is written as JSON while nobody listens.
#[derive(Clone, Debug)]
pub struct Hub {
    ring: Arc<Mutex<Ring>>,
}

impl Default for Hub {
    fn default() -> Self {
        // Numbers go on rising over restarts, so that a browser that comes back sees its gap; they
        // stay below 2^53, which is what a browser can count to.
        let first = u64::try_from(clock::now()).unwrap_or(0) << 20;
        Self { ring: Arc::new(Mutex::new(Ring::new(first))) }
    }
}

#[derive(Serialize)]
struct SecondNews<'a> {
    source: i64,
    t: i64,
    bytes: u64,
    packets: u64,
    flows: u64,
    tcp: u64,
    udp: u64,
    icmp: u64,
    arp: u64,
    other: u64,
    rows: SecondRows<'a>,
}

#[derive(Default, Serialize)]
struct SecondRows<'a> {
    app: Vec<(&'a str, u64, u64)>,
    port: Vec<(&'a str, u64, u64)>,
    device: Vec<(&'a str, u64, u64)>,
}

#[derive(Serialize)]
struct FlowsNews {
    source: i64,
    items: Vec<Raw>,
}

impl Hub {
    /// A second is complete: totals, and its largest rows of other dimensions. Event `second`.
    pub fn second(&self, source: SourceId, totals: &SecondTotals, rows: &[Row]) {
        let news = || SecondNews {
            source: source.0,
            t: totals.second,
            bytes: totals.bytes,
            packets: totals.packets,
            flows: totals.flows,
            tcp: totals.tcp,
            udp: totals.udp,
            icmp: totals.icmp,
            arp: totals.arp,
            other: totals.other,
            rows: largest(rows),
        };
        self.publish(Kinds::SECOND, Some(source), || crate::json::raw(&news()));
    }

    /// Alerts are new or have changed. Event `alert`, one each.
    pub fn alerts(&self, rows: &[AlertRow]) {
        for row in rows {
            self.publish(Kinds::ALERT, Some(row.source), || alert_item(row));
        }
    }

    /// Incidents are new or have changed. Event `incident`, one each.
    pub fn incidents(&self, rows: &[IncidentRow]) {
        for row in rows {
            self.publish(Kinds::INCIDENT, Some(row.source), || incident_item(row));
        }
    }

    /// Devices are new or have changed. Event `device`, one each.
    pub fn devices(&self, rows: &[DeviceRow]) {
        for row in rows {
            // A device that has just changed was just seen: its last packet is as near to its
            // source's now as can be told here.
            let item = || device_item(row, row.device.last, None);
            self.publish(Kinds::DEVICE, Some(row.source), item);
        }
    }

    /// Flows ended: a sample of at most 50 a second. Event `flows`, one for all.
    pub fn flows(&self, source: SourceId, records: &[FlowRecord]) {
        if records.is_empty() {
            return;
        }
        let extra = FlowExtra::default();
        let items = || records.iter().take(FLOWS_MAX).map(|record| flow_item(record, &extra));
        let news = || FlowsNews { source: source.0, items: items().collect() };
        self.publish(Kinds::FLOWS, Some(source), || crate::json::raw(&news()));
    }

    /// A source is new or has changed. Event `source`.
    pub fn source(&self, source: &Source) {
        self.publish(Kinds::SOURCE, None, || crate::json::raw(&source_item(source)));
    }

    /// Health has changed, or 5 s have passed. Event `status`.
    pub fn status(&self, status: &Status) {
        self.publish(Kinds::STATUS, None, || crate::json::raw(status));
    }

    /// A training run is new or has come further. Event `job`.
    pub(crate) fn job(&self, job: &Job) {
        self.publish(Kinds::JOB, None, || crate::json::raw(job));
    }

    /// Ends all streams, now and later.
    pub(crate) fn close(&self) {
        self.lock().close();
    }

    /// Streams now, and events that clients were too slow for, since the start.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let ring = self.lock();
        (ring.clients(), ring.dropped())
    }

    /// Puts news into the queues. `write` is called only when somebody listens or did lately.
    fn publish(&self, kind: Kinds, source: Option<SourceId>, write: impl FnOnce() -> Raw) {
        if !self.lock().wants(clock::instant()) {
            return;
        }
        // Written without the lock: publishers do not wait for each other's JSON.
        let text = write();
        self.lock().push(|id| Event::new(id, kind, source, text.get()));
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows with most bytes of each dimension.
fn largest(rows: &[Row]) -> SecondRows<'_> {
    let of = |dimension: Dimension| {
        let mut found: Vec<_> = rows
            .iter()
            .filter(|row| row.dimension == dimension)
            .map(|row| (row.key.as_str(), row.sums.bytes, row.sums.packets))
            .collect();
        found.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        found.truncate(ROWS_MAX);
        found
    };
    SecondRows { app: of(Dimension::App), port: of(Dimension::Port), device: of(Dimension::Device) }
}
