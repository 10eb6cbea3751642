//! Handshake messages put together across records.

use std::borrow::Cow;

use super::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Records};
use crate::app::read::{Reader, usize_of};

pub(crate) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const CERTIFICATE_REQUEST: u8 = 13;
pub(super) const SERVER_HELLO_DONE: u8 = 14;

/// The most handshake bytes that are put together.
const BYTES_MAX: usize = 64 * 1024;
/// The most messages that are looked at.
const MESSAGES_MAX: usize = 32;

/// The handshake bytes of a prefix that are in the clear.
#[derive(Clone, Debug)]
pub(super) struct Handshake<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where the last record that gave bytes ends; the end of the prefix when it is cut.
    pub(super) consumed: usize,
    /// Something else followed, so no handshake in the clear will come any more.
    pub(super) ended: bool,
}

impl<'a> Handshake<'a> {
    /// `None` when the prefix does not begin with a handshake record. Warnings may stand before
    /// it: servers answer a name they do not know with one.
    pub(super) fn of(prefix: &'a [u8]) -> Option<Self> {
        let mut records = Records::new(prefix);
        let first = records.find(|record| record.content_type != ALERT)?;
        if first.content_type != HANDSHAKE {
            return None;
        }
        let mut gathered = Self {
            bytes: Cow::Borrowed(first.fragment),
            consumed: first.end().min(prefix.len()),
            ended: false,
        };
        for record in records {
            if record.content_type == HANDSHAKE && !record.encrypted {
                if gathered.bytes.len() + record.fragment.len() > BYTES_MAX {
                    gathered.ended = true;
                    break;
                }
                gathered.bytes.to_mut().extend_from_slice(record.fragment);
                gathered.consumed = record.end().min(prefix.len());
            } else if record.encrypted || record.content_type == CHANGE_CIPHER_SPEC {
                gathered.ended = true;
                break;
            }
        }
        Some(gathered)
    }

    /// The body of the first whole message of this type.
    pub(super) fn message(&self, wanted: u8) -> Option<&[u8]> {
        let mut r = Reader::new(&self.bytes);
        for _ in 0..MESSAGES_MAX {
            let kind = r.u8()?;
            let body = r.vec24()?;
            if kind == wanted {
                return Some(body);
            }
        }
        None
    }

    /// True when more bytes may bring a first message of this type.
    pub(super) fn may_bring(&self, wanted: u8) -> bool {
        !self.ended
            && self.bytes.first().is_none_or(|kind| *kind == wanted)
            && Reader::at_offset(&self.bytes, 1).u24().is_none_or(|len| usize_of(len) < BYTES_MAX)
    }
}

/// The body of an unfragmented message in a DTLS datagram.
pub(super) fn dtls_message(payload: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut r = Reader::new(payload);
    let [kind, major, _] = r.array()?;
    // Epoch and sequence number, then the length of the record.
    r.skip(8)?;
    let mut fragment = Reader::new(r.vec16()?);
    let message = fragment.u8()?;
    let len = fragment.u24()?;
    fragment.skip(2)?;
    let (offset, part) = (fragment.u24()?, fragment.u24()?);
    let whole = kind == HANDSHAKE && matches!(major, 0xfe | 1) && offset == 0 && part == len;
    if !whole || message != wanted {
        return None;
    }
    fragment.take(usize_of(len))
}
