//! IPv4 (RFC 791).

use super::numbers::ether;
use super::view::{len16, len32};
use super::{Decoder, Head, View};
use crate::{Addr, Fragment, Layer, MalformedKind, Transport};

const HEADER_LEN: usize = 20;
/// Flag "more fragments" in the 16 bits of flags and offset.
const MORE_FRAGMENTS: u16 = 0x2000;
/// Offset in units of 8 bytes in the 16 bits of flags and offset.
const OFFSET_MASK: u16 = 0x1fff;
/// Longest IPv4 datagram in bytes.
const DATAGRAM_MAX: usize = 65_535;

impl<'a> Decoder<'a, '_> {
    /// Decodes an IPv4 packet and what it carries.
    #[inline(always)]
    pub(super) fn ipv4(&mut self, view: View<'a>) {
        let Some(header) = view.head::<HEADER_LEN>() else {
            self.short(Layer::Ipv4, view, HEADER_LEN);
            return self.not_read(ether::IPV4);
        };
        let &[version_ihl, tos, l0, l1, i0, i1, f0, f1, ttl, proto, _, _, ref addresses @ ..] =
            header;
        let [s0, s1, s2, s3, d0, d1, d2, d3] = *addresses;
        let header_len = usize::from(version_ihl & 0xf) * 4;
        if version_ihl >> 4 != 4 || header_len < HEADER_LEN {
            self.bad_ipv4(view, version_ihl);
            return self.not_read(ether::IPV4);
        }
        let total_len = self.ipv4_length(view, len16([l0, l1]), header_len);
        let head = Head {
            src: Addr::v4([s0, s1, s2, s3]),
            dst: Addr::v4([d0, d1, d2, d3]),
            version: 4,
            ttl,
            tos,
            proto,
            total_len: len32(total_len),
        };
        let packet = view.claimed(total_len);
        if header_len > HEADER_LEN && !self.ipv4_options(packet, header_len) {
            return self.finish(head, Transport::Other, packet.skip(header_len));
        }
        let payload = packet.skip(header_len);
        let flags = u16::from_be_bytes([f0, f1]);
        if flags & (MORE_FRAGMENTS | OFFSET_MASK) != 0 {
            let id = u16::from_be_bytes([i0, i1]);
            return self.ipv4_fragment(head, view, id, flags, payload);
        }
        self.transport(head, payload);
    }

    #[cold]
    fn bad_ipv4(&mut self, view: View<'a>, version_ihl: u8) {
        let (version, words) = (usize::from(version_ihl >> 4), usize::from(version_ihl & 0xf));
        if version == 4 {
            self.note(Layer::Ipv4, MalformedKind::Length, view, HEADER_LEN, words * 4);
        } else {
            self.note(Layer::Ipv4, MalformedKind::Version, view, 4, version);
        }
    }

    /// Length of the packet by its header. A length of 0 is what segmentation offload leaves in
    /// captures made at the sender; the frame then says the length.
    #[inline(always)]
    fn ipv4_length(&mut self, view: View<'a>, field: usize, header_len: usize) -> usize {
        let total_len = if field == 0 { view.len } else { field };
        if total_len > view.len {
            self.note(Layer::Ipv4, MalformedKind::Length, view, total_len, view.len);
        } else if total_len < header_len {
            self.note(Layer::Ipv4, MalformedKind::Length, view, header_len, total_len);
        }
        total_len
    }

    /// Checks the options; false when the header is not all there, so nothing can follow it.
    #[cold]
    fn ipv4_options(&mut self, packet: View<'a>, header_len: usize) -> bool {
        let whole = packet.data.len() >= header_len;
        if !whole {
            self.short(Layer::Ipv4, packet, header_len);
        }
        let mut options = packet.limit(header_len).skip(HEADER_LEN).data;
        while let Some((&kind, rest)) = options.split_first() {
            options = match kind {
                0 => break,
                1 => rest,
                _ => {
                    let len = rest.first().map_or(0, |len| usize::from(*len));
                    match options.get(len..) {
                        Some(next) if len >= 2 => next,
                        _ => {
                            let had = options.len();
                            self.note(Layer::Ipv4, MalformedKind::Option, packet, len.max(2), had);
                            break;
                        }
                    }
                }
            };
        }
        whole
    }

    #[cold]
    fn ipv4_fragment(
        &mut self,
        head: Head,
        view: View<'a>,
        id: u16,
        flags: u16,
        payload: View<'a>,
    ) {
        let fragment = Fragment {
            id: u32::from(id),
            offset: u32::from(flags & OFFSET_MASK) * 8,
            more: flags & MORE_FRAGMENTS != 0,
        };
        self.check_fragment(Layer::Ipv4, view, fragment, payload.len);
        self.finish_fragment(head, fragment, payload);
    }

    /// Notes fragments that no sender makes: cut at other than 8 bytes, or beyond 64 KiB.
    pub(super) fn check_fragment(
        &mut self,
        layer: Layer,
        at: View<'a>,
        fragment: Fragment,
        len: usize,
    ) {
        let end = usize::try_from(fragment.offset).unwrap_or(usize::MAX).saturating_add(len);
        if end > DATAGRAM_MAX {
            self.note(layer, MalformedKind::Fragment, at, DATAGRAM_MAX, end);
        } else if fragment.more && !len.is_multiple_of(8) {
            self.note(layer, MalformedKind::Fragment, at, len.next_multiple_of(8), len);
        }
    }
}
