//! Frames of Initial packets (RFC 9000 section 19) and the stream of CRYPTO bytes.

use super::varint;
use crate::app::read::Reader;

/// The most bytes of the stream that are kept.
const STREAM_MAX: usize = 16 * 1024;
/// The most separate pieces that wait to be joined.
const PIECES_MAX: usize = 64;
/// The most ranges of one acknowledgement.
const ACK_RANGES_MAX: usize = 256;

/// Joins pieces of the CRYPTO stream in any order. Of bytes that came twice the last copy stays;
/// honest clients send equal copies.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
    /// Beginnings and ends of what has come, apart and in order.
    pieces: Vec<(usize, usize)>,
}

impl Assembly {
    /// The bytes from the beginning of the stream to the first gap.
    pub(super) fn contiguous(&self) -> &[u8] {
        match self.pieces.first() {
            Some((0, end)) => self.bytes.get(..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Keeps a piece; `None` when it does not fit the bounds.
    fn add(&mut self, start: usize, piece: &[u8]) -> Option<()> {
        let end = start.checked_add(piece.len()).filter(|end| *end <= STREAM_MAX)?;
        if piece.is_empty() {
            return Some(());
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(start..end)?.copy_from_slice(piece);
        let (mut joined_start, mut joined_end) = (start, end);
        self.pieces.retain(|(from, to)| {
            let touches = *from <= joined_end && *to >= joined_start;
            if touches {
                joined_start = joined_start.min(*from);
                joined_end = joined_end.max(*to);
            }
            !touches
        });
        let at = self.pieces.partition_point(|(from, _)| *from < joined_start);
        self.pieces.insert(at, (joined_start, joined_end));
        self.pieces.truncate(PIECES_MAX);
        Some(())
    }
}

/// Reads the frames of an opened packet; `None` when one is damaged or does not belong there.
/// What was read before is kept.
pub(super) fn read_frames(plain: &[u8], stream: &mut Assembly) -> Option<()> {
    let mut r = Reader::new(plain);
    while !r.is_empty() {
        match r.u8()? {
            // PADDING and PING.
            0 | 1 => {}
            kind @ 2..=3 => acknowledgement(&mut r, kind == 3)?,
            6 => {
                let offset = varint(&mut r)?;
                let len = varint(&mut r)?;
                stream.add(offset, r.take(len)?)?;
            }
            // CONNECTION_CLOSE ends the talk.
            0x1c => return Some(()),
            _ => return None,
        }
    }
    Some(())
}

fn acknowledgement(r: &mut Reader<'_>, ecn: bool) -> Option<()> {
    // Largest acknowledged, delay.
    varint(r)?;
    varint(r)?;
    let ranges = varint(r).filter(|count| *count <= ACK_RANGES_MAX)?;
    let numbers = 1 + 2 * ranges + if ecn { 3 } else { 0 };
    for _ in 0..numbers {
        varint(r)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_in_any_order() {
        let mut stream = Assembly::default();
        stream.add(6, b"ghi").unwrap();
        assert_eq!(stream.contiguous(), b"");
        stream.add(0, b"abc").unwrap();
        assert_eq!(stream.contiguous(), b"abc");
        stream.add(2, b"cdef").unwrap();
        assert_eq!(stream.contiguous(), b"abcdefghi");
        assert_eq!(stream.pieces.len(), 1);
    }

    #[test]
    fn the_stream_is_bounded() {
        let mut stream = Assembly::default();
        assert_eq!(stream.add(STREAM_MAX, b"x"), None);
        assert_eq!(stream.add(usize::MAX, b"x"), None);
        for at in 0..1000 {
            stream.add(at * 2, b"x");
        }
        assert!(stream.pieces.len() <= PIECES_MAX);
    }
}
