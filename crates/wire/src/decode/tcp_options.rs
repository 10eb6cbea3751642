//! TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use super::{Decoder, View};
use crate::{Layer, MalformedKind, Tcp};

const HEADER_LEN: usize = 20;

impl<'a> Decoder<'a> {
    /// Reads the options of a header longer than 20 bytes into `tcp`.
    #[inline]
    pub(super) fn tcp_options(&mut self, tcp: &mut Tcp, view: View<'a>) {
        let len = usize::from(tcp.header_len);
        // Two NOPs and the timestamps: what nearly every segment of a connection carries.
        if let Some(&[1, 1, 8, 10, v0, v1, v2, v3, e0, e1, e2, e3]) = view.data.get(HEADER_LEN..len)
        {
            tcp.timestamps =
                Some((u32::from_be_bytes([v0, v1, v2, v3]), u32::from_be_bytes([e0, e1, e2, e3])));
            return;
        }
        self.all_tcp_options(tcp, view, len);
    }

    #[inline(never)]
    fn all_tcp_options(&mut self, tcp: &mut Tcp, view: View<'a>, len: usize) {
        if view.data.len() < len {
            self.short(Layer::Tcp, view, len);
        }
        let mut options = view.limit(len).skip(HEADER_LEN).data;
        let cut = view.data.len() < len;
        while let Some((&kind, rest)) = options.split_first() {
            if kind == 0 {
                return;
            }
            if kind == 1 {
                options = rest;
                continue;
            }
            let option_len = rest.first().map_or(0, |len| usize::from(*len));
            let split = options.split_at_checked(option_len).filter(|_| option_len >= 2);
            let Some((option, next)) = split else {
                if !cut {
                    self.note(Layer::Tcp, MalformedKind::Option, view, option_len, options.len());
                }
                return;
            };
            if !keep(tcp, option) {
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
            tcp.timestamps =
                Some((u32::from_be_bytes([v0, v1, v2, v3]), u32::from_be_bytes([e0, e1, e2, e3])));
        }
        [2 | 3 | 4 | 8, ..] => return false,
        _ => {}
    }
    true
}
