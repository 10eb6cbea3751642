//! The Internet checksum (RFC 1071) and the pseudo header it covers.

use std::net::IpAddr;

/// Sum of `bytes` as big-endian 16-bit words, folded; an odd last byte counts as the high byte.
pub fn sum(bytes: &[u8]) -> u32 {
    let mut total = 0_u64;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        total += u64::from(u32::from_be_bytes(*word));
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    total += u64::from(u32::from_be_bytes(last));
    fold(total)
}

/// The checksum field for already summed words.
pub fn finish(total: u32) -> u16 {
    !(fold(u64::from(total)) as u16)
}

/// Sum of the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1).
pub fn pseudo_header(src: IpAddr, dst: IpAddr, protocol: u8, length: usize) -> u32 {
    address_sum(src) + address_sum(dst) + u32::from(protocol) + length as u32
}

fn address_sum(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(v4) => sum(&v4.octets()),
        IpAddr::V6(v6) => sum(&v6.octets()),
    }
}

fn fold(mut total: u64) -> u32 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(sum(&bytes), 0xddf2);
        assert_eq!(finish(sum(&bytes)), 0x220d);
    }

    #[test]
    fn an_odd_byte_is_the_high_byte() {
        assert_eq!(sum(&[0x12, 0x34, 0x56]), 0x1234 + 0x5600);
    }
}
