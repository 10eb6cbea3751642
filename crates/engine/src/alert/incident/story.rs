//! An incident's story: its steps in time order, its hosts, its words.

use super::join::Member;
use super::{ADDRESSES, Claim, Incident, Link, STEPS_MAX, Stage, Step, actor, verdict};
use crate::alert::{Alert, REOPEN_GAP_NANOS, Severity};
use crate::text::{addresses, counted, duration, hex};
use anomalyzer_wire::{Addr, Timestamp};
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, BTreeSet};

/// The stages that count for the severity: one that only weak alerts show counts behind an attempt
/// to get in, since scanners that also upload are common, guessers that do are not.
fn weighed(members: &[(&Claim<'_>, &Link)], stages: &[Stage]) -> Vec<Stage> {
    let shown = |stage: Stage| {
        let mut strong =
            members.iter().filter(|(claim, _)| claim.alert.severity >= Severity::Medium);
        strong.any(|(claim, _)| claim.stage == Some(stage))
    };
    let counts = |stage: &Stage| shown(*stage) || shown(Stage::Access);
    stages.iter().copied().filter(counts).collect()
}

/// Tells the story of a group of claims.
pub(super) fn tell(claims: &[Claim<'_>], group: &[Member]) -> Incident {
    let members: Vec<(&Claim<'_>, &Link)> =
        group.iter().filter_map(|(at, link)| Some((claims.get(*at)?, link))).collect();
    let alerts = || members.iter().map(|(claim, _)| claim.alert);
    let first = alerts().map(|alert| alert.first).min().unwrap_or_default();
    let last = alerts().map(|alert| alert.last).max().unwrap_or_default();
    let worst = alerts().map(|alert| alert.severity).max().unwrap_or(Severity::Medium);
    let mut stages: Vec<Stage> = Vec::new();
    for stage in members.iter().filter_map(|(claim, _)| claim.stage) {
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    let (severity, raised) = verdict::verdict(worst, &weighed(&members, &stages));
    let hosts = Hosts::of(&members);
    let story = steps(&members);
    Incident {
        id: id(alerts().next().map_or("", |alert| &alert.id)),
        severity,
        title: title(&hosts, &stages, members.len()),
        explanation: explanation(&members, &hosts, (first, last), raised),
        advice: verdict::advice(&stages),
        attacker_count: hosts.attackers.len() as u64,
        attackers: hosts.attackers.iter().copied().take(ADDRESSES).collect(),
        victim_count: hosts.victim_count,
        victims: hosts.victims.iter().copied().take(ADDRESSES).collect(),
        first,
        last,
        stages,
        alerts: members.len() as u64,
        steps_left_out: (members.len() - story.len()) as u64,
        story,
        context: Vec::new(),
    }
}

/// The hosts of an incident in the order in which they appear.
struct Hosts {
    attackers: Vec<Addr>,
    victims: Vec<Addr>,
    victim_count: u64,
}

impl Hosts {
    fn of(members: &[(&Claim<'_>, &Link)]) -> Self {
        let (mut attackers, mut victims) = (Vec::new(), Vec::new());
        let mut known = (BTreeSet::new(), BTreeSet::new());
        let mut most = 0;
        for (claim, _) in members {
            if let Some(actor) = claim.actor
                && known.0.insert(actor)
            {
                attackers.push(actor);
            }
            let suffers = if claim.stage.is_some_and(Stage::by_victim) {
                claim.actor.as_slice()
            } else {
                most = most.max(claim.alert.dst_count.value);
                claim.alert.dst.as_slice()
            };
            for victim in suffers {
                if known.1.insert(*victim) {
                    victims.push(*victim);
                }
            }
        }
        let victim_count = most.max(victims.len() as u64);
        Self { attackers, victims, victim_count }
    }
}

/// At most [`STEPS_MAX`] steps: the first ones of each detector and technique before its second
/// ones, what is linked by a hypothesis before what is not, severe ones before others.
fn steps(members: &[(&Claim<'_>, &Link)]) -> Vec<Step> {
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut ranked: Vec<(u32, usize)> = Vec::with_capacity(members.len());
    for (at, (claim, link)) in members.iter().enumerate() {
        let nth = seen.entry((claim.alert.detector, &claim.alert.technique)).or_insert(0);
        let rank = if link.hypothesis().is_some() { 0 } else { *nth };
        ranked.push((rank, at));
        *nth = nth.saturating_add(1);
    }
    ranked.sort_by_key(|(rank, at)| {
        let severity = members.get(*at).map(|(claim, _)| claim.alert.severity);
        (*rank, std::cmp::Reverse(severity), *at)
    });
    ranked.truncate(STEPS_MAX);
    ranked.sort_by_key(|(_, at)| *at);
    ranked
        .into_iter()
        .filter_map(|(_, at)| members.get(at).map(|(claim, link)| step(claim, link)))
        .collect()
}

fn step(claim: &Claim<'_>, link: &Link) -> Step {
    let alert = claim.alert;
    Step {
        alert: alert.id.clone(),
        first: alert.first,
        last: alert.last,
        detector: alert.detector,
        technique: alert.technique.clone(),
        stage: claim.stage,
        severity: alert.severity,
        title: alert.title.clone(),
        link: link.clone(),
    }
}

/// `192.0.2.7 and 10.0.0.5: reconnaissance, access, exfiltration in 4 alerts`.
fn title(hosts: &Hosts, stages: &[Stage], alerts: usize) -> String {
    let who = match hosts.attackers.as_slice() {
        [one, then] => format!("{one}, then {then}"),
        many => addresses(many, many.len() as u64),
    };
    let stages: Vec<&str> = stages.iter().map(|stage| stage.name()).collect();
    let what = if stages.is_empty() { "alerts of one source".into() } else { stages.join(", ") };
    format!("{who}: {what} in {}", counted(alerts as u64, "alert"))
}

fn explanation(
    members: &[(&Claim<'_>, &Link)],
    hosts: &Hosts,
    (first, last): (Timestamp, Timestamp),
    raised: Option<String>,
) -> String {
    let span = duration(last.since(first).max(0) as f64 / 1e9);
    let count = counted(members.len() as u64, "alert");
    let who = addresses(&hosts.attackers, hosts.attackers.len() as u64);
    let mut text = match hosts.attackers.len() {
        1 => format!("{count} within {span} have the same source, {who}."),
        n => format!("{count} within {span} hang together; their {n} sources are {who}."),
    };
    let assumed = members.iter().filter_map(|(_, link)| link.hypothesis());
    for sentence in assumed.take(3) {
        text = format!("{text} {sentence}");
    }
    if let Some(raised) = raised {
        text = format!("{text} {raised}");
    }
    text
}

/// 16 hex digits of SHA-1 over a word and the id of the earliest alert.
fn id(alert: &str) -> String {
    let mut hash = Sha1::new();
    hash.update("incident");
    hash.update(alert);
    let digest: [u8; 20] = hash.finalize().into();
    hex(digest.get(..8).unwrap_or_default())
}

/// Counts the statistics that have the hosts and the time of an incident: each with the earliest
/// incident that it fits.
pub(super) fn context(incidents: &mut [Incident], alerts: &[Alert]) {
    let mut by_host: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
    for (at, incident) in incidents.iter().enumerate() {
        for host in incident.attackers.iter().chain(&incident.victims) {
            by_host.entry(*host).or_default().push(at);
        }
    }
    for alert in alerts.iter().filter(|alert| alert.severity < Severity::Medium) {
        let host = actor(alert).or(alert.subject.dst);
        let Some(places) = host.and_then(|host| by_host.get(&host)) else { continue };
        let fits = places.iter().copied().filter(|at| {
            incidents.get(*at).is_some_and(|incident| {
                alert.first.since(incident.last) <= REOPEN_GAP_NANOS
                    && incident.first.since(alert.last) <= REOPEN_GAP_NANOS
            })
        });
        if let Some(incident) = fits.min().and_then(|at| incidents.get_mut(at)) {
            count(&mut incident.context, alert.detector);
        }
    }
}

fn count(counts: &mut Vec<(&'static str, u64)>, detector: &'static str) {
    match counts.binary_search_by_key(&detector, |(id, _)| *id) {
        Ok(at) => counts.get_mut(at).into_iter().for_each(|(_, n)| *n += 1),
        Err(at) => counts.insert(at, (detector, 1)),
    }
}
