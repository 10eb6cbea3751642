//! Messages built by hand, after the formats of the standards.

use super::*;
use crate::{Addr, HostileStr};
use proptest::prelude::*;

const NAME: &[u8] = b"\x03wWw\x07example\x03org\0";

fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34];
    bytes.extend(flags.to_be_bytes());
    bytes.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    bytes
}

fn query(name: &[u8], qtype: u16) -> Vec<u8> {
    let mut bytes = header(0x0100, [1, 0, 0, 0]);
    bytes.extend(name);
    bytes.extend(qtype.to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

fn answer(owner: &[u8], rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend(rtype.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 1, 44]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn response(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = query(NAME, 255);
    bytes[2] = 0x81;
    bytes[3] = 0x80;
    bytes[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    bytes.extend(records.concat());
    bytes
}

#[test]
fn reverse_look_ups_name_their_address() {
    let check = |name: &str, address: Option<&str>| {
        let mut bytes: Vec<u8> = Vec::new();
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        let message = parse_udp(&query(&bytes, 12)).fact().unwrap();
        let told = message.questions[0].name.reverse_address().map(|a| a.to_string());
        assert_eq!(told.as_deref(), address, "{name}");
    };
    check("25.1.168.192.in-addr.arpa", Some("192.168.1.25"));
    check("25.1.168.192.IN-ADDR.ARPA", Some("192.168.1.25"));
    let v6 = "b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    check(v6, Some("2001:db8::b"));
    for wrong in ["256.1.168.192.in-addr.arpa", "1.168.192.in-addr.arpa", "1.2.3.4.5.in-addr.arpa"]
    {
        check(wrong, None);
    }
    for wrong in ["www.example.org", "arpa", "0.ip6.arpa", &v6.replace('b', "g")] {
        check(wrong, None);
    }
}

#[test]
fn a_query() {
    let message = parse_udp(&query(NAME, 28)).fact().unwrap();
    assert!(!message.response && message.recursion_desired && !message.damaged);
    let question = &message.questions[0];
    assert_eq!(question.name.normalised().as_bytes(), b"www.example.org");
    assert_eq!(question.name.labels().next(), Some(&b"wWw"[..]));
    assert_eq!((question.name.wire_len(), question.name.label_count()), (17, 3));
    assert_eq!((question.qtype, question.qclass), (28, 1));
}

#[test]
fn record_data_of_each_kind() {
    let to_name = |n: &DnsName| n.normalised().as_bytes().to_vec();
    let owner = b"\xc0\x0c";
    let records = [
        answer(owner, 1, &[192, 0, 2, 1]),
        answer(owner, 28, &[0x20; 16]),
        answer(owner, 5, b"\x03cdn\xc0\x10"),
        answer(owner, 16, b"\x02ab\x01c"),
        answer(owner, 15, b"\x00\x0a\x02mx\xc0\x10"),
        answer(owner, 33, b"\x00\x01\x00\x02\x1f\x90\x01s\xc0\x10"),
        answer(
            owner,
            6,
            b"\x02ns\xc0\x10\x04root\xc0\x10\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x3c",
        ),
        answer(owner, 65, b"\x00\x01\0\x00\x01\x00\x06\x02h2\x02h3\x00\x05\x00\x01z"),
        answer(owner, 1, b"bad"),
        answer(owner, 10, b"tunnel"),
    ];
    let message = parse_udp(&response(&records)).fact().unwrap();
    assert!(message.response && message.recursion_available && !message.damaged);
    let data: Vec<_> = message.answers.iter().map(|record| &record.data).collect();
    assert_eq!(data[0], &Rdata::A(Addr::v4([192, 0, 2, 1])));
    assert_eq!(data[1], &Rdata::Aaaa(Addr::v6([0x20; 16])));
    assert!(matches!(data[2], Rdata::Cname(n) if to_name(n) == b"cdn.example.org"));
    assert_eq!(data[3], &Rdata::Txt(HostileStr::from(&b"abc"[..])));
    assert!(matches!(data[4], Rdata::Mx { preference: 10, exchange }
        if to_name(exchange) == b"mx.example.org"));
    assert!(matches!(data[5], Rdata::Srv { priority: 1, weight: 2, port: 8080, .. }));
    assert!(matches!(data[6], Rdata::Soa { serial: 7, minimum: 60, .. }));
    assert!(matches!(data[7], Rdata::Svcb { priority: 1, alpn, ech: true, .. } if alpn.len() == 2));
    assert_eq!(data[8], &Rdata::Other { len: 3 });
    assert_eq!(data[9], &Rdata::Other { len: 6 });
    assert_eq!((message.answers[0].ttl, message.answers[9].data_len), (300, 6));
}

#[test]
fn hostile_pointers_end() {
    // To itself, forward, and in a circle of two.
    for name in [&b"\xc0\x0c"[..], b"\xc0\x20", b"\x01a\xc0\x0c", b"\xc0\x0e\xc0\x0c"] {
        assert_eq!(parse_udp(&query(name, 1)), Parsed::NotThis);
    }
    // A ladder of pointers, each to the one before, is long but legal and ends.
    let mut ladder = query(NAME, 1);
    ladder[7] = 1;
    let mut data = vec![0xc0, 0x0c];
    let start = ladder.len() + 2 + 10;
    for step in 0..100 {
        let target = u16::try_from(start + step * 2).unwrap() | 0xc000;
        data.extend(target.to_be_bytes());
    }
    ladder.extend(answer(b"\xc0\x0c", 10, &data));
    assert!(!parse_udp(&ladder).fact().unwrap().damaged);
}

#[test]
fn names_are_at_most_255_bytes() {
    let label = [&b"\x3f"[..], &[b'a'; 63]].concat();
    let longest = [&label[..], &label, &label, b"\x3d", &[b'a'; 61], b"\0"].concat();
    assert_eq!(longest.len(), 255);
    assert_eq!(parse_udp(&query(&longest, 1)).fact().unwrap().questions[0].name.wire_len(), 255);
    let longer = [&label[..], &label, &label, b"\x3e", &[b'a'; 62], b"\0"].concat();
    assert_eq!(parse_udp(&query(&longer, 1)), Parsed::NotThis);
}

#[test]
fn escapes_in_labels() {
    let message = parse_udp(&query(b"\x03a.B\x02\\c\0", 1)).fact().unwrap();
    assert_eq!(message.questions[0].name.normalised().as_bytes(), b"a\\.b.\\\\c");
    let root = parse_udp(&query(b"\0", 2)).fact().unwrap();
    assert_eq!(root.questions[0].name.normalised().as_bytes(), b".");
}

#[test]
fn records_are_capped_and_counted() {
    let records = vec![answer(b"\xc0\x0c", 1, &[10, 0, 0, 1]); 100];
    let message = parse_udp(&response(&records)).fact().unwrap();
    assert_eq!((message.answers.len(), message.counts[1], message.damaged), (64, 100, false));
}

#[test]
fn several_messages_on_a_stream() {
    let one = query(NAME, 1);
    let framed = [&u16::try_from(one.len()).unwrap().to_be_bytes()[..], &one].concat();
    let stream = [&framed[..], &framed].concat();
    let Parsed::Fact { consumed, .. } = parse_tcp(&stream) else { panic!("a message") };
    assert_eq!(consumed, framed.len());
    assert!(parse_tcp(&stream[consumed..]).fact().is_some());
    for cut in 0..framed.len() {
        assert_eq!(parse_tcp(&framed[..cut]), Parsed::NeedMore, "cut at {cut}");
    }
    assert_eq!(parse_tcp(b"\0\x05hello"), Parsed::NotThis);
}

#[test]
fn netbios_names() {
    // "FRED" padded with blanks and suffix 0x20, as RFC 1001 section 14.1 encodes it.
    let encoded = b"\x20EGFCEFEECACACACACACACACACACACACA\0";
    let mut bytes = header(0x2910, [1, 0, 0, 1]);
    bytes.extend(encoded);
    bytes.extend([0, 0x20, 0, 1]);
    bytes.extend(answer(b"\xc0\x0c", 0x20, &[0, 0, 10, 0, 0, 7]));
    let message = parse_nbns(&bytes).fact().unwrap();
    assert_eq!(message.kind, NbnsKind::Registration);
    assert_eq!((message.name.as_bytes(), message.suffix), (&b"FRED"[..], 0x20));
    assert_eq!(message.address, Some(Addr::v4([10, 0, 0, 7])));
    assert_eq!(parse_nbns(&query(NAME, 0x20)), Parsed::NotThis);
}

#[test]
fn truncation_never_invents() {
    let records = vec![answer(b"\xc0\x0c", 1, &[10, 0, 0, 1]); 3];
    let whole = response(&records);
    for cut in 0..whole.len() {
        if let Some(message) = parse_udp(&whole[..cut]).fact() {
            assert!(message.damaged, "cut at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn damage_behind_a_question_is_survived(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = header(0x8180, [1, 200, 3, 4]);
        bytes.extend(NAME);
        bytes.extend([0, 1, 0, 1]);
        bytes.extend(&tail);
        let message = parse_udp(&bytes).fact();
        prop_assert!(message.is_some_and(|m| m.questions.len() == 1 && m.answers.len() <= 64));
    }
}
