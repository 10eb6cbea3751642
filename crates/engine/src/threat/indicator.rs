//! One indicator: what a list's text means, brought into one form.

use crate::config::Prefix;
use anomalyzer_wire::Addr;
use std::net::IpAddr;

/// Longest name in bytes, as text (RFC 1035 section 2.3.4).
pub(super) const NAME_MAX: usize = 253;
/// Length of a JA4 fingerprint in characters.
const JA4_LEN: usize = 36;

/// What an indicator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// One address.
    Address,
    /// A network.
    Network,
    /// A domain name.
    Name,
    /// JA3 of a client.
    Ja3,
    /// JA3S of a server.
    Ja3s,
    /// JA4 of a client.
    Ja4,
    /// SHA-1 of a certificate.
    CertificateSha1,
    /// SHA-256 of a certificate.
    CertificateSha256,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Address,
        Self::Network,
        Self::Name,
        Self::Ja3,
        Self::Ja3s,
        Self::Ja4,
        Self::CertificateSha1,
        Self::CertificateSha256,
    ];

    /// Name in the singular, for sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Name => "name",
            Self::Ja3 => "JA3 fingerprint",
            Self::Ja3s => "JA3S fingerprint",
            Self::Ja4 => "JA4 fingerprint",
            Self::CertificateSha1 => "certificate SHA-1",
            Self::CertificateSha256 => "certificate SHA-256",
        }
    }

    pub(super) fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Address)
    }
}

/// What a list says that a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing: the text itself must tell.
    Any,
    Address,
    Name,
    Url,
    Ja3,
    Ja3s,
    Ja4,
    Sha1,
    Sha256,
}

/// An indicator in one form.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Address(Addr),
    Network(Prefix),
    /// Lower case, no dot at the end.
    Name(String),
    /// The bytes of a fingerprint: of a hash the bytes, of JA4 the text.
    Fingerprint(Kind, Vec<u8>),
}

/// An indicator that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) value: Value,
    /// The list names a page on this host, not the host.
    pub(super) from_url: bool,
}

impl Read {
    pub(super) fn kind(&self) -> Kind {
        match &self.value {
            Value::Address(_) => Kind::Address,
            Value::Network(_) => Kind::Network,
            Value::Name(_) => Kind::Name,
            Value::Fingerprint(kind, _) => *kind,
        }
    }
}

/// What is wrong with a text, as a reason that skipped entries are counted by.
pub(super) type Reason = &'static str;

const UNKNOWN: Reason = "no address, network, name or fingerprint";

/// Reads an indicator's text. Ports are left out; a URL is reduced to its host.
pub(super) fn read(text: &str, hint: Hint) -> Result<Read, Reason> {
    let clean = refang(text.trim().trim_matches(['"', '\'']));
    let text = clean.trim();
    let plain = |value| Read { value, from_url: false };
    match hint {
        Hint::Any => any(text),
        Hint::Address => address(text).map(plain).ok_or("no address or network"),
        Hint::Name => name(text).map(|n| plain(Value::Name(n))),
        Hint::Url => url(text),
        Hint::Ja3 => digest(text, Kind::Ja3, 16).map(plain),
        Hint::Ja3s => digest(text, Kind::Ja3s, 16).map(plain),
        Hint::Ja4 => ja4(text).map(plain),
        Hint::Sha1 => digest(text, Kind::CertificateSha1, 20).map(plain),
        Hint::Sha256 => digest(text, Kind::CertificateSha256, 32).map(plain),
    }
}

/// Undoes the usual ways to make an indicator harmless to click on.
fn refang(text: &str) -> String {
    let text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":");
    match text.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("hxxp") => {
            format!("http{}", text.get(4..).unwrap_or_default())
        }
        _ => text,
    }
}

/// Words before a colon that say what follows.
const LABELS: [(&str, Hint); 9] = [
    ("ip", Hint::Address),
    ("domain", Hint::Name),
    ("url", Hint::Url),
    ("ja3", Hint::Ja3),
    ("ja3s", Hint::Ja3s),
    ("ja4", Hint::Ja4),
    ("sha1", Hint::Sha1),
    ("sha256", Hint::Sha256),
    ("name", Hint::Name),
];

fn any(text: &str) -> Result<Read, Reason> {
    let plain = |value| Read { value, from_url: false };
    if let Some((label, rest)) = text.split_once(':')
        && let Some((_, hint)) = LABELS.iter().find(|(l, _)| label.eq_ignore_ascii_case(l))
    {
        return read(rest, *hint);
    }
    if text.contains("://") {
        return url(text);
    }
    if let Some(value) = address(text) {
        return Ok(plain(value));
    }
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    match text.len() {
        32 if hex => digest(text, Kind::Ja3, 16).map(plain),
        40 if hex => digest(text, Kind::CertificateSha1, 20).map(plain),
        64 if hex => digest(text, Kind::CertificateSha256, 32).map(plain),
        JA4_LEN if text.as_bytes().get(10) == Some(&b'_') => ja4(text).map(plain),
        _ if text.contains('/') && !is_network_like(text) => url(text),
        _ => {
            let host = text
                .rsplit_once(':')
                .map_or(text, |(host, port)| if port.parse::<u16>().is_ok() { host } else { text });
            name(host).map(|n| plain(Value::Name(n)))
        }
    }
}

/// True for an address with nothing but digits behind a slash: a network with a mistake in it.
fn is_network_like(text: &str) -> bool {
    text.split_once('/').is_some_and(|(addr, len)| {
        addr.parse::<IpAddr>().is_ok() && len.bytes().all(|b| b.is_ascii_digit())
    })
}

/// An address, with or without a port, or a network; bits behind a network's length are dropped.
fn address(text: &str) -> Option<Value> {
    if let Some((addr, len)) = text.split_once('/') {
        let addr = Addr::from(addr.parse::<IpAddr>().ok()?);
        if len.is_empty() || len.len() > 3 || !len.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix = Prefix::new(addr, len.parse().ok()?)?;
        // A network of one address is that address.
        return Some(match prefix.len128() {
            128 => Value::Address(addr),
            _ => Value::Network(prefix),
        });
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Value::Address(ip.into()));
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(Value::Address(socket.ip().into()));
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse::<IpAddr>().ok().map(|ip| Value::Address(ip.into()))
}

/// The host of a URL: an address counts as such, a name as one that the list only knows a page of.
fn url(text: &str) -> Result<Read, Reason> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(value) = address(host) {
        return Ok(Read { value, from_url: false });
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    name(host).map(|n| Read { value: Value::Name(n), from_url: true })
}

/// A domain name in lower case; a leading `*.` or dot and a final dot are dropped, since names
/// stand for what is below them too.
fn name(text: &str) -> Result<String, Reason> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    if !text.is_ascii() {
        return Err("a name that is not ASCII: write it as xn--");
    }
    let good_label = |label: &str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(good)
    };
    let top = text.rsplit('.').next().unwrap_or_default();
    let good = text.len() <= NAME_MAX
        && text.split('.').all(good_label)
        && !top.bytes().all(|b| b.is_ascii_digit());
    if good { Ok(text.to_ascii_lowercase()) } else { Err(UNKNOWN) }
}

fn digest(text: &str, kind: Kind, len: usize) -> Result<Value, Reason> {
    let bytes = unhex(text).filter(|bytes| bytes.len() == len);
    bytes.map(|bytes| Value::Fingerprint(kind, bytes)).ok_or("a hash of the wrong length or form")
}

/// Bytes of hexadecimal digits; colons between them are left out. `None` beyond 32 bytes.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b':')
        .take(65)
        .map(|b| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    if digits.len() > 64 || digits.len() % 2 == 1 {
        return None;
    }
    let byte = |pair: &[u8]| pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    Some(digits.chunks_exact(2).map(byte).collect())
}

fn ja4(text: &str) -> Result<Value, Reason> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split('_');
    let lens = [parts.next(), parts.next(), parts.next()].map(|part| part.map_or(0, str::len));
    let good = lens == [10, 12, 12]
        && parts.next().is_none()
        && text.starts_with(['t', 'q', 'd'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        Ok(Value::Fingerprint(Kind::Ja4, text.into_bytes()))
    } else {
        Err("no JA4 fingerprint")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(read: &Read) -> String {
        let url = if read.from_url { "url " } else { "" };
        match &read.value {
            Value::Address(addr) => format!("{url}{addr}"),
            Value::Network(prefix) => format!("{url}{prefix}"),
            Value::Name(name) => format!("{url}{name}"),
            Value::Fingerprint(kind, bytes) => format!("{} {}", kind.name(), bytes.len()),
        }
    }

    #[test]
    fn texts_of_lists() {
        let check = |input: &str, expected: &str| {
            let got = read(input, Hint::Any).map_or_else(str::to_owned, |read| text(&read));
            assert_eq!(got, expected, "{input}");
        };
        check("198.51.100.1", "198.51.100.1");
        check(" 198.51.100[.]1:8080 ", "198.51.100.1");
        check("198.51.100.7/24", "198.51.100.0/24");
        check("198.51.100.7/32", "198.51.100.7");
        check("2001:db8::1", "2001:db8::1");
        check("[2001:db8::1]:443", "2001:db8::1");
        check("2001:db8::/32", "2001:db8::/32");
        check("Evil.Example.", "evil.example");
        check("*.evil.example", "evil.example");
        check("evil.example:443", "evil.example");
        check("hxxps://user@evil[.]example:8443/x?y", "url evil.example");
        check("http://198.51.100.1/p.bin", "198.51.100.1");
        check("http://[2001:db8::2]:80/p", "2001:db8::2");
        check("evil.example/path", "url evil.example");
        check("domain:evil.example", "evil.example");
        check("e7d705a3286e19ea42f587b344ee6865", "JA3 fingerprint 16");
        check("ja3s:e7d705a3286e19ea42f587b344ee6865", "JA3S fingerprint 16");
        check("t13d1516h2_8daaf6152771_e5627efa2ab1", "JA4 fingerprint 36");
        check(&"ab:".repeat(20)[..59], UNKNOWN);
        check(&format!("sha1:{}", &"ab:".repeat(20)[..59]), "certificate SHA-1 20");
        check(&"ab".repeat(32), "certificate SHA-256 32");
        check("bücher.example", "a name that is not ASCII: write it as xn--");
        for wrong in ["", "300.1.1.1", "1.2.3.4/33", "1.2.3.4/", "a..b", "http://", "-", "a b"] {
            let result = read(wrong, Hint::Any);
            assert!(result.is_err() || wrong == "-", "{wrong}: {result:?}");
        }
    }
}
