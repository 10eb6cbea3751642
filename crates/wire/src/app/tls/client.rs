//! ClientHello (RFC 8446 section 4.1.2, RFC 6066, RFC 7301).

use super::fingerprint::is_grease;
use crate::HostileStr;
use crate::app::read::Reader;

/// The most values of one list that are kept.
const LIST_MAX: usize = 1024;
/// The most protocol names that are kept, and the longest.
const ALPN_MAX: usize = 32;
const NAME_MAX: usize = 255;

/// What a client offers. Lists are in the order of the wire, GREASE values included, at most
/// 1,024 values each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientHello {
    /// The version field of the hello, frozen at 0x0303 since TLS 1.3.
    pub legacy_version: u16,
    /// Extension 43.
    pub supported_versions: Vec<u16>,
    /// Cipher suites.
    pub cipher_suites: Vec<u16>,
    /// Types of all extensions.
    pub extensions: Vec<u16>,
    /// Extension 10, once called elliptic curves.
    pub groups: Vec<u16>,
    /// Extension 11.
    pub point_formats: Vec<u8>,
    /// Extension 13.
    pub signature_algorithms: Vec<u16>,
    /// The server's name, at most 255 bytes.
    pub sni: Option<HostileStr>,
    /// The application protocols, at most 32 of 255 bytes.
    pub alpn: Vec<HostileStr>,
    /// Length of the session id in bytes.
    pub session_id_len: u8,
    /// An encrypted ClientHello is inside (extension 0xfe0d).
    pub ech: bool,
    /// The heartbeat extension allows the peer to send requests.
    pub heartbeat: bool,
    /// The hello breaks off or contradicts itself behind what was read.
    pub damaged: bool,
}

impl ClientHello {
    /// The highest version offered, GREASE apart.
    pub fn version(&self) -> u16 {
        let offered = self.supported_versions.iter().copied().filter(|v| !is_grease(*v));
        // DTLS counts its versions downwards from 0xfeff.
        if self.legacy_version >> 8 == 0xfe {
            return offered.filter(|v| v >> 8 == 0xfe).min().unwrap_or(self.legacy_version);
        }
        offered.max().unwrap_or(self.legacy_version)
    }

    /// `None` when not even the cipher suites can be read.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        Self::parse_with(body, false)
    }

    /// DTLS puts a cookie behind the session id.
    pub(super) fn parse_dtls(body: &[u8]) -> Option<Self> {
        Self::parse_with(body, true)
    }

    fn parse_with(body: &[u8], cookie: bool) -> Option<Self> {
        let mut r = Reader::new(body);
        let mut hello = Self { legacy_version: r.u16()?, ..Self::default() };
        // Random.
        r.skip(32)?;
        hello.session_id_len = u8::try_from(r.vec8()?.len()).ok()?;
        if cookie {
            r.vec8()?;
        }
        hello.cipher_suites = numbers(r.vec16()?);
        hello.damaged = hello.rest(&mut r).is_none();
        Some(hello)
    }

    /// Compression methods and extensions; `None` when they are damaged.
    fn rest(&mut self, r: &mut Reader<'_>) -> Option<()> {
        r.vec8()?;
        if r.is_empty() {
            return Some(());
        }
        let claimed = usize::from(r.u16()?);
        let mut extensions = Reader::new(r.take_up_to(claimed));
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let value = extensions.vec16()?;
            if self.extensions.len() < LIST_MAX {
                self.extensions.push(kind);
            }
            self.extension(kind, value);
        }
        (extensions.at() == claimed).then_some(())
    }

    fn extension(&mut self, kind: u16, value: &[u8]) {
        let mut r = Reader::new(value);
        match kind {
            0 => self.sni = self.sni.take().or_else(|| server_name(&mut r)),
            10 => self.groups = numbers(r.vec16().unwrap_or_default()),
            11 => {
                let formats = r.vec8().unwrap_or_default();
                self.point_formats = formats.iter().copied().take(LIST_MAX).collect();
            }
            13 => self.signature_algorithms = numbers(r.vec16().unwrap_or_default()),
            15 => self.heartbeat = value == [1],
            16 => {
                let mut names = Reader::new(r.vec16().unwrap_or_default());
                let names = std::iter::from_fn(|| names.vec8());
                self.alpn = names.take(ALPN_MAX).map(HostileStr::from).collect();
            }
            43 => self.supported_versions = numbers(r.vec8().unwrap_or_default()),
            0xfe0d => self.ech = true,
            _ => {}
        }
    }
}

/// The first host name of the list.
fn server_name(r: &mut Reader<'_>) -> Option<HostileStr> {
    let mut list = Reader::new(r.vec16()?);
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vec16()?;
        if kind == 0 {
            return Some(HostileStr::capped(name, NAME_MAX));
        }
    }
    None
}

fn numbers(list: &[u8]) -> Vec<u16> {
    let pairs = list.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    pairs.take(LIST_MAX).map(u16::from_be_bytes).collect()
}
