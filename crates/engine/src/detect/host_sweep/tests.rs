use super::SPEC;
use crate::alert::Severity;
use crate::detect::testing::{Script, digest, echo, ip, mac, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::flow::ConnState;
use crate::observation::{AppFact, FirstPacket, Outcome, TrafficDigest};
use anomalyzer_wire::Addr;

fn found(play: impl FnOnce(&mut Script)) -> Vec<Finding> {
    let mut s = Script::new(&SPEC);
    play(&mut s);
    s.finish()
}

/// The technique, hosts and attempts of the only alert.
fn only(findings: &[Finding]) -> (String, u64, u64) {
    assert_eq!(subjects(findings).len(), 1);
    let last = findings.last().expect("a finding");
    (last.technique.clone(), last.dst_count.value, last.count)
}

fn lan(n: u8) -> Addr {
    Addr::v4([192, 168, 1, n])
}

const SCANNER: &str = "192.168.1.71";

#[test]
fn syn_sweep_of_one_port() {
    for (gap, refused) in [(0.0, false), (0.01, true), (1.0, false)] {
        let findings = found(|s| {
            for n in 0..=255 {
                let t = tcp(ip(SCANNER), 40_000, many(n), 80);
                s.started(t, FirstPacket::Syn);
                if refused {
                    s.outcome(t, FirstPacket::Syn, Outcome::Refused);
                }
                s.pass(gap);
            }
        });
        assert_eq!(only(&findings), ("tcp".to_owned(), 256, 256));
        assert_eq!(findings.last().unwrap().dst_ports, [80]);
    }
}

#[test]
fn what_the_source_does_later_is_no_part_of_the_sweep() {
    let findings = found(|s| {
        for n in 0..100 {
            s.started(tcp(ip(SCANNER), 40_000, many(n), 22), FirstPacket::Syn).pass(0.1);
        }
        s.pass(120.0);
        for port in 1..=500 {
            s.refused(tcp(ip(SCANNER), 40_000, lan(9), port), FirstPacket::Syn);
        }
        s.pass(60.0).talks(tcp(ip(SCANNER), 40_001, many(7_000), 443));
    });
    let told = findings.last().unwrap();
    assert_eq!((told.dst_count.value, told.dst_port_count.value), (101, 1), "{}", told.explanation);
}

#[test]
fn a_patient_sweep_is_found_within_a_day_and_a_busy_client_is_not() {
    let sweep = |gap: f64, good: u32| {
        found(|s| {
            for n in 0..60 {
                let t = tcp(ip(SCANNER), 40_000, many(n), 22);
                s.started(t, FirstPacket::Syn).pass(gap);
                for m in 0..good {
                    s.talks(tcp(ip(SCANNER), 40_000, many(1_000 + n * good + m), 443));
                }
            }
        })
    };
    assert_eq!(only(&sweep(600.0, 0)).1, 60);
    assert_eq!(sweep(2_400.0, 0), []);
    assert_eq!(sweep(600.0, 1), [], "half of its contacts work");
}

#[test]
fn reverse_look_ups_of_addresses_without_names() {
    use anomalyzer_wire::app::{Parsed, dns};
    let message = |n: u8, response: bool| {
        let mut bytes = vec![
            0,
            n,
            if response { 0x81 } else { 1 },
            0x83 & if response { 0xff } else { 0 },
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        for label in [n.to_string().as_str(), "1", "168", "192", "in-addr", "arpa"] {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.extend_from_slice(&[0, 0, 12, 0, 1]);
        match dns::parse_udp(&bytes) {
            Parsed::Fact { fact, .. } => AppFact::Dns(fact),
            other => panic!("{other:?}"),
        }
    };
    let findings = found(|s| {
        for n in 1..=100 {
            let t = udp(ip(SCANNER), 40_000, ip("192.168.1.1"), 53);
            s.app(t, message(n, false)).pass(0.2);
        }
    });
    assert_eq!(only(&findings), ("dns".to_owned(), 100, 100));
    assert_eq!(findings[0].severity, Some(Severity::Low));
}

#[test]
fn worm_over_several_ports() {
    let findings = found(|s| {
        for n in 0..280 {
            let port = [23, 2_323, 8_080, 9_527][n as usize % 4];
            s.started(tcp(ip(SCANNER), 40_000, many(n), port), FirstPacket::Syn).pass(2.2);
        }
    });
    let (technique, hosts, _) = only(&findings);
    assert_eq!((technique.as_str(), hosts), ("tcp", 280));
}

#[test]
fn connect_sweep_of_open_servers() {
    let findings = found(|s| {
        for n in 0..60 {
            let t = tcp(ip(SCANNER), 40_000, many(n), 443);
            s.started(t, FirstPacket::Syn);
            s.outcome(t, FirstPacket::Syn, Outcome::Answered);
            s.outcome(t, FirstPacket::Syn, Outcome::Established).ended(t, ConnState::Rsto, [0, 0]);
            s.pass(0.1);
        }
    });
    assert_eq!(only(&findings).1, 60);
}

#[test]
fn udp_icmp_and_arp_sweeps() {
    let udp_sweep = found(|s| {
        for n in 0..100 {
            s.started(udp(ip(SCANNER), 40_000, many(n), 161), FirstPacket::Udp).pass(0.1);
        }
    });
    assert_eq!(only(&udp_sweep), ("udp".to_owned(), 100, 100));
    let ping = found(|s| {
        for n in 1..=254 {
            let t = echo(ip(SCANNER), lan(n));
            let first = FirstPacket::Icmp { kind: 8, code: 0 };
            s.started(t, first);
            if n % 3 > 0 {
                s.outcome(t, first, Outcome::Answered);
            }
            s.pass(0.02);
        }
    });
    assert_eq!(only(&ping).0, "icmp");
    let arp = found(|s| {
        for n in 1..=254 {
            s.arp(1, mac(9), ip(SCANNER), lan(n)).pass(0.01);
            if n % 20 == 0 {
                s.arp(2, mac(100 + u32::from(n)), lan(n), ip(SCANNER));
            }
        }
    });
    let (technique, hosts, _) = only(&arp);
    // All but its own address and the one that had answered before the sweep was recognised.
    assert_eq!((technique.as_str(), hosts), ("arp", 252));
}

#[test]
fn thresholds_hold_exactly() {
    let alerts = |hosts, gap| {
        let findings = found(|s| {
            for n in 0..hosts {
                s.started(tcp(ip(SCANNER), 1, many(n), 445), FirstPacket::Syn).pass(gap);
            }
        });
        subjects(&findings).len()
    };
    assert_eq!(
        [alerts(24, 0.1), alerts(25, 0.1), alerts(25, 12.0), alerts(25, 14.0)],
        [0, 1, 1, 0]
    );
}

#[test]
fn a_pause_below_ten_minutes_is_the_same_sweep() {
    let findings = found(|s| {
        for n in 0..200 {
            s.started(tcp(ip(SCANNER), 1, many(n), 445), FirstPacket::Syn).pass(0.1);
            if n == 100 {
                s.pass(500.0);
            }
        }
    });
    assert_eq!(only(&findings).1, 200);
}

fn quiet(case: &str, play: impl FnOnce(&mut Script)) {
    let findings = found(|s| {
        play(s);
        s.pass(5.0);
    });
    assert!(findings.is_empty(), "{case}: {}", findings[0].explanation);
}

#[test]
fn busy_clients_and_servers_stay_quiet() {
    let client = ip("192.168.1.5");
    quiet("web browsing", |s| {
        for n in 0..500 {
            s.talks(tcp(client, 50_000, many(n), 443)).pass(0.1);
        }
    });
    quiet("web browsing with a third failing", |s| {
        for n in 0..300 {
            let t = tcp(client, 50_000, many(n), 443);
            if n % 3 == 0 {
                s.started(t, FirstPacket::Syn);
            } else {
                s.talks(t);
            }
            s.pass(0.5);
        }
    });
    quiet("resolver", |s| {
        for n in 0..2_000 {
            let t = udp(client, 50_000, many(n), 53);
            s.started(t, FirstPacket::Udp).pass(0.02);
            if n % 10 > 0 {
                s.outcome(t, FirstPacket::Udp, Outcome::Answered);
            }
        }
    });
    quiet("answers within the grace", |s| {
        for n in 0..60 {
            s.started(tcp(client, 50_000, many(n), 443), FirstPacket::Syn);
        }
        s.pass(0.4);
        for n in 0..60 {
            s.outcome(tcp(client, 50_000, many(n), 443), FirstPacket::Syn, Outcome::Answered);
        }
    });
    quiet("monitoring by ping", |s| {
        for _ in 0..10 {
            for n in 0..200 {
                let (t, first) = (echo(client, many(n)), FirstPacket::Icmp { kind: 8, code: 0 });
                s.started(t, first).outcome(t, first, Outcome::Answered);
            }
            s.pass(60.0);
        }
    });
    quiet("quic behind a firewall", |s| {
        for n in 0..100 {
            let t = udp(client, 50_000, many(n), 443);
            s.started_by(t, FirstPacket::Udp, true, 1_250).pass(0.2);
        }
    });
    quiet("peers on ports of their own", |s| {
        for n in 0..800_u16 {
            s.started(tcp(client, 50_000, many(n.into()), 10_000 + n * 7), FirstPacket::Syn);
            s.started(udp(client, 50_000, many(n.into()), 10_000 + n * 7), FirstPacket::Udp);
            s.pass(0.1);
        }
    });
    quiet("one side of connections only", |s| {
        for n in 0..60 {
            let t = tcp(client, 50_000, many(n), 443);
            s.started(t, FirstPacket::Syn);
            s.traffic(TrafficDigest { packets: [9, 0], bytes: [9_000, 0], ..digest(t) });
        }
    });
}

#[test]
fn backscatter_multicast_and_arp_of_routers_stay_quiet() {
    quiet("backscatter of a flooded server", |s| {
        for n in 0..500 {
            let t = tcp(many(n), 4_000, ip(SCANNER), 80);
            s.started_by(t, FirstPacket::SynAck, false, 0);
        }
    });
    quiet("multicast", |s| {
        for n in 0..100 {
            let group = Addr::v4([239, 1, 1, n]);
            s.started(udp(ip(SCANNER), 5_000, group, 5_000), FirstPacket::Udp);
        }
    });
    quiet("gratuitous and answered ARP", |s| {
        for n in 1..=200 {
            s.arp(1, mac(n.into()), lan(n), lan(n));
            s.arp(1, mac(999), ip("192.168.1.254"), lan(n));
            s.arp(2, mac(n.into()), lan(n), ip("192.168.1.254"));
        }
    });
    quiet("a router that asks for what others scan", |s| {
        let gateway = mac(1);
        for n in 0..10 {
            s.started(tcp(many(n), 1, lan(5), 80), FirstPacket::Rst);
        }
        for n in 1..=200 {
            s.arp(1, gateway, ip("192.168.1.254"), lan(n)).pass(0.1);
        }
    });
}
