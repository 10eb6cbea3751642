//! `port-scan`: one source, many ports of one host.
//!
//! Keeps the ports that failed for each pair of hosts. What a probe is, and when attempts are
//! taken back, is decided here; the counting of one pair is in [`pair`]. Many hosts on one port
//! are left to `host-sweep`.

mod pair;
mod spread;
#[cfg(test)]
mod tests;
mod wide;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::flow::FlowRecord;
use crate::observation::{
    FirstPacket, FlowOutcome, FlowStarted, IcmpError, Kinds, Observation, Outcome, Seen,
    TrafficDigest,
};
use anomalyzer_wire::{Addr, Timestamp};
use pair::{Hosts, Kind, Moment, Pair, Probe};
use spread::Spread;
use std::collections::VecDeque;
use wide::Wide;

/// Pairs of hosts with a failed attempt.
const PAIRS: usize = 16_384;
/// Pairs in which a scan is going on.
const SCANS: usize = 1_024;
/// Sources with a confirmed scan.
const SOURCES: usize = 256;
/// How long a verdict waits for answers.
const GRACE_NANOS: i64 = 2_000_000_000;
/// A growing scan is reported again after this long without a new probe.
const SETTLE_NANOS: i64 = 10_000_000_000;
/// A UDP datagram with more payload than this is no probe: nmap's longest is below it.
const PROBE_PAYLOAD: u32 = 400;
/// A one-way UDP flow with this many packets in a second is a stream, not a probe.
const STREAM_PACKETS: u32 = 10;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "port-scan",
    summary: "One source tries many ports of one host",
    about: include_str!("about.md"),
    advice: "If this is not your own scanner, block the source at the border, or isolate it when \
             it is inside, and look at what the open ports answered.",
    severity: Severity::Medium,
    techniques: &["syn", "connect", "fin", "null", "xmas", "ack", "udp", "mixed", "distributed"],
    attack: &["T1046"],
    sees: Kinds::FLOW_STARTED
        .and(Kinds::FLOW_OUTCOME)
        .and(Kinds::FLOW_ENDED)
        .and(Kinds::TRAFFIC)
        .and(Kinds::ICMP_ERROR),
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: PAIRS + SCANS + SOURCES + spread::VICTIMS,
    build: |section, seed| Box::new(PortScan::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "ports",
        unit: Unit::Count,
        default: 15.0,
        min: 3.0,
        max: 64.0,
        about: "Failed ports of one host within `window` that make a scan; Zeek and CrowdSec \
                use 15.",
    },
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 60.0,
        min: 1.0,
        max: 3_600.0,
        about: "The fast window; 60 s is the commonest in documented rules (Suricata, Snort 3, \
                Elastic).",
    },
    Setting {
        key: "ports_slow",
        unit: Unit::Count,
        default: 50.0,
        min: 3.0,
        max: 64.0,
        about: "Failed ports of one host within `window_slow` that make a scan; five failing \
                ports a minute is beyond what retries explain.",
    },
    Setting {
        key: "window_slow",
        unit: Unit::Seconds,
        default: 600.0,
        min: 1.0,
        max: 86_400.0,
        about: "The slow window; Snort 3's most sensitive preset also looks at 600 s.",
    },
    Setting {
        key: "ports_long",
        unit: Unit::Count,
        default: 30.0,
        min: 3.0,
        max: 64.0,
        about: "Failed TCP ports of one host within `window_long` that make a scan when failures \
                also outnumber successes (sequential test, Jung et al. 2004).",
    },
    Setting {
        key: "window_long",
        unit: Unit::Seconds,
        default: 604_800.0,
        min: 60.0,
        max: 2_592_000.0,
        about: "The long window for patient scanners: a sequential test needs none, so this only \
                bounds how old evidence may be; 7 days find one port every 5 h.",
    },
    Setting {
        key: "ports_spread",
        unit: Unit::Count,
        default: 50.0,
        min: 10.0,
        max: 64.0,
        about: "Failed TCP ports of one host within `window_slow`, tried by at least 5 sources of \
                which none has a scan of its own, that make a distributed scan; as `ports_slow`.",
    },
    Setting {
        key: "quiet",
        unit: Unit::Seconds,
        default: 600.0,
        min: 10.0,
        max: 86_400.0,
        about: "A scan is over after this long without a probe; a later one is counted anew.",
    },
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    /// (ports, window in nanoseconds), fast and slow.
    windows: [(usize, i64); 2],
    long: (usize, i64),
    /// Ports and window of a scan that many sources share.
    spread: (usize, i64),
    quiet: i64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        let ports = |key| usize::try_from(values.count(key)).unwrap_or(usize::MAX);
        Self {
            windows: [
                (ports("ports"), values.nanos("window")),
                (ports("ports_slow"), values.nanos("window_slow")),
            ],
            long: (ports("ports_long"), values.nanos("window_long")),
            spread: (ports("ports_spread"), values.nanos("window_slow")),
            quiet: values.nanos("quiet"),
        }
    }

    /// The fast window: ports and seconds.
    fn fast(&self) -> (usize, f64) {
        let [(ports, window), _] = self.windows;
        (ports, window as f64 / 1e9)
    }
}

struct PortScan {
    settings: PerHost<Settings>,
    pairs: Table<Hosts, Pair>,
    /// Pairs with a scan, confirmed or waiting for the verdict, in order of their beginning.
    scans: VecDeque<Hosts>,
    sources: Table<Addr, Wide>,
    spread: Spread,
}

impl PortScan {
    fn new(section: &Section, seed: u64) -> Self {
        let keep = |pair: &Pair| pair.outlasts();
        Self {
            settings: section.resolve(Settings::from),
            pairs: Table::new(PAIRS, seed, keep),
            scans: VecDeque::new(),
            sources: Table::new(SOURCES, seed, |_| false),
            spread: Spread::new(seed),
        }
    }

    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let Some((hosts, probe)) = probe_of(flow) else { return };
        let settings = *self.settings.of(hosts.src);
        let (pair, evicted) = self.pairs.entry(hosts, Pair::default);
        let Some(pair) = pair else { return };
        let grown = pair.probe(probe, &flow.tuple, now);
        if pair.scan.is_none() {
            self.spread.probe(hosts, probe, self.settings.of(hosts.dst), now, out);
        }
        if grown && pair.scan.is_none() && pair.crosses(&settings, now) {
            pair.begin(now, &flow.tuple);
            self.watch(hosts, now, out);
        } else if pair.scan.as_ref().is_some_and(|s| s.doubled()) {
            pair.report(hosts, &settings, &mut self.sources, out);
        } else if pair.scan.as_ref().is_some_and(|s| s.resumed()) {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
        if let Some((hosts, mut pair)) = evicted.filter(|(_, p)| p.scan.is_some()) {
            let settings = *self.settings.of(hosts.src);
            pair.report(hosts, &settings, &mut self.sources, out);
            pair.close(hosts, &mut self.sources);
            self.scans.retain(|h| *h != hosts);
        }
    }

    /// Keeps an eye on a scan that may have begun.
    fn watch(&mut self, hosts: Hosts, now: Timestamp, out: &mut Reporter<'_>) {
        if self.scans.len() >= SCANS
            && let Some(oldest) = self.scans.pop_front()
        {
            let settings = *self.settings.of(oldest.src);
            if let Some(pair) = self.pairs.get_mut(&oldest) {
                pair.report(oldest, &settings, &mut self.sources, out);
                pair.close(oldest, &mut self.sources);
            }
        }
        self.scans.push_back(hosts);
        out.wake_at(now.plus_nanos(GRACE_NANOS));
    }

    fn outcome(&mut self, news: &FlowOutcome) {
        let t = &news.tuple;
        let hosts = Hosts { src: t.src, dst: t.dst };
        if matches!(news.outcome, Outcome::Answered | Outcome::Talking) {
            self.spread.works(t.dst, t.dst_port);
        }
        let Some(pair) = self.pairs.get_mut(&hosts) else {
            return self.outcome_turned(news);
        };
        match news.outcome {
            Outcome::Answered | Outcome::Talking => pair.works(t.dst_port, news.outcome),
            Outcome::Established => pair.established = pair.established.saturating_add(1),
            Outcome::Refused => pair.failed(true),
            Outcome::Unreachable { .. } => pair.failed(false),
        }
    }

    /// A flow without handshake may have been turned round by its ports.
    fn outcome_turned(&mut self, news: &FlowOutcome) {
        let t = &news.tuple;
        let midstream = matches!(news.first, FirstPacket::Ack | FirstPacket::FinAck);
        if midstream && matches!(news.outcome, Outcome::Answered | Outcome::Talking) {
            self.take_back(Hosts { src: t.dst, dst: t.src }, t.src_port);
        }
    }

    /// A connection that ended without a byte was a probe after all.
    fn ended(&mut self, record: &FlowRecord, now: Timestamp) {
        let t = &record.tuple;
        if t.proto != 6 || record.orig.payload + record.resp.payload > 0 {
            return;
        }
        if let Some(pair) = self.pairs.get_mut(&Hosts { src: t.src, dst: t.dst }) {
            pair.silent_end(t.dst_port, now);
        }
    }

    /// Streams, and connections of which only one side is seen, are no probes.
    fn traffic(&mut self, second: &TrafficDigest) {
        let t = &second.tuple;
        let [sent, _] = second.packets;
        let goes_on = match t.proto {
            17 => sent >= STREAM_PACKETS,
            6 => {
                second.syns == 0 && sent > second.rsts[0] && second.bytes[0] > 100 * u64::from(sent)
            }
            _ => false,
        };
        if goes_on && !second.two_way {
            self.take_back(Hosts { src: t.src, dst: t.dst }, t.dst_port);
        }
    }

    /// A packet that ran out of hops belongs to a traceroute.
    fn icmp_error(&mut self, error: &IcmpError) {
        let time_exceeded = if error.v6 { 3 } else { 11 };
        if error.kind == time_exceeded {
            let q = &error.quoted;
            self.take_back(Hosts { src: q.src, dst: q.dst }, q.dst_port);
        }
    }

    fn take_back(&mut self, hosts: Hosts, port: u16) {
        self.spread.works(hosts.dst, port);
        if let Some(pair) = self.pairs.get_mut(&hosts) {
            pair.works(port, Outcome::Talking);
        }
    }

    /// Judges, reports and forgets scans; asks to be woken for the next.
    fn tend(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        let mut next: Option<Timestamp> = None;
        for _ in 0..self.scans.len() {
            let Some(hosts) = self.scans.pop_front() else { break };
            let settings = *self.settings.of(hosts.src);
            let at = Moment { now, end, settings: &settings };
            let Some(pair) = self.pairs.get_mut(&hosts) else { continue };
            if let Some(time) = pair.tend(hosts, at, &mut self.sources, out) {
                next = Some(next.map_or(time, |n| n.min(time)));
                self.scans.push_back(hosts);
            }
        }
        if let Some(time) = next {
            out.wake_at(time);
        }
        self.spread.tend(self.settings.all(), now, end, out);
    }
}

impl Detector for PortScan {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        match &seen.what {
            Observation::FlowStarted(flow) => self.started(flow, seen.time, out),
            Observation::FlowOutcome(news) => self.outcome(news),
            Observation::FlowEnded(record) => self.ended(record, seen.time),
            Observation::Traffic(second) => self.traffic(second),
            Observation::IcmpError(error) => self.icmp_error(error),
            _ => {}
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.tend(now, false, out);
    }

    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.tend(now, true, out);
    }

    fn entries(&self) -> usize {
        self.pairs.len() + self.scans.len() + self.sources.len() + self.spread.len()
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions() + self.sources.evictions() + self.spread.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// The probe that a flow's first packet may be, and who sent it to whom.
fn probe_of(flow: &FlowStarted) -> Option<(Hosts, Probe)> {
    let t = &flow.tuple;
    let (src, from, dst, to) = if flow.by_originator {
        (t.src, t.src_port, t.dst, t.dst_port)
    } else {
        (t.dst, t.dst_port, t.src, t.src_port)
    };
    let kind = match flow.first {
        FirstPacket::Syn => Kind::Syn,
        FirstPacket::Fin => Kind::Fin,
        FirstPacket::Null => Kind::Null,
        FirstPacket::Xmas => Kind::Xmas,
        FirstPacket::Ack if may_probe_midstream(from, to) => Kind::Ack,
        FirstPacket::FinAck if may_probe_midstream(from, to) => Kind::Fin,
        FirstPacket::Udp if is_udp_probe(flow, from, to) => Kind::Udp,
        _ => return None,
    };
    let usable = src.is_unicast() && dst.is_unicast() && src != dst;
    usable.then_some((Hosts { src, dst }, Probe { port: to, kind }))
}

/// False for what a server's side of an old connection looks like: from a service port, or from
/// any fixed lower port, to an ephemeral one (RFC 6056 and Linux begin at 32,768).
fn may_probe_midstream(from: u16, to: u16) -> bool {
    from >= 1_024 && (from >= 32_768 || to < 32_768)
}

fn is_udp_probe(flow: &FlowStarted, from: u16, to: u16) -> bool {
    let answer = !flow.by_originator || (from < 1_024 && to >= 1_024);
    let traceroute = (33_434..=33_625).contains(&to) && flow.ttl <= 32;
    !answer && !traceroute && flow.payload_len <= PROBE_PAYLOAD && to != 0
}
