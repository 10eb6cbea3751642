//! The bytes of one layer: those that were captured, and how many there are on the wire.

use crate::RawFrame;

/// A layer and everything inside it.
///
/// `data` never holds more than `len` bytes. When it holds fewer, the capture cut the rest, and a
/// header that ends within `len` is no fault of the sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    /// Captured bytes.
    pub(super) data: &'a [u8],
    /// Bytes there are, as the layer around this one says.
    pub(super) len: usize,
}

impl<'a> View<'a> {
    /// The whole frame. A capture that claims fewer bytes on the wire than it holds is corrected.
    pub(super) fn of_frame(frame: &RawFrame<'a>) -> Self {
        let len = frame.data.len().max(usize::try_from(frame.orig_len).unwrap_or(usize::MAX));
        Self { data: frame.data, len }
    }

    /// Bytes that were all captured.
    pub(super) const fn whole(data: &'a [u8]) -> Self {
        Self { data, len: data.len() }
    }

    /// What stands behind the first `n` bytes.
    #[inline]
    pub(super) fn skip(self, n: usize) -> Self {
        let data = self.data.get(n.min(self.data.len())..).unwrap_or_default();
        Self { data, len: self.len.saturating_sub(n) }
    }

    /// The first `n` bytes at most.
    #[inline]
    pub(super) fn limit(self, n: usize) -> Self {
        Self { data: self.data.get(..n).unwrap_or(self.data), len: self.len.min(n) }
    }

    /// The layer when a header claims that it has `n` bytes, even if the layer around it has
    /// fewer.
    #[inline]
    pub(super) fn claimed(self, n: usize) -> Self {
        Self { data: self.data.get(..n).unwrap_or(self.data), len: n }
    }

    /// The first `N` bytes and what stands behind them.
    #[inline]
    pub(super) fn split<const N: usize>(self) -> Option<(&'a [u8; N], Self)> {
        let (head, data) = self.data.split_first_chunk::<N>()?;
        Some((head, Self { data, len: self.len.saturating_sub(N) }))
    }

    /// The first `N` bytes.
    #[inline]
    pub(super) fn head<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.data.first_chunk::<N>()
    }

    /// The high four bits of the first byte: the version of an IP packet. 0 when there is none.
    pub(super) fn nibble(self) -> u8 {
        self.data.first().map_or(0, |byte| byte >> 4)
    }
}

/// A length for a report field.
#[inline]
pub(super) fn len32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A 16-bit number in network order as a length.
#[inline]
pub(super) fn len16(bytes: [u8; 2]) -> usize {
    usize::from(u16::from_be_bytes(bytes))
}
