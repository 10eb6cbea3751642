//! What models say about flows, added up by host: one odd flow says nothing, many of one source do.

use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{FlowRecord, community_id};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};
use std::collections::BTreeSet;

/// Hosts that are followed.
pub(super) const HOSTS: usize = 8_192;
/// Destinations and flows named for one host.
const LISTED: usize = 20;
/// Ports named for one host.
const PORTS_LISTED: usize = 50;

/// When the flows of a source are worth an alert.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Window in nanoseconds of packet time.
    pub(super) window: i64,
    /// Suspicious flows of one source within the window.
    pub(super) flows: u64,
    /// Share of suspicious flows among those of the source that were scored.
    pub(super) share: f64,
}

/// One suspicious flow.
pub(super) struct Suspect<'a> {
    pub(super) record: &'a FlowRecord,
    /// Probability, or how odd it is; 0 to 1.
    pub(super) score: f32,
    /// What speaks for it, asked for only when it is the worst flow of its source so far.
    pub(super) reasons: &'a dyn Fn() -> Vec<String>,
}

/// The sources of scored flows.
pub(super) struct Sources {
    hosts: Table<Addr, Host>,
}

struct Host {
    began: Timestamp,
    last: Timestamp,
    scored: u64,
    suspicious: u64,
    /// Suspicious flows at which it is told of next.
    next: u64,
    worst: f32,
    reasons: Vec<String>,
    dst: BTreeSet<Addr>,
    ports: BTreeSet<u16>,
    flows: Vec<String>,
    first: Timestamp,
}

impl Host {
    fn new(now: Timestamp) -> Self {
        Self {
            began: now,
            last: now,
            scored: 0,
            suspicious: 0,
            next: 0,
            worst: 0.0,
            reasons: Vec::new(),
            dst: BTreeSet::new(),
            ports: BTreeSet::new(),
            flows: Vec::new(),
            first: now,
        }
    }

    fn suspect(&mut self, suspect: &Suspect<'_>) {
        let record = suspect.record;
        if self.suspicious == 0 {
            self.first = record.first;
        }
        self.suspicious += 1;
        self.first = self.first.min(record.first);
        self.last = self.last.max(record.last);
        if self.dst.len() < LISTED {
            self.dst.insert(record.tuple.dst);
        }
        let has_ports = matches!(record.tuple.proto, 6 | 17 | 132 | 136);
        if has_ports && self.ports.len() < PORTS_LISTED {
            self.ports.insert(record.tuple.dst_port);
        }
        if self.flows.len() < LISTED {
            self.flows.push(community_id(&record.tuple));
        }
        if suspect.score > self.worst || self.reasons.is_empty() {
            self.worst = suspect.score.max(self.worst);
            self.reasons = (suspect.reasons)();
        }
    }
}

impl Sources {
    /// No sources yet.
    pub(super) fn new(seed: u64) -> Self {
        Self { hosts: Table::new(HOSTS, seed, |host: &Host| host.suspicious > 0) }
    }

    /// Takes a scored flow; the finding when its source is worth one now.
    pub(super) fn flow(
        &mut self,
        now: Timestamp,
        rule: Rule,
        words: Words<'_>,
        src: Addr,
        suspect: Option<&Suspect<'_>>,
    ) -> Option<Finding> {
        let (host, _) = self.hosts.entry(src, || Host::new(now));
        let host = host?;
        if now.since(host.began) > rule.window {
            *host = Host::new(now);
        }
        host.scored += 1;
        host.suspect(suspect?);
        let share = host.suspicious as f64 / host.scored as f64;
        if host.suspicious < rule.flows.max(host.next) || share < rule.share {
            return None;
        }
        // Told again when it has grown by a quarter: the alert grows, and no flood of findings.
        host.next = host.suspicious + host.suspicious / 4 + 1;
        Some(finding(rule, words, src, host))
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.hosts.evictions()
    }
}

/// How a detector speaks of suspicious flows.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) detector: &'static str,
    /// Id of the model.
    pub(super) model: &'a str,
    /// The score from which a flow is suspicious.
    pub(super) threshold: f32,
    /// Of what such a flow is, such as `like attacks`.
    pub(super) like: &'static str,
    /// One sentence on what the model is.
    pub(super) meaning: &'static str,
    pub(super) attack: f64,
}

fn finding(rule: Rule, words: Words<'_>, src: Addr, host: &Host) -> Finding {
    let window_s = rule.window as f64 / 1e9;
    let flows = text::counted(host.suspicious, "flow");
    let named = host.reasons.join("; ");
    let reasons =
        if named.is_empty() { String::new() } else { format!(" The strongest of them: {named}.") };
    Finding {
        detector: words.detector,
        technique: words.model.to_owned(),
        subject: Subject { src: Some(src), ..Subject::default() },
        severity: None,
        confidence: words.attack,
        title: format!("{flows} of {src} look {}", words.like),
        explanation: format!(
            "Within {}, {} of {} finished two-way flows of this host scored {:.2} or more ({} and \
             {:.0} % of them are needed for an alert). {}{reasons}",
            text::duration(window_s),
            host.suspicious,
            text::thousands(host.scored),
            words.threshold,
            rule.flows,
            rule.share * 100.0,
            words.meaning,
        ),
        src: vec![src],
        src_count: Tally::exact(1),
        dst: host.dst.iter().copied().collect(),
        dst_count: Tally { value: host.dst.len() as u64, estimated: host.dst.len() >= LISTED },
        dst_ports: host.ports.iter().copied().collect(),
        dst_port_count: Tally {
            value: host.ports.len() as u64,
            estimated: host.ports.len() >= PORTS_LISTED,
        },
        first: host.first,
        last: host.last,
        count: host.suspicious,
        evidence: vec![
            Evidence::exceeded(
                "suspicious_flows",
                host.suspicious as f64,
                rule.flows as f64,
                window_s,
            ),
            Evidence::exceeded(
                "suspicious_share",
                host.suspicious as f64 / host.scored as f64,
                rule.share,
                window_s,
            ),
            Evidence::exceeded(
                "score_max",
                f64::from(host.worst),
                f64::from(words.threshold),
                window_s,
            ),
        ],
        flows: host.flows.clone(),
    }
}
