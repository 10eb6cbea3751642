//! The bytes that a search can see: what was kept of earlier segments, and the one at hand.

use super::matcher::INLINE;

/// The bytes there are: the end of what came before, and the chunk. Addressed by stream offset.
pub(super) struct View<'a> {
    pub(super) tail: &'a [u8],
    pub(super) chunk: &'a [u8],
    /// Stream offset of the chunk's first byte.
    pub(super) offset: u64,
}

impl View<'_> {
    /// Stream offset of the first byte of a literal that ends at `end` of the chunk; `None` when
    /// the stream cannot hold it.
    pub(super) fn start(&self, end: usize, length: usize) -> Option<u64> {
        (self.offset.saturating_add(end as u64)).checked_sub(length as u64)
    }

    pub(super) fn byte(&self, at: u64) -> Option<u8> {
        if let Some(at) = at.checked_sub(self.offset) {
            return self.chunk.get(usize::try_from(at).ok()?).copied();
        }
        let back = usize::try_from(self.offset - at).ok()?;
        self.tail.get(self.tail.len().checked_sub(back)?).copied()
    }

    pub(super) fn holds(&self, start: u64, bytes: &[u8]) -> bool {
        (start..).zip(bytes).all(|(at, byte)| self.byte(at) == Some(*byte))
    }

    /// Bytes there are from `start` on.
    pub(super) fn behind(&self, start: u64) -> usize {
        let end = self.offset.saturating_add(self.chunk.len() as u64);
        usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX)
    }

    /// What there is of `from..to`.
    pub(super) fn range(&self, from: u64, to: u64) -> Vec<u8> {
        let first = self.offset.saturating_sub(self.tail.len() as u64);
        let index = |at: u64| usize::try_from(at.saturating_sub(first)).unwrap_or(usize::MAX);
        let (from, to) = (index(from), index(to));
        let split = self.tail.len();
        let part = |bytes: &[u8], from: usize, to: usize| -> Vec<u8> {
            bytes.get(from.min(bytes.len())..to.min(bytes.len())).unwrap_or_default().to_vec()
        };
        let mut out = part(self.tail, from, to);
        out.extend(part(self.chunk, from.saturating_sub(split), to.saturating_sub(split)));
        out
    }

    /// At most the last `count` bytes.
    pub(super) fn last(&self, count: usize) -> Vec<u8> {
        let end = self.offset.saturating_add(self.chunk.len() as u64);
        self.range(end.saturating_sub(count as u64), end)
    }

    /// The last bytes, in place.
    pub(super) fn inline(&self) -> ([u8; INLINE], u8) {
        let mut kept = [0; INLINE];
        let all = self.tail.iter().chain(self.chunk).rev().take(INLINE);
        let mut count = 0_u8;
        for (to, from) in kept.iter_mut().zip(all) {
            *to = *from;
            count += 1;
        }
        if let Some(filled) = kept.get_mut(..usize::from(count)) {
            filled.reverse();
        }
        (kept, count)
    }
}
