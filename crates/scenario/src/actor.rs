//! The discrete-event machine: actors that wake, emit frames and go back to sleep.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use anomalyzer_wire::Timestamp;

use crate::world::World;

/// One microsecond, millisecond, second and minute in nanoseconds.
pub(crate) const MICRO: i64 = 1_000;
/// See [`MICRO`].
pub(crate) const MILLI: i64 = 1_000_000;
/// See [`MICRO`].
pub(crate) const SECOND: i64 = 1_000_000_000;
/// See [`MICRO`].
pub(crate) const MINUTE: i64 = 60 * SECOND;

/// Something that happens over time. It must emit only a bounded number of frames per wake-up, so
/// that a long transfer never lies in memory as a whole.
pub(crate) trait Actor: Send {
    /// Acts at the time of `cx`; returns the delay in nanoseconds until the next wake-up, or
    /// `None` when it is done.
    fn wake(&mut self, cx: &mut Context<'_>) -> Option<i64>;
}

/// A closure is an actor.
impl<F: FnMut(&mut Context<'_>) -> Option<i64> + Send> Actor for F {
    fn wake(&mut self, cx: &mut Context<'_>) -> Option<i64> {
        self(cx)
    }
}

/// Coerces a closure to the signature of [`Actor`], for which the compiler needs a hint.
pub(crate) fn actor<F: FnMut(&mut Context<'_>) -> Option<i64> + Send + 'static>(
    act: F,
) -> Box<dyn Actor> {
    Box::new(act)
}

impl Actor for Box<dyn Actor> {
    fn wake(&mut self, cx: &mut Context<'_>) -> Option<i64> {
        (**self).wake(cx)
    }
}

/// What an actor can see and do while it is awake.
pub(crate) struct Context<'a> {
    /// The present of the simulation.
    pub now: Timestamp,
    /// Hosts, sites and caches.
    pub world: &'a mut World,
    queue: &'a mut Queue,
    label: u16,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        now: Timestamp,
        world: &'a mut World,
        queue: &'a mut Queue,
        label: u16,
    ) -> Self {
        Self { now, world, queue, label }
    }

    /// Sends `frame` in `delay` nanoseconds.
    pub(crate) fn emit(&mut self, delay: i64, frame: Vec<u8>) {
        self.queue.push(self.now.plus_nanos(delay.max(0)), self.label, Item::Frame(frame));
    }

    /// Starts another actor in `delay` nanoseconds; its frames carry the label of this one.
    pub(crate) fn spawn(&mut self, delay: i64, actor: impl Actor + 'static) {
        let item = Item::Actor(Box::new(actor));
        self.queue.push(self.now.plus_nanos(delay.max(0)), self.label, item);
    }
}

/// A frame to deliver or an actor to wake.
pub(crate) enum Item {
    Frame(Vec<u8>),
    Actor(Box<dyn Actor>),
}

/// A pending item.
pub(crate) struct Entry {
    pub(crate) time: Timestamp,
    order: u64,
    pub(crate) label: u16,
    pub(crate) item: Item,
}

/// Pending items by time; equal times keep the order in which they were pushed.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    pushed: u64,
    peak: usize,
}

impl Queue {
    pub(crate) fn push(&mut self, time: Timestamp, label: u16, item: Item) {
        self.heap.push(Entry { time, order: self.pushed, label, item });
        self.pushed += 1;
        self.peak = self.peak.max(self.heap.len());
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        self.heap.pop()
    }

    /// The most entries that were ever pending at once.
    pub(crate) const fn peak(&self) -> usize {
        self.peak
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        // Reversed: the standard heap gives the greatest first.
        (other.time, other.order).cmp(&(self.time, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
