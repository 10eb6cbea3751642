//! Writes the office's last day to the store, in the background, as fast as it goes.
//!
//! The same hosts by the same seed, a day earlier, through an engine of its own: flows, series,
//! alerts and devices are kept as those of a capture are. What is there already is left as it is.

use super::story::YESTERDAY;
use super::{OFFICE_START, maker};
use crate::failure::Failure;
use crate::pipeline::{self, Input, Plan, Source};
use crate::reload::NextLists;
use crate::service::recorder::Recorder;
use crate::service::{Loaded, Service};
use crate::stop::Stop;
use anomalyzer_engine::rollup::{Dimension, Row, Sums};
use anomalyzer_scenario::{Frame, generate};
use anomalyzer_wire::Timestamp;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::thread::Builder;

/// Minutes of history.
const DAY: u32 = 24 * 60;
/// Shorter gaps are not worth filling.
const GAP_MIN: u32 = 10;
/// Frames that go from thread to thread together, and batches that wait.
const FRAMES: usize = 2_048;
const BATCHES: usize = 4;

/// Starts the threads that write up to `now`.
pub(super) fn begin(service: &Arc<Service>, seed: u64, now: Timestamp) -> Result<(), Failure> {
    let minutes = missing(service, now);
    if minutes < GAP_MIN {
        return Ok(());
    }
    let failed = |e: std::io::Error| Failure::runtime(format!("a thread could not start: {e}"));
    begun(service, now.plus_secs(-i64::from(minutes) * 60));
    let (frames, made) = bounded(BATCHES);
    let stop = service.stop.clone();
    let job = move || make(seed, minutes, now, &frames, &stop);
    Builder::new().name("yesterday".into()).spawn(job).map_err(failed)?;
    let service = Arc::clone(service);
    let job = move || keep(&service, made, now);
    Builder::new().name("history".into()).spawn(job).map_err(failed)?;
    Ok(())
}

/// Minutes before `now` of which nothing is kept yet, at most a day.
fn missing(service: &Service, now: Timestamp) -> u32 {
    let span = service.store.series().span(service.source).ok().flatten();
    let since = span.map_or(i64::MAX, |(_, last)| now.secs().saturating_sub(last) / 60);
    u32::try_from(since.clamp(0, i64::from(DAY))).unwrap_or(0)
}

/// The source begins a day ago, and now is now: seconds that are older than seconds are kept need
/// not be written as such.
fn begun(service: &Service, from: Timestamp) {
    let control = service.store.control();
    if let Ok(mut source) = control.source(service.source) {
        source.first = Some(source.first.map_or(from, |first| first.min(from)));
        let _ = control.update_source(&source);
    }
}

/// Makes the frames.
fn make(seed: u64, minutes: u32, now: Timestamp, out: &Sender<Vec<Frame>>, stop: &Stop) {
    let start = OFFICE_START.plus_secs(-i64::from(minutes) * 60);
    let shift = now.since(OFFICE_START);
    let attacks = YESTERDAY.iter().filter(|(before, ..)| *before < minutes);
    let plan = attacks.fold(maker::plan(seed, start, minutes), |plan, (before, kind, origin)| {
        plan.with_at(*kind, (minutes - before) * 60, *origin)
    });
    let mut batch = Vec::with_capacity(FRAMES);
    for mut frame in generate(&plan) {
        frame.time = frame.time.plus_nanos(shift);
        batch.push(frame);
        if batch.len() >= FRAMES {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(FRAMES));
            if stop.check().is_err() || out.send(full).is_err() {
                return;
            }
        }
    }
    let _ = out.send(batch);
}

/// Frames from the other thread.
struct Made(Receiver<Vec<Frame>>);

impl Source for Made {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        for batch in &self.0 {
            for frame in batch {
                if !sink(Input::Frame(&frame.raw())) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Analyses and keeps them.
fn keep(service: &Service, made: Receiver<Vec<Frame>>, now: Timestamp) {
    let watch = crate::clock::Stopwatch::start();
    let Loaded { config, matcher, indicators } = service.loaded();
    let (next_lists, seed) = (NextLists::default(), super::super::engine::random());
    let plan = Plan { config, matcher, next_lists, indicators, workers: 1, seed };
    let row = Row {
        second: now.secs(),
        dimension: Dimension::Total,
        key: String::new(),
        sums: Sums::default(),
    };
    // The series then know what is old, and add it up at once.
    let _ = service.store.series().append(service.source, &[row]);
    let mut recorder = Recorder::new(&service.store, None, service.source, |_| {});
    let ran = pipeline::run(&plan, plan.correlator().live(), &mut Made(made), &mut recorder);
    let kept = match ran {
        Ok(outcome) => recorder.finish(&outcome.correlator).2,
        Err(failure) => Err(failure.to_string()),
    };
    match kept {
        Ok(()) => tracing::debug!("the last day was written within {:?}", watch.elapsed()),
        Err(problem) => tracing::warn!("the last day is not complete: {problem}"),
    }
}
