//! The same frames give the same output, for any number of workers and any hash seed; frames that
//! come a little late give the same flows.

use crate::support::{Outcome, Run};
use anomalyzer_scenario::{AttackKind, Frame, Plan, generate};
use std::collections::BTreeMap;

fn text(out: &Outcome) -> String {
    let counters = out.summary.counters.iter().filter(|(name, _)| *name != "detector_evictions");
    format!(
        "{:#?}{:#?}{:x}{:#?}",
        out.flows,
        out.alerts,
        out.summary.flow_digest,
        counters.collect::<Vec<_>>()
    )
}

fn demo() -> Vec<Frame> {
    let mut plan = Plan::office(11, 3);
    for name in ["port-scan-syn", "flood-syn", "host-sweep-icmp"] {
        plan = plan.with(AttackKind::parse(name).unwrap());
    }
    generate(&plan).collect()
}

#[test]
fn any_number_of_workers_and_any_seed() {
    let frames = demo();
    let expected = text(&Run::default().frames(frames.clone()));
    assert!(expected.len() > 100_000);
    for (workers, seed) in [(1, 99), (2, 1), (3, 7), (4, 1)] {
        let out = Run { workers, seed, ..Run::default() }.frames(frames.clone());
        let got = text(&out);
        let differs = got.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert!(got == expected, "{workers} workers, seed {seed}: {differs:?}");
    }
}

/// 5-tuple to packets and bytes of both directions, summed over records.
fn volumes(out: &Outcome) -> BTreeMap<String, [u64; 4]> {
    let mut map = BTreeMap::new();
    for f in &out.flows {
        let sums: &mut [u64; 4] = map.entry(format!("{:?}", f.tuple)).or_default();
        for (sum, more) in
            sums.iter_mut().zip([f.orig.packets, f.orig.bytes, f.resp.packets, f.resp.bytes])
        {
            *sum += more;
        }
    }
    map
}

#[test]
fn frames_shuffled_within_half_a_second_give_the_same_flows() {
    let frames: Vec<Frame> = generate(&Plan::office(5, 2)).collect();
    let sorted = volumes(&Run::default().frames(frames.clone()));
    // Every 20th frame is written up to half a second late, keeping its time stamp.
    let mut late: Vec<(i64, Frame)> = frames
        .into_iter()
        .enumerate()
        .map(|(i, f)| {
            let delay = if i % 20 == 0 { 500_000_000 } else { 0 };
            (f.time.nanos() + delay, f)
        })
        .collect();
    late.sort_by_key(|(written, _)| *written);
    let shuffled = volumes(&Run::default().frames(late.into_iter().map(|(_, f)| f)));
    let differing: Vec<_> = sorted.iter().filter(|(k, v)| shuffled.get(*k) != Some(v)).collect();
    assert!(
        differing.is_empty(),
        "{} of {}: {:?}",
        differing.len(),
        sorted.len(),
        differing.first()
    );
}
