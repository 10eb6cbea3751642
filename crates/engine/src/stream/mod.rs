//! TCP streams put in order, as far as anybody wants to read them.
//!
//! A direction's bytes are handed on in order and once: of overlapping data the first copy wins.
//! Segments behind a gap wait, within limits; when the limits are reached, or the flow ends, the
//! gap is given up and reported. As soon as nobody wants a direction's bytes any more it is closed
//! and costs nothing.

use crate::app_facts::AppState;
use crate::keyword::{RequestScan, ScanState};

/// Segments of one direction that may wait behind a gap.
const MAX_SEGMENTS: usize = 64;
/// Bytes of one direction that may wait behind a gap.
const MAX_BYTES: usize = 65_536;

/// Both directions of a TCP connection and what reads them.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    pub(crate) sides: [StreamSide; 2],
    pub(crate) app: AppState,
}

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct StreamSide {
    /// The keyword automaton's state.
    pub(crate) scan: ScanState,
    /// The same for the body of an HTTP request.
    pub(crate) requests: RequestScan,
    /// Bytes handed on (or skipped) so far.
    pub(crate) offset: u64,
    /// Keywords are not searched for any more.
    pub(crate) searched: bool,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
}

/// A segment behind a gap.
#[derive(Debug)]
struct Waiting {
    seq: u32,
    data: Box<[u8]>,
    /// Bytes of the segment that the capture did not keep.
    cut: u32,
}

/// What comes next in a direction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes in order, and how many behind them the capture did not keep.
    Data(Box<[u8]>, u32),
    /// Nothing until the gap is filled.
    Wait,
}

impl StreamSide {
    /// Keeps what is new of a segment that lies behind a gap; false when there is no room for it.
    pub(crate) fn hold(&mut self, seq: u32, data: &[u8], cut: u32) -> bool {
        let news = self.news(seq, data, cut);
        let bytes: usize = news.iter().map(|w| w.data.len()).sum();
        let room = self.waiting.len() + news.len() <= MAX_SEGMENTS
            && self.waiting_bytes + bytes <= MAX_BYTES;
        if room {
            self.insert(news);
        }
        room
    }

    /// Keeps what is new of a segment that closes the gap, whatever the limits: all of it is ready.
    pub(crate) fn fill(&mut self, seq: u32, data: &[u8], cut: u32) {
        let news = self.news(seq, data, cut);
        self.insert(news);
    }

    /// True when some of the `len` bytes from `seq` on wait already.
    pub(crate) fn overlaps(&self, seq: u32, len: u32) -> bool {
        self.waiting.first().is_some_and(|first| distance(seq, first.seq) < i64::from(len))
    }

    /// The parts of a segment that no waiting segment covers.
    fn news(&self, seq: u32, data: &[u8], cut: u32) -> Vec<Waiting> {
        let end = length(data) + i64::from(cut);
        let (mut at, mut news) = (0, Vec::new());
        for old in &self.waiting {
            let from = distance(seq, old.seq);
            if from >= end {
                break;
            }
            if at < from {
                news.push(part(seq, data, at, from));
            }
            at = at.max(from + old.len());
        }
        if at < end {
            news.push(part(seq, data, at, end));
        }
        news
    }

    fn insert(&mut self, news: Vec<Waiting>) {
        for new in news {
            // Kept in the order of the stream; they do not overlap.
            let at = self.waiting.partition_point(|w| before(w.seq, new.seq));
            self.waiting_bytes += new.data.len();
            self.waiting.insert(at, new);
        }
    }

    /// True when segments wait behind a gap.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Segments that wait.
    pub(crate) fn waiting_segments(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that wait.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// The next piece at or before `next`, moving `next` behind it.
    pub(crate) fn ready(&mut self, next: &mut u32) -> Piece {
        while let Some(first) = self.waiting.first() {
            if before(*next, first.seq) {
                return Piece::Wait;
            }
            let segment = self.waiting.remove(0);
            self.waiting_bytes -= segment.data.len();
            let skip = distance(segment.seq, *next);
            if skip >= segment.len() {
                continue;
            }
            let rest = part(segment.seq, &segment.data, skip, segment.len());
            *next = rest.seq.wrapping_add(u32::try_from(rest.len()).unwrap_or(u32::MAX));
            return Piece::Data(rest.data, rest.cut);
        }
        Piece::Wait
    }

    /// Where the first waiting segment begins: the end of the gap.
    pub(crate) fn gap_end(&self) -> Option<u32> {
        self.waiting.first().map(|w| w.seq)
    }

    /// Drops what waits.
    pub(crate) fn clear(&mut self) {
        self.waiting = Vec::new();
        self.waiting_bytes = 0;
    }
}

impl Waiting {
    /// Sequence numbers it covers.
    fn len(&self) -> i64 {
        length(&self.data) + i64::from(self.cut)
    }
}

/// Bytes of a segment, for arithmetic with distances; segments are short.
fn length(data: &[u8]) -> i64 {
    u32::try_from(data.len()).unwrap_or(u32::MAX).into()
}

/// The part of a segment from offset `from` to `to`; what lies behind `data` was cut.
fn part(seq: u32, data: &[u8], from: i64, to: i64) -> Waiting {
    let index = |at: i64| usize::try_from(at).unwrap_or(usize::MAX).min(data.len());
    let kept = data.get(index(from)..index(to)).unwrap_or_default();
    let cut = to.saturating_sub(from).saturating_sub(length(kept));
    Waiting {
        seq: seq.wrapping_add(u32::try_from(from).unwrap_or(0)),
        data: kept.into(),
        cut: u32::try_from(cut).unwrap_or(0),
    }
}

/// How far sequence number `b` lies behind `a` (RFC 1982 serial arithmetic), negative when before.
fn distance(a: u32, b: u32) -> i64 {
    i64::from(b.wrapping_sub(a).cast_signed())
}

/// True when sequence number `a` lies before `b`.
fn before(a: u32, b: u32) -> bool {
    distance(a, b) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(side: &mut StreamSide, next: &mut u32) -> Vec<u8> {
        let mut out = Vec::new();
        while let Piece::Data(data, _) = side.ready(next) {
            out.extend_from_slice(&data);
        }
        out
    }

    #[test]
    fn first_copy_wins_and_order_is_the_streams() {
        let mut side = StreamSide::default();
        assert!(side.hold(8, b"IJ", 0));
        assert!(side.hold(4, b"EFGH", 0));
        assert!(side.hold(6, b"xxxxKL", 0));
        let mut next = 3;
        assert_eq!(side.ready(&mut next), Piece::Wait);
        next = 4;
        assert_eq!(drain(&mut side, &mut next), b"EFGHIJKL");
        assert_eq!((next, side.waiting_bytes()), (12, 0));
    }

    #[test]
    fn works_across_the_wrap_and_within_limits() {
        let mut side = StreamSide::default();
        let mut next = u32::MAX - 1;
        assert!(side.hold(2, b"c", 0));
        assert!(side.hold(u32::MAX, b"ab", 1));
        next = next.wrapping_add(1);
        let Piece::Data(data, cut) = side.ready(&mut next) else { panic!("no data") };
        assert_eq!((&*data, cut, next), (&b"ab"[..], 1, 2));
        assert_eq!(drain(&mut side, &mut next), b"c");
        let big = vec![0; MAX_BYTES + 1];
        assert!(!side.hold(9, &big, 0));
        for i in 0..MAX_SEGMENTS {
            assert!(side.hold(u32::try_from(i).unwrap() * 10, b"z", 0));
        }
        assert!(!side.hold(5, b"z", 0));
    }
}
