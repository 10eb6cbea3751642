//! Frames of all watched interfaces as one stream.
//!
//! One ring is read where the frames are needed, without a copy. Several rings have a thread each;
//! their frames are taken in order of time: a frame is handed over once every ring has one to
//! compare with, or once it is so old that none before it will come.

use super::queue::{Feed, Left, Queue};
use anomalyzer_wire::{RawFrame, Timestamp};
use crossbeam_channel::{Receiver, RecvTimeoutError, Select};
use std::time::{Duration, SystemTime};

/// How long to wait for a frame before saying that none is there.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest time that a frame waits for earlier ones of other rings. More than the kernel holds a
/// frame back in a ring of several ([`super::watch::MERGED_TIMEOUT_MS`]).
const HOLD_NANOS: i64 = 60_000_000;

/// What comes out of a [`Sensor`].
#[derive(Clone, Copy, Debug)]
pub enum SensorEvent<'a> {
    /// A frame; its time has nanoseconds.
    Frame(&'a RawFrame<'a>),
    /// No frame is there now.
    Idle,
}

/// An opened ring on its way from the one who opens to the one who reads.
#[derive(Debug)]
pub(super) struct Attach {
    pub(super) queue: Queue,
    /// The only one there will be: to be read without a copy.
    pub(super) alone: bool,
}

/// The frames of all watched interfaces. To be read by one thread.
#[derive(Debug)]
pub struct Sensor {
    attached: Receiver<Attach>,
    direct: Option<Queue>,
    feeds: Vec<Feed>,
    rings: usize,
}

impl Sensor {
    pub(super) fn new(attached: Receiver<Attach>) -> Self {
        Self { attached, direct: None, feeds: Vec::new(), rings: 0 }
    }

    /// Hands over frames, and says when none is there (at least every 100 ms), until `sink`
    /// answers false.
    pub fn pump(&mut self, sink: &mut impl FnMut(SensorEvent<'_>) -> bool) {
        loop {
            self.attach();
            let go_on = match &mut self.direct {
                Some(queue) => {
                    let mut go_on = true;
                    let mut each = |frame: &RawFrame<'_>| {
                        go_on = sink(SensorEvent::Frame(frame));
                        go_on
                    };
                    let left = queue.read(&mut each);
                    if left == Left::Ended {
                        queue.count();
                        self.direct = None;
                    }
                    go_on && (left == Left::More || sink(SensorEvent::Idle))
                }
                None if self.feeds.is_empty() => {
                    self.wait_for_rings();
                    sink(SensorEvent::Idle)
                }
                None => self.merge(sink),
            };
            if !go_on {
                return;
            }
        }
    }

    /// Takes what was opened.
    fn attach(&mut self) {
        while let Ok(attach) = self.attached.try_recv() {
            self.take(attach);
        }
    }

    fn take(&mut self, Attach { queue, alone }: Attach) {
        if alone {
            self.direct = Some(queue);
            return;
        }
        self.rings += 1;
        let shared = std::sync::Arc::clone(&queue.shared);
        match Feed::start(queue, self.rings) {
            Ok(feed) => self.feeds.push(feed),
            // The one who watches over it tries again.
            Err(_) => shared.close(),
        }
    }

    fn wait_for_rings(&mut self) {
        match self.attached.recv_timeout(PAUSE) {
            Ok(attach) => self.take(attach),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(PAUSE),
        }
    }

    /// Takes the frames that are there in order of time; waits a while when there is none.
    fn merge(&mut self, sink: &mut impl FnMut(SensorEvent<'_>) -> bool) -> bool {
        for _ in 0..1_024 {
            let mut first: Option<(Timestamp, usize)> = None;
            let mut complete = true;
            for (index, feed) in self.feeds.iter_mut().enumerate() {
                match feed.time() {
                    Some(time) if first.is_none_or(|(earliest, _)| time < earliest) => {
                        first = Some((time, index));
                    }
                    Some(_) => {}
                    None => complete = complete && feed.ended,
                }
            }
            let next = first.filter(|(time, _)| complete || now().since(*time) >= HOLD_NANOS);
            let Some(feed) = next.and_then(|(_, index)| self.feeds.get_mut(index)) else {
                self.feeds.retain(|feed| !feed.ended);
                self.wait_for_frames(first.is_some());
                return sink(SensorEvent::Idle);
            };
            if !feed.hand(&mut |frame| sink(SensorEvent::Frame(frame))) {
                return false;
            }
        }
        true
    }

    /// Waits until a ring without a frame has one, or a while.
    fn wait_for_frames(&mut self, one_waits: bool) {
        let mut select = Select::new();
        for feed in &mut self.feeds {
            if feed.time().is_none() && !feed.ended {
                select.recv(&feed.batches);
            }
        }
        let pause = if one_waits { PAUSE / 5 } else { PAUSE };
        let _ = select.ready_timeout(pause);
    }
}

/// The clock by which frames are stamped.
#[allow(clippy::disallowed_methods)] // how long a frame waits for others
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
