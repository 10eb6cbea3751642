//! Frames out of a capture stream, whatever its format.
//!
//! The parsers are our own, not those of a library, for three reasons: the record loop is the
//! hottest one of the product and here it is a bounds check and a few loads per packet; errors
//! carry the exact offset, the packet number and a cause; and the memory that a hostile header can
//! claim is bounded in one place ([`crate::MAX_RECORD_BYTES`]).

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::Path;

use anomalyzer_wire::{LinkType, RawFrame};

use crate::bytes::{ByteOrder, array};
use crate::error::{Damage, OpenError, OpenProblem, ReadError};
use crate::guess;
use crate::pcap::{self, PcapFormat};
use crate::pcapng::{Interface, PcapngFormat, SECTION_HEADER};
use crate::source::{self, Compression, Limits, Position};
use crate::window::Window;

/// A capture being read: pcap or pcapng, told apart by the first bytes.
///
/// Frames borrow the reader's buffer and live until the next call.
pub struct CaptureReader<R> {
    window: Window<R>,
    format: Format,
    packets: u64,
    /// The end or an error was reported; nothing more comes.
    ended: bool,
    position: Position,
}

/// A reader of a file, by path.
pub type CaptureFile = CaptureReader<Box<dyn Read + Send>>;

#[derive(Debug)]
enum Format {
    Pcap(PcapFormat),
    Pcapng(PcapngFormat),
}

/// What a capture says about itself; complete once it has been read to its end.
#[derive(Clone, Debug)]
pub struct CaptureInfo {
    /// Name of the format, such as `pcap with nanoseconds`.
    pub format: &'static str,
    /// Byte order of the file, or of the latest section.
    pub byte_order: ByteOrder,
    /// How the file is compressed.
    pub compression: Compression,
    /// Link types of the interfaces described so far, in ascending order.
    pub link_types: Vec<LinkType>,
    /// Interfaces described so far; one without a name for pcap.
    pub interfaces: Vec<Interface>,
    /// The largest snap length of the interfaces; 0 means that one has no limit.
    pub snaplen: u32,
    /// Packets delivered.
    pub packets: u64,
    /// Bytes of the uncompressed stream that were consumed.
    pub bytes: u64,
    /// Sections of a pcapng file; 1 for pcap.
    pub sections: u64,
    /// pcapng blocks that hold no packet and are not understood (statistics, names, keys).
    pub skipped_blocks: u64,
    /// pcapng custom blocks; some programs count them as packets.
    pub custom_blocks: u64,
}

/// How far a file has been read, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file (compressed, if it is) that were read.
    pub read: u64,
    /// Size of the file, when it has one.
    pub total: Option<u64>,
}

impl CaptureFile {
    /// Opens a capture file; `-` is standard input. Compression and format are told by the
    /// content, never by the name.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, OpenError> {
        let name = source::display_name(path);
        let problem = |problem| OpenError { name: name.clone(), problem };
        let opened = source::open(path, limits).map_err(|error| problem(OpenProblem::Io(error)))?;
        Self::start(opened.reader, limits, opened.position).map_err(problem)
    }

    /// Reads a capture from a stream that may be compressed, such as an upload. `name` is for
    /// messages.
    pub fn from_stream(
        name: &str,
        stream: Box<dyn Read + Send>,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        let problem = |problem| OpenError { name: name.to_owned(), problem };
        let opened = source::unpack(stream, None, limits)
            .map_err(|error| problem(OpenProblem::Io(error)))?;
        Self::start(opened.reader, limits, opened.position).map_err(problem)
    }
}

impl<R: Read> CaptureReader<R> {
    /// Reads a capture from a stream that is not compressed.
    pub fn new(source: R, limits: &Limits) -> Result<Self, OpenError> {
        Self::start(source, limits, Position::default())
            .map_err(|problem| OpenError { name: "input".to_owned(), problem })
    }

    fn start(source: R, limits: &Limits, position: Position) -> Result<Self, OpenProblem> {
        let mut window = Window::new(source, limits.buffer_bytes);
        let format = Format::recognise(&mut window).map_err(|problem| match problem {
            OpenProblem::Io(error) | OpenProblem::Section(Damage::Io(error)) => {
                match source::damage(error, &position) {
                    Damage::Io(error) => OpenProblem::Io(error),
                    damage => OpenProblem::Decompress(damage.to_string()),
                }
            }
            other => other,
        })?;
        Ok(Self { window, format, packets: 0, ended: false, position })
    }

    /// The next frame; `Ok(None)` at the clean end. After an error or the end only `Ok(None)`
    /// follows.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<RawFrame<'_>>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let slot = match &mut self.format {
            Format::Pcap(pcap) => pcap.next_slot(&mut self.window),
            Format::Pcapng(pcapng) => pcapng.next_slot(&mut self.window),
        };
        match slot {
            Ok(Some(slot)) => {
                self.packets += 1;
                Ok(Some(self.window.take(&slot)))
            }
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Err(damage) => Err(self.end_with(damage)),
        }
    }

    #[cold]
    fn end_with(&mut self, damage: Damage) -> ReadError {
        self.ended = true;
        let damage = match damage {
            Damage::Io(error) => source::damage(error, &self.position),
            other => other,
        };
        ReadError::new(self.window.offset(), self.packets + 1, damage)
    }

    /// Packets delivered so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Offset in the uncompressed stream of the next record.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// How much of the file has been read.
    pub fn progress(&self) -> Progress {
        self.position.progress()
    }

    /// What the capture says about itself, as far as it has been read.
    pub fn info(&self) -> CaptureInfo {
        let (format, byte_order, interfaces) = match &self.format {
            Format::Pcap(pcap) => {
                let only = Interface::nameless(pcap.link, pcap.snaplen);
                (pcap.describe(), pcap.byte_order(), vec![only])
            }
            Format::Pcapng(pcapng) => {
                ("pcapng", pcapng.byte_order(), pcapng.all_interfaces().cloned().collect())
            }
        };
        let (sections, skipped_blocks, custom_blocks) = match &self.format {
            Format::Pcap(_) => (1, 0, 0),
            Format::Pcapng(ng) => (ng.sections, ng.skipped_blocks, ng.custom_blocks),
        };
        CaptureInfo {
            format,
            byte_order,
            compression: self.position.compression(),
            link_types: link_types(&interfaces),
            snaplen: snaplen(&interfaces),
            interfaces,
            packets: self.packets,
            bytes: self.window.offset(),
            sections,
            skipped_blocks,
            custom_blocks,
        }
    }

    /// Bytes set aside for reading, for tests of the bound.
    #[doc(hidden)]
    pub fn buffer_capacity(&self) -> usize {
        self.window.capacity()
    }
}

impl<R: Read> fmt::Debug for CaptureReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureReader")
            .field("format", &self.format)
            .field("packets", &self.packets)
            .field("offset", &self.window.offset())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Format {
    /// Tells the format by the first bytes and consumes the header.
    fn recognise<R: Read>(window: &mut Window<R>) -> Result<Self, OpenProblem> {
        if window.fill(pcap::FILE_HEADER_BYTES).map_err(OpenProblem::Io)? == 0 {
            return Err(OpenProblem::Empty);
        }
        if let Some(pcap) = PcapFormat::parse(window.unread()) {
            let pcap = pcap?;
            window.consume(pcap::FILE_HEADER_BYTES);
            return Ok(Self::Pcap(pcap));
        }
        if array(window.unread(), 0).map(u32::from_be_bytes) == Some(SECTION_HEADER) {
            return PcapngFormat::open(window).map(Self::Pcapng);
        }
        window.fill(guess::LOOK_BYTES).map_err(OpenProblem::Io)?;
        Err(OpenProblem::NotACapture { looks_like: guess::looks_like(window.unread()) })
    }
}

fn link_types(interfaces: &[Interface]) -> Vec<LinkType> {
    let distinct: BTreeSet<LinkType> = interfaces.iter().map(|interface| interface.link).collect();
    distinct.into_iter().collect()
}

fn snaplen(interfaces: &[Interface]) -> u32 {
    let lengths = || interfaces.iter().map(|interface| interface.snaplen);
    if lengths().any(|snaplen| snaplen == 0) { 0 } else { lengths().max().unwrap_or(0) }
}
