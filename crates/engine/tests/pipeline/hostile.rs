//! Anything may come over the wire: no input makes the engine panic, lose count or grow.

use crate::support::{Captured, Run, at, peer};
use anomalyzer_engine::keyword::{List, Matcher};
use anomalyzer_scenario::build::ip::Peer;
use anomalyzer_scenario::build::{self, tcp};
use anomalyzer_scenario::{AttackKind, Frame, Plan, generate};
use anomalyzer_wire::{LinkType, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Every link type that is decoded, and two that are not.
const LINKS: [LinkType; 19] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::FDDI,
    LinkType::RAW_BSD,
    LinkType::RAW_OPENBSD,
    LinkType::PPP_HDLC,
    LinkType::RAW,
    LinkType::IEEE802_11,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IEEE802_11_PRISM,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::NFLOG,
    LinkType::LINUX_SLL2,
    LinkType(189),
    LinkType(9_999),
];

/// Length of an Ethernet header.
const ETHERNET: usize = 14;

/// Length of the headers of a TCP segment without options, over IPv4.
const HEADERS: usize = ETHERNET + 20 + 20;

/// Frames of an office with attacks, and fragments: something to damage.
static FRAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plan = Plan::office(5, 1).with(AttackKind::PortScanSyn);
    let mut frames: Vec<Vec<u8>> = generate(&plan).take(3_000).map(|f| f.data).collect();
    let (a, b) = (peer("10.0.0.9", 5_000), peer("10.0.0.1", 53));
    frames.extend(build::ip::fragment_ipv4(&build::udp::datagram(&a, &b, 7, &[7; 3_000]), 600));
    let (a, b) = (peer("2001:db8::9", 5_000), peer("2001:db8::1", 80));
    frames.push(build::udp::datagram(&a, &b, 1, b"six"));
    frames
});

/// The frame as another link type would carry it, where that takes no more than a header.
fn on_link(frame: &[u8], link: LinkType) -> Vec<u8> {
    let packet = frame.get(ETHERNET..).unwrap_or_default();
    let ether_type = frame.get(12..ETHERNET).unwrap_or_default();
    let mut out = match link {
        LinkType::ETHERNET => return frame.to_vec(),
        LinkType::NULL => vec![2, 0, 0, 0],
        LinkType::LOOP => vec![0, 0, 0, 2],
        LinkType::PPP | LinkType::PPP_HDLC => vec![0xff, 3, 0, 0x21],
        LinkType::LINUX_SLL => [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], ether_type].concat(),
        LinkType::LINUX_SLL2 => [ether_type, &[0; 18]].concat(),
        LinkType::IEEE802_11_RADIOTAP => vec![0, 0, 8, 0, 0, 0, 0, 0],
        _ => Vec::new(),
    };
    out.extend_from_slice(packet);
    out
}

fn damaged() -> impl Strategy<Value = (LinkType, Vec<u8>)> {
    let flips = vec((any::<Index>(), any::<u8>()), 0..4);
    let cut = prop_oneof![3 => Just(None), 1 => any::<Index>().prop_map(Some)];
    (any::<Index>(), select(&LINKS[..]), flips, cut).prop_map(|(frame, link, flips, cut)| {
        let mut data = on_link(&FRAMES[frame.index(FRAMES.len())], link);
        for (at, value) in flips {
            let at = at.index(data.len());
            data[at] = value;
        }
        if let Some(cut) = cut {
            data.truncate(cut.index(data.len()));
        }
        (link, data)
    })
}

fn noise() -> impl Strategy<Value = (LinkType, Vec<u8>)> {
    (select(&LINKS[..]), vec(any::<u8>(), 0..300))
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let near = 1_772_528_400_000_000_000..1_772_528_900_000_000_000_i64;
    prop_oneof![4 => near, 1 => any::<i64>()].prop_map(Timestamp::from_nanos)
}

fn any_frame() -> impl Strategy<Value = Captured> {
    let data = prop_oneof![2 => damaged(), 1 => noise()];
    let orig_len = prop_oneof![9 => 0..2_000_u32, 1 => any::<u32>()];
    (any_time(), data, orig_len).prop_map(|(time, (link, data), orig_len)| Captured {
        time,
        link,
        orig_len,
        data,
    })
}

/// Patterns over an alphabet of two, so that random bytes hold them often.
const PATTERNS: [&[u8]; 6] = [b"aab", b"bbab", b"abba", b"aaaa", b"babab", b"bbbabb"];

fn matcher() -> Matcher {
    let mut text = String::from("[list]\nname = \"ab\"\nabout = \"test\"\n");
    for (i, pattern) in PATTERNS.iter().enumerate() {
        let pattern = std::str::from_utf8(pattern).unwrap();
        let _ = write!(
            text,
            "[[pattern]]\nname = \"{i}\"\ntext = \"{pattern}\"\nseverity = \"low\"\nreason = \"r\"\n"
        );
    }
    Matcher::new(&[List::parse(&text, "test").unwrap()]).unwrap()
}

/// Small tables, so that they fill and the tests are quick.
fn small() -> Run {
    let mut run = Run { matcher: matcher(), ..Run::default() };
    run.config.limits.flows = 64;
    run.config.limits.hosts = 64;
    run.config.limits.alerts = 32;
    run.config.limits.stream_bytes = 4_096;
    run
}

fn ends() -> [Peer; 2] {
    [peer("10.0.0.9", 40_000), peer("10.0.0.1", 9_999)]
}

/// A TCP segment of one of two ends.
#[derive(Clone, Debug)]
struct Segment {
    from: usize,
    seq: u32,
    flags: u8,
    payload: Vec<u8>,
    /// Bytes that the capture did not keep.
    cut: usize,
}

impl Segment {
    fn captured(&self, ms: i64) -> Captured {
        let ends = ends();
        let Self { from, seq, flags, ref payload, cut } = *self;
        let segment = tcp::Segment { seq, ack: 1, flags, window: 9_000, options: &[] };
        let data = build::tcp::segment(&ends[from], &ends[1 - from], 1, &segment, payload);
        let mut captured = Captured::from(at(ms, data));
        if cut > 0 {
            captured.data.truncate(HEADERS + payload.len() - cut.min(payload.len()));
        }
        captured
    }
}

fn storm() -> impl Strategy<Value = Vec<Segment>> {
    let seq = prop_oneof![
        6 => 0..3_000_u32,
        2 => u32::MAX - 2_000..=u32::MAX,
        1 => any::<u32>(),
    ];
    let payload = vec(select(&b"ab"[..]), 0..900);
    let segment =
        (0..2_usize, seq, any::<u8>(), payload, prop_oneof![4 => Just(0), 1 => 0..99_usize]);
    vec(
        segment.prop_map(|(from, seq, flags, payload, cut)| Segment {
            from,
            seq,
            flags,
            payload,
            cut,
        }),
        1..150,
    )
}

/// The first copy of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Missing,
    /// The capture did not keep it.
    Cut,
    Kept(u8),
}

/// Bytes of a direction as the first copy of each has them.
#[derive(Default)]
struct FirstCopies(Vec<Byte>);

impl FirstCopies {
    fn of(pieces: &[(usize, Vec<u8>, usize)]) -> Self {
        let mut first = Self::default();
        for (offset, payload, cut) in pieces {
            first.add(*offset, payload, *cut);
        }
        first
    }

    fn add(&mut self, start: usize, payload: &[u8], cut: usize) {
        let end = start + payload.len();
        self.0.resize(self.0.len().max(end), Byte::Missing);
        let kept = payload.len() - cut.min(payload.len());
        for (i, byte) in payload.iter().enumerate() {
            if self.0[start + i] == Byte::Missing {
                self.0[start + i] = if i < kept { Byte::Kept(*byte) } else { Byte::Cut };
            }
        }
    }

    fn holds_at(&self, end: usize, pattern: &[u8]) -> bool {
        end.checked_sub(pattern.len())
            .and_then(|start| self.0.get(start..end))
            .is_some_and(|bytes| bytes.iter().zip(pattern).all(|(b, p)| *b == Byte::Kept(*p)))
    }

    fn holds(&self, pattern: &[u8]) -> bool {
        (0..=self.0.len()).any(|end| self.holds_at(end, pattern))
    }
}

/// Pieces of a stream of some hundred bytes: offset, bytes, bytes that the capture cut.
fn pieces() -> impl Strategy<Value = Vec<(usize, Vec<u8>, usize)>> {
    let cut = prop_oneof![9 => Just(0), 1 => 0..9_usize];
    vec((0..250_usize, vec(select(&b"ab"[..]), 1..60), cut), 1..40)
}

/// A SYN, then the pieces.
fn stream(isn: u32, pieces: &[(usize, Vec<u8>, usize)]) -> Vec<Captured> {
    let syn = Segment { from: 0, seq: isn, flags: tcp::SYN, payload: Vec::new(), cut: 0 };
    let pieces = pieces.iter().map(|(offset, payload, cut)| Segment {
        from: 0,
        seq: isn.wrapping_add(1).wrapping_add(u32::try_from(*offset).unwrap()),
        flags: tcp::ACK | tcp::PSH,
        payload: payload.clone(),
        cut: *cut,
    });
    std::iter::once(syn).chain(pieces).zip(0..).map(|(s, ms)| s.captured(ms)).collect()
}

fn counter(outcome: &crate::support::Outcome, name: &str) -> u64 {
    outcome.summary.counters.iter().find(|(n, _)| *n == name).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_frame_is_counted_once(frames in vec(any_frame(), 0..80), workers in 1..4_usize) {
        let count = frames.len() as u64;
        let run = Run { workers, ..small() };
        let out = run.frames(frames);
        prop_assert_eq!(out.summary.packets, count);
        let by_link: u64 = out.summary.link_types.iter().map(|(_, packets)| packets).sum();
        prop_assert_eq!(by_link, count);
        let in_flows: u64 = out.flows.iter().map(|f| f.orig.packets + f.resp.packets).sum();
        prop_assert!(in_flows <= count);
        prop_assert_eq!(out.flows.len() as u64, out.summary.flows);
    }

    #[test]
    fn a_storm_of_segments_keeps_its_payload_count(storm in storm()) {
        let mut sent = [0_u64; 2];
        for segment in &storm {
            sent[segment.from] += segment.payload.len() as u64;
        }
        let frames = storm.iter().zip(0..).map(|(segment, ms)| segment.captured(ms * 3));
        let out = small().frames(frames.collect::<Vec<_>>());
        let [client, server] = ends();
        let mut counted = [0; 2];
        for flow in &out.flows {
            let from_client = flow.tuple.src_port == client.port;
            prop_assert!(from_client || flow.tuple.src_port == server.port);
            let (a, b) = if from_client { (flow.orig, flow.resp) } else { (flow.resp, flow.orig) };
            counted[0] += a.payload;
            counted[1] += b.payload;
        }
        prop_assert_eq!(counted, sent);
    }

    #[test]
    fn keywords_are_those_of_the_first_copies(isn: u32, pieces in pieces()) {
        let first = FirstCopies::of(&pieces);
        let run = Run { matcher: matcher(), ..Run::default() };
        let out = run.frames(stream(isn, &pieces));
        for (i, pattern) in PATTERNS.iter().enumerate() {
            let name = i.to_string();
            let hits = out.hits.iter().filter(|hit| *hit.pattern == *name);
            let mut found = false;
            for hit in hits {
                let end = usize::try_from(hit.offset).unwrap() + 1;
                prop_assert!(first.holds_at(end, pattern), "{hit:?}");
                found = true;
            }
            prop_assert_eq!(found, first.holds(pattern), "{}", name);
        }
    }

    #[test]
    fn without_room_no_keyword_is_invented(isn: u32, pieces in pieces(), room in 0..200_usize) {
        let first = FirstCopies::of(&pieces);
        let mut run = Run { matcher: matcher(), ..Run::default() };
        run.config.limits.stream_bytes = room;
        let out = run.frames(stream(isn, &pieces));
        for hit in &out.hits {
            let pattern = PATTERNS[hit.pattern.parse::<usize>().unwrap()];
            let end = usize::try_from(hit.offset).unwrap() + 1;
            prop_assert!(first.holds_at(end, pattern), "{hit:?}");
        }
        let read = counter(&out, "keyword_bytes_searched");
        let bytes: usize = pieces.iter().map(|(_, payload, _)| payload.len()).sum();
        prop_assert!(read <= bytes as u64);
    }

    #[test]
    fn tables_are_bounded(
        tuples in vec((any::<u16>(), any::<u16>(), any::<u16>(), 0..4_u8), 1..600),
        flows in 16..80_usize,
        workers in 1..4_usize,
    ) {
        let frames: Vec<Frame> = tuples.iter().zip(0..).map(|((host, port, other, kind), ms)| {
            let from = peer(&format!("10.1.{}.{}", host >> 8, host & 255), *port);
            let to = peer(&format!("10.2.0.{}", other & 63), *other);
            at(ms, match kind {
                0 => build::udp::datagram(&from, &to, 1, b"x"),
                1 => build::icmp::echo(&from, &to, false, *port, 1, b"x"),
                2 => crate::support::tcp(&to, &from, "SA", 1, 2, b""),
                _ => crate::support::tcp(&from, &to, "S", 1, 0, b""),
            })
        }).collect();
        let count = frames.len() as u64;
        let mut run = Run { workers, ..small() };
        run.config.limits.flows = flows;
        let out = run.frames(frames);
        let most: usize = (flows / workers).max(16) * workers;
        prop_assert!(out.open_max <= most, "{} of {most}", out.open_max);
        prop_assert_eq!(out.flows.iter().map(|f| f.orig.packets + f.resp.packets).sum::<u64>(), count);
        let evicted = counter(&out, "flows_evicted_one_way") + counter(&out, "flows_evicted_two_way");
        prop_assert!(evicted + most as u64 >= out.summary.flows);
    }
}
