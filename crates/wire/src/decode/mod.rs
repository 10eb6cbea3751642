//! From a frame to a packet.
//!
//! One walk from the outside to the inside, without copies: the link layer yields an EtherType and
//! what it carries ([`link`], [`wlan`]), tags and label stacks are stripped ([`strip`]), IP is read
//! ([`ip4`], [`ip6`]) and its transport ([`transport`]), and tunnels lead back to the EtherType
//! ([`tunnel`]). Every step takes a [`View`], which knows what was captured and what was on the
//! wire, so a cut capture is told apart from a short packet. Putting fragments together is left to
//! [`crate::Defragmenter`], and application data to [`crate::app`].

#![allow(
    clippy::inline_always,
    reason = "Ethernet, IPv4 and TCP, the way of most packets, must be one function: measured 45 ns without and 23 ns with it (examples/decode.rs)"
)]

mod arp;
mod icmp;
mod ip4;
mod ip6;
mod link;
mod numbers;
mod sharding;
mod strip;
mod tcp_options;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;
mod udp_tunnel;
mod view;
mod wlan;

use numbers::ether;
use view::{View, len32};

pub use sharding::flow_addresses;

use crate::{
    Addr, Body, Datagram, Fragment, IpPacket, Layer, LinkInfo, Malformed, MalformedKind, Packet,
    RawFrame, Transport, Tunnel,
};

/// Encapsulations that are opened inside each other, tunnels and label stacks together.
const NESTING_MAX: u8 = 8;

/// Decodes a frame down to its innermost understood packet. Never fails: see [`Packet::malformed`].
pub fn decode<'a>(frame: &RawFrame<'a>) -> Packet<'a> {
    let mut packet = Packet {
        time: frame.time,
        wire_len: frame.orig_len,
        link: LinkInfo::default(),
        body: Body::UnknownLink,
        malformed: None,
    };
    let mut decoder = Decoder::new(frame.data, &mut packet.body);
    if let Some((ether_type, inner)) = decoder.link_layer(frame.link, View::of_frame(frame)) {
        decoder.network(ether_type, inner);
    }
    (packet.link, packet.malformed) = (decoder.link, decoder.malformed);
    packet
}

/// Decodes a datagram that the defragmenter put together; `last` is the packet of its last
/// fragment and lends time, link facts, IP header and tunnel. Offsets in [`Packet::malformed`] are
/// those in the datagram's payload. Of a `last` that is not IP, its own body comes back without
/// payload facts: [`Body::Other`].
pub fn decode_datagram<'a>(last: &Packet<'_>, datagram: &'a Datagram) -> Packet<'a> {
    let mut packet = Packet {
        time: last.time,
        wire_len: last.wire_len,
        link: last.link,
        body: Body::Other { ether_type: last.link.ether_type },
        malformed: None,
    };
    if let Body::Ip(ip) = &last.body {
        let mut decoder = Decoder::new(&datagram.payload, &mut packet.body);
        decoder.tunnel = ip.tunnel;
        decoder.nesting = ip.tunnel.map_or(0, |tunnel| tunnel.depth);
        decoder.outermost = false;
        decoder.reassembled(ip, datagram);
        packet.malformed = decoder.malformed;
    }
    packet
}

/// What is known while the walk goes on.
struct Decoder<'a, 'p> {
    /// The frame, to turn places into offsets.
    base: &'a [u8],
    /// Where the innermost packet goes; written in place, because it is large.
    body: &'p mut Body<'a>,
    link: LinkInfo,
    /// False once the walk has left the outermost link layer; link facts are then no longer kept.
    outermost: bool,
    tunnel: Option<Tunnel>,
    /// Encapsulations opened so far.
    nesting: u8,
    malformed: Option<Malformed>,
}

impl<'a, 'p> Decoder<'a, 'p> {
    #[inline]
    fn new(base: &'a [u8], body: &'p mut Body<'a>) -> Self {
        Self {
            base,
            body,
            link: LinkInfo::default(),
            outermost: true,
            tunnel: None,
            nesting: 0,
            malformed: None,
        }
    }

    /// Decodes what an EtherType announces.
    #[inline(always)]
    fn network(&mut self, ether_type: u16, view: View<'a>) {
        match ether_type {
            ether::IPV4 => self.ipv4(view),
            ether::IPV6 => self.ipv6(view),
            _ => self.wrapped(ether_type, view),
        }
    }

    /// Decodes what tags, label stacks or sessions may stand around.
    fn wrapped(&mut self, ether_type: u16, view: View<'a>) {
        let (ether_type, view) = self.strip(ether_type, view);
        match ether_type {
            ether::IPV4 => self.ipv4(view),
            ether::IPV6 => self.ipv6(view),
            ether::ARP | ether::RARP => self.arp(ether_type, view),
            _ => self.not_read(ether_type),
        }
    }

    /// Decodes the payload of a datagram that was put together from fragments.
    fn reassembled(&mut self, ip: &IpPacket<'_>, datagram: &'a Datagram) {
        let view = View::whole(&datagram.payload);
        let header_len = if ip.version == 4 { 20 } else { 40 };
        let head = Head {
            src: ip.src,
            dst: ip.dst,
            version: ip.version,
            ttl: ip.ttl,
            tos: ip.tos,
            proto: datagram.proto,
            total_len: len32(view.len + header_len),
        };
        if ip.version == 6 {
            self.behind_ipv6(head, view);
        } else {
            self.transport(head, view);
        }
    }

    /// Ends the walk with a packet.
    #[inline(always)]
    fn finish(&mut self, head: Head, transport: Transport, payload: View<'a>) {
        self.finish_maybe_fragment(head, None, transport, payload);
    }

    /// Ends the walk with a fragment.
    fn finish_fragment(&mut self, head: Head, fragment: Fragment, payload: View<'a>) {
        self.finish_maybe_fragment(head, Some(fragment), Transport::Fragment, payload);
    }

    #[inline(always)]
    fn finish_maybe_fragment(
        &mut self,
        head: Head,
        fragment: Option<Fragment>,
        transport: Transport,
        payload: View<'a>,
    ) {
        *self.body = Body::Ip(IpPacket {
            src: head.src,
            dst: head.dst,
            version: head.version,
            ttl: head.ttl,
            tos: head.tos,
            proto: head.proto,
            total_len: head.total_len,
            fragment,
            transport,
            payload: payload.data,
            payload_len: len32(payload.len),
            tunnel: self.tunnel,
        });
    }

    /// Ends the walk at something that is not read further.
    fn not_read(&mut self, ether_type: u16) {
        *self.body = Body::Other { ether_type };
    }

    /// Counts one more encapsulation; false when there are too many.
    fn deeper(&mut self, layer: Layer, view: View<'a>) -> bool {
        if self.nesting < NESTING_MAX {
            self.nesting += 1;
            return true;
        }
        let max = usize::from(NESTING_MAX);
        self.note(layer, MalformedKind::TooDeep, view, max, max + 1);
        false
    }

    /// Keeps the first thing that is wrong, found in the layer that begins at `at`.
    #[cold]
    fn note(&mut self, layer: Layer, kind: MalformedKind, at: View<'a>, needed: usize, had: usize) {
        if self.malformed.is_some() {
            return;
        }
        let offset = at.data.as_ptr().addr().wrapping_sub(self.base.as_ptr().addr());
        self.malformed = Some(Malformed {
            layer,
            kind,
            offset: len32(offset.min(self.base.len())),
            needed: len32(needed),
            had: len32(had),
        });
    }

    /// Notes that a layer ends before the `needed` bytes of its header, and whose fault it is.
    #[cold]
    fn short(&mut self, layer: Layer, at: View<'a>, needed: usize) {
        let kind = if needed <= at.len { MalformedKind::Snapped } else { MalformedKind::Short };
        self.note(layer, kind, at, needed, at.data.len());
    }
}

/// The facts of an IP header that stay the same whatever is inside.
#[derive(Clone, Copy)]
struct Head {
    src: Addr,
    dst: Addr,
    version: u8,
    ttl: u8,
    tos: u8,
    proto: u8,
    total_len: u32,
}
