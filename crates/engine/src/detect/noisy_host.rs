//! `noisy-host`: a source that sends far more than the others.
//!
//! Compares sources with each other within one window, and over the whole input at its end; what
//! a source usually sends is left to `traffic-spike`.

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::count::{Moments, Table, leave_one_out};
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::observation::{Kinds, Observation, Seen, TrafficDigest};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Sources counted.
const SOURCES: usize = 65_536;
/// Sources told for one window.
const TOLD: usize = 10;
/// Sources below which median and MAD replace mean and standard deviation.
const FEW: usize = 12;
/// Largest z that is written: where all others are equal, z has no bound.
const Z_MAX: f64 = 1e6;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "noisy-host",
    summary: "One source sends far more bytes than the others",
    about: include_str!("noisy_host.md"),
    advice: "See what the host sends and to whom: a backup and a download server are noisy by \
             nature, a workstation that uploads is not.",
    severity: Severity::Info,
    techniques: &["window", "total"],
    attack: &[],
    sees: Kinds::TRAFFIC.and(Kinds::SECOND),
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: SOURCES,
    build: |section, seed| Box::new(NoisyHost::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 60.0,
        min: 1.0,
        max: 86_400.0,
        about: "Sources are compared by what they sent within this time.",
    },
    Setting {
        key: "sigma",
        unit: Unit::Sigma,
        default: 3.0,
        min: 1.0,
        max: 100.0,
        about: "Standard deviations above the mean of the other sources; 3 is the customary limit \
                of control charts.",
    },
    Setting {
        key: "bytes",
        unit: Unit::Bytes,
        default: 5_000_000.0,
        min: 0.0,
        max: 1e15,
        about: "Bytes within a window below which no source is noisy; 5 MB a minute is what a \
                video of medium quality takes.",
    },
    Setting {
        key: "sources",
        unit: Unit::Count,
        default: 5.0,
        min: 3.0,
        max: 65_536.0,
        about: "Sources that must have sent within the window: fewer are no crowd to stand out of.",
    },
];

/// The settings.
struct Limits {
    window: i64,
    sigma: f64,
    bytes: u64,
    sources: usize,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let values = &section.values;
        Self {
            window: (values.nanos("window") / 1_000_000_000).max(1),
            sigma: values.number("sigma"),
            bytes: values.count("bytes"),
            sources: usize::try_from(values.count("sources")).unwrap_or(usize::MAX),
        }
    }
}

struct NoisyHost {
    limits: Limits,
    sources: Table<Addr, Source>,
    /// Sources that have sent within the second that has not ended.
    touched: Vec<Addr>,
    /// First and last second of the window that is being counted.
    window: Option<(i64, i64)>,
    /// First second of all.
    began: Option<i64>,
}

/// What a source sent: within the second that has not ended, the window and ever.
#[derive(Default)]
struct Source {
    second: u64,
    window: u64,
    total: u64,
}

/// A source that stands out.
struct Noisy {
    addr: Addr,
    bytes: u64,
    mean: f64,
    sd: f64,
    z: f64,
}

impl NoisyHost {
    fn new(section: &Section, seed: u64) -> Self {
        let sources = Table::new(SOURCES, seed, |source: &Source| source.total > 1_000_000);
        Self {
            limits: Limits::new(section),
            sources,
            touched: Vec::new(),
            window: None,
            began: None,
        }
    }

    fn add(&mut self, digest: &TrafficDigest) {
        let sides = [digest.tuple.src, digest.tuple.dst];
        for (addr, bytes) in sides.into_iter().zip(digest.bytes) {
            if bytes > 0 && addr.is_unicast() {
                let (source, _) = self.sources.entry(addr, Source::default);
                let Some(source) = source else { continue };
                if source.second == 0 && self.touched.len() < SOURCES {
                    self.touched.push(addr);
                }
                source.second = source.second.saturating_add(bytes);
            }
        }
    }

    /// A second has ended: what was counted since the last one belongs to it.
    fn second(&mut self, second: i64, out: &mut Reporter<'_>) {
        let start = second - second.rem_euclid(self.limits.window);
        if self.window.is_some_and(|(first, _)| first < start) {
            self.window_ends(out);
        }
        let first = self.window.map_or(start, |(first, _)| first);
        self.window = Some((first, second));
        self.began.get_or_insert(second);
        for addr in std::mem::take(&mut self.touched) {
            let Some(source) = self.sources.get_mut(&addr) else { continue };
            let bytes = std::mem::take(&mut source.second);
            source.window = source.window.saturating_add(bytes);
            source.total = source.total.saturating_add(bytes);
        }
    }

    fn window_ends(&mut self, out: &mut Reporter<'_>) {
        let Some((first, last)) = self.window.take() else { return };
        let length = self.limits.window as f64;
        for noisy in self.noisy(|source| source.window, self.limits.bytes) {
            report(&self.limits, &noisy, (first, last), length, "window", out);
        }
        for (_, source) in self.sources.iter_mut() {
            source.window = 0;
        }
    }

    /// Sources whose bytes stand out, most bytes first.
    fn noisy(&self, of: impl Fn(&Source) -> u64, floor: u64) -> Vec<Noisy> {
        let sent: Vec<(Addr, u64)> =
            self.sources.iter().map(|(a, s)| (*a, of(s))).filter(|(_, bytes)| *bytes > 0).collect();
        if sent.len() < self.limits.sources {
            return Vec::new();
        }
        let values: Vec<f64> = sent.iter().map(|(_, bytes)| *bytes as f64).collect();
        let mut all = Moments::default();
        for value in &values {
            all.push(*value);
        }
        let mut noisy = Vec::new();
        for (at, (addr, bytes)) in sent.iter().enumerate().filter(|(_, (_, b))| *b >= floor.max(1))
        {
            let (mean, sd) = if values.len() < FEW {
                let Some(judged) = leave_one_out(&values, at) else { continue };
                (judged.mean, judged.sd)
            } else {
                let others = all.without(*bytes as f64);
                (others.mean(), others.sd())
            };
            let above = *bytes as f64 - mean;
            let z = if sd > 0.0 { (above / sd).min(Z_MAX) } else { Z_MAX };
            if above > 0.0 && z > self.limits.sigma {
                noisy.push(Noisy { addr: *addr, bytes: *bytes, mean, sd, z });
            }
        }
        noisy.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.addr.cmp(&b.addr)));
        noisy.truncate(TOLD);
        noisy
    }
}

impl Detector for NoisyHost {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        match &seen.what {
            Observation::Traffic(digest) => self.add(digest),
            Observation::Second(totals) => self.second(totals.second, out),
            _ => {}
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        let Some((_, last)) = self.window else { return };
        self.window_ends(out);
        let Some(began) = self.began else { return };
        let span = last.saturating_sub(began).saturating_add(1) as f64;
        // The floor is a rate: over a longer time it is as much more.
        let windows = (span / self.limits.window as f64).max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
        let floor = (self.limits.bytes as f64 * windows) as u64;
        for noisy in self.noisy(|source| source.total, floor) {
            report(&self.limits, &noisy, (began, last), span, "total", out);
        }
    }

    fn entries(&self) -> usize {
        self.sources.len()
    }

    fn evictions(&self) -> u64 {
        self.sources.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

fn report(
    limits: &Limits,
    noisy: &Noisy,
    (first, last): (i64, i64),
    length: f64,
    technique: &'static str,
    out: &mut Reporter<'_>,
) {
    let Noisy { addr, bytes, mean, sd, z } = *noisy;
    let limit = limits.sigma.mul_add(sd, mean);
    let (sent, during) = (text::bytes(bytes), text::duration(length));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown only
    let (usual, most) = (text::bytes(mean as u64), text::bytes(limit as u64));
    out.report(Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { src: Some(addr), other: technique.to_owned(), ..Subject::default() },
        severity: None,
        confidence: 0.5,
        title: format!("{addr} sent {sent} in {during}, far more than others"),
        explanation: format!(
            "{addr} sent {sent} in {during}. The other sources sent {usual} on average; up to \
             {most}, {} standard deviations above that, would be ordinary.",
            limits.sigma
        ),
        src: vec![addr],
        src_count: Tally::exact(1),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: Timestamp::from_secs_nanos(first, 0),
        last: Timestamp::from_secs_nanos(last, 999_999_999),
        count: 1,
        evidence: vec![Evidence {
            name: "bytes",
            value: bytes as f64,
            threshold: Some(limit),
            window_s: Some(length),
            mean: Some(mean),
            z: Some(z),
        }],
        flows: Vec::new(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, ip, udp};
    use crate::observation::SecondTotals;

    /// One second in which each of `hosts` sends some bytes and 10.0.0.1 sends `loud`.
    fn second(script: &mut Script, hosts: u8, loud: u64) {
        for host in 1..=hosts {
            let bytes = if host == 1 { loud } else { 1_000 + u64::from(host) };
            let tuple = udp(ip(&format!("10.0.0.{host}")), 1_000, ip("10.0.1.1"), 53);
            script.one_way(tuple, 10, bytes);
        }
        let second = script.now().secs();
        script.see(Observation::Second(SecondTotals { second, ..SecondTotals::default() }));
        script.pass(1.0);
    }

    #[test]
    fn a_loud_source_among_many_and_among_few() {
        for hosts in [6, 40] {
            let mut script = Script::new(&SPEC);
            for _ in 0..90 {
                second(&mut script, hosts, 1_000_000);
            }
            let findings = script.finish();
            let subjects = crate::detect::testing::subjects(&findings);
            assert_eq!(subjects.len(), 2, "{subjects:?}");
            assert!(findings.iter().all(|f| f.src == [ip("10.0.0.1")]));
            let total = findings.last().unwrap();
            assert!((total.evidence[0].value - 90e6).abs() < 1.0, "{total:?}");
        }
    }

    #[test]
    fn equal_sources_small_ones_and_few_ones_are_quiet() {
        for (hosts, loud) in [(40, 1_000), (40, 50_000), (4, 10_000_000)] {
            let mut script = Script::new(&SPEC);
            for _ in 0..90 {
                second(&mut script, hosts, loud);
            }
            assert_eq!(script.finish(), [], "{hosts} {loud}");
        }
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut script = Script::new(&SPEC);
        for n in 0..70_000 {
            script.one_way(udp(crate::detect::testing::many(n), 1, ip("10.0.0.1"), 2), 1, 100);
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
    }
}
