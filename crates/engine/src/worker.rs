//! One worker: decode, flows, streams, keywords. Everything that costs per packet is here.

use crate::config::Config;
use crate::observation::Seen;
use anomalyzer_wire::{RawFrame, Timestamp};
use std::sync::Arc;

/// A cut in the stream of frames, sent in-band to every worker.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// Number of the epoch that it ends, from 0.
    pub epoch: u64,
    /// Sequence number: every frame before it has a smaller one.
    pub seq: u64,
    /// Stream time: the time of the first frame behind the marker (or of the last at the end).
    pub time: Timestamp,
    /// The input has ended.
    pub end: bool,
}

/// What one worker saw within an epoch.
#[derive(Debug, Default)]
pub struct EpochBatch {
    /// Observations, ordered by sequence number.
    pub seen: Vec<Seen>,
}

/// Counters of a worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerCounters {
    /// Frames.
    pub frames: u64,
}

/// Decodes frames and keeps their flows.
#[derive(Debug)]
pub struct Worker {
    config: Arc<Config>,
}

impl Worker {
    /// Worker `index` of `of`; `seed` keys its hash tables.
    pub fn new(config: &Arc<Config>, index: usize, of: usize, seed: u64) -> Self {
        let _ = (index, of, seed);
        Self { config: Arc::clone(config) }
    }

    /// Takes one frame. `now` is its stream time: its own time stamp, clamped so that it never
    /// runs back.
    pub fn frame(&mut self, seq: u64, now: Timestamp, frame: &RawFrame<'_>) {
        let _ = (seq, now, frame, &self.config);
    }

    /// Ends an epoch: expires flows, closes seconds, hands over what was seen.
    pub fn marker(&mut self, marker: &Marker) -> EpochBatch {
        let _ = marker;
        EpochBatch::default()
    }
}
