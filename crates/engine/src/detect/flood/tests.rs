use super::SPEC;
use crate::detect::testing::{Script, digest, echo, ip, mac, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::observation::{AppFact, FirstPacket, Outcome, TrafficDigest};
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::{Parsed, dhcp, http};

const VICTIM: &str = "198.51.100.5";

fn found(play: impl FnOnce(&mut Script)) -> Vec<Finding> {
    let mut s = Script::new(&SPEC);
    play(&mut s);
    s.finish()
}

/// The technique, sources and count of the only alert.
fn only(findings: &[Finding]) -> (&str, u64, u64) {
    assert_eq!(subjects(findings).len(), 1);
    let last = findings.last().expect("a finding");
    (&last.technique, last.src_count.value, last.count)
}

fn syns(s: &mut Script, sources: &[Addr], n: u16, gap: f64) {
    for i in 0..n {
        let src = sources[usize::from(i) % sources.len()];
        s.started(tcp(src, 1_024 + i, ip(VICTIM), 443), FirstPacket::Syn).pass(gap);
    }
}

#[test]
fn syn_flood_of_any_shape() {
    let one = [ip("192.0.2.10")];
    for gap in [0.0, 0.001, 0.005] {
        let findings = found(|s| syns(s, &one, 200, gap));
        assert_eq!(only(&findings), ("syn", 1, 200));
        assert_eq!(findings[0].first.nanos(), 1_760_000_000_000_000_000);
        let last = findings.last().unwrap();
        assert_eq!((last.src.clone(), last.dst.clone()), (one.to_vec(), vec![ip(VICTIM)]));
        assert_eq!(last.dst_ports, [443]);
    }
    let twenty: Vec<Addr> = (0..20).map(many).collect();
    assert_eq!(only(&found(|s| syns(s, &twenty, 5_000, 0.001))).1, 20);
}

#[test]
fn syn_floor_holds_exactly_and_over_a_border() {
    let alerts = |n, gap| subjects(&found(|s| syns(s, &[ip("192.0.2.10")], n, gap))).len();
    assert_eq!([alerts(99, 0.001), alerts(100, 0.001), alerts(5_000, 0.0125)], [0, 1, 0]);
    let findings = found(|s| {
        s.pass(0.95);
        syns(s, &[ip("192.0.2.10")], 120, 0.001);
        s.pass(3_600.0);
    });
    assert_eq!(findings.len(), 1);
}

#[test]
fn syn_flood_with_one_tuple() {
    let findings = found(|s| {
        let t = tcp(ip("192.0.2.10"), 1_234, ip(VICTIM), 80);
        s.started(t, FirstPacket::Syn);
        for _ in 0..5 {
            s.pass(1.0);
            s.traffic(TrafficDigest { packets: [900, 0], syns: 900, ..digest(t) });
        }
    });
    assert_eq!(only(&findings), ("syn", 1, 899 * 5));
}

#[test]
fn udp_and_icmp_floods() {
    let (src, dst) = (ip("192.0.2.10"), ip(VICTIM));
    let random_ports = found(|s| {
        for port in 1..=6_000 {
            s.one_way(udp(src, 5_000, dst, port), 2, 2_000);
        }
    });
    assert_eq!(only(&random_ports).0, "udp");
    let one_port = found(|s| {
        for port in 1..=6_000 {
            s.one_way(udp(src, port, dst, 53), 1, 60);
        }
    });
    assert_eq!(only(&one_port).0, "udp");
    let pings = found(|s| {
        for _ in 0..5 {
            s.one_way(echo(src, dst), 7_000, 600_000).pass(1.0);
        }
    });
    assert_eq!(only(&pings), ("icmp", 1, 35_000));
    let border = found(|s| {
        s.one_way(echo(src, dst), 150, 9_000).pass(1.0).one_way(echo(src, dst), 150, 9_000);
    });
    assert_eq!(only(&border).0, "icmp");
}

#[test]
fn floods_go_on_and_end() {
    let mut s = Script::new(&SPEC);
    for _ in 0..120 {
        s.one_way(echo(ip("2001:db8::2"), ip("2001:db8::1")), 7_000, 600_000).pass(1.0);
    }
    let live = s.findings().len();
    assert!((5..=20).contains(&live), "{live}");
    s.pass(300.0);
    for _ in 0..10 {
        s.one_way(echo(ip("2001:db8::2"), ip("2001:db8::1")), 7_000, 600_000).pass(1.0);
    }
    s.pass(2_000.0);
    let findings = s.finish();
    assert_eq!(only(&findings), ("icmp", 1, 130 * 7_000));
}

/// A DHCP DISCOVER (RFC 2131) of the `client`-th client.
fn discover(xid: u32, client: u32) -> AppFact {
    let mut message = vec![1, 1, 6, 0];
    message.extend(xid.to_be_bytes());
    message.extend([0; 20]);
    message.extend(mac(client).0);
    message.extend([0; 10 + 192]);
    message.extend([99, 130, 83, 99, 53, 1, 1, 255]);
    match dhcp::parse_v4(&message) {
        Parsed::Fact { fact, .. } => AppFact::Dhcp(Box::new(fact)),
        _ => panic!("no DHCP"),
    }
}

fn get() -> AppFact {
    match http::parse_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
        Parsed::Fact { fact, .. } => AppFact::HttpRequest(Box::new(fact)),
        _ => panic!("no request"),
    }
}

#[test]
fn dhcp_and_http_floods() {
    let (none, all) = (ip("0.0.0.0"), ip("255.255.255.255"));
    let dhcp = |clients: u32, n: u32, gap: f64| {
        found(|s| {
            for i in 0..n {
                s.app(udp(none, 68, all, 67), discover(i, i % clients)).pass(gap);
            }
        })
    };
    assert_eq!(only(&dhcp(1, 10_000, 0.0)), ("dhcp", 1, 10_000));
    assert_eq!(only(&dhcp(5_000, 150, 0.05)).0, "dhcp");
    assert!(dhcp(40, 40, 0.01).is_empty() && dhcp(60, 400, 0.05).is_empty());
    let http = |rate: f64| {
        found(|s| {
            for i in 0..2_000 {
                let t = tcp(ip("192.0.2.10"), 1_024 + i / 50, ip(VICTIM), 80);
                s.app(t, get()).pass(1.0 / rate);
            }
        })
    };
    assert_eq!(only(&http(400.0)), ("http", 1, 2_000));
    assert!(http(60.0).is_empty());
}

fn quiet(case: &str, play: impl FnOnce(&mut Script)) {
    let findings = found(play);
    assert!(findings.is_empty(), "{case}: {}", findings[0].explanation);
}

#[test]
fn busy_services_stay_quiet() {
    let proxy = ip("10.0.0.2");
    quiet("proxy with 2,000 connections a second", |s| {
        for i in 0..10_000_u32 {
            let t = tcp(proxy, 1_024 + u16::try_from(i % 60_000).unwrap(), ip(VICTIM), 443);
            s.started(t, FirstPacket::Syn).pass(0.0005);
            if i >= 400 {
                let old = u16::try_from(1_024 + (i - 400) % 60_000).unwrap();
                let t = tcp(proxy, old, ip(VICTIM), 443);
                let started = s.now().plus_nanos(-200_000_000);
                s.outcome_of(t, FirstPacket::Syn, started, Outcome::Established);
            }
        }
    });
    quiet("port scan at any rate", |s| {
        for port in 1..=u16::MAX {
            s.started(tcp(proxy, 40_000, ip(VICTIM), port), FirstPacket::Syn);
            s.one_way(udp(proxy, 40_000, ip(VICTIM), port), 1, 70);
        }
    });
    quiet("spoofed sources", |s| {
        for i in 0..20_000 {
            s.started(tcp(many(i), 40_000, ip(VICTIM), 80), FirstPacket::Syn).pass(0.001);
        }
    });
    quiet("ping, traceroute, errors, neighbour discovery", |s| {
        for _ in 0..20 {
            let both = TrafficDigest {
                two_way: true,
                packets: [500, 500],
                ..digest(echo(proxy, ip(VICTIM)))
            };
            s.traffic(both);
            s.one_way(echo(proxy, ip("10.0.0.3")), 200, 20_000);
            for kind in [3, 11] {
                let mut t = echo(proxy, ip("10.0.0.4"));
                t.src_port = kind;
                s.one_way(t, 1_000, 100_000);
            }
            let mut t = echo(ip("fe80::1"), ip("fe80::2"));
            t.src_port = 135;
            s.one_way(t, 1_000, 100_000).pass(1.0);
        }
    });
    quiet("streams, exporters, answered datagrams, multicast", |s| {
        for _ in 0..20 {
            s.one_way(udp(proxy, 5_000, ip("10.0.0.5"), 6_000), 4_000, 5_000_000);
            s.one_way(udp(proxy, 5_000, ip("10.0.0.6"), 2_055), 20_000, 28_000_000);
            s.one_way(udp(proxy, 5_000, ip("239.1.1.1"), 1_234), 20_000, 28_000_000);
            let vpn = udp(proxy, 5_000, ip("10.0.0.7"), 51_820);
            s.traffic(TrafficDigest { two_way: true, packets: [50_000, 900], ..digest(vpn) });
            s.pass(1.0);
        }
    });
}

/// Some seconds of datagrams to a collector, at `rate` a second.
fn telemetry(script: &mut Script, rate: u32) {
    for _ in 0..20 {
        script.one_way(udp(ip("10.0.0.5"), 9_000, ip("10.0.0.9"), 7_777), rate, 100);
        script.pass(1.0);
    }
    script.pass(3_580.0);
}

#[test]
fn a_busy_target_is_learned_and_only_more_than_usual_is_a_flood() {
    let mut script = Script::new(&SPEC);
    for hour in 0..8_u32 {
        telemetry(&mut script, 7_000 + hour * 100);
    }
    assert!(!script.findings().is_empty(), "one day is not enough to be usual");
    for _ in 0..5 {
        script.pass(16.0 * 3_600.0);
        for hour in 0..8_u32 {
            telemetry(&mut script, 7_000 + hour * 100);
        }
    }
    let told = script.findings().len();
    telemetry(&mut script, 8_000);
    assert_eq!(script.findings().len(), told, "usual by now");
    telemetry(&mut script, 40_000);
    let flood = script.findings().last().unwrap().clone();
    assert!(script.findings().len() > told && flood.explanation.contains("is used to 7,"));
    assert!(flood.evidence[0].mean.is_some() && flood.evidence[0].threshold > Some(8_000.0));
    script.finish();
    let saved = script.detector().save().unwrap();
    let mut second = Script::new(&SPEC);
    second.detector().restore(&saved).unwrap();
    assert_eq!(second.detector().save().unwrap(), saved);
    telemetry(&mut second, 8_000);
    assert_eq!(second.finish(), [], "known after a restart");
}

#[test]
fn an_attack_that_goes_on_for_a_day_does_not_become_usual_and_nothing_is_without_end() {
    let mut script = Script::new(&SPEC);
    for _ in 0..30 {
        telemetry(&mut script, 30_000);
    }
    let told = script.findings().len();
    telemetry(&mut script, 30_000);
    assert!(script.findings().len() > told);
    let mut script = Script::new(&SPEC);
    for _ in 0..240 {
        telemetry(&mut script, 60_000);
    }
    let told = script.findings().len();
    telemetry(&mut script, 60_000);
    assert!(script.findings().len() > told, "more than ten times the floor is never usual");
}

#[test]
fn saved_targets_that_are_damaged_are_refused() {
    for bad in [
        "{}",
        "[[]]",
        "[[\"x\",1,\"udp\",[0,0,0,1],1,1]]",
        "[[\"10.0.0.1\",1,\"tcp\",[0,0,0,1],1,1]]",
    ] {
        let bad = serde_json::from_str(bad).unwrap();
        assert!(Script::new(&SPEC).detector().restore(&bad).is_err(), "{bad}");
    }
}
