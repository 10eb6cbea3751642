//! From a frame to a packet.

use crate::{Addr, Body, Datagram, LinkInfo, Packet, RawFrame};

/// Decodes a frame down to its innermost understood packet. Never fails: see [`Packet::malformed`].
pub fn decode<'a>(frame: &RawFrame<'a>) -> Packet<'a> {
    Packet {
        time: frame.time,
        wire_len: frame.orig_len,
        link: LinkInfo::default(),
        body: Body::UnknownLink,
        malformed: None,
    }
}

/// Decodes a datagram that the defragmenter put together; `last` is the packet of its last
/// fragment and lends time, link facts and tunnel.
pub fn decode_datagram<'a>(last: &Packet<'_>, datagram: &'a Datagram) -> Packet<'a> {
    let _ = datagram;
    Packet {
        time: last.time,
        wire_len: last.wire_len,
        link: last.link,
        body: Body::UnknownLink,
        malformed: None,
    }
}

/// The pair of addresses that decides which worker a frame belongs to: those of the outermost IP
/// header (of an ICMP error: those of the packet it quotes), or none.
pub fn flow_addresses(frame: &RawFrame<'_>) -> Option<(Addr, Addr)> {
    let _ = frame;
    None
}
