//! The pcapng format (draft-ietf-opsawg-pcapng): blocks, in sections of their own byte order, with
//! interfaces of their own link types and clocks.
//!
//! Enhanced, simple and obsolete packet blocks are read; all other blocks are checked and skipped.
//! A block whose length is not a multiple of four is taken with its padding, as some writers
//! forget to count it. A damaged block ends the reading: there is no safe way to find the next.

mod clock;
mod interface;

use std::io::Read;

use anomalyzer_wire::Timestamp;

use crate::bytes::{ByteOrder, array};
use crate::error::{Damage, OpenProblem};
use crate::window::{MAX_RECORD_BYTES, Slot, Window};
pub use interface::Interface;
pub(crate) use interface::{OPTION_DESCRIPTION, OPTION_NAME, OPTION_RESOLUTION};

/// The type of a section header block; it reads the same in both byte orders.
pub(crate) const SECTION_HEADER: u32 = 0x0a0d0d0a;
pub(crate) const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
pub(crate) const ENHANCED_PACKET: u32 = 6;
const CUSTOM: u32 = 0x00000bad;
const CUSTOM_NO_COPY: u32 = 0x40000bad;

pub(crate) const BYTE_ORDER_MAGIC: u32 = 0x1a2b3c4d;

/// Type and length.
const BLOCK_HEADER_BYTES: usize = 8;
/// Type, length and the length again.
const BLOCK_OVERHEAD_BYTES: usize = 12;
/// The smallest section header: overhead, magic, version, section length.
pub(crate) const SECTION_HEADER_BYTES: usize = 28;

/// The most interfaces of one section that are read.
pub const MAX_INTERFACES: usize = 4_096;
/// The most interfaces of a whole file that are remembered for [`crate::CaptureInfo`].
const MAX_INTERFACES_LISTED: usize = 4_096;

/// The state of reading one pcapng file.
#[derive(Debug)]
pub(crate) struct PcapngFormat {
    order: ByteOrder,
    /// Interfaces of the current section, by number.
    interfaces: Vec<Interface>,
    /// Interfaces of earlier sections.
    pub(crate) earlier: Vec<Interface>,
    /// Time of the latest packet: simple packet blocks carry none and take this one.
    latest: Timestamp,
    pub(crate) sections: u64,
    pub(crate) skipped_blocks: u64,
    pub(crate) custom_blocks: u64,
}

/// A block that lies whole in the window.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    /// Length with padding: the distance to the next block.
    total: usize,
}

/// A packet found in a block.
struct Packet {
    interface: u32,
    /// Time stamp in units of the interface; `None` in simple packet blocks.
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    /// Where the data begins in the block.
    skip: usize,
}

impl PcapngFormat {
    /// Reads the first section header, so that a damaged beginning is an error on opening.
    pub(crate) fn open<R: Read>(window: &mut Window<R>) -> Result<Self, OpenProblem> {
        let had = window.fill(SECTION_HEADER_BYTES).map_err(OpenProblem::Io)?;
        if had < SECTION_HEADER_BYTES {
            let needed = SECTION_HEADER_BYTES;
            return Err(OpenProblem::CutHeader { format: "pcapng", needed, had });
        }
        let mut format = Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            earlier: Vec::new(),
            latest: Timestamp::default(),
            sections: 0,
            skipped_blocks: 0,
            custom_blocks: 0,
        };
        let block = format.block(window).map_err(OpenProblem::Section)?;
        if let Some(block) = block {
            format.section(window.unread()).map_err(OpenProblem::Section)?;
            window.consume(block.total);
        }
        Ok(format)
    }

    pub(crate) fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// All interfaces described so far, up to a limit.
    pub(crate) fn all_interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.earlier.iter().chain(&self.interfaces)
    }

    /// The next packet; `Ok(None)` at the clean end of the file. Other blocks are consumed on the
    /// way.
    #[inline]
    pub(crate) fn next_slot<R: Read>(
        &mut self,
        window: &mut Window<R>,
    ) -> Result<Option<Slot>, Damage> {
        loop {
            let Some(block) = self.block(window)? else {
                return Ok(None);
            };
            let bytes = window.unread();
            let packet = match block.kind {
                ENHANCED_PACKET | OBSOLETE_PACKET => self.timed(bytes, block)?,
                SIMPLE_PACKET => self.simple(bytes, block)?,
                _ => {
                    self.other(bytes, block)?;
                    window.consume(block.total);
                    continue;
                }
            };
            return self.slot(block, &packet).map(Some);
        }
    }

    #[inline]
    fn slot(&mut self, block: Block, packet: &Packet) -> Result<Slot, Damage> {
        let known = self.interfaces.len();
        let interface = self
            .interfaces
            .get(packet.interface as usize)
            .ok_or(Damage::UnknownInterface { id: packet.interface, known })?;
        if let Some(ticks) = packet.ticks {
            self.latest = interface.clock.time(ticks);
        }
        Ok(Slot {
            time: self.latest,
            link: interface.link,
            orig_len: packet.original,
            skip: packet.skip,
            len: packet.captured as usize,
            total: block.total,
        })
    }

    /// The header of the next block, once all of the block lies in the window and its two lengths
    /// agree. A section header changes the byte order here.
    #[inline]
    fn block<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<Block>, Damage> {
        let unread = window.unread();
        let Some((kind, length)) = self.block_header(unread) else {
            return self.block_after_fill(window);
        };
        let total = padded(length);
        if kind == SECTION_HEADER || total < BLOCK_OVERHEAD_BYTES || total > unread.len() {
            return self.block_after_fill(window);
        }
        self.check_end(unread, kind, length, total).map(Some)
    }

    #[inline]
    fn block_header(&self, bytes: &[u8]) -> Option<(u32, u32)> {
        Some((self.order.u32(array(bytes, 0)?), self.order.u32(array(bytes, 4)?)))
    }

    #[inline]
    fn check_end(
        &self,
        bytes: &[u8],
        kind: u32,
        first: u32,
        total: usize,
    ) -> Result<Block, Damage> {
        let last = array(bytes, total - 4).map_or(0, |bytes| self.order.u32(bytes));
        if last == first {
            Ok(Block { kind, total })
        } else {
            Err(Damage::LengthsDiffer { kind, first, last })
        }
    }

    /// As `block`, when the window has to be filled first, the file ends or something is wrong.
    #[cold]
    fn block_after_fill<R: Read>(
        &mut self,
        window: &mut Window<R>,
    ) -> Result<Option<Block>, Damage> {
        let had = window.fill(BLOCK_HEADER_BYTES).map_err(Damage::Io)?;
        if had == 0 {
            return Ok(None);
        }
        if array(window.unread(), 0).map(u32::from_le_bytes) == Some(SECTION_HEADER) {
            self.order = section_order(window)?;
        }
        let Some((kind, length)) = self.block_header(window.unread()) else {
            return Err(Damage::CutHeader { needed: BLOCK_HEADER_BYTES, had });
        };
        let total = padded(length);
        if total < BLOCK_OVERHEAD_BYTES {
            return Err(short(kind, BLOCK_OVERHEAD_BYTES, length as usize));
        }
        if total > MAX_RECORD_BYTES {
            return Err(Damage::TooLong { claimed: u64::from(length) });
        }
        let had = window.fill(total).map_err(Damage::Io)?;
        if had < total {
            return Err(Damage::CutBlock { kind, claimed: total as u64, had: had as u64 });
        }
        self.check_end(window.unread(), kind, length, total).map(Some)
    }

    /// A block that holds no packet.
    fn other(&mut self, bytes: &[u8], block: Block) -> Result<(), Damage> {
        match block.kind {
            SECTION_HEADER => self.section(bytes)?,
            INTERFACE_DESCRIPTION => self.interface(bytes, block)?,
            CUSTOM | CUSTOM_NO_COPY => self.custom_blocks += 1,
            _ => self.skipped_blocks += 1,
        }
        Ok(())
    }

    /// A new section: its interfaces are numbered anew.
    fn section(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        let length = array(bytes, 4).map_or(0, |bytes| self.order.u32(bytes));
        let version = array(bytes, 12).zip(array(bytes, 14));
        let Some((major, minor)) = version.filter(|_| length as usize >= SECTION_HEADER_BYTES)
        else {
            return Err(short(SECTION_HEADER, SECTION_HEADER_BYTES, length as usize));
        };
        let (major, minor) = (self.order.u16(major), self.order.u16(minor));
        // Minor version 2 was written by some programs for the same format.
        if major != 1 || !matches!(minor, 0 | 2) {
            return Err(Damage::SectionVersion { major, minor });
        }
        let room = MAX_INTERFACES_LISTED.saturating_sub(self.earlier.len());
        let ended = self.interfaces.drain(..);
        self.earlier.extend(ended.take(room));
        self.sections += 1;
        Ok(())
    }

    fn interface(&mut self, bytes: &[u8], block: Block) -> Result<(), Damage> {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(Damage::TooManyInterfaces { limit: MAX_INTERFACES });
        }
        let body = bytes.get(BLOCK_HEADER_BYTES..block.total - 4).unwrap_or_default();
        let interface = Interface::parse(self.order, body).ok_or_else(|| {
            short(block.kind, interface::BODY_BYTES + BLOCK_OVERHEAD_BYTES, block.total)
        })?;
        self.interfaces.push(interface);
        Ok(())
    }

    /// An enhanced or obsolete packet block: they differ only in the interface number.
    #[inline]
    fn timed(&self, bytes: &[u8], block: Block) -> Result<Packet, Damage> {
        const SKIP: usize = 28;
        let header = packet_header::<SKIP>(bytes, block)?;
        let word = |at| array(header, at).map_or(0, |bytes| self.order.u32(bytes));
        let interface = if block.kind == ENHANCED_PACKET {
            word(8)
        } else {
            array(header, 8).map_or(0, |bytes| u32::from(self.order.u16(bytes)))
        };
        let ticks = u64::from(word(12)) << 32 | u64::from(word(16));
        let (captured, room) = (word(20), block.total - SKIP - 4);
        if captured as usize > room {
            let claimed = u64::from(captured);
            return Err(Damage::PacketBeyondBlock { claimed, room: room as u64 });
        }
        Ok(Packet { interface, ticks: Some(ticks), captured, original: word(24), skip: SKIP })
    }

    /// A simple packet block belongs to interface 0; its captured length follows from the original
    /// length, the snap length and the block's own length.
    fn simple(&self, bytes: &[u8], block: Block) -> Result<Packet, Damage> {
        const SKIP: usize = 12;
        let header = packet_header::<SKIP>(bytes, block)?;
        let original = array(header, 8).map_or(0, |bytes| self.order.u32(bytes));
        let room = u32::try_from(block.total - SKIP - 4).unwrap_or(u32::MAX);
        let snaplen = match self.interfaces.first().map(|interface| interface.snaplen) {
            None | Some(0) => u32::MAX,
            Some(snaplen) => snaplen,
        };
        let captured = original.min(snaplen).min(room);
        Ok(Packet { interface: 0, ticks: None, captured, original, skip: SKIP })
    }
}

/// The block up to the packet's data, `SKIP` bytes.
#[inline]
fn packet_header<const SKIP: usize>(bytes: &[u8], block: Block) -> Result<&[u8; SKIP], Damage> {
    let header = bytes.first_chunk::<SKIP>().filter(|_| block.total >= SKIP + 4);
    header.ok_or_else(|| short(block.kind, SKIP + 4, block.total))
}

/// The byte order of the section header at the front of the window.
fn section_order<R: Read>(window: &mut Window<R>) -> Result<ByteOrder, Damage> {
    let had = window.fill(BLOCK_OVERHEAD_BYTES).map_err(Damage::Io)?;
    let Some(magic) = array(window.unread(), 8) else {
        return Err(Damage::CutHeader { needed: BLOCK_OVERHEAD_BYTES, had });
    };
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32(magic) == BYTE_ORDER_MAGIC)
        .ok_or(Damage::ByteOrder { magic: u32::from_le_bytes(magic) })
}

/// A block length rounded up to the next multiple of four.
#[inline]
const fn padded(length: u32) -> usize {
    (length as usize).next_multiple_of(4)
}

fn short(kind: u32, needed: usize, had: usize) -> Damage {
    Damage::ShortBlock { kind, needed: needed as u64, had: had as u64 }
}
