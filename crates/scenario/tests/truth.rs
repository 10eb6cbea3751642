//! The rows of truth against the frames themselves: what a row promises is what is sent.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::net::IpAddr;

use anomalyzer_scenario::{AttackKind, CSV_HEADER, Frame, Origin, Plan, Truth, generate};

/// What a test needs of an IPv4 frame.
struct Seen {
    src: String,
    dst: String,
    protocol: u8,
    dst_port: u16,
    syn: bool,
}

fn seen(frame: &Frame) -> Option<Seen> {
    let data = &frame.data;
    let ip = |at: usize| IpAddr::from([data[at], data[at + 1], data[at + 2], data[at + 3]]);
    let ported = matches!(data[23], 6 | 17);
    (data[12..14] == [8, 0]).then(|| Seen {
        src: ip(26).to_string(),
        dst: ip(30).to_string(),
        protocol: data[23],
        dst_port: if ported { u16::from_be_bytes([data[36], data[37]]) } else { 0 },
        syn: data[23] == 6 && data[47] == 2,
    })
}

/// The attack's own frames and its row.
fn run(name: &str, origin: Origin) -> (Vec<Seen>, Truth) {
    let kind = AttackKind::parse(name).unwrap();
    let mut scenario = generate(&Plan::attack_alone(3, kind, origin));
    let frames: Vec<Seen> = scenario.by_ref().filter_map(|frame| seen(&frame)).collect();
    (frames, scenario.truth()[0].clone())
}

fn from_attacker<'a>(frames: &'a [Seen], truth: &'a Truth) -> impl Iterator<Item = &'a Seen> {
    frames.iter().filter(|frame| frame.src == truth.attacker && frame.dst == truth.victim)
}

#[test]
fn port_scans_try_the_promised_ports() {
    for (name, ports) in [
        ("port-scan-syn", 1_000),
        ("port-scan-connect", 600),
        ("port-scan-fin", 500),
        ("port-scan-null", 500),
        ("port-scan-xmas", 500),
        ("port-scan-ack", 500),
        ("port-scan-udp", 200),
        ("port-scan-mixed", 400),
        ("port-scan-slow", 100),
    ] {
        for origin in [Origin::Inside, Origin::Outside] {
            let (frames, truth) = run(name, origin);
            let tried: BTreeSet<u16> =
                from_attacker(&frames, &truth).map(|frame| frame.dst_port).collect();
            assert_eq!(tried.len(), ports, "{name}");
        }
    }
}

#[test]
fn sweeps_reach_the_promised_hosts() {
    for name in ["host-sweep-tcp", "host-sweep-udp", "host-sweep-icmp"] {
        for origin in [Origin::Inside, Origin::Outside] {
            let (frames, truth) = run(name, origin);
            let mine = frames.iter().filter(|frame| frame.src == truth.attacker);
            let hosts: BTreeSet<&str> = mine.map(|frame| frame.dst.as_str()).collect();
            assert_eq!(hosts.len(), 254, "{name}");
        }
    }
}

#[test]
fn floods_send_the_promised_packets() {
    for (name, protocol, packets) in [
        ("flood-syn", 6, 45_000),
        ("flood-udp", 17, 48_000),
        ("flood-icmp", 1, 15_000),
        ("ddos-syn", 6, 36_000),
        ("ddos-udp", 17, 48_000),
        ("ddos-icmp", 1, 24_000),
        ("ddos-reflection", 6, 30_000),
        ("ddos-amplification-dns", 17, 36_000),
        ("ddos-amplification-ntp", 17, 12_000),
        ("ddos-amplification-snmp", 17, 36_000),
    ] {
        let (frames, truth) = run(name, Origin::Default);
        let to_victim = |frame: &&Seen| frame.dst == truth.victim && frame.protocol == protocol;
        assert_eq!(frames.iter().filter(to_victim).count(), packets, "{name}");
    }
}

#[test]
fn guessers_open_the_promised_sessions() {
    for (name, sessions) in [
        ("brute-force-ssh", 80),
        ("brute-force-ftp", 80),
        ("brute-force-telnet", 60),
        ("brute-force-rdp", 60),
        ("brute-force-smb", 80),
        ("brute-force-http", 120),
        ("brute-force-smtp", 60),
        ("brute-force-pop3", 60),
        ("brute-force-imap", 60),
        ("brute-force-dcerpc", 400),
        ("brute-force-breach", 60),
        ("flood-http", 4_000),
        ("keyword", 36),
    ] {
        let (frames, truth) = run(name, Origin::Outside);
        let opened = from_attacker(&frames, &truth).filter(|frame| frame.syn).count();
        assert_eq!(opened, sessions, "{name}");
    }
}

#[test]
fn rows_count_the_labelled_frames_among_the_office() {
    let plan = Plan::office(6, 6)
        .with(AttackKind::PortScanSyn)
        .with(AttackKind::DnsTunnel)
        .with(AttackKind::FloodIcmp);
    let mut scenario = generate(&plan);
    let frames: Vec<Frame> = scenario.by_ref().collect();
    for (index, truth) in scenario.truth().iter().enumerate() {
        let mine = || frames.iter().filter(|frame| usize::from(frame.label) == index + 1);
        assert_eq!(truth.packets, mine().count() as u64);
        assert_eq!(truth.first, mine().next().map(|frame| frame.time));
        assert_eq!(truth.last, mine().next_back().map(|frame| frame.time));
    }
}

#[test]
fn rows_are_lines_of_csv() {
    let (_, truth) = run("port-scan-fin", Origin::Outside);
    let line = truth.csv();
    assert!(line.starts_with("port-scan-fin,port-scan,fin,"), "{line}");
    assert_eq!(line.matches(',').count(), CSV_HEADER.matches(',').count(), "{line}");
    assert!(line.ends_with(",\"500 ports\""), "{line}");
}
