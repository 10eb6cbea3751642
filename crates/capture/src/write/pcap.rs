//! The classic pcap format with nanoseconds, little-endian.

use std::io::{self, Write};

use anomalyzer_wire::{LinkType, RawFrame};

use super::{effective_snaplen, kept};
use crate::pcap::MAGIC_NANOS;

/// Writes a pcap file of one link type with nanosecond times.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    link: LinkType,
    snaplen: u32,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header. Frames are cut to `snaplen` bytes; 0 means as long as can be.
    pub fn new(mut out: W, link: LinkType, snaplen: u32) -> io::Result<Self> {
        let snaplen = effective_snaplen(snaplen);
        let mut header = [0; 24];
        let fields = [MAGIC_NANOS, VERSION_2_4, 0, 0, snaplen, u32::from(link.0)];
        for (slot, field) in header.chunks_exact_mut(4).zip(fields) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        out.write_all(&header)?;
        Ok(Self { out, link, snaplen })
    }

    /// Writes a frame. A frame of another link type is refused: this format has no place for it.
    /// Times before 1970 or after 2106 cannot be written and become the nearest that can.
    pub fn write(&mut self, frame: &RawFrame<'_>) -> io::Result<()> {
        if frame.link != self.link {
            let message =
                format!("a pcap file of {} cannot hold a frame of {}", self.link, frame.link);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let (data, captured, original) = kept(frame, self.snaplen);
        let (secs, nanos) = seconds_and_nanos(frame.time.nanos());
        let mut header = [0; 16];
        for (slot, field) in header.chunks_exact_mut(4).zip([secs, nanos, captured, original]) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        self.out.write_all(&header)?;
        self.out.write_all(data)
    }

    /// Flushes and gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Version 2.4: major and minor as the two halves of a little-endian word.
const VERSION_2_4: u32 = 4 << 16 | 2;

fn seconds_and_nanos(nanos: i64) -> (u32, u32) {
    const NANOS_PER_SEC: i64 = 1_000_000_000;
    let nanos = nanos.max(0);
    match u32::try_from(nanos / NANOS_PER_SEC) {
        Ok(secs) => (secs, u32::try_from(nanos % NANOS_PER_SEC).unwrap_or(0)),
        Err(_) => (u32::MAX, 999_999_999),
    }
}
