//! UDP datagrams (RFC 768).

use super::ip::{self, Peer};

/// A frame with one datagram.
pub fn datagram(src: &Peer, dst: &Peer, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = ip::begin(src, dst, ip::UDP, id, 8 + payload.len());
    frame.extend_from_slice(&src.port.to_be_bytes());
    frame.extend_from_slice(&dst.port.to_be_bytes());
    frame.extend_from_slice(&((payload.len() + 8) as u16).to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(payload);
    ip::finish(frame, src, dst, ip::UDP)
}
