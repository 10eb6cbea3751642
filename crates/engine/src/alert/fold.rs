//! Folding: an alert takes in the statistics that it explains.
//!
//! A flood is also a spike of the total, of its source and of its port, and its source is also a
//! noisy host. The operator wants one alert, so statistics at `info` or `low` that overlap a
//! `medium` alert in time and share an address (or, for totals and ports, the traffic) with it
//! are counted inside that alert. So are scans that are the many ports of a distributed flood,
//! and the answers to a flood that look like one the other way. This happens when the book is read,
//! so the order in which findings came in does not matter.

use super::Severity;
use super::growth::Growth;
use anomalyzer_wire::Addr;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Detectors whose low alerts are statistics that another alert may explain.
const STATISTICS: [&str; 4] = ["traffic-spike", "noisy-host", "rare-port", "malformed"];
/// Detectors whose alerts tell of enough packets to explain a spike of the total.
const VOLUME: [&str; 4] = ["flood", "ddos", "port-scan", "host-sweep"];
/// Statistics are counted by whole seconds, so two seconds between them still touch.
const SLACK_NANOS: i64 = 2_000_000_000;

/// Detector ids and how many alerts of each.
type Counts = Vec<(&'static str, u64)>;

/// An alert that stands alone with what it explains.
pub(super) struct Standing<'a> {
    pub(super) growth: &'a Growth,
    /// What was folded in.
    pub(super) folded: Counts,
    /// The latest revision of it and of what was folded in.
    pub(super) revision: u64,
}

/// Gives every alert that stands alone, with the statistics folded into it.
pub(super) fn fold<'a>(growths: &[&'a Growth]) -> Vec<Standing<'a>> {
    let index = Index::new(growths);
    let mut folded: BTreeMap<usize, (Counts, u64)> = BTreeMap::new();
    let mut standing = Vec::with_capacity(growths.len());
    for (at, growth) in growths.iter().enumerate() {
        if let Some(by) = index.explanation(growth) {
            let (counts, revision) = folded.entry(by).or_default();
            count(counts, growth.detector());
            *revision = growth.revision.max(*revision);
        } else {
            standing.push((at, *growth));
        }
    }
    let alone = standing.into_iter().map(|(at, growth)| {
        let (folded, revision) = folded.remove(&at).unwrap_or_default();
        Standing { growth, folded, revision: revision.max(growth.revision) }
    });
    alone.collect()
}

/// Gives every alert that is told within another one.
pub(super) fn folded<'a>(growths: &[&'a Growth]) -> Vec<&'a Growth> {
    let index = Index::new(growths);
    growths.iter().copied().filter(|growth| index.explanation(growth).is_some()).collect()
}

fn count(folded: &mut Counts, detector: &'static str) {
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
    growths: &'a [&'a Growth],
    by_addr: BTreeMap<Addr, Vec<usize>>,
    volume: Vec<usize>,
}

impl<'a> Index<'a> {
    fn new(growths: &'a [&'a Growth]) -> Self {
        let mut by_addr: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
        let mut volume = Vec::new();
        for (at, growth) in growths.iter().enumerate() {
            if growth.severity() < Severity::Medium {
                continue;
            }
            for addr in addresses(growth) {
                by_addr.entry(addr).or_default().push(at);
            }
            if VOLUME.contains(&growth.detector()) {
                volume.push(at);
            }
        }
        Self { growths, by_addr, volume }
    }

    /// The alert that explains another one: the most severe, then the earliest.
    fn explanation(&self, growth: &Growth) -> Option<usize> {
        match growth.detector() {
            "port-scan" => return self.storm(growth),
            "flood" => return self.mirror(growth),
            _ => {}
        }
        if growth.severity() >= Severity::Medium || !STATISTICS.contains(&growth.detector()) {
            return None;
        }
        let subject = &growth.finding().subject;
        let candidates: Vec<usize> = if subject.src.is_some() || subject.dst.is_some() {
            let named = [subject.src, subject.dst].into_iter().flatten();
            named.filter_map(|a| self.by_addr.get(&a)).flatten().copied().collect()
        } else {
            self.volume.clone()
        };
        candidates
            .into_iter()
            .filter_map(|at| self.growths.get(at).map(|by| (at, *by)))
            .filter(|(_, by)| overlaps(growth, by) && carries_port(by, subject.port))
            .min_by_key(|(_, by)| (Reverse(by.severity()), by.span().0, by.id().to_owned()))
            .map(|(at, _)| at)
    }

    /// A distributed flood over many ports looks like a scan by each of its sources: the one
    /// alert is the attack on the victim.
    fn storm(&self, scan: &Growth) -> Option<usize> {
        let victim = scan.finding().subject.dst?;
        self.first_of(victim, scan, |by| {
            by.detector() == "ddos" && by.finding().subject.dst == Some(victim)
        })
    }

    /// The answers to a flood are a flood of the attacker by the victim: the larger one stands.
    fn mirror(&self, answers: &Growth) -> Option<usize> {
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

    /// The earliest alert that names `addr`, overlaps in time and passes the test.
    fn first_of(
        &self,
        addr: Addr,
        growth: &Growth,
        test: impl Fn(&Growth) -> bool,
    ) -> Option<usize> {
        let candidates = self.by_addr.get(&addr)?.iter().copied();
        candidates
            .filter_map(|at| self.growths.get(at).map(|by| (at, *by)))
            .filter(|(_, by)| overlaps(growth, by) && test(by))
            .min_by_key(|(_, by)| (by.span().0, by.id().to_owned()))
            .map(|(at, _)| at)
    }
}

/// Every address that an alert names, once.
fn addresses(growth: &Growth) -> Vec<Addr> {
    let finding = growth.finding();
    let subject = [finding.subject.src, finding.subject.dst].into_iter().flatten();
    let mut all: Vec<Addr> =
        finding.src.iter().chain(&finding.dst).copied().chain(subject).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn overlaps(a: &Growth, b: &Growth) -> bool {
    let ((a_first, a_last), (b_first, b_last)) = (a.span(), b.span());
    a_first.since(b_last) <= SLACK_NANOS && b_first.since(a_last) <= SLACK_NANOS
}

/// True when the alert's traffic went to the port, as far as its list of ports tells.
fn carries_port(growth: &Growth, port: Option<u16>) -> bool {
    let finding = growth.finding();
    let Some(port) = port else { return true };
    let all_listed = finding.dst_port_count.value <= finding.dst_ports.len() as u64;
    finding.dst_ports.contains(&port) || !all_listed
}
