//! TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use super::{Decoder, View};
use crate::{Body, IpPacket, Layer, MalformedKind, Tcp, Transport};

const HEADER_LEN: usize = 20;

impl<'a> Decoder<'a, '_> {
    /// Adds the options of a header of `len` bytes to the packet that was just written.
    #[inline(always)]
    pub(super) fn tcp_options(&mut self, view: View<'a>, len: usize) {
        // Two NOPs and the timestamps: what nearly every segment of a connection carries.
        if let Some(&[1, 1, 8, 10, v0, v1, v2, v3, e0, e1, e2, e3]) = view.data.get(HEADER_LEN..len)
        {
            let value = u32::from_be_bytes([v0, v1, v2, v3]);
            let echo = u32::from_be_bytes([e0, e1, e2, e3]);
            if let Some(tcp) = self.written_tcp() {
                tcp.timestamps = Some((value, echo));
            }
            return;
        }
        self.all_tcp_options(view, len);
    }

    #[inline(always)]
    fn written_tcp(&mut self) -> Option<&mut Tcp> {
        match self.body {
            Body::Ip(IpPacket { transport: Transport::Tcp(tcp), .. }) => Some(tcp),
            _ => None,
        }
    }

    #[inline(never)]
    fn all_tcp_options(&mut self, view: View<'a>, len: usize) {
        let cut = view.data.len() < len;
        if cut {
            self.short(Layer::Tcp, view, len);
        }
        let mut options = view.limit(len).skip(HEADER_LEN).data;
        while let Some((&kind, rest)) = options.split_first() {
            match kind {
                0 => break,
                1 => {
                    options = rest;
                    continue;
                }
                _ => {}
            }
            let option_len = rest.first().map_or(0, |len| usize::from(*len));
            let split = options.split_at_checked(option_len).filter(|_| option_len >= 2);
            let Some((option, next)) = split else {
                if !cut {
                    self.note(Layer::Tcp, MalformedKind::Option, view, option_len, options.len());
                }
                break;
            };
            if !self.written_tcp().is_some_and(|tcp| keep(tcp, option)) {
                self.note(Layer::Tcp, MalformedKind::Option, view, usize::from(kind), option_len);
            }
            options = next;
        }
    }
}

/// Keeps an option that we know; false when its length is not the one it must have.
fn keep(tcp: &mut Tcp, option: &[u8]) -> bool {
    match *option {
        [2, _, m0, m1] => tcp.mss = Some(u16::from_be_bytes([m0, m1])),
        [3, _, scale] => tcp.window_scale = Some(scale),
        [4, _] => tcp.sack_permitted = true,
        [8, _, v0, v1, v2, v3, e0, e1, e2, e3] => {
            let value = u32::from_be_bytes([v0, v1, v2, v3]);
            tcp.timestamps = Some((value, u32::from_be_bytes([e0, e1, e2, e3])));
        }
        [2 | 3 | 4 | 8, ..] => return false,
        _ => {}
    }
    true
}
