//! `host-sweep`: one source, many hosts.
//!
//! Decides what an attempt is, for each technique, and when it is taken back; the counting of one
//! source is in [`source`]. Many ports of one host are left to `port-scan`.

mod routers;
mod source;
#[cfg(test)]
mod tests;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::flow::FlowRecord;
use crate::observation::{
    AppFact, AppSeen, ArpSeen, FirstPacket, FlowOutcome, FlowStarted, Kinds, Observation, Outcome,
    Seen, TrafficDigest,
};
use anomalyzer_wire::{Addr, Timestamp};
use routers::Routers;
use source::{Moment, Source, Target};
use std::collections::VecDeque;

/// Sources with attempts that have not succeeded, each technique apart.
const SOURCES: usize = 8_192;
/// Sources with a sweep going on.
const SWEEPS: usize = 1_024;
/// Hosts of a sweep counted exactly, for the first few sweeps and for those beyond.
const EXACT: usize = 65_536;
const EXACT_LATER: usize = 1_024;
const EXACT_SWEEPS: usize = 16;
/// How long a verdict waits for answers.
const GRACE_NANOS: i64 = 3_000_000_000;
/// A growing sweep is reported again after this long without a new attempt.
const SETTLE_NANOS: i64 = 10_000_000_000;
/// QUIC clients fill their first datagram to at least this (RFC 9000 section 14.1).
const QUIC_INITIAL: u32 = 1_200;
/// Type of a reverse look-up (RFC 1035 section 3.2.2).
const PTR: u16 = 12;
/// How much more a router may ask by ARP than a host.
const ROUTER_FACTOR: usize = 10;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "host-sweep",
    summary: "One source tries many hosts and gets nowhere with most",
    about: include_str!("about.md"),
    advice: "If the source is inside and no scanner of your own, isolate it and look for malware; \
             if it is outside, block it at the border.",
    severity: Severity::Medium,
    techniques: &["tcp", "udp", "icmp", "arp", "dns"],
    attack: &["T1018", "T1046"],
    sees: Kinds::FLOW_STARTED
        .and(Kinds::FLOW_OUTCOME)
        .and(Kinds::FLOW_ENDED)
        .and(Kinds::TRAFFIC)
        .and(Kinds::ARP)
        .and(Kinds::APP),
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: SOURCES + SWEEPS + routers::MACS,
    build: |section, seed| Box::new(HostSweep::new(section, seed)),
};

const fn hosts(key: &'static str, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Count, default: 25.0, min: 3.0, max: 64.0, about }
}

const fn window(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Seconds, default, min: 1.0, max: 86_400.0, about }
}

static SETTINGS: &[Setting] = &[
    hosts("hosts", "Hosts on one TCP port within `window` that make a sweep; Zeek uses 25."),
    hosts("hosts_udp", "Hosts on one UDP port within `window` that make a sweep; as for TCP."),
    window("window", 300.0, "The window for TCP and UDP; Zeek uses 5 min."),
    Setting {
        key: "hosts_few_ports",
        unit: Unit::Count,
        default: 50.0,
        min: 3.0,
        max: 64.0,
        about: "Hosts over at most 8 ports within `window` that make a sweep: twice the number \
                for one port, because peer-to-peer programs use as many ports as hosts.",
    },
    hosts("hosts_icmp", "Silent hosts within `window_icmp`; Zeek's and Slips' notices come at 25."),
    window("window_icmp", 60.0, "The window for ICMP: one ping a second finds 25 hosts in it."),
    hosts(
        "hosts_arp",
        "Silent addresses asked for by ARP within `window_arp`; Slips notes 5 as weak evidence, \
         25 is what no start of a host needs.",
    ),
    window("window_arp", 30.0, "The window for ARP; Slips uses 30 s."),
    hosts(
        "hosts_dns",
        "Addresses without a name asked for by reverse look-up within `window_dns`; Slips uses 10 \
         in 2 s, and 25 as for the other techniques.",
    ),
    window("window_dns", 60.0, "The window for reverse look-ups; as for ICMP."),
    Setting {
        key: "hosts_long",
        unit: Unit::Count,
        default: 50.0,
        min: 3.0,
        max: 64.0,
        about: "Hosts on one TCP port within `window_long` that make a patient sweep: twice the \
                number of the fast one, because more goes wrong in a day than in 5 min.",
    },
    window(
        "window_long",
        86_400.0,
        "The window for patient TCP sweeps: one host every 28 min is found within a day.",
    ),
    window("quiet", 600.0, "A sweep is over after this long without an attempt."),
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    /// Hosts and window in nanoseconds by technique.
    limits: [(usize, i64); 5],
    few_ports: usize,
    /// Hosts and window of a patient sweep over TCP.
    long: (usize, i64),
    quiet: i64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        let count = |key| usize::try_from(values.count(key)).unwrap_or(usize::MAX);
        let window = values.nanos("window");
        Self {
            limits: [
                (count("hosts"), window),
                (count("hosts_udp"), window),
                (count("hosts_icmp"), values.nanos("window_icmp")),
                (count("hosts_arp"), values.nanos("window_arp")),
                (count("hosts_dns"), values.nanos("window_dns")),
            ],
            long: (count("hosts_long"), values.nanos("window_long")),
            few_ports: count("hosts_few_ports"),
            quiet: values.nanos("quiet"),
        }
    }

    fn limit(&self, technique: Technique) -> (usize, i64) {
        self.limits.get(technique as usize).copied().unwrap_or((usize::MAX, 0))
    }
}

/// Techniques, in the order of [`Settings::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Technique {
    Tcp,
    Udp,
    Icmp,
    Arp,
    /// Reverse look-ups of addresses.
    Dns,
}

/// A source and one of its techniques.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Who {
    src: Addr,
    technique: Technique,
}

struct HostSweep {
    settings: PerHost<Settings>,
    sources: Table<Who, Source>,
    /// Sources with a sweep, confirmed or waiting for the verdict, in order of their beginning.
    sweeps: VecDeque<Who>,
    routers: Routers,
}

impl HostSweep {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            sources: Table::new(SOURCES, seed, Source::outlasts),
            sweeps: VecDeque::new(),
            routers: Routers::new(seed),
        }
    }

    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        if let Some(mac) = flow.src_mac {
            let sender = if flow.by_originator { flow.tuple.src } else { flow.tuple.dst };
            self.routers.sends(mac, sender);
        }
        let t = &flow.tuple;
        let (technique, port) = match flow.first {
            FirstPacket::Syn | FirstPacket::Fin | FirstPacket::Null | FirstPacket::Xmas => {
                (Technique::Tcp, t.dst_port)
            }
            FirstPacket::Udp if is_udp_attempt(flow) => (Technique::Udp, t.dst_port),
            FirstPacket::Icmp { kind, .. } if is_icmp_request(kind, t.src.is_v4()) => {
                (Technique::Icmp, 0)
            }
            _ => return,
        };
        if !flow.by_originator || !t.src.is_unicast() || !t.dst.is_unicast() || t.src == t.dst {
            return;
        }
        let id = || crate::flow::community_id(t);
        self.attempt(Who { src: t.src, technique }, Target { dst: t.dst, port }, id, now, out);
    }

    fn arp(&mut self, seen: &ArpSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let arp = &seen.arp;
        if !arp.sender_ip.is_unspecified() {
            self.routers.asks(arp.sender_mac, arp.sender_ip);
        }
        let target = Target { dst: arp.target_ip, port: 0 };
        match arp.operation {
            1 if arp.sender_ip != arp.target_ip && arp.target_ip.is_unicast() => {
                let who = Who { src: arp.sender_ip, technique: Technique::Arp };
                if self.routers.is_router(arp.sender_mac)
                    && let Some(source) = self.sources.get_mut(&who)
                {
                    source.routes = true;
                }
                self.attempt(who, target, String::new, now, out);
            }
            2 => {
                let who = Who { src: arp.target_ip, technique: Technique::Arp };
                self.worked(who, Target { dst: arp.sender_ip, port: 0 }, now);
            }
            _ => {}
        }
    }

    /// Who looks up the names of many addresses that have none looks for hosts without touching
    /// them.
    fn lookup(&mut self, app: &AppSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let AppFact::Dns(dns) = &app.fact else { return };
        let Some(question) = dns.questions.first().filter(|q| q.qtype == PTR) else { return };
        let Some(dst) = question.name.reverse_address() else { return };
        let t = &app.tuple;
        let target = Target { dst, port: 0 };
        let client = if dns.response == app.by_originator { t.dst } else { t.src };
        let who = Who { src: client, technique: Technique::Dns };
        if !client.is_unicast() || t.dst.is_multicast() {
            return;
        }
        if !dns.response {
            self.attempt(who, target, || crate::flow::community_id(t), now, out);
        } else if !dns.answers.is_empty() {
            self.worked(who, target, now);
        }
    }

    fn attempt(
        &mut self,
        who: Who,
        target: Target,
        id: impl FnOnce() -> String,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        let settings = *self.settings.of(who.src);
        let at = Moment { now, end: false, settings: &settings };
        let (source, evicted) = self.sources.entry(who, Source::default);
        let Some(source) = source else { return };
        let grown = source.attempt(who, target, id, at);
        if grown && source.sweep.is_none() && source.crossed(who, at, 0).is_some() {
            let exact = if self.sweeps.len() < EXACT_SWEEPS { EXACT } else { EXACT_LATER };
            source.begin(now, exact);
            self.watch(who, now, out);
        } else if source.sweep.as_ref().is_some_and(|s| s.doubled()) {
            source.report(who, out);
        } else if source.sweep.as_ref().is_some_and(|s| s.resumed()) {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
        if let Some((who, mut source)) = evicted.filter(|(_, s)| s.sweep.is_some()) {
            source.report(who, out);
            self.sweeps.retain(|w| *w != who);
        }
    }

    /// Keeps an eye on a sweep that may have begun.
    fn watch(&mut self, who: Who, now: Timestamp, out: &mut Reporter<'_>) {
        if self.sweeps.len() >= SWEEPS
            && let Some(oldest) = self.sweeps.pop_front()
            && let Some(source) = self.sources.get_mut(&oldest)
        {
            source.report(oldest, out);
            source.sweep = None;
        }
        self.sweeps.push_back(who);
        out.wake_at(now.plus_nanos(GRACE_NANOS));
    }

    fn worked(&mut self, who: Who, target: Target, now: Timestamp) {
        let (_, window) = self.settings.of(who.src).limit(who.technique);
        if let Some(source) = self.sources.get_mut(&who) {
            source.worked(target, now, window);
        }
    }

    fn outcome(&mut self, news: &FlowOutcome, now: Timestamp) {
        if !matches!(news.outcome, Outcome::Answered | Outcome::Talking) {
            return;
        }
        let t = &news.tuple;
        if t.proto == 6 && news.outcome == Outcome::Answered {
            // Good only when something is said; a sweep of open ports leaves at once.
            let who = Who { src: t.src, technique: Technique::Tcp };
            if let Some(source) = self.sources.get_mut(&who) {
                source.answered(Target { dst: t.dst, port: t.dst_port });
            }
            return;
        }
        let (technique, port) = match t.proto {
            6 => (Technique::Tcp, t.dst_port),
            17 => (Technique::Udp, t.dst_port),
            1 | 58 => (Technique::Icmp, 0),
            _ => return,
        };
        self.worked(Who { src: t.src, technique }, Target { dst: t.dst, port }, now);
    }

    /// A connection that ended without a byte was an attempt after all; with bytes of one side
    /// only, such as a file transfer's, it was good.
    fn ended(&mut self, record: &FlowRecord, now: Timestamp) {
        let t = &record.tuple;
        if t.proto != 6 || record.resp.packets == 0 {
            return;
        }
        let who = Who { src: t.src, technique: Technique::Tcp };
        let target = Target { dst: t.dst, port: t.dst_port };
        if record.orig.payload + record.resp.payload > 0 {
            self.worked(who, target, now);
        } else if let Some(source) = self.sources.get_mut(&who) {
            source.silent_end(target, now);
        }
    }

    /// A client whose connection goes on although no answer is seen: only one side is captured.
    fn traffic(&mut self, second: &TrafficDigest, now: Timestamp) {
        let t = &second.tuple;
        let [sent, _] = second.packets;
        let goes_on = match t.proto {
            6 => {
                second.syns == 0 && sent > second.rsts[0] && second.bytes[0] > 100 * u64::from(sent)
            }
            17 => sent >= 10,
            _ => false,
        };
        if goes_on && !second.two_way {
            let technique = if t.proto == 6 { Technique::Tcp } else { Technique::Udp };
            self.worked(
                Who { src: t.src, technique },
                Target { dst: t.dst, port: t.dst_port },
                now,
            );
        }
    }

    /// Judges, reports and forgets sweeps; asks to be woken for the next.
    fn tend(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        let mut next: Option<Timestamp> = None;
        for _ in 0..self.sweeps.len() {
            let Some(who) = self.sweeps.pop_front() else { break };
            let settings = *self.settings.of(who.src);
            let Some(source) = self.sources.get_mut(&who) else { continue };
            if let Some(time) = source.tend(who, Moment { now, end, settings: &settings }, out) {
                next = Some(next.map_or(time, |n| n.min(time)));
                self.sweeps.push_back(who);
            }
        }
        if let Some(time) = next {
            out.wake_at(time);
        }
    }
}

impl Detector for HostSweep {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        match &seen.what {
            Observation::FlowStarted(flow) => self.started(flow, seen.time, out),
            Observation::FlowOutcome(news) => self.outcome(news, seen.time),
            Observation::FlowEnded(record) => self.ended(record, seen.time),
            Observation::Traffic(second) => self.traffic(second, seen.time),
            Observation::Arp(arp) => self.arp(arp, seen.time, out),
            Observation::App(app) => self.lookup(app, seen.time, out),
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
        self.sources.len() + self.sweeps.len() + self.routers.len()
    }

    fn evictions(&self) -> u64 {
        self.sources.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// UDP that asks: not an answer from a service port, not a QUIC connection attempt.
fn is_udp_attempt(flow: &FlowStarted) -> bool {
    let t = &flow.tuple;
    let quic = matches!(t.dst_port, 80 | 443) && flow.payload_len >= QUIC_INITIAL;
    t.dst_port != 0 && !quic
}

/// Echo, timestamp and address mask requests (RFC 792, RFC 950, RFC 4443).
const fn is_icmp_request(kind: u8, v4: bool) -> bool {
    if v4 { matches!(kind, 8 | 13 | 17) } else { kind == 128 }
}
