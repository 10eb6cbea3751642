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
    let micros = ns.max(0) / 1_000;
    number(out, micros.unsigned_abs() / 1_000_000);
    out.push(b'.');
    decimals(out, micros % 1_000_000, 100_000);
}

/// Nanoseconds as milliseconds with three decimals.
pub(crate) fn millis(out: &mut Vec<u8>, ns: u64) {
    let micros = ns / 1_000;
    number(out, micros / 1_000);
    out.push(b'.');
    decimals(out, i64::try_from(micros % 1_000).unwrap_or(0), 100);
}

/// RFC 3339 in UTC with microseconds.
pub(crate) fn time(out: &mut Vec<u8>, time: Timestamp) {
    let Civil { year, month, day, hour, minute, second, micros } = time.civil();
    decimals(out, year, 1_000);
    for (mark, value) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)]
    {
        out.push(mark);
        decimals(out, value, 10);
    }
    out.push(b'.');
    decimals(out, micros, 100_000);
    out.push(b'Z');
}

/// An IPv4 or IPv6 address.
pub(crate) fn addr(out: &mut Vec<u8>, addr: Addr) {
    let Some(v4) = addr.as_v4() else {
        let _ = write!(out, "{addr}");
        return;
    };
    for (i, byte) in v4.to_be_bytes().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        number(out, u64::from(byte));
    }
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
    for nibble in [byte >> 4, byte & 15] {
        out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    }
}

/// The digits of `value` from the place of `unit` (a power of ten) down, with leading zeros.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a digit is 0 to 9
fn decimals(out: &mut Vec<u8>, value: i64, mut unit: i64) {
    while unit > 0 {
        out.push(b'0' + (value / unit).rem_euclid(10) as u8);
        unit /= 10;
    }
}

#[cfg(test)]
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
