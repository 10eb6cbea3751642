//! The memory test's flood: distinct sources, exact ledger, valid frames.

mod common;

use std::collections::{HashMap, HashSet};

use anomalyzer_scenario::floods::{FloodPlan, Tally, VICTIM};
use anomalyzer_wire::Timestamp;
use common::verify;

fn plan() -> FloodPlan {
    let start = Timestamp::from_secs_nanos(1_772_528_400, 0);
    FloodPlan { packets: 60_000, sources: 50_000, ..FloodPlan::ten_million(9, start) }
}

/// Addresses, ports, frame, IP and payload length of an IPv4 TCP or UDP frame.
fn parse(frame: &[u8]) -> ([u8; 4], [u8; 4], u16, u16, u64) {
    let four = |at: usize| [frame[at], frame[at + 1], frame[at + 2], frame[at + 3]];
    let two = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    (four(26), four(30), two(34), two(36), u64::from(two(16)))
}

#[test]
fn sources_are_distinct_and_frames_valid() {
    let mut sources = HashSet::new();
    let (mut flood, mut last) = (0, Timestamp::MIN);
    for frame in plan().generate() {
        verify(&frame.data).unwrap();
        assert!(frame.time >= last);
        last = frame.time;
        let (src, dst, ..) = parse(&frame.data);
        if frame.label == 1 {
            assert_eq!(dst, VICTIM);
            sources.insert(src);
            flood += 1;
        }
    }
    assert_eq!((flood, sources.len()), (60_000, 50_000));
}

#[test]
fn the_ledger_is_exact() {
    let mut seen: HashMap<_, Tally> = HashMap::new();
    for frame in plan().generate().filter(|frame| frame.label == 0) {
        let (src, dst, from, to, ip_bytes) = parse(&frame.data);
        let tally = seen.entry((src, from, dst, to)).or_default();
        tally.packets += 1;
        tally.frame_bytes += frame.data.len() as u64;
        tally.ip_bytes += ip_bytes;
        tally.payload_bytes += ip_bytes - 20 - u64::from(frame.data[46] >> 4) * 4;
    }
    let ledger = plan().ledger();
    assert_eq!(ledger.len(), 1_000);
    assert_eq!(seen.len(), 2_000);
    for flow in ledger {
        let bytes = |addr: anomalyzer_wire::Addr| addr.as_v4().unwrap().to_be_bytes();
        let (client, server) = (bytes(flow.client.0), bytes(flow.server.0));
        let key = (client, flow.client.1, server, flow.server.1);
        assert_eq!(seen[&key], flow.sent, "{flow:?}");
        let key = (server, flow.server.1, client, flow.client.1);
        assert_eq!(seen[&key], flow.received, "{flow:?}");
    }
}

#[test]
fn lending_and_owning_iteration_agree() {
    let (mut owned, mut lent) = (plan().generate(), plan().generate());
    let mut data = Vec::new();
    for frame in owned.by_ref() {
        assert_eq!(lent.next_into(&mut data), Some(frame.time));
        assert_eq!(data, frame.data);
    }
    assert_eq!(lent.next_into(&mut data), None);
}
