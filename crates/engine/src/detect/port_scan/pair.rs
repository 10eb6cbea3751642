//! What one host did to the ports of another.

use super::wide::Wide;
use super::{GRACE_NANOS, SETTLE_NANOS, SPEC, Settings};
use crate::alert::Severity;
use crate::count::{PortSet, Recent, Table, Trw, Verdict};
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::FiveTuple;
use crate::observation::Outcome;
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Failed ports remembered of a pair before a scan is recognised; thresholds go up to this.
const REMEMBERED: usize = 64;
/// Flows named in a finding.
const FLOWS: usize = 20;

/// Scanner and scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hosts {
    pub(super) src: Addr,
    pub(super) dst: Addr,
}

/// Kinds of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Syn,
    Fin,
    Null,
    Xmas,
    Ack,
    Udp,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Syn, "syn"),
    (Kind::Fin, "fin"),
    (Kind::Null, "null"),
    (Kind::Xmas, "xmas"),
    (Kind::Ack, "ack"),
    (Kind::Udp, "udp"),
];

/// A probe; two of one port are the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) port: u16,
    pub(super) kind: Kind,
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
    }
}

/// When and by which settings a scan is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    /// The input has ended: nothing more is to be waited for.
    pub(super) end: bool,
    pub(super) settings: &'a Settings,
}

/// One host's failed attempts at another.
#[derive(Clone, Debug, Default)]
pub(super) struct Pair {
    failing: Recent<Probe, REMEMBERED>,
    trw: Trw,
    answered: u32,
    pub(super) established: u32,
    pub(super) scan: Option<Box<Scan>>,
}

/// A scan, from the moment it may be one.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) ports: PortSet,
    open: PortSet,
    kinds: [u64; KINDS.len()],
    refused: u64,
    unreachable: u64,
    probes: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    began: Timestamp,
    pub(super) flows: Vec<String>,
    /// Threshold and window that were crossed; set by the verdict.
    confirmed: Option<(usize, i64)>,
    /// Joined to the common alert of its source.
    joined: bool,
    reported_ports: usize,
    reported_probes: u64,
}

impl Scan {
    /// True when it has grown to twice of what was told.
    pub(super) fn doubled(&self) -> bool {
        self.confirmed.is_some() && self.ports.len() >= self.reported_ports.saturating_mul(2)
    }

    fn add(&mut self, probe: Probe) {
        self.ports.insert(probe.port);
        self.probes += 1;
        let place = KINDS.iter().position(|(k, _)| *k == probe.kind).unwrap_or(0);
        if let Some(count) = self.kinds.get_mut(place) {
            *count += 1;
        }
    }

    fn untold(&self) -> bool {
        self.probes > self.reported_probes
    }

    /// True for the first probe behind a report.
    pub(super) fn resumed(&self) -> bool {
        self.confirmed.is_some() && self.probes == self.reported_probes + 1
    }
}

/// A scan whose ports repeat is over after this long without a new one: 1 minute.
const LULL_NANOS: i64 = 60_000_000_000;

impl Pair {
    /// True when the pair should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        self.scan.is_some() || self.failing.len() >= 3
    }

    /// Counts a probe; true when its port was not among the failing ones.
    pub(super) fn probe(&mut self, probe: Probe, tuple: &FiveTuple, now: Timestamp) -> bool {
        let new = self.failing.touch(probe, now);
        if new {
            self.trw.failure();
        }
        // The same host's ordinary failure on a known port, later on, does not prolong the scan.
        let goes_on =
            |scan: &Scan| now.since(scan.last) <= LULL_NANOS || !scan.ports.contains(probe.port);
        if let Some(scan) = self.scan.as_mut().filter(|scan| goes_on(scan)) {
            scan.add(probe);
            scan.last = now;
            if scan.flows.len() < FLOWS {
                scan.flows.push(crate::flow::community_id(tuple));
            }
        }
        new
    }

    /// An attempt turned out to be answered.
    pub(super) fn works(&mut self, port: u16, outcome: Outcome) {
        if self.failing.remove(Probe { port, kind: Kind::Syn }) {
            self.trw.take_back();
        }
        if outcome == Outcome::Answered {
            self.answered = self.answered.saturating_add(1);
            if let Some(scan) = &mut self.scan {
                scan.open.insert(port);
            }
        }
    }

    /// An attempt failed visibly.
    pub(super) fn failed(&mut self, refused: bool) {
        if let Some(scan) = &mut self.scan {
            if refused {
                scan.refused += 1;
            } else {
                scan.unreachable += 1;
            }
        }
    }

    /// A connection to `port` ended without a byte in either direction.
    pub(super) fn silent_end(&mut self, port: u16, now: Timestamp) {
        if self.failing.touch(Probe { port, kind: Kind::Syn }, now) {
            self.trw.failure();
        }
    }

    /// True when the failed ports cross one of the thresholds.
    pub(super) fn crosses(&self, settings: &Settings, now: Timestamp) -> bool {
        self.crossed(settings, now, 0).is_some()
    }

    fn crossed(&self, settings: &Settings, now: Timestamp, slack: i64) -> Option<(usize, i64)> {
        let least = settings.windows.iter().map(|w| w.0).min().unwrap_or(0).min(settings.long.0);
        if self.failing.len() < least {
            return None;
        }
        let (long_ports, long_window) = settings.long;
        for (ports, window) in settings.windows {
            if self.failing.within(now, window.saturating_add(slack)).count() >= ports {
                return Some((ports, window));
            }
        }
        let tcp = self.failing.within(now, long_window).filter(|(p, _)| p.kind != Kind::Udp);
        (tcp.count() >= long_ports && self.trw.verdict() == Verdict::Scanner)
            .then_some((long_ports, long_window))
    }

    /// Begins to count everything, because this may be a scan.
    pub(super) fn begin(&mut self, now: Timestamp, tuple: &FiveTuple) {
        let mut scan = Scan {
            ports: PortSet::default(),
            open: PortSet::default(),
            kinds: [0; KINDS.len()],
            refused: 0,
            unreachable: 0,
            probes: 0,
            first: now,
            last: now,
            began: now,
            flows: vec![crate::flow::community_id(tuple)],
            confirmed: None,
            joined: false,
            reported_ports: 0,
            reported_probes: 0,
        };
        for (probe, time) in self.failing.iter() {
            scan.add(*probe);
            scan.first = scan.first.min(*time);
        }
        self.scan = Some(Box::new(scan));
    }

    /// Judges, reports or forgets the scan; tells when to look again, `None` when it is over.
    pub(super) fn tend(
        &mut self,
        hosts: Hosts,
        at: Moment<'_>,
        wide: &mut Table<Addr, Wide>,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let began = self.scan.as_ref()?.began;
        let due = began.plus_nanos(GRACE_NANOS);
        if self.scan.as_ref()?.confirmed.is_none() {
            if at.now < due && !at.end {
                return Some(due);
            }
            let crossed = self.crossed(at.settings, at.now, at.now.since(began));
            let Some(scan) = self.scan.as_mut().filter(|_| crossed.is_some()) else {
                self.scan = None;
                return None;
            };
            scan.confirmed = crossed;
            scan.joined = wide.entry(hosts.src, Wide::default).0.is_some_and(Wide::joins);
            self.report(hosts, at.settings, wide, out);
        }
        let last = self.scan.as_ref()?.last;
        let (settle, over) = (last.plus_nanos(SETTLE_NANOS), last.plus_nanos(at.settings.quiet));
        if at.end || at.now >= settle {
            self.report(hosts, at.settings, wide, out);
        }
        if at.now >= over {
            self.close(hosts, wide);
            return None;
        }
        let untold = self.scan.as_ref().is_some_and(|s| s.untold());
        Some(if untold { settle } else { over })
    }

    /// Forgets the scan.
    pub(super) fn close(&mut self, hosts: Hosts, wide: &mut Table<Addr, Wide>) {
        let scan = self.scan.take();
        if scan.is_some_and(|s| s.confirmed.is_some() && !s.joined)
            && let Some(source) = wide.get_mut(&hosts.src)
        {
            source.left();
        }
    }

    /// Tells of the scan when there is something new to tell.
    pub(super) fn report(
        &mut self,
        hosts: Hosts,
        settings: &Settings,
        wide: &mut Table<Addr, Wide>,
        out: &mut Reporter<'_>,
    ) {
        let technique = self.technique();
        let Some(scan) = &mut self.scan else { return };
        let Some(crossed) = scan.confirmed else { return };
        if !scan.untold() {
            return;
        }
        let new_probes = scan.probes - scan.reported_probes;
        scan.reported_ports = scan.ports.len();
        scan.reported_probes = scan.probes;
        if !scan.joined {
            out.report(finding(hosts, scan, technique, crossed));
        } else if let Some(source) = wide.entry(hosts.src, Wide::default).0 {
            source.absorb(hosts, scan, new_probes);
            out.report(source.finding(hosts.src, technique, settings));
        }
    }

    fn technique(&self) -> &'static str {
        let Some(scan) = &self.scan else { return "mixed" };
        let total: u64 = scan.kinds.iter().sum();
        let main = scan.kinds.iter().zip(KINDS).find(|(n, _)| **n * 10 >= total * 9);
        match main.map(|(_, (kind, _))| kind) {
            Some(Kind::Syn) if self.established > 0 && self.established >= self.answered => {
                "connect"
            }
            Some(kind) => KINDS.iter().find(|k| k.0 == kind).map_or("mixed", |k| k.1),
            None => "mixed",
        }
    }
}

/// What became of the tries: `: 983 refused, 3 answered, the others silent`.
fn outcomes(scan: &Scan) -> String {
    let known = [
        (scan.refused, "refused"),
        (scan.unreachable, "unreachable"),
        (scan.open.len() as u64, "answered"),
    ];
    let told: Vec<String> = known
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", text::thousands(n)))
        .collect();
    if told.is_empty() {
        return ", and none answered".to_owned();
    }
    let rest = known.iter().map(|(n, _)| n).sum::<u64>() < scan.ports.len() as u64;
    format!(": {}{}", told.join(", "), if rest { ", the others silent" } else { "" })
}

fn finding(
    hosts: Hosts,
    scan: &Scan,
    technique: &str,
    (threshold, window): (usize, i64),
) -> Finding {
    let ports = scan.ports.len();
    let seconds = scan.last.since(scan.first).max(0) as f64 / 1e9;
    let explanation = format!(
        "{} tried {} of {} within {}{}. A host that behaves leaves fewer than {threshold} ports of \
         another without a working connection in {}.",
        hosts.src,
        text::counted(ports as u64, "port"),
        hosts.dst,
        text::duration(seconds),
        outcomes(scan),
        text::duration(window as f64 / 1e9),
    );
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { src: Some(hosts.src), dst: Some(hosts.dst), ..Subject::default() },
        severity: (ports >= 100).then_some(Severity::High),
        confidence: if ports >= 100 {
            0.99
        } else if ports >= 30 {
            0.95
        } else {
            0.85
        },
        title: format!("Port scan of {} by {}", hosts.dst, hosts.src),
        explanation,
        src: vec![hosts.src],
        src_count: Tally::exact(1),
        dst: vec![hosts.dst],
        dst_count: Tally::exact(1),
        dst_ports: scan.ports.first(50),
        dst_port_count: Tally::exact(ports as u64),
        first: scan.first,
        last: scan.last,
        count: scan.probes,
        evidence: vec![
            Evidence::exceeded(
                "distinct_ports",
                ports as f64,
                threshold as f64,
                window as f64 / 1e9,
            ),
            Evidence::value("refused", scan.refused as f64),
            Evidence::value("unreachable", scan.unreachable as f64),
            Evidence::value("answered", scan.open.len() as f64),
        ],
        flows: scan.flows.clone(),
    }
}
