//! How the service itself is doing: numbers from all its threads, and what of them is not well.

use super::Service;
use crate::clock::Stopwatch;
use anomalyzer_capture::{Phase, WatchState};
use anomalyzer_engine::Severity;
use anomalyzer_store::control::AlertRow;
use anomalyzer_web::control::{InterfaceState, Problem, Status};
use anomalyzer_wire::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Time over which the share of dropped frames is told.
const DROPS_WINDOW: Duration = Duration::from_mins(1);
/// Shares of dropped frames that are a warning and an error (Zeek's threshold).
const DROPS_WARNING: f64 = 0.01;
const DROPS_ERROR: f64 = 0.10;
/// Silence on an interface that had traffic before it is told.
const SILENCE: Duration = Duration::from_mins(5);
/// Lag that is told.
const LAG_WARNING_S: f64 = 5.0;
/// An engine that takes no epoch for so long is stuck.
const STUCK: Duration = Duration::from_secs(20);
/// How long a restart of the engine, or flows that were dropped, are told.
const TOLD: Duration = Duration::from_mins(10);
/// Alerts whose severity is remembered for the counters.
const ALERTS_MAX: usize = 200_000;

/// Numbers that all threads write.
#[derive(Debug)]
pub(crate) struct Health {
    started: Stopwatch,
    /// Flow records that did not fit or could not be written.
    pub(crate) flows_dropped: AtomicU64,
    pub(crate) flows_started: AtomicU64,
    pub(crate) flows_ended: AtomicU64,
    /// Frames and bytes that the engine took.
    pub(crate) frames: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Times that the engine had to be started again after a fault of ours.
    pub(crate) restarts: AtomicU64,
    /// Alerts whose packets were cut out.
    pub(crate) evidence: AtomicU64,
    /// Clock minus stream time at the last epoch, milliseconds.
    lag_ms: AtomicI64,
    /// When the last epoch was taken, milliseconds since the start.
    epoch_ms: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Detector and severity of each alert.
    alerts: HashMap<String, (String, Severity)>,
    links: HashMap<String, LinkPast>,
    store: Option<String>,
    dropped: Option<(u64, Duration)>,
    restarted: Option<(u64, Duration)>,
}

/// What is remembered of an interface.
#[derive(Debug, Default)]
struct LinkPast {
    /// When, received, dropped; over the last minute.
    samples: VecDeque<(Duration, u64, u64)>,
    /// When frames came last, and how many there were.
    heard: Option<(Duration, u64)>,
}

impl Default for Health {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Self {
            started: Stopwatch::start(),
            flows_dropped: zero(),
            flows_started: zero(),
            flows_ended: zero(),
            frames: zero(),
            bytes: zero(),
            restarts: zero(),
            evidence: zero(),
            lag_ms: AtomicI64::default(),
            epoch_ms: zero(),
            inner: Mutex::default(),
        }
    }
}

impl Health {
    /// An epoch was taken.
    pub(super) fn epoch(&self, stream: Timestamp, wall: Timestamp) {
        self.lag_ms.store(wall.since(stream) / 1_000_000, Ordering::Relaxed);
        self.epoch_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// The engine waits for questions.
    pub(super) fn idle(&self) {
        self.epoch_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// True while epochs come.
    pub(super) fn is_alive(&self) -> bool {
        let last = Duration::from_millis(self.epoch_ms.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(last) < STUCK
    }

    /// Alerts were kept.
    pub(super) fn alerts(&self, rows: &[AlertRow]) {
        let alerts = &mut self.lock().alerts;
        for row in rows {
            if alerts.len() < ALERTS_MAX || alerts.contains_key(&row.alert.id) {
                let what = (row.alert.detector.clone(), row.alert.severity);
                alerts.insert(row.alert.id.clone(), what);
            }
        }
    }

    /// The store refuses to write, or does so no more.
    pub(super) fn store_problem(&self, problem: Option<String>) {
        self.lock().store = problem;
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// The program's state now.
    pub(crate) fn status(&self) -> Status {
        let health = &self.health;
        let now = health.started.elapsed();
        let store = self.store.health();
        let mut inner = health.lock();
        let mut problems = Vec::new();
        let states = self.capture.states();
        let interfaces =
            states.iter().map(|s| interface(s, &mut inner.links, now, &mut problems)).collect();
        inner.links.retain(|name, _| states.iter().any(|s| s.name == *name));
        self.general(&mut inner, now, &mut problems);
        if let Some(full) = &store.storage_full {
            problems.push(problem("storage_full", "error", full.clone()));
        } else if let Some(refused) = &inner.store {
            problems.push(problem("storage", "error", format!("the store refuses {refused}")));
        }
        for file in &store.set_aside {
            problems.push(problem("set_aside", "warning", file.clone()));
        }
        let level =
            ["error", "warning"].into_iter().find(|l| problems.iter().any(|p| p.level == *l));
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.mode.to_owned(),
            uptime_s: now.as_secs(),
            level: level.unwrap_or("ok").to_owned(),
            problems,
            interfaces,
            lag_s: self.lag_s(),
            memory_bytes: resident_bytes(),
            flows_active: self.flows_active(),
            disk_free_bytes: store.free_bytes,
            store_bytes: store.bytes,
            counters: self.counters(store.flows_dropped),
            alerts: counted(&inner.alerts),
        }
    }

    /// Seconds that the engine is behind the clock; 0 for a replay, whose packets have times of
    /// their own.
    fn lag_s(&self) -> f64 {
        if !self.by_the_clock {
            return 0.0;
        }
        let lag = self.health.lag_ms.load(Ordering::Relaxed);
        let behind = crate::input::BEHIND_NANOS / 1_000_000;
        lag.saturating_sub(behind).max(0) as f64 / 1e3
    }

    fn flows_active(&self) -> u64 {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        get(&self.health.flows_started).saturating_sub(get(&self.health.flows_ended))
    }

    fn counters(&self, by_store: u64) -> Vec<(String, u64)> {
        let health = &self.health;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut counters: Vec<(String, u64)> = [
            ("bytes", get(&health.bytes)),
            ("engine_restarts", get(&health.restarts)),
            ("evidence_cut", get(&health.evidence)),
            ("flows_ended", get(&health.flows_ended)),
            ("flows_not_stored", get(&health.flows_dropped).max(by_store)),
            ("flows_started", get(&health.flows_started)),
            ("frames", get(&health.frames)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        counters.extend(self.engine_counters());
        counters.sort_unstable();
        counters
    }

    /// What is not well beside the interfaces.
    fn general(&self, inner: &mut Inner, now: Duration, problems: &mut Vec<Problem>) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let recent = |told: &mut Option<(u64, Duration)>, count: u64| {
            if count > told.map_or(0, |(before, _)| before) {
                *told = Some((count, now));
            }
            told.is_some_and(|(_, at)| now.saturating_sub(at) < TOLD)
        };
        if recent(&mut inner.dropped, get(&self.health.flows_dropped)) {
            let text = "the store is too slow for the traffic: flow records were left out of the \
                        history (detection sees all); a faster disk or a capture filter helps";
            problems.push(problem("flows_not_stored", "warning", text.into()));
        }
        if recent(&mut inner.restarted, get(&self.health.restarts)) {
            let text = "the engine was started again after an internal error; please report it";
            problems.push(problem("engine_restarted", "warning", text.into()));
        }
        let lag = self.lag_s();
        if lag > LAG_WARNING_S {
            let text = format!("what is shown is {lag:.0} s behind the traffic");
            problems.push(problem("lag", "warning", text));
        }
        if let Some(text) = self.capture.refusal() {
            problems.push(problem("no_interface", "warning", text));
        }
        if let Some(text) = self.config_problem() {
            problems.push(problem("config", "warning", text));
        }
    }
}

fn problem(id: &str, level: &str, text: String) -> Problem {
    Problem { id: id.to_owned(), level: level.to_owned(), text }
}

/// An interface for people, and what is not well with it.
fn interface(
    state: &WatchState,
    links: &mut HashMap<String, LinkPast>,
    now: Duration,
    problems: &mut Vec<Problem>,
) -> InterfaceState {
    let past = links.entry(state.name.clone()).or_default();
    let drop_rate = past.take(now, state.stats.received, state.stats.dropped);
    let name = &state.name;
    let words = state.problem.clone().unwrap_or_default();
    match state.phase {
        Phase::Watching => {}
        Phase::Down | Phase::Gone => {
            problems.push(problem("interface_down", "warning", format!("{name}: {words}")));
        }
        Phase::NotPermitted => problems.push(problem("not_permitted", "error", words)),
        Phase::Failed => {
            problems.push(problem("interface_down", "error", format!("{name}: {words}")));
        }
    }
    if drop_rate > DROPS_WARNING {
        let level = if drop_rate > DROPS_ERROR { "error" } else { "warning" };
        let text = format!(
            "{name}: the kernel dropped {:.1} % of the frames of the last minute; a larger \
             capture.buffer_bytes, more capture.queues or a filter helps",
            drop_rate * 100.0
        );
        problems.push(problem("drops", level, text));
    }
    if state.phase == Phase::Watching && past.is_silent(now) {
        let text = format!("{name}: no frame for 5 minutes on an interface that had traffic");
        problems.push(problem("too_little_traffic", "warning", text));
    }
    InterfaceState {
        name: state.name.clone(),
        state: state.phase.name().to_owned(),
        problem: state.problem.clone(),
        received: state.stats.received,
        dropped: state.stats.dropped,
        interface_dropped: state.stats.interface_dropped,
        drop_rate,
    }
}

impl LinkPast {
    /// Takes the counters now; the share of frames dropped over the last minute.
    fn take(&mut self, now: Duration, received: u64, dropped: u64) -> f64 {
        if self.heard.is_none_or(|(_, before)| received > before) {
            self.heard = Some((now, received));
        }
        self.samples.push_back((now, received, dropped));
        let old = |(at, ..): &(Duration, u64, u64)| now.saturating_sub(*at) > DROPS_WINDOW;
        while self.samples.len() > 2 && self.samples.front().is_some_and(old) {
            self.samples.pop_front();
        }
        let Some((_, received_before, dropped_before)) = self.samples.front() else { return 0.0 };
        let received = received.saturating_sub(*received_before);
        let dropped = dropped.saturating_sub(*dropped_before);
        if received == 0 { 0.0 } else { (dropped as f64 / received as f64).min(1.0) }
    }

    fn is_silent(&self, now: Duration) -> bool {
        self.heard.is_some_and(|(at, count)| count > 0 && now.saturating_sub(at) >= SILENCE)
    }
}

/// Alerts by detector and severity.
fn counted(alerts: &HashMap<String, (String, Severity)>) -> Vec<(String, String, u64)> {
    let mut counts: BTreeMap<(&str, Severity), u64> = BTreeMap::new();
    for (detector, severity) in alerts.values() {
        *counts.entry((detector, *severity)).or_default() += 1;
    }
    let row = |((detector, severity), count): ((&str, Severity), u64)| {
        (detector.to_owned(), severity.name().to_owned(), count)
    };
    counts.into_iter().map(row).collect()
}

/// Resident memory of this process (proc(5), `VmRSS`).
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_share_of_dropped_frames_is_that_of_the_last_minute() {
        let mut past = LinkPast::default();
        assert!(past.take(s(0), 1_000, 900) < 1e-9, "what was before the first look is not known");
        assert!((past.take(s(10), 2_000, 920) - 0.02).abs() < 1e-9);
        assert!((past.take(s(65), 3_000, 920) - 0.0).abs() < 1e-9, "forgotten after a minute");
    }

    #[test]
    fn silence_counts_only_after_traffic() {
        let mut past = LinkPast::default();
        past.take(s(0), 0, 0);
        assert!(!past.is_silent(s(900)), "there never was a frame");
        past.take(s(1_000), 5, 0);
        past.take(s(1_200), 5, 0);
        assert!(!past.is_silent(s(1_299)));
        assert!(past.is_silent(s(1_300)));
    }
}
