//! What can go wrong with a capture file, in words an operator can act on.
//!
//! Two kinds: [`OpenError`], nothing could be read, and [`ReadError`], everything whole was
//! delivered and then the file was found damaged or cut.

use std::{fmt, io};

/// Why a file could not be opened as a capture.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct OpenError {
    /// The file as the user named it; `standard input` or `input` when it has no name.
    pub name: String,
    /// What is wrong.
    pub problem: OpenProblem,
}

/// What is wrong with a file that could not be opened as a capture.
#[derive(Debug, thiserror::Error)]
pub enum OpenProblem {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// No byte at all.
    #[error("the file is empty: not even the header of a capture file is there")]
    Empty,
    /// Some other kind of file.
    #[error(
        "not a capture file: it looks like {looks_like}; what can be read is pcap and pcapng, \
         plain or compressed with gzip or zstd"
    )]
    NotACapture {
        /// What the first bytes look like.
        looks_like: String,
    },
    /// A capture file that ends inside its own header.
    #[error(
        "a {format} file that ends inside its header, after {had} of {needed} bytes: it holds no \
         packet; copy or capture it again"
    )]
    CutHeader {
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Bytes the header takes.
        needed: usize,
        /// Bytes that are there.
        had: usize,
    },
    /// A version of the format that nobody has defined.
    #[error(
        "a {format} file of version {major}.{minor}, which is not known; the header may be damaged"
    )]
    Version {
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Major version in the header.
        major: u16,
        /// Minor version in the header.
        minor: u16,
    },
    /// The first block of a pcapng file makes no sense.
    #[error("a pcapng file whose first block is damaged: {0}")]
    Section(Damage),
    /// The compressed stream is damaged before the header of the capture.
    #[error("cannot be decompressed: {0}; copy the file again")]
    Decompress(String),
}

/// Where and how a capture file stops making sense. Everything before was delivered.
#[derive(Debug)]
pub struct ReadError(Box<Place>);

#[derive(Debug)]
struct Place {
    offset: u64,
    packet: u64,
    damage: Damage,
}

impl ReadError {
    pub(crate) fn new(offset: u64, packet: u64, damage: Damage) -> Self {
        Self(Box::new(Place { offset, packet, damage }))
    }

    /// Offset in the uncompressed stream of the record that could not be read.
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// Number of the packet that could not be read, counted from 1.
    pub fn packet(&self) -> u64 {
        self.0.packet
    }

    /// What was wrong.
    pub fn damage(&self) -> &Damage {
        &self.0.damage
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { offset, packet, damage } = &*self.0;
        write!(f, "packet {} at byte {}: {damage}; ", Grouped(*packet), Grouped(*offset))?;
        f.write_str(damage.cause())?;
        match packet.saturating_sub(1) {
            0 => f.write_str(", no packet came before it"),
            1 => f.write_str(", the packet before it was processed"),
            before => write!(f, ", the {} packets before it were processed", Grouped(before)),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.damage {
            Damage::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What is wrong at one place of a capture file. Lengths are bytes.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The file ends inside a record header.
    #[error("the file ends inside the header of a record, after {had} of {needed} bytes")]
    CutHeader {
        /// Bytes the header takes.
        needed: usize,
        /// Bytes that are there.
        had: usize,
    },
    /// The file ends inside the bytes of a packet.
    #[error(
        "the header claims {} captured bytes but the file ends after {}",
        Grouped(*claimed),
        Grouped(*had)
    )]
    CutPacket {
        /// Captured length in the record header.
        claimed: u64,
        /// Bytes that are there.
        had: u64,
    },
    /// The file ends inside a pcapng block.
    #[error(
        "a block of type {kind:#010x} claims {} bytes but the file ends after {}",
        Grouped(*claimed),
        Grouped(*had)
    )]
    CutBlock {
        /// Block type.
        kind: u32,
        /// Length in the block header.
        claimed: u64,
        /// Bytes that are there.
        had: u64,
    },
    /// A record larger than any that is taken seriously.
    #[error(
        "the header claims a record of {} bytes, more than the {} that any real one has",
        Grouped(*claimed),
        Grouped(crate::MAX_RECORD_BYTES as u64)
    )]
    TooLong {
        /// Length by the header.
        claimed: u64,
    },
    /// A pcapng block too short for what its type must hold.
    #[error("a block of type {kind:#010x} has {had} bytes where at least {needed} are due")]
    ShortBlock {
        /// Block type.
        kind: u32,
        /// Bytes that such a block has at least.
        needed: u64,
        /// Length in the block header.
        had: u64,
    },
    /// The lengths at both ends of a pcapng block differ.
    #[error(
        "a block of type {kind:#010x} says {} bytes at its start and {} at its end",
        Grouped(u64::from(*first)),
        Grouped(u64::from(*last))
    )]
    LengthsDiffer {
        /// Block type.
        kind: u32,
        /// Length at the start.
        first: u32,
        /// Length at the end.
        last: u32,
    },
    /// A packet that does not fit the pcapng block it is in.
    #[error(
        "the packet claims {} captured bytes but its block has room for {}",
        Grouped(*claimed),
        Grouped(*room)
    )]
    PacketBeyondBlock {
        /// Captured length in the packet block.
        claimed: u64,
        /// Bytes that the block has for it.
        room: u64,
    },
    /// A packet of an interface that the section has not described.
    #[error("the packet refers to interface {id} but the section describes {known}")]
    UnknownInterface {
        /// Interface number in the packet block.
        id: u32,
        /// Number of interfaces described so far.
        known: usize,
    },
    /// More interfaces in a section than are kept.
    #[error("the section describes more than {limit} interfaces")]
    TooManyInterfaces {
        /// The most that are kept.
        limit: usize,
    },
    /// A section header without a byte order that is known.
    #[error("a section header with the byte-order magic {magic:#010x}")]
    ByteOrder {
        /// The magic, read as little-endian.
        magic: u32,
    },
    /// A section of a pcapng version that is not known.
    #[error("a section of pcapng version {major}.{minor}")]
    SectionVersion {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// The compressed stream ends too early.
    #[error("the compressed stream ends too early ({reason})")]
    CutCompressed {
        /// What the decompressor says.
        reason: String,
    },
    /// The compressed stream is damaged.
    #[error("the compressed stream is damaged ({reason})")]
    BadCompressed {
        /// What the decompressor says.
        reason: String,
    },
    /// The file unpacks to more than is allowed.
    #[error("the file unpacks to more than {} bytes", Grouped(*limit))]
    DecompressedLimit {
        /// The limit that was set.
        limit: u64,
    },
    /// Reading failed.
    #[error("reading failed: {0}")]
    Io(io::Error),
}

impl Damage {
    /// True when the file is only too short, so that all that is there could be used.
    pub fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::CutHeader { .. }
                | Self::CutPacket { .. }
                | Self::CutBlock { .. }
                | Self::CutCompressed { .. }
        )
    }

    /// The likely cause and what to do, as a clause.
    fn cause(&self) -> &'static str {
        match self {
            _ if self.is_cut() => "the file was cut short (copy or capture it again)",
            Self::DecompressedLimit { .. } => {
                "raise the limit if the file is trusted (or unpack it first)"
            }
            Self::Io(_) => "the medium or the connection failed (try again)",
            _ => "the file is damaged here (copy or capture it again)",
        }
    }
}

/// A number with thousands separators: `65,536`.
pub(crate) struct Grouped(pub(crate) u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_packet_place_and_cause() {
        let check = |packet, damage, text: &str| {
            assert_eq!(ReadError::new(65_536, packet, damage).to_string(), text);
        };
        check(
            812,
            Damage::CutPacket { claimed: 70_000, had: 1_200 },
            "packet 812 at byte 65,536: the header claims 70,000 captured bytes but the file ends \
             after 1,200; the file was cut short (copy or capture it again), the 811 packets \
             before it were processed",
        );
        check(
            2,
            Damage::UnknownInterface { id: 7, known: 1 },
            "packet 2 at byte 65,536: the packet refers to interface 7 but the section describes \
             1; the file is damaged here (copy or capture it again), the packet before it was \
             processed",
        );
        check(
            1,
            Damage::DecompressedLimit { limit: 1_000_000 },
            "packet 1 at byte 65,536: the file unpacks to more than 1,000,000 bytes; raise the \
             limit if the file is trusted (or unpack it first), no packet came before it",
        );
    }

    #[test]
    fn numbers_are_grouped() {
        let check = |number, text: &str| assert_eq!(Grouped(number).to_string(), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
    }
}
