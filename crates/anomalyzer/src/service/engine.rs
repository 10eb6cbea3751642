//! The engine's thread: runs the pipeline, and starts it again when a fault of ours ended it.

use super::Service;
use super::evidence::Ring;
use super::feed::{Feed, Frames};
use super::news::News;
use super::observer::Watch;
use crate::clock::Stopwatch;
use crate::failure::{Failure, Kind};
use crate::pipeline::{self, Outcome, Plan};
use anomalyzer_engine::{Correlator, State};
use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Faults within [`FAULTS_WINDOW`] after which the program gives up: whoever started it shall know.
const FAULTS_MAX: usize = 3;
const FAULTS_WINDOW: Duration = Duration::from_mins(1);
/// How long the store writer may take for what is left at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the thread needs.
pub(super) struct Engine {
    pub(super) service: Arc<Service>,
    pub(super) feed: Feed,
    pub(super) workers: usize,
    /// What was learned before, for the first start.
    pub(super) state: State,
    /// Where it is kept, for later ones.
    pub(super) state_path: PathBuf,
    pub(super) bulk: Sender<News>,
    pub(super) alerts: Sender<News>,
}

impl Engine {
    /// Works until somebody stops it.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let mut faults: VecDeque<Stopwatch> = VecDeque::new();
        let mut state = std::mem::take(&mut self.state);
        let mut ring = Ring::new(&self.service.shelf);
        loop {
            let mut watch = Watch::new(&self.service, &self.bulk, &self.alerts);
            let ran = catch_unwind(AssertUnwindSafe(|| self.once(state, &mut watch, &mut ring)));
            let fault = match ran {
                Ok(Ok(None)) => return Ok(()),
                Ok(Ok(Some(saved))) => {
                    tracing::warn!("the clock was set back: the engine begins anew");
                    state = saved;
                    continue;
                }
                Ok(Err(failure)) => failure,
                Err(panic) => Failure::panicked(panic.as_ref()),
            };
            tracing::error!("{fault}; the engine is started again");
            self.service.health.restarts.fetch_add(1, Ordering::Relaxed);
            faults.retain(|at| at.elapsed() < FAULTS_WINDOW);
            faults.push_back(Stopwatch::start());
            if faults.len() >= FAULTS_MAX {
                return Err(fault);
            }
            state = self.last_state();
        }
    }

    /// One life of the pipeline. When the clock was set back, what was learned, for the next one; an
    /// error is a fault of ours.
    fn once(
        &mut self,
        state: State,
        watch: &mut Watch,
        ring: &mut Ring,
    ) -> Result<Option<State>, Failure> {
        let plan = self.plan();
        let mut correlator = plan.correlator().live();
        for warning in correlator.restore(state) {
            tracing::warn!("what was learned: {warning}");
        }
        let mut frames = Frames::new(&self.service, &mut self.feed, ring);
        let Outcome { mut correlator, stopped, .. } =
            pipeline::run(&plan, correlator, &mut frames, watch)?;
        let set_back = frames.set_back;
        match stopped {
            Err(failure) if failure.kind() == Kind::Runtime => return Err(failure),
            _ => {}
        }
        if !set_back {
            self.linger(&mut correlator, watch);
        }
        watch.finish(&mut correlator, PATIENCE);
        Ok(set_back.then(|| correlator.save()))
    }

    /// After the end of a file, questions are still answered, until somebody stops the program.
    fn linger(&self, correlator: &mut Correlator, watch: &mut Watch) {
        if self.feed.is_done() {
            self.service.set_source_state("done");
        }
        while self.service.stop.check().is_ok() {
            watch.hand_over(correlator);
            self.service.health.idle();
            self.service.engine.serve_within(correlator, Duration::from_millis(100));
        }
    }

    fn plan(&self) -> Plan {
        let super::Loaded { config, matcher, indicators } = self.service.loaded();
        let next_lists = self.service.next_lists.clone();
        Plan { config, matcher, next_lists, indicators, workers: self.workers, seed: random() }
    }

    /// What was learned until the last time that it was kept.
    fn last_state(&self) -> State {
        let read = std::fs::read(&self.state_path).ok();
        read.and_then(|bytes| State::from_bytes(&bytes).ok()).unwrap_or_default()
    }
}

/// A number that nobody can guess, from the operating system by way of the standard library.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
