//! SSH in the clear: the banner, the key exchange offer with its HASSH fingerprint, and where the
//! encrypted part begins (RFC 4253).

mod login;

pub use login::{SshEvent, SshWatch};

use super::Parsed;
use super::digest::{hex, md5};
use super::read::{Reader, split_line, usize_of};
use crate::HostileStr;

/// The longest banner (RFC 4253 section 4.2).
const BANNER_MAX: usize = 255;
/// How many lines a server may send before its banner.
const LINES_MAX: usize = 16;
/// The longest packet every implementation must take (RFC 4253 section 6.1).
const PACKET_MAX: u32 = 35_000;
/// The most packets that are walked in a prefix.
const PACKETS_MAX: usize = 32;
/// The longest algorithm list that is kept.
const LIST_MAX: usize = 4096;

const MSG_KEXINIT: u8 = 20;
const MSG_NEWKEYS: u8 = 21;

/// The identification line.
#[derive(Clone, Debug, PartialEq)]
pub struct SshBanner {
    /// Protocol version, `2.0` or `1.99` for one that also speaks 1.
    pub protocol: HostileStr,
    /// Software version.
    pub software: HostileStr,
    /// Comments behind the software version.
    pub comments: Option<HostileStr>,
}

/// The offer that opens the key exchange; lists of names as they were sent, at most 4,096 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct KexInit {
    /// Key exchange methods.
    pub kex: HostileStr,
    /// Host key algorithms.
    pub host_key: HostileStr,
    /// Ciphers, client to server and back.
    pub encryption: [HostileStr; 2],
    /// Message authentication, client to server and back.
    pub mac: [HostileStr; 2],
    /// Compression, client to server and back.
    pub compression: [HostileStr; 2],
}

impl KexInit {
    /// HASSH of a client (Salesforce, 2018): MD5 of its side's lists.
    pub fn hassh(&self) -> String {
        self.digest(0)
    }

    /// HASSH of a server.
    pub fn hassh_server(&self) -> String {
        self.digest(1)
    }

    fn digest(&self, side: usize) -> String {
        let list = |lists: &[HostileStr; 2]| {
            lists.get(side).map(|list| list.as_bytes().to_vec()).unwrap_or_default()
        };
        let parts = [
            self.kex.as_bytes().to_vec(),
            list(&self.encryption),
            list(&self.mac),
            list(&self.compression),
        ];
        hex(&md5(&parts.join(&b';')))
    }
}

/// Reads the banner at the beginning of a direction; a server may send other lines before it.
pub fn parse_banner(prefix: &[u8]) -> Parsed<SshBanner> {
    let mut rest = prefix;
    for _ in 0..LINES_MAX {
        let Some((line, after)) = split_line(rest) else {
            let begins = rest.len() < 4 || rest.starts_with(b"SSH-") || rest.len() < prefix.len();
            let open = begins && rest.len() <= BANNER_MAX;
            return if open { Parsed::NeedMore } else { Parsed::NotThis };
        };
        rest = after;
        if let Some(id) = line.strip_prefix(b"SSH-") {
            return match banner(id) {
                Some(fact) => Parsed::Fact { fact, consumed: prefix.len() - rest.len() },
                None => Parsed::NotThis,
            };
        }
        if line.len() > BANNER_MAX
            || !line.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        {
            return Parsed::NotThis;
        }
    }
    Parsed::NotThis
}

fn banner(id: &[u8]) -> Option<SshBanner> {
    let id = id.get(..BANNER_MAX).unwrap_or(id);
    let dash = id.iter().position(|byte| *byte == b'-')?;
    let rest = id.get(dash + 1..)?;
    let space = rest.iter().position(|byte| *byte == b' ');
    Some(SshBanner {
        protocol: id.get(..dash)?.into(),
        software: rest.get(..space.unwrap_or(rest.len()))?.into(),
        comments: space.and_then(|at| rest.get(at + 1..)).map(HostileStr::from),
    })
}

/// Reads the key exchange offer behind the banner. `consumed` counts from the beginning of the
/// direction.
pub fn parse_kexinit(prefix: &[u8]) -> Parsed<KexInit> {
    let start = match parse_banner(prefix) {
        Parsed::Fact { consumed, .. } => consumed,
        Parsed::NeedMore => return Parsed::NeedMore,
        Parsed::NotThis => return Parsed::NotThis,
    };
    let mut r = Reader::at_offset(prefix, start);
    let Some(len) = r.u32() else { return Parsed::NeedMore };
    if !(2..=PACKET_MAX).contains(&len) {
        return Parsed::NotThis;
    }
    let Some(packet) = r.take(usize_of(len)) else {
        let other = r.rest().get(1).is_some_and(|message| *message != MSG_KEXINIT);
        return if other { Parsed::NotThis } else { Parsed::NeedMore };
    };
    match kexinit(packet) {
        Some(fact) => Parsed::Fact { fact, consumed: r.at() },
        None => Parsed::NotThis,
    }
}

fn kexinit(packet: &[u8]) -> Option<KexInit> {
    let mut r = Reader::new(packet);
    let [_padding, message] = r.array()?;
    if message != MSG_KEXINIT {
        return None;
    }
    // Cookie.
    r.skip(16)?;
    let mut list = || {
        let len = usize_of(r.u32()?);
        r.take(len).map(|names| HostileStr::capped(names, LIST_MAX))
    };
    Some(KexInit {
        kex: list()?,
        host_key: list()?,
        encryption: [list()?, list()?],
        mac: [list()?, list()?],
        compression: [list()?, list()?],
    })
}

/// From which offset in the stream a direction is encrypted: behind its NEWKEYS message. `None`
/// while the prefix does not reach it.
pub fn encrypted_from(prefix: &[u8]) -> Option<usize> {
    let Parsed::Fact { consumed, .. } = parse_banner(prefix) else { return None };
    let mut r = Reader::at_offset(prefix, consumed);
    for _ in 0..PACKETS_MAX {
        let len = r.u32().filter(|len| (2..=PACKET_MAX).contains(len))?;
        let packet = r.take(usize_of(len))?;
        if packet.get(1) == Some(&MSG_NEWKEYS) {
            return Some(r.at());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(message: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&len[..], &[0, message], body].concat()
    }

    fn offer() -> Vec<u8> {
        let lists: [&[u8]; 10] =
            [b"k1,k2", b"h", b"e1", b"e2", b"m1", b"m2", b"none", b"zlib", b"", b""];
        let mut body = vec![7; 16];
        for list in lists {
            body.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            body.extend(list);
        }
        body.extend([0; 5]);
        packet(MSG_KEXINIT, &body)
    }

    #[test]
    fn banners() {
        let fact = parse_banner(b"SSH-2.0-OpenSSH_9.6p1 Debian-3\r\n").fact().unwrap();
        assert_eq!(fact.protocol.as_bytes(), b"2.0");
        assert_eq!(fact.software.as_bytes(), b"OpenSSH_9.6p1");
        assert_eq!(fact.comments.unwrap().as_bytes(), b"Debian-3");
        assert!(parse_banner(b"hello\r\nSSH-1.99-x\n").fact().unwrap().comments.is_none());
        assert_eq!(parse_banner(b"SSH-2.0-Open"), Parsed::NeedMore);
        assert_eq!(parse_banner(b"\x16\x03\x01\x00\x05\n"), Parsed::NotThis);
        assert_eq!(parse_banner(&[b'a'; 300]), Parsed::NotThis);
    }

    #[test]
    fn offers_and_where_the_clear_ends() {
        let banner = b"SSH-2.0-x\r\n";
        let clear = [&banner[..], &offer(), &packet(30, b"dh"), &packet(MSG_NEWKEYS, b"")].concat();
        let stream = [&clear[..], b"sealed"].concat();
        let fact = parse_kexinit(&stream).fact().unwrap();
        assert_eq!(fact.kex.as_bytes(), b"k1,k2");
        assert_eq!(fact.hassh(), hex(&md5(b"k1,k2;e1;m1;none")));
        assert_eq!(fact.hassh_server(), hex(&md5(b"k1,k2;e2;m2;zlib")));
        assert_eq!(encrypted_from(&stream), Some(clear.len()));
        for cut in 0..clear.len() {
            assert_eq!(encrypted_from(&stream[..cut]), None, "cut at {cut}");
        }
        for cut in 0..banner.len() + offer().len() {
            assert_eq!(parse_kexinit(&stream[..cut]), Parsed::NeedMore, "cut at {cut}");
        }
    }
}
