//! Order and epochs: numbers frames, clamps their time and cuts epochs.
//!
//! An epoch never spans two seconds of stream time, so per-second digests are cut by the same
//! markers as everything else and come out equal for any number of workers.

use crate::worker::Marker;
use anomalyzer_wire::Timestamp;

/// Stream time after which an epoch ends, in nanoseconds; the turn of a second ends it too.
const EPOCH_NANOS: i64 = 100_000_000;
/// Frames after which an epoch ends.
const EPOCH_FRAMES: u64 = 65_536;
/// A step forward of more than this is counted as a jump (1 hour).
const JUMP_NANOS: i64 = 3_600_000_000_000;

/// What the reader knows of a frame before it is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Paced {
    /// Sequence number of the frame, from 0.
    pub seq: u64,
    /// Stream time: the frame's time, or the latest earlier one when the frame's runs back.
    pub now: Timestamp,
    /// Ends the epoch before this frame: to be sent to every worker first.
    pub marker: Option<Marker>,
}

/// Gives frames their order. One per source, in the reader.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    seq: u64,
    epoch: u64,
    epoch_first: u64,
    epoch_start: Option<Timestamp>,
    now: Option<Timestamp>,
    regressions: u64,
    jumps: u64,
}

impl Pacer {
    /// Takes the time stamp of the next frame.
    #[inline]
    pub fn frame(&mut self, time: Timestamp) -> Paced {
        let seq = self.seq;
        self.seq += 1;
        let now = self.clamp(time);
        let start = *self.epoch_start.get_or_insert(now);
        let due = now.since(start) >= EPOCH_NANOS
            || seq - self.epoch_first >= EPOCH_FRAMES
            || now.secs() != start.secs();
        let marker = due.then(|| self.cut(seq, now));
        Paced { seq, now, marker }
    }

    /// Takes the time on a silent link: no frame older than `time` will come. A marker when an epoch
    /// ends with it.
    pub fn tick(&mut self, time: Timestamp) -> Option<Marker> {
        let now = self.now.map_or(time, |latest| latest.max(time));
        self.now = Some(now);
        let start = *self.epoch_start.get_or_insert(now);
        let due = now.since(start) >= EPOCH_NANOS || now.secs() != start.secs();
        due.then(|| self.cut(self.seq, now))
    }

    /// Ends the last epoch.
    pub fn finish(&mut self) -> Marker {
        let now = self.now.unwrap_or_default();
        let mut marker = self.cut(self.seq, now);
        marker.end = true;
        marker
    }

    /// Frames whose time stamp ran back.
    pub fn regressions(&self) -> u64 {
        self.regressions
    }

    /// Steps forward of more than an hour.
    pub fn jumps(&self) -> u64 {
        self.jumps
    }

    fn clamp(&mut self, time: Timestamp) -> Timestamp {
        let now = match self.now {
            Some(latest) if time < latest => {
                self.regressions += 1;
                latest
            }
            Some(latest) => {
                self.jumps += u64::from(time.since(latest) > JUMP_NANOS);
                time
            }
            None => time,
        };
        self.now = Some(now);
        now
    }

    fn cut(&mut self, seq: u64, now: Timestamp) -> Marker {
        let epoch = self.epoch;
        let second = self.epoch_start.unwrap_or(now).secs();
        self.epoch += 1;
        self.epoch_first = seq;
        self.epoch_start = Some(now);
        Marker { epoch, seq, time: now, second, end: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_time_and_by_frames_and_never_runs_back() {
        let mut pacer = Pacer::default();
        assert!(pacer.frame(Timestamp::from_nanos(5)).marker.is_none());
        let paced = pacer.frame(Timestamp::from_nanos(100_000_005));
        assert_eq!(paced.marker.map(|m| (m.epoch, m.seq)), Some((0, 1)));
        let back = pacer.frame(Timestamp::from_nanos(3));
        assert_eq!((back.now, pacer.regressions()), (Timestamp::from_nanos(100_000_005), 1));
        assert!(pacer.tick(Timestamp::from_nanos(4)).is_none(), "never back");
        assert!(pacer.tick(Timestamp::from_nanos(199_000_000)).is_none());
        let silent = pacer.tick(Timestamp::from_nanos(200_000_005));
        assert_eq!(silent.map(|m| (m.epoch, m.seq)), Some((1, 3)));
        assert_eq!((pacer.regressions(), pacer.jumps()), (1, 0));
        let back = pacer.frame(back.now);
        let markers = (0..200_000).filter(|_| pacer.frame(back.now).marker.is_some()).count();
        assert_eq!(markers, 3);
        assert!(pacer.finish().end);
    }
}
