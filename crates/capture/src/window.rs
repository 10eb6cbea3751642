//! A bounded read-ahead window over a stream of bytes.
//!
//! Records are handed out as slices of the window, so a packet is copied once, by the kernel, and
//! never by us. The window knows its place in the stream, which is what error messages report. It
//! knows nothing of formats.
//!
//! `mmap` would be slower: on a first pass its page faults cost more than the copy they save.

use std::io::{self, ErrorKind, Read};

use anomalyzer_wire::{LinkType, RawFrame, Timestamp};

/// The largest record (header and data) that is taken seriously, in bytes; a header that claims
/// more is damage. The window never grows beyond this.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// The smallest useful window; a smaller one would be refilled for each large frame.
const MIN_WINDOW_BYTES: usize = 4 << 10;

/// A packet that lies whole in the window: what is known of it and where its data is.
pub(crate) struct Slot {
    pub(crate) time: Timestamp,
    pub(crate) link: LinkType,
    pub(crate) orig_len: u32,
    /// Bytes from the start of the record to the data.
    pub(crate) skip: usize,
    /// Captured length.
    pub(crate) len: usize,
    /// Bytes to the next record.
    pub(crate) total: usize,
}

pub(crate) struct Window<R> {
    source: R,
    /// All initialised; the unread bytes are `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Stream offset of `buffer[0]`.
    base: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(source: R, capacity: usize) -> Self {
        let capacity = capacity.clamp(MIN_WINDOW_BYTES, MAX_RECORD_BYTES);
        Self { source, buffer: vec![0; capacity], start: 0, end: 0, base: 0, ended: false }
    }

    /// The bytes read ahead and not yet consumed.
    #[inline]
    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Offset in the stream of the first unread byte.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Bytes the window has set aside; tests hold it against [`MAX_RECORD_BYTES`].
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Consumes `count` unread bytes.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Consumes the record of a slot, which lies whole in the window, and lends its frame.
    #[inline]
    pub(crate) fn take(&mut self, slot: &Slot) -> RawFrame<'_> {
        let from = self.start + slot.skip;
        self.consume(slot.total);
        let data = self.buffer.get(from..from + slot.len).unwrap_or_default();
        RawFrame { time: slot.time, link: slot.link, orig_len: slot.orig_len, data }
    }

    /// Reads until `needed` bytes are unread or the stream ends; returns how many there are.
    ///
    /// It asks the stream no more often than needed, so that packets that come slowly through a
    /// pipe are seen as they come. `needed` is at most [`MAX_RECORD_BYTES`].
    #[cold]
    pub(crate) fn fill(&mut self, needed: usize) -> io::Result<usize> {
        let needed = needed.min(MAX_RECORD_BYTES);
        while self.end - self.start < needed && !self.ended {
            self.make_room(needed);
            match self.source.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                // A reader that claims more than it was offered is broken; do not believe it.
                Ok(count) => self.end = (self.end + count).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - self.start)
    }

    /// Makes sure there is space behind `end`: moves the unread rest to the front and, when that
    /// is not enough, doubles the buffer. Growth follows the bytes that really came, not what a
    /// header claims.
    fn make_room(&mut self, needed: usize) {
        if self.start + needed > self.buffer.len() && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let larger = (self.buffer.len() * 2).min(MAX_RECORD_BYTES);
            self.buffer.reserve_exact(larger - self.buffer.len());
            self.buffer.resize(larger, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, with an interruption before each.
    struct Drip<'a>(&'a [u8], bool);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            let (Some((first, rest)), Some(slot)) = (self.0.split_first(), out.first_mut()) else {
                return Ok(0);
            };
            *slot = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn gives_every_byte_once_and_knows_its_place() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i % 251) as u8).collect();
        let mut window = Window::new(Drip(&bytes, false), 0);
        let mut seen = Vec::new();
        for step in (1..).map(|i| i * 7 % 900 + 1) {
            let had = window.fill(step).unwrap().min(step);
            assert_eq!(window.offset(), seen.len() as u64);
            if had == 0 {
                break;
            }
            seen.extend_from_slice(&window.unread()[..had]);
            window.consume(had);
        }
        assert_eq!(seen, bytes);
        assert_eq!(window.capacity(), MIN_WINDOW_BYTES);
    }

    #[test]
    fn grows_with_the_data_and_not_with_the_claim() {
        let mut window = Window::new(&[7_u8; 10_000][..], 0);
        assert_eq!(window.fill(MAX_RECORD_BYTES).unwrap(), 10_000);
        assert!(window.capacity() <= 16 << 10, "{}", window.capacity());
        let mut window = Window::new(io::repeat(1), 0);
        assert_eq!(window.fill(usize::MAX).unwrap(), MAX_RECORD_BYTES);
        assert_eq!(window.capacity(), MAX_RECORD_BYTES);
    }
}
