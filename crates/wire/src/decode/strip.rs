//! What stands between a link layer and a network layer: VLAN and other tags, MPLS label stacks,
//! PPPoE sessions, service headers, and Ethernet carried inside any of these.

use super::link::Carried;
use super::numbers::ether;
use super::{Decoder, View};
use crate::{Layer, MalformedKind};

/// VLAN tags that are followed in one frame.
const TAGS_MAX: u8 = 16;
/// MPLS labels that are followed in one stack.
const LABELS_MAX: usize = 16;

impl<'a> Decoder<'a, '_> {
    /// Removes tags, label stacks and sessions until a network layer or something unknown is left.
    pub(super) fn strip(&mut self, ether_type: u16, view: View<'a>) -> Carried<'a> {
        let (mut ether_type, mut view) = (ether_type, view);
        let mut tags = 0;
        loop {
            let inner = match ether_type {
                ether::VLAN | ether::SERVICE_VLAN | ether::OLD_VLAN_1 | ether::OLD_VLAN_2 => {
                    tags += 1;
                    self.vlan(tags, view)
                }
                ether::VN_TAG => self.tag::<6>(view),
                ether::E_TAG => self.tag::<8>(view),
                ether::MPLS | ether::MPLS_MULTICAST => self.session(Layer::Mpls, view, Self::mpls),
                ether::PPPOE_SESSION => self.session(Layer::Ppp, view, Self::pppoe),
                ether::NSH => self.session(Layer::Link, view, Self::nsh),
                ether::BRIDGED => self.session(Layer::Link, view, Self::bridged),
                // The service instance or the forwarding tag stands before the inner addresses.
                ether::BACKBONE => self.session(Layer::Link, view.skip(4), Self::bridged),
                ether::FABRIC_PATH => self.session(Layer::Link, view.skip(2), Self::bridged),
                _ => return (ether_type, view),
            };
            let Some(inner) = inner else { return (ether_type, view) };
            (ether_type, view) = inner;
        }
    }

    /// Opens something that leaves the outermost link layer.
    fn session(
        &mut self,
        layer: Layer,
        view: View<'a>,
        open: impl FnOnce(&mut Self, View<'a>) -> Option<Carried<'a>>,
    ) -> Option<Carried<'a>> {
        self.outermost = false;
        if self.deeper(layer, view) { open(self, view) } else { None }
    }

    /// A VLAN tag (IEEE 802.1Q): `tag` counts from 1.
    fn vlan(&mut self, tag: u8, view: View<'a>) -> Option<Carried<'a>> {
        if tag > TAGS_MAX {
            let max = usize::from(TAGS_MAX);
            self.note(Layer::Vlan, MalformedKind::TooDeep, view, max, max + 1);
            return None;
        }
        let Some((&[c0, c1, t0, t1], rest)) = view.split::<4>() else {
            self.short(Layer::Vlan, view, 4);
            return None;
        };
        let ether_type = u16::from_be_bytes([t0, t1]);
        let inner = if ether_type > ether::LENGTH_MAX {
            (ether_type, rest)
        } else {
            self.ieee802_3(view, rest, usize::from(ether_type))
        };
        if self.outermost {
            let id = u16::from_be_bytes([c0, c1]) & 0x0fff;
            if let Some(slot) = self.link.vlan.get_mut(usize::from(tag - 1)) {
                *slot = id;
            }
            self.link.vlan_tags = tag;
            self.link.ether_type = inner.0;
        }
        Some(inner)
    }

    /// A tag of `N` bytes that end with an EtherType.
    fn tag<const N: usize>(&mut self, view: View<'a>) -> Option<Carried<'a>> {
        let Some(&[t0, t1]) = view.skip(N - 2).head() else {
            self.short(Layer::Vlan, view, N);
            return None;
        };
        Some((u16::from_be_bytes([t0, t1]), view.skip(N)))
    }

    /// Ethernet inside something else.
    fn bridged(&mut self, view: View<'a>) -> Option<Carried<'a>> {
        Some(self.ethernet(view)).filter(|inner| inner.0 != 0)
    }

    /// A Network Service Header (RFC 8300): its length counts words of 4 bytes.
    fn nsh(&mut self, view: View<'a>) -> Option<Carried<'a>> {
        let Some(&[_, flags_len, _, next]) = view.head() else {
            self.short(Layer::Link, view, 8);
            return None;
        };
        let len = usize::from(flags_len & 0x3f) * 4;
        if len < 8 {
            self.note(Layer::Link, MalformedKind::Length, view, 8, len);
            return None;
        }
        let ether_type = match next {
            1 => ether::IPV4,
            2 => ether::IPV6,
            3 => ether::BRIDGED,
            5 => ether::MPLS,
            _ => return None,
        };
        Some((ether_type, view.skip(len)))
    }

    /// An MPLS label stack (RFC 3032). It does not say what it carries: the first four bits behind
    /// it do, as routers guess too (RFC 4928).
    fn mpls(&mut self, view: View<'a>) -> Option<Carried<'a>> {
        let mut rest = view;
        for _ in 0..LABELS_MAX {
            let Some((&[_, _, bottom, _], next)) = rest.split::<4>() else {
                self.short(Layer::Mpls, rest, 4);
                return None;
            };
            rest = next;
            if bottom & 1 != 0 {
                return under_labels(rest);
            }
        }
        self.note(Layer::Mpls, MalformedKind::TooDeep, view, LABELS_MAX, LABELS_MAX + 1);
        None
    }
}

/// What a label stack carries; `None` when nothing fits.
fn under_labels(view: View<'_>) -> Option<Carried<'_>> {
    match view.nibble() {
        // A pseudowire may carry Ethernet whose address begins like an IP version; its type
        // field decides when the IP header does not fit.
        4 if fits_ipv4(view) || !looks_like_ethernet(view) => Some((ether::IPV4, view)),
        6 if fits_ipv6(view) || !looks_like_ethernet(view) => Some((ether::IPV6, view)),
        // Control word of a pseudowire (RFC 4385); 1 would be its associated channel.
        0 if looks_like_ethernet(view.skip(4)) => Some((ether::BRIDGED, view.skip(4))),
        _ if looks_like_ethernet(view) => Some((ether::BRIDGED, view)),
        _ => None,
    }
}

/// True when an IPv4 header is there whose lengths fit.
pub(super) fn fits_ipv4(view: View<'_>) -> bool {
    let Some(&[b0, _, l0, l1]) = view.head() else { return false };
    let header_len = usize::from(b0 & 0xf) * 4;
    let total_len = usize::from(u16::from_be_bytes([l0, l1]));
    b0 >> 4 == 4 && header_len >= 20 && (header_len..=view.len).contains(&total_len)
}

/// True when an IPv6 header is there whose length fits.
pub(super) fn fits_ipv6(view: View<'_>) -> bool {
    let Some(&[b0, _, _, _, l0, l1]) = view.head() else { return false };
    b0 >> 4 == 6 && usize::from(u16::from_be_bytes([l0, l1])) + 40 <= view.len
}

/// True when there is Ethernet with an IP packet that fits.
pub(super) fn bridges_ip(view: View<'_>) -> bool {
    let inner = view.skip(14);
    match view.head::<14>() {
        Some([.., 0x08, 0x00]) => fits_ipv4(inner),
        Some([.., 0x86, 0xdd]) => fits_ipv6(inner),
        _ => false,
    }
}

/// True when there is an Ethernet header whose type or length makes sense.
pub(super) fn looks_like_ethernet(view: View<'_>) -> bool {
    let Some((&[.., t0, t1], rest)) = view.split::<14>() else { return false };
    match u16::from_be_bytes([t0, t1]) {
        ether::IPV4 => rest.data.is_empty() || rest.nibble() == 4,
        ether::IPV6 => rest.data.is_empty() || rest.nibble() == 6,
        ether::ARP
        | ether::RARP
        | ether::VLAN
        | ether::SERVICE_VLAN
        | ether::OLD_VLAN_1
        | ether::MPLS
        | ether::PPPOE_SESSION
        // PPPoE discovery, LACP, EAPOL, LLDP, loop test.
        | 0x8863
        | 0x8809
        | 0x888e
        | 0x88cc
        | 0x9000 => true,
        len if len <= ether::LENGTH_MAX => len >= 3 && usize::from(len) <= rest.len,
        _ => false,
    }
}
