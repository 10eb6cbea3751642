use super::SPEC;
use crate::detect::testing::{Script, digest, echo, ip, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::observation::{FirstPacket, Outcome, TrafficDigest};

const VICTIM: &str = "10.10.10.10";

fn found(play: impl FnOnce(&mut Script)) -> Vec<Finding> {
    let mut s = Script::new(&SPEC);
    play(&mut s);
    s.finish()
}

/// The technique, sources and count of the only alert, which names the victim.
fn only(findings: &[Finding]) -> (&str, u64, u64) {
    assert_eq!(subjects(findings).len(), 1);
    let last = findings.last().expect("a finding");
    assert_eq!(last.dst, [ip(VICTIM)]);
    assert_eq!(last.src.len(), 20.min(usize::try_from(last.src_count.value).unwrap()));
    (&last.technique, last.src_count.value, last.count)
}

#[test]
fn spoofed_syn_flood() {
    for gap in [0.0, 0.0006] {
        let findings = found(|s| {
            for i in 0..37_000 {
                let t = tcp(many(i), u16::try_from(i % 60_000).unwrap(), ip(VICTIM), 25_565);
                s.started(t, FirstPacket::Syn).pass(gap);
            }
        });
        let (technique, sources, count) = only(&findings);
        assert_eq!(technique, "syn");
        assert!(sources.abs_diff(37_000) < 100 && count.abs_diff(37_000) < 10, "{sources} {count}");
        assert_eq!(findings.last().unwrap().dst_ports, [25_565]);
    }
}

#[test]
fn ten_million_sources_stay_bounded() {
    let mut s = Script::new(&SPEC);
    for i in 0..1_000_000 {
        s.started(tcp(many(i), 1_024, ip(VICTIM), 80), FirstPacket::Syn).pass(0.000_001);
    }
    assert_eq!(s.detector().entries(), 2);
    let findings = s.finish();
    let tally = findings.last().unwrap().src_count;
    assert!(tally.estimated && tally.value.abs_diff(1_000_000) < 65_000, "{tally:?}");
}

#[test]
fn syn_ack_reflection() {
    let findings = found(|s| {
        for i in 0..7_000 {
            let t = tcp(ip(VICTIM), 1_024 + i, many(i.into()), 80);
            let first = if i % 8 == 0 { FirstPacket::Rst } else { FirstPacket::SynAck };
            s.started_by(t, first, false, 0).pass(0.000_02);
        }
    });
    let (technique, sources, _) = only(&findings);
    assert!(technique == "reflection" && sources > 6_900);
}

#[test]
fn amplification_of_many_and_of_few_reflectors() {
    let many_small = found(|s| {
        for i in 0..4_000 {
            s.one_way(udp(many(i), 161, ip(VICTIM), 80), 1, 250);
        }
    });
    assert_eq!(only(&many_small).0, "amplification");
    let few_large = found(|s| {
        for second in 0..30_u32 {
            for i in 0..15_u32 {
                let t = udp(ip(VICTIM), 22, many(i + second % 5), 53);
                s.traffic(TrafficDigest { packets: [0, 2], bytes: [0, 2_800], ..digest(t) });
                s.one_way(udp(many(i), 0, ip(VICTIM), 0), 3, 3_900);
                s.started(tcp(many(900 + second), 5_000, ip(VICTIM), 80), FirstPacket::Syn);
            }
            s.pass(1.0);
        }
    });
    let (technique, sources, _) = only(&few_large);
    assert_eq!((technique, sources), ("amplification", 19));
}

#[test]
fn udp_and_echo_floods_and_both() {
    let flood = found(|s| {
        for _ in 0..3 {
            for i in 0..300 {
                s.one_way(udp(many(i), 4_000, ip(VICTIM), 9_999), 40, 4_000);
            }
            s.pass(1.0);
        }
    });
    assert_eq!(only(&flood), ("udp", 300, 36_000));
    let both = found(|s| {
        for i in 0..600 {
            s.one_way(udp(many(i), 4_000, ip(VICTIM), 9_999), 40, 4_000);
            s.one_way(echo(many(i), ip(VICTIM)), 2, 200);
        }
        s.pass(2.0);
    });
    assert_eq!(only(&both).0, "mixed");
}

#[test]
fn attacks_that_pause_are_the_same_and_are_told_while_they_last() {
    let mut s = Script::new(&SPEC);
    for round in 0..2 {
        for i in 0..30_000 {
            s.started(tcp(many(i), 1_024, ip(VICTIM), 80), FirstPacket::Syn).pass(0.001);
        }
        if round == 0 {
            s.pass(400.0);
        }
    }
    assert!((4..20).contains(&s.findings().len()), "{}", s.findings().len());
    s.pass(1_000.0);
    let findings = s.finish();
    assert!(only(&findings).2.abs_diff(60_000) < 10);
}

fn quiet(case: &str, play: impl FnOnce(&mut Script)) {
    let findings = found(play);
    assert!(findings.is_empty(), "{case}: {}", findings[0].explanation);
}

#[test]
fn popular_servers_stay_quiet() {
    quiet("web server with answered clients", |s| {
        for i in 0..20_000_u32 {
            s.started(tcp(many(i), 40_000, ip(VICTIM), 443), FirstPacket::Syn).pass(0.001);
            if i >= 200 {
                let old = tcp(many(i - 200), 40_000, ip(VICTIM), 443);
                let started = s.now().plus_nanos(-201_000_000);
                s.outcome_of(old, FirstPacket::Syn, started, Outcome::Established);
            }
        }
    });
    quiet("dns server, peers, calls", |s| {
        for _ in 0..30 {
            for i in 0..3_000 {
                let t = udp(many(i), 40_000, ip(VICTIM), 53);
                s.traffic(TrafficDigest { two_way: true, packets: [2, 2], ..digest(t) });
                if i % 100 == 0 {
                    s.one_way(udp(many(i), 6_881, ip(VICTIM), 51_413), 1, 110);
                }
            }
            s.pass(1.0);
        }
    });
    quiet("a few clients of a dead server", |s| {
        for i in 0..2_000 {
            s.started(tcp(many(i % 60), 40_000, ip(VICTIM), 443), FirstPacket::Syn).pass(0.005);
        }
    });
    quiet("one strong source", |s| {
        for i in 0..20_000 {
            let src = if i % 20 == 0 { many(i) } else { ip("192.0.2.1") };
            s.started(tcp(src, 40_000, ip(VICTIM), 443), FirstPacket::Syn).pass(0.001);
        }
    });
}

#[test]
fn one_sided_captures_and_discovery_stay_quiet() {
    quiet("clients behind one address, answers only", |s| {
        for i in 0..3_000 {
            let t = tcp(ip(VICTIM), 1_024 + i, many(i.into()), 443);
            s.started_by(t, FirstPacket::SynAck, false, 0);
            s.traffic(TrafficDigest { packets: [0, 12], syn_acks: 1, ..digest(t) }).pass(0.005);
        }
    });
    quiet("resolver, answers only", |s| {
        for second in 0..30 {
            for i in 0..300 {
                let t = udp(ip(VICTIM), 40_000 + i, many(u32::from(i) + second * 3), 53);
                s.traffic(TrafficDigest { packets: [0, 1], bytes: [0, 180], ..digest(t) });
            }
            s.pass(10.0);
        }
    });
    quiet("answers to discovery", |s| {
        for i in 1..=200_u8 {
            let device = anomalyzer_wire::Addr::v4([10, 10, 11, i]);
            s.one_way(udp(device, 1_900, ip(VICTIM), 50_000), 3, 1_200);
        }
    });
    quiet("multicast", |s| {
        for i in 0..3_000 {
            s.one_way(udp(many(i), 5_353, ip("224.0.0.251"), 5_353), 9, 9_000);
        }
    });
}
