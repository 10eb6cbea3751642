//! The pcapng format: one little-endian section, interfaces with nanoseconds, enhanced packets.

use std::io::{self, Write};

use anomalyzer_wire::{LinkType, RawFrame};

use super::{effective_snaplen, kept};
use crate::pcapng::{
    BYTE_ORDER_MAGIC, ENHANCED_PACKET, INTERFACE_DESCRIPTION, MAX_INTERFACES, OPTION_DESCRIPTION,
    OPTION_NAME, OPTION_RESOLUTION, SECTION_HEADER,
};

const OPTION_COMMENT: u16 = 1;
const OPTION_APPLICATION: u16 = 4;
/// Longer texts are cut.
const TEXT_BYTES_MAX: usize = 4_096;
/// The value of `if_tsresol` for nanoseconds.
const NANOSECONDS: u8 = 9;

/// An interface to be described in a pcapng file.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceSpec<'a> {
    /// Link type of its frames.
    pub link: LinkType,
    /// Frames are cut to this many bytes; 0 means as long as can be.
    pub snaplen: u32,
    /// Name such as `eth0`; empty for none.
    pub name: &'a str,
    /// Description for people; empty for none.
    pub description: &'a str,
}

/// Writes a pcapng file with nanosecond times.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    /// Link type and snap length of each interface.
    interfaces: Vec<(LinkType, u32)>,
    /// The block being put together; kept for its allocation.
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes the section header. `application` says which program wrote the file.
    pub fn new(out: W, application: &str) -> io::Result<Self> {
        let mut writer = Self { out, interfaces: Vec::new(), block: Vec::new() };
        writer.begin(SECTION_HEADER);
        writer.put(&BYTE_ORDER_MAGIC.to_le_bytes());
        // Version 1.0, then a section length of -1: not known.
        writer.put(&[1, 0, 0, 0]);
        writer.put(&[0xff; 8]);
        writer.option(OPTION_APPLICATION, application.as_bytes());
        writer.end_options();
        writer.end()?;
        Ok(writer)
    }

    /// Describes an interface and returns its number for [`PcapngWriter::write_to`].
    pub fn add_interface(&mut self, spec: &InterfaceSpec<'_>) -> io::Result<u32> {
        let count = self.interfaces.len();
        let number = u32::try_from(count).ok().filter(|_| count < MAX_INTERFACES);
        let number = number.ok_or_else(|| invalid("a capture file of too many interfaces"))?;
        let snaplen = effective_snaplen(spec.snaplen);
        self.begin(INTERFACE_DESCRIPTION);
        self.put(&spec.link.0.to_le_bytes());
        self.put(&[0; 2]);
        self.put(&snaplen.to_le_bytes());
        self.option(OPTION_NAME, spec.name.as_bytes());
        self.option(OPTION_DESCRIPTION, spec.description.as_bytes());
        self.option(OPTION_RESOLUTION, &[NANOSECONDS]);
        self.end_options();
        self.end()?;
        self.interfaces.push((spec.link, snaplen));
        Ok(number)
    }

    /// Writes a frame to the first interface of its link type, which is described when missing.
    pub fn write(&mut self, frame: &RawFrame<'_>) -> io::Result<()> {
        let number = match self.interfaces.iter().position(|(link, _)| *link == frame.link) {
            Some(number) => u32::try_from(number).unwrap_or(u32::MAX),
            None => self.add_interface(&InterfaceSpec {
                link: frame.link,
                snaplen: 0,
                name: "",
                description: "",
            })?,
        };
        self.write_to(number, frame, "")
    }

    /// Writes a frame to an interface, with a comment when that is not empty. Times before 1970
    /// cannot be written and become 1970.
    pub fn write_to(
        &mut self,
        interface: u32,
        frame: &RawFrame<'_>,
        comment: &str,
    ) -> io::Result<()> {
        let Some((link, snaplen)) = self.interfaces.get(interface as usize).copied() else {
            return Err(invalid("a frame of an interface that was not described"));
        };
        if link != frame.link {
            return Err(invalid("a frame of another link type than its interface"));
        }
        let (data, captured, original) = kept(frame, snaplen);
        let nanos = u64::try_from(frame.time.nanos()).unwrap_or(0).to_le_bytes();
        let [low @ .., _, _, _, _] = nanos;
        let [_, _, _, _, high @ ..] = nanos;
        self.begin(ENHANCED_PACKET);
        for field in [interface.to_le_bytes(), high, low] {
            self.put(&field);
        }
        self.put(&captured.to_le_bytes());
        self.put(&original.to_le_bytes());
        self.put(data);
        self.pad();
        if !comment.is_empty() {
            self.option(OPTION_COMMENT, comment.as_bytes());
            self.end_options();
        }
        self.end()
    }

    /// Flushes and gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.put(&kind.to_le_bytes());
        self.put(&[0; 4]);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Adds an option unless its value is empty.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..TEXT_BYTES_MAX).unwrap_or(value);
        if let Ok(len) = u16::try_from(value.len())
            && len > 0
        {
            self.put(&code.to_le_bytes());
            self.put(&len.to_le_bytes());
            self.put(value);
            self.pad();
        }
    }

    fn end_options(&mut self) {
        self.put(&[0; 4]);
    }

    /// Sets both lengths and writes the block.
    fn end(&mut self) -> io::Result<()> {
        let total = u32::try_from(self.block.len() + 4).map_err(|_| invalid("too long a block"))?;
        self.put(&total.to_le_bytes());
        if let Some(length) = self.block.get_mut(4..8) {
            length.copy_from_slice(&total.to_le_bytes());
        }
        self.out.write_all(&self.block)
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
