use super::*;
use crate::detect::testing::{Script, ip, record, tcp};
use crate::flow::ConnState;
use crate::flow::features::{FlowFeatures, NAMES as FEATURES};
use anomalyzer_wire::Addr;

/// A flow of a web client, or one that sends where all others fetch.
fn flow(script: &mut Script, src: Addr, n: u16, odd: bool) {
    let mut vector = [0.0; FEATURES.len()];
    let mut set = |name: &str, value: f64| {
        vector[FEATURES.iter().position(|f| *f == name).unwrap()] = value;
    };
    // Each with a period of its own: a flow that is large in everything is rare.
    let of = |factor: u16, period: u16| f64::from(n.wrapping_mul(factor) % period);
    set("flow_duration_us", if odd { 9e8 } else { 2e5 + 1e3 * of(17, 103) });
    set("fwd_packets", if odd { 3e5 } else { 8.0 + of(1, 5) });
    set("bwd_packets", if odd { 1e5 } else { 10.0 + of(3, 7) });
    set("fwd_payload_bytes", if odd { 4e8 } else { 400.0 + of(5, 97) });
    set("bwd_payload_bytes", if odd { 40.0 } else { 9_000.0 + 50.0 * of(31, 101) });
    set("fwd_packet_length_mean", if odd { 1_400.0 } else { 60.0 + of(13, 41) });
    set("bwd_packet_length_mean", if odd { 1.0 } else { 700.0 + 5.0 * of(11, 59) });
    set("fwd_psh_flags", if odd { 9_000.0 } else { 2.0 + of(19, 4) });
    set("rst_flag_count", if odd { 40.0 } else { 0.0 });
    let port = if odd { 60_000 } else { 443 };
    let mut record =
        record(tcp(src, 40_000 + n, ip("198.51.100.7"), port), script.now(), ConnState::Sf);
    record.features = FlowFeatures::of(vector);
    (record.orig.packets, record.resp.packets) = (8, 8);
    script.see(Observation::FlowEnded(Box::new(record))).pass(1.0);
}

/// An hour of the usual, from many hosts.
fn usual(script: &mut Script, flows: u16) {
    for n in 0..flows {
        flow(script, Addr::v4([10, 0, 0, n.to_le_bytes()[0] % 40]), n, false);
    }
}

fn script() -> Script {
    Script::with(&SPEC, |section| {
        section.values.set("learn", 3_600.0);
        section.values.set("refresh", 3_600.0);
    })
}

#[test]
fn a_host_that_talks_unlike_all_others_is_told_of() {
    let mut script = script();
    usual(&mut script, 4_000);
    assert_eq!(script.findings(), []);
    (0..20).for_each(|n| flow(&mut script, ip("10.0.0.66"), n, true));
    let found = script.finish();
    let last = found.last().unwrap();
    assert_eq!(last.subject.src, Some(ip("10.0.0.66")));
    assert!(last.explanation.contains("usual"), "{}", last.explanation);
    assert!(found.iter().all(|f| f.subject == last.subject));
}

#[test]
fn without_enough_flows_and_in_a_steady_network_it_is_quiet() {
    let mut script = script();
    usual(&mut script, 300);
    (0..20).for_each(|n| flow(&mut script, ip("10.0.0.66"), n, true));
    script.pass(4_000.0);
    (0..20).for_each(|n| flow(&mut script, ip("10.0.0.66"), n, true));
    assert_eq!(script.finish(), []);
    let mut script = super::tests::script();
    usual(&mut script, 20_000);
    assert_eq!(script.finish(), []);
}

#[test]
fn what_was_learned_is_saved_and_a_change_of_the_network_is_told() {
    let mut script = script();
    usual(&mut script, 4_000);
    let saved = script.detector().save().unwrap();
    assert!(saved.to_string().len() < 2 << 20);
    let mut next = super::tests::script();
    next.detector().restore(&saved).unwrap();
    assert_eq!(next.detector().save(), Some(saved));
    // All hosts do something else from now on: each has odd flows, and the network has changed.
    for n in 0..4_000_u16 {
        flow(&mut next, Addr::v4([10, 0, 0, n.to_le_bytes()[0] % 40]), n, n % 4 > 0);
    }
    let drift: Vec<_> = next.findings().iter().filter(|f| f.technique == "drift").collect();
    assert_eq!(drift.len(), 1);
    let status = next.detector().status().unwrap();
    assert!(status["model"].is_string() && status["sample"].is_number(), "{status}");
}

#[test]
fn damaged_states_are_refused() {
    let mut script = script();
    usual(&mut script, 4_000);
    let saved = script.detector().save().unwrap();
    for (key, value) in [
        ("model", serde_json::json!("AAAA")),
        ("model", serde_json::json!("not base64 !")),
        ("profile", serde_json::json!([[1, 2]])),
        ("at_ns", serde_json::json!("x")),
    ] {
        let mut damaged = saved.clone();
        damaged[key] = value;
        let mut next = super::tests::script();
        assert!(next.detector().restore(&damaged).is_err(), "{key}");
    }
}
