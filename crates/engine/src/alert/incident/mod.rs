//! Incidents: alerts that belong together, told as one story.
//!
//! An attacker that sweeps, scans, guesses passwords and carries data out sets off several
//! detectors. Each alert stays what it is; an incident says which alerts are steps of one attack,
//! in which order, and why they are held to be. It is made from the list of alerts alone, whenever
//! somebody reads: the order in which alerts came about and the way they grew do not matter.
//!
//! Alerts of at least `medium` severity join when
//! - they have the same source and no more than [`Joining::gap`] lies between them;
//! - the victim of an attack becomes the source of one (a hand-over): a hypothesis, and told so;
//! - a host that was attacked calls its attacker back: a hypothesis, too.
//!
//! Of `low` alerts only those of command and control and of exfiltration join, and only to a source
//! with an alert above: an upload that proves nothing alone is the last step of an attack when its
//! host has scanned and guessed before. What somebody called a false alarm joins nothing.
//! Statistics never join; those of the same hosts and time are counted as context. An alert that
//! joins with no other is no incident.

mod join;
mod story;
mod verdict;

use super::{Alert, Severity, Stage};
use anomalyzer_wire::{Addr, Timestamp};
use std::collections::BTreeSet;

/// Most incidents; of more, those of the highest severity are kept, then the earliest. As many as
/// an operator would read in a week at one in ten minutes.
pub const INCIDENTS_MAX: usize = 1_000;
/// Most steps in a story; see [`Incident::steps_left_out`]. Enough for every detector and
/// technique to have its step.
pub const STEPS_MAX: usize = 50;
/// Most addresses of each side.
const ADDRESSES: usize = 20;

/// How alerts are joined.
#[derive(Clone, Copy, Debug)]
pub struct Joining {
    /// Longest time between two alerts of one attack, in nanoseconds of packet time.
    pub gap: i64,
}

/// Incidents, and what did not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incidents {
    /// The incidents, ordered by first time, then id.
    pub list: Vec<Incident>,
    /// Incidents beyond [`INCIDENTS_MAX`].
    pub left_out: u64,
    /// Steps beyond [`STEPS_MAX`], over all incidents.
    pub steps_left_out: u64,
}

/// Several alerts that are steps of one attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Derived from the id of its earliest alert, so it is stable while the incident grows.
    pub id: String,
    /// At least that of its worst alert, raised by the stages seen together.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Why these alerts are one incident, and why it has its severity.
    pub explanation: String,
    /// What to do.
    pub advice: &'static str,
    /// Sources of its alerts in the order in which they acted, at most 20.
    pub attackers: Vec<Addr>,
    /// All of them.
    pub attacker_count: u64,
    /// Hosts that were attacked or are controlled, in order, at most 20.
    pub victims: Vec<Addr>,
    /// At least so many: an alert counts all its victims but lists only some.
    pub victim_count: u64,
    /// Packet time of its first observation.
    pub first: Timestamp,
    /// Packet time of its last one.
    pub last: Timestamp,
    /// Stages in the order of their first steps.
    pub stages: Vec<Stage>,
    /// The alerts in time order, at most [`STEPS_MAX`].
    pub story: Vec<Step>,
    /// All alerts that belong to it.
    pub alerts: u64,
    /// Alerts that the story has no room for: repeated ones of the same detector go first.
    pub steps_left_out: u64,
    /// Statistics of the same hosts and time: detector id and how many alerts.
    pub context: Vec<(&'static str, u64)>,
}

/// One alert in an incident's story.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Id of the alert.
    pub alert: String,
    /// Its first packet time.
    pub first: Timestamp,
    /// Its last one.
    pub last: Timestamp,
    /// Its detector.
    pub detector: &'static str,
    /// Its technique.
    pub technique: String,
    /// The stage that it stands for.
    pub stage: Option<Stage>,
    /// Its severity.
    pub severity: Severity,
    /// Its title.
    pub title: String,
    /// Why it belongs to the incident.
    pub link: Link,
}

/// Why an alert belongs to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is the first one.
    Begins,
    /// It has the same source as an earlier one.
    SameSource(Addr),
    /// Its source was attacked before by `by`, and may be under its control.
    HandOver {
        /// The attacked host that acts now.
        host: Addr,
        /// Who attacked it.
        by: Addr,
        /// Id of the alert that tells of the attack.
        alert: String,
    },
    /// Its source, which was attacked before, opened connections to its attacker.
    CallsBack {
        /// The attacked host.
        host: Addr,
        /// Who attacked it.
        by: Addr,
        /// Id of the alert that tells of the attack.
        alert: String,
    },
}

impl Link {
    /// Name as in records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::SameSource(_) => "same-source",
            Self::HandOver { .. } => "hand-over",
            Self::CallsBack { .. } => "calls-back",
        }
    }

    /// The assumption behind the link, in a sentence; `None` where nothing is assumed.
    pub fn hypothesis(&self) -> Option<String> {
        match self {
            Self::Begins | Self::SameSource(_) => None,
            Self::HandOver { host, by, .. } => {
                Some(format!("{host} was attacked by {by} before and may have been taken over."))
            }
            Self::CallsBack { host, by, .. } => Some(format!(
                "{host} was attacked by {by} before and now talks to it: it may have been taken \
                 over."
            )),
        }
    }
}

/// Joins alerts to incidents. `alerts` are ordered by first time, then id; `site` tells which
/// addresses belong to the site.
pub fn incidents(alerts: &[Alert], joining: Joining, site: &dyn Fn(Addr) -> bool) -> Incidents {
    let strong: BTreeSet<Addr> =
        alerts.iter().filter(|alert| is_claim(alert)).filter_map(actor).collect();
    let belongs = |alert: &&Alert| {
        let follows = || is_weak_step(alert) && actor(alert).is_some_and(|a| strong.contains(&a));
        is_claim(alert) || follows()
    };
    let claims: Vec<Claim<'_>> =
        alerts.iter().filter(belongs).map(|alert| Claim::new(alert, site)).collect();
    let is_incident = |group: &&Vec<join::Member>| {
        let claim = |at: usize| claims.get(at).is_some_and(|claim| is_claim(claim.alert));
        group.len() > 1 && group.iter().any(|(at, _)| claim(*at))
    };
    let mut all: Vec<Incident> = join::groups(&claims, joining.gap, site)
        .iter()
        .filter(is_incident)
        .map(|group| story::tell(&claims, group))
        .collect();
    all.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| (a.first, &a.id).cmp(&(b.first, &b.id)))
    });
    let left_out = all.len().saturating_sub(INCIDENTS_MAX) as u64;
    all.truncate(INCIDENTS_MAX);
    all.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
    story::context(&mut all, alerts);
    let steps_left_out = all.iter().map(|incident| incident.steps_left_out).sum();
    Incidents { list: all, left_out, steps_left_out }
}

/// True when the alert claims an attack, and nobody has said that it is none.
fn is_claim(alert: &Alert) -> bool {
    alert.severity >= Severity::Medium && !alert.is_false_alarm()
}

/// True for what is too weak to claim an attack alone, but means one when its source is known to
/// attack: an upload or a rhythm of connections.
fn is_weak_step(alert: &Alert) -> bool {
    alert.severity == Severity::Low
        && !alert.is_false_alarm()
        && super::stage_of(alert.detector).is_some_and(Stage::by_victim)
}

/// An alert that claims an attack, or follows one, and who acts in it.
struct Claim<'a> {
    alert: &'a Alert,
    actor: Option<Addr>,
    stage: Option<Stage>,
}

impl<'a> Claim<'a> {
    fn new(alert: &'a Alert, site: &dyn Fn(Addr) -> bool) -> Self {
        let actor = actor(alert);
        // A host on the Internet that answers to a list or sends in time is nobody's victim here.
        let stage = super::stage_of(alert.detector)
            .filter(|stage| !stage.by_victim() || actor.is_some_and(site));
        Self { alert, actor, stage }
    }

    fn attacks(&self, host: Addr) -> bool {
        !self.stage.is_some_and(Stage::by_victim) && self.alert.dst.contains(&host)
    }
}

/// The one host that an alert holds to be the source. An attack with many sources has none:
/// they may be forged.
pub(super) fn actor(alert: &Alert) -> Option<Addr> {
    match alert.src.as_slice() {
        [src] if alert.src_count.value <= 1 => Some(*src),
        // What an alert is about need not be its source: a host that a listed address contacts.
        all => alert.subject.src.filter(|about| all.is_empty() || all.contains(about)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
