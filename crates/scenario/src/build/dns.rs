//! DNS messages (RFC 1035), also used by mDNS, LLMNR and NetBIOS names.

use std::net::IpAddr;

/// Record types.
pub const A: u16 = 1;
/// See [`A`].
pub const PTR: u16 = 12;
/// See [`A`].
pub const MX: u16 = 15;
/// See [`A`].
pub const TXT: u16 = 16;
/// See [`A`].
pub const AAAA: u16 = 28;
/// See [`A`].
pub const SRV: u16 = 33;
/// See [`A`].
pub const ANY: u16 = 255;

/// Flags of a recursive query.
pub const QUERY: u16 = 0x0100;
/// Flags of an answer without error.
pub const ANSWER: u16 = 0x8180;
/// Flags of an answer "no such name".
pub const NX_DOMAIN: u16 = 0x8183;

/// One resource record to send.
#[derive(Clone, Debug)]
pub struct Record {
    /// Owner name with dots.
    pub name: String,
    /// Type number.
    pub kind: u16,
    /// Class; mDNS sets the cache-flush bit in it.
    pub class: u16,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Encoded data.
    pub data: Vec<u8>,
}

impl Record {
    /// Address record for `ip`.
    pub fn address(name: &str, ip: IpAddr, ttl: u32) -> Self {
        let (kind, data) = match ip {
            IpAddr::V4(v4) => (A, v4.octets().to_vec()),
            IpAddr::V6(v6) => (AAAA, v6.octets().to_vec()),
        };
        Self { name: name.to_owned(), kind, class: 1, ttl, data }
    }

    /// Text record of character strings of at most 255 bytes each.
    pub fn text(name: &str, text: &[u8], ttl: u32) -> Self {
        let mut data = Vec::with_capacity(text.len() + 4);
        for part in text.chunks(255) {
            data.push(part.len() as u8);
            data.extend_from_slice(part);
        }
        Self { name: name.to_owned(), kind: TXT, class: 1, ttl, data }
    }

    /// Pointer record.
    pub fn pointer(name: &str, target: &str, ttl: u32) -> Self {
        Self { name: name.to_owned(), kind: PTR, class: 1, ttl, data: encode_name(target) }
    }

    /// Service record (RFC 2782).
    pub fn service(name: &str, target: &str, port: u16, ttl: u32) -> Self {
        let mut data = vec![0, 0, 0, 0];
        data.extend_from_slice(&port.to_be_bytes());
        data.extend_from_slice(&encode_name(target));
        Self { name: name.to_owned(), kind: SRV, class: 1, ttl, data }
    }
}

/// A name in wire form, uncompressed; labels are cut at 63 bytes.
pub fn encode_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 2);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes
}

/// A message with one question and any records in answer and additional section.
pub fn message(id: u16, flags: u16, question: (&str, u16), answers: &[Record]) -> Vec<u8> {
    sections(id, flags, Some((question.0, question.1, 1)), answers, &[])
}

/// A message by its sections; the question is name, type and class.
pub fn sections(
    id: u16,
    flags: u16,
    question: Option<(&str, u16, u16)>,
    answers: &[Record],
    additional: &[Record],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + 32 * answers.len());
    for field in
        [id, flags, u16::from(question.is_some()), answers.len() as u16, 0, additional.len() as u16]
    {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    if let Some((name, kind, class)) = question {
        bytes.extend_from_slice(&encode_name(name));
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&class.to_be_bytes());
    }
    for record in answers.iter().chain(additional) {
        push_record(&mut bytes, question.map(|question| question.0), record);
    }
    bytes
}

/// Appends a record; a name equal to the question's becomes a pointer to it.
fn push_record(bytes: &mut Vec<u8>, question: Option<&str>, record: &Record) {
    if question == Some(record.name.as_str()) {
        bytes.extend_from_slice(&[0xc0, 12]);
    } else {
        bytes.extend_from_slice(&encode_name(&record.name));
    }
    bytes.extend_from_slice(&record.kind.to_be_bytes());
    bytes.extend_from_slice(&record.class.to_be_bytes());
    bytes.extend_from_slice(&record.ttl.to_be_bytes());
    bytes.extend_from_slice(&(record.data.len() as u16).to_be_bytes());
    bytes.extend_from_slice(&record.data);
}
