//! The record layer (RFC 8446 section 5.1, RFC 5246 section 6.2).

use crate::app::read::Reader;

/// Length of a record header in bytes.
const HEADER_LEN: usize = 5;
/// The longest record: 2^14 bytes and the expansion that TLS 1.2 allows.
const RECORD_MAX: u16 = 16_384 + 2_048;

/// Type and length of a heartbeat message.
const MESSAGE_LEN: usize = 3;
/// Least bytes around its payload: type, length, and 16 bytes of padding (RFC 6520 section 4).
const AROUND_MIN: u32 = 19;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;
pub(super) const HEARTBEAT: u8 = 24;

/// One record, or what the prefix holds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// 20 change cipher spec, 21 alert, 22 handshake, 23 application data, 24 heartbeat.
    pub content_type: u8,
    /// Version of the record layer, which TLS 1.3 freezes.
    pub version: u16,
    /// Where its header begins in the prefix.
    pub offset: usize,
    /// Length of the fragment as the header says.
    pub len: u16,
    /// The fragment, cut where the prefix ends.
    pub fragment: &'a [u8],
    /// It follows a change cipher spec or application data of its direction: not in the clear.
    pub encrypted: bool,
}

impl Record<'_> {
    /// True when the whole fragment is there.
    pub fn is_complete(&self) -> bool {
        self.fragment.len() == usize::from(self.len)
    }

    /// Where the record ends in the stream; may lie beyond the prefix.
    pub fn end(&self) -> usize {
        self.offset + HEADER_LEN + usize::from(self.len)
    }

    pub(super) fn alert(&self) -> Option<Alert> {
        match (self.content_type, self.encrypted, self.fragment) {
            (ALERT, false, [level @ 1..=2, description, ..]) => {
                Some(Alert { fatal: *level == 2, description: *description })
            }
            _ => None,
        }
    }

    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        let mut r = Reader::new(self.fragment);
        if self.content_type != HEARTBEAT {
            return None;
        }
        let kind = r.u8()?;
        let claimed_len = r.u16()?;
        let known = matches!(kind, 1 | 2) && !self.encrypted;
        known.then_some(Heartbeat { request: kind == 1, claimed_len, record_len: self.len })
    }
}

/// An alert in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Level 2.
    pub fatal: bool,
    /// 40 handshake failure, 48 unknown authority, 70 protocol version...
    pub description: u8,
}

/// A heartbeat message in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// True for a request.
    pub request: bool,
    /// Length of the payload as the message claims, in bytes.
    pub claimed_len: u16,
    /// Length of the record that holds it, in bytes.
    pub record_len: u16,
}

impl Heartbeat {
    /// True when the record cannot hold the type, the length, the claimed payload and the least
    /// padding: a read beyond the buffer on an unmended peer.
    pub const fn over_reads(&self) -> bool {
        self.claimed_len as u32 + AROUND_MIN > self.record_len as u32
    }
}

/// Walks the records of a prefix; ends where the bytes are no record.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    prefix: &'a [u8],
    at: usize,
    encrypted: bool,
}

impl<'a> Records<'a> {
    /// From the beginning of a direction.
    pub const fn new(prefix: &'a [u8]) -> Self {
        Self { prefix, at: 0, encrypted: false }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let mut r = Reader::at_offset(self.prefix, self.at);
        let content_type = r.u8()?;
        let version = r.u16()?;
        let len = r.u16()?;
        if !is_header(content_type, version, len) {
            self.at = usize::MAX;
            return None;
        }
        let fragment = r.take_up_to(usize::from(len));
        let encrypted = self.encrypted || content_type == APPLICATION_DATA;
        let record = Record { content_type, version, offset: self.at, len, fragment, encrypted };
        self.at = record.end();
        self.encrypted = encrypted || content_type == CHANGE_CIPHER_SPEC;
        Some(record)
    }
}

const fn is_header(content_type: u8, version: u16, len: u16) -> bool {
    matches!(content_type, CHANGE_CIPHER_SPEC..=HEARTBEAT)
        && version >> 8 == 3
        && version & 0xff <= 4
        && len <= RECORD_MAX
}

/// True when the bytes, fewer than a header, can become one.
pub(super) fn is_possible(prefix: &[u8]) -> bool {
    let [kind, major, minor, ..] = prefix else {
        return match prefix {
            [kind, 3] | [kind] => matches!(*kind, CHANGE_CIPHER_SPEC..=HEARTBEAT),
            [] => true,
            _ => false,
        };
    };
    let version = u16::from_be_bytes([*major, *minor]);
    prefix.len() < HEADER_LEN && is_header(*kind, version, 0)
}

/// What a heartbeat record of a walk says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordStep {
    /// Length of the record, in bytes.
    pub record_len: u16,
    /// It is in the clear.
    pub clear: bool,
    /// The message, when it can be read.
    pub message: Option<Heartbeat>,
}

/// Walks over the records of a direction that comes in pieces and stops at heartbeats. Keeps eight
/// bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordWalk {
    head: [u8; HEADER_LEN + MESSAGE_LEN],
    have: usize,
    /// Bytes of the record at hand that are left.
    left: usize,
    encrypted: bool,
    over: bool,
}

impl RecordWalk {
    /// Takes the next bytes; false when nothing more is to come. `beyond` walks on where the
    /// encrypted part has begun.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        beyond: bool,
        sink: &mut impl FnMut(RecordStep),
    ) -> bool {
        while !self.over {
            let skip = self.left.min(bytes.len());
            self.left -= skip;
            bytes = bytes.get(skip..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_first() else { return true };
            if let Some(slot) = self.head.get_mut(self.have) {
                *slot = *first;
            }
            self.have += 1;
            bytes = rest;
            if self.have >= HEADER_LEN {
                self.headed(beyond, sink);
            }
        }
        false
    }

    /// Five bytes or more of a record are there.
    fn headed(&mut self, beyond: bool, sink: &mut impl FnMut(RecordStep)) {
        let [kind, major, minor, high, low, message, claimed @ ..] = self.head;
        let record_len = u16::from_be_bytes([high, low]);
        if !is_header(kind, u16::from_be_bytes([major, minor]), record_len) {
            self.over = true;
            return;
        }
        let clear = !self.encrypted && kind != APPLICATION_DATA;
        self.encrypted |= matches!(kind, CHANGE_CIPHER_SPEC | APPLICATION_DATA);
        self.over = self.encrypted && !beyond;
        let readable = kind == HEARTBEAT && clear && usize::from(record_len) >= MESSAGE_LEN;
        if readable && self.have < self.head.len() {
            return;
        }
        if kind == HEARTBEAT {
            let claimed_len = u16::from_be_bytes(claimed);
            let message =
                readable.then_some(Heartbeat { request: message == 1, claimed_len, record_len });
            sink(RecordStep { record_len, clear, message });
        }
        self.left = usize::from(record_len).saturating_sub(self.have - HEADER_LEN);
        self.have = 0;
    }
}

/// Where a direction stops being in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptedFrom {
    /// From this offset in the stream on, everything is encrypted.
    At(usize),
    /// Everything before this offset is in the clear; the next header lies there.
    NotBefore(usize),
    /// These are no TLS records.
    NotTls,
}

/// Tells from which offset a direction is encrypted: at the first application data, or behind the
/// change cipher spec. Cost: one step a record, so call it when a prefix has grown by a packet.
pub fn encrypted_from(prefix: &[u8]) -> EncryptedFrom {
    let mut clear_until = None;
    for record in Records::new(prefix) {
        if record.encrypted {
            return EncryptedFrom::At(record.offset);
        }
        if record.content_type == CHANGE_CIPHER_SPEC {
            return EncryptedFrom::At(record.end());
        }
        clear_until = Some(record.end());
    }
    let next = clear_until.unwrap_or(0);
    let follows = prefix.get(next..).unwrap_or_default();
    if is_possible(follows) { EncryptedFrom::NotBefore(next) } else { EncryptedFrom::NotTls }
}
