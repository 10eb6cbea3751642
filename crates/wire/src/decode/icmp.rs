//! ICMP (RFC 792) and ICMPv6 (RFC 4443), with the packets that errors quote.

use super::ip6::{addresses_of, extension_header};
use super::numbers::proto;
use super::{Decoder, View};
use crate::{Addr, Icmp, Layer, MalformedKind, Quoted, Transport};

const HEADER_LEN: usize = 8;
/// Extension headers that are followed inside a quoted packet.
const QUOTED_EXTENSIONS_MAX: usize = 8;

impl<'a> Decoder<'a, '_> {
    /// Decodes ICMP of either version. Type and code are told even of a header that is cut.
    pub(super) fn icmp(&mut self, v6: bool, view: View<'a>) -> (Transport, View<'a>) {
        let payload = view.skip(HEADER_LEN);
        let mut icmp = Icmp { v6, kind: 0, code: 0, id: 0, seq: 0, quoted: None };
        if view.data.len() < HEADER_LEN {
            self.short(Layer::Icmp, view, HEADER_LEN);
        }
        let Some(&[kind, code]) = view.head() else { return (Transport::Other, view) };
        (icmp.kind, icmp.code) = (kind, code);
        if let Some(&[_, _, _, _, i0, i1, s0, s1]) = view.head()
            && (icmp.is_echo_request() || icmp.is_echo_reply())
        {
            icmp.id = u16::from_be_bytes([i0, i1]);
            icmp.seq = u16::from_be_bytes([s0, s1]);
        }
        if icmp.is_error() {
            icmp.quoted = quoted(v6, payload);
            if icmp.quoted.is_none() && is_known_error(&icmp) {
                self.bad_quote(v6, view, payload);
            }
        }
        (Transport::Icmp(icmp), payload)
    }

    fn bad_quote(&mut self, v6: bool, view: View<'a>, payload: View<'a>) {
        let (needed, version) = if v6 { (40, 6) } else { (20, 4) };
        if payload.data.len() < needed {
            self.short(Layer::Icmp, view, HEADER_LEN + needed);
        } else {
            let had = usize::from(payload.nibble());
            self.note(Layer::Icmp, MalformedKind::Version, view, version, had);
        }
    }
}

/// Error types that must quote. ICMPv6 reserves others that nobody uses.
const fn is_known_error(icmp: &Icmp) -> bool {
    !icmp.v6 || matches!(icmp.kind, 1..=4)
}

/// True for the types of [`Icmp::is_error`].
pub(super) const fn is_error(v6: bool, kind: u8) -> bool {
    Icmp { v6, kind, code: 0, id: 0, seq: 0, quoted: None }.is_error()
}

/// The addresses, protocol and ports of a quoted packet, as far as it was quoted.
fn quoted(v6: bool, payload: View<'_>) -> Option<Quoted> {
    let (src, dst) = quoted_addresses(v6, payload)?;
    let (proto, behind) = if v6 { upper_v6(payload)? } else { upper_v4(payload)? };
    let mut quoted = Quoted { src, dst, proto, src_port: 0, dst_port: 0 };
    if let Some(&[s0, s1, d0, d1]) = behind.and_then(View::head) {
        quoted.src_port = u16::from_be_bytes([s0, s1]);
        quoted.dst_port = u16::from_be_bytes([d0, d1]);
    }
    Some(quoted)
}

/// The addresses of a quoted packet.
pub(super) fn quoted_addresses(v6: bool, payload: View<'_>) -> Option<(Addr, Addr)> {
    if v6 {
        let &[b0, _, _, _, _, _, _, _, ref addresses @ ..] = payload.head::<40>()?;
        return if b0 >> 4 == 6 { addresses_of(addresses) } else { None };
    }
    let &[b0, _, _, _, _, _, _, _, _, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = payload.head()?;
    (b0 >> 4 == 4).then_some((Addr::v4([s0, s1, s2, s3]), Addr::v4([d0, d1, d2, d3])))
}

/// Protocol of a quoted IPv4 packet, and where its ports are if it has some.
fn upper_v4(packet: View<'_>) -> Option<(u8, Option<View<'_>>)> {
    let &[b0, _, _, _, _, _, f0, f1, _, proto] = packet.head()?;
    let first = u16::from_be_bytes([f0 & 0x1f, f1]) == 0;
    let behind = packet.skip(usize::from(b0 & 0xf) * 4);
    Some((proto, (first && has_ports(proto)).then_some(behind)))
}

/// Protocol of a quoted IPv6 packet behind its extension headers, and where its ports are.
fn upper_v6(packet: View<'_>) -> Option<(u8, Option<View<'_>>)> {
    let &[_, _, _, _, _, _, first, _] = packet.head()?;
    let (mut next, mut view) = (first, packet.skip(40));
    for _ in 0..QUOTED_EXTENSIONS_MAX {
        match next {
            proto::FRAGMENT => {
                let Some(&[upper, _, o0, o1]) = view.head() else { break };
                if u16::from_be_bytes([o0, o1]) & 0xfff8 != 0 {
                    return Some((upper, None));
                }
                (next, view) = (upper, view.skip(8));
            }
            proto::HOP_BY_HOP | proto::ROUTING | proto::DESTINATION | proto::AH => {
                let Some((upper, len)) = extension_header(next, view) else { break };
                (next, view) = (upper, view.skip(len));
            }
            _ => break,
        }
    }
    Some((next, has_ports(next).then_some(view)))
}

/// Protocols whose header begins with two ports.
const fn has_ports(proto: u8) -> bool {
    matches!(proto, proto::TCP | proto::UDP | proto::DCCP | proto::SCTP | proto::UDP_LITE)
}
