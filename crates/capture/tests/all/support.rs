//! Bytes of captures, written by hand, and a reader that collects what it gets.

use std::io::Read;

use anomalyzer_capture::{CaptureInfo, CaptureReader, Limits, OpenError, ReadError};
use anomalyzer_wire::LinkType;

/// A frame that was read, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub nanos: i64,
    pub link: LinkType,
    pub orig_len: u32,
    pub data: Vec<u8>,
}

/// All that came of a capture.
#[derive(Debug)]
pub struct Readout {
    pub frames: Vec<Frame>,
    pub error: Option<ReadError>,
    pub info: CaptureInfo,
    pub capacity: usize,
}

/// Reads to the end with the smallest buffer.
pub fn try_read(bytes: impl Read) -> Result<Readout, OpenError> {
    let limits = Limits { buffer_bytes: 0, ..Limits::default() };
    CaptureReader::new(bytes, &limits).map(|reader| collect(reader))
}

/// As [`try_read`], of what must open.
pub fn read(bytes: &[u8]) -> Readout {
    try_read(bytes).unwrap()
}

pub fn collect<R: Read>(mut reader: CaptureReader<R>) -> Readout {
    let mut frames = Vec::new();
    let error = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => frames.push(Frame {
                nanos: frame.time.nanos(),
                link: frame.link,
                orig_len: frame.orig_len,
                data: frame.data.to_vec(),
            }),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    Readout { frames, error, info: reader.info(), capacity: reader.buffer_capacity() }
}

/// Options of a pcapng block: codes and values.
pub type Options<'a> = &'a [(u16, &'a [u8])];

/// Words in one byte order.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Little,
    Big,
}

pub const ORDERS: [Order; 2] = [Order::Little, Order::Big];

impl Order {
    pub fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| self.word(*word)).collect()
    }

    pub fn word(self, word: u32) -> [u8; 4] {
        match self {
            Self::Little => word.to_le_bytes(),
            Self::Big => word.to_be_bytes(),
        }
    }

    pub fn half(self, half: u16) -> [u8; 2] {
        match self {
            Self::Little => half.to_le_bytes(),
            Self::Big => half.to_be_bytes(),
        }
    }

    /// A pcap file header of version 2.4.
    pub fn pcap_header(self, magic: u32, snaplen: u32, link: u32) -> Vec<u8> {
        self.pcap_header_of([2, 4], magic, snaplen, link)
    }

    pub fn pcap_header_of(self, version: [u16; 2], magic: u32, snaplen: u32, link: u32) -> Vec<u8> {
        let mut header = self.word(magic).to_vec();
        header.extend(version.into_iter().flat_map(|half| self.half(half)));
        header.extend(self.words(&[0, 0, snaplen, link]));
        header
    }

    pub fn pcap_record(self, time: [u32; 2], orig_len: u32, data: &[u8]) -> Vec<u8> {
        let mut record = self.words(&[time[0], time[1], data.len() as u32, orig_len]);
        record.extend(data);
        record
    }

    /// A pcapng block: padded, with its length at both ends.
    pub fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let total = body.len() as u32 + 12;
        let mut block = self.words(&[kind, total]);
        block.extend(body);
        block.extend(self.word(total));
        block
    }

    pub fn section(self) -> Vec<u8> {
        let mut body = self.word(0x1a2b3c4d).to_vec();
        body.extend([self.half(1), self.half(0)].concat());
        body.extend([0xff; 8]);
        self.block(0x0a0d0d0a, &body)
    }

    pub fn interface(self, link: u16, snaplen: u32, options: Options<'_>) -> Vec<u8> {
        let mut body = [self.half(link), self.half(0)].concat();
        body.extend(self.word(snaplen));
        for (code, value) in options {
            body.extend(self.half(*code));
            body.extend(self.half(value.len() as u16));
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend([0; 4]);
        self.block(1, &body)
    }

    pub fn enhanced(self, interface: u32, ticks: u64, orig_len: u32, data: &[u8]) -> Vec<u8> {
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        let mut body = self.words(&[interface, high, low, data.len() as u32, orig_len]);
        body.extend(data);
        self.block(6, &body)
    }

    pub fn simple(self, orig_len: u32, data: &[u8]) -> Vec<u8> {
        let mut body = self.word(orig_len).to_vec();
        body.extend(data);
        self.block(3, &body)
    }

    pub fn obsolete(self, interface: u16, ticks: u64, orig_len: u32, data: &[u8]) -> Vec<u8> {
        let mut body = [self.half(interface), self.half(9)].concat();
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        body.extend(self.words(&[high, low, data.len() as u32, orig_len]));
        body.extend(data);
        self.block(2, &body)
    }
}
