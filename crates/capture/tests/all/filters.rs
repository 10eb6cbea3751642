//! Filters against libpcap's own machine, and their errors.

use anomalyzer_capture::{CaptureFile, Filter, FilterSet, Limits};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};

use crate::shared::captures;

/// An Ethernet frame of UDP from 10.0.0.1:5000 to 10.0.0.2:53.
const UDP: [u8; 42] = [
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0,
    1, 10, 0, 0, 2, 0x13, 0x88, 0, 53, 0, 8, 0, 0,
];

fn frame(link: LinkType, orig_len: u32, data: &[u8]) -> RawFrame<'_> {
    RawFrame { time: Timestamp::default(), link, orig_len, data }
}

#[test]
fn accepts_what_the_expression_says() {
    let check = |expression: &str, accepted| {
        let filter = Filter::compile(LinkType::ETHERNET, expression).unwrap();
        assert_eq!(filter.matches(&frame(LinkType::ETHERNET, 42, &UDP)), accepted, "{expression}");
    };
    check("", true);
    check("udp port 53", true);
    check("udp and src host 10.0.0.1", true);
    check("tcp", false);
    check("ip6", false);
    check("net 10.0.0.0/24 and not port 80", true);
    check("udp[0:2] = 5000 and ip[8] * 2 > 127", true);
    check("ip protochain 17", true);
}

#[test]
fn lengths_are_those_on_the_wire() {
    let filter = Filter::compile(LinkType::ETHERNET, "greater 1000").unwrap();
    assert!(filter.matches(&frame(LinkType::ETHERNET, 1_400, &UDP)));
    assert!(!filter.matches(&frame(LinkType::ETHERNET, 42, &UDP)));
}

#[test]
fn errors_name_the_expression_and_the_reason() {
    let error = Filter::compile(LinkType::ETHERNET, "tcp prot 80").unwrap_err().to_string();
    let start = "the filter \"tcp prot 80\" is not valid for ETHERNET frames: ";
    assert!(error.starts_with(start) && error.contains("syntax error"), "{error}");
    let error = Filter::compile(LinkType::RAW, "ether host 1:2:3:4:5:6").unwrap_err().to_string();
    assert!(error.contains("for RAW frames: ") && error.contains("ethernet addresses"), "{error}");
    let error = Filter::compile(LinkType::ETHERNET, "tcp\0\x1b[2J").unwrap_err().to_string();
    assert!(error.contains("tcp\\0\\u{1b}[2J") && error.contains("zero byte"), "{error}");
}

#[test]
fn a_set_compiles_for_each_link_type() {
    let mut set = FilterSet::new("udp port 53");
    assert_eq!(set.matches(&frame(LinkType::ETHERNET, 42, &UDP)), Ok(true));
    assert_eq!(set.matches(&frame(LinkType::RAW, 28, &UDP[14..])), Ok(true));
    assert_eq!(set.matches(&frame(LinkType::RAW, 42, &UDP)), Ok(false));
    assert_eq!(set.check(LinkType::IPV4), Ok(()));
    let mut set = FilterSet::new("ether host 1:2:3:4:5:6");
    assert_eq!(set.check(LinkType::ETHERNET), Ok(()));
    assert_eq!(set.check(LinkType::RAW).unwrap_err().link, LinkType::RAW);
    // Far more link types than any capture has.
    let mut set = FilterSet::new("greater 1");
    let valid = (0..300).filter(|number| set.check(LinkType(*number)).is_ok()).count();
    assert!((1..=64).contains(&valid), "{valid}");
    let reason = &set.check(LinkType(299)).unwrap_err().reason;
    assert_eq!(reason, "the capture has more than 64 link types");
}

/// Every kind of instruction that the compiler makes, more or less.
const EXPRESSIONS: [&str; 14] = [
    "tcp",
    "udp port 53 or tcp port 80",
    "ip6 and not icmp6",
    "arp or rarp",
    "vlan and ip",
    "pppoes or mpls 16",
    "portrange 1-1023",
    "ip[0] & 0xf > 5",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not tcp[13] = 18",
    "(ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2) != 0",
    "ip6 protochain 17 or ip protochain 6",
    "len / (ip[8] % 7) > 9",
    "ether[0] & 1 = 1",
    "host 192.168.1.1 or net 10.0.0.0/8 or broadcast",
];

#[test]
fn agrees_with_libpcap_on_odd_captures() {
    let Some(folder) = captures() else {
        return;
    };
    let mut paths: Vec<_> =
        folder.join("odd").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut compared, mut accepted) = (0, 0);
    for expression in EXPRESSIONS {
        let ours = Filter::compile(LinkType::ETHERNET, expression).unwrap();
        let dead = pcap::Capture::dead(pcap::Linktype::ETHERNET).unwrap();
        let theirs = dead.compile(expression, true).unwrap();
        for path in &paths {
            let Ok(mut reader) = CaptureFile::open(path, &Limits::default()) else {
                continue;
            };
            // The binding knows one length only; give ours the same one.
            while let Ok(Some(RawFrame { data, .. })) = reader.next_frame() {
                let length = u32::try_from(data.len()).unwrap();
                let verdict = ours.matches(&frame(LinkType::ETHERNET, length, data));
                assert_eq!(verdict, theirs.filter(data), "{expression} on {data:02x?}");
                compared += 1;
                accepted += u32::from(verdict);
            }
        }
    }
    eprintln!("{compared} verdicts compared, {accepted} accepted");
    assert!(compared > 10_000 && accepted > 1_000);
}
