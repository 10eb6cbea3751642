//! Hellos, flights and certificates built by hand.

use super::*;
use crate::app::read::Reader;

/// A vector with a length of `bytes` bytes before it.
pub(crate) fn vector(bytes: usize, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&len[4 - bytes..], body].concat()
}

pub(crate) fn extension(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, value)].concat()
}

fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector(3, body)].concat()
}

fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &vector(2, fragment)].concat()
}

/// The example of JA4's specification, GREASE added at both ends of every list.
pub(crate) fn example_hello() -> Vec<u8> {
    const GREASE: u16 = 0x1a1a;
    let ciphers = [
        GREASE, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let name = [&[0][..], &vector(2, b"www.example.org")].concat();
    let alpn = [vector(1, b"h2"), vector(1, b"http/1.1")].concat();
    let extensions = [
        extension(GREASE, b""),
        extension(0x001b, b"\x02\0\x02"),
        extension(0, &vector(2, &name)),
        extension(0x0033, b""),
        extension(0x0010, &vector(2, &alpn)),
        extension(0x4469, b""),
        extension(0x0017, b""),
        extension(0x002d, b"\x01\x01"),
        extension(0x000d, &vector(2, &u16s(&signatures))),
        extension(0x0005, b"\x01\0\0\0\0"),
        extension(0x0023, b""),
        extension(0x0012, b""),
        extension(0x002b, &vector(1, &u16s(&[GREASE, 0x0304, 0x0303]))),
        extension(0xff01, b"\0"),
        extension(0x000b, b"\x01\0"),
        extension(0x000a, &vector(2, &u16s(&[GREASE, 0x001d, 0x0017, 0x0018]))),
        extension(0x0015, &[0; 9]),
    ]
    .concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend(vector(1, &[9; 32]));
    body.extend(vector(2, &u16s(&ciphers)));
    body.extend(vector(1, &[0]));
    body.extend(vector(2, &extensions));
    body
}

#[test]
fn ja4_of_the_specification() {
    let hello = ClientHello::parse(&example_hello()).unwrap();
    assert_eq!(hello.ja4(Ja4Transport::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert_eq!(hello.ja4(Ja4Transport::Quic), "q13d1516h2_8daaf6152771_e5627efa2ab1");
    let without = ClientHello { signature_algorithms: Vec::new(), ..hello.clone() };
    assert!(without.ja4(Ja4Transport::Tcp).ends_with("_6d807ffa2a79"));
    let empty = ClientHello::default();
    assert_eq!(empty.ja4(Ja4Transport::Dtls), "d00i000000_000000000000_000000000000");
    let alpn = |name: &[u8]| {
        let hello = ClientHello { alpn: vec![name.into()], ..ClientHello::default() };
        hello.ja4(Ja4Transport::Tcp)[8..10].to_owned()
    };
    assert_eq!(alpn(b"http/1.1"), "h1");
    assert_eq!(alpn(b"x"), "xx");
    assert_eq!(alpn(&[0xab]), "ab");
    assert_eq!(alpn(&[0xab, 0xcd]), "ad");
    assert_eq!(alpn(&[0x30, 0xab]), "3b");
    assert_eq!(alpn(&[0x30, 0x31, 0xab, 0xcd]), "3d");
    assert_eq!(alpn(&[0x30, 0xab, 0xcd, 0x31]), "01");
    assert_eq!(alpn(b""), "00");
}

#[test]
fn ja3_leaves_grease_out() {
    let hello = ClientHello::parse(&example_hello()).unwrap();
    assert_eq!(
        hello.ja3_string(),
        "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,\
         27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0"
    );
    assert_eq!(ClientHello::default().ja3_string(), "0,,,,");
}

#[test]
fn a_client_hello_over_several_records() {
    let whole = message(1, &example_hello());
    let (first, second) = whole.split_at(100);
    let stream = [record(22, first), record(22, second), record(23, b"early data")].concat();
    let hello = client_hello(&stream).fact().unwrap();
    assert_eq!(hello.sni.as_ref().unwrap().as_bytes(), b"www.example.org");
    assert_eq!((hello.version(), hello.legacy_version), (0x0304, 0x0303));
    assert_eq!(hello.alpn.len(), 2);
    assert!(!hello.damaged);
    let end = stream.len() - record(23, b"early data").len();
    for cut in 0..end {
        assert_eq!(client_hello(&stream[..cut]), Parsed::NeedMore, "cut at {cut}");
    }
    assert_eq!(encrypted_from(&stream), EncryptedFrom::At(end));
    assert_eq!(encrypted_from(&stream[..end]), EncryptedFrom::NotBefore(end));
    assert_eq!(client_hello(b"GET / HTTP/1.1\r\n"), Parsed::NotThis);
}

#[test]
fn a_damaged_hello_still_tells_what_it_can() {
    let body = example_hello();
    for cut in 0..body.len() {
        if let Some(hello) = ClientHello::parse(&body[..cut]) {
            assert!(hello.damaged || hello.extensions.is_empty(), "cut at {cut}");
            assert_eq!(hello.cipher_suites.len(), 16);
        }
    }
}

fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let len = u8::try_from(contents.len()).map_or_else(
        |_| [&[0x82][..], &u16::try_from(contents.len()).unwrap().to_be_bytes()].concat(),
        |short| if short < 128 { vec![short] } else { vec![0x81, short] },
    );
    [&[tag][..], &len, contents].concat()
}

fn name(common: &[u8], organisation: &[u8]) -> Vec<u8> {
    let part = |last: u8, text: &[u8]| {
        let pair = [tlv(6, &[0x55, 4, last]), tlv(12, text)].concat();
        tlv(0x31, &tlv(0x30, &pair))
    };
    tlv(0x30, &[part(10, organisation), part(3, common)].concat())
}

fn certificate(subject: &[u8], issuer: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &tlv(6, &[0x2a, 0x86, 0x48]));
    let validity = [tlv(23, b"191217011728Z"), tlv(24, b"20500101000000Z")].concat();
    let names = [tlv(0x82, b"a.example"), tlv(0x87, &[1, 2, 3, 4]), tlv(0x82, b"b.example")];
    let alternative = [tlv(6, &[0x55, 0x1d, 0x11]), tlv(4, &tlv(0x30, &names.concat()))].concat();
    let tbs = [
        tlv(0xa0, &tlv(2, &[2])),
        tlv(2, &[0, 0x9a, 0xbc]),
        algorithm.clone(),
        issuer.to_vec(),
        tlv(0x30, &validity),
        subject.to_vec(),
        tlv(0x30, b"key"),
        tlv(0xa3, &tlv(0x30, &tlv(0x30, &alternative))),
    ]
    .concat();
    tlv(0x30, &[tlv(0x30, &tbs), algorithm, tlv(3, b"signature")].concat())
}

fn server_stream() -> Vec<u8> {
    let extensions =
        [extension(0xff01, b"\0"), extension(16, &vector(2, &vector(1, b"h2")))].concat();
    let mut hello = vec![3, 3];
    hello.extend([5; 32]);
    hello.extend(vector(1, b""));
    hello.extend([0xc0, 0x2f, 0]);
    hello.extend(vector(2, &extensions));
    let der = certificate(&name(b"www.example.org", b"Example"), &name(b"Root", b"CA"));
    let chain = vector(3, &[vector(3, &der), vector(3, b"second")].concat());
    let flight =
        [message(2, &hello), message(11, &chain), message(13, b""), message(14, b"")].concat();
    [record(22, &flight), record(20, &[1]), record(22, b"encrypted finish")].concat()
}

#[test]
fn a_server_flight() {
    let stream = server_stream();
    let Parsed::Fact { fact: flight, consumed } = server_flight(&stream) else { panic!("flight") };
    let hello = flight.hello.unwrap();
    assert_eq!((hello.version, hello.cipher_suite, hello.retry), (0x0303, 0xc02f, false));
    assert_eq!(hello.alpn.as_ref().unwrap().as_bytes(), b"h2");
    assert_eq!(hello.ja3s_string(), "771,49199,65281-16");
    let certificate = flight.certificate.unwrap();
    assert_eq!(certificate.subject_cn.unwrap().as_bytes(), b"www.example.org");
    assert_eq!(certificate.issuer_organisation.unwrap().as_bytes(), b"CA");
    assert_eq!(certificate.dns_names.len(), 2);
    assert_eq!(certificate.not_before, Some(1_576_545_448));
    assert_eq!(certificate.not_after, Some(2_524_608_000));
    assert_eq!(certificate.serial, [0x9a, 0xbc]);
    assert!(!certificate.self_signed && !certificate.damaged);
    assert!(flight.complete && flight.certificate_request && flight.chain_len == 2);
    // Behind the change cipher spec everything is encrypted.
    assert_eq!(encrypted_from(&stream), EncryptedFrom::At(consumed + 6));
}

#[test]
fn a_warning_before_the_flight() {
    let warning = record(21, &[1, 112]);
    assert_eq!(server_flight(&warning), Parsed::NeedMore);
    let stream = [warning, server_stream()].concat();
    assert!(server_flight(&stream).fact().unwrap().hello.is_some());
    assert_eq!(server_flight(&record(23, b"sealed")), Parsed::NotThis);
}

#[test]
fn self_signed_and_damaged_certificates() {
    let own = name(b"box", b"home");
    let der = certificate(&own, &own);
    assert!(Certificate::parse(&der).unwrap().self_signed);
    for cut in 0..der.len() {
        assert_eq!(Certificate::parse(&der[..cut]), None, "the outer length tells, cut at {cut}");
    }
    let odd = tlv(0x30, &tlv(0x30, &tlv(2, &[1])));
    assert!(Certificate::parse(&odd).unwrap().damaged);
}

#[test]
fn hello_retry_request_and_tls13() {
    let mut body = vec![3, 3];
    let random = ring::digest::digest(&ring::digest::SHA256, b"HelloRetryRequest");
    body.extend(random.as_ref());
    body.extend([0, 0x13, 0x01, 0]);
    body.extend(vector(2, &extension(43, &[3, 4])));
    let stream = record(22, &message(2, &body));
    let flight = server_flight(&stream).fact().unwrap();
    let hello = flight.hello.unwrap();
    assert!(hello.retry && hello.version == 0x0304 && hello.legacy_version == 0x0303);
}

#[test]
fn a_walk_stops_at_heartbeats_however_it_is_cut() {
    let text = [
        record(22, &[7; 300]),
        record(24, &[1, 0x40, 0]),
        record(24, &[]),
        record(20, &[1]),
        record(24, &[9; 50]),
        record(24, &[9; 60]),
    ]
    .concat();
    let steps = |pieces: &mut dyn Iterator<Item = &[u8]>, beyond: bool| {
        let (mut walk, mut out) = (RecordWalk::default(), Vec::new());
        let mut goes_on = true;
        for piece in pieces {
            goes_on = walk.feed(piece, beyond, &mut |step| out.push(step));
        }
        (out, goes_on)
    };
    let step = |record_len, clear, message| RecordStep { record_len, clear, message };
    let expected = [
        step(3, true, Some(Heartbeat { request: true, claimed_len: 0x4000, record_len: 3 })),
        step(0, true, None),
        step(50, false, None),
        step(60, false, None),
    ];
    for size in 1..text.len() {
        assert_eq!(steps(&mut text.chunks(size), true), (expected.to_vec(), true), "{size}");
        let (clear, goes_on) = steps(&mut text.chunks(size), false);
        assert_eq!((clear.as_slice(), goes_on), (&expected[..2], false), "{size}");
    }
    assert_eq!(steps(&mut b"GET / HTTP/1.1".chunks(3), true), (vec![], false));
}

#[test]
fn alerts_and_heartbeats() {
    let stream =
        [record(22, &message(1, b"")), record(21, &[2, 40]), record(21, &[9; 20])].concat();
    assert_eq!(alerts(&stream), [Alert { fatal: true, description: 40 }]);
    let honest = record(24, &[&[1, 0, 4][..], &[0; 20]].concat());
    let attack = record(24, &[1, 0x40, 0]);
    let beats =
        heartbeats(&[honest, attack, record(20, &[1]), record(24, &[1, 0xff, 0xff])].concat());
    let over: Vec<_> = beats.iter().map(Heartbeat::over_reads).collect();
    assert_eq!(over, [false, true]);
    assert_eq!((beats[1].claimed_len, beats[1].record_len), (0x4000, 3));
}

#[test]
fn a_dtls_hello_has_a_cookie() {
    let mut body = vec![0xfe, 0xfd];
    body.extend([7; 32]);
    body.extend(vector(1, b""));
    body.extend(vector(1, b"cookie"));
    body.extend(vector(2, &[0xc0, 0x2b]));
    body.extend(vector(1, &[0]));
    body.extend(vector(2, &extension(23, b"")));
    let len = vector(3, &body)[..3].to_vec();
    let fragment = [&[1][..], &len, &[0; 2], &[0; 3], &len, &body].concat();
    let payload = [&[22, 0xfe, 0xfd][..], &[0; 8], &vector(2, &fragment)].concat();
    let hello = dtls_client_hello(&payload).fact().unwrap();
    assert!(!hello.damaged && hello.cipher_suites == [0xc02b]);
    assert!(hello.ja4(Ja4Transport::Dtls).starts_with("dd2i010100_"));
    for cut in 0..payload.len() {
        assert_eq!(dtls_client_hello(&payload[..cut]), Parsed::NotThis);
    }
}

#[test]
fn the_walk_ends_where_records_end() {
    let stream = [record(22, b"a"), b"no record at all".to_vec()].concat();
    assert_eq!(Records::new(&stream).count(), 1);
    assert_eq!(encrypted_from(&stream), EncryptedFrom::NotTls);
    let cut = record(23, &[0; 100]);
    let records: Vec<_> = Records::new(&cut[..20]).collect();
    assert!(records.len() == 1 && !records[0].is_complete() && records[0].end() == 105);
    assert!(Reader::new(&[]).is_empty());
}
