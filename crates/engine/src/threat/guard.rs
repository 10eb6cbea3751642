//! What is refused unless the user asks for it: indicators that would match one's own hosts or
//! half of the Internet.

use super::indicator::{Reason, Value};
use crate::config::Prefix;

/// Shortest IPv4 and IPv6 prefix: what is wider than one of the old class A networks, or than a
/// sixteenth of the address space that is given out for IPv6, is no network of an attacker.
const V4_LEN_MIN: u8 = 8;
const V6_LEN_MIN: u8 = 16;

/// Second-level words that registries of countries sell below (`co.uk`, `com.au`). The whole
/// public suffix list is a dependency that changes weekly; these and single words are the
/// mistakes that would hurt.
const SECOND_LEVEL: [&str; 15] = [
    "ac", "asso", "co", "com", "edu", "go", "gob", "gouv", "gov", "mil", "ne", "net", "nom", "or",
    "org",
];

/// Networks that are never an attacker's on the Internet.
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
];

/// The rules with the site's own networks.
#[derive(Debug)]
pub(super) struct Guard {
    own: Vec<Prefix>,
    private: Vec<Prefix>,
}

impl Guard {
    pub(super) fn new(own: &[Prefix]) -> Self {
        let private = PRIVATE.iter().filter_map(|text| Prefix::parse(text).ok()).collect();
        Self { own: own.to_vec(), private }
    }

    /// The reason why an indicator is refused.
    pub(super) fn refuses(&self, value: &Value) -> Option<Reason> {
        match value {
            Value::Address(addr) if !addr.is_unicast() => Some("no address of a host"),
            Value::Address(addr) if addr.is_private() => Some("a private address"),
            Value::Address(addr) if self.own.iter().any(|own| own.contains(*addr)) => {
                Some("an address of the site's own networks")
            }
            Value::Network(prefix) => self.network(*prefix),
            Value::Name(name) if !name.contains('.') => Some("a single word, no host's name"),
            Value::Name(name) if is_suffix(name) => Some("a public suffix, above many names"),
            _ => None,
        }
    }

    fn network(&self, prefix: Prefix) -> Option<Reason> {
        let v4 = prefix.network().is_v4() && prefix.len128() >= 96;
        let min = if v4 { 96 + V4_LEN_MIN } else { V6_LEN_MIN };
        if prefix.len128() < min {
            return Some("a network wider than /8 (IPv4) or /16 (IPv6)");
        }
        let meets = |other: &Prefix| overlap(prefix, *other);
        if self.private.iter().any(meets) {
            return Some("a network with private addresses");
        }
        self.own.iter().any(meets).then_some("a network with addresses of the site")
    }
}

fn overlap(a: Prefix, b: Prefix) -> bool {
    a.contains(b.network()) || b.contains(a.network())
}

/// True for the usual suffixes of two words.
fn is_suffix(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(second, top)| {
        (top.len() == 2 && SECOND_LEVEL.contains(&second)) || name == "in-addr.arpa"
    })
}

#[cfg(test)]
mod tests {
    use super::super::indicator::{Hint, read};
    use super::*;

    #[test]
    fn refuses_what_would_match_the_own_side_or_half_the_world() {
        let guard = Guard::new(&[Prefix::parse("198.51.100.0/25").unwrap()]);
        let check = |text: &str, refused: &str| {
            let value = read(text, Hint::Any).unwrap().value;
            assert_eq!(guard.refuses(&value).unwrap_or_default(), refused, "{text}");
        };
        check("203.0.113.66", "");
        check("10.1.2.3", "a private address");
        check("127.0.0.1", "a private address");
        check("224.0.0.1", "no address of a host");
        check("0.0.0.0", "no address of a host");
        check("198.51.100.4", "an address of the site's own networks");
        check("198.51.100.200", "");
        check("0.0.0.0/0", "a network wider than /8 (IPv4) or /16 (IPv6)");
        check("8.0.0.0/7", "a network wider than /8 (IPv4) or /16 (IPv6)");
        check("8.0.0.0/8", "");
        check("::/0", "a network wider than /8 (IPv4) or /16 (IPv6)");
        check("2001::/16", "");
        check("2001::/15", "a network wider than /8 (IPv4) or /16 (IPv6)");
        check("192.0.0.0/8", "a network with private addresses");
        check("192.168.7.0/24", "a network with private addresses");
        check("fe80::/64", "a network with private addresses");
        check("198.51.100.0/24", "a network with addresses of the site");
        check("com", "a single word, no host's name");
        check("co.uk", "a public suffix, above many names");
        check("evil.co.uk", "");
        check("t.co", "");
        check("evil.com", "");
    }
}
