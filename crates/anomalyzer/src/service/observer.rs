//! What the service takes from the engine, on the correlator's thread: it must never wait there.
//!
//! Flows and seconds go to the store writer's queue; what does not fit is counted, for overload must
//! not hold back detection. Alerts are never dropped: while the queue is full they stay in the
//! alert book and are taken later. How often they are looked for depends on what looking costs.

use super::Service;
use super::news::{self, News};
use crate::clock::{self, Stopwatch};
use crate::pipeline::Observer;
use anomalyzer_engine::flow::FlowEnd;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::{Correlator, FlowRecord, Marker, Output};
use crossbeam_channel::{Sender, TrySendError};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Flow records that are handed over together.
const FLOWS: usize = 512;
/// Flow records that wait while the queue is full; more are dropped.
const FLOWS_MAX: usize = 8_192;
/// Shortest time between two looks for changed alerts.
const ALERTS_PAUSE: Duration = Duration::from_millis(500);
/// Share of the correlator's time that looking for alerts may take: one part of so many.
const ALERTS_SHARE: u32 = 20;
/// Time between two looks for changed devices, and most of them at a time.
const DEVICES_PAUSE: Duration = Duration::from_secs(2);
const DEVICES_MAX: usize = 4_096;
/// Time between two writings of what the detectors learned.
const STATE_PAUSE: Duration = Duration::from_mins(5);

/// Looks on while the engine works.
pub(super) struct Watch {
    service: Arc<Service>,
    /// Flows, seconds, devices, state.
    bulk: Sender<News>,
    /// Alerts and incidents: a queue of their own, so that nothing else can fill it.
    alerts: Sender<News>,
    flows: Vec<FlowRecord>,
    seconds: Vec<(SecondTotals, Vec<Row>)>,
    /// The alert book's revision up to which alerts were handed over.
    seen: u64,
    /// Incidents as they were handed over last.
    incidents: HashMap<String, u64>,
    devices: u64,
    next_alerts: Duration,
    next_devices: Duration,
    next_state: Duration,
    started: Stopwatch,
}

impl Watch {
    pub(super) fn new(service: &Arc<Service>, bulk: &Sender<News>, alerts: &Sender<News>) -> Self {
        Self {
            service: Arc::clone(service),
            bulk: bulk.clone(),
            alerts: alerts.clone(),
            flows: Vec::new(),
            seconds: Vec::new(),
            seen: 0,
            incidents: HashMap::new(),
            devices: 0,
            next_alerts: Duration::ZERO,
            next_devices: Duration::ZERO,
            next_state: STATE_PAUSE,
            started: Stopwatch::start(),
        }
    }

    /// Hands over what is due.
    pub(super) fn hand_over(&mut self, correlator: &mut Correlator) {
        self.send_flows();
        self.send_seconds();
        let now = self.started.elapsed();
        if now >= self.next_alerts && self.has_news(correlator) {
            self.send_alerts(correlator);
        }
        if now >= self.next_devices {
            self.next_devices = now + DEVICES_PAUSE;
            self.send_devices(correlator);
            let counters = correlator.summary().counters;
            let named = counters.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
            self.service.set_engine_counters(named);
        }
        if now >= self.next_state {
            self.next_state = now + STATE_PAUSE;
            let _ = self.bulk.try_send(News::State(Box::new(correlator.save())));
        }
    }

    /// At the end: everything, waiting for the writer at most so long.
    pub(super) fn finish(&mut self, correlator: &mut Correlator, patience: Duration) {
        let watch = Stopwatch::start();
        let left = || patience.saturating_sub(watch.elapsed());
        let alerts = self.alert_news(correlator);
        let _ = self.alerts.send_timeout(alerts, left());
        for chunk in std::mem::take(&mut self.flows).chunks(FLOWS) {
            if self.bulk.send_timeout(News::Flows(chunk.to_vec()), left()).is_err() {
                self.drop_flows(chunk.len());
            }
        }
        for (totals, rows) in std::mem::take(&mut self.seconds) {
            let _ = self.bulk.send_timeout(News::Second(totals, rows), left());
        }
        if let Some(devices) = self.device_news(correlator) {
            let _ = self.bulk.send_timeout(devices, left());
        }
        let _ = self.bulk.send_timeout(News::State(Box::new(correlator.save())), left());
    }

    fn has_news(&self, correlator: &Correlator) -> bool {
        correlator.revision() != self.seen && !self.alerts.is_full()
    }

    fn send_alerts(&mut self, correlator: &Correlator) {
        let cost = Stopwatch::start();
        let seen = correlator.revision();
        let news = self.alert_news(correlator);
        if self.alerts.try_send(news).is_ok() {
            self.seen = seen;
        }
        let pause = cost.elapsed().saturating_mul(ALERTS_SHARE).max(ALERTS_PAUSE);
        self.next_alerts = self.started.elapsed() + pause;
    }

    /// Alerts that changed, and incidents that are not as they were.
    fn alert_news(&mut self, correlator: &Correlator) -> News {
        let judged = correlator.changed_alerts(self.seen);
        let alerts = judged.iter().map(news::alert).collect();
        let mut incidents = Vec::new();
        for incident in correlator.view().incidents.list {
            let (row, hash) = news::incident(&incident);
            if self.incidents.insert(row.id.clone(), hash) != Some(hash) {
                incidents.push(row);
            }
        }
        let wanted = judged.into_iter().map(|j| j.alert).collect();
        News::Alerts { alerts, incidents, wanted }
    }

    fn send_flows(&mut self) {
        while !self.flows.is_empty() {
            let rest = self.flows.split_off(self.flows.len().min(FLOWS));
            let batch = std::mem::replace(&mut self.flows, rest);
            if let Err(TrySendError::Full(News::Flows(mut batch))) =
                self.bulk.try_send(News::Flows(batch))
            {
                batch.append(&mut self.flows);
                self.flows = batch;
                return;
            }
        }
    }

    fn send_seconds(&mut self) {
        for (totals, rows) in std::mem::take(&mut self.seconds) {
            if let Err(TrySendError::Full(News::Second(totals, rows))) =
                self.bulk.try_send(News::Second(totals, rows))
                && self.seconds.len() < 60
            {
                self.seconds.push((totals, rows));
            }
        }
    }

    fn device_news(&mut self, correlator: &Correlator) -> Option<News> {
        let inventory = correlator.devices()?;
        let mut changed: Vec<_> = inventory.changed_since(self.devices).collect();
        changed.sort_unstable_by_key(|device| device.revision);
        changed.truncate(DEVICES_MAX);
        self.devices = changed.last()?.revision;
        Some(News::Devices(changed.into_iter().map(news::device).collect()))
    }

    fn send_devices(&mut self, correlator: &Correlator) {
        let before = self.devices;
        if let Some(news) = self.device_news(correlator)
            && self.bulk.try_send(news).is_err()
        {
            self.devices = before;
        }
    }

    fn drop_flows(&self, count: usize) {
        self.service.health.flows_dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Output for Watch {
    fn flow(&mut self, record: &FlowRecord) {
        if record.end != FlowEnd::Active {
            self.service.health.flows_ended.fetch_add(1, Ordering::Relaxed);
        }
        if self.flows.len() >= FLOWS_MAX {
            self.send_flows();
        }
        if self.flows.len() >= FLOWS_MAX {
            return self.drop_flows(1);
        }
        self.flows.push(record.clone());
    }

    fn second(&mut self, totals: &SecondTotals, rows: &[Row]) {
        self.service.health.flows_started.fetch_add(totals.flows, Ordering::Relaxed);
        self.service.hub.second(self.service.source, totals, rows);
        self.seconds.push((*totals, rows.to_vec()));
    }
}

impl Observer for Watch {
    fn epoch(&mut self, correlator: &mut Correlator, marker: &Marker) {
        let health = &self.service.health;
        health.epoch(marker.time, clock::wall());
        self.service.engine.serve(correlator);
        if !marker.end {
            self.hand_over(correlator);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::pipeline::{self, Input, Plan, Source};
    use crate::reload::NextLists;
    use crate::service::testing;
    use anomalyzer_scenario::{AttackKind, Frame, Plan as Office, generate};
    use crossbeam_channel::bounded;
    use std::collections::BTreeSet;

    struct Memory(Vec<Frame>);

    impl Source for Memory {
        fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
            self.0.iter().all(|frame| sink(Input::Frame(&frame.raw())));
            Ok(())
        }
    }

    /// Nobody takes anything out of the queues while an office is attacked by several means.
    #[test]
    fn full_queues_drop_flows_and_count_them_and_lose_no_alert() {
        let dir = tempfile::tempdir().unwrap();
        let service = testing::plain(dir.path());
        let (bulk, flows) = bounded(1);
        let (alerts, told) = bounded(1);
        let mut watch = Watch::new(&service, &bulk, &alerts);
        let office = Office::office(5, 4);
        let office = office.with(AttackKind::FloodSyn).with(AttackKind::PortScanSyn);
        let mut frames = Memory(generate(&office).collect());
        let loaded = service.loaded();
        let plan = Plan {
            config: loaded.config,
            matcher: loaded.matcher,
            next_lists: NextLists::default(),
            indicators: loaded.indicators,
            workers: 1,
            seed: 1,
        };
        let outcome = pipeline::run(&plan, plan.correlator(), &mut frames, &mut watch).unwrap();
        let mut correlator = outcome.correlator;
        let dropped = service.health.flows_dropped.load(Ordering::Relaxed);
        let ended = service.health.flows_ended.load(Ordering::Relaxed);
        let held = flows.try_iter().map(|news| match news {
            News::Flows(records) => records.len(),
            _ => 0,
        });
        let kept = (held.sum::<usize>() + watch.flows.len()) as u64;
        assert!(dropped > 0 && kept <= (FLOWS_MAX + FLOWS) as u64, "{dropped} of {ended}, {kept}");
        // Records of long flows come while they last: more records than flows that ended.
        assert!(dropped + kept >= ended, "{dropped} + {kept} of {ended}");
        // The one look that fitted, and everything behind it once somebody listens.
        let listener = std::thread::spawn(move || {
            let mut ids = BTreeSet::new();
            for news in told {
                if let News::Alerts { alerts, .. } = news {
                    ids.extend(alerts.into_iter().map(|alert| alert.id));
                }
            }
            ids
        });
        drop(flows);
        watch.finish(&mut correlator, Duration::from_secs(5));
        drop((watch, alerts));
        let heard = listener.join().unwrap();
        let alerts = correlator.alerts();
        assert!(alerts.len() >= 2, "{alerts:?}");
        assert!(alerts.iter().all(|alert| heard.contains(&alert.id)), "{heard:?}");
    }
}
