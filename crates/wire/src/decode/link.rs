//! Link layers: each yields the EtherType of what it carries.

use super::numbers::ether;
use super::view::len16;
use super::{Decoder, View};
use crate::{Layer, LinkType, Mac, MalformedKind};

/// What a link layer carries: EtherType (0 when it has none that we know) and bytes.
pub(super) type Carried<'a> = (u16, View<'a>);

impl<'a> Decoder<'a, '_> {
    /// Reads the link layer; `None` for a type that we do not know. A frame that is too short
    /// carries EtherType 0.
    #[inline(always)]
    pub(super) fn link_layer(&mut self, link: LinkType, view: View<'a>) -> Option<Carried<'a>> {
        let carried = if link == LinkType::ETHERNET {
            self.ethernet(view)
        } else {
            self.rare_link(link, view)?
        };
        self.link.ether_type = carried.0;
        Some(carried)
    }

    #[inline(never)]
    fn rare_link(&mut self, link: LinkType, view: View<'a>) -> Option<Carried<'a>> {
        Some(match link {
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => self.raw_ip(view),
            LinkType::IPV4 => (ether::IPV4, view),
            LinkType::IPV6 => (ether::IPV6, view),
            LinkType::NULL | LinkType::LOOP => self.loopback(view),
            LinkType::LINUX_SLL => self.linux_cooked(view),
            LinkType::LINUX_SLL2 => self.linux_cooked_v2(view),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp(view),
            LinkType::FDDI => self.fddi(view),
            LinkType::NFLOG => self.netfilter_log(view),
            LinkType::IEEE802_11 => self.wlan(view),
            LinkType::IEEE802_11_PRISM => self.prism(view),
            LinkType::IEEE802_11_RADIOTAP => self.radiotap(view),
            _ => return None,
        })
    }

    /// Ethernet II or IEEE 802.3.
    #[inline(always)]
    pub(super) fn ethernet(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((header, rest)) = view.split::<14>() else {
            self.short(Layer::Link, view, 14);
            return (0, view);
        };
        let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = header;
        if self.outermost {
            self.link.dst = Some(Mac([d0, d1, d2, d3, d4, d5]));
            self.link.src = Some(Mac([s0, s1, s2, s3, s4, s5]));
        }
        let ether_type = u16::from_be_bytes([t0, t1]);
        if ether_type > ether::LENGTH_MAX {
            return (ether_type, rest);
        }
        self.ieee802_3(view, rest, usize::from(ether_type))
    }

    /// A frame with a length where Ethernet II has its type.
    #[cold]
    pub(super) fn ieee802_3(&mut self, at: View<'a>, rest: View<'a>, len: usize) -> Carried<'a> {
        if len > rest.len {
            self.note(Layer::Link, MalformedKind::Length, at, len, rest.len);
        }
        self.llc(rest.limit(len))
    }

    /// IEEE 802.2 LLC with SNAP.
    pub(super) fn llc(&mut self, view: View<'a>) -> Carried<'a> {
        match view.data {
            // An OUI of 0 says that an EtherType follows (RFC 1042), as does 00-00-F8 (IEEE
            // 802.1H).
            [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, t0, t1, ..] => {
                (u16::from_be_bytes([*t0, *t1]), view.skip(8))
            }
            // IP has a service access point of its own (RFC 948), though hardly anybody uses it.
            [0x06, 0x06, 0x03, ..] => (ether::IPV4, view.skip(3)),
            [_, _, _, ..] => (0, view),
            _ => {
                self.short(Layer::Link, view, 3);
                (0, view)
            }
        }
    }

    /// FDDI: frame control, addresses, LLC.
    fn fddi(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((header, rest)) = view.split::<13>() else {
            self.short(Layer::Link, view, 13);
            return (0, view);
        };
        let &[control, d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = header;
        self.link.dst = Some(Mac([d0, d1, d2, d3, d4, d5]));
        self.link.src = Some(Mac([s0, s1, s2, s3, s4, s5]));
        // Frames other than LLC manage the ring.
        if control & 0x30 == 0x10 { self.llc(rest) } else { (0, rest) }
    }

    /// Linux netfilter log: attributes (length, type, value padded to 4 bytes), of which one is
    /// the packet. Lengths are in the byte order of the capturing machine; types are
    /// small, so the byte that is 0 tells it.
    fn netfilter_log(&mut self, view: View<'a>) -> Carried<'a> {
        const PAYLOAD: u16 = 9;
        const ATTRIBUTES_MAX: usize = 32;
        let Some((&[family, ..], mut rest)) = view.split::<4>() else {
            self.short(Layer::Link, view, 4);
            return (0, view);
        };
        let ether_type = match family {
            2 => ether::IPV4,
            10 => ether::IPV6,
            _ => 0,
        };
        for _ in 0..ATTRIBUTES_MAX {
            let Some(&[l0, l1, k0, k1]) = rest.head() else { break };
            let little = k1 == 0;
            let number = if little { u16::from_le_bytes } else { u16::from_be_bytes };
            let (len, kind) = (usize::from(number([l0, l1])), number([k0, k1]));
            if len < 4 {
                break;
            }
            if kind == PAYLOAD {
                return (ether_type, rest.limit(len).skip(4));
            }
            rest = rest.skip(len.next_multiple_of(4));
        }
        (0, view)
    }

    /// IP without any link layer: the version says which.
    fn raw_ip(&mut self, view: View<'a>) -> Carried<'a> {
        match (view.data.first(), view.nibble()) {
            (_, 4) => (ether::IPV4, view),
            (_, 6) => (ether::IPV6, view),
            (None, _) => {
                self.short(Layer::Link, view, 1);
                (0, view)
            }
            (_, version) => {
                self.note(Layer::Link, MalformedKind::Version, view, 4, usize::from(version));
                (0, view)
            }
        }
    }

    /// BSD loopback: an address family, in either byte order.
    fn loopback(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((&family, rest)) = view.split::<4>() else {
            self.short(Layer::Link, view, 4);
            return (0, view);
        };
        let big = u32::from_be_bytes(family);
        match if big > 0xffff { big.swap_bytes() } else { big } {
            2 => (ether::IPV4, rest),
            // Linux; NetBSD and OpenBSD; FreeBSD; Darwin.
            10 | 24 | 28 | 30 => (ether::IPV6, rest),
            _ => (0, rest),
        }
    }

    /// Linux cooked capture: packet type, ARPHRD type, address, protocol.
    fn linux_cooked(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((header, rest)) = view.split::<16>() else {
            self.short(Layer::Link, view, 16);
            return (0, view);
        };
        let &[_, _, h0, h1, _, len, a0, a1, a2, a3, a4, a5, _, _, p0, p1] = header;
        self.cooked_source(len, Mac([a0, a1, a2, a3, a4, a5]));
        self.cooked([h0, h1], [p0, p1], rest)
    }

    /// Linux cooked capture, second version.
    fn linux_cooked_v2(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((header, rest)) = view.split::<20>() else {
            self.short(Layer::Link, view, 20);
            return (0, view);
        };
        let &[p0, p1, _, _, _, _, _, _, h0, h1, _, len, a0, a1, a2, a3, a4, a5, _, _] = header;
        self.cooked_source(len, Mac([a0, a1, a2, a3, a4, a5]));
        self.cooked([h0, h1], [p0, p1], rest)
    }

    fn cooked_source(&mut self, len: u8, mac: Mac) {
        if len == 6 && !mac.is_zero() {
            self.link.src = Some(mac);
        }
    }

    /// What a cooked header's protocol means for its kind of device.
    fn cooked(&mut self, device: [u8; 2], protocol: [u8; 2], rest: View<'a>) -> Carried<'a> {
        /// Devices whose protocol field is no EtherType: netlink, IEEE 802.11 of three kinds,
        /// IEEE 802.15.4.
        const NOT_ETHER_TYPES: [u16; 5] = [824, 801, 802, 803, 804];
        /// IEEE 802.2 LLC without a type.
        const PROTOCOL_LLC: u16 = 4;
        let protocol = u16::from_be_bytes(protocol);
        if NOT_ETHER_TYPES.contains(&u16::from_be_bytes(device)) {
            (0, rest)
        } else if protocol == PROTOCOL_LLC {
            self.llc(rest)
        } else if protocol > ether::LENGTH_MAX {
            (protocol, rest)
        } else {
            (0, rest)
        }
    }

    /// PPP, with or without address and control bytes (RFC 1662), and with a protocol field of
    /// two bytes or one.
    pub(super) fn ppp(&mut self, view: View<'a>) -> Carried<'a> {
        let view = if let [0xff, 0x03, ..] = view.data { view.skip(2) } else { view };
        let (protocol, rest) = match *view.data {
            // Protocol numbers are odd in their last byte and even in their first.
            [p, ..] if p & 1 == 1 => (u16::from(p), view.skip(1)),
            [p0, p1, ..] => (u16::from_be_bytes([p0, p1]), view.skip(2)),
            _ => {
                self.short(Layer::Ppp, view, 2);
                return (ether::PPP, view);
            }
        };
        let ether_type = match protocol {
            0x0021 => ether::IPV4,
            0x0057 => ether::IPV6,
            0x0281 => ether::MPLS,
            0x0283 => ether::MPLS_MULTICAST,
            _ => ether::PPP,
        };
        (ether_type, rest)
    }

    /// A PPPoE session (RFC 2516), from its own header on.
    pub(super) fn pppoe(&mut self, view: View<'a>) -> Option<Carried<'a>> {
        let Some((&[version_type, _, _, _, l0, l1], rest)) = view.split::<6>() else {
            self.short(Layer::Ppp, view, 6);
            return None;
        };
        if version_type != 0x11 {
            self.note(Layer::Ppp, MalformedKind::Version, view, 0x11, usize::from(version_type));
            return None;
        }
        let len = len16([l0, l1]);
        if len > rest.len {
            self.note(Layer::Ppp, MalformedKind::Length, view, len, rest.len);
        }
        Some(self.ppp(rest.limit(len)))
    }
}
