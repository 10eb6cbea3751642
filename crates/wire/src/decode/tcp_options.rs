//! TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use super::{Decoder, View};
use crate::{Layer, MalformedKind};

const HEADER_LEN: usize = 20;

/// The options that are kept.
#[derive(Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) mss: Option<u16>,
    pub(super) window_scale: Option<u8>,
    pub(super) sack_permitted: bool,
    pub(super) timestamps: Option<(u32, u32)>,
}

impl<'a> Decoder<'a> {
    /// Reads the options of a header of `len` bytes.
    #[inline]
    pub(super) fn tcp_options(&mut self, view: View<'a>, len: usize) -> Options {
        if len <= HEADER_LEN {
            return Options::default();
        }
        // Two NOPs and the timestamps: what nearly every segment of a connection carries.
        if let Some(&[1, 1, 8, 10, v0, v1, v2, v3, e0, e1, e2, e3]) = view.data.get(HEADER_LEN..len)
        {
            let value = u32::from_be_bytes([v0, v1, v2, v3]);
            let echo = u32::from_be_bytes([e0, e1, e2, e3]);
            return Options { timestamps: Some((value, echo)), ..Options::default() };
        }
        self.all_tcp_options(view, len)
    }

    #[inline(never)]
    fn all_tcp_options(&mut self, view: View<'a>, len: usize) -> Options {
        let mut kept = Options::default();
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
            if !kept.keep(option) {
                self.note(Layer::Tcp, MalformedKind::Option, view, usize::from(kind), option_len);
            }
            options = next;
        }
        kept
    }
}

impl Options {
    /// Keeps an option that we know; false when its length is not the one it must have.
    fn keep(&mut self, option: &[u8]) -> bool {
        match *option {
            [2, _, m0, m1] => self.mss = Some(u16::from_be_bytes([m0, m1])),
            [3, _, scale] => self.window_scale = Some(scale),
            [4, _] => self.sack_permitted = true,
            [8, _, v0, v1, v2, v3, e0, e1, e2, e3] => {
                let value = u32::from_be_bytes([v0, v1, v2, v3]);
                self.timestamps = Some((value, u32::from_be_bytes([e0, e1, e2, e3])));
            }
            [2 | 3 | 4 | 8, ..] => return false,
            _ => {}
        }
        true
    }
}
