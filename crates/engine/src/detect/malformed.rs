//! `malformed`: packets that are not as their standards say.
//!
//! Gathers what the decoder notes, for each source and layer; a packet that the capture's own
//! snap length cut is nobody's fault and is left out.

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::{REOPEN_GAP_NANOS, Severity};
use crate::config::{PerHost, Section};
use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::observation::{Kinds, MalformedSeen, Observation, Seen};
use crate::text;
use anomalyzer_wire::{Addr, Layer, Malformed as Note, MalformedKind, Timestamp};

/// Sources with malformed packets, for each layer.
const SOURCES: usize = 8_192;
/// Destinations listed.
const LISTED: usize = 20;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "malformed",
    summary: "Packets that are not as their standards say",
    about: include_str!("malformed.md"),
    advice: "Find out whether the sender is broken, the capture is damaged, or somebody tries to \
             slip past a filter.",
    severity: Severity::Low,
    techniques: &[
        "link", "vlan", "mpls", "ppp", "arp", "ipv4", "ipv6", "tcp", "udp", "icmp", "sctp",
        "tunnel",
    ],
    attack: &["T1205"],
    sees: Kinds::MALFORMED,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: SOURCES,
    build: |section, seed| Box::new(Malformed::new(section, seed)),
};

static SETTINGS: &[Setting] = &[Setting {
    key: "packets",
    unit: Unit::Count,
    default: 10.0,
    min: 1.0,
    max: 1_000_000.0,
    about: "Malformed packets of one source in one layer, without a pause of ten minutes, that \
            make an alert; a few stray ones are in every network.",
}];

struct Malformed {
    thresholds: PerHost<u64>,
    sources: Table<(Option<Addr>, Layer), Source>,
}

/// One source's malformed packets in one layer.
struct Source {
    first: Timestamp,
    last: Timestamp,
    packets: u64,
    told: u64,
    /// How many of each kind.
    kinds: Vec<(MalformedKind, u64)>,
    /// The first note, as an example.
    example: Note,
    dst: Vec<Addr>,
}

impl Malformed {
    fn new(section: &Section, seed: u64) -> Self {
        let sources = Table::new(SOURCES, seed, |source: &Source| source.told > 0);
        Self { thresholds: thresholds(section), sources }
    }

    fn note(&mut self, time: Timestamp, seen: &MalformedSeen, out: &mut Reporter<'_>) {
        let key = (seen.src, seen.what.layer);
        if self.sources.get(&key).is_some_and(|s| time.since(s.last) > REOPEN_GAP_NANOS) {
            self.sources.remove(&key);
        }
        let (source, _) = self.sources.entry(key, || Source {
            first: time,
            last: time,
            packets: 0,
            told: 0,
            kinds: Vec::new(),
            example: seen.what,
            dst: Vec::new(),
        });
        let Some(source) = source else { return };
        source.add(time, seen);
        // Told at the threshold and at each doubling; the last words come at the end.
        if source.packets >= source.told.saturating_mul(2) {
            tell(&self.thresholds, key, source, out);
        }
    }
}

impl Source {
    fn add(&mut self, time: Timestamp, seen: &MalformedSeen) {
        self.last = self.last.max(time);
        self.packets += 1;
        match self.kinds.iter_mut().find(|(kind, _)| *kind == seen.what.kind) {
            Some((_, n)) => *n += 1,
            None => self.kinds.push((seen.what.kind, 1)),
        }
        if let Some(dst) = seen.dst
            && self.dst.len() < LISTED
            && !self.dst.contains(&dst)
        {
            self.dst.push(dst);
        }
    }
}

impl Detector for Malformed {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::Malformed(note) = &seen.what
            && note.what.kind != MalformedKind::Snapped
        {
            self.note(seen.time, note, out);
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        for (key, source) in self.sources.iter_mut() {
            tell(&self.thresholds, *key, source, out);
        }
    }

    fn entries(&self) -> usize {
        self.sources.len()
    }

    fn evictions(&self) -> u64 {
        self.sources.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.thresholds = thresholds(section);
    }
}

fn thresholds(section: &Section) -> PerHost<u64> {
    section.resolve(|values| values.count("packets"))
}

/// Reports a source, when there is more to say than last time.
fn tell(
    thresholds: &PerHost<u64>,
    (src, layer): (Option<Addr>, Layer),
    source: &mut Source,
    out: &mut Reporter<'_>,
) {
    let threshold = src.map_or(*thresholds.all(), |src| *thresholds.of(src));
    if source.packets < threshold || source.packets == source.told {
        return;
    }
    source.told = source.packets;
    let who = src.map_or_else(|| "an unknown source".into(), |src| src.to_string());
    let packets = text::counted(source.packets, "malformed packet");
    let kinds: Vec<String> = source
        .kinds
        .iter()
        .map(|(kind, n)| format!("{} with {}", text::thousands(*n), fault(*kind)))
        .collect();
    let Note { offset, needed, had, kind, .. } = source.example;
    out.report(Finding {
        detector: SPEC.id,
        technique: layer.name().to_owned(),
        subject: Subject { src, other: layer.name().to_owned(), ..Subject::default() },
        severity: None,
        confidence: 0.5,
        title: format!("{packets} ({}) from {who}", layer.name()),
        explanation: format!(
            "{packets} (layer {}) came from {who}: {}. Fewer than {threshold} are let pass. The \
             first one had {} at byte {offset} of its frame{}.",
            layer.name(),
            text::listed(&kinds),
            fault(kind),
            sizes(kind, needed, had),
        ),
        src: src.into_iter().collect(),
        src_count: Tally::exact(u64::from(src.is_some())),
        dst: source.dst.clone(),
        dst_count: Tally::exact(source.dst.len() as u64),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: source.first,
        last: source.last,
        count: source.packets,
        evidence: vec![Evidence {
            threshold: Some(threshold as f64),
            ..Evidence::value("packets", source.packets as f64)
        }],
        flows: Vec::new(),
    });
}

/// What is wrong with a packet.
const fn fault(kind: MalformedKind) -> &'static str {
    match kind {
        MalformedKind::Short => "too few bytes for a header",
        MalformedKind::Snapped => "a header cut by the capture",
        MalformedKind::Version => "an impossible version",
        MalformedKind::Length => "a wrong length",
        MalformedKind::Option => "a damaged option",
        MalformedKind::Flags => "impossible flags",
        MalformedKind::TooDeep => "too many layers inside each other",
        MalformedKind::Fragment => "impossible fragments",
    }
}

/// What was needed and what there was, where sizes say it.
fn sizes(kind: MalformedKind, needed: u32, had: u32) -> String {
    match kind {
        MalformedKind::Short | MalformedKind::Snapped | MalformedKind::Length => {
            format!(": {needed} bytes needed, {had} there")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, ip};

    fn note(src: &str, layer: Layer, kind: MalformedKind) -> Observation {
        let what = Note { layer, kind, offset: 14, needed: 20, had: 8 };
        Observation::Malformed(MalformedSeen {
            src: Some(ip(src)),
            dst: Some(ip("10.0.0.9")),
            what,
        })
    }

    #[test]
    fn a_source_with_many_is_one_finding_a_layer() {
        let mut script = Script::new(&SPEC);
        for _ in 0..100 {
            script.see(note("10.0.0.1", Layer::Tcp, MalformedKind::Flags));
            script.see(note("10.0.0.1", Layer::Ipv4, MalformedKind::Fragment)).pass(0.1);
        }
        let findings = script.finish();
        assert_eq!(crate::detect::testing::subjects(&findings).len(), 2);
        assert!(findings.len() < 15, "told {} times", findings.len());
        let last = findings.iter().rfind(|f| f.technique == "tcp").unwrap();
        assert_eq!((last.count, last.src.as_slice()), (100, [ip("10.0.0.1")].as_slice()));
        assert!(last.explanation.contains("100 with impossible flags"), "{}", last.explanation);
    }

    #[test]
    fn few_ones_and_cut_captures_are_let_pass() {
        let mut script = Script::new(&SPEC);
        for _ in 0..9 {
            script.see(note("10.0.0.1", Layer::Tcp, MalformedKind::Flags));
        }
        for _ in 0..1_000 {
            script.see(note("10.0.0.2", Layer::Tcp, MalformedKind::Snapped));
        }
        assert_eq!(script.finish(), []);
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut script = Script::new(&SPEC);
        for n in 0..20_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            script.see(note(&format!("10.{b}.{c}.{d}"), Layer::Udp, MalformedKind::Length));
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
        assert!(script.detector().evictions() > 0);
    }
}
