//! Keeps everything that an analysis finds, at its own pace: for uploaded captures and for the
//! history of the demonstration. Unlike on the live path nothing is dropped: who reads waits for the
//! store.

use super::news;
use crate::clock::Stopwatch;
use crate::pipeline::Observer;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::{Alert, Correlator, FlowRecord, Marker, Output};
use anomalyzer_store::{SourceId, Store, StoreError};
use anomalyzer_web::Hub;
use anomalyzer_wire::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// Flow records that are written together.
const FLOWS: usize = 4_096;
/// Rows of series that are written together.
const ROWS: usize = 32_768;
/// Time between two writings of alerts while the input is read.
const ALERTS_PAUSE: Duration = Duration::from_secs(1);
/// Alerts and devices that are written together.
const CHUNK: usize = 500;

/// What was read so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    /// Start of the first second with packets, and the latest.
    pub(super) seconds: Option<(i64, i64)>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// Writes to the store, and tells the browsers.
pub(super) struct Recorder<'a> {
    store: &'a Store,
    hub: Option<&'a Hub>,
    source: SourceId,
    /// Called with what was read so far, about once a second.
    progress: Box<dyn FnMut(&Counted) + Send + 'a>,
    flows: Vec<FlowRecord>,
    rows: Vec<Row>,
    seen: u64,
    incidents: HashMap<String, u64>,
    counted: Counted,
    watch: Stopwatch,
    next: Duration,
    /// The first complaint of the store.
    problem: Option<String>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        store: &'a Store,
        hub: Option<&'a Hub>,
        source: SourceId,
        progress: impl FnMut(&Counted) + Send + 'a,
    ) -> Self {
        Self {
            store,
            hub,
            source,
            progress: Box::new(progress),
            flows: Vec::new(),
            rows: Vec::new(),
            seen: 0,
            incidents: HashMap::new(),
            counted: Counted::default(),
            watch: Stopwatch::start(),
            next: ALERTS_PAUSE,
            problem: None,
        }
    }

    /// At the end of the input: writes what is left. The alerts, and what was read; an error when
    /// something could not be kept.
    pub(super) fn finish(
        mut self,
        correlator: &Correlator,
    ) -> (Vec<Alert>, Counted, Result<(), String>) {
        self.write_flows();
        self.write_rows();
        let alerts = self.write_alerts(correlator, 0);
        self.write_devices(correlator);
        let (store, source) = (self.store, self.source);
        self.kept(store.history().flush());
        if let Some((from, to)) = self.counted.seconds {
            self.kept(store.series().watched(source, from, to + 1));
        }
        (alerts, self.counted, self.problem.map_or(Ok(()), Err))
    }

    fn write_flows(&mut self) {
        let flows = std::mem::take(&mut self.flows);
        let (store, source) = (self.store, self.source);
        self.kept(store.history().append(source, &flows));
    }

    fn write_rows(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let (store, source) = (self.store, self.source);
        self.kept(store.series().append(source, &rows));
    }

    /// Writes alerts that changed behind a revision, and incidents that are not as they were.
    fn write_alerts(&mut self, correlator: &Correlator, since: u64) -> Vec<Alert> {
        let judged = correlator.changed_alerts(since);
        self.seen = correlator.revision();
        let (store, source, hub) = (self.store, self.source, self.hub);
        let mut told = Vec::new();
        for chunk in judged.chunks(CHUNK) {
            let rows: Vec<_> = chunk.iter().map(news::alert).collect();
            told.extend(self.kept(store.control().put_alerts(source, &rows)).unwrap_or_default());
        }
        let mut changed = Vec::new();
        for incident in correlator.view().incidents.list {
            let (row, hash) = news::incident(&incident);
            if self.incidents.insert(row.id.clone(), hash) != Some(hash) {
                changed.push(row);
            }
        }
        let mut moved = Vec::new();
        let mut incidents = Vec::new();
        for chunk in changed.chunks(CHUNK) {
            let kept = self.kept(store.control().put_incidents(source, chunk)).unwrap_or_default();
            moved.extend(kept.alerts);
            incidents.extend(kept.incidents);
        }
        if let Some(hub) = hub {
            hub.alerts(&news::joined(told, moved));
            hub.incidents(&incidents);
        }
        judged.into_iter().map(|judged| judged.alert).collect()
    }

    fn write_devices(&mut self, correlator: &Correlator) {
        let Some(inventory) = correlator.devices() else { return };
        let devices: Vec<_> = inventory.changed_since(0).map(news::device).collect();
        let (store, source) = (self.store, self.source);
        for chunk in devices.chunks(CHUNK) {
            self.kept(store.control().put_devices(source, chunk));
        }
    }

    fn kept<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem.get_or_insert_with(|| error.to_string());
                None
            }
        }
    }
}

impl Output for Recorder<'_> {
    fn flow(&mut self, record: &FlowRecord) {
        self.flows.push(record.clone());
        if self.flows.len() >= FLOWS {
            self.write_flows();
        }
    }

    fn second(&mut self, totals: &SecondTotals, rows: &[Row]) {
        let (first, last) = self.counted.seconds.unwrap_or((totals.second, totals.second));
        self.counted.seconds = Some((first.min(totals.second), last.max(totals.second)));
        self.counted.packets += totals.packets;
        self.counted.bytes += totals.bytes;
        self.rows.extend_from_slice(rows);
        if self.rows.len() >= ROWS {
            self.write_rows();
        }
    }
}

impl Observer for Recorder<'_> {
    fn epoch(&mut self, correlator: &mut Correlator, _marker: &Marker) {
        let now = self.watch.elapsed();
        if now < self.next {
            return;
        }
        (self.progress)(&self.counted);
        if self.hub.is_some() && correlator.revision() != self.seen {
            self.write_alerts(correlator, self.seen);
        }
        // Looking at alerts must not take more than a part of the time.
        let cost = self.watch.elapsed().saturating_sub(now);
        self.next = now + ALERTS_PAUSE.max(cost.saturating_mul(10));
    }
}

/// A second as a time.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs_nanos(second, 0)
}
