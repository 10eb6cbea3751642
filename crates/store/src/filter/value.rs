//! What stands behind a field: addresses, numbers with units, durations, flags; read and written.

use super::fields::Shape;
use super::tree::Span;
use anomalyzer_wire::Addr;
use std::net::IpAddr;

/// Units of sizes, the decimal ones first: what is written takes the first that divides.
const SIZES: [(&str, u64); 8] = [
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("k", 1_000),
    ("Ki", 1 << 10),
];

/// Units of durations in nanoseconds.
const DURATIONS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// TCP flags by name, in the order of their bits.
pub(super) const FLAG_NAMES: [(&str, char); 8] = [
    ("fin", 'F'),
    ("syn", 'S'),
    ("rst", 'R'),
    ("psh", 'P'),
    ("ack", 'A'),
    ("urg", 'U'),
    ("ece", 'E'),
    ("cwr", 'C'),
];

/// Addresses from and to: one, a network, or two with a dash.
pub(super) fn parse_addrs(text: &str) -> Result<(u128, u128), String> {
    let wrong = || format!("`{text}` is no address, network (10.0.0.0/8) or range of addresses");
    let addr = |text: &str| text.parse::<IpAddr>().map(Addr::from).map_err(|_| wrong());
    if let Some((net, length)) = text.split_once('/') {
        // An IPv4-mapped address is written with its prefix as IPv6.
        let bits = if net.contains(':') { 128 } else { 32 };
        let net = addr(net)?;
        let number = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length: Option<u32> = length.parse().ok().filter(|n| number && *n <= bits);
        let length = length.ok_or_else(|| format!("behind the `/` stands a number to {bits}"))?;
        let host = u128::MAX.checked_shr(length + 128 - bits).unwrap_or(0);
        return Ok((net.to_bits() & !host, net.to_bits() | host));
    }
    if let Some((from, to)) = text.split_once('-') {
        let (from, to) = (addr(from)?, addr(to)?);
        if from.is_v4() != to.is_v4() {
            return Err("a range of addresses has both ends in IPv4 or both in IPv6".to_owned());
        }
        if from > to {
            return Err(format!("the range begins behind its end; write `{to}-{from}`"));
        }
        return Ok((from.to_bits(), to.to_bits()));
    }
    addr(text).map(|one| (one.to_bits(), one.to_bits()))
}

/// Writes [`parse_addrs`].
pub(super) fn addrs(from: u128, to: u128) -> String {
    let addr = |bits: u128| Addr::v6(bits.to_be_bytes());
    let host = from ^ to;
    if host == 0 {
        return addr(from).to_string();
    }
    let host_bits = 128 - host.leading_zeros();
    if host & host.wrapping_add(1) == 0 && from & host == 0 {
        let bits = if addr(from).is_v4() { 32 } else { 128 };
        return format!("{}/{}", addr(from), bits - host_bits.min(bits));
    }
    format!("{}-{}", addr(from), addr(to))
}

/// A number or two with a dash, as the field wants it.
pub(super) fn parse_span(text: &str, shape: Shape) -> Result<Span, String> {
    if let Some((from, to)) = text.split_once('-') {
        let (from, to) = (parse_number(from, shape)?, parse_number(to, shape)?);
        if from > to {
            return Err("the range begins behind its end".to_owned());
        }
        return Ok(Span::Range(from, to));
    }
    parse_number(text, shape).map(Span::One)
}

/// A number as the field wants it.
pub(super) fn parse_number(text: &str, shape: Shape) -> Result<u64, String> {
    match shape {
        Shape::Size => parse_units(text, &SIZES, 1)
            .ok_or_else(|| format!("`{text}` is no number such as 1500, 10k, 1.5M or 2Gi")),
        Shape::Duration => parse_units(text, &DURATIONS, 1_000_000_000)
            .ok_or_else(|| format!("`{text}` is no duration such as 200ms, 10s, 5m or 2h")),
        Shape::Number(most) => {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let number = text.parse().ok().filter(|n| digits && *n <= most);
            number.ok_or_else(|| format!("`{text}` is no number from 0 to {most}"))
        }
        _ => Err(format!("`{text}` is no number")),
    }
}

/// A number with an optional fraction and unit; without a unit it counts `plain`.
fn parse_units(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let unit = match unit.strip_suffix(['B', 'b']).unwrap_or(unit) {
        "" => plain,
        unit => units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    whole.checked_add(u64::try_from(fraction * u128::from(unit) / scale).ok()?)
}

/// Writes a number so that [`parse_number`] reads it.
pub(super) fn number_text(n: u64, shape: Shape) -> String {
    let units: &[(&str, u64)] = match shape {
        Shape::Size => &SIZES,
        Shape::Duration => &DURATIONS,
        _ => return n.to_string(),
    };
    if n == 0 {
        return "0".to_owned();
    }
    let unit = units.iter().find(|(_, size)| n.is_multiple_of(*size));
    unit.map_or_else(|| n.to_string(), |(name, size)| format!("{}{name}", n / size))
}

/// A hardware address with colons or dashes.
pub(super) fn parse_mac(text: &str) -> Result<[u8; 6], String> {
    let read = || {
        let mut parts = text.split([':', '-']);
        let mut mac = [0; 6];
        for byte in &mut mac {
            let part = parts.next().filter(|p| p.len() == 2 && !p.starts_with('+'))?;
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(mac)
    };
    read().ok_or_else(|| format!("`{text}` is no hardware address such as 00:25:b3:bf:91:ee"))
}

/// Flags: a name (`syn`) or letters that must all be there (`SA`).
pub(super) fn parse_flags(text: &str) -> Result<u8, String> {
    let bit = |place: usize| 1_u8 << place;
    if let Some(place) = FLAG_NAMES.iter().position(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(bit(place));
    }
    let place =
        |c: char| FLAG_NAMES.iter().position(|(_, letter)| *letter == c.to_ascii_uppercase());
    let set = text.chars().try_fold(0, |set, c| place(c).map(|place| set | bit(place)));
    set.filter(|set| *set != 0).ok_or_else(|| {
        format!("`{text}` are no TCP flags; write letters of FSRPAUEC or fin, syn, rst, psh, ack, urg, ece, cwr")
    })
}

/// Writes [`parse_flags`].
pub(super) fn flag_letters(set: u8) -> String {
    let mut bits = FLAG_NAMES.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
    if let (Some((_, (name, _))), None) = (bits.next(), bits.next()) {
        return (*name).to_owned();
    }
    let letters = FLAG_NAMES.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
    letters.map(|(_, (_, letter))| *letter).collect()
}

/// True when the text is a hardware address.
pub(super) fn is_mac(text: &str) -> bool {
    parse_mac(text).is_ok()
}

/// True when the text is a Community ID: version 1 and 20 bytes in base64.
pub(super) fn is_community(text: &str) -> bool {
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    text.len() == 30 && text.strip_prefix("1:").is_some_and(|rest| rest.bytes().all(base64))
}
