//! What is understood, what is refused where, and that a filter written reads back.

use super::*;
use crate::history::fixture::{plain, record};
use anomalyzer_engine::flow::FlowNames;
use anomalyzer_wire::{Addr, HostileStr, Mac, Tunnel, TunnelKind};
use proptest::prelude::*;

fn flow() -> FlowRecord {
    let mut flow = plain(7, 1_795_219_200);
    flow.tuple.src = Addr::v4([10, 1, 2, 3]);
    flow.tuple.dst = Addr::v4([192, 0, 2, 7]);
    flow.orig.flags = 0x02 | 0x10;
    flow.orig.ttl = 64;
    flow.orig.retransmissions = 3;
    flow.rtt_ns = Some(12_000_000);
    flow.vlan = 100;
    flow.src_mac = Some(Mac([0, 0x25, 0xb3, 0xbf, 0x91, 0xee]));
    let host = flow.tuple.src;
    flow.tunnel =
        Some(Tunnel { kind: TunnelKind::Vxlan, outer_src: host, outer_dst: host, id: 1, depth: 1 });
    flow.names = Some(Box::new(FlowNames {
        sni: Some(HostileStr::from(&b"www.Example.org"[..])),
        user_agent: Some(HostileStr::from(&b"curl/8.1, (x)"[..])),
        tls_version: 0x0303,
        http_status: 404,
        ..FlowNames::default()
    }));
    flow
}

/// What passes [`flow`], and what does not.
const CASES: &[(&str, &str)] = &[
    ("src:10.0.0.0/8", "src:192.0.2.7"),
    ("dst:192.0.2.0-192.0.2.9", "dst:10.1.2.3"),
    ("ip:10.1.2.3,::1", "ip:2001:db8::/32"),
    ("sport:40000", "sport:443"),
    ("dport:1-1024", "dport:80,8080"),
    ("port:443", "port:22"),
    ("proto:tcp", "proto:udp,1"),
    ("proto:6", "proto:17"),
    ("app:tls", "app:dns"),
    ("state:sf", "state:S0,REJ"),
    ("bytes>2k", "bytes>1M"),
    ("bytes.out=307", "bytes.out!=307"),
    ("bytes.in<=2000", "bytes.in<2000"),
    ("packets:5", "packets>5"),
    ("packets.out:3", "packets.out:0"),
    ("packets.in>=2", "packets.in>2"),
    ("payload:0", "payload>0"),
    ("duration:2s-1m", "duration<2s"),
    ("rtt:12ms", "rtt>1s"),
    ("name:*.example.org", "name:example"),
    ("sni:WWW.example.ORG", "sni:example.org"),
    ("name:*", "host:*"),
    ("not dns:*", "dns:*.example.org"),
    ("not resolved:*", "resolved:x"),
    ("not target:*", "target:\"GET /\""),
    ("ua:\"curl/8.1, (x)\"", "ua:curl"),
    ("status:400-499", "status<400"),
    ("not cert:*", "cert:a"),
    ("not alpn:*", "alpn:h2"),
    ("tls:1.2", "tls:1.3,ssl3"),
    ("not ja3:*", "ja3:abc"),
    ("not ja3s:*", "ja3s:abc"),
    ("not ja4:*", "ja4:t13*"),
    ("not ssh:*", "ssh:*"),
    ("mac:00:25:b3:bf:91:ee", "mac:00:25:b3:bf:91:ef"),
    ("src.mac:00-25-B3-BF-91-EE", "dst.mac:00:25:b3:bf:91:ee"),
    ("vlan:100", "vlan:0"),
    ("tunnel:any", "tunnel:none"),
    ("tunnel:gre,vxlan", "tunnel:gre"),
    ("ttl>=64", "ttl<64"),
    ("flags:SA", "flags:fin"),
    ("flags:syn", "flags:SAF,R"),
    ("retrans>2", "retrans>3"),
    ("disorder:0", "disorder>0"),
    ("missed:0", "missed>0"),
    ("end:closed", "end:active,idle"),
    ("10.1.2.3", "10.1.2.4"),
    ("10.0.0.0/8 443", "443 53"),
    ("00:25:b3:bf:91:ee", "00:25:b3:bf:91:00"),
    ("example", "exampel"),
    ("dport:22 or app:tls", "dport:22 or app:dns"),
    ("-app:dns", "!app:tls"),
    ("(dport:22 or dport:443) and app:tls", "(dport:22 or dport:443) app:dns"),
    ("NOT app:dns AND port:443 OR port:1", "not not app:dns"),
    ("bytes:>2k", "bytes:<2k"),
    ("", "not (ip:0.0.0.0/0)"),
];

#[test]
fn each_field_can_pass_and_fail() {
    let flow = flow();
    let check = |text: &str, expected: bool| {
        let filter = Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(filter.passes(&flow), expected, "{text}");
        assert_eq!(Filter::parse(&format!("not ({text})")).unwrap().passes(&flow), !expected);
    };
    for (yes, no) in CASES {
        if !yes.is_empty() {
            check(yes, true);
        }
        check(no, false);
    }
    assert!(Filter::parse("  ").unwrap().is_empty());
    let community = format!("community:{}", flow.community_id());
    check(&community, true);
    check(&flow.community_id(), true);
    check("community:1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=", false);
}

#[test]
fn a_port_is_none_of_icmp() {
    let mut flow = plain(1, 0);
    (flow.tuple.proto, flow.tuple.src_port, flow.tuple.dst_port) = (1, 8, 0);
    for text in ["port:8", "dport:0", "sport<100"] {
        assert!(!Filter::parse(text).unwrap().passes(&flow), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_told_with_its_place() {
    let check = |text: &str, place: &str, words: &str| {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(&text[error.start..error.end], place, "{text}: {error:?}");
        assert!(error.message.contains(words), "{text}: {}", error.message);
    };
    check("dport:443 scr:1.2.3.4", "scr", "did you mean `src`");
    check("dprot:443", "dprot", "did you mean `dport`");
    check("zzzzzz:1", "zzzzzz", "in quotes");
    check("dport:99999", "99999", "0 to 65535");
    check("dport:80,x,443", "x", "no number");
    check("dport:", ":", "missing");
    check("dport:80,", ":80,", "missing");
    check("dport:9-1", "9-1", "behind its end");
    check("src:10.0.0.0/33", "10.0.0.0/33", "to 32");
    check("src:10.0.0.256", "10.0.0.256", "no address");
    check("src:10.0.0.9-10.0.0.1", "10.0.0.9-10.0.0.1", "write `10.0.0.1-10.0.0.9`");
    check("src:10.0.0.1-::1", "10.0.0.1-::1", "both");
    check("bytes>lots", "lots", "1.5M");
    check("bytes>1,2", "1,2", "one number");
    check("app>5", "5", "no number");
    check("app:htpp", "htpp", "did you mean `http`");
    check("state:XX", "XX", "RSTOS0");
    check("tls:9", "9", "ssl3");
    check("proto:tpc", "tpc", "did you mean `tcp`");
    check("rtt:5parsecs", "5parsecs", "200ms");
    check("mac:00:25", "00:25", "hardware address");
    check("flags:XY", "XY", "FSRPAUEC");
    check("name:\"abc", "\"abc", "not closed");
    check("name:\"\"", "\"\"", "missing");
    check("name:a\\q", "a\\q", "backslash");
    check("(a or b", "(", "not closed");
    check("a) b", ")", "closes nothing");
    check("()", ")", "closes nothing");
    check("a or", "or", "missing");
    check("or a", "or", "between");
    check("a and or b", "or", "between");
    check("not", "not", "missing");
    check(":5", ":5", "field is missing");
    check("http://example.org", "http", "in quotes");
}

#[test]
fn limits_hold() {
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&deep(DEPTH_MAX)).is_ok());
    assert!(Filter::parse(&deep(DEPTH_MAX + 1)).is_err());
    let nots = |n: usize| "not ".repeat(n) + "a";
    assert!(Filter::parse(&nots(DEPTH_MAX)).is_ok());
    assert!(Filter::parse(&nots(DEPTH_MAX + 1)).is_err());
    assert!(Filter::parse(&(nots(DEPTH_MAX - 1) + " or port!=5")).is_ok());
    let list = |n: usize| format!("port:{}1", "1,".repeat(n - 1));
    assert!(Filter::parse(&list(TERMS_MAX)).is_ok());
    assert!(Filter::parse(&list(TERMS_MAX + 1)).is_err());
    assert!(Filter::parse(&" ".repeat(BYTES_MAX)).is_ok());
    assert!(Filter::parse(&" ".repeat(BYTES_MAX + 1)).is_err());
    // Written out it would be four times as long.
    assert!(Filter::parse(&format!("name:{}", "\u{1}".repeat(2_000))).is_err());
}

#[test]
fn the_canonical_form() {
    let check = |text: &str, written: &str| {
        assert_eq!(Filter::parse(text).unwrap().to_string(), written, "{text}");
    };
    check("443 10.0.0.1 mail", "port:443 ip:10.0.0.1 name:*mail*");
    check("src=10.9.9.9/8", "src:10.0.0.0/8");
    check("a and b or (c or d)", "name:*a* name:*b* or name:*c* or name:*d*");
    check("((a)) (b or c)", "name:*a* (name:*b* or name:*c*)");
    check("-(a b)", "not (name:*a* name:*b*)");
    check("port!=5", "not port:5");
    check("bytes>1000000 bytes<1048576", "bytes>1M bytes<1Mi");
    check("bytes:1.5k,1001-2000", "bytes:1500,1001-2k");
    check("duration>=90s rtt<0.5ms", "duration>=90s rtt<500us");
    check("duration>1.5h duration<120s", "duration>90m duration<2m");
    check("proto:17,200", "proto:udp,proto-200");
    check("flags:as,F", "flags:SA,fin");
    check("ua:\"a b\"", "ua:\"a b\"");
    check("ua:a\\*b*", "ua:a\\*b*");
    check("mac:00-25-B3-BF-91-EE", "mac:00:25:b3:bf:91:ee");
    check("src:::/0,::ffff:0:0/96", "src:::/0,0.0.0.0/0");
}

#[test]
fn the_table_is_whole() {
    for (place, spec) in fields::SPECS.iter().enumerate() {
        assert_eq!(spec.id as usize, place, "{}", spec.name);
    }
    for field in Filter::fields() {
        assert!(Filter::parse(field.example).is_ok(), "{}", field.example);
        assert!(field.example.starts_with(field.name) && field.summary.ends_with('.'));
        for value in &field.values {
            let text = format!("{}:{value}", field.name);
            assert_eq!(Filter::parse(&text).unwrap().to_string(), text);
        }
    }
}

fn term() -> impl Strategy<Value = String> {
    let examples: Vec<&str> = Filter::fields().iter().map(|f| f.example).collect();
    prop_oneof![
        4 => proptest::sample::select(examples).prop_map(str::to_owned),
        1 => "[a-z*.-]{1,8}",
        1 => "(bytes|packets|duration|rtt|ttl|vlan)(:|=|!=|<|<=|>|>=)[0-9]{1,3}",
        1 => "(bytes|packets)(:|>)[0-9]{1,3}(k|M|Gi|Ki)",
        1 => "(src|dst|ip):10\\.[0-9]\\.0\\.0/[1-3]?[0-9]",
        1 => "(name|ua|host):\"[^\"\\\\]{1,8}\"",
    ]
}

fn expression() -> impl Strategy<Value = String> {
    term().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" ")),
            proptest::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        fuzz(&text);
    }

    #[test]
    fn no_text_of_its_own_letters_makes_it_panic(text in "[a-z0-9:=<>!,()*\"\\\\./ -]{0,60}") {
        fuzz(&text);
    }

    #[test]
    fn what_is_written_reads_back(text in expression()) {
        fuzz(&text);
    }

    #[test]
    fn a_stored_row_is_judged_as_the_record(flow in record(), text in expression()) {
        use crate::history::row::{Apps, RowRef, encode};
        let Ok(filter) = Filter::parse(&text) else { return Ok(()) };
        let mut bytes = Vec::new();
        encode(&flow, &mut bytes);
        let mut row = RowRef::default();
        row.read(&bytes, &Apps::parse(&Apps::names()), filter.depth()).unwrap();
        prop_assert_eq!(filter.matches(&row), filter.passes(&flow), "{}", text);
        let again = Filter::parse(&filter.to_string()).unwrap();
        prop_assert_eq!(again.passes(&flow), filter.passes(&flow));
    }
}
