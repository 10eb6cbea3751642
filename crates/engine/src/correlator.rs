//! The correlator: merges what the workers saw, in order, and runs the detectors.

use crate::alert::Alert;
use crate::config::Config;
use crate::flow::FlowRecord;
use crate::series::Series;
use crate::summary::Summary;
use crate::worker::{EpochBatch, Marker};
use std::sync::Arc;

/// Where finished things go while the input is read.
pub trait Output {
    /// A flow record was written.
    fn flow(&mut self, record: &FlowRecord);
}

/// Runs the detectors over the merged observations.
#[derive(Debug)]
pub struct Correlator {
    config: Arc<Config>,
}

impl Correlator {
    /// A correlator for any number of workers; `seed` keys its hash tables.
    pub fn new(config: &Arc<Config>, seed: u64) -> Self {
        let _ = seed;
        Self { config: Arc::clone(config) }
    }

    /// Takes the batches of all workers for one epoch.
    pub fn epoch(&mut self, marker: &Marker, batches: Vec<EpochBatch>, out: &mut dyn Output) {
        let _ = (marker, batches, out, &self.config);
    }

    /// All alerts so far, ordered by first time, then id.
    pub fn alerts(&self) -> Vec<Alert> {
        Vec::new()
    }

    /// The facts so far.
    pub fn summary(&self) -> Summary {
        Summary::default()
    }

    /// Traffic over time.
    pub fn series(&self) -> Series {
        Series::default()
    }
}
