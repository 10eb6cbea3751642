//! What every frame passes before the engine sees it: filter, limit, progress, onlookers.

use crate::failure::Failure;
use crate::output::Onlookers;
use crate::pipeline::Input;
use crate::progress::{Position, Progress};
use anomalyzer_capture::FilterSet;
use anomalyzer_wire::{LinkType, RawFrame};

/// Link types of which at least one must accept a filter: otherwise it is simply wrong.
const FILTERED_LINKS: [LinkType; 3] =
    [LinkType::ETHERNET, LinkType::RAW, LinkType::IEEE802_11_RADIOTAP];

/// Says at once when a filter is wrong whatever the frames are.
pub(crate) fn check_filter(expression: &str) -> Result<(), Failure> {
    let mut set = FilterSet::new(expression);
    let mut checks =
        FILTERED_LINKS.iter().map(|link| set.check(*link).map_err(ToString::to_string));
    match checks.next().unwrap_or(Ok(())) {
        Err(message) if !checks.any(|check| check.is_ok()) => Err(Failure::usage(message)),
        _ => Ok(()),
    }
}

/// Decides which frames count.
#[derive(Debug)]
pub(crate) struct Gate {
    filter: Option<FilterSet>,
    left: u64,
    onlookers: Onlookers,
    progress: Progress,
    /// Frames that passed.
    pub(crate) packets: u64,
    /// Bytes on the wire that passed.
    pub(crate) bytes: u64,
    /// Frames that the filter left out.
    pub(crate) filtered: u64,
}

impl Gate {
    pub(crate) fn new(limit: Option<u64>, onlookers: Onlookers, progress: Progress) -> Self {
        let left = limit.unwrap_or(u64::MAX);
        Self { filter: None, left, onlookers, progress, packets: 0, bytes: 0, filtered: 0 }
    }

    /// Lets only frames pass that the expression selects.
    pub(crate) fn filter(&mut self, expression: &str) -> Result<(), Failure> {
        check_filter(expression)?;
        self.filter = Some(FilterSet::new(expression));
        Ok(())
    }

    /// Lets a frame pass to `sink`, or not; false when there shall be no more.
    #[inline]
    pub(super) fn pass(
        &mut self,
        frame: &RawFrame<'_>,
        position: impl FnOnce() -> Position,
        sink: &mut impl FnMut(Input<'_>) -> bool,
    ) -> Result<bool, Failure> {
        self.progress.frame(position);
        if let Some(filter) = &mut self.filter
            && !filter.matches(frame).map_err(|e| Failure::usage(e.to_string()))?
        {
            self.filtered += 1;
            return Ok(true);
        }
        self.packets += 1;
        self.bytes += u64::from(frame.orig_len);
        self.onlookers.frame(frame)?;
        self.left -= 1;
        Ok(sink(Input::Frame(frame)) && self.left > 0)
    }

    /// Ends what was written beside the engine, and removes the progress line.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.progress.clear();
        std::mem::take(&mut self.onlookers).finish()
    }
}
