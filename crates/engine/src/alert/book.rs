//! The alert book: the only maker of alerts.
//!
//! Detectors report findings, again and again while their picture grows; the book keeps one
//! alert growing for each detector and subject and shows alerts when somebody reads.
//! It leaves the judgement of traffic to the detectors and the writing of alerts to `report`.

use super::fold;
use super::growth::Growth;
use super::repeat::{Rule, Waiting};
use super::{Alert, Severity};
use crate::config::Section;
use crate::detect::Spec;
use crate::finding::{Finding, Subject};
use ahash::RandomState;
use anomalyzer_wire::{Addr, Mac};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Default time without findings after which the same subject is a new alert: 10 minutes of
/// packet time, in nanoseconds.
pub const REOPEN_GAP_NANOS: i64 = 600_000_000_000;

/// What the book did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookCounters {
    /// Findings received.
    pub findings: u64,
    /// Findings that did not fit: the book was full of alerts that matter at least as much.
    pub dropped: u64,
    /// Alerts that were thrown out for one that matters more.
    pub evicted: u64,
    /// Findings that wait for `repeat` to be reached.
    pub waiting: u64,
    /// Findings that waited and were forgotten because too many did.
    pub forgotten: u64,
}

/// Keeps one alert for each detector and subject.
///
/// When it is full, an alert of higher severity takes the place of the oldest one of the
/// lowest severity, so that a crowd of statistics never hides an attack.
#[derive(Debug)]
pub struct AlertBook {
    capacity: usize,
    gap: i64,
    /// Ordinal of the newest alert of each detector and subject.
    newest: HashMap<(&'static str, Subject), u64, RandomState>,
    /// Alerts by ordinal, which is their age.
    growths: BTreeMap<u64, Growth>,
    /// The same alerts in the order in which they would be thrown out.
    order: BTreeSet<(Severity, u64)>,
    next: u64,
    /// Findings of subjects that must be found again before they are an alert.
    waiting: Waiting,
    counters: BookCounters,
    revision: u64,
}

impl AlertBook {
    /// A book for at most `capacity` alerts; `seed` keys its hash table.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            capacity: capacity.max(1),
            gap: REOPEN_GAP_NANOS,
            newest: HashMap::with_hasher(RandomState::with_seeds(seed, 0xa1e7, 0xb00c, 1)),
            growths: BTreeMap::new(),
            order: BTreeSet::new(),
            next: 0,
            waiting: Waiting::new(seed),
            counters: BookCounters::default(),
            revision: 0,
        }
    }

    /// Rises whenever an alert comes, grows or goes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Keeps at most so many alerts from now on.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
    }

    /// Something outside of the book changes what readers see of its alerts.
    pub(crate) fn touch(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Replaces the re-open gap, in nanoseconds of packet time.
    #[must_use]
    pub fn with_gap(mut self, nanos: i64) -> Self {
        self.gap = nanos.max(0);
        self
    }

    /// Enters a finding of the detector `spec`, whose resolved settings are `section`.
    ///
    /// The severity is the site's own for the detector, else the finding's, else the table's.
    pub fn enter(&mut self, finding: Finding, spec: &'static Spec, section: &Section) {
        self.counters.findings += 1;
        let severity = section.severity.or(finding.severity).unwrap_or(spec.severity);
        let key = (spec.id, finding.subject.clone());
        if let Some(&ordinal) = self.newest.get(&key)
            && let Some(growth) = self.growths.get_mut(&ordinal)
            && growth.continues(&finding, self.gap)
        {
            let before = growth.severity();
            growth.update(finding, severity);
            self.revision += 1;
            growth.revision = self.revision;
            let after = growth.severity();
            if before != after {
                self.order.remove(&(before, ordinal));
                self.order.insert((after, ordinal));
            }
            return;
        }
        let host = finding.subject.src.or(finding.subject.dst);
        let repeat = section.repeat(host);
        if repeat.times <= 1 {
            return self.open(key, Growth::new(finding, spec, severity));
        }
        let rule = Rule { times: repeat.times, window: repeat.window };
        if let Some(episodes) = self.waiting.admit(&key, finding, rule) {
            let severity = episodes.iter().filter_map(|finding| finding.severity).max();
            let severity = section.severity.or(severity).unwrap_or(spec.severity);
            let growth = Growth::of_repeats(episodes, spec, severity, repeat.window);
            if let Some(growth) = growth {
                self.open(key, growth);
            }
        }
    }

    /// The sources of all alerts of severity medium or above.
    pub(crate) fn suspects(&self) -> BTreeSet<Addr> {
        let claims = self.order.range((Severity::Medium, 0)..);
        let growths = claims.filter_map(|(_, ordinal)| self.growths.get(ordinal));
        growths.flat_map(|growth| growth.finding().src.iter().copied()).collect()
    }

    /// All alerts, ordered by first time, then id; statistics that another alert explains are
    /// folded into it. `macs` gives the hardware address of a host where it is known on the
    /// segment.
    pub fn alerts(&self, macs: &dyn Fn(Addr) -> Option<Mac>) -> Vec<Alert> {
        self.alerts_since(None, macs)
    }

    /// Alerts that came or grew behind a revision, or in which something else was folded; `None`
    /// gives all.
    pub fn alerts_since(
        &self,
        revision: Option<u64>,
        macs: &dyn Fn(Addr) -> Option<Mac>,
    ) -> Vec<Alert> {
        let growths: Vec<&Growth> = self.growths.values().collect();
        let mut alerts: Vec<Alert> = fold::fold(&growths)
            .into_iter()
            .filter(|standing| revision.is_none_or(|revision| standing.revision > revision))
            .map(|standing| standing.growth.alert(standing.folded, macs))
            .collect();
        alerts.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
        alerts
    }

    /// Alerts that are told within another one and are not among [`Self::alerts`], in the same
    /// order.
    pub fn folded(&self, macs: &dyn Fn(Addr) -> Option<Mac>) -> Vec<Alert> {
        let growths: Vec<&Growth> = self.growths.values().collect();
        let folded = fold::folded(&growths).into_iter();
        let mut alerts: Vec<Alert> = folded.map(|growth| growth.alert(Vec::new(), macs)).collect();
        alerts.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
        alerts
    }

    /// Alerts in the book, folded ones included.
    pub fn len(&self) -> usize {
        self.growths.len()
    }

    /// True when nothing was reported yet.
    pub fn is_empty(&self) -> bool {
        self.growths.is_empty()
    }

    /// What happened so far.
    pub fn counters(&self) -> BookCounters {
        let (waiting, forgotten) = (self.waiting.held(), self.waiting.forgotten());
        BookCounters { waiting, forgotten, ..self.counters }
    }

    fn open(&mut self, key: (&'static str, Subject), mut growth: Growth) {
        let severity = growth.severity();
        // More than one has to go when the capacity was lowered.
        while self.growths.len() >= self.capacity {
            if !self.make_room(severity) {
                self.counters.dropped += 1;
                return;
            }
        }
        let ordinal = self.next;
        self.next += 1;
        self.revision += 1;
        growth.revision = self.revision;
        self.newest.insert(key, ordinal);
        self.order.insert((severity, ordinal));
        self.growths.insert(ordinal, growth);
    }

    /// Throws out the oldest alert of the lowest severity, if that is below `severity`.
    fn make_room(&mut self, severity: Severity) -> bool {
        let Some(&(lowest, ordinal)) = self.order.first() else { return false };
        if lowest >= severity {
            return false;
        }
        self.order.remove(&(lowest, ordinal));
        if let Some(growth) = self.growths.remove(&ordinal) {
            let key = growth.key();
            if self.newest.get(&key) == Some(&ordinal) {
                self.newest.remove(&key);
            }
        }
        self.counters.evicted += 1;
        true
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
