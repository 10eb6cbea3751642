use super::SPEC;
use crate::detect::testing::{Script, digest, ip, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::flow::ConnState;
use crate::observation::{FirstPacket, Outcome, TrafficDigest};

fn script() -> Script {
    Script::new(&SPEC)
}

/// Probes of `ports` ports, `gap` seconds apart; those divisible by `refused_each` are refused.
fn probes(s: &mut Script, first: FirstPacket, ports: u16, gap: f64, refused: bool) {
    let (a, b) = (ip("192.0.2.9"), ip("192.168.1.25"));
    for port in 1..=ports {
        let proto = if first == FirstPacket::Udp { udp } else { tcp };
        let t = proto(a, 40_000 + port % 3, b, port);
        s.started(t, first);
        if refused {
            let closed = Outcome::Unreachable { kind: 3, code: 3 };
            let udp = first == FirstPacket::Udp;
            s.outcome(t, first, if udp { closed } else { Outcome::Refused });
        }
        s.pass(gap);
    }
}

fn last(findings: &[Finding]) -> &Finding {
    findings.last().expect("a finding")
}

#[test]
fn every_kind_of_probe_is_named() {
    let kinds = [
        (FirstPacket::Syn, "syn"),
        (FirstPacket::Fin, "fin"),
        (FirstPacket::FinAck, "fin"),
        (FirstPacket::Null, "null"),
        (FirstPacket::Xmas, "xmas"),
        (FirstPacket::Ack, "ack"),
        (FirstPacket::Udp, "udp"),
    ];
    for (first, technique) in kinds {
        for refused in [false, true] {
            let mut s = script();
            probes(&mut s, first, 1_000, 0.001, refused);
            let findings = s.finish();
            let finding = last(&findings);
            assert_eq!(finding.technique, technique);
            assert_eq!(finding.dst_port_count.value, 1_000);
            assert_eq!((finding.count, subjects(&findings).len()), (1_000, 1));
            assert_eq!(finding.title, "Port scan of 192.168.1.25 by 192.0.2.9");
        }
    }
}

#[test]
fn all_at_one_time_and_all_ports_are_one_scan() {
    let mut s = script();
    probes(&mut s, FirstPacket::Syn, u16::MAX, 0.0, false);
    let findings = s.finish();
    assert_eq!(last(&findings).dst_port_count.value, 65_535);
    assert_eq!(last(&findings).dst_ports.len(), 50);
    assert_eq!(subjects(&findings).len(), 1);
}

#[test]
fn thresholds_hold_exactly() {
    let count = |ports, gap| {
        let mut s = script();
        probes(&mut s, FirstPacket::Syn, ports, gap, true);
        subjects(&s.finish()).len()
    };
    assert_eq!([count(14, 0.1), count(15, 0.1), count(15, 4.0), count(15, 5.0)], [0, 1, 1, 0]);
    assert_eq!([count(50, 11.0), count(29, 60.0), count(30, 60.0)], [1, 0, 1]);
}

#[test]
fn a_patient_scanner_has_no_window_to_hide_in() {
    let count = |gap| {
        let mut s = script();
        probes(&mut s, FirstPacket::Syn, 31, gap, true);
        subjects(&s.finish()).len()
    };
    assert_eq!([count(600.0), count(3_600.0), count(18_000.0)], [1, 1, 1]);
    // Failures that successes outnumber are a client's everyday life, however many they become.
    quiet("a client of many services, some of them down", |s| {
        let (client, server) = (ip("192.168.1.5"), ip("203.0.113.7"));
        for port in 1..=300 {
            let t = tcp(client, 50_000, server, port);
            if port % 5 == 0 {
                s.refused(t, FirstPacket::Syn)
            } else {
                s.talks(t)
            };
            s.pass(300.0);
        }
    });
}

/// `sources` hosts that each try `each` ports of one host.
fn shared(s: &mut Script, sources: u32, each: u16, gap: f64) {
    let victim = ip("192.168.1.25");
    for port in 1..=each {
        for source in 0..sources {
            let number = port + each * u16::try_from(source).unwrap();
            s.refused(tcp(many(source), 40_000, victim, number), FirstPacket::Syn).pass(gap);
        }
    }
}

#[test]
fn a_scan_shared_by_many_sources_is_one_alert_about_its_victim() {
    let mut s = script();
    shared(&mut s, 100, 10, 0.05);
    let findings = s.finish();
    let told = last(&findings);
    assert_eq!(subjects(&findings).len(), 1);
    assert_eq!((told.technique.as_str(), told.dst_port_count.value), ("distributed", 1_000));
    assert_eq!((told.src_count.value, told.count), (100, 1_000));
    assert_eq!(told.title, "Port scan of 192.168.1.25, shared by 100 sources");
    quiet("four sources", |s| shared(s, 4, 13, 0.05));
    quiet("too slow", |s| shared(s, 20, 3, 15.0));
    quiet("peers of one service", |s| {
        for n in 0..500 {
            s.refused(tcp(many(n), 40_000, ip("192.168.1.25"), 6_881), FirstPacket::Syn).pass(0.1);
        }
    });
    quiet("answered late", |s| {
        for n in 0..60_u16 {
            s.started(tcp(many(n.into()), 40_000, ip("192.168.1.25"), n), FirstPacket::Syn);
        }
        s.pass(0.5);
        for n in 0..60_u16 {
            let t = tcp(many(n.into()), 40_000, ip("192.168.1.25"), n);
            s.outcome(t, FirstPacket::Syn, Outcome::Answered);
        }
    });
}

#[test]
fn decoys_are_told_beside_the_scanner() {
    let mut s = script();
    for port in 1..=200 {
        for decoy in 0..8 {
            let t = tcp(many(decoy), 40_000, ip("192.168.1.25"), port * 37 % 8_191);
            s.refused(t, FirstPacket::Syn);
        }
        s.pass(0.01);
    }
    let sources: std::collections::BTreeSet<_> =
        s.finish().into_iter().filter(|f| f.technique == "syn").map(|f| f.src[0]).collect();
    assert_eq!(sources.len(), 8);
}

#[test]
fn a_live_scan_is_told_within_seconds_and_grows() {
    let mut s = script();
    probes(&mut s, FirstPacket::Syn, 300, 0.1, true);
    assert!(s.findings().len() >= 3, "{}", s.findings().len());
    s.pass(15.0);
    assert_eq!(last(s.findings()).count, 300);
    let told = s.findings().len();
    s.pass(1_000.0);
    assert_eq!(s.finish().len(), told);
}

#[test]
fn connect_scan_with_open_ports() {
    let mut s = script();
    let (a, b) = (ip("192.0.2.9"), ip("192.168.1.25"));
    for port in 1..=100 {
        let t = tcp(a, 50_000 + port, b, port);
        if port % 20 == 0 {
            s.started(t, FirstPacket::Syn);
            s.outcome(t, FirstPacket::Syn, Outcome::Answered);
            s.outcome(t, FirstPacket::Syn, Outcome::Established);
            s.ended(t, ConnState::Rsto, [0, 0]);
        } else {
            s.refused(t, FirstPacket::Syn);
        }
        s.pass(0.05);
    }
    let findings = s.finish();
    assert_eq!(last(&findings).technique, "connect");
    assert!(last(&findings).explanation.contains("5 answered"), "{}", last(&findings).explanation);
}

#[test]
fn mixed_kinds() {
    let mut s = script();
    probes(&mut s, FirstPacket::Syn, 60, 0.01, true);
    probes(&mut s, FirstPacket::Udp, 60, 0.01, true);
    assert_eq!(last(&s.finish()).technique, "mixed");
}

#[test]
fn many_hosts_are_one_more_alert() {
    let mut s = script();
    for host in 0..50 {
        for port in 1..=40 {
            s.refused(tcp(ip("10.0.0.9"), 40_000, many(host), port), FirstPacket::Syn);
        }
        s.pass(0.5);
    }
    let findings = s.finish();
    assert_eq!(subjects(&findings).len(), 4);
    let wide = findings.iter().filter(|f| f.subject.dst.is_none()).max_by_key(|f| f.count);
    let wide = wide.expect("the common alert");
    assert_eq!((wide.dst_count.value, wide.count, wide.dst_port_count.value), (47, 47 * 40, 40));
}

fn quiet(case: &str, play: impl FnOnce(&mut Script)) {
    let mut s = script();
    play(&mut s);
    s.pass(5.0);
    let findings = s.finish();
    assert!(findings.is_empty(), "{case}: {}", findings[0].explanation);
}

#[test]
fn look_alikes_stay_quiet() {
    let (client, server) = (ip("192.168.1.5"), ip("203.0.113.7"));
    quiet("passive FTP data", |s| {
        for i in 0..200 {
            let t = tcp(client, 50_000 + i, server, 20_000 + i * 7);
            s.started(t, FirstPacket::Syn);
            s.outcome(t, FirstPacket::Syn, Outcome::Answered);
            s.outcome(t, FirstPacket::Syn, Outcome::Established);
            s.pass(0.2).ended(t, ConnState::Sf, [0, 5_000]);
        }
    });
    quiet("page load with failures", |s| {
        for i in 0..300 {
            s.started(tcp(client, 50_000 + i, server, 80), FirstPacket::Syn).pass(0.01);
        }
    });
    quiet("answers within the grace", |s| {
        for port in 1..=40 {
            s.started(tcp(client, 50_000, server, port), FirstPacket::Syn);
        }
        s.pass(0.5);
        for port in 1..=40 {
            s.outcome(tcp(client, 50_000, server, port), FirstPacket::Syn, Outcome::Answered);
        }
    });
    quiet("traceroute", |s| {
        for i in 0..90 {
            let t = udp(client, 45_000, server, 33_434 + i);
            s.started_with(t, FirstPacket::Udp, |flow| flow.ttl = 1 + u8::try_from(i / 3).unwrap());
            s.pass(0.05);
        }
    });
    quiet("traceroute over other ports", |s| {
        for i in 0..60 {
            let t = udp(client, 45_000, server, 40_000 + i);
            s.started(t, FirstPacket::Udp).icmp_error(ip("198.51.100.1"), t, 11, 0).pass(0.05);
        }
    });
    quiet("media streams", |s| {
        for i in 0..60 {
            let t = udp(server, 30_000, client, 20_000 + 2 * i);
            s.started(t, FirstPacket::Udp).one_way(t, 50, 10_000);
        }
    });
    quiet("late DNS answers", |s| {
        for i in 0..200 {
            let t = udp(client, 50_000 + i, server, 53);
            s.started_by(t, FirstPacket::Udp, false, 100).pass(0.01);
        }
    });
}

#[test]
fn the_scanned_and_the_middle_of_connections_stay_quiet() {
    let (scanner, victim) = (ip("192.0.2.9"), ip("192.168.1.25"));
    quiet("backscatter", |s| {
        for i in 0..400 {
            let t = tcp(scanner, 1_000 + i, victim, 80);
            s.started_by(t, FirstPacket::SynAck, false, 0);
            s.started_by(tcp(victim, i, scanner, 4_000), FirstPacket::Rst, true, 0);
        }
    });
    quiet("midstream server to ephemeral ports", |s| {
        for i in 0..100 {
            for first in [FirstPacket::Ack, FirstPacket::FinAck, FirstPacket::Data] {
                s.started(tcp(victim, 443, scanner, 50_000 + i), first);
                s.started(tcp(victim, 8_443, scanner, 40_000 + i), first);
            }
        }
    });
    quiet("peers", |s| {
        for i in 0..500_u16 {
            s.started(udp(victim, 6_881, many(i.into()), 20_000 + i), FirstPacket::Udp).pass(0.01);
        }
    });
    quiet("one side of connections only", |s| {
        for i in 0..40 {
            let t = tcp(victim, 50_000 + i, scanner, 9_000 + i);
            s.started(t, FirstPacket::Syn);
            let second = TrafficDigest { packets: [9, 0], bytes: [9_000, 0], ..digest(t) };
            s.traffic(second);
        }
    });
}
