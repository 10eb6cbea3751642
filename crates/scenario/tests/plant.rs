//! Plantings: each stream, put together by first copy, holds its pattern, and no decoy does.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use anomalyzer_scenario::plant::{PlantPlan, Planted};
use anomalyzer_scenario::{Frame, Side};
use anomalyzer_wire::{Addr, Timestamp};
use common::{tshark_complaints, verify};

fn plan() -> PlantPlan {
    let start = Timestamp::from_secs_nanos(1_772_528_400, 0);
    PlantPlan::new(5, start, vec![b"needle-in-hay".to_vec(), b"\xde\xad\xbe\xef\x00\x01".to_vec()])
}

/// Sender and receiver with ports, and the protocol.
type Direction = ((Addr, u16), (Addr, u16), u8);

/// One IPv4 TCP or UDP frame: direction, sequence number, flags, payload.
fn parse(frame: &Frame) -> (Direction, u32, u8, &[u8]) {
    let data = &frame.data;
    let four = |at: usize| [data[at], data[at + 1], data[at + 2], data[at + 3]];
    let two = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
    let key = ((Addr::v4(four(26)), two(34)), (Addr::v4(four(30)), two(36)), data[23]);
    let end = 14 + usize::from(two(16));
    if data[23] == 17 {
        return (key, 0, 0, &data[42..end]);
    }
    let start = 34 + usize::from(data[46] >> 4) * 4;
    (key, u32::from_be_bytes(four(38)), data[47], &data[start..end])
}

/// Each direction's bytes by place; of overlapping data the first copy stays. Datagrams are kept
/// apart by a gap.
fn streams(frames: &[Frame]) -> BTreeMap<Direction, BTreeMap<u32, u8>> {
    let mut streams: BTreeMap<Direction, BTreeMap<u32, u8>> = BTreeMap::new();
    let mut first: BTreeMap<Direction, u32> = BTreeMap::new();
    for frame in frames {
        let (key, seq, flags, payload) = parse(frame);
        if flags & 2 != 0 {
            first.insert(key, seq.wrapping_add(1));
        }
        let stream = streams.entry(key).or_default();
        let offset = match key.2 {
            17 => stream.last_key_value().map_or(0, |(last, _)| last + 100),
            _ => seq.wrapping_sub(first[&key]),
        };
        for (index, byte) in payload.iter().enumerate() {
            stream.entry(offset + u32::try_from(index).unwrap()).or_insert(*byte);
        }
    }
    streams
}

/// True when the bytes hold the pattern without a gap.
fn holds(stream: &BTreeMap<u32, u8>, pattern: &[u8]) -> bool {
    let bytes: Vec<(u32, u8)> = stream.iter().map(|(at, byte)| (*at, *byte)).collect();
    bytes.windows(pattern.len()).any(|window| {
        let content = window.iter().map(|(_, byte)| *byte);
        content.eq(pattern.iter().copied())
            && usize::try_from(window[window.len() - 1].0 - window[0].0).unwrap() + 1
                == window.len()
    })
}

fn direction(planted: &Planted, side: Side) -> Direction {
    match side {
        Side::Client => (planted.client, planted.server, planted.protocol),
        Side::Server => (planted.server, planted.client, planted.protocol),
    }
}

#[test]
fn plantings_hold_their_patterns_and_decoys_do_not() {
    let frames: Vec<Frame> = plan().generate().collect();
    let streams = streams(&frames);
    let ledger = plan().ledger();
    // Twelve ways and each cut, from both sides.
    assert_eq!(ledger.len(), 2 * (12 + 12) + 2 * (12 + 5));
    for planted in &ledger {
        let found = [Side::Client, Side::Server].map(|side| {
            streams.get(&direction(planted, side)).is_some_and(|s| holds(s, &planted.pattern))
        });
        let expected = [Side::Client, Side::Server]
            .map(|side| !planted.how.is_decoy() && side == planted.side);
        assert_eq!(found, expected, "{planted:?}");
    }
    let total: usize =
        streams.values().map(|s| plan().patterns.iter().filter(|p| holds(s, p)).count()).sum();
    assert_eq!(total, ledger.iter().filter(|planted| !planted.how.is_decoy()).count());
}

#[test]
fn frames_are_valid_and_begin_when_the_ledger_says() {
    let mut last = Timestamp::MIN;
    let frames: Vec<Frame> = plan().generate().collect();
    for frame in &frames {
        verify(&frame.data).unwrap();
        assert!(frame.time >= last);
        last = frame.time;
    }
    for planted in plan().ledger() {
        let key = direction(&planted, Side::Client);
        let first = frames.iter().find(|frame| parse(frame).0 == key).unwrap();
        assert_eq!(first.time, planted.start, "{planted:?}");
    }
}

#[test]
fn office_traffic_can_surround_the_plantings() {
    let plan = PlantPlan { office: true, ..plan() };
    let frames: Vec<Frame> = plan.generate().collect();
    let port = |frame: &Frame| frame.data[12..14] == [8, 0] && frame.data[23] == 6;
    assert!(frames.iter().filter(|frame| frame.label == 0 && port(frame)).count() > 200);
    if let Some(lines) = tshark_complaints(frames.into_iter()) {
        assert!(lines.is_empty(), "{lines:#?}");
    }
}
