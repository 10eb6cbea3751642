//! How much there is against each host: a score from 0 to 100 that fades.
//!
//! Each alert is taken as a piece of evidence that counts with
//!
//! `p = weight(severity) x confidence x share(role) x 0.5 ^ (age / half-life)`
//!
//! where the age runs from the alert's last packet to the latest packet of all. The pieces of a
//! host add up as independent evidence does: `score = 100 x (1 - product of (1 - p))`. So a score
//! never passes 100, two pieces weigh more than one, and a thousand repetitions of a statistic
//! weigh little more than a few. Of one detector's alerts in one role only the strongest within a
//! period counts: one long scan, or a scan of many hosts, is one piece of evidence.

use super::incident::actor;
use super::{Alert, Severity, Stage, stage_of};
use anomalyzer_wire::{Addr, Timestamp};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Most hosts told of, highest score first: more than anybody looks through.
pub const HOSTS_MAX: usize = 1_000;
/// Most alerts named for a host; weaker ones still count.
pub const WHY_MAX: usize = 10;
/// A target counts half: to be attacked is no guilt, but it may have worked.
const TARGET_SHARE: f64 = 0.5;
/// To be looked at counts a tenth: a sweep alone says nothing about each of its hosts.
const LOOKED_AT_SHARE: f64 = 0.1;

/// Settings of the score.
#[derive(Clone, Copy, Debug)]
pub struct Weighing {
    /// Time after which an alert counts half, in nanoseconds of packet time.
    pub half_life: i64,
    /// Time within which a detector counts once for a host and role, in nanoseconds.
    pub period: i64,
}

/// What a host has to do with an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It did what the alert tells.
    Source,
    /// It was done to it.
    Target,
}

impl Role {
    /// Name as in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// A host and what there is against it.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRisk {
    /// The host.
    pub addr: Addr,
    /// 0 to 100, to a tenth.
    pub score: f64,
    /// The score of what it did alone.
    pub as_source: f64,
    /// The score of what was done to it alone.
    pub as_target: f64,
    /// Alerts that name it, also those that count nothing.
    pub alerts: u64,
    /// First packet time of those.
    pub first: Timestamp,
    /// Last packet time of those.
    pub last: Timestamp,
    /// The alerts that count most, strongest first, at most [`WHY_MAX`].
    pub why: Vec<Contribution>,
}

/// What one alert adds to a host's score.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Id of the alert.
    pub alert: String,
    /// Its detector.
    pub detector: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// What the host has to do with it.
    pub role: Role,
    /// What it would score alone, 0 to 100, to a tenth.
    pub points: f64,
    /// Its title.
    pub title: String,
}

/// Hosts by score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hosts {
    /// Hosts with a score above 0, highest first, then by address.
    pub list: Vec<HostRisk>,
    /// Hosts beyond [`HOSTS_MAX`].
    pub left_out: u64,
}

/// Scores every host that the alerts name; `now` is the latest packet time.
pub fn hosts(alerts: &[Alert], weighing: Weighing, now: Timestamp) -> Hosts {
    let mut by_host: BTreeMap<Addr, Vec<Piece<'_>>> = BTreeMap::new();
    for alert in alerts {
        for (addr, role) in named(alert) {
            let p = strength(alert, role, weighing, now);
            by_host.entry(addr).or_default().push(Piece { alert, role, p });
        }
    }
    let mut list: Vec<HostRisk> = by_host
        .into_iter()
        .map(|(addr, pieces)| score(addr, pieces, weighing.period))
        .filter(|host| host.score > 0.0)
        .collect();
    list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.addr.cmp(&b.addr)));
    let left_out = list.len().saturating_sub(HOSTS_MAX) as u64;
    list.truncate(HOSTS_MAX);
    Hosts { list, left_out }
}

/// An alert that names a host, and how much it counts.
struct Piece<'a> {
    alert: &'a Alert,
    role: Role,
    p: f64,
}

/// Hosts that an alert names, each with its role. Sources that may be forged are none, nor are the
/// far ends of what a host under control does.
fn named(alert: &Alert) -> impl Iterator<Item = (Addr, Role)> {
    let source = actor(alert);
    let claims = alert.severity >= Severity::Medium;
    let suffers = claims && !stage_of(alert.detector).is_some_and(Stage::by_victim);
    let targets = alert.dst.iter().copied().filter(move |dst| suffers && Some(*dst) != source);
    let targets = targets.map(|dst| (dst, Role::Target));
    source.into_iter().map(|src| (src, Role::Source)).chain(targets)
}

/// How far an alert alone speaks against a host, 0 to 1; what somebody called a false alarm does
/// not at all.
///
/// The weights: statistics of `info` say nothing about a host; it takes many of `low` to come to
/// what one attack weighs; two `medium` attacks come near one `high`.
fn strength(alert: &Alert, role: Role, weighing: Weighing, now: Timestamp) -> f64 {
    let weight = match alert.severity {
        Severity::Info => 0.0,
        Severity::Low => 0.05,
        Severity::Medium => 0.4,
        Severity::High => 0.7,
        Severity::Critical => 0.95,
    };
    let share = match (role, stage_of(alert.detector)) {
        (Role::Source, _) => 1.0,
        (Role::Target, Some(Stage::Reconnaissance)) => LOOKED_AT_SHARE,
        (Role::Target, _) => TARGET_SHARE,
    };
    let age = now.since(alert.last).max(0) as f64;
    let half_lives = age / weighing.half_life.max(1) as f64;
    if alert.is_false_alarm() {
        return 0.0;
    }
    weight * alert.confidence.clamp(0.0, 1.0) * share * (-half_lives).exp2()
}

fn score(addr: Addr, mut pieces: Vec<Piece<'_>>, period: i64) -> HostRisk {
    let alerts = pieces.len() as u64;
    let first = pieces.iter().map(|piece| piece.alert.first).min().unwrap_or_default();
    let last = pieces.iter().map(|piece| piece.alert.last).max().unwrap_or_default();
    pieces.sort_by(stronger);
    let counted = once_per_period(pieces, period);
    let of = |role: Role| counted.iter().filter(move |piece| piece.role == role);
    HostRisk {
        addr,
        score: together(counted.iter()),
        as_source: together(of(Role::Source)),
        as_target: together(of(Role::Target)),
        alerts,
        first,
        last,
        why: counted.iter().take(WHY_MAX).map(contribution).collect(),
    }
}

fn stronger(a: &Piece<'_>, b: &Piece<'_>) -> Ordering {
    b.p.total_cmp(&a.p)
        .then(a.role.cmp(&b.role))
        .then_with(|| (a.alert.first, &a.alert.id).cmp(&(b.alert.first, &b.alert.id)))
}

/// Of one detector in one role the strongest pieces that lie a period apart.
fn once_per_period(pieces: Vec<Piece<'_>>, period: i64) -> Vec<Piece<'_>> {
    let mut counted: BTreeMap<(&str, Role), Vec<Timestamp>> = BTreeMap::new();
    let mut kept = Vec::new();
    for piece in pieces.into_iter().filter(|piece| piece.p > 0.0) {
        let times = counted.entry((piece.alert.detector, piece.role)).or_default();
        let at = piece.alert.last;
        let near = |time: &Timestamp| at.since(*time).saturating_abs() < period;
        // A score does not change any more behind this many pieces of one kind.
        if times.len() < 32 && !times.iter().any(near) {
            times.push(at);
            kept.push(piece);
        }
    }
    kept
}

/// Independent pieces of evidence together, 0 to 100.
fn together<'p, 'a: 'p>(pieces: impl Iterator<Item = &'p Piece<'a>>) -> f64 {
    tenth(100.0 * (1.0 - pieces.fold(1.0, |left, piece| left * (1.0 - piece.p))))
}

fn contribution(piece: &Piece<'_>) -> Contribution {
    let alert = piece.alert;
    Contribution {
        alert: alert.id.clone(),
        detector: alert.detector,
        severity: alert.severity,
        role: piece.role,
        points: tenth(100.0 * piece.p),
        title: alert.title.clone(),
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::testing::{alert, at, inside, outside, stranger};

    const DAY: i64 = 86_400;

    fn weigh(alerts: &[Alert], now: i64) -> Hosts {
        let nanos = DAY * 1_000_000_000;
        hosts(alerts, Weighing { half_life: nanos, period: nanos }, at(now))
    }

    fn of(alerts: &[Alert], now: i64, host: Addr) -> HostRisk {
        weigh(alerts, now).list.into_iter().find(|risk| risk.addr == host).unwrap()
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 0.051, "{a} is not {b}");
    }

    #[test]
    fn source_counts_in_full_and_target_by_what_was_done_to_it() {
        let scan = [alert("port-scan", outside(1), inside(9), 0)];
        let source = of(&scan, 60, outside(1));
        close(source.score, 40.0);
        close(source.as_target, 0.0);
        assert_eq!((source.why[0].role, source.why[0].detector), (Role::Source, "port-scan"));
        close(of(&scan, 60, inside(9)).score, 4.0);
        let guess = [alert("brute-force", outside(1), inside(9), 0)];
        close(of(&guess, 60, inside(9)).score, 20.0);
    }

    #[test]
    fn it_halves_in_a_half_life_and_follows_confidence() {
        let mut scan = alert("port-scan", outside(1), inside(9), 0);
        close(of(&[scan.clone()], 60 + DAY, outside(1)).score, 20.0);
        close(of(&[scan.clone()], 60 + 2 * DAY, outside(1)).score, 10.0);
        scan.confidence = 0.5;
        close(of(&[scan.clone()], 60, outside(1)).score, 20.0);
        let verdict = crate::alert::Verdict::FalseAlarm;
        scan.feedback =
            Some(crate::alert::Feedback { verdict, reason: "ours".into(), given: None });
        assert_eq!(weigh(&[scan], 60).list, []);
    }

    #[test]
    fn one_long_scan_counts_once_and_other_detectors_add_up() {
        let scans: Vec<Alert> =
            (0..200).map(|n| alert("port-scan", inside(5), inside(n), i64::from(n))).collect();
        let host = of(&scans, 300, inside(5));
        assert!(host.score < 40.1, "{host:?}");
        assert_eq!((host.alerts, host.why.len()), (200, 1));
        let mut all = scans;
        all.push(alert("brute-force", inside(5), inside(9), 240));
        close(of(&all, 300, inside(5)).score, 64.0);
        // Two days later the same scan is news again.
        all.retain(|alert| alert.detector == "port-scan");
        all.push(alert("port-scan", inside(5), inside(9), 2 * DAY));
        assert_eq!(of(&all, 2 * DAY + 60, inside(5)).why.len(), 2);
    }

    #[test]
    fn statistics_weigh_little_however_many_there_are() {
        let mut statistics: Vec<Alert> = Vec::new();
        for detector in ["traffic-spike", "rare-port", "malformed"] {
            for n in 0..50 {
                let mut one = alert(detector, inside(5), inside(9), n);
                one.severity = Severity::Low;
                statistics.push(one);
            }
        }
        let all = weigh(&statistics, 100);
        assert_eq!(all.list.len(), 1, "a statistic has no target");
        assert!(all.list[0].score < 15.0, "{:?}", all.list[0]);
        for alert in &mut statistics {
            alert.severity = Severity::Info;
        }
        assert_eq!(weigh(&statistics, 100).list, []);
    }

    #[test]
    fn forged_sources_and_far_ends_are_not_scored() {
        let mut flood = alert("ddos", outside(1), inside(9), 0);
        flood.subject.src = None;
        flood.src = vec![outside(1), outside(2)];
        flood.src_count = crate::Tally::exact(5_000);
        let beacon = alert("beacon", inside(5), outside(7), 0);
        let scored: Vec<Addr> = weigh(&[flood, beacon], 60).list.iter().map(|h| h.addr).collect();
        assert_eq!(scored, [inside(5), inside(9)]);
    }

    #[test]
    fn a_score_never_passes_100_and_the_table_is_bounded() {
        let mut alerts = Vec::new();
        for detector in ["port-scan", "host-sweep", "flood", "brute-force", "keyword", "beacon"] {
            let mut sure = alert(detector, inside(5), inside(9), 0);
            (sure.severity, sure.confidence) = (Severity::Critical, 9.0);
            alerts.push(sure);
        }
        assert!(of(&alerts, 0, inside(5)).score <= 100.0);
        let many: Vec<Alert> =
            (0..HOSTS_MAX + 7).map(|n| alert("port-scan", stranger(n), inside(9), 0)).collect();
        let all = weigh(&many, 60);
        assert_eq!((all.list.len(), all.left_out), (HOSTS_MAX, 8));
    }
}
