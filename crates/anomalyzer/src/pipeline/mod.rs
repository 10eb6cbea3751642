//! From frames to findings: who runs where.
//!
//! One worker runs everything on the calling thread, without copies. More workers run on threads
//! of their own: the reader copies frames into batches, shards them by address pair and cuts
//! epochs with markers that go in-band to every worker; one correlator takes the epochs in order.
//! Every queue is bounded, so a slow stage slows the reader and nothing is lost. The output is the
//! same for any number of workers.

mod batch;
mod inline;
mod threads;

use crate::failure::Failure;
use crate::reload::NextLists;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::threat::Indicators;
use anomalyzer_engine::{Config, Correlator, Marker, Output, Pacer};
use anomalyzer_wire::{RawFrame, Timestamp};
use std::sync::Arc;

/// What a source hands over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// A frame.
    Frame(&'a RawFrame<'a>),
    /// No frame is there now, and none that comes will be older than this: epochs and deadlines go
    /// on while a link is silent, and what waits on its way to a worker goes there at once.
    Now(Timestamp),
}

/// Where frames come from. It pushes, so that a frame can be borrowed from the reader's buffer.
pub(crate) trait Source {
    /// Hands everything to `sink` until the input ends, fails, or `sink` answers false.
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure>;
}

/// Looks on while the input is read, on the thread of the correlator.
pub(crate) trait Observer: Output {
    /// An epoch has been taken; the correlator may be asked and changed until the next one.
    fn epoch(&mut self, _correlator: &mut Correlator, _marker: &Marker) {}
}

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Settings of the engine.
    pub(crate) config: Arc<Config>,
    /// What is searched for in payloads.
    pub(crate) matcher: Arc<Matcher>,
    /// The attack model, and keyword lists and models that may take the place of what is there while
    /// the input is read.
    pub(crate) next_lists: NextLists,
    /// What nobody should have contact with.
    pub(crate) indicators: Arc<Indicators>,
    /// Workers, at least 1.
    pub(crate) workers: usize,
    /// Keys the hash tables; random, so that no one can prepare collisions.
    pub(crate) seed: u64,
}

impl Plan {
    /// A correlator for this plan.
    pub(crate) fn correlator(&self) -> Correlator {
        let mut correlator = Correlator::new(&self.config, self.seed);
        correlator.set_indicators(&self.indicators);
        correlator
    }
}

/// What is there when the input has ended.
pub(crate) struct Outcome {
    /// Holds alerts, summary and series.
    pub(crate) correlator: Correlator,
    /// Holds the order of time.
    pub(crate) pacer: Pacer,
    /// Why reading stopped, when it was not the end of the input. What was read is processed.
    pub(crate) stopped: Result<(), Failure>,
}

/// Runs `source` through the engine, whose `correlator` is made of the same plan; finished flows go to `out` as they come.
pub(crate) fn run(
    plan: &Plan,
    correlator: Correlator,
    source: &mut impl Source,
    out: &mut (dyn Observer + Send),
) -> Result<Outcome, Failure> {
    if plan.workers <= 1 {
        Ok(inline::run(plan, correlator, source, out))
    } else {
        threads::run(plan, correlator, source, out)
    }
}

#[cfg(test)]
mod tests;
