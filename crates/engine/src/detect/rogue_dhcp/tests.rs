use super::*;
use crate::detect::testing::{Script, ip, mac, subjects, udp};
use crate::finding::Finding;
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::AppProto;

/// A server: its address, hardware address, gateway and name servers.
#[derive(Clone, Copy)]
struct Device(&'static str, u32, &'static str, [&'static str; 2]);

const RIGHT: Device = Device("10.0.0.1", 1, "10.0.0.1", ["10.0.0.2", "10.0.0.3"]);
const ROGUE: Device = Device("10.0.0.66", 66, "10.0.0.66", ["10.0.0.66", "10.0.0.66"]);

fn message(server: Device, kind: u8, client: u32, given: &str) -> DhcpMessage {
    DhcpMessage {
        op: 2,
        message_type: kind,
        xid: client,
        client_mac: mac(client),
        your_ip: Some(ip(given)),
        server_id: Some(ip(server.0)),
        router: Some(ip(server.2)),
        dns_server: Some(ip(server.3[0])),
        dns_server_2: Some(ip(server.3[1])),
        ..DhcpMessage::default()
    }
}

fn send(script: &mut Script, server: Device, message: DhcpMessage) {
    let tuple = udp(ip("0.0.0.0"), 68, ip(server.0), 67);
    script.see(Observation::App(Box::new(AppSeen {
        id: crate::flow::FlowId(1),
        tuple,
        by_originator: false,
        src_mac: Some(mac(server.1)),
        app: AppProto::Dhcp,
        fact: AppFact::Dhcp(Box::new(message)),
    })));
}

/// An offer and its confirmation.
fn lease(script: &mut Script, server: Device, client: u32, given: &str) {
    send(script, server, message(server, 2, client, given));
    send(script, server, message(server, 5, client, given));
    script.pass(1.0);
}

fn attacks(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|f| f.severity.is_none()).collect()
}

#[test]
fn a_server_with_another_gateway_beside_an_established_one() {
    let mut script = Script::new(&SPEC);
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    script.pass(600.0);
    for client in 20..60 {
        // The rogue is faster.
        lease(&mut script, ROGUE, client, &format!("10.0.0.{client}"));
        send(&mut script, RIGHT, message(RIGHT, 2, client, &format!("10.0.0.{}", client + 100)));
        script.pass(5.0);
    }
    let findings = script.finish();
    let found = attacks(&findings);
    assert_eq!(subjects(&findings).len(), 1);
    assert!(found.len() < 12, "told {} times", found.len());
    let last = found.last().unwrap();
    assert_eq!(last.src, [ip("10.0.0.66")]);
    assert!(last.confidence > 0.8 && last.title.contains("gateway 10.0.0.66"), "{}", last.title);
}

#[test]
fn another_network_is_found_by_the_shared_exchange() {
    let mut script = Script::new(&SPEC);
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    script.pass(100.0);
    let home = Device("192.168.0.1", 5, "192.168.0.1", ["192.168.0.1", "8.8.8.8"]);
    lease(&mut script, home, 11, "192.168.0.44");
    assert_eq!(script.findings(), [], "nothing connects the two");
    send(&mut script, RIGHT, message(RIGHT, 2, 12, "10.0.0.12"));
    send(&mut script, home, message(home, 2, 12, "192.168.0.45"));
    assert_eq!(attacks(&script.finish())[0].src, [ip("192.168.0.1")]);
}

#[test]
fn only_the_name_server_differs() {
    let mut script = Script::new(&SPEC);
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    script.pass(100.0);
    let evil = Device("10.0.0.66", 66, "10.0.0.1", ["203.0.113.5", "203.0.113.6"]);
    lease(&mut script, evil, 11, "10.0.0.11");
    let findings = script.finish();
    assert!(attacks(&findings)[0].title.contains("name server 203.0.113.5"));
}

#[test]
fn two_that_appear_together_are_both_named() {
    let mut script = Script::new(&SPEC);
    send(&mut script, RIGHT, message(RIGHT, 2, 9, "10.0.0.9"));
    send(&mut script, ROGUE, message(ROGUE, 2, 9, "10.0.0.109"));
    let findings = script.finish();
    assert_eq!(findings[0].src, [ip("10.0.0.66"), ip("10.0.0.1")]);
    assert!(findings[0].explanation.contains("either may be the rogue"));
}

#[test]
fn the_known_servers_identifier_from_another_device() {
    let mut script = Script::new(&SPEC);
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    script.pass(100.0);
    let mask = Device("10.0.0.1", 66, "10.0.0.66", ["10.0.0.2", "10.0.0.3"]);
    lease(&mut script, mask, 11, "10.0.0.11");
    let findings = script.finish();
    assert!(attacks(&findings)[0].explanation.contains(&mac(66).to_string()));
}

#[test]
fn look_alikes_are_low_or_quiet() {
    // A failover pair: same answers, name servers in another order.
    let mut script = Script::new(&SPEC);
    let partner = Device("10.0.0.4", 4, "10.0.0.1", ["10.0.0.3", "10.0.0.2"]);
    for client in 10..40 {
        lease(&mut script, RIGHT, client, "10.0.0.10");
        lease(&mut script, partner, client, "10.0.0.11");
    }
    let findings = script.finish();
    assert!(!findings.is_empty() && attacks(&findings).is_empty(), "{findings:?}");
    // One server for several networks, seen on the segment and behind a relay.
    let mut script = Script::new(&SPEC);
    for net in 0..20 {
        let given = format!("10.0.{net}.10");
        lease(&mut script, RIGHT, net, &given);
        let mut relayed = message(RIGHT, 5, 100 + net, &given);
        relayed.relay_ip = Some(ip("10.0.9.1"));
        send(&mut script, Device("10.0.9.1", 9, "", ["", ""]), relayed);
    }
    // Servers of different networks.
    for net in 30..40_u32 {
        let mut other = message(RIGHT, 5, net, &format!("172.16.{net}.10"));
        other.server_id = Some(ip(&format!("172.16.{net}.1")));
        other.router = other.server_id;
        send(&mut script, Device("10.0.9.1", net, "", ["", ""]), other);
    }
    // A boot server gives no address.
    let mut boot = message(ROGUE, 2, 5, "10.0.0.9");
    boot.your_ip = None;
    send(&mut script, ROGUE, boot);
    assert_eq!(script.finish(), []);
}

#[test]
fn trusted_servers_are_believed_in_any_order() {
    let trust = |addresses: &'static [&'static str]| {
        Script::with(&SPEC, move |section| {
            for address in addresses {
                let own = crate::config::Prefix::parse(address).unwrap();
                section.set_host(own, &[("trusted", 1.0)]);
            }
        })
    };
    // The rogue is seen first.
    let mut script = trust(&["10.0.0.1"]);
    for client in 10..20 {
        lease(&mut script, ROGUE, client, "10.0.0.50");
        lease(&mut script, RIGHT, client, "10.0.0.60");
    }
    let findings = script.finish();
    assert!(attacks(&findings).iter().all(|f| f.src == [ip("10.0.0.66")]) && !findings.is_empty());
    let mut script = trust(&["10.0.0.1", "10.0.0.66"]);
    for client in 10..20 {
        lease(&mut script, ROGUE, client, "10.0.0.50");
        lease(&mut script, RIGHT, client, "10.0.0.60");
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn dhcpv6_servers_are_compared_by_name_servers() {
    let reply = |script: &mut Script, server: &str, hardware: u32, dns: &str| {
        let message = Dhcpv6Message {
            message_type: 7,
            xid: 5,
            client_duid: Some(HostileStr::from(&b"client"[..])),
            address: Some(ip("2001:db8::10")),
            dns_server: Some(ip(dns)),
            ..Dhcpv6Message::default()
        };
        script.see(Observation::App(Box::new(AppSeen {
            id: crate::flow::FlowId(1),
            tuple: udp(ip("fe80::9"), 546, ip(server), 547),
            by_originator: false,
            src_mac: Some(mac(hardware)),
            app: AppProto::Dhcp,
            fact: AppFact::Dhcpv6(Box::new(message)),
        })));
    };
    let mut script = Script::new(&SPEC);
    reply(&mut script, "fe80::1", 1, "2001:db8::53");
    script.pass(1.0);
    reply(&mut script, "fe80::2", 2, "2001:db8::53");
    assert!(attacks(script.findings()).is_empty());
    reply(&mut script, "fe80::3", 3, "2001:db8::666");
    let findings = script.finish();
    assert_eq!((attacks(&findings).len(), attacks(&findings)[0].src[0]), (1, ip("fe80::3")));
}

#[test]
fn known_servers_outlast_a_restart_and_rogues_do_not() {
    let mut script = Script::new(&SPEC);
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    script.pass(100.0);
    lease(&mut script, ROGUE, 11, "10.0.0.11");
    let saved = script.detector().save().unwrap();
    assert_eq!(saved["servers"].as_array().unwrap().len(), 1);
    let mut script = Script::new(&SPEC);
    script.detector().restore(&saved).unwrap();
    assert_eq!(script.detector().save(), Some(saved));
    lease(&mut script, ROGUE, 10, "10.0.0.11");
    lease(&mut script, RIGHT, 10, "10.0.0.10");
    assert_eq!(attacks(&script.finish())[0].src, [ip("10.0.0.66")]);
    for wrong in [
        json!({"version": 1}),
        json!({"version": 1, "servers": [["0.0.0.0", null, 1]]}),
        json!({"version": 1, "servers": [["10.0.0.1", 5, 1]]}),
    ] {
        assert!(Script::new(&SPEC).detector().restore(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_tables_stay_bounded() {
    let mut script = Script::new(&SPEC);
    for n in 0..20_000_u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let mut fake = message(ROGUE, 5, n, &format!("10.{b}.{c}.{d}"));
        fake.server_id = Some(ip(&format!("11.{b}.{c}.{d}")));
        send(&mut script, Device("10.0.0.66", n, "", ["", ""]), fake);
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
}
