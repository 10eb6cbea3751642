//! What an address is, without telling which: what is learned of one network then holds in
//! another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names of the classes, in the order of [`Class`].
pub(super) const CLASSES: &[&str] = &[
    "public",
    "private",
    "loopback",
    "link-local",
    "shared",
    "multicast",
    "broadcast",
    "documentation",
    "unspecified",
    "reserved",
];

/// What a range of addresses is meant for (RFC 6890 and its registries).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Public,
    Private,
    Loopback,
    LinkLocal,
    /// Between customers and their provider (RFC 6598).
    Shared,
    Multicast,
    Broadcast,
    Documentation,
    Unspecified,
    Reserved,
}

/// Resolvers that everybody may ask, by their best known addresses: large answers from them and
/// many questions to them are ordinary.
const RESOLVERS: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4)),
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(1, 0, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9)),
    IpAddr::V4(Ipv4Addr::new(149, 112, 112, 112)),
    IpAddr::V4(Ipv4Addr::new(208, 67, 222, 222)),
    IpAddr::V4(Ipv4Addr::new(208, 67, 220, 220)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001)),
    IpAddr::V6(Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe)),
];

/// Reads an address. An IPv4 address within IPv6 (`::ffff:a.b.c.d`) is that IPv4 address.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The class of an address.
pub(super) fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [255, 255, 255, 255] => Class::Broadcast,
        [0, ..] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::LinkLocal,
        [100, 64..=127, ..] => Class::Shared,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [192, 0, 0, _] | [198, 18..=19, ..] | [240..=255, ..] => Class::Reserved,
        [224..=239, ..] => Class::Multicast,
        _ if address.is_private() => Class::Private,
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xfc00..=0xfdff, ..] => Class::Private,
        [0xff00..=0xffff, ..] => Class::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Documentation,
        // Translated to IPv4 by a NAT64 (RFC 6052).
        [0x64, 0xff9b, ..] | [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Reserved,
    }
}

/// Whether both are in one /24 (IPv4) or /64 (IPv6).
pub(super) fn same_subnet(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..3] == b.octets()[..3],
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments()[..4] == b.segments()[..4],
        _ => false,
    }
}

/// Whether the address belongs to one's own network, as far as it tells.
pub(super) fn is_inside(class: Class) -> bool {
    matches!(class, Class::Private | Class::LinkLocal | Class::Shared | Class::Loopback)
}

/// Whether the address is a resolver that everybody may ask.
pub(super) fn is_public_resolver(address: IpAddr) -> bool {
    RESOLVERS.contains(&address)
}

/// Where traffic goes, as an index of this list.
pub(super) const DIRECTIONS: &[&str] = &["inside", "outbound", "inbound", "outside", "to many"];

/// Index of the direction of traffic between these classes.
pub(super) fn direction(from: Class, to: Class) -> usize {
    match (is_inside(from), is_inside(to)) {
        _ if matches!(to, Class::Multicast | Class::Broadcast) => 4,
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_addresses() {
        let check = |text: &str, expected: &str| {
            let class = class(parse(text).unwrap());
            assert_eq!(CLASSES[class as usize], expected, "{text}");
        };
        check("8.8.8.8", "public");
        check("172.15.0.1", "public");
        check("172.16.0.1", "private");
        check("192.168.1.1", "private");
        check("10.255.255.255", "private");
        check("127.0.0.53", "loopback");
        check("169.254.1.1", "link-local");
        check("100.64.0.1", "shared");
        check("100.128.0.1", "public");
        check("224.0.0.251", "multicast");
        check("255.255.255.255", "broadcast");
        check("203.0.113.9", "documentation");
        check("0.0.0.0", "unspecified");
        check("240.0.0.1", "reserved");
        check("::", "unspecified");
        check("::1", "loopback");
        check("fe80::1", "link-local");
        check("fd12:3456::1", "private");
        check("ff02::fb", "multicast");
        check("2001:db8::1", "documentation");
        check("2606:4700:4700::1111", "public");
        check("::ffff:10.0.0.1", "private");
        check("5f00::1", "reserved");
    }

    #[test]
    fn relations_between_addresses() {
        let same = |a: &str, b: &str| same_subnet(parse(a).unwrap(), parse(b).unwrap());
        assert!(same("10.0.0.1", "10.0.0.255"));
        assert!(!same("10.0.0.1", "10.0.1.1"));
        assert!(same("fd00::1", "fd00::ffff:1"));
        assert!(!same("fd00::1", "fd00:0:0:1::1"));
        assert!(!same("10.0.0.1", "fd00::1"));
        let way = |a: &str, b: &str| {
            DIRECTIONS[direction(class(parse(a).unwrap()), class(parse(b).unwrap()))]
        };
        assert_eq!(way("10.0.0.1", "192.168.1.1"), "inside");
        assert_eq!(way("10.0.0.1", "1.1.1.1"), "outbound");
        assert_eq!(way("1.1.1.1", "10.0.0.1"), "inbound");
        assert_eq!(way("1.1.1.1", "8.8.8.8"), "outside");
        assert_eq!(way("10.0.0.1", "224.0.0.1"), "to many");
    }
}
