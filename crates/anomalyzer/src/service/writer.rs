//! Keeps what the engine tells, and tells the browsers. A thread of its own, the only one that
//! writes flows, series and alerts.
//!
//! An alert is published only after it is kept for good: what somebody has seen is never lost. When
//! the store refuses, alerts stay here and are tried again each second; flows are counted as lost.

use super::Service;
use super::news::{self, News};
use crate::clock::{self, Stopwatch};
use crate::memory::Memory;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::{Alert, FlowRecord, State};
use anomalyzer_store::StoreError;
use anomalyzer_store::control::{AlertRow, KeptIncidents, NewAlert, NewIncident, Source};
use crossbeam_channel::{Receiver, Sender, select};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Time between two flushes of flows.
const FLUSH_PAUSE: Duration = Duration::from_secs(1);
/// Time between two writings of the source's row.
const SOURCE_PAUSE: Duration = Duration::from_secs(5);
/// Flows told to browsers each second.
const FLOWS_TOLD: usize = 50;
/// Seconds of series written together when the writer is behind.
const SECONDS: usize = 16;

/// The writer's own.
pub(super) struct Writer {
    service: Arc<Service>,
    memory: Option<Memory>,
    /// Alerts that wait for the store, by id.
    alerts: BTreeMap<String, NewAlert>,
    incidents: BTreeMap<String, NewIncident>,
    evidence: Sender<Vec<Alert>>,
    told: Vec<FlowRecord>,
    seconds: Vec<(SecondTotals, Vec<Row>)>,
    source: Source,
    next_flush: Duration,
    next_source: Duration,
    watch: Stopwatch,
    /// The store's last complaint, so that it is told once.
    complaint: Option<String>,
}

impl Writer {
    pub(super) fn new(
        service: &Arc<Service>,
        memory: Option<Memory>,
        source: Source,
        evidence: Sender<Vec<Alert>>,
    ) -> Self {
        Self {
            service: Arc::clone(service),
            memory,
            alerts: BTreeMap::new(),
            incidents: BTreeMap::new(),
            evidence,
            told: Vec::new(),
            seconds: Vec::new(),
            source,
            next_flush: FLUSH_PAUSE,
            next_source: Duration::ZERO,
            watch: Stopwatch::start(),
            complaint: None,
        }
    }

    /// Works until both queues are closed and empty.
    pub(super) fn run(mut self, bulk: &Receiver<News>, alerts: &Receiver<News>) {
        let mut open = [true; 2];
        while open.contains(&true) {
            let pause = self.next_flush.saturating_sub(self.watch.elapsed());
            // Alerts first: they are what must not wait.
            let news = alerts.try_recv().ok().or_else(|| {
                select! {
                    recv(alerts) -> news => news.map_err(|_| open[0] = false).ok(),
                    recv(bulk) -> news => news.map_err(|_| open[1] = false).ok(),
                    default(pause) => None,
                }
            });
            if let Some(news) = news {
                self.take(news);
            } else if open != [true; 2] {
                // A closed queue answers at once: take what the other one still holds.
                open = self.drain(bulk, alerts);
            }
            self.regular();
        }
        self.write_seconds();
        self.write_alerts();
        self.flush();
        self.write_source();
    }

    /// Takes what is left in both queues; which of them are open.
    fn drain(&mut self, bulk: &Receiver<News>, alerts: &Receiver<News>) -> [bool; 2] {
        [alerts, bulk].map(|queue| match queue.recv_timeout(FLUSH_PAUSE / 10) {
            Ok(news) => {
                self.take(news);
                true
            }
            Err(e) => !e.is_disconnected(),
        })
    }

    fn take(&mut self, news: News) {
        match news {
            News::Flows(records) => self.flows(&records),
            News::Second(totals, rows) => {
                self.seconds.push((totals, rows));
                if self.seconds.len() >= SECONDS {
                    self.write_seconds();
                }
            }
            News::Devices(devices) => {
                let put = self.service.store.control().put_devices(self.service.source, &devices);
                if let Some(rows) = self.kept("devices", put) {
                    self.service.hub.devices(&rows);
                }
            }
            News::State(state) => self.remember(&state),
            News::Alerts { alerts, incidents, wanted } => {
                self.alerts.extend(alerts.into_iter().map(|a| (a.id.clone(), a)));
                self.incidents.extend(incidents.into_iter().map(|i| (i.id.clone(), i)));
                self.write_alerts();
                // Busy means that the same alerts, when they grow, are asked for again.
                let _ = self.evidence.try_send(wanted);
            }
        }
    }

    fn flows(&mut self, records: &[FlowRecord]) {
        let room = FLOWS_TOLD.saturating_sub(self.told.len());
        self.told.extend(records.iter().take(room).cloned());
        let put = self.service.store.history().append(self.service.source, records);
        if self.kept("flows", put).is_none() {
            self.service.health.flows_dropped.fetch_add(records.len() as u64, Ordering::Relaxed);
        }
    }

    /// Writes alerts and incidents and then tells of both: an alert that is a step of an incident
    /// is told as such from the first time on.
    fn write_alerts(&mut self) {
        let Some(alerts) = self.put_alerts() else { return };
        let kept = self.put_incidents();
        self.service.hub.alerts(&news::joined(alerts, kept.alerts));
        self.service.hub.incidents(&kept.incidents);
    }

    /// Alerts that changed; none when the store refuses.
    fn put_alerts(&mut self) -> Option<Vec<AlertRow>> {
        if self.alerts.is_empty() {
            return Some(Vec::new());
        }
        let waiting: Vec<NewAlert> = self.alerts.values().cloned().collect();
        let put = self.service.store.control().put_alerts(self.service.source, &waiting);
        let rows = self.kept("alerts", put)?;
        self.alerts.clear();
        self.service.health.alerts(&rows);
        Some(rows)
    }

    fn put_incidents(&mut self) -> KeptIncidents {
        if self.incidents.is_empty() {
            return KeptIncidents::default();
        }
        let waiting: Vec<NewIncident> = self.incidents.values().cloned().collect();
        let put = self.service.store.control().put_incidents(self.service.source, &waiting);
        let Some(kept) = self.kept("incidents", put) else { return KeptIncidents::default() };
        self.incidents.clear();
        kept
    }

    fn write_seconds(&mut self) {
        let seconds = std::mem::take(&mut self.seconds);
        let Some((first, _)) = seconds.first() else { return };
        let from = first.second;
        let mut rows = Vec::new();
        let mut to = from;
        for (totals, more) in seconds {
            self.count(&totals);
            to = to.max(totals.second);
            rows.extend(more);
        }
        let series = self.service.store.series();
        let put = series
            .append(self.service.source, &rows)
            .and_then(|()| series.watched(self.service.source, from, to));
        self.kept("series", put);
    }

    /// Adds a second to the source's row.
    fn count(&mut self, totals: &SecondTotals) {
        let at = anomalyzer_wire::Timestamp::from_secs_nanos(totals.second, 0);
        let source = &mut self.source;
        source.first = Some(source.first.map_or(at, |first| first.min(at)));
        source.last = Some(source.last.map_or(at, |last| last.max(at)));
        source.packets += totals.packets;
        source.bytes += totals.bytes;
    }

    fn regular(&mut self) {
        let now = self.watch.elapsed();
        if now < self.next_flush {
            return;
        }
        self.next_flush = now + FLUSH_PAUSE;
        self.write_seconds();
        self.write_alerts();
        self.flush();
        let told = std::mem::take(&mut self.told);
        if !told.is_empty() {
            self.service.hub.flows(self.service.source, &told);
        }
        if now >= self.next_source {
            self.next_source = now + SOURCE_PAUSE;
            self.write_source();
        }
    }

    /// Makes flows durable, and notes that somebody watched even when nothing came.
    fn flush(&mut self) {
        let put = self.service.store.history().flush();
        self.kept("flows", put);
        if self.service.is_watching() {
            let now = clock::today();
            let put = self.service.store.series().watched(self.service.source, now - 1, now);
            self.kept("series", put);
        }
    }

    fn write_source(&mut self) {
        let (state, problem) = self.service.source_state();
        (self.source.state, self.source.problem) = (state, problem);
        let put = self.service.store.control().update_source(&self.source);
        if self.kept("source", put).is_some() {
            self.service.hub.source(&self.source);
        }
    }

    fn remember(&mut self, state: &State) {
        let written = self.memory.as_ref().map_or(Ok(()), |memory| memory.write(state));
        if let Err(failure) = written {
            tracing::warn!("what was learned could not be kept: {failure}");
        }
    }

    /// The value, or a word in the log: once for each kind of trouble.
    fn kept<T>(&mut self, what: &str, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => {
                if self.complaint.take_if(|told| told.starts_with(what)).is_some() {
                    tracing::info!("{what} are kept again");
                    self.service.health.store_problem(None);
                }
                Some(value)
            }
            Err(error) => {
                let complaint = format!("{what}: {error}");
                if self.complaint.as_ref() != Some(&complaint) {
                    tracing::error!("the store refuses {complaint}");
                    self.service.health.store_problem(Some(complaint.clone()));
                    self.complaint = Some(complaint);
                }
                None
            }
        }
    }
}
