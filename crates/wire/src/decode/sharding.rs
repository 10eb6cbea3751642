//! The addresses by which frames are shared out among workers.

use super::icmp::{is_error, quoted_addresses};
use super::ip6::{addresses_of, extension_header};
use super::numbers::{ether, proto};
use super::{Decoder, View};
use crate::{Addr, Body, RawFrame};

/// Extension headers that are passed on the way to ICMPv6.
const EXTENSIONS_MAX: usize = 16;

/// The pair of addresses that decides which worker a frame belongs to: those of the outermost IP
/// header (of an ICMP error: those of the packet it quotes), or none.
///
/// A fragment gives the pair of its own header even when it belongs to an ICMP error, because only
/// the first of them could quote.
#[inline]
pub fn flow_addresses(frame: &RawFrame<'_>) -> Option<(Addr, Addr)> {
    let mut body = Body::UnknownLink;
    let mut decoder = Decoder::new(frame.data, &mut body);
    let (ether_type, view) = decoder.link_layer(frame.link, View::of_frame(frame))?;
    match ether_type {
        ether::IPV4 => addresses_v4(view),
        ether::IPV6 => addresses_v6(view),
        _ => behind_tags(&mut decoder, ether_type, view),
    }
}

#[inline(never)]
fn behind_tags<'a>(
    decoder: &mut Decoder<'a, '_>,
    ether_type: u16,
    view: View<'a>,
) -> Option<(Addr, Addr)> {
    let (ether_type, view) = decoder.strip(ether_type, view);
    match ether_type {
        ether::IPV4 => addresses_v4(view),
        ether::IPV6 => addresses_v6(view),
        _ => None,
    }
}

#[inline]
fn addresses_v4(view: View<'_>) -> Option<(Addr, Addr)> {
    let &[b0, _, _, _, _, _, f0, f1, _, proto, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        view.head()?;
    if !(0x45..=0x4f).contains(&b0) {
        return None;
    }
    let own = (Addr::v4([s0, s1, s2, s3]), Addr::v4([d0, d1, d2, d3]));
    let fragment = u16::from_be_bytes([f0, f1]) & 0x3fff != 0;
    if proto == proto::ICMP && !fragment {
        return about_v4(view, usize::from(b0 & 0xf) * 4).or(Some(own));
    }
    Some(own)
}

/// The pair that an ICMP error is about.
#[inline(never)]
fn about_v4(view: View<'_>, header_len: usize) -> Option<(Addr, Addr)> {
    about(false, view.skip(header_len))
}

fn about(v6: bool, icmp: View<'_>) -> Option<(Addr, Addr)> {
    let (&[kind, ..], quoted) = icmp.split::<8>()?;
    if is_error(v6, kind) { quoted_addresses(v6, quoted) } else { None }
}

#[inline]
fn addresses_v6(view: View<'_>) -> Option<(Addr, Addr)> {
    let (&[b0, _, _, _, _, _, next, _, ref addresses @ ..], rest) = view.split::<40>()?;
    if b0 >> 4 != 6 {
        return None;
    }
    let own = addresses_of(addresses)?;
    match next {
        proto::TCP | proto::UDP => Some(own),
        _ => about_v6(next, rest).or(Some(own)),
    }
}

/// The pair that an ICMPv6 error is about, behind whatever extension headers.
#[inline(never)]
fn about_v6(next: u8, view: View<'_>) -> Option<(Addr, Addr)> {
    let (mut next, mut view) = (next, view);
    for _ in 0..EXTENSIONS_MAX {
        let len = match next {
            proto::ICMPV6 => return about(true, view),
            proto::HOP_BY_HOP
            | proto::ROUTING
            | proto::DESTINATION
            | proto::AH
            | proto::MOBILITY
            | proto::HIP
            | proto::SHIM6 => extension_header(next, view)?.1,
            // An atomic fragment is a whole packet (RFC 6946).
            proto::FRAGMENT if matches!(view.head(), Some([_, _, 0, o]) if o & 0xf9 == 0) => 8,
            _ => return None,
        };
        next = *view.data.first()?;
        view = view.skip(len);
    }
    None
}
