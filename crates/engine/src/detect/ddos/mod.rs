//! `ddos`: many sources, or spoofed ones, against one host.
//!
//! Sorts what comes into channels for each victim; the counting of one victim is in [`victim`].
//! Few sources are left to `flood`.

mod channel;
#[cfg(test)]
mod tests;
mod victim;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::flow::FiveTuple;
use crate::observation::{
    FirstPacket, FlowOutcome, FlowStarted, Kinds, Observation, Outcome, Seen, TrafficDigest,
};
use anomalyzer_wire::{Addr, Timestamp};
use channel::{Hit, What};
use std::collections::VecDeque;
use victim::Victim;

/// Hosts with something that may be an attack.
const VICTIMS: usize = 4_096;
/// Hosts under watch.
const WATCHED: usize = 256;
/// Sources of an attack counted exactly, for the first few attacks and for those beyond.
const EXACT: usize = 65_536;
const EXACT_LATER: usize = 2_048;
const EXACT_VICTIMS: usize = 16;
/// How long answers are waited for.
const GRACE_NANOS: i64 = 1_500_000_000;
/// Window in which sources are told apart.
const WINDOW_NANOS: i64 = 10_000_000_000;
/// An attack that goes on is reported again after this long.
const SETTLE_NANOS: i64 = 10_000_000_000;
/// An attack is over after this long without a packet.
const QUIET_NANOS: i64 = 600_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "ddos",
    summary: "Many sources, or spoofed ones, against one host",
    about: include_str!("about.md"),
    advice: "Ask the provider to filter in front of the link, by the ports and sizes named here; \
             single sources are spoofed or not worth blocking.",
    severity: Severity::High,
    techniques: &["syn", "udp", "icmp", "mixed", "reflection", "amplification"],
    attack: &["T1498.001", "T1498.002", "T1499.001"],
    sees: Kinds::FLOW_STARTED.and(Kinds::FLOW_OUTCOME).and(Kinds::TRAFFIC),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: VICTIMS + WATCHED,
    build: |section, seed| Box::new(Ddos::new(section, seed)),
};

const fn rate(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::PerSecond, default, min: 10.0, max: 100_000_000.0, about }
}

const fn count(key: &'static str, default: f64, max: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Count, default, min: 5.0, max, about }
}

static SETTINGS: &[Setting] = &[
    count(
        "sources",
        100.0,
        256.0,
        "Distinct sources within 10 s that make an attack distributed; below it is `flood`.",
    ),
    rate(
        "syn_rate",
        100.0,
        "Attempts a second on one host that do not become connections; as in `flood`.",
    ),
    rate("reflection_rate", 100.0, "Answers a second that were not asked for; as `syn_rate`."),
    rate("udp_rate", 5_000.0, "One-way datagrams a second to one host; as in `flood`."),
    rate("icmp_rate", 250.0, "Unanswered echo requests a second to one host; as in `flood`."),
    count(
        "reflectors",
        10.0,
        256.0,
        "Reflectors of large answers within 10 s: no host is sent large answers unasked by ten \
         servers.",
    ),
    count(
        "amplified_packets",
        100.0,
        1_000_000.0,
        "Packets of large answers, unasked, within 10 s: ten from each of ten reflectors.",
    ),
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    sources: usize,
    syn: u64,
    reflection: u64,
    udp: u64,
    icmp: u64,
    reflectors: usize,
    amplified: u64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        let size = |key| usize::try_from(values.count(key)).unwrap_or(usize::MAX);
        Self {
            sources: size("sources"),
            syn: values.count("syn_rate"),
            reflection: values.count("reflection_rate"),
            udp: values.count("udp_rate"),
            icmp: values.count("icmp_rate"),
            reflectors: size("reflectors"),
            amplified: values.count("amplified_packets"),
        }
    }
}

struct Ddos {
    settings: PerHost<Settings>,
    victims: Table<Addr, Victim>,
    /// Hosts that may be or are under attack, in order of their beginning.
    watched: VecDeque<Addr>,
    /// Time of the first observation.
    begun: Option<Timestamp>,
}

impl Ddos {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            victims: Table::new(VICTIMS, seed, Victim::outlasts),
            watched: VecDeque::new(),
            begun: None,
        }
    }

    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &flow.tuple;
        let ends = ends_of(t, flow.by_originator);
        let what = match flow.first {
            FirstPacket::Syn => What::Syn,
            FirstPacket::SynAck | FirstPacket::Rst => What::Reflection,
            FirstPacket::Icmp { kind: 0 | 129, .. } if !flow.by_originator => What::Reflection,
            _ => return,
        };
        let port = if what == What::Syn { ends.to_port } else { ends.from_port };
        let bytes = u64::from(flow.ip_len);
        self.hit(
            &Hit { what, src: ends.src, port, n: 1, bytes, now, since: now },
            ends.dst,
            t,
            out,
        );
    }

    fn outcome(&mut self, news: &FlowOutcome) {
        if news.outcome == Outcome::Established
            && let Some(victim) = self.victims.get_mut(&news.tuple.dst)
        {
            victim.took_part(What::Syn, news.started);
        }
    }

    fn traffic(&mut self, second: &TrafficDigest, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &second.tuple;
        if t.proto == 6 {
            return self.tcp_goes_on(second);
        }
        if second.two_way {
            return;
        }
        let [forth, back] = second.packets;
        let by_originator = forth > 0;
        let ends = ends_of(t, by_originator);
        let (n, bytes) =
            if by_originator { (forth, second.bytes[0]) } else { (back, second.bytes[1]) };
        let what = match t.proto {
            17 => udp_kind(&ends, bytes / u64::from(n.max(1)), out),
            1 | 58 if by_originator && matches!(t.src_port, 8 | 128) => What::Icmp,
            1 | 58 if !by_originator && n > 1 => What::Reflection,
            _ => return,
        };
        let since = super::second_start(now, self.begun);
        let hit = Hit { what, src: ends.src, port: ends.from_port, n, bytes, now, since };
        self.hit(&hit, ends.dst, t, out);
    }

    /// A connection whose beginning was not seen, but which goes on, is no reflection.
    fn tcp_goes_on(&mut self, second: &TrafficDigest) {
        let [_, back] = second.packets;
        let bare = second.syn_acks.saturating_add(second.rsts[1]);
        if !second.two_way
            && back > bare
            && let Some(victim) = self.victims.get_mut(&second.tuple.src)
        {
            victim.goes_on();
        }
    }

    fn hit(&mut self, hit: &Hit, dst: Addr, tuple: &FiveTuple, out: &mut Reporter<'_>) {
        if !dst.is_unicast() || hit.src == dst {
            return;
        }
        let now = hit.now;
        let settings = *self.settings.of(dst);
        let (victim, evicted) = self.victims.entry(dst, Victim::default);
        let Some(victim) = victim else { return };
        let exact = if self.watched.len() < EXACT_VICTIMS { EXACT } else { EXACT_LATER };
        let before = victim.is_watched;
        if victim.hit(hit, tuple, &settings, exact) {
            out.wake_at(now.plus_nanos(if before { SETTLE_NANOS } else { GRACE_NANOS }));
        }
        let begins = victim.is_watched && !before;
        if let Some((addr, mut victim)) = evicted.filter(|(_, v)| v.is_watched) {
            victim.report(addr, now, out);
            self.watched.retain(|a| *a != addr);
        }
        if begins {
            self.watch(dst, now, out);
        }
    }

    fn watch(&mut self, addr: Addr, now: Timestamp, out: &mut Reporter<'_>) {
        if self.watched.len() >= WATCHED
            && let Some(oldest) = self.watched.pop_front()
            && let Some(mut victim) = self.victims.remove(&oldest)
        {
            victim.report(oldest, now, out);
        }
        self.watched.push_back(addr);
    }

    fn tend(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        let mut next: Option<Timestamp> = None;
        for _ in 0..self.watched.len() {
            let Some(addr) = self.watched.pop_front() else { break };
            let settings = *self.settings.of(addr);
            let Some(victim) = self.victims.get_mut(&addr) else { continue };
            if let Some(time) = victim.tend(addr, now, end, &settings, out) {
                next = Some(next.map_or(time, |n| n.min(time)));
                self.watched.push_back(addr);
            }
        }
        if let Some(time) = next {
            out.wake_at(time);
        }
    }
}

impl Detector for Ddos {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        self.begun.get_or_insert(seen.time);
        match &seen.what {
            Observation::FlowStarted(flow) => self.started(flow, seen.time, out),
            Observation::FlowOutcome(news) => self.outcome(news),
            Observation::Traffic(second) => self.traffic(second, seen.time, out),
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
        self.victims.len() + self.watched.len()
    }

    fn evictions(&self) -> u64 {
        self.victims.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// Whether UDP comes from a reflector. Small DNS answers are a resolver's daily bread, which looks
/// unasked when only one direction is captured.
fn udp_kind(ends: &Ends, bytes_each: u64, out: &Reporter<'_>) -> What {
    let fragment = ends.from_port == 0 && ends.to_port == 0;
    let discovery = matches!(ends.from_port, 137 | 161 | 1_900 | 3_702 | 5_353);
    let small_dns = ends.from_port == 53 && bytes_each < channel::LARGE;
    let own_device = discovery && out.is_local(ends.src);
    if fragment || (is_reflector(ends.from_port) && !small_dns && !own_device) {
        What::Amplification
    } else {
        What::Udp
    }
}

/// Sender and receiver of a packet.
#[derive(Clone, Copy, Debug)]
struct Ends {
    src: Addr,
    from_port: u16,
    dst: Addr,
    to_port: u16,
}

const fn ends_of(t: &FiveTuple, by_originator: bool) -> Ends {
    if by_originator {
        Ends { src: t.src, from_port: t.src_port, dst: t.dst, to_port: t.dst_port }
    } else {
        Ends { src: t.dst, from_port: t.dst_port, dst: t.src, to_port: t.src_port }
    }
}

/// UDP ports of protocols known to amplify (US-CERT alert TA14-017A and later additions):
/// QOTD, CHARGEN, DNS, TFTP, portmap, NTP, NetBIOS, SNMP, CLDAP, RIP, OpenVPN, SQL Server, SSDP,
/// ARMS, WS-Discovery, CoAP, mDNS, memcached, Ubiquiti, Quake, Steam, BitTorrent's DHT apart.
const fn is_reflector(port: u16) -> bool {
    matches!(
        port,
        17 | 19
            | 53
            | 69
            | 111
            | 123
            | 137
            | 161
            | 389
            | 520
            | 1_194
            | 1_434
            | 1_900
            | 3_283
            | 3_702
            | 5_353
            | 5_683
            | 10_001
            | 11_211
            | 27_015
            | 27_960
            | 37_810
    )
}
