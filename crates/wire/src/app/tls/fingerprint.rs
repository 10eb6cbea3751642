//! JA3, JA3S (Salesforce, 2017) and JA4 (FoxIO, technical_details/JA4.md) of hellos.
//!
//! Only JA4 itself is made here: the other members of its family are under a licence of their own.

use std::fmt::Write as _;

use super::{ClientHello, ServerHello};
use crate::app::digest::{hex, md5, sha256};

/// True for the values that clients make up to keep servers tolerant (RFC 8701).
pub const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// What carried a hello: the first letter of JA4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ja4Transport {
    /// TLS over TCP: `t`.
    Tcp,
    /// QUIC: `q`.
    Quic,
    /// DTLS: `d`.
    Dtls,
}

impl ClientHello {
    /// JA3: version, cipher suites, extensions, groups and point formats as text.
    pub fn ja3_string(&self) -> String {
        let mut text = self.legacy_version.to_string();
        push_dashed(&mut text, self.cipher_suites.iter().copied());
        push_dashed(&mut text, self.extensions.iter().copied());
        push_dashed(&mut text, self.groups.iter().copied());
        push_dashed(&mut text, self.point_formats.iter().copied().map(u16::from));
        text
    }

    /// JA3: MD5 of [`ClientHello::ja3_string`] in hex.
    pub fn ja3(&self) -> String {
        hex(&md5(self.ja3_string().as_bytes()))
    }

    /// JA4, such as `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    pub fn ja4(&self, transport: Ja4Transport) -> String {
        let ciphers = kept(&self.cipher_suites);
        let extensions = kept(&self.extensions);
        let mut text = self.ja4_a(transport, ciphers.len(), extensions.len());
        text.push('_');
        text.push_str(&truncated_hash(&hex_list(sorted(ciphers))));
        text.push('_');
        let hashed: Vec<u16> = extensions.into_iter().filter(|e| !matches!(e, 0 | 0x10)).collect();
        let mut list = hex_list(sorted(hashed));
        if !list.is_empty() && !self.signature_algorithms.is_empty() {
            list.push('_');
            list.push_str(&hex_list(kept(&self.signature_algorithms)));
        }
        text.push_str(&truncated_hash(&list));
        text
    }

    fn ja4_a(&self, transport: Ja4Transport, ciphers: usize, extensions: usize) -> String {
        let letter = match transport {
            Ja4Transport::Tcp => 't',
            Ja4Transport::Quic => 'q',
            Ja4Transport::Dtls => 'd',
        };
        let version = match self.version() {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0x0002 => "s2",
            0xfeff => "d1",
            0xfefd => "d2",
            0xfefc => "d3",
            _ => "00",
        };
        let sni = if self.extensions.contains(&0) { 'd' } else { 'i' };
        let alpn = self.alpn.first().map_or(*b"00", |name| alpn_ends(name.as_bytes()));
        let [first, last] = alpn.map(char::from);
        let (ciphers, extensions) = (ciphers.min(99), extensions.min(99));
        format!("{letter}{version}{sni}{ciphers:02}{extensions:02}{first}{last}")
    }
}

/// First and last character of a protocol name; of its hex digits when either is no letter or
/// digit.
fn alpn_ends(name: &[u8]) -> [u8; 2] {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return *b"00" };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [*first, *last];
    }
    let digits = |byte: u8| hex(&[byte]).into_bytes();
    let high = digits(*first).first().copied().unwrap_or(b'0');
    let low = digits(*last).last().copied().unwrap_or(b'0');
    [high, low]
}

/// Twelve hex digits of SHA-256; zeros for an empty list.
fn truncated_hash(list: &str) -> String {
    if list.is_empty() {
        return "0".repeat(12);
    }
    hex(sha256(list.as_bytes()).get(..6).unwrap_or_default())
}

fn kept(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|value| !is_grease(*value)).collect()
}

fn sorted(mut values: Vec<u16>) -> Vec<u16> {
    values.sort_unstable();
    values
}

fn hex_list(values: Vec<u16>) -> String {
    let mut text = String::with_capacity(values.len() * 5);
    for value in values {
        if !text.is_empty() {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{value:04x}");
    }
    text
}

fn push_dashed(text: &mut String, values: impl Iterator<Item = u16>) {
    text.push(',');
    let start = text.len();
    for value in values.filter(|value| !is_grease(*value)) {
        if text.len() > start {
            text.push('-');
        }
        let _ = write!(text, "{value}");
    }
}

pub(super) fn ja3s_string(hello: &ServerHello) -> String {
    let mut text = format!("{},{}", hello.legacy_version, hello.cipher_suite);
    push_dashed(&mut text, hello.extensions.iter().copied());
    text
}
