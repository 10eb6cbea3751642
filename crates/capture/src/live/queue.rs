//! One opened ring: what its reader and the one who watches over it share, and the thread that
//! reads it into batches when there are several.

use super::{LiveCapture, LiveEvent, LiveStats};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Frames after which a batch is handed over.
const FRAMES_MAX: usize = 256;
/// Bytes after which a batch is handed over.
const BYTES_MAX: usize = 1 << 20;
/// Batches that wait to be taken: beyond that, frames wait in the kernel's ring.
const BATCHES: usize = 32;
/// Time between two looks at the kernel's counters.
const STATS_PAUSE: Duration = Duration::from_millis(500);
/// Frames between two looks at the clock.
const FRAMES_PER_LOOK: u32 = 1_024;

/// What reader and watcher of a ring share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    received: AtomicU64,
    dropped: AtomicU64,
    interface_dropped: AtomicU64,
    /// Shall not be read any more.
    closed: AtomicBool,
    /// Why it cannot be read any more.
    lost: Mutex<Option<String>>,
}

impl Shared {
    /// Has the reader let go of it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Why it has ended by itself.
    pub(super) fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lose(&self, reason: String) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        self.close();
    }

    /// The counters at the reader's last look.
    pub(super) fn stats(&self) -> LiveStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LiveStats {
            received: get(&self.received),
            dropped: get(&self.dropped),
            interface_dropped: get(&self.interface_dropped),
        }
    }
}

/// What came of reading a ring for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// There may be more.
    More,
    /// Nothing is there now.
    Nothing,
    /// It has ended or shall not be read any more.
    Ended,
}

/// An opened ring with what is shared about it.
#[derive(Debug)]
pub(super) struct Queue {
    capture: LiveCapture,
    pub(super) shared: Arc<Shared>,
    looked: Instant,
}

impl Queue {
    #[allow(clippy::disallowed_methods)] // when to look at counters, not packet time
    pub(super) fn new(capture: LiveCapture) -> Self {
        Self { capture, shared: Arc::default(), looked: Instant::now() }
    }

    /// Hands over what is there, for a while, until `each` answers false.
    pub(super) fn read(&mut self, each: &mut impl FnMut(&RawFrame<'_>) -> bool) -> Left {
        let left = self.read_some(each);
        if self.looked.elapsed() >= STATS_PAUSE {
            self.count();
        }
        if self.shared.is_closed() { Left::Ended } else { left }
    }

    fn read_some(&mut self, each: &mut impl FnMut(&RawFrame<'_>) -> bool) -> Left {
        for _ in 0..FRAMES_PER_LOOK {
            match self.capture.next_frame() {
                Ok(LiveEvent::Frame(frame)) => {
                    if !each(&frame) {
                        return Left::More;
                    }
                }
                Ok(LiveEvent::Idle) => return Left::Nothing,
                Err(error) => {
                    self.count();
                    self.shared.lose(error.to_string());
                    return Left::Ended;
                }
            }
        }
        Left::More
    }

    /// Passes the kernel's counters on.
    #[allow(clippy::disallowed_methods)] // as above
    pub(super) fn count(&mut self) {
        self.looked = Instant::now();
        let Ok(stats) = self.capture.stats() else { return };
        let set = |counter: &AtomicU64, value| counter.store(value, Ordering::Relaxed);
        set(&self.shared.received, stats.received);
        set(&self.shared.dropped, stats.dropped);
        set(&self.shared.interface_dropped, stats.interface_dropped);
    }
}

/// Frames copied out of a ring.
#[derive(Debug, Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    bytes: Vec<u8>,
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    time: Timestamp,
    link: LinkType,
    orig_len: u32,
    start: usize,
    len: usize,
}

impl Batch {
    fn push(&mut self, frame: &RawFrame<'_>) {
        let RawFrame { time, link, orig_len, data } = *frame;
        let (start, len) = (self.bytes.len(), data.len());
        self.bytes.extend_from_slice(data);
        self.items.push(Item { time, link, orig_len, start, len });
    }

    fn is_full(&self) -> bool {
        self.items.len() >= FRAMES_MAX || self.bytes.len() >= BYTES_MAX
    }

    fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.next = 0;
    }

    /// The next frame that was not taken.
    fn frame(&self) -> Option<RawFrame<'_>> {
        let Item { time, link, orig_len, start, len } = *self.items.get(self.next)?;
        let data = self.bytes.get(start..start + len)?;
        Some(RawFrame { time, link, orig_len, data })
    }
}

/// A ring that a thread of its own reads.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) batches: Receiver<Batch>,
    spare: Sender<Batch>,
    head: Batch,
    pub(super) ended: bool,
}

impl Feed {
    /// Starts the thread.
    pub(super) fn start(queue: Queue, number: usize) -> std::io::Result<Self> {
        let (full_in, batches) = bounded(BATCHES);
        let (spare, spare_out) = bounded(BATCHES + 2);
        let job = move || fill(queue, &full_in, &spare_out);
        std::thread::Builder::new().name(format!("ring-{number}")).spawn(job)?;
        Ok(Self { batches, spare, head: Batch::default(), ended: false })
    }

    /// Time of the frame that is next; `None` when none is there now.
    pub(super) fn time(&mut self) -> Option<Timestamp> {
        loop {
            if let Some(item) = self.head.items.get(self.head.next) {
                return Some(item.time);
            }
            match self.batches.try_recv() {
                Ok(batch) => self.take(batch),
                Err(crossbeam_channel::TryRecvError::Empty) => return None,
                Err(crossbeam_channel::TryRecvError::Disconnected) => {
                    self.ended = true;
                    return None;
                }
            }
        }
    }

    /// Takes a batch in place of the one that is done.
    fn take(&mut self, batch: Batch) {
        let mut done = std::mem::replace(&mut self.head, batch);
        done.clear();
        // Full means that enough wait already.
        let _ = self.spare.try_send(done);
    }

    /// Hands the next frame over.
    pub(super) fn hand(&mut self, each: &mut impl FnMut(&RawFrame<'_>) -> bool) -> bool {
        let go_on = self.head.frame().is_none_or(|frame| each(&frame));
        self.head.next += 1;
        go_on
    }
}

/// The life of a ring's thread.
fn fill(mut queue: Queue, full: &Sender<Batch>, spare: &Receiver<Batch>) {
    let mut batch = Batch::default();
    loop {
        let left = queue.read(&mut |frame| {
            batch.push(frame);
            !batch.is_full()
        });
        if !batch.items.is_empty() {
            let next = spare.try_recv().unwrap_or_default();
            // While the one who takes them is late, frames wait in the kernel's ring.
            if full.send(std::mem::replace(&mut batch, next)).is_err() {
                return;
            }
        }
        if left == Left::Ended {
            queue.count();
            return;
        }
    }
}
