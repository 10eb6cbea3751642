//! Folding: an incident takes in the statistics that it explains.
//!
//! A flood is also a spike of the total, of its source and of its port, and its source is also a
//! noisy host. The operator wants one alert, so statistics at `info` or `low` that overlap a
//! `medium` incident in time and share an address (or, for totals and ports, the traffic) with it
//! are counted inside that incident. So are scans that are the many ports of a distributed flood,
//! and the answers to a flood that look like one the other way. This happens when the book is read, so the order in which
//! findings came in does not matter.

use super::Severity;
use super::incident::Incident;
use anomalyzer_wire::Addr;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Detectors whose low alerts are statistics that an incident may explain.
const STATISTICS: [&str; 4] = ["traffic-spike", "noisy-host", "rare-port", "malformed"];
/// Detectors whose incidents move enough packets to explain a spike of the total.
const VOLUME: [&str; 4] = ["flood", "ddos", "port-scan", "host-sweep"];
/// Statistics are counted by whole seconds, so two seconds between them still touch.
const SLACK_NANOS: i64 = 2_000_000_000;

/// An incident that stands alone with what it explains: detector ids and how many alerts.
type Standing<'a> = (&'a Incident, Vec<(&'static str, u64)>);

/// Gives every incident that stands alone, with the statistics folded into it.
pub(super) fn fold<'a>(incidents: &[&'a Incident]) -> Vec<Standing<'a>> {
    let index = Index::new(incidents);
    let mut folded: BTreeMap<usize, Vec<(&'static str, u64)>> = BTreeMap::new();
    let mut standing = Vec::with_capacity(incidents.len());
    for (at, incident) in incidents.iter().enumerate() {
        match index.explanation(incident) {
            Some(by) => count(folded.entry(by).or_default(), incident.detector()),
            None => standing.push(at),
        }
    }
    standing
        .into_iter()
        .filter_map(|at| incidents.get(at).map(|i| (*i, folded.remove(&at).unwrap_or_default())))
        .collect()
}

fn count(folded: &mut Vec<(&'static str, u64)>, detector: &'static str) {
    match folded.binary_search_by_key(&detector, |(id, _)| *id) {
        Ok(at) => {
            if let Some((_, n)) = folded.get_mut(at) {
                *n += 1;
            }
        }
        Err(at) => folded.insert(at, (detector, 1)),
    }
}

/// Incidents that can explain others, by the addresses they name.
struct Index<'a> {
    incidents: &'a [&'a Incident],
    by_addr: BTreeMap<Addr, Vec<usize>>,
    volume: Vec<usize>,
}

impl<'a> Index<'a> {
    fn new(incidents: &'a [&'a Incident]) -> Self {
        let mut by_addr: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
        let mut volume = Vec::new();
        for (at, incident) in incidents.iter().enumerate() {
            if incident.severity() < Severity::Medium {
                continue;
            }
            for addr in addresses(incident) {
                by_addr.entry(addr).or_default().push(at);
            }
            if VOLUME.contains(&incident.detector()) {
                volume.push(at);
            }
        }
        Self { incidents, by_addr, volume }
    }

    /// The incident that explains another one: the most severe, then the earliest.
    fn explanation(&self, incident: &Incident) -> Option<usize> {
        match incident.detector() {
            "port-scan" => return self.storm(incident),
            "flood" => return self.mirror(incident),
            _ => {}
        }
        if incident.severity() >= Severity::Medium || !STATISTICS.contains(&incident.detector()) {
            return None;
        }
        let subject = &incident.finding().subject;
        let candidates: Vec<usize> = if subject.src.is_some() || subject.dst.is_some() {
            let named = [subject.src, subject.dst].into_iter().flatten();
            named.filter_map(|a| self.by_addr.get(&a)).flatten().copied().collect()
        } else {
            self.volume.clone()
        };
        candidates
            .into_iter()
            .filter_map(|at| self.incidents.get(at).map(|by| (at, *by)))
            .filter(|(_, by)| overlaps(incident, by) && carries_port(by, subject.port))
            .min_by_key(|(_, by)| (Reverse(by.severity()), by.span().0, by.id().to_owned()))
            .map(|(at, _)| at)
    }

    /// A distributed flood over many ports looks like a scan by each of its sources: the one
    /// incident is the attack on the victim.
    fn storm(&self, scan: &Incident) -> Option<usize> {
        let victim = scan.finding().subject.dst?;
        self.first_of(victim, scan, |by| {
            by.detector() == "ddos" && by.finding().subject.dst == Some(victim)
        })
    }

    /// The answers to a flood are a flood of the attacker by the victim: the larger one stands.
    fn mirror(&self, answers: &Incident) -> Option<usize> {
        let own = answers.finding();
        let ([src], [dst]) = (own.src.as_slice(), own.dst.as_slice()) else { return None };
        self.first_of(*dst, answers, |by| {
            let other = by.finding();
            by.detector() == "flood"
                && other.src.contains(dst)
                && other.dst.contains(src)
                && other.count > own.count
        })
    }

    /// The earliest incident that names `addr`, overlaps in time and passes the test.
    fn first_of(
        &self,
        addr: Addr,
        incident: &Incident,
        test: impl Fn(&Incident) -> bool,
    ) -> Option<usize> {
        let candidates = self.by_addr.get(&addr)?.iter().copied();
        candidates
            .filter_map(|at| self.incidents.get(at).map(|by| (at, *by)))
            .filter(|(_, by)| overlaps(incident, by) && test(by))
            .min_by_key(|(_, by)| (by.span().0, by.id().to_owned()))
            .map(|(at, _)| at)
    }
}

/// Every address that an incident names, once.
fn addresses(incident: &Incident) -> Vec<Addr> {
    let finding = incident.finding();
    let subject = [finding.subject.src, finding.subject.dst].into_iter().flatten();
    let mut all: Vec<Addr> =
        finding.src.iter().chain(&finding.dst).copied().chain(subject).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn overlaps(a: &Incident, b: &Incident) -> bool {
    let ((a_first, a_last), (b_first, b_last)) = (a.span(), b.span());
    a_first.since(b_last) <= SLACK_NANOS && b_first.since(a_last) <= SLACK_NANOS
}

/// True when the incident's traffic went to the port, as far as its list of ports tells.
fn carries_port(incident: &Incident, port: Option<u16>) -> bool {
    let finding = incident.finding();
    let Some(port) = port else { return true };
    let all_listed = finding.dst_port_count.value <= finding.dst_ports.len() as u64;
    finding.dst_ports.contains(&port) || !all_listed
}
