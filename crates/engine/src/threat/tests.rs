use super::*;
use crate::alert::Severity;
use crate::config::Prefix;
use anomalyzer_wire::{Addr, Timestamp};
use proptest::prelude::*;
use std::fmt::Write as _;

fn ip(text: &str) -> Addr {
    Addr::from(text.parse::<std::net::IpAddr>().unwrap())
}

fn at(day: &str) -> Timestamp {
    Timestamp::from_secs_nanos(time::parse(day).unwrap(), 0)
}

fn now() -> Timestamp {
    at("2026-03-03")
}

/// Reads lists, each named `words:file` with its text.
fn load(lists: &[(&str, &str)]) -> (Indicators, Vec<Report>) {
    let mut builder = Builder::new(1, &[]).at(now().secs());
    for (name, text) in lists {
        builder.list(&ListSpec::parse(name), &mut text.as_bytes()).unwrap();
    }
    builder.finish()
}

fn fails(name: &str, text: &str) -> String {
    let mut builder = Builder::new(1, &[]);
    builder.list(&ListSpec::parse(name), &mut text.as_bytes()).unwrap_err().to_string()
}

fn address(indicators: &Indicators, text: &str) -> Option<String> {
    let hit = indicators.address(ip(text), now())?;
    indicators.listed(hit).map(|l| format!("{} {} {}", l.list, l.value, l.place))
}

fn name(indicators: &Indicators, text: &str) -> Option<String> {
    let hit = indicators.name(text.as_bytes(), now())?;
    indicators.listed(hit).map(|l| format!("{} {} {}", l.list, l.value, l.place))
}

#[test]
fn a_plain_list_is_found_by_address_network_and_name() {
    let text = "# comment\n198.51.100.1 # C2\n203.0.113.0/24 ; SBL1\n2001:db8:7::/48\n\
                evil.example\nhttp://pages.example/x\nt13d1516h2_8daaf6152771_e5627efa2ab1\n\
                e7d705a3286e19ea42f587b344ee6865\nnonsense\n10.0.0.1\ncom\n";
    let (indicators, reports) = load(&[("feeds/a.txt", text)]);
    assert_eq!(indicators.len(), 7);
    let check = |addr: &str, expected: Option<&str>| {
        assert_eq!(address(&indicators, addr).as_deref(), expected, "{addr}");
    };
    check("198.51.100.1", Some("a 198.51.100.1 line 2"));
    check("198.51.100.2", None);
    check("203.0.113.255", Some("a 203.0.113.0/24 line 3"));
    check("203.0.114.0", None);
    check("203.0.112.255", None);
    check("2001:db8:7:1::9", Some("a 2001:db8:7::/48 line 4"));
    check("2001:db8:8::", None);
    check("10.0.0.1", None);
    let check = |host: &str, expected: Option<&str>| {
        assert_eq!(name(&indicators, host).as_deref(), expected, "{host}");
    };
    check("evil.example", Some("a evil.example line 5"));
    check("a.b.evil.example", Some("a evil.example line 5"));
    check("notevil.example", None);
    check("pages.example", Some("a pages.example line 6"));
    check("www.pages.example", None);
    check("example", None);
    let hit = indicators.fingerprint(Kind::Ja4, b"t13d1516h2_8daaf6152771_e5627efa2ab1", now());
    assert_eq!(indicators.listed(hit.unwrap()).unwrap().kind, Kind::Ja4);
    let bytes = indicator::unhex("e7d705a3286e19ea42f587b344ee6865").unwrap();
    let listed = indicators.listed(indicators.fingerprint(Kind::Ja3, &bytes, now()).unwrap());
    assert_eq!(listed.unwrap().value, "e7d705a3286e19ea42f587b344ee6865");
    let report = &reports[0];
    assert_eq!((report.total(), report.skipped_total(), report.from_urls), (7, 3, 1));
    let skipped: Vec<_> = report.examples.iter().map(|e| (e.place, e.reason)).collect();
    assert_eq!(
        skipped,
        [
            (9, "a single word, no host's name"),
            (10, "a private address"),
            (11, "a single word, no host's name"),
        ]
    );
}

#[test]
fn nested_networks_give_the_longest_that_is_valid() {
    let csv = "network,expires\n198.51.100.0/24,\n198.51.100.128/25,2026-01-01\n\
               198.51.100.160/27,\n198.51.0.0/16,\n198.51.100.0/24,\n8.0.0.0/8,\n";
    let (indicators, reports) = load(&[("n.csv", csv)]);
    let check = |addr: &str, expected: Option<&str>| {
        assert_eq!(address(&indicators, addr).as_deref(), expected, "{addr}");
    };
    check("198.51.100.1", Some("n 198.51.100.0/24 line 2"));
    check("198.51.100.129", Some("n 198.51.100.0/24 line 2"));
    check("198.51.100.161", Some("n 198.51.100.160/27 line 4"));
    check("198.51.100.255", Some("n 198.51.100.0/24 line 2"));
    check("198.51.101.0", Some("n 198.51.0.0/16 line 5"));
    check("198.52.0.0", None);
    check("8.255.255.255", Some("n 8.0.0.0/8 line 7"));
    check("7.255.255.255", None);
    check("::8.1.1.1", None);
    assert_eq!((reports[0].duplicates, reports[0].expired), (1, 1));
    let earlier = indicators.address(ip("198.51.100.129"), at("2025-12-31")).unwrap();
    assert_eq!(indicators.listed(earlier).unwrap().value, "198.51.100.128/25");
}

#[test]
fn the_more_severe_list_is_told_and_the_others_named() {
    let (indicators, _) = load(&[
        ("a.txt", "198.51.100.1\n203.0.113.0/24\n"),
        ("high:b.txt", "198.51.100.1\n203.0.113.0/24\n"),
        ("dir/a.csv", "ip,malware\n198.51.100.1,x\n"),
    ]);
    for addr in ["198.51.100.1", "203.0.113.9"] {
        let listed = indicators.listed(indicators.address(ip(addr), now()).unwrap()).unwrap();
        assert_eq!((&*listed.list, listed.severity), ("b", Some(Severity::High)));
        let others: Vec<&str> = listed.others.iter().map(|o| &**o).collect();
        assert_eq!(others, if addr == "198.51.100.1" { vec!["a", "a-2"] } else { vec!["a"] });
    }
}

#[test]
fn abuse_lists_in_columns_are_understood() {
    let threatfox = "################\n# made 2026 #\n\
        # \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\
        \"malware_alias\",\"malware_printable\",\"last_seen_utc\",\"confidence_level\"\n\
        \"2026-01-02 03:04:05\", \"1\", \"198.51.100.1:443\", \"ip:port\", \"botnet_cc\", \"w.x\", \
        \"\", \"Cobalt Strike\", \"\", \"100\"\n\
        \"2026-01-02 03:04:05\", \"2\", \"evil.example\", \"domain\", \"botnet_cc\", \"w.x\", \"\", \
        \"Unknown\", \"\", \"25\"\n\
        \"2026-01-02 03:04:05\", \"3\", \"d41d8cd98f00b204e9800998ecf8427e\", \"md5_hash\", \"p\", \
        \"w.x\", \"\", \"Unknown\", \"\", \"75\"\n";
    let (indicators, reports) = load(&[("threatfox.csv", threatfox)]);
    assert_eq!(reports[0].format, Format::Csv);
    assert_eq!((reports[0].total(), reports[0].skipped_total()), (2, 1));
    let listed = indicators.listed(indicators.address(ip("198.51.100.1"), now()).unwrap()).unwrap();
    assert_eq!((&*listed.note, listed.confidence), ("Cobalt Strike", Some(1.0)));
    assert_eq!(listed.since, Some(at("2026-01-02T03:04:05Z")));
    assert_eq!(listed.place, "line 4");
    let urlhaus = "# id,dateadded,url,url_status,last_online,threat,tags\n\
        \"9\",\"2026-01-02 03:04:05\",\"http://203.0.113.9:81/i\",\"online\",\"\",\"malware\",\"elf\"\n";
    let (indicators, _) = load(&[("urlhaus.csv", urlhaus)]);
    assert_eq!(address(&indicators, "203.0.113.9").as_deref(), Some("urlhaus 203.0.113.9 line 2"));
    let feodo = "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\
        \"2026-01-02 03:04:05\",\"203.0.113.9\",\"443\",\"online\",\"2026-01-03\",\"Emotet\"\n";
    let (indicators, reports) = load(&[("feodo.csv", feodo)]);
    assert_eq!(address(&indicators, "203.0.113.9").as_deref(), Some("feodo 203.0.113.9 line 2"));
    assert_eq!(reports[0].skipped_total(), 0);
    let ja3 = "# ja3_md5,Firstseen,Lastseen,Listingreason\n\
               e7d705a3286e19ea42f587b344ee6865,2018-01-01 00:00:00,2018-01-01 00:00:00,TorrentLocker\n";
    assert!(load(&[("ja3.csv", ja3)]).0.has(Kind::Ja3));
    let plain = "198.51.100.1,first,2026\n198.51.100.2,second,2026\n";
    assert_eq!(load(&[("plain.csv", plain)]).0.len(), 2);
}

const STIX: &str = r#"{"type":"bundle","id":"bundle--1","objects":[
 {"type":"malware","id":"malware--1","name":"x"},
 {"type":"indicator","id":"indicator--1e9f2c3a-0000-4000-8000-00000000000a","created":"2026-01-01T00:00:00.000Z",
  "pattern_type":"stix","valid_from":"2026-02-01T00:00:00Z","valid_until":"2026-04-01T00:00:00Z","confidence":80,
  "name":"C2 of X","pattern":"[ipv4-addr:value = '198.51.100.1' OR domain-name:value = 'Evil.example']"},
 {"type":"indicator","id":"indicator--2","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","labels":["malicious-activity"],
  "pattern":"[ipv4-addr:value ISSUBSET '203.0.113.0/24']"},
 {"type":"indicator","id":"indicator--3","revoked":true,"pattern":"[ipv4-addr:value = '198.51.100.3']"},
 {"type":"indicator","id":"indicator--4","pattern_type":"yara","pattern":"rule x {}"},
 {"type":"indicator","id":"indicator--5","pattern":"[ipv4-addr:value = '198.51.100.5' AND domain-name:value = 'b.example']"},
 {"type":"indicator","id":"indicator--6","pattern":"[file:hashes.MD5 = 'ab' OR ipv4-addr:value = '198.51.100.6']"}
]}"#;

#[test]
fn a_stix_bundle_is_read_and_its_times_are_honoured() {
    let (indicators, reports) = load(&[("b.json", STIX)]);
    assert_eq!((reports[0].total(), reports[0].skipped_total()), (4, 4));
    let hit = indicators.address(ip("198.51.100.1"), now()).unwrap();
    let listed = indicators.listed(hit).unwrap();
    assert_eq!(listed.place, "object 2 (1e9f2c3a-0000-4000-8000-00000000000a)");
    assert_eq!((&*listed.note, listed.confidence), ("C2 of X", Some(0.8)));
    assert_eq!(listed.since, Some(at("2026-01-01")));
    assert!(indicators.name(b"www.evil.example", now()).is_some());
    for outside in ["2026-01-31T23:59:59Z", "2026-04-01T00:00:00Z"] {
        assert!(indicators.address(ip("198.51.100.1"), at(outside)).is_none(), "{outside}");
        assert!(indicators.name(b"evil.example", at(outside)).is_none(), "{outside}");
    }
    assert!(indicators.address(ip("198.51.100.1"), at("2026-03-31T23:59:59Z")).is_some());
    let listed = indicators.listed(indicators.address(ip("203.0.113.1"), now()).unwrap()).unwrap();
    assert_eq!((&*listed.note, &*listed.value), ("malicious-activity", "203.0.113.0/24"));
    assert!(indicators.address(ip("198.51.100.6"), now()).is_some());
    for left_out in ["198.51.100.3", "198.51.100.5"] {
        assert!(indicators.address(ip(left_out), now()).is_none(), "{left_out}");
    }
}

const MISP: &str = r#"{"response":[{"Event":{"id":"1","Attribute":[
 {"uuid":"1e9f2c3a-0000-4000-8000-00000000000a","type":"ip-dst","value":"198.51.100.1","to_ids":true,"timestamp":"1767225600"},
 {"type":"ip-dst|port","value":"198.51.100.2|443","to_ids":true,"comment":"own words"},
 {"type":"domain|ip","value":"evil.example|198.51.100.3","to_ids":"1"},
 {"type":"ip-dst","value":"198.51.100.4","to_ids":false},
 {"type":"ip-dst","value":"198.51.100.5","to_ids":true,"deleted":true},
 {"type":"ip-dst","value":"198.51.100.6","to_ids":true,"last_seen":"2026-01-01T00:00:00.000000+00:00"},
 {"type":"ip-dst","value":"198.51.100.7","to_ids":true,"decay_score":[{"score":0,"decayed":true}]},
 {"type":"md5","value":"d41d8cd98f00b204e9800998ecf8427e","to_ids":true},
 {"type":"x509-fingerprint-sha1","value":"da39a3ee5e6b4b0d3255bfef95601890afd80709","to_ids":true}],
 "Object":[{"name":"ja3","Attribute":[{"type":"ja3-fingerprint-md5","value":"e7d705a3286e19ea42f587b344ee6865","to_ids":true}]}],
 "info":"Campaign Y"}}]}"#;

#[test]
fn a_misp_export_is_read_with_its_flags() {
    let (indicators, reports) = load(&[("m.json", MISP)]);
    assert_eq!((reports[0].total(), reports[0].skipped_total()), (7, 4));
    let note = |addr: &str| {
        let listed = indicators.listed(indicators.address(ip(addr), now())?)?;
        Some((listed.note.to_string(), listed.place))
    };
    let first = "object 1 (1e9f2c3a-0000-4000-8000-00000000000a)".to_owned();
    assert_eq!(note("198.51.100.1"), Some(("Campaign Y".into(), first)));
    assert_eq!(note("198.51.100.2"), Some(("own words".into(), "object 2".into())));
    assert!(note("198.51.100.3").is_some() && name(&indicators, "evil.example").is_some());
    for left_out in ["198.51.100.4", "198.51.100.5", "198.51.100.6", "198.51.100.7"] {
        assert!(note(left_out).is_none(), "{left_out}");
    }
    assert!(indicators.address(ip("198.51.100.6"), at("2025-12-31")).is_some());
    assert!(indicators.has(Kind::Ja3) && indicators.has(Kind::CertificateSha1));
    let single = MISP.replace("{\"response\":[", "").replace("\"Campaign Y\"}}]}", "\"Y\"}}");
    assert_eq!(load(&[("misp:s.json", &single)]).0.len(), 7);
}

#[test]
fn lists_that_cannot_be_used_say_where_and_why() {
    let check = |name: &str, text: &str, expected: &str| assert_eq!(fails(name, text), expected);
    check("x/a.txt", "", "x/a.txt: no indicator in it");
    check("a.txt", "#\n10.0.0.1\n", "a.txt:2: no indicator in it (1 skipped: a private address)");
    check("a.json", "{\"objects\":[]}", "a.json: no indicator in it");
    let broken = fails("a.json", "{\"objects\":[\n{\"type\":}]}");
    assert!(broken.starts_with("a.json:2: not readable as JSON: "), "{broken}");
    let deep = fails("a.json", &format!("{{\"objects\":{}", "[".repeat(100_000)));
    assert!(deep.contains("recursion limit"), "{deep}");
    let deep = fails("stix:a.json", &"[".repeat(100_000));
    assert!(deep.contains("recursion limit"), "{deep}");
    let cut = &STIX[..STIX.len() - 20];
    assert!(fails("a.json", cut).contains("EOF"), "{}", fails("a.json", cut));
}

#[test]
fn what_is_private_is_taken_when_asked_for() {
    let (indicators, _) = load(&[("unguarded:a.txt", "10.0.0.1\ncom\n0.0.0.0/0\n")]);
    assert!(address(&indicators, "10.0.0.1").is_some_and(|hit| hit.contains("10.0.0.1 line 1")));
    assert!(address(&indicators, "9.9.9.9").is_some_and(|hit| hit.contains("0.0.0.0/0")));
    assert!(name(&indicators, "any.com").is_some());
    let own = Prefix::parse("198.51.100.0/24").unwrap();
    let mut builder = Builder::new(1, &[own]);
    let list = "198.51.100.1\n203.0.113.1\n";
    builder.list(&ListSpec::parse("a.txt"), &mut list.as_bytes()).unwrap();
    assert_eq!(builder.finish().0.len(), 1);
}

/// A list of `n` indicators: two in three addresses, else names of 24 characters.
fn million(n: u32) -> String {
    (0..n).fold(String::new(), |mut text, i| {
        let [a, b, c, d] = i.wrapping_mul(2_654_435_761).to_be_bytes();
        let _ = if i % 3 == 2 {
            writeln!(text, "{a:02x}{b:02x}{c:02x}{d:02x}.threat-list.test")
        } else {
            writeln!(text, "{}.{b}.{c}.{d}", 11 + a % 89)
        };
        text
    })
}

#[test]
fn a_million_indicators_fit_into_96_mib() {
    // A tenth of it, so that the test is quick; every part grows with the number.
    let (indicators, _) = load(&[("m.txt", &million(100_000))]);
    let each = indicators.bytes() as f64 / indicators.len() as f64;
    assert!(indicators.len() > 95_000);
    assert!(each * 1e6 <= 96.0 * 1_048_576.0, "{each} bytes each");
    assert_eq!(size_of::<store::Entry>(), 32);
}

#[test]
fn hits_do_not_depend_on_the_seed_and_keys_outlast_a_reload() {
    let text = million(5_000);
    let build = |seed| {
        let mut builder = Builder::new(seed, &[]);
        builder.list(&ListSpec::parse("m.txt"), &mut text.as_bytes()).unwrap();
        builder.finish().0
    };
    let (a, b, again) = (build(1), build(99), build(1));
    for line in text.lines().step_by(7) {
        let look = |indicators: &Indicators| match line.parse::<std::net::IpAddr>() {
            Ok(ip) => indicators.address(ip.into(), now()),
            Err(_) => indicators.name(line.as_bytes(), now()),
        };
        let of = |i: &Indicators| i.listed(look(i).unwrap()).map(|l| (l.value, l.place)).unwrap();
        assert_eq!(of(&a), of(&b), "{line}");
        assert_eq!(of(&a).0, line);
        assert_eq!(look(&a).unwrap().key(), look(&again).unwrap().key());
    }
}

/// Reads any bytes in any format; what is taken must be told and found.
fn survives(words: &str, bytes: &[u8]) {
    let mut builder = Builder::new(3, &[]).at(0);
    let mut reader = std::io::BufReader::with_capacity(7, bytes);
    let read = builder.list(&ListSpec::parse(words), &mut reader);
    let (indicators, reports) = builder.finish();
    let taken: u64 = reports.iter().map(Report::total).sum();
    let duplicates: u64 = reports.iter().map(|r| r.duplicates).sum();
    if read.is_ok() {
        assert_eq!(indicators.len() as u64, taken - duplicates);
    }
    // An indicator of a URL-like term needs some bytes of input.
    assert!(indicators.bytes() <= 4_096 + 400 * bytes.len(), "{}", indicators.bytes());
    for report in &reports {
        assert!(report.examples.len() <= 5);
    }
}

/// Text made of what lists are made of.
fn listish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("198.51.100.1"),
        Just("203.0.113.0/24"),
        Just("evil.example"),
        Just("http://"),
        Just(","),
        Just("\""),
        Just("#"),
        Just("\n"),
        Just(";"),
        Just("\t"),
        Just("2001:db8::/32"),
        Just("{\"type\":\"indicator\",\"pattern\":\""),
        Just("[ipv4-addr:value = '"),
        Just("'] OR "),
        Just("\"},"),
        Just("{\"objects\":["),
        Just("]}"),
        Just("{\"Event\":{\"Attribute\":["),
        Just("{\"type\":\"ip-dst\",\"to_ids\":true,\"value\":\""),
        Just("ioc_value,type,expires\n"),
        Just("["),
        Just("("),
        Just(" IN ("),
        Just("AND"),
        Just("\\"),
        Just("ä"),
        Just("::"),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for words in ["x", "lines:x", "csv:x", "stix:x", "misp:x", "unguarded:x"] {
            survives(words, &bytes);
        }
    }

    #[test]
    fn anything_like_a_list_is_read_without_panic(text in listish()) {
        for words in ["x", "lines:x", "csv:x", "stix:x", "misp:unguarded:x"] {
            survives(words, text.as_bytes());
        }
    }

    #[test]
    fn any_pattern_is_read_without_panic(pattern in "[\\[\\]()'=!<>,a-zA-Z:. \\\\-]{0,80}") {
        if let Ok(terms) = pattern::read(&pattern) {
            prop_assert!(!terms.is_empty() && terms.len() <= pattern.len());
        }
    }

    #[test]
    fn any_time_is_read_without_panic(text in "\\PC{0,30}", digits in "[0-9T:Z. +-]{8,30}") {
        let _ = (time::parse(&text), time::parse(&digits));
    }

    #[test]
    fn networks_hold_what_a_search_through_all_finds(
        networks in prop::collection::vec((any::<u32>(), 8_u8..=32), 1..40),
        addrs in prop::collection::vec(any::<u32>(), 20),
    ) {
        let mask = |bits: u32| bits & 0x0f0f_0303 | 0x0800_0000;
        let text: String = networks.iter().fold(String::new(), |mut text, (bits, len)| {
            let _ = writeln!(text, "{}/{len}", Addr::v4(mask(*bits).to_be_bytes()));
            text
        });
        let (indicators, _) = load(&[("unguarded:n.txt", &text)]);
        for bits in addrs.into_iter().map(mask) {
            let addr = Addr::v4(bits.to_be_bytes());
            let holds = |(net, len): &&(u32, u8)| {
                Prefix::new(Addr::v4(mask(*net).to_be_bytes()), *len).unwrap().contains(addr)
            };
            let longest = networks.iter().filter(holds).map(|(_, len)| *len).max();
            let hit = indicators.address(addr, now());
            let found = hit.map(|hit| {
                let value = indicators.listed(hit).unwrap().value;
                value.split_once('/').map_or(32, |(_, len)| len.parse().unwrap())
            });
            prop_assert_eq!(found, longest);
        }
    }
}
