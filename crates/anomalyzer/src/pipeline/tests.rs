//! The pipeline against a scenario: any number of workers, the same output, and no hang.

use super::*;
use crate::clock::Stopwatch;
use anomalyzer_engine::FlowRecord;
use anomalyzer_report::ndjson;
use anomalyzer_scenario::{AttackKind, Frame, Origin, Plan as ScenarioPlan, generate};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Frames in memory.
struct Memory<'a>(&'a [Frame]);

impl Source for Memory<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        for frame in self.0 {
            if !sink(Input::Frame(&frame.raw())) {
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

impl Observer for Written {}

fn everything(frames: &[Frame], workers: usize, seed: u64) -> String {
    let config = Arc::new(Config::default());
    let (matcher, indicators) = (Arc::new(Matcher::default()), Arc::default());
    let next_lists = NextLists::default();
    let plan = Plan { config, matcher, next_lists, indicators, workers, seed };
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

/// Frames in memory, with other keyword lists after so many of them.
struct Reloading<'a>(&'a [Frame], usize, NextLists, Arc<Matcher>);

impl Source for Reloading<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        for (number, frame) in self.0.iter().enumerate() {
            if number == self.1 {
                self.2.put(Arc::clone(&self.3));
            }
            sink(Input::Frame(&frame.raw()));
        }
        Ok(())
    }
}

#[test]
fn other_lists_are_searched_from_the_same_frame_on_by_any_number_of_workers() {
    let list = |name: &str, text: &str| {
        let text = format!("[list]\nname = '{name}'\n[[pattern]]\nname = 'a'\ntext = '{text}'\n");
        let list = anomalyzer_engine::keyword::List::parse(&text, "test").unwrap();
        Arc::new(Matcher::new(&[list]).unwrap())
    };
    let frames: Vec<Frame> = generate(&ScenarioPlan::office(7, 4)).collect();
    let found = |workers: usize| {
        let next = NextLists::default();
        let (config, next_lists) = (Arc::new(Config::default()), next.clone());
        let matcher = list("first", "user-agent");
        let indicators = Arc::default();
        let plan = Plan { config, matcher, next_lists, indicators, workers, seed: 3 };
        let mut source = Reloading(&frames, frames.len() / 2, next, list("second", "user-agent"));
        let outcome = run(&plan, plan.correlator(), &mut source, &mut Written::default()).unwrap();
        let summary = outcome.correlator.summary();
        assert_eq!(summary.packets, frames.len() as u64);
        (summary.keywords, summary.counters)
    };
    let one = found(1);
    let lists: Vec<&str> = one.0.iter().map(|k| &*k.list).collect();
    assert!(lists.contains(&"first") && lists.contains(&"second"), "{one:?}");
    for workers in [2, 4] {
        assert_eq!(found(workers), one, "{workers} workers");
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

/// A frame, then silence until the observer has seen that time goes on.
struct Silent<'a>(&'a Frame, Arc<AtomicU64>);

impl Source for Silent<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let frame = self.0.raw();
        sink(Input::Frame(&frame));
        let watch = Stopwatch::start();
        for second in 1.. {
            sink(Input::Now(frame.time.plus_secs(second)));
            if self.1.load(Ordering::Relaxed) > 0 {
                return Ok(());
            }
            assert!(watch.elapsed() < Duration::from_secs(20), "no epoch on a silent link");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Counts epochs, and asks the correlator.
struct Counting(Arc<AtomicU64>);

impl Output for Counting {
    fn flow(&mut self, _record: &FlowRecord) {}
}

impl Observer for Counting {
    fn epoch(&mut self, correlator: &mut Correlator, marker: &Marker) {
        assert!(correlator.summary().packets <= 1);
        self.0.fetch_add(u64::from(!marker.end), Ordering::Relaxed);
    }
}

#[test]
fn time_goes_on_while_a_link_is_silent() {
    let frames: Vec<Frame> = generate(&ScenarioPlan::office(7, 1)).take(1).collect();
    for workers in [1, 3] {
        let (config, matcher) = (Arc::new(Config::default()), Arc::new(Matcher::default()));
        let (next_lists, indicators) = (NextLists::default(), Arc::default());
        let plan = Plan { config, matcher, next_lists, indicators, workers, seed: 1 };
        let epochs = Arc::new(AtomicU64::new(0));
        let mut source = Silent(&frames[0], Arc::clone(&epochs));
        let outcome = run(&plan, plan.correlator(), &mut source, &mut Counting(epochs)).unwrap();
        assert_eq!(outcome.correlator.summary().packets, 1);
    }
}
