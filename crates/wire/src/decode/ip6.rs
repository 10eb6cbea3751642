//! IPv6 and its extension headers (RFC 8200), and the authentication header of both versions.

use super::numbers::{ether, proto};
use super::view::{len16, len32};
use super::{Decoder, Head, View};
use crate::{Addr, Fragment, Layer, MalformedKind, Transport};

const HEADER_LEN: usize = 40;
/// Extension headers that are followed in one packet.
const EXTENSIONS_MAX: usize = 16;
/// What Ethernet pads to a frame of 60 bytes behind an IPv6 header without payload.
const PADDING_MAX: usize = 6;

/// What the extension headers led to.
pub(super) enum Behind<'a> {
    /// An upper-layer header.
    Upper(u8, View<'a>),
    /// A fragment of one.
    Fragment(u8, Fragment, View<'a>),
    /// An extension header (its number) that cannot be read.
    Unread(u8, View<'a>),
}

impl<'a> Decoder<'a, '_> {
    /// Decodes an IPv6 packet and what it carries.
    pub(super) fn ipv6(&mut self, view: View<'a>) {
        let Some((header, rest)) = view.split::<HEADER_LEN>() else {
            self.short(Layer::Ipv6, view, HEADER_LEN);
            return self.not_read(ether::IPV6);
        };
        let &[b0, b1, _, _, l0, l1, next, ttl, ref addresses @ ..] = header;
        if b0 >> 4 != 6 {
            self.note(Layer::Ipv6, MalformedKind::Version, view, 6, usize::from(b0 >> 4));
            return self.not_read(ether::IPV6);
        }
        let len = self.ipv6_length(view, rest, len16([l0, l1]), next);
        let Some((src, dst)) = addresses_of(addresses) else {
            return self.not_read(ether::IPV6);
        };
        let head = Head {
            src,
            dst,
            version: 6,
            ttl,
            tos: b0 << 4 | b1 >> 4,
            proto: next,
            total_len: len32(HEADER_LEN + len),
        };
        self.behind_ipv6(head, rest.claimed(len));
    }

    /// Length of the payload. Jumbograms (RFC 2675) and segmentation offload leave 0 in the field;
    /// the frame then says the length.
    fn ipv6_length(&mut self, view: View<'a>, rest: View<'a>, field: usize, next: u8) -> usize {
        if field > rest.len {
            let needed = HEADER_LEN + field;
            self.note(Layer::Ipv6, MalformedKind::Length, view, needed, view.len);
        }
        let unsaid = field == 0
            && next != proto::NO_NEXT
            && (next == proto::HOP_BY_HOP || rest.len > PADDING_MAX);
        if unsaid { rest.len } else { field }
    }

    /// Follows the extension headers and decodes what is behind them.
    #[inline]
    pub(super) fn behind_ipv6(&mut self, mut head: Head, view: View<'a>) {
        if matches!(head.proto, proto::TCP | proto::UDP | proto::ICMPV6) {
            return self.transport(head, view);
        }
        match self.extensions(head.proto, view) {
            Behind::Upper(proto, payload) => {
                head.proto = proto;
                self.transport(head, payload);
            }
            Behind::Fragment(proto, fragment, payload) => {
                head.proto = proto;
                self.check_fragment(Layer::Ipv6, view, fragment, payload.len);
                self.finish_fragment(head, fragment, payload);
            }
            Behind::Unread(proto, payload) => {
                head.proto = proto;
                self.finish(head, Transport::Other, payload);
            }
        }
    }

    /// Follows extension headers from the one numbered `next`.
    pub(super) fn extensions(&mut self, next: u8, view: View<'a>) -> Behind<'a> {
        let (mut next, mut view) = (next, view);
        for count in 0..EXTENSIONS_MAX {
            if !is_extension(next) {
                return Behind::Upper(next, view);
            }
            if next == proto::HOP_BY_HOP && count > 0 {
                // It must be the first (RFC 8200 section 4.1).
                self.note(Layer::Ipv6, MalformedKind::Option, view, 0, count);
            }
            if next == proto::FRAGMENT {
                let Some((upper, fragment, rest)) = fragment_header(view) else {
                    self.short(Layer::Ipv6, view, 8);
                    return Behind::Unread(next, view);
                };
                if fragment.more || fragment.offset > 0 {
                    return Behind::Fragment(upper, fragment, rest);
                }
                // An atomic fragment is a whole packet (RFC 6946).
                (next, view) = (upper, rest);
                continue;
            }
            let Some((upper, len)) = extension_header(next, view) else {
                self.short(Layer::Ipv6, view, 8);
                return Behind::Unread(next, view);
            };
            let signalling = matches!(next, proto::MOBILITY | proto::HIP | proto::SHIM6);
            if signalling && upper == proto::NO_NEXT {
                return Behind::Upper(next, view);
            }
            if len > view.data.len() {
                self.short(Layer::Ipv6, view, len);
                return Behind::Unread(next, view);
            }
            if matches!(next, proto::HOP_BY_HOP | proto::DESTINATION) {
                self.ipv6_options(view, len);
            }
            (next, view) = (upper, view.skip(len));
        }
        self.note(Layer::Ipv6, MalformedKind::TooDeep, view, EXTENSIONS_MAX, EXTENSIONS_MAX + 1);
        Behind::Unread(next, view)
    }

    /// Checks the options of a hop-by-hop or destination header of `len` bytes.
    fn ipv6_options(&mut self, header: View<'a>, len: usize) {
        let mut options = header.limit(len).skip(2).data;
        while let Some((&kind, rest)) = options.split_first() {
            if kind == 0 {
                options = rest;
                continue;
            }
            let len = rest.first().map_or(2, |len| usize::from(*len) + 2);
            let Some(next) = options.get(len..) else {
                self.note(Layer::Ipv6, MalformedKind::Option, header, len, options.len());
                return;
            };
            options = next;
        }
    }
}

/// The two addresses of an IPv6 header.
pub(super) fn addresses_of(bytes: &[u8; 32]) -> Option<(Addr, Addr)> {
    let (src, dst) = bytes.split_first_chunk::<16>()?;
    Some((Addr::v6(*src), Addr::v6(*dst.first_chunk::<16>()?)))
}

fn is_extension(next: u8) -> bool {
    matches!(
        next,
        proto::HOP_BY_HOP
            | proto::ROUTING
            | proto::FRAGMENT
            | proto::AH
            | proto::DESTINATION
            | proto::MOBILITY
            | proto::HIP
            | proto::SHIM6
    )
}

/// The next header's number and the length in bytes of this one.
pub(super) fn extension_header(kind: u8, view: View<'_>) -> Option<(u8, usize)> {
    let &[next, len] = view.head::<2>()?;
    let len = usize::from(len);
    // The authentication header counts words of 4 bytes, less 2 (RFC 4302 section 2.2).
    Some((next, if kind == proto::AH { (len + 2) * 4 } else { (len + 1) * 8 }))
}

fn fragment_header(view: View<'_>) -> Option<(u8, Fragment, View<'_>)> {
    let (&[next, _, o0, o1, i0, i1, i2, i3], rest) = view.split::<8>()?;
    let bits = u16::from_be_bytes([o0, o1]);
    let fragment = Fragment {
        id: u32::from_be_bytes([i0, i1, i2, i3]),
        offset: u32::from(bits & 0xfff8),
        more: bits & 1 != 0,
    };
    Some((next, fragment, rest))
}
