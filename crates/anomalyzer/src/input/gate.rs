//! What every frame passes before the engine sees it: filter, limit, progress, onlookers.

use crate::progress::{Position, Progress};
use anomalyzer_wire::RawFrame;

/// Looks at each frame that passes, in order.
pub(crate) type Tap = Box<dyn FnMut(&RawFrame<'_>) + Send>;

/// Decides which frames count.
pub(crate) struct Gate {
    left: u64,
    taps: Vec<Tap>,
    progress: Progress,
    /// Frames that passed.
    pub(crate) packets: u64,
    /// Bytes on the wire that passed.
    pub(crate) bytes: u64,
    /// Frames that the filter left out.
    pub(crate) filtered: u64,
}

impl Gate {
    pub(crate) fn new(limit: Option<u64>, taps: Vec<Tap>, progress: Progress) -> Self {
        let left = limit.unwrap_or(u64::MAX);
        Self { left, taps, progress, packets: 0, bytes: 0, filtered: 0 }
    }

    /// Lets a frame pass to `sink`, or not; false when there shall be no more.
    #[inline]
    pub(super) fn pass(
        &mut self,
        frame: &RawFrame<'_>,
        position: impl FnOnce() -> Position,
        sink: &mut impl FnMut(&RawFrame<'_>) -> bool,
    ) -> bool {
        self.progress.frame(position);
        self.packets += 1;
        self.bytes += u64::from(frame.orig_len);
        for tap in &mut self.taps {
            tap(frame);
        }
        self.left -= 1;
        sink(frame) && self.left > 0
    }

    /// Removes the progress line.
    pub(crate) fn end(&mut self) {
        self.progress.clear();
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("packets", &self.packets).finish_non_exhaustive()
    }
}
