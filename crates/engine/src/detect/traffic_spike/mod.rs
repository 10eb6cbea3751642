//! `traffic-spike`: seconds with far more traffic than the seconds before.
//!
//! Watches packets and bytes per second of the total, of each source and of each responder port.
//! It says that traffic rose; why, is left to the detectors of floods and scans, whose incidents
//! take its alerts in.

mod memory;
mod series;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::count::{Hour, Table};
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::observation::{Kinds, Observation, SecondTotals, Seen, TrafficDigest};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};
use memory::Memory;
use series::{Basis, Exceeded, Series, Technique, Volume};
use std::cmp::Reverse;

/// Sources and ports with a series of their own.
const SERIES: usize = 8_192;
/// Sources, and ports, told for one second: the largest.
const TOLD: usize = 2;
/// A series is learned from the hour on in which its peak has this part of the floor: less can
/// never be a spike.
const NEAR: f64 = 4.0;
/// First seconds of the total that are kept, to judge inputs that end before the warm-up does.
const KEPT: usize = 128;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "traffic-spike",
    summary: "Seconds with far more packets or bytes than the seconds before",
    about: include_str!("about.md"),
    advice: "See in the summary which host, port and protocol the spike is made of; a backup or an \
             update explains most of them.",
    severity: Severity::Info,
    techniques: &["sigma", "ewma"],
    attack: &[],
    sees: Kinds::TRAFFIC.and(Kinds::SECOND),
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: SERIES + KEPT + memory::MEASURES,
    build: |section, seed| Box::new(TrafficSpike::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "sigma",
        unit: Unit::Sigma,
        default: 3.0,
        min: 1.0,
        max: 100.0,
        about: "Standard deviations above the mean of the seconds before; 3 is the customary limit \
                of control charts (Shewhart).",
    },
    Setting {
        key: "lambda",
        unit: Unit::Ratio,
        default: 0.25,
        min: 0.01,
        max: 1.0,
        about: "Weight of the newest second in the moving mean; control charts use 0.2 to 0.3.",
    },
    Setting {
        key: "warm_up",
        unit: Unit::Count,
        default: 30.0,
        min: 5.0,
        max: 86_400.0,
        about: "Seconds with traffic that a series must have before it is judged.",
    },
    Setting {
        key: "packets",
        unit: Unit::PerSecond,
        default: 500.0,
        min: 0.0,
        max: 1e9,
        about: "Packets per second below which nothing is a spike of packets.",
    },
    Setting {
        key: "bytes",
        unit: Unit::PerSecond,
        default: 500_000.0,
        min: 0.0,
        max: 1e12,
        about: "Bytes per second below which nothing is a spike of bytes; half a megabyte is what \
                one page load takes.",
    },
    Setting {
        key: "ratio",
        unit: Unit::Ratio,
        default: 4.0,
        min: 1.0,
        max: 1e6,
        about: "A spike is at least this many times the mean; of a steady series the standard \
                deviation alone is too narrow.",
    },
    Setting {
        key: "per_host",
        unit: Unit::Flag,
        default: 1.0,
        min: 0.0,
        max: 1.0,
        about: "Watches each source, too.",
    },
    Setting {
        key: "per_port",
        unit: Unit::Flag,
        default: 1.0,
        min: 0.0,
        max: 1.0,
        about: "Watches each responder port, too.",
    },
];

/// The settings.
struct Limits {
    sigma: f64,
    lambda: f64,
    warm_up: u64,
    floor: Volume,
    ratio: f64,
    per_host: bool,
    per_port: bool,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let values = &section.values;
        Self {
            sigma: values.number("sigma"),
            lambda: values.number("lambda"),
            warm_up: values.count("warm_up"),
            floor: Volume { packets: values.number("packets"), bytes: values.number("bytes") },
            ratio: values.number("ratio"),
            per_host: values.flag("per_host"),
            per_port: values.flag("per_port"),
        }
    }
}

/// What a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Of {
    Total,
    Source(Addr),
    /// IP protocol number and responder port.
    Port(u8, u16),
}

struct TrafficSpike {
    limits: Limits,
    total: Series,
    series: Table<Of, Series>,
    /// Series that have traffic in the second that has not ended.
    touched: Vec<Of>,
    /// The first seconds of the total.
    kept: Vec<(i64, Volume)>,
    /// What earlier hours and runs were like.
    memory: Memory,
}

impl TrafficSpike {
    fn new(section: &Section, seed: u64) -> Self {
        let limits = Limits::new(section);
        let total = Series::new(limits.lambda);
        let series = Table::new(SERIES, seed, |series: &Series| series.seconds() > 30);
        let memory = Memory::new(seed);
        Self { limits, total, series, touched: Vec::new(), kept: Vec::new(), memory }
    }

    fn add(&mut self, digest: &TrafficDigest) {
        let tuple = digest.tuple;
        let [by_src, by_dst] = [0, 1].map(|side| Volume {
            packets: f64::from(digest.packets.get(side).copied().unwrap_or(0)),
            bytes: digest.bytes.get(side).copied().unwrap_or(0) as f64,
        });
        if self.limits.per_host {
            self.grow(Of::Source(tuple.src), by_src);
            self.grow(Of::Source(tuple.dst), by_dst);
        }
        if self.limits.per_port && matches!(tuple.proto, 6 | 17) {
            self.grow(Of::Port(tuple.proto, tuple.dst_port), by_src.plus(by_dst));
        }
    }

    fn grow(&mut self, of: Of, volume: Volume) {
        if volume.packets <= 0.0 {
            return;
        }
        let lambda = self.limits.lambda;
        let (series, _) = self.series.entry(of, || Series::new(lambda));
        if let Some(series) = series
            && series.grow(volume)
            && self.touched.len() < SERIES
        {
            self.touched.push(of);
        }
    }

    /// Learns the busiest second of an hour: of the total, and of what has come near its floor.
    fn learn(&mut self, hour: &Hour, out: &Reporter<'_>) {
        self.memory.learn(Of::Total, true, hour, self.total.take_peak());
        let floor = self.limits.floor;
        for (of, series) in self.series.iter_mut() {
            let peak = series.take_peak();
            let near = peak.packets * NEAR >= floor.packets || peak.bytes * NEAR >= floor.bytes;
            let weekly = !matches!(of, Of::Source(addr) if !out.is_local(*addr));
            if peak.packets > 0.0 && (near || self.memory.knows(*of)) {
                self.memory.learn(*of, weekly, hour, peak);
            }
        }
    }

    fn second(&mut self, totals: &SecondTotals, out: &mut Reporter<'_>) {
        let volume = Volume { packets: totals.packets as f64, bytes: totals.bytes as f64 };
        if self.kept.len() < KEPT {
            self.kept.push((totals.second, volume));
        }
        let time = Timestamp::from_secs_nanos(totals.second, 0);
        if let Some(hour) = self.memory.clock.turns(time) {
            self.learn(&hour, out);
        }
        let (limits, memory) = (&self.limits, &self.memory);
        let usual = |of: Of| move |of_bytes: bool| memory.expect(of, of_bytes, time);
        self.total.grow(volume);
        if let Some(exceeded) = self.total.ends(totals.second, limits, usual(Of::Total)) {
            report(Of::Total, &self.total, &exceeded, &self.limits, out);
        }
        let mut risen: Vec<(Of, Exceeded)> = Vec::new();
        for of in std::mem::take(&mut self.touched) {
            let Some(series) = self.series.get_mut(&of) else { continue };
            if let Some(exceeded) = series.ends(totals.second, limits, usual(of)) {
                risen.push((of, exceeded));
            }
        }
        risen.sort_by_key(|(of, exceeded)| (Reverse(exceeded.rank()), *of));
        let is_source = |(of, _): &&(Of, Exceeded)| matches!(of, Of::Source(_));
        let sources = risen.iter().filter(is_source).take(TOLD);
        let ports = risen.iter().filter(|of| !is_source(of)).take(TOLD);
        for (of, exceeded) in sources.chain(ports) {
            if let Some(series) = self.series.get(of) {
                report(*of, series, exceeded, &self.limits, out);
            }
        }
    }
}

impl Detector for TrafficSpike {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        match &seen.what {
            Observation::Traffic(digest) => self.add(digest),
            Observation::Second(totals) => self.second(totals, out),
            _ => {}
        }
    }

    /// An input shorter than the warm-up is judged as a whole: each second against all others.
    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        let known = self.memory.expect(Of::Total, false, now).is_some();
        let hour = self.memory.clock.last_hour();
        self.learn(&hour, out);
        if known || self.total.seconds() > self.limits.warm_up || self.total.seconds() > KEPT as u64
        {
            return;
        }
        let mut series = Series::new(self.limits.lambda);
        for exceeded in series::in_hindsight(&self.kept, &self.limits) {
            series.note(&exceeded);
            report(Of::Total, &series, &exceeded, &self.limits, out);
        }
    }

    fn entries(&self) -> usize {
        self.series.len() + self.kept.len() + self.memory.len()
    }

    fn evictions(&self) -> u64 {
        self.series.evictions() + self.memory.evictions()
    }

    fn save(&self) -> Option<serde_json::Value> {
        self.memory.save()
    }

    fn restore(&mut self, saved: &serde_json::Value) -> Result<(), String> {
        self.memory.restore(saved)
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

/// How a value stands to the mean, in words.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown only
fn times(value: f64, mean: f64, shown: &str) -> String {
    match value / mean {
        _ if mean < 1.0 => "where nothing was usual".to_owned(),
        ratio if ratio < 100.0 => format!("{ratio:.1} times the mean of {shown}"),
        ratio => format!("{} times the mean of {shown}", text::thousands(ratio.round() as u64)),
    }
}

fn report(of: Of, series: &Series, exceeded: &Exceeded, limits: &Limits, out: &mut Reporter<'_>) {
    let Some(episode) = series.episode() else { return };
    let (src, port, whose, key) = match of {
        Of::Total => (None, None, "The total".to_owned(), "total".to_owned()),
        Of::Source(addr) => (Some(addr), None, format!("Traffic sent by {addr}"), String::new()),
        Of::Port(proto, port) => {
            let name = if proto == 6 { "TCP" } else { "UDP" };
            (None, Some(port), format!("Traffic of {name} port {port}"), name.to_lowercase())
        }
    };
    let peak = &episode.peak;
    let (value, mean, limit) = (peak.show(peak.value), peak.show(peak.mean), peak.show(peak.limit));
    let method = match peak.technique {
        Technique::Sigma => format!("the mean plus {} standard deviations", limits.sigma),
        Technique::Ewma => {
            format!("the moving mean plus {} standard deviations", limits.sigma)
        }
    };
    out.report(Finding {
        detector: SPEC.id,
        technique: peak.technique.name().to_owned(),
        subject: Subject { src, port, other: key, dst: None },
        severity: None,
        confidence: 0.5,
        title: format!("{whose} rose to {value} a second, from {mean}"),
        explanation: format!(
            "{whose} rose to {value} in a second, {}; the limit was {limit} ({method} of {}, but at \
             least {} times the mean and {}). Seconds above the limit: {}.",
            times(peak.value, peak.mean, &mean),
            match peak.basis {
                Basis::Before => "the seconds before",
                Basis::Others => "all other seconds",
                Basis::Learned => "the busiest seconds of this hour on other days",
            },
            limits.ratio,
            peak.show(peak.floor(limits)),
            text::thousands(episode.seconds),
        ),
        src: src.into_iter().collect(),
        src_count: Tally::exact(u64::from(src.is_some())),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_ports: port.into_iter().collect(),
        dst_port_count: Tally::exact(u64::from(port.is_some())),
        first: Timestamp::from_secs_nanos(episode.first, 0),
        last: Timestamp::from_secs_nanos(exceeded.second, 999_999_999),
        count: episode.seconds,
        evidence: vec![Evidence {
            name: peak.evidence_name(),
            value: peak.value,
            threshold: Some(peak.limit),
            window_s: Some(1.0),
            mean: Some(peak.mean),
            z: Some(peak.z),
        }],
        flows: Vec::new(),
    });
}

#[cfg(test)]
mod tests;
