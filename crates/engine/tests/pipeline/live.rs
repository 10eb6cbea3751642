//! What a program that goes on shows: traffic by second, and devices.

use super::support::{Run, run};
use anomalyzer_engine::rollup::{Dimension, OTHER, Row};
use anomalyzer_scenario::{AttackKind, Frame, Plan, generate};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn total(rows: &[Row], dimension: Dimension) -> (u64, u64, u64) {
    let rows = rows.iter().filter(|row| row.dimension == dimension);
    rows.fold((0, 0, 0), |(packets, bytes, flows), row| {
        let sums = row.sums;
        (packets + sums.packets, bytes + sums.bytes, flows + sums.flows)
    })
}

#[test]
fn an_office_is_told_second_by_second_and_sums_up() {
    let frames: Vec<Frame> = generate(&Plan::office(11, 4)).collect();
    let outcome = run(frames.clone());
    let rows = &outcome.rows;
    let bytes: u64 = frames.iter().map(|f| f.data.len() as u64).sum();
    assert_eq!(total(rows, Dimension::Total), total(rows, Dimension::Protocol));
    assert_eq!(total(rows, Dimension::Total).0, frames.len() as u64);
    assert_eq!(total(rows, Dimension::Total).1, bytes);
    // What is in no flow is ARP and the like.
    let arp: u64 = rows
        .iter()
        .filter(|r| r.dimension == Dimension::Protocol && matches!(&*r.key, "arp" | OTHER))
        .map(|r| r.sums.bytes)
        .sum();
    assert_eq!(total(rows, Dimension::App).1 + arp, bytes);
    let app = |name: &str| {
        let rows = rows.iter().filter(|r| r.dimension == Dimension::App && r.key == name);
        rows.map(|r| r.sums.bytes).sum::<u64>()
    };
    assert!(app("tls") > 10 * app("unknown"), "{} {}", app("tls"), app("unknown"));
    assert!(rows.iter().any(|r| r.dimension == Dimension::Port && r.key == "443/tcp"));
    assert!(rows.is_sorted_by_key(|row| row.second));
}

#[test]
fn an_office_is_known_by_its_devices() {
    let outcome = run(generate(&Plan::office(11, 30)));
    let names: BTreeMap<String, Vec<String>> = outcome
        .devices
        .iter()
        .map(|d| (d.id.to_string(), d.names.iter().map(|(_, n)| n.escaped()).collect()))
        .collect();
    assert!(names.len() > 20 && names.len() <= 35 + 10, "{names:#?}");
    assert!(names.keys().filter(|id| id.starts_with("mac:")).count() > 20, "{names:#?}");
    let mut addresses: Vec<_> =
        outcome.devices.iter().flat_map(|d| &d.addresses).map(|(a, _)| *a).collect();
    assert!(addresses.iter().all(|a| a.is_private()), "{addresses:?}");
    let count = addresses.len();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), count, "an address has one device");
    let served = outcome.devices.iter().filter(|d| d.services.iter().any(|s| s.port == 53));
    assert!(served.count() >= 1);
    assert!(outcome.devices.iter().any(|d| d.vendor().is_some()));
}

#[test]
fn a_scan_and_forged_sources_make_no_devices() {
    for kind in [AttackKind::HostSweepTcp, AttackKind::DdosSyn, AttackKind::FloodDhcp] {
        let quiet = run(generate(&Plan::office(5, 3))).devices.len();
        let outcome = run(generate(&Plan::office(5, 3).with(kind)));
        assert!(outcome.devices.len() <= quiet + 12, "{kind:?}: {}", outcome.devices.len());
        let per_second = outcome.rows.chunk_by(|a, b| a.second == b.second).map(<[Row]>::len).max();
        assert!(per_second.unwrap() < 400);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn any_number_of_workers_tells_the_same(seed in 0_u64..1_000, kind in 0_usize..60) {
        let kind = AttackKind::ALL[kind % AttackKind::ALL.len()];
        let frames: Vec<Frame> = generate(&Plan::office(seed, 2).with(kind)).take(60_000).collect();
        let one = run(frames.clone());
        for workers in [2, 4] {
            let many = Run { workers, seed: seed + 7, ..Run::default() }.frames(frames.clone());
            prop_assert_eq!(&many.rows, &one.rows);
            prop_assert_eq!(format!("{:?}", many.devices), format!("{:?}", one.devices));
        }
    }
}
