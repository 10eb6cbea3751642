//! Counts the tries of one pair, source or target, and judges them.

use super::attempt::{Attempt, Scope, Service, What};
use super::limits::Limits;
use crate::alert::Severity;
use crate::count::{Recent, SlidingCount, fingerprint};
use crate::flow::FiveTuple;
use anomalyzer_wire::{Addr, HostileStr, Timestamp};

/// Buckets of the short windows; a bucket is what `burst` is counted in.
const BUCKETS: usize = 10;
/// Buckets of the long window: hours of a day.
const HOURS: usize = 24;
/// Distinct user names and hosts that are counted.
pub(super) const DISTINCT: usize = 64;
/// User names that are shown.
const USERS_SHOWN: usize = 5;
/// Flows and addresses that are told, and ports.
const NAMED: usize = 20;

/// Everything counted about one key.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    failed: SlidingCount<BUCKETS>,
    short: SlidingCount<BUCKETS>,
    passed: SlidingCount<BUCKETS>,
    /// Failures of the window of Zeek's detection.
    wide: SlidingCount<BUCKETS>,
    slow: SlidingCount<HOURS>,
    users: Recent<u64, DISTINCT>,
    pub(super) users_shown: Vec<HostileStr>,
    /// The other ends: destinations of a source, sources of a target.
    others: Recent<Addr, DISTINCT>,
    pub(super) ports: Recent<u16, NAMED>,
    pub(super) flows: Vec<FiveTuple>,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) failed_all: u64,
    pub(super) short_all: u64,
    /// The log-in that succeeded after an attack: when and as whom.
    pub(super) breach: Option<(Timestamp, Option<HostileStr>)>,
    pub(super) told: Option<Told>,
    /// The detector looks at it again soon.
    pub(super) watched: bool,
}

/// What was reported last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) verdict: Verdict,
    pub(super) count: u64,
}

/// Why it is an attack, or worth a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) severity: Severity,
    pub(super) reason: Reason,
    /// What was counted.
    pub(super) value: u64,
    pub(super) limit: u64,
    /// Within how many nanoseconds.
    pub(super) window: i64,
}

/// What was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Refused log-ins in the short window, or in the wide one.
    Failures,
    /// Different user names among the refused log-ins.
    Users,
    /// Short sessions.
    Sessions,
    /// Refused log-ins in the long window.
    Slow,
}

impl Tally {
    pub(super) fn new(service: Service, limits: &Limits, now: Timestamp) -> Self {
        let window = limits.window_of(service);
        let part = |nanos: i64, parts: usize| nanos / i64::try_from(parts).unwrap_or(1).max(1);
        Self {
            failed: SlidingCount::new(part(window, BUCKETS)),
            short: SlidingCount::new(part(window, BUCKETS)),
            passed: SlidingCount::new(part(limits.window_high, BUCKETS)),
            wide: SlidingCount::new(part(limits.window_high, BUCKETS)),
            slow: SlidingCount::new(part(limits.window_slow, HOURS)),
            users: Recent::default(),
            users_shown: Vec::new(),
            others: Recent::default(),
            ports: Recent::default(),
            flows: Vec::new(),
            first: now,
            last: now,
            failed_all: 0,
            short_all: 0,
            breach: None,
            told: None,
            watched: false,
        }
    }

    /// Tries so far, of both kinds.
    pub(super) const fn count(&self) -> u64 {
        self.failed_all.saturating_add(self.short_all)
    }

    /// The other ends seen within the wide window, the first ones first.
    pub(super) fn others(&self, limits: &Limits) -> Vec<Addr> {
        let mut others: Vec<Addr> =
            self.others.within(self.last, limits.window_high).map(|(addr, _)| addr).collect();
        others.sort_unstable();
        others
    }

    /// Different user names refused within the short window.
    pub(super) fn users(&self, limits: &Limits) -> u64 {
        self.users.within(self.last, limits.window).count() as u64
    }

    /// Counts a try that failed.
    pub(super) fn add(&mut self, attempt: &Attempt, other: Addr, limits: &Limits) {
        let time = attempt.time;
        if time.since(self.last) > limits.window_slow {
            let service = attempt.service;
            *self = Self { watched: self.watched, ..Self::new(service, limits, time) };
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        if attempt.what == What::Failed {
            self.failed.add(time, 1);
            self.wide.add(time, 1);
            self.slow.add(time, 1);
            self.failed_all = self.failed_all.saturating_add(1);
        } else {
            self.short.add(time, 1);
            self.short_all = self.short_all.saturating_add(1);
        }
        if let Some(user) = &attempt.user {
            self.user(user, time);
        }
        self.others.touch(other, time);
        self.ports.touch(attempt.tuple.dst_port, time);
        if self.flows.len() < NAMED && !self.flows.contains(&attempt.tuple) {
            self.flows.push(attempt.tuple);
        }
    }

    fn user(&mut self, user: &HostileStr, time: Timestamp) {
        let is_new = self.users.touch(print_of(user), time);
        if is_new && self.users_shown.len() < USERS_SHOWN && !self.users_shown.contains(user) {
            self.users_shown.push(user.clone());
        }
    }

    /// Counts a log-in that succeeded; true when it followed an attack and is news.
    pub(super) fn pass(
        &mut self,
        time: Timestamp,
        user: Option<&HostileStr>,
        limits: &Limits,
    ) -> bool {
        self.passed.add(time, 1);
        let attacked = self.told.is_some_and(|told| told.verdict.severity >= Severity::Medium);
        let soon = time.since(self.last) <= limits.window_high;
        // Whoever logs in under a name that was not tried did not guess it; among many names, each
        // tried once, the right one is new.
        let spray = self.users.len() as u64 >= limits.users;
        let tried = self.users.is_empty()
            || spray
            || user.is_none_or(|user| self.users.contains(print_of(user)));
        if !attacked || !soon || !tried || self.breach.is_some() {
            return false;
        }
        self.breach = Some((time, user.cloned()));
        true
    }

    /// The verdict by what was counted so far.
    pub(super) fn judge(&mut self, scope: &Scope, limits: &Limits) -> Option<Verdict> {
        let now = self.last;
        let passed = self.passed.sum(now);
        match scope {
            Scope::Pair(pair) => self.judge_pair(pair.service, passed, limits),
            Scope::Source(_, service) => self.judge_source(*service, passed, limits),
            Scope::Target(_, _, service) => self.judge_target(*service, passed, limits),
        }
    }

    fn judge_pair(&mut self, service: Service, passed: u64, limits: &Limits) -> Option<Verdict> {
        let users = self.users(limits);
        let (limit, high) = limits.failures_of(service, users);
        self.many(limit, high, passed, limits)
            .or_else(|| spray(users, passed, limits))
            .or_else(|| self.sessions(service, 1, passed, limits))
            .or_else(|| self.slowly(users, passed, limits))
    }

    /// Failures in the short window with a burst among them, or very many in the wide window.
    fn many(&mut self, limit: u64, high: u64, passed: u64, limits: &Limits) -> Option<Verdict> {
        let wide = self.wide.sum(self.last);
        let reason = Reason::Failures;
        if passed >= wide {
            return None;
        }
        let hasty = self.failed.peak(1, 0) >= limits.burst;
        let (severity, value, limit, window) = if wide >= high && hasty {
            (Severity::High, wide, high, limits.window_high)
        } else {
            let value = self.failed.sum(self.last);
            (Severity::Medium, value, limit, limits.window)
        };
        (value >= limit && hasty).then_some(Verdict { severity, reason, value, limit, window })
    }

    fn sessions(
        &mut self,
        service: Service,
        times: u64,
        passed: u64,
        limits: &Limits,
    ) -> Option<Verdict> {
        let failed = self.failed.sum(self.last);
        let value = self.short.sum(self.last).saturating_add(failed);
        let limit = limits.sessions_of(service).saturating_mul(times);
        let unread = service == Service::Other;
        let severity = if unread { Severity::Low } else { Severity::Medium };
        let (reason, window) = (Reason::Sessions, limits.window_of(service));
        let hasty = self.short.peak(1, 0) >= limits.burst;
        let many = value >= limit && value > passed && hasty;
        many.then_some(Verdict { severity, reason, value, limit, window })
    }

    fn slowly(&mut self, users: u64, passed: u64, limits: &Limits) -> Option<Verdict> {
        let value = self.slow.sum(self.last);
        let all_users = self.users.within(self.last, limits.window_slow).count() as u64;
        let varied = all_users.max(users) >= limits.users;
        let severity = if varied { Severity::Medium } else { Severity::Low };
        let (reason, limit, window) = (Reason::Slow, limits.failures_slow, limits.window_slow);
        let many = value >= limit && value > passed;
        many.then_some(Verdict { severity, reason, value, limit, window })
    }

    fn judge_source(&mut self, service: Service, passed: u64, limits: &Limits) -> Option<Verdict> {
        let hosts = self.others.within(self.last, limits.window_high).count() as u64;
        if hosts < limits.hosts {
            return None;
        }
        let (_, high) = limits.failures_of(service, 2);
        let verdict = self.many(limits.failures_stored, high, passed, limits);
        verdict.or_else(|| self.sessions(service, 2, passed, limits))
    }

    fn judge_target(&mut self, service: Service, passed: u64, limits: &Limits) -> Option<Verdict> {
        let sources = self.others.within(self.last, limits.window_high).count() as u64;
        let value = self.wide.sum(self.last);
        let (limit, window) = (limits.failures_distributed, limits.window_high);
        // Servers with many users see many mistakes: here two of three tries must fail.
        let many = value >= limit && value / 2 >= passed && service != Service::Other;
        let (severity, reason) = (Severity::Medium, Reason::Failures);
        let distributed = many && sources >= limits.sources;
        distributed.then_some(Verdict { severity, reason, value, limit, window })
    }

    /// True when the verdict is worth telling: the first, a more severe one, or twice as many.
    pub(super) fn is_news(&self, verdict: &Verdict) -> bool {
        self.told.is_none_or(|told| {
            verdict.severity > told.verdict.severity || self.count() >= told.count.saturating_mul(2)
        })
    }
}

/// Stands for a user name, whatever its case.
fn print_of(user: &HostileStr) -> u64 {
    user.as_bytes().iter().fold(0, |print: u64, byte| {
        fingerprint(u128::from(print) << 8 | u128::from(byte.to_ascii_lowercase()))
    })
}

/// Many names, few tries each.
fn spray(users: u64, passed: u64, limits: &Limits) -> Option<Verdict> {
    let (severity, limit, window) = (Severity::Medium, limits.users, limits.window);
    let reason = Reason::Users;
    let sprays = users >= limit && users > passed;
    sprays.then_some(Verdict { severity, reason, value: users, limit, window })
}
