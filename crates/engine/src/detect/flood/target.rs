//! What one target receives, and from whom.

use super::usual::Usual;
use super::{GRACE_NANOS, MANY_NANOS, MANY_SOURCES, On, QUIET_NANOS, SETTLE_NANOS, SPEC, What};
use crate::count::{Distinct, PerSecond, SlidingCount, Top};
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Buckets of an eighth of a second: one second, the grace, and what came meanwhile.
const BUCKETS: usize = 28;
const BUCKET_NANOS: i64 = 125_000_000;
const PER_SECOND: usize = 8;
const GRACE_BUCKETS: usize = 12;
/// Sources that are told apart.
const SOURCES: usize = 32;
/// Sources and flows named in a finding.
const NAMED: usize = 20;
/// Evidence is gathered from this part of the floor on.
const EARLY: u64 = 4;

/// The time, and packets a second that make a flood.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    /// When the first of the packets may have come: before `now` for the sum of a second.
    pub(super) since: Timestamp,
    pub(super) floor: u64,
}

/// What a count changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Nothing,
    /// The floor is reached: the target is to be watched.
    Begins,
    /// There is more to tell of a flood since the last report.
    Resumes,
}

/// One target's rate, and the attack when there may be one.
#[derive(Clone, Debug)]
pub(super) struct Target {
    attempts: SlidingCount<BUCKETS>,
    seconds: PerSecond,
    /// When the present burst began: nothing had come in the window before.
    burst: Timestamp,
    pub(super) attack: Option<Box<Attack>>,
    /// The most within a second of this hour that reached the floor; 0 when nothing did.
    peak: u64,
    /// What was learned of hours before.
    pub(super) usual: Option<Usual>,
}

impl Target {
    pub(super) fn new(usual: Option<Usual>) -> Self {
        Self {
            attempts: SlidingCount::new(BUCKET_NANOS),
            seconds: PerSecond::default(),
            burst: Timestamp::MIN,
            attack: None,
            peak: 0,
            usual,
        }
    }

    /// The hour's peak, which begins anew.
    pub(super) fn take_peak(&mut self) -> Option<u64> {
        let attack = self.attack.as_deref().filter(|a| a.confirmed);
        let peak = std::mem::take(&mut self.peak).max(attack.map_or(0, |a| a.peak));
        (peak > 0).then_some(peak)
    }
}

/// A flood, from a quarter of the floor on.
#[derive(Clone, Debug)]
pub(super) struct Attack {
    sources: Top<Addr, SOURCES>,
    distinct: Distinct,
    packets: u64,
    /// Attempts that became connections.
    good: u64,
    first: Timestamp,
    last: Timestamp,
    floor: u64,
    peak: u64,
    flows: Vec<String>,
    /// When the verdict is due; set when the floor is reached.
    due: Option<Timestamp>,
    waited: bool,
    /// More than a few sources: left to `ddos` until it pauses.
    distributed: bool,
    confirmed: bool,
    reported: u64,
    reported_at: Timestamp,
}

impl Attack {
    fn new(at: Moment, first: Timestamp) -> Self {
        Self {
            sources: Top::default(),
            distinct: Distinct::new(usize::try_from(MANY_SOURCES).unwrap_or(100) * 4),
            packets: 0,
            good: 0,
            first,
            last: at.now,
            floor: at.floor,
            peak: 0,
            flows: Vec::new(),
            due: None,
            waited: false,
            distributed: false,
            confirmed: false,
            reported: 0,
            reported_at: at.now,
        }
    }

    fn add(&mut self, src: Addr, n: u32, now: Timestamp, id: impl FnOnce() -> String) {
        self.packets += u64::from(n);
        self.last = now;
        self.sources.add(src, u64::from(n));
        self.distinct.insert(src.to_bits());
        if self.flows.len() < NAMED {
            self.flows.push(id());
        }
    }

    /// True when the floor is reached for the first time.
    fn reaches(&mut self, sum: u64, now: Timestamp) -> bool {
        if sum < self.floor || self.due.is_some() || self.confirmed || self.distributed {
            return false;
        }
        self.due = Some(now.plus_nanos(GRACE_NANOS));
        true
    }

    /// A few sources send nearly everything.
    fn is_few(&self) -> bool {
        self.sources.share_of_three() >= 0.8
    }

    fn is_distributed(&self) -> bool {
        !self.is_few() && self.distinct.tally().value >= MANY_SOURCES
    }
}

impl Target {
    /// True when the target should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        self.attack.is_some()
    }

    /// Counts attempts at their own time.
    pub(super) fn attempt(
        &mut self,
        src: Addr,
        n: u32,
        at: Moment,
        id: impl FnOnce() -> String,
    ) -> News {
        self.attempts.add(at.now, n);
        let sum = self.attempts.last(PER_SECOND);
        self.note_burst(sum == u64::from(n), at);
        self.gather(src, n, (sum, sum), at, id)
    }

    /// Counts packets of the second that ends now.
    pub(super) fn rate(
        &mut self,
        src: Addr,
        n: u32,
        at: Moment,
        id: impl FnOnce() -> String,
    ) -> News {
        let sum = self.seconds.add(at.now.secs(), u64::from(n));
        let sums = (sum, self.seconds.at_most());
        self.note_burst(sums.1 == u64::from(n), at);
        self.gather(src, n, sums, at, id)
    }

    fn note_burst(&mut self, begins: bool, at: Moment) {
        if begins || at.now.since(self.burst) > MANY_NANOS {
            self.burst = at.since;
        }
    }

    /// `sums` are the least and the most that came within a second.
    fn gather(
        &mut self,
        src: Addr,
        n: u32,
        sums: (u64, u64),
        at: Moment,
        id: impl FnOnce() -> String,
    ) -> News {
        if self.attack.is_none() && sums.1 < at.floor / EARLY {
            return News::Nothing;
        }
        let stale = |a: &Attack| !a.confirmed && at.now.since(a.last) > MANY_NANOS;
        if self.attack.as_deref().is_some_and(stale) {
            self.attack = None;
        }
        let (burst, early) = (self.burst, sums.1.saturating_sub(u64::from(n)));
        let attack = self.attack.get_or_insert_with(|| {
            // What came before the evidence is taken to be of the same source.
            let mut attack = Attack::new(at, burst);
            attack.packets = early;
            attack.sources.add(src, early);
            Box::new(attack)
        });
        attack.peak = attack.peak.max(sums.0);
        let resumes = attack.confirmed && attack.packets == attack.reported;
        attack.add(src, n, at.now, id);
        if attack.reaches(sums.1, at.now) {
            News::Begins
        } else if resumes {
            News::Resumes
        } else {
            News::Nothing
        }
    }

    /// An attempt became a connection.
    pub(super) fn take_back(&mut self, src: Addr, started: Timestamp) {
        self.attempts.take_back(started, 1);
        if let Some(attack) = &mut self.attack {
            attack.sources.take_back(src, 1);
            attack.packets = attack.packets.saturating_sub(1);
            attack.good += 1;
        }
    }

    /// Judges, reports or forgets the attack; tells when to look again, `None` when it is over.
    pub(super) fn tend(
        &mut self,
        on: &On,
        now: Timestamp,
        end: bool,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let attack = self.attack.as_deref()?;
        if !attack.confirmed {
            let due = attack.due?;
            if now < due && !end {
                return Some(due);
            }
            return self.judge(on, now, end, out);
        }
        let (over, peak) = (attack.last.plus_nanos(QUIET_NANOS), attack.peak);
        let settle = attack.reported_at.plus_nanos(SETTLE_NANOS);
        if end || now >= settle {
            self.report(on, now, out);
        }
        if now >= over {
            self.peak = self.peak.max(peak);
            self.attack = None;
            return None;
        }
        let attack = self.attack.as_deref()?;
        let settle = attack.reported_at.plus_nanos(SETTLE_NANOS);
        Some(if attack.packets > attack.reported { settle } else { over })
    }

    fn judge(
        &mut self,
        on: &On,
        now: Timestamp,
        end: bool,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let unanswered = self.unanswered(on, end);
        let attack = self.attack.as_deref_mut()?;
        if unanswered < attack.floor && !attack.waited {
            attack.due = None;
            return None;
        }
        attack.peak = if attack.waited { attack.peak } else { unanswered };
        self.peak = self.peak.max(attack.peak);
        if self.usual.is_some_and(|usual| attack.peak <= usual.limit(attack.floor)) {
            self.attack = None;
            return None;
        }
        if !attack.is_few() && !attack.waited && !end {
            attack.waited = true;
            let due = now.plus_nanos(MANY_NANOS - GRACE_NANOS);
            attack.due = Some(due);
            return Some(due);
        }
        if attack.is_distributed() {
            attack.distributed = true;
            attack.due = None;
            return None;
        }
        attack.confirmed = true;
        self.report(on, now, out);
        Some(now.plus_nanos(SETTLE_NANOS))
    }

    /// The most within a second that did not turn out to be answered. What came within the grace
    /// is left out, except at the end, when it counts if most of all attempts failed.
    fn unanswered(&mut self, on: &On, end: bool) -> u64 {
        let Some(attack) = self.attack.as_deref() else { return 0 };
        let due = attack.due.unwrap_or(attack.last);
        if on.what != What::Syn {
            if !end {
                self.seconds.slide(due.secs());
            }
            return attack.peak.max(self.seconds.peak(end));
        }
        self.attempts.slide(due);
        let aged = self.attempts.peak(PER_SECOND, GRACE_BUCKETS);
        if end && attack.good <= attack.packets {
            return aged.max(self.attempts.peak(PER_SECOND, 0));
        }
        aged
    }

    /// Tells of the attack when there is something new to tell.
    pub(super) fn report(&mut self, on: &On, now: Timestamp, out: &mut Reporter<'_>) {
        if let Some(attack) = self.attack.as_deref_mut().filter(|a| a.confirmed)
            && attack.packets > attack.reported
        {
            attack.reported = attack.packets;
            attack.reported_at = now;
            out.report(finding(on, attack, self.usual));
        }
    }
}

fn finding(on: &On, attack: &Attack, usual: Option<Usual>) -> Finding {
    let top = attack.sources.heaviest(NAMED);
    let src: Vec<Addr> = top.iter().map(|(addr, _)| *addr).collect();
    let sources = attack.distinct.tally();
    let technique = on.what.technique();
    let (what, unit) = match on.what {
        What::Syn => ("SYN", "connection attempts that led to nothing"),
        What::Udp => ("UDP", "one-way datagrams"),
        What::Icmp => ("ICMP", "ICMP messages, most of them unanswered,"),
        What::AnsweredIcmp => ("ICMP", "ICMP messages"),
    };
    let port = (on.port != 0).then_some(on.port);
    let place = port.map_or_else(|| on.dst.to_string(), |p| format!("{} port {p}", on.dst));
    let seconds = attack.last.since(attack.first).max(0) as f64 / 1e9;
    let threshold = usual.map_or(attack.floor, |u| u.limit(attack.floor).max(attack.floor));
    // One source is named by the subject; several are one attack on the target.
    let subject_src = src.first().copied().filter(|_| sources.value == 1);
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { src: None, dst: Some(on.dst), port, other: technique.to_owned() },
        severity: None,
        confidence: if attack.peak >= attack.floor.saturating_mul(2) { 0.99 } else { 0.9 },
        title: match subject_src {
            Some(source) => format!("{what} flood of {} by {source}", on.dst),
            None => {
                format!("{what} flood of {} by {}", on.dst, text::counted(sources.value, "source"))
            }
        },
        explanation: format!(
            "{place} received {} {unit} within {} from {}, up to {} in a second. No client needs \
             more than {} in a second.{}",
            text::thousands(attack.packets),
            text::duration(seconds),
            text::addresses(&src, sources.value),
            text::thousands(attack.peak),
            text::thousands(attack.floor),
            ordinary(usual, attack.floor),
        ),
        src,
        src_count: sources,
        dst: vec![on.dst],
        dst_count: Tally::exact(1),
        dst_ports: port.into_iter().collect(),
        dst_port_count: Tally::exact(u64::from(port.is_some())),
        first: attack.first,
        last: attack.last,
        count: attack.packets,
        evidence: vec![
            Evidence {
                mean: usual.map(|u| u.expected.mean()),
                z: usual.map(|u| u.expected.z(attack.peak as f64)),
                ..Evidence::exceeded("per_second", attack.peak as f64, threshold as f64, 1.0)
            },
            Evidence::value("sources", sources.value as f64),
        ],
        flows: attack.flows.clone(),
    }
}

/// What was learned, in a sentence.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, shown only
fn ordinary(usual: Option<Usual>, floor: u64) -> String {
    usual.map_or_else(String::new, |usual| {
        format!(
            " In its busy hours this target is used to {} in a second; up to {} would be ordinary.",
            text::thousands(usual.expected.mean() as u64),
            text::thousands(usual.limit(floor)),
        )
    })
}
