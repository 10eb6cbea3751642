//! The pipeline against a scenario: any number of workers, the same output, and no hang.

use super::*;
use anomalyzer_engine::FlowRecord;
use anomalyzer_report::ndjson;
use anomalyzer_scenario::{AttackKind, Frame, Origin, Plan as ScenarioPlan, generate};

/// Frames in memory.
struct Memory<'a>(&'a [Frame]);

impl Source for Memory<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(&RawFrame<'_>) -> bool) -> Result<(), Failure> {
        for frame in self.0 {
            if !sink(&frame.raw()) {
                break;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Written(Vec<u8>);

impl Output for Written {
    fn flow(&mut self, record: &FlowRecord) {
        ndjson::flow(&mut self.0, record, None);
    }
}

fn everything(frames: &[Frame], workers: usize, seed: u64) -> String {
    let config = Arc::new(Config::default());
    let (matcher, indicators) = (Arc::new(Matcher::new(&[]).unwrap()), Arc::default());
    let plan = Plan { config, matcher, indicators, workers, seed };
    let mut written = Written::default();
    let outcome = run(&plan, plan.correlator(), &mut Memory(frames), &mut written).unwrap();
    outcome.stopped.unwrap();
    let mut out = written.0;
    for alert in outcome.correlator.alerts() {
        ndjson::alert(&mut out, &alert, None);
    }
    for point in outcome.correlator.series().points() {
        ndjson::interval(&mut out, point, 1, None);
    }
    ndjson::summary(&mut out, &outcome.correlator.summary(), &[], None);
    String::from_utf8(out).unwrap()
}

#[test]
fn any_number_of_workers_writes_the_same() {
    let plan = ScenarioPlan::office(7, 2).with(AttackKind::PortScanSyn);
    let frames: Vec<Frame> = generate(&plan).collect();
    let one = everything(&frames, 1, 1);
    assert!(one.contains(&format!("\"packets\":{}", frames.len())), "{one}");
    for (workers, seed) in [(1, 2), (2, 3), (3, 4), (8, 5)] {
        let many = everything(&frames, workers, seed);
        for (number, (a, b)) in one.lines().zip(many.lines()).enumerate() {
            assert_eq!(a, b, "line {number} with {workers} workers");
        }
        assert_eq!(one.len(), many.len());
    }
}

#[test]
fn no_frames_end_at_once() {
    assert_eq!(everything(&[], 1, 1), everything(&[], 4, 2));
}

#[test]
fn one_busy_worker_does_not_block_the_others() {
    let plan = ScenarioPlan::attack_alone(1, AttackKind::PortScanSyn, Origin::Default);
    let mut frames: Vec<Frame> = generate(&plan).collect();
    // All frames of one pair, spread over hours: thousands of epochs for workers without frames.
    for (i, frame) in (0..).zip(&mut frames) {
        frame.time = frame.time.plus_secs(i * 7);
    }
    assert_eq!(everything(&frames, 1, 1), everything(&frames, 8, 2));
}
