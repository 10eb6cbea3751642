//! RFC 9001 appendix A.2, and packets sealed here as RFC 9001 section 5 says.

use super::*;
use crate::app::tls::tests::{example_hello, message};
use ring::aead::quic::{AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The unprotected CRYPTO frame of appendix A.2.
const A2_FRAME: &str = "
    060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
    0d0010000e0403050306030203080408050806002d00020101001c0002400100
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
    75300901100f088394c8f03e51570806048000ffff";

/// Seals an Initial packet with given keys, number 2 in four bytes as the appendix does.
fn seal(header: &[u8], frames: &[u8], key: &str, iv: &str, hp: &str) -> Vec<u8> {
    let mut packet = header.to_vec();
    let number = [0, 0, 0, 2];
    packet.extend(number);
    let mut nonce: [u8; 12] = bytes_of(iv).try_into().unwrap();
    nonce[11] ^= 2;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &bytes_of(key)).unwrap());
    let mut sealed = frames.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(&packet),
        &mut sealed,
    )
    .unwrap();
    let mask =
        HeaderProtectionKey::new(&AES_128, &bytes_of(hp)).unwrap().new_mask(&sealed[..16]).unwrap();
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[header.len()..].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet.extend(sealed);
    packet
}

fn a2_packet() -> Vec<u8> {
    let mut frames = bytes_of(A2_FRAME);
    frames.resize(1162, 0);
    // Keys as appendix A.1 prints them.
    seal(
        &bytes_of("c300000001088394c8f03e5157080000449e"),
        &frames,
        "1f369613dd76d5467730efcbe3b1a22d",
        "fa044b2f42a3fd3b46fb255c",
        "9f50449e04a0e810283a1e9933adedd2",
    )
}

#[test]
fn the_packet_of_rfc_9001_a2() {
    let packet = a2_packet();
    // The first bytes of the protected packet that the appendix prints.
    assert_eq!(packet.len(), 1200);
    let printed = "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b";
    assert!(packet.starts_with(&bytes_of(printed)));
    let fact = parse_udp(&packet).fact().unwrap();
    assert_eq!(fact.version, 1);
    assert_eq!(fact.destination_id.as_bytes(), bytes_of("8394c8f03e515708"));
    assert_eq!(fact.hello.sni.as_ref().unwrap().as_bytes(), b"example.com");
    assert_eq!(fact.hello.alpn[0].as_bytes(), b"alpn");
    assert_eq!(fact.hello.version(), 0x0304);
    assert!(!fact.hello.damaged && fact.ja4().starts_with("q13d0211an_"));
}

#[test]
fn a_changed_bit_opens_nothing() {
    let packet = a2_packet();
    for at in [0, 1, 6, 20, 100, 1199] {
        let mut damaged = packet.clone();
        damaged[at] ^= 1;
        assert_eq!(parse_udp(&damaged).fact(), None, "bit in byte {at}");
    }
    for cut in 0..packet.len() {
        assert_eq!(parse_udp(&packet[..cut]).fact(), None, "cut at {cut}");
    }
}

fn crypto(offset: u16, bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap() | 0x4000;
    let parts = [&[6][..], &(offset | 0x4000).to_be_bytes(), &len.to_be_bytes(), bytes];
    parts.concat()
}

#[test]
fn a_hello_out_of_order_over_two_datagrams() {
    let hello = message(1, &example_hello());
    let (first, second) = hello.split_at(120);
    let sealed = |frames: &[u8]| {
        let len = u16::try_from(frames.len() + 4 + 16).unwrap() | 0x4000;
        let header = [&bytes_of("c300000001088394c8f03e5157080000")[..], &len.to_be_bytes()];
        seal(
            &header.concat(),
            frames,
            "1f369613dd76d5467730efcbe3b1a22d",
            "fa044b2f42a3fd3b46fb255c",
            "9f50449e04a0e810283a1e9933adedd2",
        )
    };
    let late = sealed(&[crypto(120, second), vec![0; 20], vec![1]].concat());
    let (a, b) = first.split_at(50);
    let early = sealed(&[crypto(50, b), vec![0], crypto(0, a)].concat());
    let mut state = QuicInitial::new();
    assert_eq!(state.feed(&late), Parsed::NeedMore);
    let fact = state.feed(&early).fact().unwrap();
    assert_eq!(fact.ja4(), "q13d1516h2_8daaf6152771_e5627efa2ab1");
    // Both packets in one datagram do as well.
    assert!(parse_udp(&[late, early].concat()).fact().is_some());
}

#[test]
fn other_datagrams_are_not_quic() {
    assert_eq!(parse_udp(b""), Parsed::NotThis);
    assert_eq!(parse_udp(&[0x40; 100]), Parsed::NotThis);
    let mut state = QuicInitial::new();
    for _ in 0..=DATAGRAMS_MAX {
        state.feed(&a2_packet()[..1199]);
    }
    assert_eq!(state.feed(&a2_packet()), Parsed::NotThis);
}
