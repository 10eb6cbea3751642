//! Promises about every stream: reproducible, ordered, valid, bounded.

mod common;

use anomalyzer_scenario::{AttackKind, Frame, Origin, Plan, generate};
use common::{digest, tshark_complaints, verify};

/// Most frames and actors that may wait at once, whatever the plan.
const PENDING_MAX: usize = 20_000;

fn check_stream(name: &str, plan: &Plan) {
    let mut scenario = generate(plan);
    let mut last = plan.start;
    for frame in scenario.by_ref() {
        assert!(frame.time >= last, "{name}: time runs back at {}", frame.time);
        last = frame.time;
        if frame.label == 0 || !name.contains("malformed") {
            verify(&frame.data).unwrap_or_else(|why| panic!("{name} {}: {why}", frame.time));
        }
    }
    assert!(scenario.peak_pending() < PENDING_MAX, "{name}: {}", scenario.peak_pending());
    for truth in scenario.truth() {
        assert!(truth.packets > 0, "{name}: {} sent nothing", truth.kind);
    }
}

fn alone(kind: AttackKind, origin: Origin) -> Plan {
    Plan::attack_alone(11, kind, origin)
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_do_not() {
    let plan = Plan::office(1, 5).with(AttackKind::PortScanSyn);
    let first = digest(generate(&plan));
    assert!(first.0 > 1_000);
    assert_eq!(first, digest(generate(&plan)));
    assert_ne!(first, digest(generate(&Plan { seed: 2, ..plan })));
}

#[test]
fn the_office_stream_is_valid() {
    check_stream("office", &Plan::office(3, 20));
}

#[test]
fn the_demonstration_has_its_size_and_attacks() {
    let plan = Plan::demo(1);
    check_stream("demo", &plan);
    let mut scenario = generate(&plan);
    let frames = scenario.by_ref().count();
    assert!((60_000..=150_000).contains(&frames), "{frames}");
    assert!((6..=8).contains(&scenario.truth().len()));
}

#[test]
fn every_attack_stream_is_valid() {
    for kind in AttackKind::ALL {
        for origin in [Origin::Inside, Origin::Outside] {
            check_stream(kind.name(), &alone(*kind, origin));
        }
    }
}

#[test]
fn an_attack_leaves_the_office_as_it_was() {
    let quiet: Vec<_> = generate(&Plan::office(5, 3)).map(|frame| frame.time).collect();
    let plan = Plan::office(5, 3).with_at(AttackKind::PortScanFin, 30, Origin::Outside);
    let benign: Vec<_> =
        generate(&plan).filter(|frame| frame.label == 0).map(|frame| frame.time).collect();
    assert_eq!(quiet, benign);
}

#[test]
fn tshark_finds_no_error_in_the_office() {
    if let Some(lines) = tshark_complaints(generate(&Plan::office(4, 25))) {
        assert!(lines.is_empty(), "{} frames, first: {:#?}", lines.len(), &lines[..1]);
    }
}

/// All attacks one after the other in one run of tshark, each cut after some thousand frames and
/// an hour after the last.
#[test]
fn tshark_finds_no_error_in_the_attacks() {
    let valid = AttackKind::ALL.iter().filter(|kind| **kind != AttackKind::Malformed);
    let frames = valid.enumerate().flat_map(|(index, kind)| {
        let hours = i64::try_from(index).unwrap();
        let shift = move |mut frame: Frame| {
            frame.time = frame.time.plus_secs(3_600 * hours);
            frame
        };
        generate(&alone(*kind, Origin::Default)).take(4_000).map(shift)
    });
    if let Some(lines) = tshark_complaints(frames) {
        assert!(lines.is_empty(), "{} frames, first: {:#?}", lines.len(), &lines[..1]);
    }
}

#[test]
fn names_of_attacks_parse_back() {
    for kind in AttackKind::ALL {
        assert_eq!(AttackKind::parse(kind.name()), Some(*kind));
    }
    assert_eq!(AttackKind::parse("port-scan"), None);
}
