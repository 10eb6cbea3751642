//! What travels from the reader to a worker: frames and markers in order, in one piece of memory.

use anomalyzer_engine::Marker;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::score::Scorer;
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use std::sync::Arc;

/// Frames after which a batch is sent.
const FRAMES_MAX: usize = 256;
/// Bytes after which a batch is sent.
const BYTES_MAX: usize = 1 << 20;
/// Frames and markers after which a batch is sent; a quiet link has more markers than frames.
const ITEMS_MAX: usize = 1_024;

/// Frames copied out of the reader's buffer, and the markers between them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    bytes: Vec<u8>,
    frames: usize,
}

/// One entry of a batch.
#[derive(Clone, Debug)]
enum Item {
    Frame(FrameItem),
    Marker(Marker),
    Keywords(Arc<Matcher>),
    Scorer(Option<Box<Scorer>>),
}

#[derive(Clone, Copy, Debug)]
struct FrameItem {
    seq: u64,
    now: Timestamp,
    time: Timestamp,
    link: LinkType,
    orig_len: u32,
    start: usize,
    len: usize,
}

/// What a worker gets to see of a batch, one after the other.
pub(super) enum Step<'a> {
    /// A frame with its sequence number and stream time.
    Frame(u64, Timestamp, RawFrame<'a>),
    /// The end of an epoch.
    Marker(Marker),
    /// Keyword lists to search for from here on.
    Keywords(&'a Arc<Matcher>),
    /// The attack model to score by from here on.
    Scorer(Option<&'a Scorer>),
}

impl Batch {
    /// Adds a copy of a frame.
    pub(super) fn push_frame(&mut self, seq: u64, now: Timestamp, frame: &RawFrame<'_>) {
        let RawFrame { time, link, orig_len, data } = *frame;
        let (start, len) = (self.bytes.len(), data.len());
        self.bytes.extend_from_slice(data);
        self.items.push(Item::Frame(FrameItem { seq, now, time, link, orig_len, start, len }));
        self.frames += 1;
    }

    /// Adds a marker.
    pub(super) fn push_marker(&mut self, marker: Marker) {
        self.items.push(Item::Marker(marker));
    }

    /// Adds keyword lists, right behind a marker.
    pub(super) fn push_keywords(&mut self, matcher: &Arc<Matcher>) {
        self.items.push(Item::Keywords(Arc::clone(matcher)));
    }

    /// Adds an attack model or that there is none any more, right behind a marker.
    pub(super) fn push_scorer(&mut self, scorer: Option<&Scorer>) {
        self.items.push(Item::Scorer(scorer.cloned().map(Box::new)));
    }

    /// True when it is time to send it.
    pub(super) fn is_full(&self) -> bool {
        self.frames >= FRAMES_MAX || self.bytes.len() >= BYTES_MAX || self.items.len() >= ITEMS_MAX
    }

    /// True when there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Forgets the contents and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.frames = 0;
    }

    /// The contents in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.items.iter().map(|item| match item {
            Item::Marker(marker) => Step::Marker(*marker),
            Item::Keywords(matcher) => Step::Keywords(matcher),
            Item::Scorer(scorer) => Step::Scorer(scorer.as_deref()),
            Item::Frame(f) => {
                let data = self.bytes.get(f.start..f.start + f.len).unwrap_or_default();
                let frame = RawFrame { time: f.time, link: f.link, orig_len: f.orig_len, data };
                Step::Frame(f.seq, f.now, frame)
            }
        })
    }
}
