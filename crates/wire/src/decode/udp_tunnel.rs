//! Tunnels on UDP: VXLAN, GENEVE, GTP-U and Teredo. A port alone proves nothing, so each is opened
//! only when the header and the packet inside it fit too; otherwise it stays plain UDP.

use super::link::Carried;
use super::numbers::{ether, port, proto};
use super::strip::{bridges_ip, fits_ipv4, fits_ipv6, looks_like_ethernet};
use super::{Decoder, Head, View};
use crate::{TunnelKind, Udp};

/// GTP-U extension headers that are followed in one packet.
const GTP_EXTENSIONS_MAX: usize = 8;

/// Kind, id and what is carried.
type Inside<'a> = (TunnelKind, u32, Carried<'a>);

impl<'a> Decoder<'a, '_> {
    /// Opens a tunnel on UDP when port and content are those of one; true when it did.
    #[inline]
    pub(super) fn udp_tunnel(&mut self, head: &Head, udp: Udp, payload: View<'a>) -> bool {
        match [udp.dst_port, udp.src_port].into_iter().find(|port| is_tunnel(*port)) {
            Some(port) => self.udp_tunnel_on(port, head, payload),
            None => false,
        }
    }

    #[inline(never)]
    fn udp_tunnel_on(&mut self, port: u16, head: &Head, payload: View<'a>) -> bool {
        let inside = match port {
            port::VXLAN | port::VXLAN_LINUX => vxlan(payload),
            port::VXLAN_GPE => vxlan_gpe(payload),
            port::GENEVE => geneve(payload),
            port::GTP_U => gtp_u(payload),
            port::GRE => self.gre_in_udp(payload),
            _ => teredo(payload),
        };
        match inside {
            Some((kind, id, carried)) => self.open(kind, head, id, carried),
            None => false,
        }
    }
}

#[inline]
const fn is_tunnel(port: u16) -> bool {
    matches!(
        port,
        port::VXLAN
            | port::VXLAN_LINUX
            | port::VXLAN_GPE
            | port::GENEVE
            | port::GTP_U
            | port::GRE
            | port::TEREDO
    )
}

/// VXLAN (RFC 7348). Reserved bits must be ignored and extensions use them, so when some are set
/// the packet inside has to fit exactly.
fn vxlan(view: View<'_>) -> Option<Inside<'_>> {
    let (&[flags, _, _, _, v0, v1, v2, reserved], inner) = view.split::<8>()?;
    let plain = flags & 0x7f == 0x08 && reserved == 0 && looks_like_ethernet(inner);
    let fits = plain || (flags & 0x08 != 0 && bridges_ip(inner));
    let id = u32::from_be_bytes([0, v0, v1, v2]);
    fits.then_some((TunnelKind::Vxlan, id, (ether::BRIDGED, inner)))
}

/// VXLAN with the protocol extension: the header says what it carries.
fn vxlan_gpe(view: View<'_>) -> Option<Inside<'_>> {
    let (&[flags, _, _, next, v0, v1, v2, _], inner) = view.split::<8>()?;
    let carried = match next {
        1 if fits_ipv4(inner) => (ether::IPV4, inner),
        2 if fits_ipv6(inner) => (ether::IPV6, inner),
        3 if looks_like_ethernet(inner) => (ether::BRIDGED, inner),
        _ => return None,
    };
    let id = u32::from_be_bytes([0, v0, v1, v2]);
    (flags & 0xfc == 0x0c).then_some((TunnelKind::Vxlan, id, carried))
}

/// GENEVE (RFC 8926), version 0.
fn geneve(view: View<'_>) -> Option<Inside<'_>> {
    let (&[version_len, flags, p0, p1, v0, v1, v2, reserved], rest) = view.split::<8>()?;
    if version_len >> 6 != 0 || flags & 0x3f != 0 || reserved != 0 {
        return None;
    }
    let inner = rest.skip(usize::from(version_len & 0x3f) * 4);
    let ether_type = u16::from_be_bytes([p0, p1]);
    let fits = match ether_type {
        ether::BRIDGED => looks_like_ethernet(inner),
        ether::IPV4 => fits_ipv4(inner),
        ether::IPV6 => fits_ipv6(inner),
        ether::ARP => inner.len >= 28,
        _ => false,
    };
    fits.then_some((TunnelKind::Geneve, u32::from_be_bytes([0, v0, v1, v2]), (ether_type, inner)))
}

/// A G-PDU of GTP-U version 1 (3GPP TS 29.281 section 5.1).
fn gtp_u(view: View<'_>) -> Option<Inside<'_>> {
    const G_PDU: u8 = 255;
    const EXTENSION: u8 = 0x04;
    const ANY_OPTION: u8 = 0x07;
    let (&[flags, message, l0, l1, t0, t1, t2, t3], rest) = view.split::<8>()?;
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    if flags & 0xf0 != 0x30 || message != G_PDU || len > rest.len {
        return None;
    }
    let mut inner = rest.limit(len);
    if flags & ANY_OPTION != 0 {
        let (&[_, _, _, next], behind) = inner.split::<4>()?;
        inner = if flags & EXTENSION != 0 { gtp_extensions(next, behind)? } else { behind };
    }
    let id = u32::from_be_bytes([t0, t1, t2, t3]);
    Some((TunnelKind::GtpU, id, ip_inside(inner)?))
}

/// What is behind the chain of GTP-U extension headers.
fn gtp_extensions(next: u8, view: View<'_>) -> Option<View<'_>> {
    let (mut next, mut view) = (next, view);
    for _ in 0..GTP_EXTENSIONS_MAX {
        if next == 0 {
            return Some(view);
        }
        // The length counts words of 4 bytes; the last byte is the next type.
        let len = usize::from(*view.data.first()?) * 4;
        next = *view.data.get(len.checked_sub(1)?)?;
        view = view.skip(len);
    }
    None
}

/// Teredo (RFC 4380 section 5.1.1): IPv6, after an authentication and an origin header or not.
fn teredo(view: View<'_>) -> Option<Inside<'_>> {
    let mut inner = view;
    if let Some(&[0, 1, id_len, auth_len]) = inner.head() {
        // Nonce and confirmation byte follow the two variable fields.
        inner = inner.skip(4 + usize::from(id_len) + usize::from(auth_len) + 9);
    }
    if let Some([0, 0]) = inner.head() {
        inner = inner.skip(8);
    }
    let &[b0, _, _, _, l0, l1, next, _] = inner.head()?;
    let len = usize::from(u16::from_be_bytes([l0, l1])) + 40;
    // A bubble has no payload at all; trailers may follow others.
    let fits = b0 >> 4 == 6 && len <= inner.len && (next != proto::NO_NEXT || len == 40);
    fits.then_some((TunnelKind::Teredo, 0, (ether::IPV6, inner)))
}

/// The EtherType of an IP packet that fits its place.
fn ip_inside(view: View<'_>) -> Option<Carried<'_>> {
    if fits_ipv4(view) {
        Some((ether::IPV4, view))
    } else if fits_ipv6(view) {
        Some((ether::IPV6, view))
    } else {
        None
    }
}
