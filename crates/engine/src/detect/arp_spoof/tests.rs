use super::*;
use crate::detect::testing::{Script, ip, mac, subjects, tcp};
use crate::finding::Finding;
use crate::observation::FirstPacket;
use anomalyzer_wire::Arp;

const GATEWAY: &str = "10.0.0.1";
const VICTIM: &str = "10.0.0.7";
const ATTACKER: &str = "10.0.0.66";

/// A host with its address and hardware address.
#[derive(Clone, Copy)]
struct Host(&'static str, u32);

const G: Host = Host(GATEWAY, 1);
const V: Host = Host(VICTIM, 7);
const A: Host = Host(ATTACKER, 66);

fn ask(script: &mut Script, who: Host, wanted: &str) {
    script.arp(1, mac(who.1), ip(who.0), ip(wanted));
}

fn reply(script: &mut Script, from: u32, claimed: &str, to: &str) {
    script.arp(2, mac(from), ip(claimed), ip(to));
}

/// A question and its honest answer.
fn resolve(script: &mut Script, who: Host, holder: Host) {
    ask(script, who, holder.0);
    script.pass(0.001);
    reply(script, holder.1, holder.0, who.0);
    script.pass(0.5);
}

/// A segment in which everybody knows the gateway.
fn segment() -> Script {
    let mut script = Script::new(&SPEC);
    for (n, host) in [V, A, Host("10.0.0.8", 8), Host("10.0.0.9", 9)].into_iter().enumerate() {
        script.pass(1.0 + n as f64);
        resolve(&mut script, host, G);
    }
    script
}

fn attacks(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|f| f.severity.is_none_or(|s| s >= Severity::Medium)).collect()
}

fn quiet(mut script: Script, what: &str) {
    let findings = script.finish();
    assert!(attacks(&findings).is_empty(), "{what}: {findings:?}");
}

#[test]
fn both_sides_poisoned_is_one_high_alert_with_attacker_and_victims() {
    let mut script = segment();
    for _ in 0..30 {
        reply(&mut script, A.1, GATEWAY, VICTIM);
        reply(&mut script, A.1, VICTIM, GATEWAY);
        script.pass(2.0);
    }
    let findings = script.finish();
    let found = attacks(&findings);
    assert_eq!(subjects(&findings).len(), 1);
    assert!(found.len() < 15, "told {} times", found.len());
    let last = found.last().unwrap();
    assert_eq!((last.technique.as_str(), last.severity), ("reply", Some(Severity::High)));
    assert_eq!(last.src, [ip(ATTACKER)]);
    assert!(last.dst.contains(&ip(VICTIM)) && last.dst.contains(&ip(GATEWAY)));
    assert_eq!(last.count, 60);
}

#[test]
fn one_victim_is_enough_and_the_threshold_may_double() {
    for doubled in [false, true] {
        let mut script = Script::with(&SPEC, |section| {
            if doubled {
                for (key, value) in [("replies", 4.0), ("claims", 10.0), ("returns", 4.0)] {
                    section.set(key, value);
                }
            }
        });
        script.pass(2.0);
        resolve(&mut script, V, G);
        resolve(&mut script, A, G);
        for _ in 0..10 {
            reply(&mut script, A.1, GATEWAY, VICTIM);
            script.pass(10.0);
        }
        assert_eq!(attacks(&script.finish()).last().unwrap().src, [ip(ATTACKER)]);
    }
}

#[test]
fn a_device_that_asks_for_the_address_it_claims() {
    // The true holder is never seen; the attacker asks for it after, or before, its lie.
    for before in [false, true] {
        let mut script = Script::new(&SPEC);
        resolve(&mut script, V, Host("10.0.0.8", 8));
        script.pass(3.0);
        if before {
            ask(&mut script, A, GATEWAY);
            script.pass(8.0);
        }
        reply(&mut script, A.1, GATEWAY, VICTIM);
        script.pass(8.0);
        if !before {
            assert_eq!(script.findings(), []);
            ask(&mut script, A, GATEWAY);
        }
        let findings = script.finish();
        let found = attacks(&findings);
        assert_eq!(found.len(), 1, "{before}");
        assert_eq!(
            (&found[0].src[..], &found[0].dst[..]),
            (&[ip(ATTACKER)][..], &[ip(VICTIM), ip(GATEWAY)][..])
        );
    }
}

#[test]
fn announcements_of_an_address_that_is_in_use() {
    let mut script = segment();
    for _ in 0..30 {
        reply(&mut script, A.1, GATEWAY, GATEWAY);
        script.pass(1.0);
        script.started_with(tcp(ip(GATEWAY), 1, ip(VICTIM), 22), FirstPacket::Syn, |flow| {
            flow.src_mac = Some(mac(G.1));
        });
    }
    let findings = script.finish();
    let last = *attacks(&findings).last().unwrap();
    assert_eq!((last.technique.as_str(), &last.src[..]), ("gratuitous", &[ip(ATTACKER)][..]));
}

#[test]
fn failover_new_cards_and_new_leases_are_quiet() {
    // A failover: the partner announces and the other is silent.
    let mut script = segment();
    let partner = Host("10.0.0.3", 3);
    resolve(&mut script, partner, V);
    for _ in 0..10 {
        reply(&mut script, partner.1, GATEWAY, GATEWAY);
        script.pass(1.0);
    }
    for _ in 0..200 {
        ask(&mut script, V, GATEWAY);
        reply(&mut script, partner.1, GATEWAY, VICTIM);
        script.pass(30.0);
    }
    let findings = script.finish();
    assert!(attacks(&findings).is_empty(), "{findings:?}");
    assert_eq!(findings.iter().map(|f| f.technique.as_str()).collect::<Vec<_>>(), ["gateway"]);
    // A laptop goes from one interface to the other.
    let mut script = segment();
    for _ in 0..20 {
        script.arp(1, mac(77), ip(VICTIM), ip(VICTIM)).pass(1.0);
        ask(&mut script, Host(VICTIM, 77), GATEWAY);
        script.pass(20.0);
    }
    quiet(script, "laptop");
    // A lease given to another after hours.
    let mut script = segment();
    script.pass(8_000.0);
    for _ in 0..20 {
        reply(&mut script, 78, VICTIM, GATEWAY);
        script.pass(5.0);
    }
    quiet(script, "lease");
}

#[test]
fn shared_addresses_proxies_and_many_addresses_are_quiet() {
    // VRRP: the virtual router answers, real routers ask.
    let mut script = segment();
    let virtual_router = Mac([0, 0, 0x5e, 0, 1, 5]);
    for _ in 0..50 {
        script.arp(2, virtual_router, ip(GATEWAY), ip(GATEWAY)).pass(1.0);
        script.arp(2, virtual_router, ip(GATEWAY), ip(VICTIM)).pass(1.0);
        resolve(&mut script, V, G);
    }
    quiet(script, "vrrp");
    // Proxy ARP answers for everybody elsewhere, and for some who are here.
    let mut script = segment();
    for n in 1..200 {
        let wanted = format!("10.0.{}.{}", n % 3, n);
        ask(&mut script, V, &wanted);
        reply(&mut script, 5, &wanted, VICTIM);
        script.pass(0.2);
    }
    quiet(script, "proxy");
    // A server announces thirty addresses of its own.
    let mut script = segment();
    for n in 100..130 {
        let own = format!("10.0.0.{n}");
        script.arp(1, mac(5), ip(&own), ip(&own)).pass(0.1);
        ask(&mut script, Host("10.0.0.100", 5), GATEWAY);
    }
    quiet(script, "many addresses");
    // Probes name no address of the sender.
    let mut script = segment();
    for _ in 0..50 {
        script.arp(1, mac(9), ip("0.0.0.0"), ip(GATEWAY)).pass(1.0);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn two_interfaces_of_one_host_are_low_and_can_be_set_shared() {
    let play = |mut script: Script| {
        script.pass(2.0);
        for _ in 0..60 {
            ask(&mut script, V, "10.0.0.20");
            reply(&mut script, 20, "10.0.0.20", VICTIM);
            reply(&mut script, 21, "10.0.0.20", VICTIM);
            ask(&mut script, Host("10.0.0.21", 21), VICTIM);
            script.pass(10.0);
        }
        script.finish()
    };
    let findings = play(Script::new(&SPEC));
    assert!(attacks(&findings).is_empty(), "{findings:?}");
    assert!(findings.iter().all(|f| f.technique == "conflict") && !findings.is_empty());
    let shared = Script::with(&SPEC, |section| {
        let own = crate::config::Prefix::parse("10.0.0.20").unwrap();
        section.set_host(own, &[("shared", 1.0)]);
    });
    assert_eq!(play(shared), []);
}

#[test]
fn replies_to_requests_before_the_capture_and_inside_tunnels_do_not_count() {
    let mut script = Script::new(&SPEC);
    for n in 10..60 {
        reply(&mut script, n, &format!("10.0.0.{n}"), VICTIM);
        ask(&mut script, Host("10.0.0.2", n), &format!("10.0.0.{n}"));
    }
    quiet(script, "beginning");
    let mut script = segment();
    for _ in 0..20 {
        let tunnel = anomalyzer_wire::Tunnel {
            kind: anomalyzer_wire::TunnelKind::Vxlan,
            id: 1,
            depth: 1,
            outer_src: ip("192.0.2.1"),
            outer_dst: ip("192.0.2.2"),
        };
        let arp = Arp {
            operation: 2,
            sender_mac: mac(A.1),
            sender_ip: ip(GATEWAY),
            target_mac: Mac::default(),
            target_ip: ip(VICTIM),
            tunnel: Some(tunnel),
        };
        script.see(Observation::Arp(ArpSeen { arp, frame_src: Some(mac(3)), vlan: 0 })).pass(1.0);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn vlans_are_apart() {
    let mut script = segment();
    for _ in 0..20 {
        let arp = Arp {
            operation: 2,
            sender_mac: mac(A.1),
            sender_ip: ip(GATEWAY),
            target_mac: Mac::default(),
            target_ip: ip("10.0.0.200"),
            tunnel: None,
        };
        script.see(Observation::Arp(ArpSeen { arp, frame_src: None, vlan: 20 })).pass(1.0);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn what_was_learned_outlasts_a_restart() {
    let mut script = segment();
    let saved = script.detector().save().unwrap();
    let mut script = Script::new(&SPEC);
    script.detector().restore(&saved).unwrap();
    assert_eq!(script.detector().save(), Some(saved.clone()));
    script.pass(5.0);
    ask(&mut script, A, "10.0.0.30");
    for _ in 0..3 {
        reply(&mut script, A.1, GATEWAY, VICTIM);
        script.pass(1.0);
    }
    assert_eq!(attacks(&script.finish()).len(), 1);
    for wrong in [
        json!(null),
        json!({"version": 2, "bindings": []}),
        json!({"version": 1, "bindings": [[0, "10.0.0.1", "02:00:00:00:00:01"]]}),
        json!({"version": 1, "bindings": [[5_000, "10.0.0.1", "02:00:00:00:00:01", 1]]}),
        json!({"version": 1, "bindings": [[0, "255.255.255.255", "02:00:00:00:00:01", 1]]}),
    ] {
        let mut fresh = Script::new(&SPEC);
        assert!(fresh.detector().restore(&wrong).is_err(), "{wrong}");
        assert_eq!(fresh.detector().entries(), 0);
    }
}

#[test]
fn the_tables_stay_bounded() {
    let mut script = segment();
    for n in 0..60_000_u32 {
        let [_, b, c, d] = n.to_be_bytes();
        reply(&mut script, n, &format!("10.{b}.{c}.{d}"), VICTIM);
        reply(&mut script, n, GATEWAY, VICTIM);
        ask(&mut script, Host(VICTIM, n), &format!("10.{b}.{c}.{d}"));
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
}
