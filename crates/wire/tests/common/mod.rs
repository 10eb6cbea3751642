//! A small reader of pcap and pcapng for tests and measurements: the real one is in the capture
//! crate, on which this crate must not depend.

use anomalyzer_wire::{LinkType, RawFrame, Timestamp};

/// A frame and where it came from.
pub(crate) struct Record<'a> {
    pub(crate) link: LinkType,
    pub(crate) orig_len: u32,
    pub(crate) data: &'a [u8],
}

impl<'a> Record<'a> {
    pub(crate) fn frame(&self, number: usize) -> RawFrame<'a> {
        let time = Timestamp::from_nanos(i64::try_from(number).unwrap_or(i64::MAX));
        RawFrame { time, link: self.link, orig_len: self.orig_len, data: self.data }
    }
}

/// Reads what is whole; stops at the first thing that is not.
pub(crate) fn read(file: &[u8]) -> Vec<Record<'_>> {
    match file.first_chunk::<4>() {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => read_pcapng(file),
        Some(_) => read_pcap(file),
        None => Vec::new(),
    }
}

fn number(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
    Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

fn short(bytes: &[u8], at: usize, big: bool) -> Option<u16> {
    let bytes = *bytes.get(at..)?.first_chunk::<2>()?;
    Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn read_pcap(file: &[u8]) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    let big = matches!(file, [0xa1, ..]);
    // The header that Kuznetzov's patch made longer.
    let header_len = match number(file, 0, big) {
        Some(0xa1b2_c3d4 | 0xa1b2_3c4d) => 16,
        Some(0xa1b2_cd34) => 24,
        _ => return records,
    };
    let link = LinkType(u16::try_from(number(file, 20, big).unwrap_or(0) & 0xffff).unwrap_or(0));
    let mut rest = file.get(24..).unwrap_or_default();
    while let (Some(len), Some(orig_len)) = (number(rest, 8, big), number(rest, 12, big)) {
        let end = header_len + size(len);
        let Some(data) = rest.get(header_len..end) else { break };
        records.push(Record { link, orig_len, data });
        rest = rest.get(end..).unwrap_or_default();
    }
    records
}

fn read_pcapng(file: &[u8]) -> Vec<Record<'_>> {
    let (mut records, mut links) = (Vec::new(), Vec::<LinkType>::new());
    let (mut rest, mut big) = (file, false);
    loop {
        if rest.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            big = rest.get(8..12) == Some(&[0x1a, 0x2b, 0x3c, 0x4d]);
            links.clear();
        }
        let (Some(kind), Some(len)) = (number(rest, 0, big), number(rest, 4, big)) else { break };
        let Some(block) = rest.get(..size(len)).filter(|block| block.len() >= 12) else { break };
        if kind == 1 {
            links.push(LinkType(short(block, 8, big).unwrap_or(0)));
        } else if let Some(record) = packet_block(block, kind, big, &links) {
            records.push(record);
        }
        rest = rest.get(size(len)..).unwrap_or_default();
    }
    records
}

fn packet_block<'a>(
    block: &'a [u8],
    kind: u32,
    big: bool,
    links: &[LinkType],
) -> Option<Record<'a>> {
    let (interface, len, orig_len, at) = match kind {
        6 => (number(block, 8, big)?, number(block, 20, big)?, number(block, 24, big)?, 28),
        2 => {
            (u32::from(short(block, 8, big)?), number(block, 20, big)?, number(block, 24, big)?, 28)
        }
        3 => {
            let orig_len = number(block, 8, big)?;
            (0, orig_len.min(u32::try_from(block.len() - 16).ok()?), orig_len, 12)
        }
        _ => return None,
    };
    let data = block.get(at..at + size(len))?;
    Some(Record { link: *links.get(size(interface))?, orig_len, data })
}
