use super::*;
use crate::detect::testing::{Script, ip, mac, record, subjects, tcp, udp};
use crate::observation::FirstPacket;

/// An Ethernet address as a maker gives it.
fn card(n: u32) -> Mac {
    let [_, b, c, d] = n.to_be_bytes();
    Mac([0x70, 0x3a, 0x51, b, c, d])
}

fn arp(script: &mut Script, mac: Mac, addr: &str) {
    script.arp(1, mac, ip(addr), ip("10.0.0.1"));
}

fn discover(script: &mut Script, mac: Mac, had: Option<&str>) {
    let dhcp = DhcpMessage {
        op: 1,
        message_type: 1,
        client_mac: mac,
        requested_ip: had.map(ip),
        hostname: Some(HostileStr::from(&b"box\x1b[2J"[..])),
        vendor_class: Some(HostileStr::from(&b"android-dhcp-14"[..])),
        ..DhcpMessage::default()
    };
    let flow = udp(ip("0.0.0.0"), 68, ip("255.255.255.255"), 67);
    script.app(flow, AppFact::Dhcp(Box::new(dhcp)));
}

/// A segment of four that has been learned.
fn learned() -> Script {
    let mut script = Script::new(&SPEC);
    for n in 1..5 {
        arp(&mut script, card(n), &format!("10.0.0.{n}"));
    }
    script.pass(601.0);
    script
}

#[test]
fn the_first_sight_after_learning_is_told_once() {
    let mut script = learned();
    for _ in 0..3 {
        arp(&mut script, card(3), "10.0.0.3");
        arp(&mut script, card(99), "10.0.0.99");
        script.pass(60.0);
    }
    let findings = script.finish();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].src, [ip("10.0.0.99")]);
    assert!(findings[0].title.contains("70:3a:51:00:00:63"), "{}", findings[0].title);
    assert!(!findings[0].explanation.contains("made up"));
}

#[test]
fn names_come_along_and_are_escaped() {
    let mut script = learned();
    discover(&mut script, mac(8), Some("10.0.0.50"));
    script.pass(1.0);
    let found = script.finish();
    assert!(found[0].explanation.contains("box\\x1b[2J"), "{}", found[0].explanation);
    assert!(found[0].explanation.contains("android-dhcp-14"));
    assert!(found[0].explanation.contains("made up"));
    assert_eq!(found[0].src, [ip("10.0.0.50")]);
}

#[test]
fn while_learning_only_a_first_lease_is_news() {
    let mut script = Script::new(&SPEC);
    arp(&mut script, card(1), "10.0.0.1");
    discover(&mut script, card(4), None);
    script.pass(61.0);
    discover(&mut script, card(2), Some("10.0.0.2"));
    discover(&mut script, card(3), None);
    discover(&mut script, card(1), None);
    let findings = script.finish();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].title.contains(&card(3).to_string()));
}

#[test]
fn a_bare_source_address_is_no_device_but_a_conversation_is() {
    let mut script = learned();
    let flow = tcp(ip("10.0.0.77"), 1, ip("10.0.0.1"), 80);
    script.started_with(flow, FirstPacket::Syn, |f| f.src_mac = Some(card(77)));
    for (proto, state, answers) in
        [(6, ConnState::S0, 0), (6, ConnState::Rej, 1), (17, ConnState::Oth, 0)]
    {
        let mut half = record(flow, script.now(), state);
        half.tuple.proto = proto;
        half.src_mac = Some(card(77));
        half.resp.packets = answers;
        script.see(Observation::FlowEnded(Box::new(half)));
    }
    script.pass(10.0);
    assert_eq!(script.findings(), []);
    let mut whole = record(flow, script.now(), ConnState::Sf);
    whole.src_mac = Some(card(77));
    whole.dst_mac = Some(card(1));
    whole.resp.packets = 3;
    script.see(Observation::FlowEnded(Box::new(whole)));
    assert_eq!(subjects(&script.finish()).len(), 1);
}

#[test]
fn virtual_routers_groups_and_bridged_arp_are_no_devices() {
    let mut script = learned();
    for bytes in [[0, 0, 0x5e, 0, 1, 9], [0xff; 6], [0; 6], [1, 0, 0x5e, 0, 0, 1]] {
        arp(&mut script, Mac(bytes), "10.0.0.80");
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn a_crowd_is_told_as_a_number() {
    let mut script = learned();
    for n in 0..500 {
        arp(&mut script, card(1_000 + n), "10.0.1.1");
        script.pass(0.1);
    }
    let findings = script.finish();
    assert_eq!(findings.len(), 21);
    assert_eq!(findings[20].count, 480);
}

#[test]
fn known_devices_outlast_a_restart() {
    let mut script = learned();
    let saved = script.detector().save().unwrap();
    let mut script = Script::new(&SPEC);
    script.detector().restore(&saved).unwrap();
    assert_eq!(script.detector().save(), Some(saved));
    arp(&mut script, card(2), "10.0.0.2");
    arp(&mut script, card(50), "10.0.0.50");
    script.pass(10.0);
    assert_eq!(script.finish().len(), 1, "no learning: what is known was loaded");
    for wrong in [
        json!({}),
        json!({"version": 1, "devices": [["70:3a:51:00:00:01", 5, 4, null]]}),
        json!({"version": 1, "devices": [["ff:ff:ff:ff:ff:ff", 1, 2, null]]}),
        json!({"version": 1, "devices": [["70:3a:51:00:00:01", 1, 2, "x"]]}),
    ] {
        assert!(Script::new(&SPEC).detector().restore(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_table_stays_bounded() {
    let mut script = learned();
    for n in 0..60_000 {
        arp(&mut script, card(n), "10.0.0.9");
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
    assert!(script.finish().len() <= 30);
}
