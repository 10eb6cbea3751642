//! Uploads that are unusual are told, ordinary ones are not.

use super::*;
use crate::detect::testing::{Script, digest, ip, many, subjects, tcp, udp};
use crate::finding::Finding;

const HOST: &str = "10.0.0.7";
const DROP: &str = "203.0.113.9";

/// A second of a connection from a host to a place outside.
fn second(script: &mut Script, to: Addr, sent: u64, received: u64) {
    let packets = |bytes: u64| u32::try_from(bytes.div_ceil(1_400)).unwrap();
    let headers = |bytes: u64| bytes + HEADERS * bytes.div_ceil(1_400);
    let tuple = tcp(ip(HOST), 50_000, to, 443);
    script.traffic(TrafficDigest {
        two_way: true,
        packets: [packets(sent), packets(received)],
        bytes: [headers(sent), headers(received)],
        ..digest(tuple)
    });
}

/// Sends a volume in pieces of `piece` bytes, one each second.
fn upload(script: &mut Script, to: &str, total: u64, piece: u64, received: u64) {
    for _ in 0..total.div_ceil(piece) {
        second(script, ip(to), piece, received);
        script.pass(1.0);
    }
}

/// Days of office hours with some 20 MB an hour, and a backup of 3 GB each night at 22.
fn days(script: &mut Script, days: u32) {
    for hour in 0..days * 24 {
        let of_day = (script.now().secs() / 3_600) % 24;
        let jitter = u64::from(hour % 5) * 1_000_000;
        match of_day {
            8..18 => second(script, ip("198.51.100.1"), 20_000_000 + jitter, 90_000_000),
            22 => second(script, ip("198.51.100.2"), 3_000_000_000 + 40 * jitter, 1_000_000),
            _ => second(script, ip("198.51.100.1"), 200_000, 600_000),
        }
        script.pass(3_600.0);
    }
}

fn severities(findings: &[Finding]) -> Vec<Severity> {
    findings.iter().filter_map(|f| f.severity).collect()
}

#[test]
fn a_large_upload_of_an_unknown_host_is_low_and_a_gigabyte_medium() {
    let mut script = Script::new(&SPEC);
    upload(&mut script, DROP, 150_000_000, 3_000_000, 10_000);
    let findings = script.finish();
    assert_eq!(subjects(&findings).len(), 1);
    assert_eq!(findings[0].severity, Some(Severity::Low));
    assert_eq!((findings[0].technique.as_str(), &findings[0].dst), ("volume", &vec![ip(DROP)]));
    assert!(findings.last().unwrap().count >= 149_000_000, "the last word is the whole");
    assert!(!findings[0].flows.is_empty());
    let mut script = Script::new(&SPEC);
    upload(&mut script, DROP, 1_100_000_000, 10_000_000, 10_000);
    assert_eq!(severities(&script.finish()).last(), Some(&Severity::Medium));
}

#[test]
fn calls_speed_tests_downloads_mail_and_visitors_are_quiet() {
    let mut script = Script::new(&SPEC);
    // A call, both ways alike; a speed test, up and down; a download with its acknowledgements.
    upload(&mut script, "198.51.100.9", 900_000_000, 300_000, 280_000);
    for _ in 0..15 {
        second(&mut script, ip("198.51.100.10"), 1_000, 40_000_000);
        script.pass(1.0);
    }
    upload(&mut script, "198.51.100.10", 600_000_000, 40_000_000, 1_000);
    upload(&mut script, "198.51.100.11", 40_000_000, 200_000, 90_000_000);
    // Mail with attachments and a push: below the floor.
    upload(&mut script, "198.51.100.12", 60_000_000, 5_000_000, 1_000);
    upload(&mut script, "198.51.100.13", 90_000_000, 5_000_000, 1_000);
    script.pass(4_000.0);
    // Visitors of a server of ours, copies within the site, and one-way floods.
    let ways = [
        tcp(ip("198.51.100.77"), 40_000, ip("10.0.0.80"), 443),
        tcp(ip(HOST), 40_000, ip("10.0.0.8"), 445),
        udp(ip(HOST), 40_000, ip(DROP), 9_999),
        udp(ip(HOST), 40_000, ip("239.1.1.1"), 5_004),
    ];
    for tuple in ways {
        let two_way = tuple.proto == 6;
        let bytes = if two_way { [4_000, 900_000_000] } else { [900_000_000, 0] };
        script.traffic(TrafficDigest { two_way, packets: [9, 9], bytes, ..digest(tuple) });
    }
    let findings = script.finish();
    assert_eq!(findings, [], "{findings:#?}");
}

#[test]
fn what_is_usual_for_the_host_is_quiet_and_what_is_not_is_medium() {
    let mut script = Script::new(&SPEC);
    days(&mut script, 21);
    let told = severities(script.findings());
    // Until it has come on four nights, the backup is large.
    assert!((1..=5).contains(&told.len()), "{told:?}");
    let before = script.findings().len();
    days(&mut script, 7);
    assert_eq!(script.findings().len(), before, "the fourth week is quiet");
    // At noon, to a place that is known: above the usual at this hour.
    while script.now().secs() / 3_600 % 24 != 12 {
        script.pass(3_600.0);
    }
    upload(&mut script, "198.51.100.1", 400_000_000, 10_000_000, 10_000);
    let findings = script.findings()[before..].to_vec();
    assert_eq!(findings[0].severity, Some(Severity::Medium), "{findings:#?}");
    assert!(findings[0].evidence.iter().any(|e| e.mean.is_some()));
    let before = script.findings().len();
    upload(&mut script, DROP, 150_000_000, 10_000_000, 10_000);
    assert_eq!(script.findings()[before].severity, Some(Severity::High));
}

#[test]
fn what_was_learned_survives_a_restart() {
    let mut first = Script::new(&SPEC);
    days(&mut first, 21);
    first.finish();
    let saved = first.detector().save().unwrap();
    let mut second = Script::new(&SPEC);
    second.detector().restore(&saved).unwrap();
    assert_eq!(second.detector().save().unwrap(), saved);
    second.pass(21.0 * 86_400.0);
    while second.now().secs() / 3_600 % 24 != 21 {
        second.pass(3_600.0);
    }
    days(&mut second, 1);
    assert_eq!(second.findings(), [], "the backup is known");
    let mut fresh = Script::new(&SPEC);
    days(&mut fresh, 1);
    assert!(!fresh.findings().is_empty(), "without the state it is not");
}

#[test]
fn slow_over_a_day_and_spread_over_many_places() {
    let mut slow = Script::new(&SPEC);
    // 30 MB an hour: 720 MB a day.
    for _ in 0..24 {
        upload(&mut slow, DROP, 30_000_000, 3_000_000, 1_000);
        slow.pass(3_590.0);
    }
    let findings = slow.finish();
    assert_eq!(subjects(&findings).len(), 1);
    assert_eq!(
        (findings[0].technique.as_str(), findings[0].severity),
        ("slow", Some(Severity::Low))
    );
    let mut spread = Script::new(&SPEC);
    for n in 0..50 {
        second(&mut spread, many(n), 8_000_000, 1_000);
        spread.pass(20.0);
    }
    let findings = spread.finish();
    assert_eq!(subjects(&findings).len(), 1);
    assert_eq!(findings[0].technique, "spread");
    // With a baseline both claim something.
    let mut known = Script::new(&SPEC);
    days(&mut known, 21);
    while known.now().secs() / 3_600 % 24 != 12 {
        known.pass(3_600.0);
    }
    let before = known.findings().len();
    for n in 0..50 {
        second(&mut known, many(n), 8_000_000, 1_000);
        known.pass(20.0);
    }
    assert_eq!(known.findings()[before].severity, Some(Severity::Medium));
}

#[test]
fn tables_stay_bounded() {
    let mut script = Script::new(&SPEC);
    for n in 0..60_000_u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let tuple = tcp(Addr::v4([10, b, c, d]), 5, many(n), 443);
        let bytes = [2_000_000, 0];
        script.traffic(TrafficDigest { two_way: true, packets: [9, 9], bytes, ..digest(tuple) });
        if n % 1_000 == 0 {
            script.pass(1_800.0);
        }
    }
    script.finish();
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
    let bytes = script.detector().save().unwrap().to_string().len();
    assert!(bytes < 4 << 20, "{bytes}");
}
