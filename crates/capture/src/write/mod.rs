//! Writing capture files: for evidence, for the scenario writer and for tests.
//!
//! Both writers stream: a frame is written when it comes and nothing is kept but the list of
//! interfaces. They make several small writes per frame, so give them a buffered `Write`.

mod pcap;
mod pcapng;

pub use pcap::PcapWriter;
pub use pcapng::{InterfaceSpec, PcapngWriter};

use anomalyzer_wire::RawFrame;

/// The most bytes of a frame that are written: what any reader accepts.
pub const SNAPLEN_MAX: u32 = 262_144;

/// A snap length as a file states it: 0 and what is too large become [`SNAPLEN_MAX`].
fn effective_snaplen(snaplen: u32) -> u32 {
    if snaplen == 0 { SNAPLEN_MAX } else { snaplen.min(SNAPLEN_MAX) }
}

/// The bytes to keep of a frame, their number, and the length on the wire, which is never less.
fn kept<'a>(frame: &RawFrame<'a>, snaplen: u32) -> (&'a [u8], u32, u32) {
    let data = frame.data.get(..snaplen as usize).unwrap_or(frame.data);
    let captured = u32::try_from(data.len()).unwrap_or(snaplen);
    let whole = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
    (data, captured, frame.orig_len.max(whole))
}
