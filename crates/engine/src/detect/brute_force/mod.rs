//! `brute-force`: passwords guessed by trying.
//!
//! Counts log-ins that failed, by pair of hosts, by source and by target. What a try is and how it
//! ended is told by dialogues ([`sessions`], [`http`]) and by sizes of finished flows ([`ended`]);
//! counting and verdict are in [`tally`]. Guesses at one exploit are left to `keyword`.

mod attempt;
mod ended;
mod http;
mod limits;
mod report;
mod sessions;
mod tally;
#[cfg(test)]
mod tests;

use super::{Backtest, Detector, Reporter, Spec};
use crate::alert::Severity;
use crate::config::{PerHost, Section};
use crate::count::Table;
use crate::flow::{FlowEnd, FlowRecord};
use crate::observation::{Kinds, Observation, Seen};
use anomalyzer_wire::{Addr, Timestamp};
use attempt::{Attempt, Pair, Scope, Service, What};
use limits::Limits;
use sessions::{SESSIONS, Sessions};
use std::collections::VecDeque;
use tally::{Tally, Told};

/// Pairs of source and service with a failure.
const PAIRS: usize = 4_096;
/// Sources with a failure.
const SOURCES: usize = 2_048;
/// Services at which somebody failed.
const TARGETS: usize = 1_024;
/// Attacks that are going on and are told again while they grow.
const WATCHED: usize = 512;
/// A growing attack is told again this long after its last report.
const SETTLE_NANOS: i64 = 10_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "brute-force",
    summary: "Many log-ins fail: passwords are being guessed",
    about: include_str!("about.md"),
    advice: "Block the source, check in the server's log whether any log-in succeeded, and change \
             the passwords of the accounts that were tried.",
    severity: Severity::Medium,
    techniques: &[
        "ssh", "ftp", "telnet", "rdp", "smb", "smtp", "imap", "pop3", "http", "kerberos", "dcerpc",
        "other",
    ],
    attack: &["T1110"],
    sees: Kinds::APP.and(Kinds::FLOW_ENDED),
    settings: limits::SETTINGS,
    backtest: Backtest::Capture,
    max_entries: PAIRS + SOURCES + TARGETS + WATCHED + SESSIONS,
    build: |section, seed| Box::new(BruteForce::new(section, seed)),
};

struct BruteForce {
    limits: PerHost<Limits>,
    sessions: Sessions,
    pairs: Table<Pair, Tally>,
    sources: Table<(Addr, Service), Tally>,
    targets: Table<(Addr, u16, Service), Tally>,
    watched: VecDeque<Scope>,
}

impl BruteForce {
    fn new(section: &Section, seed: u64) -> Self {
        let keep = |tally: &Tally| tally.told.is_some();
        Self {
            limits: section.resolve(Limits::from),
            sessions: Sessions::new(seed),
            pairs: Table::new(PAIRS, seed, keep),
            sources: Table::new(SOURCES, seed, keep),
            targets: Table::new(TARGETS, seed, keep),
            watched: VecDeque::new(),
        }
    }

    fn ended(&mut self, record: &FlowRecord, now: Timestamp) -> Option<Attempt> {
        let session = match record.end {
            // The next record continues the flow.
            FlowEnd::Active => None,
            _ => self.sessions.end(record.id),
        };
        ended::judge(record, session.as_ref(), now)
    }

    fn attempt(&mut self, attempt: &Attempt, out: &mut Reporter<'_>) {
        let t = &attempt.tuple;
        if t.src == t.dst || !t.src.is_unicast() || !t.dst.is_unicast() {
            return;
        }
        let pair = attempt.pair();
        let scopes = [
            // The wider ones first: an attack on many hosts is one alert.
            Scope::Source(pair.src, pair.service),
            Scope::Target(pair.dst, pair.port, pair.service),
            Scope::Pair(pair),
        ];
        for scope in scopes {
            if attempt.what == What::Succeeded {
                self.succeeded(&scope, attempt, out);
            } else {
                self.failed(scope, attempt, out);
            }
        }
    }

    fn failed(&mut self, scope: Scope, attempt: &Attempt, out: &mut Reporter<'_>) {
        let limits = *self.limits.of(attempt.tuple.src);
        let wide = self.is_told_wide(&scope);
        let make = || Tally::new(attempt.service, &limits, attempt.time);
        let (tally, other) = match &scope {
            Scope::Pair(pair) => (self.pairs.entry(*pair, make).0, attempt.tuple.dst),
            Scope::Source(src, service) => {
                (self.sources.entry((*src, *service), make).0, attempt.tuple.dst)
            }
            Scope::Target(dst, port, service) => {
                (self.targets.entry((*dst, *port, *service), make).0, attempt.tuple.src)
            }
        };
        let Some(tally) = tally else { return };
        tally.add(attempt, other, &limits);
        let Some(verdict) = tally.judge(&scope, &limits) else { return };
        if wide && tally.told.is_none() {
            return;
        }
        if tally.is_news(&verdict) {
            tell(&scope, tally, &limits, out);
        }
        self.watch(scope, out);
    }

    /// True for a pair whose source attacks many hosts: that is told once.
    fn is_told_wide(&self, scope: &Scope) -> bool {
        let Scope::Pair(pair) = scope else { return false };
        self.sources.get(&(pair.src, pair.service)).is_some_and(|tally| tally.told.is_some())
    }

    fn succeeded(&mut self, scope: &Scope, attempt: &Attempt, out: &mut Reporter<'_>) {
        let limits = *self.limits.of(attempt.tuple.src);
        let Some(tally) = self.tally(scope) else { return };
        // Of many sources it is not known whether this was one of the attackers.
        let told = tally.pass(attempt.time, attempt.user.as_ref(), &limits);
        if told && !matches!(scope, Scope::Target(..)) {
            tell(scope, tally, &limits, out);
        }
    }

    fn tally(&mut self, scope: &Scope) -> Option<&mut Tally> {
        match scope {
            Scope::Pair(pair) => self.pairs.get_mut(pair),
            Scope::Source(src, service) => self.sources.get_mut(&(*src, *service)),
            Scope::Target(dst, port, service) => self.targets.get_mut(&(*dst, *port, *service)),
        }
    }

    fn watch(&mut self, scope: Scope, out: &mut Reporter<'_>) {
        let Some(tally) = self.tally(&scope) else { return };
        if tally.watched {
            return;
        }
        tally.watched = true;
        let wake = tally.last.plus_nanos(SETTLE_NANOS);
        if self.watched.len() >= WATCHED
            && let Some(oldest) = self.watched.pop_front()
        {
            self.look(&oldest, out);
        }
        self.watched.push_back(scope);
        out.wake_at(wake);
    }

    /// Tells what an attack has grown by; it is watched again with the next try.
    fn look(&mut self, scope: &Scope, out: &mut Reporter<'_>) {
        let (Scope::Pair(Pair { src, .. }) | Scope::Source(src, _) | Scope::Target(src, ..)) =
            scope;
        let limits = *self.limits.of(*src);
        let Some(tally) = self.tally(scope) else { return };
        tally.watched = false;
        if tally.told.is_some_and(|told| told.count < tally.count()) {
            tell(scope, tally, &limits, out);
        }
    }

    fn look_at_all(&mut self, out: &mut Reporter<'_>) {
        for scope in std::mem::take(&mut self.watched) {
            self.look(&scope, out);
        }
    }
}

/// Reports a tally; a verdict that no longer holds is replaced by the last one that did.
fn tell(scope: &Scope, tally: &mut Tally, limits: &Limits, out: &mut Reporter<'_>) {
    let before = tally.told.map(|told| told.verdict);
    let now = tally.judge(scope, limits);
    let verdict = match (before, now) {
        (Some(before), Some(now)) if now.severity < before.severity => before,
        (_, Some(now)) => now,
        (Some(before), None) => before,
        (None, None) => return,
    };
    tally.told = Some(Told { verdict, count: tally.count() });
    out.report(report::finding(scope, &verdict, tally, limits));
}

impl Detector for BruteForce {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        let attempt = match &seen.what {
            Observation::App(app) => self.sessions.fact(app, seen.time),
            Observation::FlowEnded(record) => self.ended(record, seen.time),
            _ => None,
        };
        if let Some(attempt) = attempt {
            self.attempt(&attempt, out);
        }
    }

    fn deadline(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.look_at_all(out);
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.look_at_all(out);
    }

    fn entries(&self) -> usize {
        self.sessions.open.len()
            + self.pairs.len()
            + self.sources.len()
            + self.targets.len()
            + self.watched.len()
    }

    fn evictions(&self) -> u64 {
        self.sessions.open.evictions()
            + self.pairs.evictions()
            + self.sources.evictions()
            + self.targets.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = section.resolve(Limits::from);
    }
}
