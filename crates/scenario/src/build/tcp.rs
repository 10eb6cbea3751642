//! TCP segments (RFC 9293) and the options that real stacks send.

use super::ip::{self, Peer};

/// Flag bits of the TCP header.
pub const FIN: u8 = 0x01;
/// See [`FIN`].
pub const SYN: u8 = 0x02;
/// See [`FIN`].
pub const RST: u8 = 0x04;
/// See [`FIN`].
pub const PSH: u8 = 0x08;
/// See [`FIN`].
pub const ACK: u8 = 0x10;
/// See [`FIN`].
pub const URG: u8 = 0x20;

/// The fields of a segment that its sender chooses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Segment<'a> {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; sent as is, whatever the flags say.
    pub ack: u32,
    /// Flags, of [`FIN`] and its neighbours.
    pub flags: u8,
    /// Window field, unscaled.
    pub window: u16,
    /// Options, a multiple of four bytes and at most forty.
    pub options: &'a [u8],
}

/// A frame with one segment.
pub fn segment(src: &Peer, dst: &Peer, id: u16, segment: &Segment, payload: &[u8]) -> Vec<u8> {
    let mut frame = ip::begin(src, dst, ip::TCP, id, 60 + payload.len());
    frame.extend_from_slice(&src.port.to_be_bytes());
    frame.extend_from_slice(&dst.port.to_be_bytes());
    frame.extend_from_slice(&segment.seq.to_be_bytes());
    frame.extend_from_slice(&segment.ack.to_be_bytes());
    frame.push((5 + segment.options.len() as u8 / 4) << 4);
    frame.push(segment.flags);
    frame.extend_from_slice(&segment.window.to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0, 0]);
    frame.extend_from_slice(segment.options);
    frame.extend_from_slice(payload);
    ip::finish(frame, src, dst, ip::TCP)
}

/// Options of a SYN: maximum segment size, SACK permitted, timestamps and window scale (RFC 7323).
pub fn syn_options(mss: u16, scale: u8, time: u32, echo: u32) -> [u8; 20] {
    let [m, n] = mss.to_be_bytes();
    let ([a, b, c, d], [e, f, g, h]) = (time.to_be_bytes(), echo.to_be_bytes());
    [2, 4, m, n, 4, 2, 8, 10, a, b, c, d, e, f, g, h, 1, 3, 3, scale]
}

/// Options of a SYN without timestamps, as Windows sends them.
pub fn syn_options_plain(mss: u16, scale: u8) -> [u8; 12] {
    let [m, n] = mss.to_be_bytes();
    [2, 4, m, n, 1, 3, 3, scale, 1, 1, 4, 2]
}

/// The timestamps option of every later segment, aligned.
pub fn timestamps(time: u32, echo: u32) -> [u8; 12] {
    let ([a, b, c, d], [e, f, g, h]) = (time.to_be_bytes(), echo.to_be_bytes());
    [1, 1, 8, 10, a, b, c, d, e, f, g, h]
}
