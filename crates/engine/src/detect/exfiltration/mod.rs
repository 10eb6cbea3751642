//! `exfiltration`: a host of the site sends far more to the outside than it usually does.
//!
//! Counts payload per pair and per host; what is usual for a host is learned by the hour of the
//! week in [`habits`]. Covert channels (DNS, ICMP) are left to their own detectors, floods to
//! theirs: one-way traffic does not count.

mod habits;
mod report;
#[cfg(test)]
mod tests;
mod volume;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::{Expected, Table};
use crate::observation::{Kinds, Observation, Seen, TrafficDigest};
use anomalyzer_wire::{Addr, Timestamp};
use habits::Memory;
use volume::Volume;

/// Pairs of a host of the site and one outside.
const PAIRS: usize = 8_192;
/// Hosts of the site.
const HOSTS: usize = 8_192;
/// Bytes within a day from which pairs and hosts outlast others in a full table.
const WORTH_KEEPING: u64 = 1_000_000;
/// Headers of a TCP packet with time stamps over Ethernet: acknowledgements hold nothing else.
const HEADERS: u64 = 66;
/// Community ids of a pair.
const FLOWS: usize = 5;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "exfiltration",
    summary: "A host sends far more to the outside than it usually does",
    about: include_str!("about.md"),
    advice: "Ask who uses the host what it uploaded and why; when nobody knows, cut it off from \
             the outside and keep its disk as it is.",
    severity: Severity::Medium,
    techniques: &["volume", "slow", "spread"],
    attack: &["T1041", "T1048", "T1567", "T1030"],
    sees: Kinds::TRAFFIC,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: PAIRS + HOSTS + habits::ENTRIES,
    build: |section, seed| Box::new(Exfiltration::new(section, seed)),
};

const fn volume(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Bytes, default, min: 1e6, max: 1e15, about }
}

static SETTINGS: &[Setting] = &[
    volume(
        "bytes",
        100e6,
        "Payload that one host sends to one destination within an hour; less is everyday work \
         (Slips takes 100 MB in one flow for a leak).",
    ),
    volume(
        "bytes_day",
        500e6,
        "The same within 24 hours, for who sends slowly; Slips takes 500 MB per pair for a leak.",
    ),
    volume(
        "bytes_host",
        300e6,
        "Payload that one host sends to all destinations together within an hour: three times \
         the floor of one.",
    ),
    Setting {
        key: "ratio",
        unit: Unit::Ratio,
        default: 4.0,
        min: 1.0,
        max: 1_000.0,
        about: "Times as much that must go out as comes in; calls and speed tests are about even.",
    },
    Setting {
        key: "sigma",
        unit: Unit::Sigma,
        default: 3.0,
        min: 1.0,
        max: 100.0,
        about: "Standard deviations above what the host usually sends at this hour of the week; 3 \
                is the customary limit of control charts (Shewhart).",
    },
    Setting {
        key: "far",
        unit: Unit::Ratio,
        default: 10.0,
        min: 1.0,
        max: 1e6,
        about: "Times the floor from which an alert is medium although nothing is known of the \
                host: a gigabyte within an hour, or 5 within a day, to one place.",
    },
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    bytes: u64,
    bytes_day: u64,
    bytes_host: u64,
    ratio: f64,
    sigma: f64,
    far: f64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        Self {
            bytes: values.count("bytes"),
            bytes_day: values.count("bytes_day"),
            bytes_host: values.count("bytes_host"),
            ratio: values.number("ratio"),
            sigma: values.number("sigma"),
            far: values.number("far"),
        }
    }
}

/// Within an hour by five minutes, within a day by hours.
type Hour = Volume<12, 300>;
type Day = Volume<24, 3_600>;

/// What was sent and received within the windows.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    hour: [Hour; 2],
    day: [Day; 2],
}

impl Sums {
    fn add(&mut self, now: Timestamp, bytes: [u64; 2]) {
        for (volume, bytes) in self.hour.iter_mut().zip(bytes) {
            volume.add(now, bytes);
        }
        for (volume, bytes) in self.day.iter_mut().zip(bytes) {
            volume.add(now, bytes);
        }
    }

    fn within(&self, window: Window) -> [u64; 2] {
        match window {
            Window::Hour => self.hour.map(|v| v.sum()),
            Window::Day => self.day.map(|v| v.sum()),
        }
    }
}

/// How long is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Hour,
    Day,
}

/// A host of the site and one outside.
#[derive(Clone, Debug)]
struct Pair {
    sums: Sums,
    port: u16,
    first: Timestamp,
    flows: Vec<String>,
    /// Bytes that were told last.
    told: u64,
}

/// A host of the site.
#[derive(Clone, Debug)]
struct Host {
    sums: Sums,
    first: Timestamp,
    /// Sent within the present hour of the clock.
    clock: u64,
    told: u64,
}

/// A volume above its floor.
#[derive(Clone, Copy, Debug)]
struct Exceeded {
    window: Window,
    /// Out and in.
    bytes: [u64; 2],
    floor: u64,
    /// What the host sent in all, within the window.
    host: u64,
    /// What is usual for the host, and the limit made of it.
    usual: Option<(Expected, f64)>,
    rare: bool,
    severity: Severity,
}

struct Exfiltration {
    settings: PerHost<Settings>,
    pairs: Table<(Addr, Addr), Pair>,
    hosts: Table<Addr, Host>,
    memory: Memory,
}

impl Exfiltration {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            pairs: Table::new(PAIRS, seed, |p| p.sums.day[0].sum() >= WORTH_KEEPING),
            hosts: Table::new(HOSTS, seed, |h| h.sums.day[0].sum() >= WORTH_KEEPING),
            memory: Memory::new(seed),
        }
    }

    fn traffic(&mut self, second: &TrafficDigest, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &second.tuple;
        if !second.two_way || !out.is_local(t.src) || out.is_local(t.dst) || !t.dst.is_unicast() {
            return;
        }
        let payload = |side: usize| {
            let packets = second.packets.get(side).copied().unwrap_or(0);
            let bytes = second.bytes.get(side).copied().unwrap_or(0);
            bytes.saturating_sub(HEADERS * u64::from(packets))
        };
        let bytes = [payload(0), payload(1)];
        let (host, _) = self.hosts.entry(t.src, || Host {
            sums: Sums::default(),
            first: now,
            clock: 0,
            told: 0,
        });
        let Some(host) = host else { return };
        host.sums.add(now, bytes);
        host.clock = host.clock.saturating_add(bytes[0]);
        let (pair, _) = self.pairs.entry((t.src, t.dst), || Pair {
            sums: Sums::default(),
            port: t.dst_port,
            first: now,
            flows: Vec::new(),
            told: 0,
        });
        let Some(pair) = pair else { return };
        let before = pair.sums.within(Window::Day)[0];
        pair.sums.add(now, bytes);
        if before < WORTH_KEEPING && pair.sums.within(Window::Day)[0] >= WORTH_KEEPING {
            self.memory.sends(t.src, t.dst, now);
        }
        if bytes[0] == 0 {
            return;
        }
        let settings = *self.settings.of(t.src);
        if pair.flows.len() < FLOWS && pair.sums.within(Window::Day)[0] >= settings.bytes / 4 {
            let id = crate::flow::community_id(t);
            if !pair.flows.contains(&id) {
                pair.flows.push(id);
            }
        }
        self.judge(t.src, t.dst, &settings, now, out);
    }

    /// Holds the pair and the host against their floors, and tells what has grown by half.
    fn judge(
        &mut self,
        src: Addr,
        dst: Addr,
        settings: &Settings,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        let (Some(host), Some(pair)) = (self.hosts.get_mut(&src), self.pairs.get_mut(&(src, dst)))
        else {
            return;
        };
        let grown = |bytes: u64, told: u64| bytes >= told.saturating_add(told / 2);
        for (window, floor) in [(Window::Hour, settings.bytes), (Window::Day, settings.bytes_day)] {
            let bytes = pair.sums.within(window);
            if !is_upload(bytes, floor, settings) {
                continue;
            }
            if !grown(bytes[0], pair.told) {
                return;
            }
            let sent = host.sums.within(window)[0];
            let about = Exceeded::new(window, bytes, floor, sent);
            if let Some(exceeded) = self.memory.weigh(about, src, Some(dst), settings, now) {
                pair.told = bytes[0];
                // The host's sum tells nothing more.
                host.told = host.told.max(sent);
                out.report(report::pair(src, dst, pair, &exceeded, now));
                return;
            }
        }
        let bytes = host.sums.within(Window::Hour);
        if is_upload(bytes, settings.bytes_host, settings) && grown(bytes[0], host.told) {
            let about = Exceeded::new(Window::Hour, bytes, settings.bytes_host, bytes[0]);
            if let Some(exceeded) = self.memory.weigh(about, src, None, settings, now) {
                host.told = bytes[0];
                out.report(report::spread(src, host, &exceeded, now));
            }
        }
    }

    /// Learns the hour that has ended, when another one has begun.
    fn hour(&mut self, now: Timestamp) {
        if let Some(hour) = self.memory.turns(now) {
            for (addr, host) in self.hosts.iter_mut() {
                let sent = std::mem::take(&mut host.clock);
                if sent > 0 {
                    self.memory.learn(*addr, &hour, sent);
                }
            }
            self.forget(now);
        }
    }

    /// What is over is told anew when it comes again.
    fn forget(&mut self, now: Timestamp) {
        for (_, pair) in self.pairs.iter_mut().filter(|(_, p)| p.told > 0) {
            pair.sums.add(now, [0, 0]);
            pair.told = pair.told.min(pair.sums.within(Window::Day)[0]);
        }
        for (_, host) in self.hosts.iter_mut().filter(|(_, h)| h.told > 0) {
            host.sums.add(now, [0, 0]);
            host.told = host.told.min(host.sums.within(Window::Hour)[0]);
        }
    }
}

impl Exceeded {
    fn new(window: Window, bytes: [u64; 2], floor: u64, host: u64) -> Self {
        Self { window, bytes, floor, host, usual: None, rare: false, severity: Severity::Low }
    }
}

/// Above the floor, and far more out than in.
fn is_upload([sent, received]: [u64; 2], floor: u64, settings: &Settings) -> bool {
    sent >= floor && sent as f64 >= settings.ratio * received as f64
}

impl Detector for Exfiltration {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::Traffic(second) = &seen.what {
            self.hour(seen.time);
            self.traffic(second, seen.time, out);
        }
    }

    /// Learns what the last hour held so far, and tells the last volumes.
    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        let told: Vec<(Addr, Addr)> = self
            .pairs
            .iter()
            .filter(|(_, p)| p.told > 0 && p.sums.within(Window::Day)[0] > p.told)
            .map(|(key, _)| *key)
            .collect();
        for (src, dst) in told {
            let settings = *self.settings.of(src);
            if let Some(pair) = self.pairs.get_mut(&(src, dst)) {
                pair.told = 0;
            }
            self.judge(src, dst, &settings, now, out);
        }
        let hour = self.memory.last_hour();
        for (addr, host) in self.hosts.iter_mut() {
            let sent = std::mem::take(&mut host.clock);
            if sent > 0 {
                self.memory.learn(*addr, &hour, sent);
            }
        }
    }

    fn entries(&self) -> usize {
        self.pairs.len() + self.hosts.len() + self.memory.entries()
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions() + self.hosts.evictions() + self.memory.evictions()
    }

    fn save(&self) -> Option<serde_json::Value> {
        Some(self.memory.save())
    }

    fn restore(&mut self, saved: &serde_json::Value) -> Result<(), String> {
        self.memory.restore(saved)
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}
