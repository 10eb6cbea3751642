//! Scans of one host that are shared out among many sources, each too small to be told apart.
//!
//! Keeps the ports of a host that failed, whoever tried them. Sources with a scan of their own are
//! left to [`super::pair`]; what they knocked at before they were recognised counts here too, so
//! the sources must be many and none may hold most of the ports.

use super::pair::{Hosts, Kind, Probe};
use super::{GRACE_NANOS, SETTLE_NANOS, SPEC, Settings};
use crate::count::{Distinct, PortSet, Recent, Table};
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Hosts watched.
pub(super) const VICTIMS: usize = 1_024;
/// Failed ports remembered of a host; the threshold goes up to this.
const REMEMBERED: usize = 64;
/// Sources that make it a shared scan: below that each is judged alone.
const SOURCES_MIN: usize = 5;
/// Sources counted exactly.
const SOURCES_EXACT: usize = 1_024;
/// Sources named in a finding.
const NAMED: usize = 20;

/// A failed port and who tried it first; two of one port are the same.
#[derive(Clone, Copy, Debug)]
struct Knock {
    port: u16,
    src: Addr,
}

impl PartialEq for Knock {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
    }
}

/// Hosts by what many sources did to their ports.
pub(super) struct Spread {
    victims: Table<Addr, Victim>,
}

#[derive(Debug, Default)]
struct Victim {
    failing: Recent<Knock, REMEMBERED>,
    /// When the verdict on `scan` is due: late answers may come until then.
    due: Option<Timestamp>,
    scan: Option<Box<Scan>>,
}

/// A scan, from the moment it may be one.
#[derive(Debug)]
struct Scan {
    ports: PortSet,
    sources: Distinct,
    named: Vec<Addr>,
    probes: u64,
    first: Timestamp,
    last: Timestamp,
    told_probes: u64,
    /// Failed ports and their sources when it was recognised.
    crossed: (usize, usize),
}

impl Spread {
    pub(super) fn new(seed: u64) -> Self {
        Self { victims: Table::new(VICTIMS, seed, |v: &Victim| v.failing.len() >= SOURCES_MIN) }
    }

    pub(super) fn len(&self) -> usize {
        self.victims.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.victims.evictions()
    }

    /// Counts a TCP probe by a source without a scan of its own.
    pub(super) fn probe(
        &mut self,
        hosts: Hosts,
        probe: Probe,
        settings: &Settings,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        if probe.kind == Kind::Udp {
            return;
        }
        let (Some(victim), _) = self.victims.entry(hosts.dst, Victim::default) else { return };
        let knock = Knock { port: probe.port, src: hosts.src };
        let judged = victim.due.is_none();
        if let Some(scan) = &mut victim.scan {
            scan.add(knock, now);
            if judged {
                scan.grown(hosts.dst, settings, now, out);
                return;
            }
        }
        let new = victim.failing.touch(knock, now);
        if new
            && judged
            && let Some(crossed) = victim.crossed(settings, now, 0)
        {
            let due = now.plus_nanos(GRACE_NANOS);
            victim.due = Some(due);
            victim.scan = Some(Box::new(Scan::new(&victim.failing, crossed)));
            out.wake_at(due);
        }
    }

    /// A port of the host turned out to answer.
    pub(super) fn works(&mut self, host: Addr, port: u16) {
        if let Some(victim) = self.victims.get_mut(&host) {
            victim.failing.remove(Knock { port, src: host });
        }
    }

    /// Gives verdicts that are due, tells of what has grown, forgets what is over. Asks to be
    /// woken for the rest.
    pub(super) fn tend(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        end: bool,
        out: &mut Reporter<'_>,
    ) {
        for (host, victim) in self.victims.iter_mut() {
            if let Some(due) = victim.due {
                if now < due && !end {
                    out.wake_at(due);
                    continue;
                }
                victim.due = None;
                let slack = now.since(due).max(0).saturating_add(GRACE_NANOS);
                if victim.crossed(settings, now, slack).is_none() {
                    victim.scan = None;
                }
            }
            let Some(scan) = &mut victim.scan else { continue };
            let settle = scan.last.plus_nanos(SETTLE_NANOS);
            if scan.told_probes == 0 || end || now >= settle {
                scan.report(*host, settings, out);
            }
            let over = scan.last.plus_nanos(settings.quiet);
            if now >= over {
                *victim = Victim::default();
            } else {
                out.wake_at(if scan.untold() { settle } else { over });
            }
        }
    }
}

impl Victim {
    /// Failed ports and sources, when there are enough of both and no source holds most ports.
    fn crossed(&self, settings: &Settings, now: Timestamp, slack: i64) -> Option<(usize, usize)> {
        let (least, window) = settings.spread;
        if self.failing.len() < least {
            return None;
        }
        let recent = self.failing.within(now, window.saturating_add(slack));
        let mut sources: Vec<Addr> = recent.map(|(knock, _)| knock.src).collect();
        let ports = sources.len();
        sources.sort_unstable();
        let shares = || sources.chunk_by(|a, b| a == b).map(<[Addr]>::len);
        let (count, largest) = (shares().count(), shares().max().unwrap_or(0));
        (ports >= least && count >= SOURCES_MIN && largest * 2 <= ports).then_some((ports, count))
    }
}

impl Scan {
    fn new(failing: &Recent<Knock, REMEMBERED>, crossed: (usize, usize)) -> Self {
        let mut scan = Self {
            ports: PortSet::default(),
            sources: Distinct::new(SOURCES_EXACT),
            named: Vec::new(),
            probes: 0,
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            told_probes: 0,
            crossed,
        };
        for (knock, time) in failing.iter() {
            scan.add(*knock, *time);
        }
        scan
    }

    fn add(&mut self, knock: Knock, now: Timestamp) {
        self.probes += 1;
        self.ports.insert(knock.port);
        if self.sources.insert(knock.src.to_bits()) && self.named.len() < NAMED {
            self.named.push(knock.src);
        }
        self.first = self.first.min(now);
        self.last = self.last.max(now);
    }

    /// Tells of the scan when it has doubled; asks to be woken behind its first news.
    fn grown(&mut self, host: Addr, settings: &Settings, now: Timestamp, out: &mut Reporter<'_>) {
        if self.probes >= self.told_probes.saturating_mul(2) {
            self.report(host, settings, out);
        } else if self.probes == self.told_probes + 1 {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
    }

    fn untold(&self) -> bool {
        self.probes > self.told_probes
    }

    fn report(&mut self, host: Addr, settings: &Settings, out: &mut Reporter<'_>) {
        if self.untold() {
            self.told_probes = self.probes;
            out.report(self.finding(host, settings));
        }
    }

    fn finding(&self, host: Addr, settings: &Settings) -> Finding {
        let sources = self.sources.tally();
        let ports = self.ports.len() as u64;
        let (least, window) = settings.spread;
        let window_s = window as f64 / 1e9;
        Finding {
            detector: SPEC.id,
            technique: "distributed".to_owned(),
            subject: Subject {
                dst: Some(host),
                other: "distributed".to_owned(),
                ..Subject::default()
            },
            severity: None,
            confidence: 0.8,
            title: format!(
                "Port scan of {host}, shared by {}",
                text::counted(sources.value, "source")
            ),
            explanation: format!(
                "{} together tried {} of {host} that did not work, each too few to be a scanner \
                 alone ({}). A host that nobody scans sees fewer than {least} such ports in {}.",
                text::counted(sources.value, "source"),
                text::counted(ports, "port"),
                text::addresses(&self.named, sources.value),
                text::duration(window_s),
            ),
            src: self.named.clone(),
            src_count: sources,
            dst: vec![host],
            dst_count: Tally::exact(1),
            dst_ports: self.ports.first(50),
            dst_port_count: Tally::exact(ports),
            first: self.first,
            last: self.last,
            count: self.probes,
            evidence: vec![
                Evidence::exceeded("distinct_ports", self.crossed.0 as f64, least as f64, window_s),
                Evidence::exceeded("sources", self.crossed.1 as f64, SOURCES_MIN as f64, window_s),
            ],
            flows: Vec::new(),
        }
    }
}
