//! The classic pcap format (draft-ietf-opsawg-pcap): one header, then records of one link type.
//!
//! Read are both byte orders, microseconds and nanoseconds, and the "modified" variant of Alexey
//! Kuznetzov's libpcap patch, whose record headers carry eight more bytes. Versions before 2.4 may
//! hold the two lengths of a record in the other order, as libpcap knows.

use std::io::Read;

use anomalyzer_wire::{LinkType, Timestamp};

use crate::bytes::{ByteOrder, array};
use crate::error::{Damage, OpenProblem};
use crate::window::{MAX_RECORD_BYTES, Slot, Window};

pub(crate) const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;
const MODIFIED_RECORD_HEADER_BYTES: usize = 24;

const MAGIC_MICROS: u32 = 0xa1b2c3d4;
pub(crate) const MAGIC_NANOS: u32 = 0xa1b23c4d;
const MAGIC_MODIFIED: u32 = 0xa1b2cd34;

/// The state of reading one pcap file: all of it comes from the file header.
#[derive(Debug)]
pub(crate) struct PcapFormat {
    order: ByteOrder,
    /// Nanoseconds per unit of the fraction field.
    nanos_per_unit: i64,
    record_header_bytes: usize,
    lengths: Lengths,
    pub(crate) link: LinkType,
    pub(crate) snaplen: u32,
}

/// The order of the two lengths in a record header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Captured length first (version 2.4).
    Usual,
    /// Original length first (before 2.3).
    Exchanged,
    /// Version 2.3 files exist in both orders: the captured length is the smaller one.
    Smaller,
}

/// One record: where its data lies and what its header says.
struct Record {
    time: Timestamp,
    captured: u32,
    original: u32,
}

/// The byte order, time unit and record header length of a pcap magic number.
pub(crate) fn recognise(magic: [u8; 4]) -> Option<(ByteOrder, i64, usize)> {
    [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| match order.u32(magic) {
        MAGIC_MICROS => Some((order, 1_000, RECORD_HEADER_BYTES)),
        MAGIC_NANOS => Some((order, 1, RECORD_HEADER_BYTES)),
        MAGIC_MODIFIED => Some((order, 1_000, MODIFIED_RECORD_HEADER_BYTES)),
        _ => None,
    })
}

impl PcapFormat {
    /// Reads the file header; `None` when the magic is another one.
    pub(crate) fn parse(header: &[u8]) -> Option<Result<Self, OpenProblem>> {
        let (order, nanos_per_unit, record_header_bytes) = recognise(array(header, 0)?)?;
        let Some(header) = header.first_chunk::<FILE_HEADER_BYTES>() else {
            return Some(Err(OpenProblem::CutHeader {
                format: "pcap",
                needed: FILE_HEADER_BYTES,
                had: header.len(),
            }));
        };
        let u16_at = |at| array(header, at).map_or(0, |bytes| order.u16(bytes));
        let u32_at = |at| array(header, at).map_or(0, |bytes| order.u32(bytes));
        let (major, minor) = (u16_at(4), u16_at(6));
        let lengths = match (major, minor) {
            (2, 0..=2) => Lengths::Exchanged,
            (2, 3) => Lengths::Smaller,
            (2, _) => Lengths::Usual,
            _ => return Some(Err(OpenProblem::Version { format: "pcap", major, minor })),
        };
        // The upper half of the field holds the length of the frame check sequence.
        let link = LinkType((u32_at(20) & 0xffff) as u16);
        let snaplen = u32_at(16);
        Some(Ok(Self { order, nanos_per_unit, record_header_bytes, lengths, link, snaplen }))
    }

    /// The name of the variant, for people.
    pub(crate) fn describe(&self) -> &'static str {
        match (self.nanos_per_unit, self.record_header_bytes) {
            (1, _) => "pcap with nanoseconds",
            (_, MODIFIED_RECORD_HEADER_BYTES) => "modified pcap",
            _ => "pcap",
        }
    }

    pub(crate) fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// The next packet; `Ok(None)` at the clean end of the file.
    #[inline]
    pub(crate) fn next_slot<R: Read>(
        &self,
        window: &mut Window<R>,
    ) -> Result<Option<Slot>, Damage> {
        let Some(Record { time, captured, original }) = self.record(window)? else {
            return Ok(None);
        };
        let (skip, len) = (self.record_header_bytes, captured as usize);
        Ok(Some(Slot { time, link: self.link, orig_len: original, skip, len, total: skip + len }))
    }

    /// The header of the next record, when all of the record lies in the window.
    #[inline]
    fn record<R: Read>(&self, window: &mut Window<R>) -> Result<Option<Record>, Damage> {
        let unread = window.unread();
        if let Some(record) = self.parse_record(unread)
            && unread.len() - self.record_header_bytes >= record.captured as usize
        {
            return Ok(Some(record));
        }
        self.record_after_fill(window)
    }

    /// Parses a record header, when all of the header is there.
    #[inline]
    fn parse_record(&self, bytes: &[u8]) -> Option<Record> {
        if bytes.len() < self.record_header_bytes {
            return None;
        }
        let header = bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
        let [secs, fraction, first, second] = match self.order {
            ByteOrder::Little => words(header, u32::from_le_bytes),
            ByteOrder::Big => words(header, u32::from_be_bytes),
        };
        let (captured, original) = match self.lengths {
            Lengths::Usual => (first, second),
            Lengths::Exchanged => (second, first),
            Lengths::Smaller => (first.min(second), first.max(second)),
        };
        // u32 seconds and fractions stay below i64::MAX nanoseconds, whatever they are.
        let time =
            Timestamp::from_secs_nanos(i64::from(secs), i64::from(fraction) * self.nanos_per_unit);
        Some(Record { time, captured, original })
    }

    /// As `record`, when the window has to be filled first or the file ends.
    #[cold]
    fn record_after_fill<R: Read>(&self, window: &mut Window<R>) -> Result<Option<Record>, Damage> {
        let header_bytes = self.record_header_bytes;
        let had = window.fill(header_bytes).map_err(Damage::Io)?;
        if had == 0 {
            return Ok(None);
        }
        let Some(record) = self.parse_record(window.unread()) else {
            return Err(Damage::CutHeader { needed: header_bytes, had });
        };
        let total = header_bytes + record.captured as usize;
        if total > MAX_RECORD_BYTES {
            return Err(Damage::TooLong { claimed: total as u64 });
        }
        let had = window.fill(total).map_err(Damage::Io)?;
        if had < total {
            return Err(Damage::CutPacket {
                claimed: u64::from(record.captured),
                had: (had - header_bytes) as u64,
            });
        }
        Ok(Some(record))
    }
}

#[inline]
fn words(header: &[u8; RECORD_HEADER_BYTES], word: fn([u8; 4]) -> u32) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *header;
    [word([a, b, c, d]), word([e, f, g, h]), word([i, j, k, l]), word([m, n, o, p])]
}
