//! Network and hardware addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address as one number, cheap to hash and compare.
///
/// IPv4 is kept as its IPv4-mapped IPv6 address (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2), so
/// an IPv6 header that carries mapped addresses is shown as IPv4.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Addr(u128);

const V4_PREFIX: u128 = 0xffff_0000_0000;

impl Addr {
    /// `0.0.0.0`.
    pub const UNSPECIFIED_V4: Self = Self(V4_PREFIX);

    /// From the four bytes of an IPv4 address in network order.
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self(V4_PREFIX | u32::from_be_bytes(bytes) as u128)
    }

    /// From the sixteen bytes of an IPv6 address in network order.
    pub const fn v6(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The number: the IPv6 address, or the IPv4-mapped one.
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// True for an IPv4 address.
    pub const fn is_v4(self) -> bool {
        self.0 >> 32 == 0xffff
    }

    /// The IPv4 address as a number, when it is one.
    pub const fn as_v4(self) -> Option<u32> {
        if self.is_v4() { Some((self.0 & 0xffff_ffff) as u32) } else { None }
    }

    /// The standard library's type.
    pub const fn ip(self) -> IpAddr {
        match self.as_v4() {
            Some(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4)),
            None => IpAddr::V6(Ipv6Addr::from_bits(self.0)),
        }
    }

    /// True for multicast (224/4, ff00::/8).
    pub const fn is_multicast(self) -> bool {
        match self.as_v4() {
            Some(v4) => v4 >> 28 == 0xe,
            None => self.0 >> 120 == 0xff,
        }
    }

    /// True for the limited broadcast address 255.255.255.255.
    pub const fn is_broadcast(self) -> bool {
        matches!(self.as_v4(), Some(u32::MAX))
    }

    /// True for `0.0.0.0` and `::`.
    pub const fn is_unspecified(self) -> bool {
        matches!(self.as_v4(), Some(0)) || self.0 == 0
    }

    /// True for 127/8 and ::1.
    pub const fn is_loopback(self) -> bool {
        match self.as_v4() {
            Some(v4) => v4 >> 24 == 127,
            None => self.0 == 1,
        }
    }

    /// True for 169.254/16 and fe80::/10.
    pub const fn is_link_local(self) -> bool {
        match self.as_v4() {
            Some(v4) => v4 >> 16 == 0xa9fe,
            None => self.0 >> 118 == 0xfe80 >> 6,
        }
    }

    /// True for addresses that never cross the public Internet: RFC 1918, RFC 6598, RFC 4193,
    /// link-local and loopback.
    pub const fn is_private(self) -> bool {
        if self.is_link_local() || self.is_loopback() {
            return true;
        }
        match self.as_v4() {
            Some(v4) => {
                v4 >> 24 == 10
                    || v4 >> 20 == 0xac1
                    || v4 >> 16 == 0xc0a8
                    || v4 >> 22 == 0x6440_0000 >> 22
            }
            None => self.0 >> 121 == 0xfc >> 1,
        }
    }

    /// True for an address that can be one host: not multicast, broadcast or unspecified.
    pub const fn is_unicast(self) -> bool {
        !self.is_multicast() && !self.is_broadcast() && !self.is_unspecified()
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::v4(v4.octets()),
            IpAddr::V6(v6) => Self::v6(v6.octets()),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

/// A 48-bit hardware address.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// True for group addresses (broadcast included).
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// True for all zeros.
    pub const fn is_zero(self) -> bool {
        matches!(self.0, [0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> Addr {
        Addr::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn classes_of_addresses() {
        for private in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "fd00::1",
            "fe80::1",
            "169.254.3.4",
            "::1",
        ] {
            assert!(addr(private).is_private(), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "11.0.0.1"] {
            assert!(!addr(public).is_private(), "{public}");
        }
        assert!(addr("224.0.0.251").is_multicast() && addr("ff02::1").is_multicast());
        assert!(addr("255.255.255.255").is_broadcast());
        assert!(addr("0.0.0.0").is_unspecified() && addr("::").is_unspecified());
    }

    #[test]
    fn prints_and_orders_like_the_standard_types() {
        assert_eq!(addr("192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(addr("2001:db8::1").to_string(), "2001:db8::1");
        assert!(addr("10.0.0.2") < addr("10.0.0.10"));
    }
}
