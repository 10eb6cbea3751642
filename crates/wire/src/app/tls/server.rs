//! ServerHello (RFC 8446 section 4.1.3).

use super::fingerprint::ja3s_string;
use crate::HostileStr;
use crate::app::digest::{hex, md5};
use crate::app::read::Reader;

/// The random value that marks a HelloRetryRequest: SHA-256 of those words.
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// The most extension types that are kept.
const LIST_MAX: usize = 256;

/// What a server chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerHello {
    /// The version field of the hello.
    pub legacy_version: u16,
    /// The version that was agreed on, extension 43 included.
    pub version: u16,
    /// The cipher suite.
    pub cipher_suite: u16,
    /// Types of all extensions in the order of the wire, at most 256.
    pub extensions: Vec<u16>,
    /// The application protocol (up to TLS 1.2; later it is encrypted).
    pub alpn: Option<HostileStr>,
    /// The server agreed to heartbeats.
    pub heartbeat: bool,
    /// A HelloRetryRequest.
    pub retry: bool,
    /// The hello breaks off or contradicts itself behind what was read.
    pub damaged: bool,
}

impl ServerHello {
    /// JA3S: version, cipher suite and extensions as text.
    pub fn ja3s_string(&self) -> String {
        ja3s_string(self)
    }

    /// JA3S: MD5 of [`ServerHello::ja3s_string`] in hex.
    pub fn ja3s(&self) -> String {
        hex(&md5(self.ja3s_string().as_bytes()))
    }

    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut r = Reader::new(body);
        let legacy_version = r.u16()?;
        let retry = r.array::<32>()? == RETRY_RANDOM;
        r.vec8()?;
        let cipher_suite = r.u16()?;
        let mut hello = Self {
            legacy_version,
            version: legacy_version,
            cipher_suite,
            retry,
            ..Self::default()
        };
        hello.damaged = hello.rest(&mut r).is_none();
        Some(hello)
    }

    /// Compression method and extensions; `None` when they are damaged.
    fn rest(&mut self, r: &mut Reader<'_>) -> Option<()> {
        r.u8()?;
        if r.is_empty() {
            return Some(());
        }
        let mut extensions = Reader::new(r.vec16()?);
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let mut value = Reader::new(extensions.vec16()?);
            if self.extensions.len() < LIST_MAX {
                self.extensions.push(kind);
            }
            match kind {
                15 => self.heartbeat = true,
                16 => {
                    let name = value.vec16().and_then(|list| Reader::new(list).vec8());
                    self.alpn = name.map(HostileStr::from);
                }
                43 => self.version = value.u16().unwrap_or(self.version),
                _ => {}
            }
        }
        Some(())
    }
}
