//! Each feature of pcap and pcapng, by bytes.

use anomalyzer_wire::{LinkType, Timestamp};

use crate::support::{Frame, ORDERS, Options, Order, Readout, read};

const MICROS: u32 = 0xa1b2c3d4;
const NANOS: u32 = 0xa1b23c4d;
const MODIFIED: u32 = 0xa1b2cd34;

fn frame(nanos: i64, link: LinkType, orig_len: u32, data: &[u8]) -> Frame {
    Frame { nanos, link, orig_len, data: data.to_vec() }
}

fn check(parts: &[Vec<u8>], expected: &[Frame]) -> Readout {
    let readout = read(&parts.concat());
    assert_eq!(readout.frames, expected);
    assert!(readout.error.is_none(), "{:?}", readout.error);
    assert_eq!(readout.info.packets, expected.len() as u64);
    assert_eq!(readout.info.bytes, parts.concat().len() as u64);
    readout
}

#[test]
fn pcap_of_both_orders_and_units() {
    for order in ORDERS {
        for (magic, nanos, name) in
            [(MICROS, 5_000_007_000, "pcap"), (NANOS, 5_000_000_007, "pcap with nanoseconds")]
        {
            let readout = check(
                &[
                    order.pcap_header(magic, 65_535, 1),
                    order.pcap_record([5, 7], 4, b"abcd"),
                    order.pcap_record([5, 7], 90, b"e"),
                    order.pcap_record([5, 7], 0, b""),
                ],
                &[
                    frame(nanos, LinkType::ETHERNET, 4, b"abcd"),
                    frame(nanos, LinkType::ETHERNET, 90, b"e"),
                    frame(nanos, LinkType::ETHERNET, 0, b""),
                ],
            );
            assert_eq!(readout.info.format, name);
            assert_eq!(readout.info.link_types, [LinkType::ETHERNET]);
            assert_eq!(readout.info.snaplen, 65_535);
        }
    }
}

#[test]
fn pcap_modified_by_kuznetzov() {
    for order in ORDERS {
        let mut record = order.words(&[1, 2, 3, 3]);
        record.extend(order.words(&[2, 0x0800_0400]));
        record.extend(b"xyz");
        check(
            &[order.pcap_header(MODIFIED, 0, 113), record.clone(), record],
            &[
                frame(1_000_002_000, LinkType::LINUX_SLL, 3, b"xyz"),
                frame(1_000_002_000, LinkType::LINUX_SLL, 3, b"xyz"),
            ],
        );
    }
}

#[test]
fn pcap_of_old_versions_exchanges_the_lengths() {
    for (minor, lengths) in [(2, [9, 2]), (3, [9, 2]), (3, [2, 9]), (4, [2, 9])] {
        let mut record = Order::Big.words(&[0, 0, lengths[0], lengths[1]]);
        record.extend(b"hi");
        check(
            &[Order::Big.pcap_header_of([2, minor], MICROS, 0, 1), record],
            &[frame(0, LinkType::ETHERNET, 9, b"hi")],
        );
    }
}

#[test]
fn pcap_link_field_may_hold_the_check_sequence_length() {
    let header = Order::Little.pcap_header(MICROS, 0x7fff_ffff, 0x2400_0069);
    let readout = check(&[header], &[]);
    assert_eq!(readout.info.link_types, [LinkType::IEEE802_11]);
}

#[test]
fn pcap_times_at_their_ends() {
    let order = Order::Little;
    for magic in [MICROS, NANOS] {
        let unit = if magic == MICROS { 1_000 } else { 1 };
        let last = i64::from(u32::MAX) * 1_000_000_000 + i64::from(u32::MAX) * unit;
        check(
            &[
                order.pcap_header(magic, 0, 1),
                order.pcap_record([0, 0], 1, b"a"),
                order.pcap_record([u32::MAX, u32::MAX], 1, b"b"),
            ],
            &[frame(0, LinkType::ETHERNET, 1, b"a"), frame(last, LinkType::ETHERNET, 1, b"b")],
        );
    }
}

#[test]
fn pcapng_enhanced_simple_and_obsolete_packets() {
    for order in ORDERS {
        let readout = check(
            &[
                order.section(),
                order.interface(1, 3, &[(2, b"eth0"), (3, b"first port")]),
                order.interface(101, 0, &[]),
                order.enhanced(1, (1 << 32) + 5, 60, b"abcde"),
                order.simple(2, b"hi"),
                order.simple(900, b"cut"),
                order.obsolete(0, 7, 2, b"ob"),
            ],
            &[
                frame(((1 << 32) + 5) * 1_000, LinkType::RAW, 60, b"abcde"),
                // A simple packet has no time of its own.
                frame(((1 << 32) + 5) * 1_000, LinkType::ETHERNET, 2, b"hi"),
                frame(((1 << 32) + 5) * 1_000, LinkType::ETHERNET, 900, b"cut"),
                frame(7_000, LinkType::ETHERNET, 2, b"ob"),
            ],
        );
        let info = readout.info;
        assert_eq!(info.link_types, [LinkType::ETHERNET, LinkType::RAW]);
        assert_eq!(info.interfaces[0].name.as_bytes(), b"eth0");
        assert_eq!(info.interfaces[0].description.as_bytes(), b"first port");
        assert_eq!((info.snaplen, info.sections), (0, 1));
    }
}

#[test]
fn pcapng_simple_packet_longer_than_its_block_is_cut_to_it() {
    let order = Order::Little;
    check(
        &[order.section(), order.interface(1, 0, &[]), order.simple(5_000, b"four")],
        &[frame(0, LinkType::ETHERNET, 5_000, b"four")],
    );
}

#[test]
fn pcapng_clock_options() {
    let cases: [(Options<'_>, i64); 5] = [
        (&[(9, &[9])], 1_500),
        (&[(9, &[0x8a])], 1_464_843_750),
        (&[(9, &[3]), (14, &10_u64.to_le_bytes())], 11_500_000_000),
        (&[(14, &(-1_i64).to_le_bytes())], -998_500_000),
        (&[(9, &[])], 1_500_000),
    ];
    let order = Order::Little;
    for (options, nanos) in cases {
        check(
            &[order.section(), order.interface(1, 0, options), order.enhanced(0, 1_500, 1, b"t")],
            &[frame(nanos, LinkType::ETHERNET, 1, b"t")],
        );
    }
    let options: Options<'_> = &[(9, &[0]), (14, &i64::MAX.to_le_bytes())];
    let parts = [order.section(), order.interface(1, 0, options), order.enhanced(0, 1, 1, b"t")];
    check(&parts, &[frame(Timestamp::MAX.nanos(), LinkType::ETHERNET, 1, b"t")]);
}

#[test]
fn pcapng_sections_of_different_order_number_their_interfaces_anew() {
    let (little, big) = (Order::Little, Order::Big);
    let readout = check(
        &[
            little.section(),
            little.interface(1, 0, &[]),
            little.enhanced(0, 1, 1, b"l"),
            big.section(),
            big.interface(101, 0, &[]),
            big.enhanced(0, 2, 1, b"b"),
            little.section(),
        ],
        &[frame(1_000, LinkType::ETHERNET, 1, b"l"), frame(2_000, LinkType::RAW, 1, b"b")],
    );
    assert_eq!((readout.info.sections, readout.info.interfaces.len()), (3, 2));
}

#[test]
fn pcapng_other_blocks_are_counted_and_skipped() {
    let order = Order::Big;
    let readout = check(
        &[
            order.section(),
            order.block(5, &[0; 12]),
            order.interface(1, 0, &[]),
            order.block(0x0bad, b"\0\0\0\0custom"),
            order.block(4, &[]),
            order.block(0x7654_3210, &[1; 5_000]),
            order.enhanced(0, 1, 1, b"p"),
            order.block(0x4000_0bad, b"\0\0\0\0custom"),
        ],
        &[frame(1_000, LinkType::ETHERNET, 1, b"p")],
    );
    assert_eq!((readout.info.skipped_blocks, readout.info.custom_blocks), (3, 2));
}

#[test]
fn pcapng_options_that_make_no_sense_do_not_spoil_the_interface() {
    let order = Order::Little;
    let mut body = [order.half(1), order.half(0), [9, 0], [0, 0]].concat();
    body.extend([order.half(2), order.half(60_000), *b"et"].concat());
    let parts = [order.section(), order.block(1, &body), order.enhanced(0, 1, 1, b"p")];
    check(&parts, &[frame(1_000, LinkType::ETHERNET, 1, b"p")]);
}

#[test]
fn pcapng_block_length_without_padding_is_accepted() {
    let order = Order::Little;
    let mut packet = order.enhanced(0, 1, 5, b"12345");
    let total = packet.len();
    for at in [4, total - 4] {
        packet[at..at + 4].copy_from_slice(&order.word(total as u32 - 3));
    }
    check(
        &[order.section(), order.interface(1, 0, &[]), packet, order.enhanced(0, 2, 1, b"p")],
        &[frame(1_000, LinkType::ETHERNET, 5, b"12345"), frame(2_000, LinkType::ETHERNET, 1, b"p")],
    );
}
