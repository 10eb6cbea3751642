//! How an attacker may try to stay unseen, through the whole engine: what is found and what is
//! not. `docs/detectors.md` says the same in words, in the page of each detector.

use crate::support::{Outcome, at, peer, run, tcp};
use anomalyzer_engine::{Alert, Severity};
use anomalyzer_scenario::build::ip::fragment_ipv4;
use anomalyzer_scenario::{AttackKind, Frame, Origin, Plan, generate};
use std::collections::BTreeSet;

const SCANNER: &str = "192.0.2.9";
const VICTIM: &str = "192.168.1.25";

/// One probe: who, from where, which port, when (in milliseconds).
struct Probe {
    src: String,
    port: u16,
    ms: i64,
}

/// Each probe's SYN and the reset that answers it.
fn frames(probes: impl IntoIterator<Item = Probe>) -> Vec<Frame> {
    let answered = |probe: Probe| {
        let (src, dst) = (peer(&probe.src, 40_000 + probe.port % 9), peer(VICTIM, probe.port));
        let syn = tcp(&src, &dst, "S", 7, 0, &[]);
        let reset = tcp(&dst, &src, "RA", 0, 8, &[]);
        [at(probe.ms, syn), at(probe.ms + 1, reset)]
    };
    probes.into_iter().flat_map(answered).collect()
}

fn by_scanner(port: u16, ms: i64) -> Probe {
    Probe { src: SCANNER.to_owned(), port, ms }
}

fn claims<'a>(out: &'a Outcome, detector: &str) -> Vec<&'a Alert> {
    let claims = |a: &&Alert| a.detector == detector && a.severity >= Severity::Medium;
    out.alerts.iter().filter(claims).collect()
}

/// Techniques of the port scans that are told.
fn scans(frames: Vec<Frame>) -> Vec<String> {
    let out = run(frames);
    claims(&out, "port-scan").iter().map(|a| a.technique.clone()).collect()
}

#[test]
fn a_port_a_minute_is_found() {
    let probes = (1..=40).map(|n| by_scanner(n * 11, i64::from(n) * 60_000));
    assert_eq!(scans(frames(probes)), ["syn"]);
}

#[test]
fn twenty_nine_ports_a_day_are_not_found() {
    let probes = (1..=29).map(|n| by_scanner(n * 11, i64::from(n) * 3_000_000));
    assert_eq!(scans(frames(probes)), Vec::<String>::new());
}

#[test]
fn the_order_of_ports_does_not_matter() {
    // A multiplier prime to the number of ports visits each of them once.
    let probes = (0..1_000).map(|n: i64| {
        let port = u16::try_from(n * 7_919 % 60_000 + 1).unwrap();
        by_scanner(port, n * 3)
    });
    assert_eq!(scans(frames(probes)), ["syn"]);
}

#[test]
fn fragments_do_not_hide_a_scan() {
    // As `nmap -f` does: 8 bytes of the TCP header in each packet.
    let whole = frames((1..=100).map(|n| by_scanner(n, i64::from(n) * 20)));
    let mut id: u16 = 0;
    let cut = whole.into_iter().flat_map(|mut frame| {
        id += 1;
        frame.data[18..20].copy_from_slice(&id.to_be_bytes());
        let pieces = fragment_ipv4(&frame.data, 28);
        pieces.into_iter().map(move |data| Frame { data, ..frame.clone() }).collect::<Vec<_>>()
    });
    assert_eq!(scans(cut.collect()), ["syn"]);
}

#[test]
fn decoys_do_not_hide_the_scanner() {
    let sources: Vec<String> =
        (1..=5).map(|n| format!("203.0.113.{n}")).chain([SCANNER.to_owned()]).collect();
    let probes = (1..=100).flat_map(|port: u16| {
        let ms = i64::from(port) * 50;
        sources.iter().map(move |src| Probe { src: src.clone(), port, ms }).collect::<Vec<_>>()
    });
    let out = run(frames(probes));
    let told: BTreeSet<String> =
        claims(&out, "port-scan").iter().flat_map(|a| &a.src).map(ToString::to_string).collect();
    assert_eq!(told, sources.into_iter().collect());
}

#[test]
fn a_scan_shared_by_many_sources_is_found_by_its_victim() {
    let probes = |sources: u16| {
        (1..=200).map(move |n: u16| Probe {
            src: format!("203.0.113.{}", n % sources + 1),
            port: n * 13,
            ms: i64::from(n) * 500,
        })
    };
    assert_eq!(scans(frames(probes(40))), ["distributed"]);
    // Few sources are told one by one.
    assert_eq!(scans(frames(probes(4))), ["syn"; 4]);
}

/// Severity of the worst alert of a detector in a scenario's attack alone.
fn worst(kind: &str) -> Option<Severity> {
    let kind = AttackKind::parse(kind).unwrap();
    let out = run(generate(&Plan::attack_alone(11, kind, Origin::Default)));
    out.alerts.iter().filter(|a| a.detector == kind.detector()).map(|a| a.severity).max()
}

#[test]
fn jitter_does_not_hide_a_beacon() {
    assert!(worst("beacon-jitter") >= Some(Severity::Medium));
}

#[test]
fn tunnels_under_many_zones_and_slow_ones_are_found() {
    for kind in ["dns-tunnel-zones", "dns-tunnel-slow", "dns-c2"] {
        assert!(worst(kind) >= Some(Severity::Medium), "{kind}: {:?}", worst(kind));
    }
}
