//! Fragments in, datagrams out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use anomalyzer_wire::{
    Body, Datagram, DefragLimits, Defragmenter, LinkType, MalformedKind, Pushed, RawFrame,
    Timestamp, Transport, decode, decode_datagram, fuzz,
};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;

/// An IPv4 fragment as raw IP; `offset` in bytes.
fn v4(id: u8, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let [total0, total1] = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let [flags0, flags1] = ((offset / 8) | (u16::from(more) << 13)).to_be_bytes();
    let mut frame = vec![0x45, 0, total0, total1, 0, id, flags0, flags1, 64, 17, 0, 0];
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(payload);
    frame
}

/// An IPv6 fragment as raw IP; `offset` in bytes.
fn v6(id: u8, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let [len0, len1] = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    let [flags0, flags1] = (offset | u16::from(more)).to_be_bytes();
    let mut frame = vec![0x60, 0, 0, 0, len0, len1, 44, 64];
    frame.extend([0xfd; 32]);
    frame.extend([17, 0, flags0, flags1, 0, 0, 0, id]);
    frame.extend(payload);
    frame
}

fn raw(data: &[u8], time: i64) -> RawFrame<'_> {
    let orig_len = u32::try_from(data.len()).unwrap();
    RawFrame { time: Timestamp::from_nanos(time), link: LinkType::RAW, orig_len, data }
}

fn push(defragmenter: &mut Defragmenter, frame: &[u8], time: i64) -> Pushed {
    defragmenter.push(&decode(&raw(frame, time)))
}

/// A UDP datagram from port 1000 to 53 with `len` bytes of changing payload.
fn udp(len: u16) -> Vec<u8> {
    let [len0, len1] = (len + 8).to_be_bytes();
    let mut bytes = vec![0x03, 0xe8, 0, 53, len0, len1, 0, 0];
    bytes.extend((0..len).map(|n| u8::try_from(n % 251).unwrap()));
    bytes
}

/// Payload cut into fragments of `size` bytes (a multiple of 8).
fn cut(make: fn(u8, u16, bool, &[u8]) -> Vec<u8>, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = payload.chunks(size).count();
    let fragment = |(n, chunk)| {
        let offset = u16::try_from(n * size).unwrap();
        make(7, offset, n + 1 < count, chunk)
    };
    payload.chunks(size).enumerate().map(fragment).collect()
}

#[test]
fn a_datagram_is_decoded_like_a_whole_packet() {
    for make in [v4, v6] {
        let (payload, mut defragmenter) = (udp(100), Defragmenter::default());
        let fragments = cut(make, &payload, 48);
        let (last, others) = fragments.split_last().unwrap();
        for fragment in others {
            assert_eq!(push(&mut defragmenter, fragment, 1).datagram, None);
        }
        let last = decode(&raw(last, 2));
        let datagram = defragmenter.push(&last).datagram.expect("complete");
        assert_eq!(datagram, Datagram { proto: 17, payload });
        let packet = decode_datagram(&last, &datagram);
        let Body::Ip(ip) = packet.body else { panic!("{packet:?}") };
        let Transport::Udp(udp) = ip.transport else { panic!("{ip:?}") };
        assert_eq!((udp.src_port, udp.dst_port, ip.payload_len), (1000, 53, 100));
        assert_eq!((ip.payload, ip.fragment), (&datagram.payload[8..], None));
        assert_eq!((defragmenter.pending(), defragmenter.bytes()), (0, 0));
        assert_eq!(defragmenter.counters().completed, 1);
    }
}

#[test]
fn the_first_copy_wins_and_the_overlap_is_told() {
    let mut defragmenter = Defragmenter::default();
    push(&mut defragmenter, &v4(1, 0, true, &[1; 16]), 1);
    let pushed = push(&mut defragmenter, &v4(1, 8, true, &[2; 16]), 1);
    assert_eq!(pushed.note.map(|note| note.kind), Some(MalformedKind::Fragment));
    let pushed = push(&mut defragmenter, &v4(1, 24, false, &[3; 4]), 1);
    let payload = [&[1; 16][..], &[2; 8], &[3; 4]].concat();
    assert_eq!(pushed.datagram, Some(Datagram { proto: 17, payload }));
    assert_eq!(defragmenter.counters().overlapping, 1);
}

#[test]
fn overlapping_ipv6_fragments_throw_the_datagram_away() {
    let mut defragmenter = Defragmenter::default();
    push(&mut defragmenter, &v6(1, 0, true, &[1; 16]), 1);
    assert!(push(&mut defragmenter, &v6(1, 8, true, &[2; 16]), 1).note.is_some());
    assert_eq!(push(&mut defragmenter, &v6(1, 16, false, &[3; 4]), 1).datagram, None);
    assert_eq!(push(&mut defragmenter, &v6(1, 0, true, &[1; 16]), 1).datagram, None);
    assert_eq!(defragmenter.counters().completed, 0);
}

#[test]
fn an_exact_copy_is_no_overlap() {
    for make in [v4, v6] {
        let mut defragmenter = Defragmenter::default();
        for _ in 0..2 {
            let pushed = push(&mut defragmenter, &make(1, 0, true, &[1; 16]), 1);
            assert_eq!((pushed.note, pushed.datagram), (None, None));
        }
        assert!(push(&mut defragmenter, &make(1, 16, false, &[2; 3]), 1).datagram.is_some());
        let counters = defragmenter.counters();
        assert_eq!((counters.duplicate, counters.overlapping, counters.completed), (1, 0, 1));
    }
}

#[test]
fn lengths_that_contradict_each_other_are_told() {
    let mut defragmenter = Defragmenter::default();
    push(&mut defragmenter, &v4(1, 8, false, &[1; 8]), 1);
    assert!(push(&mut defragmenter, &v4(1, 16, true, &[2; 8]), 1).note.is_some());
    assert!(push(&mut defragmenter, &v4(1, 16, false, &[2; 8]), 1).note.is_some());
    let pushed = push(&mut defragmenter, &v4(1, 0, true, &[3; 8]), 1);
    let payload = [[3; 8], [1; 8]].concat();
    assert_eq!(pushed.datagram, Some(Datagram { proto: 17, payload }));
}

#[test]
fn a_datagram_beyond_64_kib_is_rejected() {
    let mut defragmenter = Defragmenter::default();
    let frame = v4(1, 65_528, false, &[0; 64]);
    let packet = decode(&raw(&frame, 1));
    assert_eq!(packet.malformed.map(|note| note.kind), Some(MalformedKind::Fragment));
    assert!(defragmenter.push(&packet).note.is_some());
    assert_eq!((defragmenter.counters().oversized, defragmenter.pending()), (1, 0));
}

#[test]
fn what_waits_too_long_is_given_up() {
    let mut defragmenter = Defragmenter::default();
    push(&mut defragmenter, &v4(1, 0, true, &[1; 8]), 0);
    push(&mut defragmenter, &v4(2, 0, true, &[1; 8]), 20 * SECOND);
    assert_eq!(push(&mut defragmenter, &v4(1, 8, false, &[1; 8]), 31 * SECOND).datagram, None);
    assert_eq!((defragmenter.counters().timed_out, defragmenter.pending()), (1, 2));
    defragmenter.expire(Timestamp::from_nanos(62 * SECOND));
    assert_eq!((defragmenter.counters().timed_out, defragmenter.pending()), (3, 0));
}

#[test]
fn the_oldest_make_room() {
    let limits = DefragLimits { datagrams: 2, ..DefragLimits::default() };
    let mut defragmenter = Defragmenter::new(limits);
    for id in 1..=3 {
        push(&mut defragmenter, &v4(id, 0, true, &[id; 8]), 1);
    }
    assert_eq!((defragmenter.counters().evicted, defragmenter.pending()), (1, 2));
    assert_eq!(
        push(&mut defragmenter, &v4(3, 8, false, &[3; 8]), 1).datagram.unwrap().payload,
        [3; 16]
    );

    let limits = DefragLimits { bytes: 4_096, ..DefragLimits::default() };
    let mut defragmenter = Defragmenter::new(limits);
    for id in 0..100 {
        push(&mut defragmenter, &v4(id, 0, true, &[id; 800]), 1);
        assert!(defragmenter.bytes() <= 4_096);
    }
    assert_eq!(push(&mut defragmenter, &v4(1, 0, true, &[0; 5_000]), 1).datagram, None);
    assert_eq!(defragmenter.counters().unusable, 1);
}

#[test]
fn scattered_pieces_are_bounded() {
    let mut defragmenter = Defragmenter::default();
    for n in 0..1_000_u16 {
        push(&mut defragmenter, &v4(1, n * 16, true, &[1; 8]), 1);
    }
    assert_eq!(defragmenter.counters().scattered, 1_000 - 256);
    let small = cut(v4, &udp(4_000), 8);
    let mut defragmenter = Defragmenter::default();
    let done = small.iter().filter(|f| push(&mut defragmenter, f, 1).datagram.is_some()).count();
    assert_eq!(done, 1, "tiny fragments in order are one piece");
}

#[test]
fn networks_are_kept_apart() {
    let mut defragmenter = Defragmenter::default();
    let (first, second) = (v4(1, 0, true, &[1; 8]), v4(1, 8, false, &[2; 8]));
    let mut packet = decode(&raw(&first, 1));
    packet.link.vlan = [5, 0];
    defragmenter.push(&packet);
    assert_eq!(push(&mut defragmenter, &second, 1).datagram, None);
    let mut packet = decode(&raw(&second, 1));
    packet.link.vlan = [5, 0];
    assert!(defragmenter.push(&packet).datagram.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_datagram(
        (order, version) in (1..40_usize).prop_flat_map(|n| {
            (Just((0..n).collect::<Vec<_>>()).prop_shuffle(), any::<bool>())
        }),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let len = u16::try_from(order.len() * 16).unwrap() - 8;
        let payload = udp(len);
        let fragments = cut(if version { v4 } else { v6 }, &payload, 16);
        prop_assume!(fragments.len() > 1);
        let mut order = order;
        let last = order.pop().unwrap();
        let repeated: Vec<_> = repeats.iter().filter_map(|n| order.get(n.index(order.len().max(1)))).copied().collect();
        order.extend(repeated);
        let mut defragmenter = Defragmenter::default();
        for n in order {
            prop_assert_eq!(push(&mut defragmenter, &fragments[n], 1).datagram, None);
        }
        let datagram = push(&mut defragmenter, &fragments[last], 1).datagram;
        prop_assert_eq!(datagram, Some(Datagram { proto: 17, payload }));
        prop_assert_eq!(defragmenter.counters().overlapping, 0);
    }

    #[test]
    fn arbitrary_fragments_stay_in_bounds(data in prop::collection::vec(any::<u8>(), 0..1_200)) {
        fuzz::defragment(&data);
    }
}
