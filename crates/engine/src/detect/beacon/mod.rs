//! `beacon`: connections that a host makes as if by a clock.
//!
//! Judges new connections of one source to one place by RITA's score over a rolling window. What
//! goes on inside one long connection, and queries to resolvers (`dns-tunnel`), are left to
//! others.

mod pair;
mod report;
#[cfg(test)]
mod tests;
mod traffic;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::{LinearCounter, Periodicity, Table, fingerprint};
use crate::flow::FlowRecord;
use crate::observation::{Kinds, Observation, Seen};
use anomalyzer_wire::{Addr, HostileStr, Timestamp};
use pair::{Pair, SAMPLES, Sample};
use traffic::Class;

/// Pairs of a source and a place.
const PAIRS: usize = 16_384;
/// Places for which it is counted who goes there.
const PLACES: usize = 16_384;
/// Check-ins of all pairs together: 24 bytes each, 12 MiB (room for growth: at most 48 MiB).
const SAMPLES_ALL: usize = 524_288;
/// Hosts that must go somewhere before the place is taken for a common one.
const COMMON_HOSTS: f64 = 3.0;
/// Hosts that must be known before a share of them means something.
const KNOWN_HOSTS: f64 = 10.0;
/// A place known for this long is no news any more (30 days, as in RITA).
const OLD_PLACE: i64 = 30 * 86_400 * 1_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "beacon",
    summary: "A host that contacts the same outside place at regular intervals",
    about: include_str!("about.md"),
    advice: "Find the program on the source that makes these connections. If nobody can name it, \
             isolate the host and look at what it sent; a monitor or an updater of your own does \
             the same.",
    severity: Severity::Medium,
    techniques: &["address", "name"],
    attack: &["T1071", "T1573"],
    sees: Kinds::FLOW_ENDED,
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: PAIRS + PLACES + SAMPLES_ALL,
    build: |section, seed| Box::new(Beacon::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 86_400.0,
        min: 600.0,
        max: 604_800.0,
        about: "Connections within this time are judged together; RITA works on a day.",
    },
    Setting {
        key: "score",
        unit: Unit::Ratio,
        default: 0.8,
        min: 0.5,
        max: 1.0,
        about: "RITA's score from which on connections are a beacon. RITA calls 0.7 medium and \
                0.9 high on a whole day; 0.8 lies between, for shorter times.",
    },
    Setting {
        key: "connections",
        unit: Unit::Count,
        default: 12.0,
        min: 4.0,
        max: 1_000.0,
        about: "Check-ins needed. RITA's minimum of 4 is met by chance too often: of series of \
                random events, less than 1 in 10,000 pass with 12.",
    },
    Setting {
        key: "jitter",
        unit: Unit::Ratio,
        default: 0.2,
        min: 0.0,
        max: 1.0,
        about: "Median deviation of the intervals from their median, as a part of it, that is \
                still regular with twice `connections` check-ins or more (with fewer: in \
                proportion less). A beacon with +-30 % jitter has 0.15, random visits have 0.7.",
    },
    Setting {
        key: "span",
        unit: Unit::Seconds,
        default: 120.0,
        min: 1.0,
        max: 86_400.0,
        about: "Seconds from the first to the last check-in, at least: programs that load or \
                repeat something make regular connections for some seconds too.",
    },
    Setting {
        key: "bytes",
        unit: Unit::Bytes,
        default: 65_536.0,
        min: 0.0,
        max: 1e12,
        about: "Payload bytes of the middle check-in, both directions, above which it is only \
                worth a look: asking for orders takes a few kB (a TLS handshake takes 5), media \
                and downloads take more.",
    },
    Setting {
        key: "prevalence",
        unit: Unit::Ratio,
        default: 0.1,
        min: 0.0,
        max: 1.0,
        about: "Share of the hosts seen (at least 10) that go to the same place, above which it \
                is only worth a look: what every tenth host does is a service. At least three \
                hosts must go there.",
    },
    Setting {
        key: "internal",
        unit: Unit::Flag,
        default: 0.0,
        min: 0.0,
        max: 1.0,
        about: "Also tell of regular connections inside the site, as worth a look: monitoring, \
                mail and file servers make many.",
    },
];

/// The settings.
struct Limits {
    window: i64,
    score: f64,
    connections: usize,
    jitter: f64,
    span_s: f64,
    bytes: f64,
    prevalence: f64,
    internal: bool,
}

impl Limits {
    fn new(values: &Values) -> Self {
        Self {
            window: values.nanos("window").max(1),
            score: values.number("score"),
            connections: usize::try_from(values.count("connections")).unwrap_or(4).max(4),
            jitter: values.number("jitter"),
            span_s: values.number("span"),
            bytes: values.number("bytes"),
            prevalence: values.number("prevalence"),
            internal: values.flag("internal"),
        }
    }

    /// The jitter that so many check-ins allow.
    fn jitter_at(&self, connections: usize) -> f64 {
        self.jitter * (connections as f64 / (2.0 * self.connections as f64)).min(1.0)
    }
}

/// Where connections go: an address (`name` is 0) or a name (`address` is all zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    address: Addr,
    name: u64,
    port: u16,
    proto: u8,
}

impl Place {
    fn address(record: &FlowRecord) -> Self {
        let tuple = &record.tuple;
        Self { address: tuple.dst, name: 0, port: tuple.dst_port, proto: tuple.proto }
    }

    /// By name QUIC and TCP are the same place: a client uses now one, now the other.
    fn name(name: &HostileStr, port: u16) -> Self {
        let name = name.as_bytes().chunks(16).fold(1, |sum: u64, part| {
            let mut bits = [0; 16];
            for (to, from) in bits.iter_mut().zip(part) {
                *to = from.to_ascii_lowercase();
            }
            fingerprint(u128::from_be_bytes(bits) ^ u128::from(sum) << 32)
        });
        Self { address: Addr::v6([0; 16]), name: name.max(1), port, proto: 0 }
    }
}

/// Who goes to a place, and since when it is known.
struct Visitors {
    first: Timestamp,
    hosts: LinearCounter,
}

struct Beacon {
    limits: PerHost<Limits>,
    pairs: Table<(Addr, Place), Pair>,
    places: Table<Place, Visitors>,
    /// All sources of connections to the outside.
    hosts: LinearCounter,
    /// Check-ins that all pairs hold.
    samples: usize,
    began: Option<Timestamp>,
}

/// A pair that was judged.
struct Judged<'a> {
    src: Addr,
    place: Place,
    pair: &'a Pair,
    parts: Periodicity,
    /// The score with RITA's modifiers.
    score: f64,
    /// Hosts that go to the place, and hosts in all.
    hosts: [f64; 2],
    /// Why it is only worth a look.
    but: Vec<String>,
}

impl Beacon {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            limits: section.resolve(Limits::new),
            pairs: Table::new(PAIRS, seed, |pair: &Pair| pair.len() > 3),
            places: Table::new(PLACES, seed, |_| false),
            hosts: LinearCounter::default(),
            samples: 0,
            began: None,
        }
    }

    fn connection(&mut self, now: Timestamp, record: &FlowRecord, out: &mut Reporter<'_>) {
        let began = *self.began.get_or_insert(record.first);
        self.began = Some(began.min(record.first));
        let class = traffic::class(record);
        if class == Class::Not || !record.tuple.dst.is_unicast() {
            return;
        }
        let src = record.tuple.src;
        let inside = out.is_local(record.tuple.dst) && !traffic::through_proxy(record);
        let limits = self.limits.of(src);
        if inside && !limits.internal || !out.is_local(src) && out.is_local(record.tuple.dst) {
            return;
        }
        let usual = match class {
            _ if inside => Some("it stays inside the site"),
            Class::Usual(why) => Some(why),
            _ => None,
        };
        let name = traffic::name(record);
        let named = name.map(|name| Place::name(name, record.tuple.dst_port));
        let direct = Place::address(record);
        self.visit(record.first, src, direct);
        self.take(now, (src, direct), None, named.map_or(0, |n| n.name), record, usual, out);
        if let (Some(place), Some(name)) = (named, name) {
            self.visit(record.first, src, place);
            self.take(now, (src, place), Some(name), 0, record, usual, out);
        }
    }

    /// Counts who goes where.
    fn visit(&mut self, time: Timestamp, src: Addr, place: Place) {
        let window = self.limits.all().window;
        self.hosts.insert(src.to_bits(), time, window);
        let new = || Visitors { first: time, hosts: LinearCounter::default() };
        if let (Some(visitors), _) = self.places.entry(place, new) {
            visitors.hosts.insert(src.to_bits(), time, window);
        }
    }

    #[allow(clippy::too_many_arguments)] // one connection and where it belongs
    fn take(
        &mut self,
        now: Timestamp,
        key: (Addr, Place),
        name: Option<&HostileStr>,
        named: u64,
        record: &FlowRecord,
        usual: Option<&'static str>,
        out: &mut Reporter<'_>,
    ) {
        let text = || name.map(HostileStr::escaped).unwrap_or_default();
        let (pair, evicted) = self.pairs.entry(key, || Pair::new(&text()));
        self.samples -= evicted.map_or(0, |(_, pair)| pair.len()).min(self.samples);
        let Some(pair) = pair else { return };
        let sent = record.orig.payload;
        let sample = Sample {
            time: record.first,
            sent: u32::try_from(sent).unwrap_or(u32::MAX),
            bytes: u32::try_from(sent.saturating_add(record.resp.payload)).unwrap_or(u32::MAX),
            port: record.tuple.src_port,
            address: 0,
        };
        if pair.len() >= SAMPLES || self.samples >= SAMPLES_ALL {
            self.samples -= pair.halve().min(self.samples);
        }
        self.samples += usize::from(pair.add(sample, record.tuple.dst));
        (pair.usual, pair.named) = (usual, named);
        let limits = self.limits.of(key.0);
        let due = pair.len() >= limits.connections && pair.fresh as usize >= pair.len().div_ceil(4);
        if due {
            let since = now.plus_nanos(-limits.window);
            self.samples -= pair.forget_before(since).min(self.samples);
            pair.fresh = 0;
            self.judge(now, key, out);
        }
    }

    fn judge(&self, now: Timestamp, key: (Addr, Place), out: &mut Reporter<'_>) {
        let (src, place) = key;
        let limits = self.limits.of(src);
        let Some(pair) = self.pairs.get(&key) else { return };
        if pair.len() < limits.connections
            || pair.span_s() < limits.span_s
            || self.told_by_name(key, pair)
        {
            return;
        }
        let began = self.began.unwrap_or(now);
        let watched = now.since(began).min(limits.window) as f64 / 1e9;
        let Some(parts) = pair.judge(watched) else { return };
        let hosts = self.prevalence(place);
        let score = (parts.score() + self.modifier(now, place, hosts)).clamp(0.0, 1.0);
        if score < limits.score || parts.intervals.relative() > limits.jitter_at(pair.len()) {
            return;
        }
        let mut judged = Judged { src, place, pair, parts, score, hosts, but: Vec::new() };
        judged.but = report::doubts(&judged, limits);
        out.report(report::finding(&judged, limits));
    }

    /// True when most of an address's connections went to one name: the name is judged then.
    fn told_by_name(&self, (src, place): (Addr, Place), pair: &Pair) -> bool {
        if place.name != 0 || pair.named == 0 {
            return false;
        }
        let name =
            Place { address: Addr::v6([0; 16]), name: pair.named, port: place.port, proto: 0 };
        self.pairs.get(&(src, name)).is_some_and(|named| named.len() * 2 >= pair.len())
    }

    /// Hosts that go to a place, and hosts in all.
    fn prevalence(&self, place: Place) -> [f64; 2] {
        let here = self.places.get(&place).map_or(1.0, |v| v.hosts.estimate());
        [here.round(), self.hosts.estimate().round().max(here.round())]
    }

    /// RITA's modifiers, as far as they are known here. That a place is new is not taken for a
    /// sign: in the first week of a run every place is.
    fn modifier(&self, now: Timestamp, place: Place, [here, all]: [f64; 2]) -> f64 {
        let share = here / all.max(1.0);
        let rare = match share {
            _ if all < KNOWN_HOSTS => 0.0,
            s if s <= 0.02 => 0.15,
            s if s >= 0.5 => -0.15,
            _ => 0.0,
        };
        let old = self.places.get(&place).is_some_and(|v| now.since(v.first) >= OLD_PLACE);
        rare - if old { 0.15 } else { 0.0 }
    }
}

impl Detector for Beacon {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::FlowEnded(record) = &seen.what {
            self.connection(seen.time, record, out);
        }
    }

    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        let limits = &self.limits;
        let mut keys = Vec::new();
        for (key, pair) in self.pairs.iter_mut().filter(|(_, pair)| pair.fresh > 0) {
            let window = limits.of(key.0).window;
            self.samples -= pair.forget_before(now.plus_nanos(-window)).min(self.samples);
            keys.push(*key);
        }
        for key in keys {
            self.judge(now, key, out);
        }
    }

    fn entries(&self) -> usize {
        self.pairs.len() + self.places.len() + self.samples
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions() + self.places.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = section.resolve(Limits::new);
    }
}
