//! Damaged and hostile files: all that is whole comes first, then an error that says where.

use anomalyzer_capture::{MAX_INTERFACES, MAX_RECORD_BYTES, OpenProblem, fuzz};
use proptest::prelude::*;

use crate::support::{Options, Order, Readout, read, try_read};

const ORDER: Order = Order::Little;
const MICROS: u32 = 0xa1b2c3d4;

/// A pcap of frames of the given lengths, and the offsets where records begin.
fn pcap(lengths: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = ORDER.pcap_header(MICROS, 65_535, 1);
    let mut starts = Vec::new();
    for len in lengths {
        starts.push(bytes.len());
        bytes.extend(ORDER.pcap_record([1, 2], *len as u32, &vec![0xaa; *len]));
    }
    (bytes, starts)
}

/// A pcapng of two interfaces and frames of the given lengths, and the offsets of its blocks.
fn pcapng(order: Order, lengths: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = order.section();
    let mut starts = Vec::new();
    let options: Options<'_> = &[(2, b"eth0"), (9, &[9])];
    for block in [order.interface(1, 0, options), order.interface(101, 0, options)] {
        starts.push(bytes.len());
        bytes.extend(block);
    }
    for (i, len) in lengths.iter().enumerate() {
        starts.push(bytes.len());
        let data = vec![0xaa; *len];
        bytes.extend(match i % 3 {
            0 => order.enhanced(1, 9, *len as u32, &data),
            1 => order.simple(*len as u32, &data),
            _ => order.obsolete(0, 9, *len as u32, &data),
        });
    }
    (bytes, starts)
}

/// Cuts the bytes at `cut` and checks what is left against the offsets of the records; the first
/// `others` of them are no packets.
fn check_cut(bytes: &[u8], starts: &[usize], others: usize, cut: usize) {
    let readout = match try_read(&bytes[..cut]) {
        Ok(readout) => readout,
        Err(error) => {
            assert!(cut < starts[0], "{cut}: {error}");
            let cut_header = matches!(error.problem, OpenProblem::CutHeader { .. });
            assert!(cut_header || cut < 4, "{cut}: {error}");
            return;
        }
    };
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let whole = ends.filter(|end| *end <= cut).count();
    let packets = whole.saturating_sub(others);
    assert_eq!(readout.frames.len(), packets, "cut at {cut}");
    if cut == bytes.len() || starts.contains(&cut) {
        assert!(readout.error.is_none(), "cut at {cut}: {:?}", readout.error);
    } else {
        let error = readout.error.expect("an end inside a record is an error");
        assert!(error.damage().is_cut(), "cut at {cut}: {error}");
        assert_eq!(error.offset(), starts[whole] as u64, "cut at {cut}");
        assert_eq!(error.packet(), packets as u64 + 1, "cut at {cut}");
    }
}

#[test]
fn cut_at_every_length() {
    let (bytes, starts) = pcap(&[0, 1, 60, 5_000, 7]);
    (0..=bytes.len()).for_each(|cut| check_cut(&bytes, &starts, 0, cut));
    for order in [Order::Little, Order::Big] {
        let (bytes, starts) = pcapng(order, &[0, 1, 60, 5_000, 7]);
        (0..=bytes.len()).for_each(|cut| check_cut(&bytes, &starts, 2, cut));
    }
}

#[test]
fn the_error_of_a_cut_file_says_all() {
    let (bytes, _) = pcap(&[60, 700]);
    let error = read(&bytes[..300]).error.unwrap();
    assert_eq!(
        error.to_string(),
        "packet 2 at byte 100: the header claims 700 captured bytes but the file ends after 184; \
         the file was cut short (copy or capture it again), the packet before it was processed"
    );
}

/// Reads two good packets and then `tail`, which must be damage that is told in these words.
fn check_damage(good: &[u8], tail: &[u8], words: &str) {
    let Readout { frames, error, capacity, .. } = read(&[good, tail].concat());
    assert_eq!(frames.len(), 2);
    assert!(capacity <= MAX_RECORD_BYTES);
    let error = error.expect("damage is an error");
    assert_eq!((error.offset(), error.packet()), (good.len() as u64, 3));
    assert_eq!(error.damage().to_string(), words);
}

#[test]
fn pcap_records_that_lie() {
    let (good, _) = pcap(&[10, 20]);
    for claimed in [u32::MAX, MAX_RECORD_BYTES as u32] {
        let tail = [ORDER.words(&[0, 0, claimed, 5]), vec![0; 100]].concat();
        let total = grouped(u64::from(claimed) + 16);
        let words = format!(
            "the header claims a record of {total} bytes, more than the 16,777,216 that any real \
             one has"
        );
        check_damage(&good, &tail, &words);
    }
    let just = MAX_RECORD_BYTES as u32 - 16;
    let tail = [ORDER.words(&[0, 0, just, 5]), vec![0; 100]].concat();
    check_damage(
        &good,
        &tail,
        "the header claims 16,777,200 captured bytes but the file ends after 100",
    );
}

/// A number with thousands separators.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| str::from_utf8(part).unwrap()).collect();
    parts.join(",")
}

#[test]
fn the_largest_record_is_read() {
    let len = MAX_RECORD_BYTES - 16;
    let (bytes, _) = pcap(&[len, 1]);
    let Readout { frames, error, capacity, .. } = read(&bytes);
    assert!(error.is_none());
    assert_eq!((frames[0].data.len(), frames.len(), capacity), (len, 2, MAX_RECORD_BYTES));
}

#[test]
fn pcapng_blocks_that_lie() {
    let (good, _) = pcapng(ORDER, &[10, 20]);
    let check = |tail: &[u8], words: &str| check_damage(&good, tail, words);
    let with_lengths = |mut block: Vec<u8>, first: u32, last: u32| {
        let end = block.len();
        block[4..8].copy_from_slice(&ORDER.word(first));
        block[end - 4..].copy_from_slice(&ORDER.word(last));
        block
    };
    let packet = || ORDER.enhanced(0, 1, 4, b"good");
    check(
        &with_lengths(packet(), 36, 40),
        "a block of type 0x00000006 says 36 bytes at its start and 40 at its end",
    );
    check(
        &with_lengths(packet(), 0, 0),
        "a block of type 0x00000006 has 0 bytes where at least 12 are due",
    );
    check(
        &with_lengths(packet(), u32::MAX, 36),
        "the header claims a record of 4,294,967,295 bytes, more than the 16,777,216 that any \
         real one has",
    );
    check(
        &with_lengths(packet(), 40, 40),
        "a block of type 0x00000006 claims 40 bytes but the file ends after 36",
    );
    check(
        &ORDER.block(6, &[0; 16]),
        "a block of type 0x00000006 has 28 bytes where at least 32 are due",
    );
    check(
        &ORDER.block(3, &[]),
        "a block of type 0x00000003 has 12 bytes where at least 16 are due",
    );
    check(
        &ORDER.block(1, &[]),
        "a block of type 0x00000001 has 12 bytes where at least 20 are due",
    );
    check(
        &ORDER.block(6, &ORDER.words(&[0, 0, 0, 5, 5, 0])),
        "the packet claims 5 captured bytes but its block has room for 4",
    );
    check(
        &ORDER.enhanced(2, 0, 1, b"x"),
        "the packet refers to interface 2 but the section describes 2",
    );
    check(
        &ORDER.block(0x0a0d0d0a, &[1; 16]),
        "a section header with the byte-order magic 0x01010101",
    );
    check(
        &ORDER.block(0x0a0d0d0a, &ORDER.words(&[0x1a2b3c4d, 2, 0, 0])),
        "a section of pcapng version 2.0",
    );
    check(
        &ORDER.block(0x0a0d0d0a, &ORDER.words(&[0x1a2b3c4d])),
        "a block of type 0x0a0d0d0a has 16 bytes where at least 28 are due",
    );
}

#[test]
fn pcapng_interfaces_are_bounded() {
    let interfaces = ORDER.interface(1, 0, &[]).repeat(MAX_INTERFACES + 1);
    let readout = read(&[ORDER.section(), interfaces].concat());
    let words = readout.error.unwrap().damage().to_string();
    assert_eq!(words, "the section describes more than 4096 interfaces");
    let sections =
        [ORDER.section(), ORDER.interface(1, 0, &[])].concat().repeat(MAX_INTERFACES * 2);
    let readout = read(&sections);
    assert!(readout.error.is_none());
    assert!(readout.info.interfaces.len() <= MAX_INTERFACES + 1);
}

#[test]
fn what_is_no_capture_is_named() {
    let check = |bytes: &[u8], words: &str| {
        let error = try_read(bytes).unwrap_err().to_string();
        assert_eq!(error, format!("input: {words}"));
    };
    check(b"", "the file is empty: not even the header of a capture file is there");
    check(
        b"timestamp,src,dst\n",
        "not a capture file: it looks like text; what can be read is pcap and pcapng, plain or \
         compressed with gzip or zstd",
    );
    check(
        &ORDER.pcap_header_of([7, 1], MICROS, 0, 1),
        "a pcap file of version 7.1, which is not known; the header may be damaged",
    );
    check(
        &ORDER.pcap_header(MICROS, 0, 1)[..10],
        "a pcap file that ends inside its header, after 10 of 24 bytes: it holds no packet; copy \
         or capture it again",
    );
    check(
        &ORDER.block(0x0a0d0d0a, &[0; 16]),
        "a pcapng file whose first block is damaged: a section header with the byte-order magic \
         0x00000000",
    );
}

/// Lengths of frames, mostly small.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![9 => 0..200_usize, 1 => 3_000..9_000_usize], 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        fuzz::capture_file(&bytes);
    }

    #[test]
    fn damaged_captures_never_panic(
        lengths in lengths(),
        big in any::<bool>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        words in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 0..3),
    ) {
        let order = if big { Order::Big } else { Order::Little };
        for mut bytes in [pcap(&lengths).0, pcapng(order, &lengths).0] {
            for (at, value) in &hits {
                *at.get_mut(&mut bytes) = *value;
            }
            for (at, value) in &words {
                let at = at.index(bytes.len() / 4) * 4;
                bytes[at..at + 4].copy_from_slice(&order.word(*value));
            }
            let outcome = fuzz::capture_file(&bytes);
            prop_assert!(outcome.packets <= bytes.len() as u64 / 12);
        }
    }

    #[test]
    fn any_cut_gives_all_whole_packets(lengths in lengths(), at in any::<prop::sample::Index>()) {
        let (bytes, starts) = pcap(&lengths);
        if !starts.is_empty() {
            check_cut(&bytes, &starts, 0, at.index(bytes.len() + 1));
        }
        let (bytes, starts) = pcapng(Order::Big, &lengths);
        check_cut(&bytes, &starts, 2, at.index(bytes.len() + 1));
    }
}
