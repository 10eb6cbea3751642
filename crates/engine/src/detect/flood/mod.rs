//! `flood`: one source or a few against one target.
//!
//! Sorts what comes into a rate for each target and technique; the counting of one target is in
//! [`target`]. From 100 sources on it is left to `ddos`, many ports once each to `port-scan`.

mod requests;
mod target;
#[cfg(test)]
mod tests;
mod usual;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::observation::{
    AppFact, AppSeen, FirstPacket, FlowOutcome, FlowStarted, Kinds, Observation, Outcome, Seen,
    TrafficDigest,
};
use anomalyzer_wire::{Addr, Timestamp};
use requests::Requests;
use std::collections::VecDeque;
use target::{Moment, News, Target};
use usual::Memory;

/// Targets (host, port and technique) with a rate.
const TARGETS: usize = 16_384;
/// Targets under watch.
const WATCHED: usize = 1_024;
/// From this many sources within [`MANY_NANOS`] on it is a distributed attack.
const MANY_SOURCES: u64 = 100;
/// How long answers are waited for.
const GRACE_NANOS: i64 = 1_500_000_000;
/// How long more sources are waited for when there are more than a few.
const MANY_NANOS: i64 = 10_000_000_000;
/// A flood that goes on is reported again after this long.
const SETTLE_NANOS: i64 = 10_000_000_000;
/// A flood is over after this long without a packet.
const QUIET_NANOS: i64 = 600_000_000_000;
/// Bytes per frame from which UDP to changing ports counts for the host as a whole: probes of
/// scanners are shorter.
const LARGE: u64 = 450;
/// SYN packets of one flow within a second beyond what retransmission explains (RFC 6298 waits
/// a second; Windows repeats twice when refused).
const REPEATED_SYNS: u32 = 4;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "flood",
    summary: "One source or a few send a target more than it can take",
    about: include_str!("about.md"),
    advice: "Block or limit the source nearest to where it enters; if it is a machine of yours, \
             isolate it and find the program that sends.",
    severity: Severity::High,
    techniques: &["syn", "udp", "icmp", "dhcp", "http"],
    attack: &["T1498.001", "T1499"],
    sees: Kinds::FLOW_STARTED.and(Kinds::FLOW_OUTCOME).and(Kinds::TRAFFIC).and(Kinds::APP),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: TARGETS + WATCHED + requests::PAIRS + usual::TARGETS,
    build: |section, seed| Box::new(Flood::new(section, seed)),
};

const fn rate(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::PerSecond, default, min: 10.0, max: 100_000_000.0, about }
}

static SETTINGS: &[Setting] = &[
    rate(
        "syn_rate",
        100.0,
        "Attempts a second to one port of one host that do not become connections; no client \
         opens so many, and products warn between 200 and 256.",
    ),
    rate(
        "udp_rate",
        5_000.0,
        "One-way datagrams a second to one target; no product ships a number, 5,000 is above \
         voice, games and DNS of a host.",
    ),
    rate("icmp_rate", 250.0, "ICMP messages a second to one host; ntopng warns at 250."),
    rate(
        "dhcp_rate",
        50.0,
        "DISCOVER messages a second on a segment; a class-room that starts at once stays below.",
    ),
    Setting {
        key: "dhcp_clients",
        unit: Unit::Count,
        default: 100.0,
        min: 10.0,
        max: 10_000.0,
        about: "Client addresses with a DISCOVER within 10 s: half of a /24's addresses.",
    },
    rate(
        "http_rate",
        100.0,
        "HTTP requests a second from one source to one server, kept up for 3 s; a browser's page \
         load is about 100 in all.",
    ),
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    syn: u64,
    udp: u64,
    icmp: u64,
    dhcp: u64,
    dhcp_clients: u64,
    http: u64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        Self {
            syn: values.count("syn_rate"),
            udp: values.count("udp_rate"),
            icmp: values.count("icmp_rate"),
            dhcp: values.count("dhcp_rate"),
            dhcp_clients: values.count("dhcp_clients"),
            http: values.count("http_rate"),
        }
    }

    /// Packets a second that make a flood of a target.
    fn floor(&self, on: &On) -> u64 {
        match on.what {
            What::Syn => self.syn,
            What::Udp if one_way_by_design(on.port) => self.udp.saturating_mul(10),
            What::Udp => self.udp,
            What::Icmp => self.icmp,
            What::AnsweredIcmp => self.icmp.saturating_mul(4),
        }
    }
}

/// What a target is flooded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Syn,
    Udp,
    Icmp,
    AnsweredIcmp,
}

impl What {
    const ALL: [Self; 4] = [Self::Syn, Self::Udp, Self::Icmp, Self::AnsweredIcmp];

    /// Name in what is saved.
    const fn name(self) -> &'static str {
        match self {
            Self::AnsweredIcmp => "answered-icmp",
            other => other.technique(),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }

    const fn technique(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Udp => "udp",
            Self::Icmp | Self::AnsweredIcmp => "icmp",
        }
    }
}

/// A target: host, port (0 for all) and what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct On {
    dst: Addr,
    port: u16,
    what: What,
}

struct Flood {
    settings: PerHost<Settings>,
    targets: Table<On, Target>,
    /// Targets that may be or are under attack, in order of their beginning.
    watched: VecDeque<On>,
    requests: Requests,
    /// What targets usually receive.
    memory: Memory,
    /// Time of the first observation.
    begun: Option<Timestamp>,
}

impl Flood {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            targets: Table::new(TARGETS, seed, Target::outlasts),
            watched: VecDeque::new(),
            requests: Requests::new(seed),
            memory: Memory::new(seed),
            begun: None,
        }
    }

    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &flow.tuple;
        if flow.first == FirstPacket::Syn && t.dst.is_unicast() {
            let on = On { dst: t.dst, port: t.dst_port, what: What::Syn };
            let id = || crate::flow::community_id(t);
            self.attempt(on, t.src, 1, now, id, out);
        }
    }

    fn outcome(&mut self, news: &FlowOutcome) {
        if news.outcome == Outcome::Established && news.first == FirstPacket::Syn {
            let t = &news.tuple;
            let on = On { dst: t.dst, port: t.dst_port, what: What::Syn };
            if let Some(target) = self.targets.get_mut(&on) {
                target.take_back(t.src, news.started);
            }
        }
    }

    fn traffic(&mut self, second: &TrafficDigest, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &second.tuple;
        let id = || crate::flow::community_id(t);
        match t.proto {
            6 if second.syns >= REPEATED_SYNS && t.dst.is_unicast() => {
                let on = On { dst: t.dst, port: t.dst_port, what: What::Syn };
                self.attempt(on, t.src, second.syns - 1, now, id, out);
            }
            17 if !second.two_way => self.udp(second, now, out),
            1 | 58 => self.icmp(second, now, out),
            _ => {}
        }
    }

    /// One-way UDP counts for its port; large packets count for the host as well, whatever port.
    fn udp(&mut self, second: &TrafficDigest, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &second.tuple;
        let [forth, back] = second.packets;
        let (src, dst, port, n, bytes) = if forth > 0 {
            (t.src, t.dst, t.dst_port, forth, second.bytes[0])
        } else {
            (t.dst, t.src, t.src_port, back, second.bytes[1])
        };
        if !dst.is_unicast() {
            return;
        }
        let id = || crate::flow::community_id(t);
        let large = bytes >= LARGE * u64::from(n) && !one_way_by_design(port);
        let port = if large { 0 } else { port };
        self.rate(On { dst, port, what: What::Udp }, src, n, now, id, out);
    }

    fn icmp(&mut self, second: &TrafficDigest, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &second.tuple;
        let v6 = t.proto == 58;
        let ordinary = if v6 {
            t.src_port < 128 || (130..=137).contains(&t.src_port)
        } else {
            matches!(t.src_port, 3 | 4 | 5 | 9 | 10 | 11 | 12)
        };
        let [forth, back] = second.packets;
        let id = || crate::flow::community_id(t);
        if ordinary {
            return;
        }
        let (src, dst, n) =
            if forth >= back { (t.src, t.dst, forth) } else { (t.dst, t.src, back) };
        let answered = u64::from(forth.min(back)) * 2 >= u64::from(n);
        let what = if answered { What::AnsweredIcmp } else { What::Icmp };
        if dst.is_unicast() {
            self.rate(On { dst, port: 0, what }, src, n, now, id, out);
        }
    }

    fn attempt(
        &mut self,
        on: On,
        src: Addr,
        n: u32,
        now: Timestamp,
        id: impl FnOnce() -> String,
        out: &mut Reporter<'_>,
    ) {
        let settings = *self.settings.of(src);
        let (target, evicted) = self.targets.entry(on, || Target::new(self.memory.of(&on)));
        let Some(target) = target else { return };
        let at = Moment { now, since: now, floor: settings.floor(&on) };
        let news = target.attempt(src, n, at, id);
        self.after(on, news, evicted, now, out);
    }

    fn rate(
        &mut self,
        on: On,
        src: Addr,
        n: u32,
        now: Timestamp,
        id: impl FnOnce() -> String,
        out: &mut Reporter<'_>,
    ) {
        let settings = *self.settings.of(src);
        let (target, evicted) = self.targets.entry(on, || Target::new(self.memory.of(&on)));
        let Some(target) = target else { return };
        let since = super::second_start(now, self.begun);
        let at = Moment { now, since, floor: settings.floor(&on) };
        let news = target.rate(src, n, at, id);
        self.after(on, news, evicted, now, out);
    }

    fn after(
        &mut self,
        on: On,
        news: News,
        evicted: Option<(On, Target)>,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        if let Some((on, mut target)) = evicted {
            if target.attack.is_some() {
                target.report(&on, now, out);
                self.watched.retain(|o| *o != on);
            }
            if let Some(peak) = target.take_peak() {
                self.memory.learn(on, now, peak);
            }
        }
        if news == News::Resumes {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
        if news == News::Begins {
            if self.watched.len() >= WATCHED
                && let Some(oldest) = self.watched.pop_front()
                && let Some(target) = self.targets.get_mut(&oldest)
            {
                target.report(&oldest, now, out);
                target.attack = None;
            }
            self.watched.push_back(on);
            out.wake_at(now.plus_nanos(GRACE_NANOS));
        }
    }

    fn app(&mut self, seen: &AppSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let settings = *self.settings.of(seen.tuple.src);
        match &seen.fact {
            AppFact::Dhcp(message) if message.op == 1 && message.message_type == 1 => {
                self.requests.discover(&seen.tuple, message.client_mac, &settings, now, out);
            }
            AppFact::HttpRequest(_) if seen.by_originator => {
                self.requests.http(&seen.tuple, &settings, now, out);
            }
            _ => {}
        }
    }

    /// Learns the peaks of the hour that began at `start`.
    fn learn(&mut self, start: Timestamp) {
        for (on, target) in self.targets.iter_mut() {
            if let Some(peak) = target.take_peak() {
                self.memory.learn(*on, start, peak);
                target.usual = self.memory.of(on);
            }
        }
    }

    fn tend(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        let mut next = self.requests.tend(now, end, out);
        for _ in 0..self.watched.len() {
            let Some(on) = self.watched.pop_front() else { break };
            let Some(target) = self.targets.get_mut(&on) else { continue };
            if let Some(time) = target.tend(&on, now, end, out) {
                next = Some(next.map_or(time, |n| n.min(time)));
                self.watched.push_back(on);
            }
        }
        if let Some(time) = next {
            out.wake_at(time);
        }
    }
}

impl Detector for Flood {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        self.begun.get_or_insert(seen.time);
        if let Some(hour) = self.memory.clock.turns(seen.time) {
            self.learn(hour.start);
        }
        match &seen.what {
            Observation::FlowStarted(flow) => self.started(flow, seen.time, out),
            Observation::FlowOutcome(news) => self.outcome(news),
            Observation::Traffic(second) => self.traffic(second, seen.time, out),
            Observation::App(app) => self.app(app, seen.time, out),
            _ => {}
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.tend(now, false, out);
    }

    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.tend(now, true, out);
        let hour = self.memory.clock.last_hour();
        self.learn(hour.start);
    }

    fn entries(&self) -> usize {
        self.targets.len() + self.watched.len() + self.requests.len() + self.memory.len()
    }

    fn evictions(&self) -> u64 {
        self.targets.evictions() + self.requests.evictions() + self.memory.evictions()
    }

    fn save(&self) -> Option<serde_json::Value> {
        self.memory.save()
    }

    fn restore(&mut self, saved: &serde_json::Value) -> Result<(), String> {
        self.memory.restore(saved)
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// Ports of protocols whose senders expect no answer: syslog, SNMP traps, NetFlow, IPFIX, sFlow,
/// collectd, statsd, Graylog.
const fn one_way_by_design(port: u16) -> bool {
    matches!(port, 514 | 162 | 2055 | 4739 | 6343 | 8125 | 9995 | 9996 | 12_201 | 25_826)
}
