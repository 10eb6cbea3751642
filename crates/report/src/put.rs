//! Numbers, addresses and times appended to a byte buffer without going through `fmt`.
//!
//! Flow records are written once per flow, millions per run, so their fields are written by hand;
//! everything else may use `fmt`.

use anomalyzer_wire::{Addr, Civil, Mac, Timestamp};
use std::io::Write as _;

/// An unsigned number in decimal.
pub(crate) fn number(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// A float as JSON and CSV write it: shortest form that reads back the same. What is not finite has
/// no such form and becomes `null`.
pub(crate) fn float(out: &mut Vec<u8>, value: f64) {
    let magnitude = value.abs();
    // Writing to a Vec cannot fail.
    let _ = if !value.is_finite() {
        out.write_all(b"null")
    } else if magnitude != 0.0 && !(1e-7..1e16).contains(&magnitude) {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
}

/// Nanoseconds as seconds with six decimals; negative spans become 0.
pub(crate) fn seconds(out: &mut Vec<u8>, ns: i64) {
    let micros = ns.max(0).unsigned_abs() / 1_000;
    number(out, micros / 1_000_000);
    out.push(b'.');
    six_digits(out, micros % 1_000_000);
}

/// Nanoseconds as milliseconds with three decimals.
pub(crate) fn millis(out: &mut Vec<u8>, ns: u64) {
    let micros = ns / 1_000;
    number(out, micros / 1_000);
    let rest = micros % 1_000;
    out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10 % 10), digit(rest % 10)]);
}

/// RFC 3339 in UTC with microseconds.
pub(crate) fn time(out: &mut Vec<u8>, time: Timestamp) {
    let Civil { year, month, day, hour, minute, second, micros } = time.civil();
    let year = year.unsigned_abs();
    two_digits(out, year / 100);
    two_digits(out, year % 100);
    for (mark, value) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)]
    {
        let value = value.unsigned_abs();
        out.extend_from_slice(&[mark, digit(value / 10), digit(value % 10)]);
    }
    out.push(b'.');
    six_digits(out, micros.unsigned_abs());
    out.push(b'Z');
}

/// An IPv4 or IPv6 address; IPv6 as RFC 5952 section 4 recommends.
pub(crate) fn addr(out: &mut Vec<u8>, addr: Addr) {
    let Some(v4) = addr.as_v4() else { return ipv6(out, addr) };
    for (i, byte) in v4.to_be_bytes().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        let byte = u64::from(byte);
        let digits = [digit(byte / 100), digit(byte / 10 % 10), digit(byte % 10)];
        let leading = usize::from(byte < 100) + usize::from(byte < 10);
        out.extend_from_slice(digits.get(leading..).unwrap_or(&digits));
    }
}

#[allow(clippy::cast_possible_truncation)] // sixteen bits each, that is meant
fn ipv6(out: &mut Vec<u8>, addr: Addr) {
    let bits = addr.to_bits();
    let groups: [u16; 8] = std::array::from_fn(|i| (bits >> (112 - 16 * i)) as u16);
    let (start, len) = longest_zeros(groups);
    for (i, group) in groups.into_iter().enumerate() {
        if len > 1 && (start..start + len).contains(&i) {
            if i == start {
                out.extend_from_slice(b"::");
            }
            continue;
        }
        if i > 0 && !(len > 1 && i == start + len) {
            out.push(b':');
        }
        let digits = [group >> 12, group >> 8 & 15, group >> 4 & 15, group & 15];
        let leading = digits.iter().take(3).take_while(|d| **d == 0).count();
        out.extend(digits.iter().skip(leading).map(|d| hex_digit(*d as u8)));
    }
}

/// Where the first longest run of zero groups begins, and its length.
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0), 0);
    for (i, group) in groups.into_iter().enumerate() {
        run = if group == 0 { run + 1 } else { 0 };
        if run > best.1 {
            best = (i + 1 - run, run);
        }
    }
    best
}

/// A hardware address.
pub(crate) fn mac(out: &mut Vec<u8>, mac: Mac) {
    for (i, byte) in mac.0.into_iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        hex(out, byte);
    }
}

/// A byte as two lower-case hexadecimal digits.
pub(crate) fn hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

fn six_digits(out: &mut Vec<u8>, value: u64) {
    two_digits(out, value / 10_000);
    two_digits(out, value / 100 % 100);
    two_digits(out, value % 100);
}

fn two_digits(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&[digit(value / 10 % 10), digit(value % 10)]);
}

#[allow(clippy::cast_possible_truncation)] // below 10
const fn digit(value: u64) -> u8 {
    b'0' + value as u8
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // random bits
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn agrees_with_fmt() {
        for ns in [0, -1, 1_760_184_035_123_456_789, i64::MAX, i64::MIN, 951_782_400_000_000_000] {
            let t = Timestamp::from_nanos(ns);
            assert_eq!(text(|o| time(o, t)), t.to_string());
        }
        for ip in ["0.0.0.0", "255.255.255.255", "192.0.2.17", "2001:db8::1", "::", "fe80::1:0:0:2"]
        {
            let a = Addr::from(ip.parse::<std::net::IpAddr>().unwrap());
            assert_eq!(text(|o| addr(o, a)), ip);
        }
        assert_eq!(text(|o| mac(o, Mac([0, 0x1b, 0xff, 9, 0xa0, 0x0a]))), "00:1b:ff:09:a0:0a");
    }

    proptest::proptest! {
        #[test]
        fn addresses_agree_with_fmt(bits: u128, mask: u8) {
            // Groups are zeroed by the mask, so that runs of zeros are common.
            let zeroed = (0..8).filter(|i| mask >> i & 1 == 1);
            let bits = zeroed.fold(bits, |bits, i| bits & !(0xffff << (16 * i)));
            for a in [Addr::v6(bits.to_be_bytes()), Addr::v4((bits as u32).to_be_bytes())] {
                proptest::prop_assert_eq!(text(|o| addr(o, a)), a.to_string());
            }
        }

        #[test]
        fn times_agree_with_fmt(ns: i64) {
            let t = Timestamp::from_nanos(ns);
            proptest::prop_assert_eq!(text(|o| time(o, t)), t.to_string());
        }
    }

    #[test]
    fn spans_and_floats() {
        assert_eq!(text(|o| seconds(o, 1_234_567_890)), "1.234567");
        assert_eq!(text(|o| seconds(o, -5)), "0.000000");
        assert_eq!(text(|o| seconds(o, i64::MAX)), "9223372036.854775");
        assert_eq!(text(|o| millis(o, 12_345_678)), "12.345");
        assert_eq!(text(|o| millis(o, u64::MAX)), "18446744073709.551");
        assert_eq!(text(|o| float(o, f64::NAN)), "null");
        assert_eq!(text(|o| float(o, 1000.0)), "1000");
        assert_eq!(text(|o| float(o, 0.99)), "0.99");
        assert_eq!(text(|o| float(o, 1e300)), "1e300");
    }
}
