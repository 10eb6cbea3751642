//! The latest packets in memory, so that an alert's can be cut out when it comes.
//!
//! The reader of frames appends copies, at most 512 bytes of each. Full segments go into the ring,
//! where the one who cuts takes them without copying; a segment that is not full goes there only
//! when he asks. The reader never waits for him.

use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bytes kept of a packet.
pub(crate) const PACKET_BYTES: usize = 512;
/// Bytes of packets in a segment.
const SEGMENT_BYTES: usize = 1 << 20;
/// Bytes of the ring, its bookkeeping included.
const RING_BYTES: usize = 64 << 20;

/// Some packets in order.
#[derive(Debug, Default)]
pub(super) struct Segment {
    items: Vec<Item>,
    bytes: Vec<u8>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    time: Timestamp,
    orig_len: u32,
    start: u32,
    len: u16,
    link: LinkType,
}

impl Segment {
    /// Bytes that it takes.
    fn size(&self) -> usize {
        self.bytes.capacity() + self.items.capacity() * size_of::<Item>()
    }

    /// True when some packet may lie within.
    pub(super) fn touches(&self, from: Timestamp, to: Timestamp) -> bool {
        self.earliest.is_some_and(|t| t <= to) && self.latest.is_some_and(|t| t >= from)
    }

    /// The packets in order.
    pub(super) fn frames(&self) -> impl Iterator<Item = RawFrame<'_>> {
        self.items.iter().filter_map(|item| {
            let start = item.start as usize;
            let data = self.bytes.get(start..start + usize::from(item.len))?;
            Some(RawFrame { time: item.time, link: item.link, orig_len: item.orig_len, data })
        })
    }

    fn push(&mut self, frame: &RawFrame<'_>) {
        let data = frame.data.get(..PACKET_BYTES).unwrap_or(frame.data);
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(data);
        let RawFrame { time, link, orig_len, .. } = *frame;
        self.items.push(Item { time, orig_len, start, len, link });
        self.earliest = Some(self.earliest.map_or(time, |t| t.min(time)));
        self.latest = Some(self.latest.map_or(time, |t| t.max(time)));
    }
}

/// What reader and cutter share.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    segments: Mutex<VecDeque<Arc<Segment>>>,
    wanted: AtomicBool,
}

impl Shelf {
    /// The packets in memory now, those that came last included; waits at most `patience` for the
    /// reader to hand over his last segment.
    pub(super) fn take(&self, patience: Duration) -> Vec<Arc<Segment>> {
        const NAP: Duration = Duration::from_millis(20);
        self.wanted.store(true, Ordering::Release);
        let mut left = patience;
        while self.wanted.load(Ordering::Acquire) && !left.is_zero() {
            std::thread::sleep(NAP);
            left = left.saturating_sub(NAP);
        }
        self.lock().iter().cloned().collect()
    }

    fn add(&self, segment: Segment) {
        let mut segments = self.lock();
        segments.push_back(Arc::new(segment));
        let mut size: usize = segments.iter().map(|s| s.size()).sum();
        while size > RING_BYTES
            && let Some(oldest) = segments.pop_front()
        {
            size -= oldest.size();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Segment>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader's end.
#[derive(Debug)]
pub(crate) struct Ring {
    shelf: Arc<Shelf>,
    current: Segment,
}

impl Ring {
    pub(crate) fn new(shelf: &Arc<Shelf>) -> Self {
        Self { shelf: Arc::clone(shelf), current: Segment::default() }
    }

    /// Keeps a packet.
    #[inline]
    pub(crate) fn push(&mut self, frame: &RawFrame<'_>) {
        self.current.push(frame);
        if self.current.bytes.len() >= SEGMENT_BYTES {
            self.seal();
        }
    }

    /// Hands over what has come when somebody waits for it.
    pub(crate) fn look(&mut self) {
        if self.shelf.wanted.load(Ordering::Acquire) {
            self.seal();
            self.shelf.wanted.store(false, Ordering::Release);
        }
    }

    fn seal(&mut self) {
        if self.current.items.is_empty() {
            return;
        }
        let full = self.current.bytes.len() >= SEGMENT_BYTES;
        let (items, bytes) = (self.current.items.len(), self.current.bytes.len());
        let mut segment = std::mem::take(&mut self.current);
        if full {
            // The next one will be much like it.
            self.current.items.reserve(items);
            self.current.bytes.reserve(bytes + PACKET_BYTES);
        } else {
            segment.items.shrink_to_fit();
            segment.bytes.shrink_to_fit();
        }
        self.shelf.add(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(time: i64, data: &[u8]) -> RawFrame<'_> {
        let time = Timestamp::from_nanos(time);
        RawFrame { time, link: LinkType::ETHERNET, orig_len: 9_000, data }
    }

    #[test]
    fn the_ring_is_bounded_and_keeps_the_latest() {
        let shelf = Arc::new(Shelf::default());
        let mut ring = Ring::new(&shelf);
        let data = [7; 1_500];
        for time in 0..400_000 {
            ring.push(&frame(time, &data));
        }
        let size: usize = shelf.lock().iter().map(|s| s.size()).sum();
        assert!(size <= RING_BYTES && size > RING_BYTES / 2, "{size}");
        shelf.wanted.store(true, Ordering::Release);
        ring.look();
        let segments = shelf.take(Duration::ZERO);
        let last = segments.last().and_then(|s| s.frames().last().map(|f| f.time.nanos()));
        assert_eq!(last, Some(399_999));
        let first = segments.first().and_then(|s| s.frames().next().map(|f| f.data.len()));
        assert_eq!(first, Some(PACKET_BYTES));
        assert!(!segments[0].touches(Timestamp::from_nanos(-9), Timestamp::from_nanos(5)));
    }
}
