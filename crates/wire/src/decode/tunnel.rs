//! Tunnels directly on IP: GRE with ERSPAN and PPTP, and IP in IP; and how any tunnel is opened.

use super::link::Carried;
use super::numbers::{ether, proto};
use super::strip::{bridges_ip, fits_ipv4, fits_ipv6};
use super::{Decoder, Head, View};
use crate::{Body, Layer, MalformedKind, Tunnel, TunnelKind};

/// Flags of GRE's first byte.
const GRE_CHECKSUM: u8 = 0x80;
const GRE_ROUTING: u8 = 0x40;
const GRE_KEY: u8 = 0x20;
const GRE_SEQUENCE: u8 = 0x10;
/// Flag of the second byte in version 1: an acknowledgement number follows.
const GRE_ACKNOWLEDGEMENT: u8 = 0x80;
const GRE_VERSION: u8 = 0x07;

const ERSPAN2_HEADER_LEN: usize = 8;
const ERSPAN3_HEADER_LEN: usize = 12;

impl<'a> Decoder<'a, '_> {
    /// Decodes the inside of a tunnel. False when there is no packet inside that can be read; the
    /// outer packet then stands.
    pub(super) fn open(
        &mut self,
        kind: TunnelKind,
        head: &Head,
        id: u32,
        (ether_type, inner): Carried<'a>,
    ) -> bool {
        if !self.deeper(Layer::Tunnel, inner) {
            return false;
        }
        let around = self.tunnel;
        self.outermost = false;
        self.tunnel = Some(match around {
            Some(tunnel) => Tunnel { depth: tunnel.depth.saturating_add(1), ..tunnel },
            None => Tunnel { kind, outer_src: head.src, outer_dst: head.dst, id, depth: 1 },
        });
        self.network(ether_type, inner);
        let opened = matches!(self.body, Body::Ip(_) | Body::Arp(_));
        if !opened {
            self.tunnel = around;
        }
        opened
    }

    /// Opens a tunnel that has an IP protocol number of its own.
    pub(super) fn ip_tunnel(&mut self, head: &Head, view: View<'a>) -> bool {
        match (head.proto, head.version) {
            (proto::GRE, _) => match self.gre(view) {
                Some((id, carried)) => self.open(TunnelKind::Gre, head, id, carried),
                None => false,
            },
            (proto::IPV4, _) => self.open(TunnelKind::IpInIp, head, 0, (ether::IPV4, view)),
            (_, 4) => self.open(TunnelKind::SixInFour, head, 0, (ether::IPV6, view)),
            _ => self.open(TunnelKind::IpInIp, head, 0, (ether::IPV6, view)),
        }
    }

    /// The key of a GRE header, and what it carries.
    fn gre(&mut self, view: View<'a>) -> Option<(u32, Carried<'a>)> {
        let Some((&[flags, more, p0, p1], rest)) = view.split::<4>() else {
            self.short(Layer::Tunnel, view, 4);
            return None;
        };
        let protocol = u16::from_be_bytes([p0, p1]);
        match more & GRE_VERSION {
            0 => self.gre_v0(view, flags, protocol, rest),
            1 if protocol == ether::PPP => self.gre_v1(view, flags, more, rest),
            version => {
                self.note(Layer::Tunnel, MalformedKind::Version, view, 0, usize::from(version));
                None
            }
        }
    }

    /// Generic GRE (RFC 2784, RFC 2890): key and what is carried.
    fn gre_v0(
        &mut self,
        view: View<'a>,
        flags: u8,
        protocol: u16,
        rest: View<'a>,
    ) -> Option<(u32, Carried<'a>)> {
        if flags & GRE_ROUTING != 0 {
            // Source routes of RFC 1701, which nothing has used for decades.
            self.note(Layer::Tunnel, MalformedKind::Option, view, 0, usize::from(flags));
            return None;
        }
        let key_at = if flags & GRE_CHECKSUM != 0 { 4 } else { 0 };
        let sequence_at = key_at + if flags & GRE_KEY != 0 { 4 } else { 0 };
        let end = sequence_at + if flags & GRE_SEQUENCE != 0 { 4 } else { 0 };
        if rest.data.len() < end {
            self.short(Layer::Tunnel, view, 4 + end);
            return None;
        }
        let key = if flags & GRE_KEY != 0 { rest.skip(key_at).head() } else { None };
        let id = key.map_or(0, |key| u32::from_be_bytes(*key));
        let inner = rest.skip(end);
        let carried = match protocol {
            // Type I has neither sequence number nor header (type II has both).
            ether::ERSPAN2 if flags & GRE_SEQUENCE == 0 => (ether::BRIDGED, inner),
            ether::ERSPAN2 => (ether::BRIDGED, inner.skip(ERSPAN2_HEADER_LEN)),
            ether::ERSPAN3 => (ether::BRIDGED, erspan3(inner)),
            // WCCP version 2 puts a redirection header before the packet.
            ether::WCCP if inner.nibble() != 4 => (ether::IPV4, inner.skip(4)),
            ether::WCCP => (ether::IPV4, inner),
            ether::PPP => self.ppp(inner),
            // IEEE 802.11 from Aruba's access points, one type for each kind of radio.
            0x8200..=0x83ff | 0x9000 => self.inner_wlan(inner),
            _ => (protocol, inner),
        };
        Some((id, carried))
    }

    fn inner_wlan(&mut self, view: View<'a>) -> Carried<'a> {
        self.outermost = false;
        self.wlan(view)
    }

    /// GRE in UDP (RFC 8086), opened only when its flags are plain and an IP packet inside fits.
    pub(super) fn gre_in_udp(&mut self, view: View<'a>) -> Option<(TunnelKind, u32, Carried<'a>)> {
        let (&[flags, more, p0, p1], rest) = view.split::<4>()?;
        if flags & !(GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE) != 0 || more != 0 {
            return None;
        }
        let options = [GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE];
        let len = options.iter().filter(|option| flags & **option != 0).count() * 4;
        let inner = rest.skip(len);
        let protocol = u16::from_be_bytes([p0, p1]);
        let fits = match protocol {
            ether::IPV4 => fits_ipv4(inner),
            ether::IPV6 => fits_ipv6(inner),
            ether::BRIDGED => bridges_ip(inner),
            _ => false,
        };
        if !fits {
            return None;
        }
        let (key, carried) = self.gre_v0(view, flags, protocol, rest)?;
        Some((TunnelKind::Gre, key, carried))
    }

    /// Enhanced GRE of PPTP (RFC 2637): call id and what PPP carries. A pure acknowledgement
    /// carries nothing.
    fn gre_v1(
        &mut self,
        view: View<'a>,
        flags: u8,
        more: u8,
        rest: View<'a>,
    ) -> Option<(u32, Carried<'a>)> {
        let Some((&[l0, l1, c0, c1], rest)) = rest.split::<4>() else {
            self.short(Layer::Tunnel, view, 8);
            return None;
        };
        if flags & GRE_SEQUENCE == 0 {
            return None;
        }
        let skip = if more & GRE_ACKNOWLEDGEMENT != 0 { 8 } else { 4 };
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let payload = rest.skip(skip);
        if len > payload.len {
            self.note(Layer::Tunnel, MalformedKind::Length, view, len, payload.len);
        }
        let id = u32::from(u16::from_be_bytes([c0, c1]));
        Some((id, self.ppp(payload.limit(len))))
    }
}

/// What is behind an ERSPAN type III header and the subheader that its last bit announces.
fn erspan3(view: View<'_>) -> View<'_> {
    const SUBHEADER_LEN: usize = 8;
    let subheader = matches!(view.head::<ERSPAN3_HEADER_LEN>(), Some([.., last]) if last & 1 != 0);
    view.skip(ERSPAN3_HEADER_LEN + if subheader { SUBHEADER_LEN } else { 0 })
}
