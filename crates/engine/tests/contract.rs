//! What every detector promises, walked over the table.

use anomalyzer_engine::Observation;
use anomalyzer_engine::config::Section;
use anomalyzer_engine::detect::{DETECTORS, Detector, Reporter, Spec};
use anomalyzer_engine::finding::Finding;
use anomalyzer_engine::flow::{FiveTuple, FlowId};
use anomalyzer_engine::observation::{
    ArpSeen, FirstPacket, FlowOutcome, FlowStarted, IcmpError, Kinds, MalformedSeen, Outcome,
    SecondTotals, Seen, TrafficDigest,
};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, Arp, Layer, Mac, Malformed, MalformedKind, Quoted, Timestamp};
use std::collections::BTreeSet;

/// A small generator (SplitMix64, Steele et al. 2014): the tests need no more.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Mostly few hosts, sometimes any.
    fn addr(&mut self) -> Addr {
        match self.below(8) {
            0 => Addr::v6([self.byte(); 16]),
            1 => Addr::v4([self.byte(), self.byte(), self.byte(), self.byte()]),
            2 => Addr::v4([255, 255, 255, 255]),
            _ => Addr::v4([10, 0, 0, self.byte() % 5]),
        }
    }

    fn tuple(&mut self) -> FiveTuple {
        let proto = [6, 6, 17, 17, 1, 58, 132, self.byte()][usize::from(self.byte() % 8)];
        let dst_port = if self.below(2) == 0 { 80 } else { self.word() };
        FiveTuple { src: self.addr(), dst: self.addr(), src_port: self.word(), dst_port, proto }
    }

    fn first(&mut self) -> FirstPacket {
        let all = [
            FirstPacket::Syn,
            FirstPacket::Syn,
            FirstPacket::SynAck,
            FirstPacket::Fin,
            FirstPacket::Null,
            FirstPacket::Xmas,
            FirstPacket::Ack,
            FirstPacket::Rst,
            FirstPacket::FinAck,
            FirstPacket::Data,
            FirstPacket::OddTcp,
            FirstPacket::Udp,
            FirstPacket::Udp,
            FirstPacket::Icmp { kind: self.byte(), code: self.byte() },
            FirstPacket::Icmp { kind: 8, code: 0 },
            FirstPacket::Sctp,
            FirstPacket::Other,
        ];
        all[usize::from(self.byte()) % all.len()]
    }

    fn outcome(&mut self) -> Outcome {
        match self.below(5) {
            0 => Outcome::Answered,
            1 => Outcome::Established,
            2 => Outcome::Refused,
            3 => Outcome::Unreachable { kind: self.byte(), code: self.byte() },
            _ => Outcome::Talking,
        }
    }

    fn observation(&mut self, now: Timestamp) -> Observation {
        let id = FlowId(self.next());
        let tuple = self.tuple();
        match self.below(12) {
            0..=4 => Observation::FlowStarted(FlowStarted {
                id,
                tuple,
                first: self.first(),
                by_originator: self.below(4) > 0,
                src_mac: Some(Mac([2, 0, 0, 0, 0, self.byte()])),
                ip_len: u32::from(self.word()),
                payload_len: u32::from(self.word()),
                ttl: self.byte(),
                tunnelled: false,
            }),
            5 | 6 => Observation::FlowOutcome(FlowOutcome {
                id,
                tuple,
                first: self.first(),
                started: now.plus_nanos(-(i64::from(self.word()) * 100_000)),
                macs: [None; 2],
                outcome: self.outcome(),
            }),
            7 | 8 => Observation::Traffic(self.digest(id, tuple)),
            9 => Observation::Arp(ArpSeen {
                arp: Arp {
                    operation: u16::from(self.byte() % 4),
                    sender_mac: Mac([self.byte(); 6]),
                    sender_ip: self.addr(),
                    target_mac: Mac::default(),
                    target_ip: Addr::v4([10, 0, self.byte() % 3, self.byte()]),
                    tunnel: None,
                },
                frame_src: None,
                vlan: 0,
            }),
            10 => Observation::IcmpError(IcmpError {
                from: self.addr(),
                to: self.addr(),
                kind: self.byte() % 13,
                code: self.byte() % 4,
                v6: self.below(4) == 0,
                quoted: Quoted {
                    src: tuple.src,
                    dst: tuple.dst,
                    proto: tuple.proto,
                    src_port: tuple.src_port,
                    dst_port: tuple.dst_port,
                },
            }),
            _ => self.rare(now),
        }
    }

    fn rare(&mut self, now: Timestamp) -> Observation {
        if self.below(2) == 0 {
            let packets = self.below(1_000_000);
            let totals = SecondTotals { second: now.secs(), packets, ..SecondTotals::default() };
            return Observation::Second(totals);
        }
        let what = Malformed {
            layer: Layer::Tcp,
            kind: MalformedKind::Flags,
            offset: 34,
            needed: 0,
            had: 0,
        };
        Observation::Malformed(MalformedSeen {
            src: Some(self.addr()),
            dst: Some(self.addr()),
            what,
        })
    }

    fn digest(&mut self, id: FlowId, tuple: FiveTuple) -> TrafficDigest {
        let many = if self.below(6) == 0 { u64::from(u32::MAX) } else { 200 };
        let mut n = || u32::try_from(self.below(many)).unwrap_or(0);
        let (packets, syns, syn_acks, rsts) = ([n(), n()], n(), n(), [n(), n()]);
        TrafficDigest {
            id,
            tuple,
            app: AppProto::Unknown,
            two_way: self.below(2) == 0,
            packets,
            bytes: [u64::from(packets[0]) * 80, self.next() >> 20],
            syns,
            syn_acks,
            rsts,
            fragments: 0,
        }
    }

    /// Packet time moves on by nothing, a little, or years.
    fn step(&mut self, now: Timestamp) -> Timestamp {
        now.plus_nanos(match self.below(1_000) {
            0 => i64::MAX / 1_000_000,
            1..=5 => 700_000_000_000,
            6..=400 => i64::from(self.word()) * 100,
            _ => 0,
        })
    }
}

/// Runs a detector as the correlator does.
struct Run {
    detector: Box<dyn Detector>,
    sees: Kinds,
    findings: Vec<Finding>,
    wake: Option<Timestamp>,
}

impl Run {
    fn new(spec: &Spec, seed: u64) -> Self {
        let detector = (spec.build)(&Section::defaults(spec), seed);
        Self { detector, sees: spec.sees, findings: Vec::new(), wake: None }
    }

    fn see(&mut self, seq: u64, time: Timestamp, what: Observation) {
        let site = |a: Addr| a.is_private();
        if self.wake.is_some_and(|wake| wake <= time) {
            self.wake = None;
            let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
            self.detector.deadline(time, &mut out);
        }
        if self.sees.meets(what.kind()) {
            let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
            self.detector.observe(&Seen { seq, time, what }, &mut out);
        }
    }

    fn finish(&mut self, time: Timestamp) {
        let site = |a: Addr| a.is_private();
        let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
        self.detector.finish(time, &mut out);
    }
}

/// A run over `n` random observations; `hosts` makes every address a new one.
fn storm(spec: &Spec, seed: u64, n: u64, new_hosts: bool) -> Run {
    let mut run = Run::new(spec, seed);
    let mut random = Random(11);
    let mut now = Timestamp::from_secs_nanos(1_700_000_000, 0);
    for seq in 0..n {
        now = random.step(now);
        let mut what = random.observation(now);
        if new_hosts && let Observation::FlowStarted(flow) = &mut what {
            flow.tuple.src = Addr::v4(u32::try_from(seq).unwrap_or(0).to_be_bytes());
            flow.tuple.dst = Addr::v4([random.byte(), random.byte(), random.byte(), 1]);
        }
        run.see(seq, now, what);
        let entries = run.detector.entries();
        assert!(entries <= spec.max_entries, "{}: {entries} entries", spec.id);
    }
    run.finish(now);
    run
}

#[test]
fn every_detector_has_its_file_and_every_file_its_row() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detect");
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        if !["hardware", "mod", "spec", "suspicious", "testing"].contains(&stem.as_str()) {
            files.insert(stem.replace('_', "-"));
        }
    }
    let ids: BTreeSet<String> = DETECTORS.iter().map(|s| s.id.to_owned()).collect();
    assert_eq!(ids.len(), DETECTORS.len(), "an id twice");
    assert_eq!(ids, files);
}

#[test]
fn names_are_well_formed() {
    let well_formed = |name: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !name.is_empty() && name.chars().all(plain) && !name.starts_with('-')
    };
    for spec in DETECTORS {
        assert!(well_formed(spec.id), "{}", spec.id);
        assert!(spec.techniques.iter().all(|t| well_formed(t)), "{}", spec.id);
        let unique: BTreeSet<_> = spec.techniques.iter().collect();
        assert_eq!(unique.len(), spec.techniques.len(), "{}", spec.id);
        for attack in spec.attack {
            let digits = |s: &str, n| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
            let (main, sub) = attack.split_once('.').unwrap_or((attack, "000"));
            let main = main.strip_prefix('T').unwrap_or_default();
            assert!(digits(main, 4) && digits(sub, 3), "{}: {attack}", spec.id);
        }
    }
}

#[test]
fn every_detector_is_documented() {
    let headings =
        ["## What it sees", "## Why it matters", "## When it is wrong", "## How to tune"];
    for spec in DETECTORS {
        let found: Vec<&str> = spec.about.lines().filter(|l| l.starts_with("## ")).collect();
        assert_eq!(found, headings, "{}", spec.id);
        for part in spec.about.split("## ").skip(1) {
            assert!(part.len() > 80, "{}: too short: {part}", spec.id);
        }
        assert!(spec.summary.len() > 10 && spec.advice.len() > 20, "{}", spec.id);
        assert!(!spec.summary.ends_with('.') && spec.advice.ends_with('.'), "{}", spec.id);
        assert!(spec.sees.0 != 0 && spec.max_entries > 0, "{}", spec.id);
    }
}

#[test]
fn settings_have_sensible_defaults_and_a_sentence() {
    for spec in DETECTORS {
        let keys: BTreeSet<_> = spec.settings.iter().map(|s| s.key).collect();
        assert_eq!(keys.len(), spec.settings.len(), "{}: a key twice", spec.id);
        for s in spec.settings {
            let name = format!("{}.{}", spec.id, s.key);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(s.key.chars().all(plain), "{name}");
            assert!(s.min <= s.default && s.default <= s.max && s.min < s.max, "{name}");
            assert!(s.about.len() > 20 && s.about.ends_with('.'), "{name}: {}", s.about);
        }
    }
}

#[test]
fn silence_in_silence_out() {
    for spec in DETECTORS {
        let mut run = Run::new(spec, 1);
        run.finish(Timestamp::default());
        assert!(run.findings.is_empty() && run.detector.entries() == 0, "{}", spec.id);
    }
}

#[test]
fn the_same_input_gives_the_same_findings_whatever_the_seed() {
    for spec in DETECTORS {
        let (a, b) = (storm(spec, 1, 30_000, false), storm(spec, 0xfeed, 30_000, false));
        assert!(a.findings == b.findings, "{}", spec.id);
    }
}

#[test]
fn findings_keep_the_contract_under_random_input() {
    let mut found = 0;
    for spec in DETECTORS {
        for finding in storm(spec, 3, 60_000, false).findings {
            found += 1;
            let name = format!("{}: {}", spec.id, finding.title);
            assert_eq!(finding.detector, spec.id);
            let known = spec.techniques.contains(&finding.technique.as_str());
            assert!(known || spec.techniques.is_empty(), "{name}: {}", finding.technique);
            assert!((0.0..=1.0).contains(&finding.confidence), "{name}");
            assert!(finding.title.chars().count() <= 120, "{name}");
            assert!(finding.first <= finding.last && finding.count > 0, "{name}");
            assert!(finding.dst_ports.is_sorted() && finding.explanation.ends_with('.'), "{name}");
        }
    }
    assert!(found > 100, "the storm must set detectors off: {found}");
}

#[test]
fn tables_stay_bounded_when_every_host_is_new() {
    for spec in DETECTORS {
        storm(spec, 5, 200_000, true);
    }
}
