//! Numbers and lists in words, for explanations; how far apart two words are, for hints.

use anomalyzer_wire::Addr;
use std::borrow::Cow;

/// `1234567` as `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes with a decimal unit: `812 B`, `1.5 kB`, `2.1 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1_000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS.get(unit).unwrap_or(&"?"))
}

/// `n` with thousands, and the noun in the right number: `1 port`, `2,000 ports`, `3 replies`.
pub fn counted(n: u64, noun: &str) -> String {
    let (stem, ending) = match (n, noun.as_bytes()) {
        (1, _) => (noun, ""),
        (_, [.., b's']) => (noun, "es"),
        (_, [.., before, b'y']) if !b"aeiou".contains(before) => {
            (noun.get(..noun.len() - 1).unwrap_or(noun), "ies")
        }
        _ => (noun, "s"),
    };
    format!("{} {stem}{ending}", thousands(n))
}

/// As [`counted`], and `no port` for none.
pub fn counted_or_no(n: u64, noun: &str) -> String {
    if n == 0 { format!("no {noun}") } else { counted(n, noun) }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Seconds in words: `0.25 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; whole units alone:
/// `5 min`, `1 h`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown, not computed with
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..10 => {
            let text = format!("{:.2}", seconds.max(0.0));
            format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
        }
        10..60 => format!("{whole} s"),
        60..3_600 => in_two([whole / 60, whole % 60], ["min", "s"]),
        3_600..86_400 => in_two([whole / 3_600, whole / 60 % 60], ["h", "min"]),
        _ => in_two([whole / 86_400, whole / 3_600 % 24], ["d", "h"]),
    }
}

fn in_two([large, small]: [u64; 2], units: [&str; 2]) -> String {
    let [of_large, of_small] = units;
    match small {
        0 => format!("{large} {of_large}"),
        _ => format!("{large} {of_large} {small} {of_small}"),
    }
}

/// At most three addresses, then how many more: `a and b`, `a, b, c and 4 more`.
pub fn addresses(addrs: &[Addr], total: u64) -> String {
    let shown: Vec<String> = addrs.iter().take(3).map(ToString::to_string).collect();
    let more = total.saturating_sub(shown.len() as u64);
    if more == 0 {
        listed(&shown)
    } else if shown.is_empty() {
        counted(total, "host")
    } else {
        format!("{} and {} more", shown.join(", "), thousands(more))
    }
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}

/// Name of an IP protocol number: `tcp`, `udp`, `icmp`...; `proto-N` for one without a common name.
pub fn ip_protocol(proto: u8) -> Cow<'static, str> {
    Cow::Borrowed(match proto {
        0 => "hopopt",
        1 => "icmp",
        2 => "igmp",
        4 => "ipip",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        41 => "ipv6",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        108 => "ipcomp",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        136 => "udplite",
        other => return Cow::Owned(format!("proto-{other}")),
    })
}

/// Name of an EtherType.
pub fn ether_type(number: u16) -> String {
    let name = match number {
        0 => "unknown",
        0x0806 => "arp",
        0x0842 => "wake-on-lan",
        0x2000 => "cdp",
        0x6002 => "mop",
        0x8035 => "rarp",
        0x809b => "appletalk",
        0x8100 => "vlan",
        0x8137 => "ipx",
        0x8808 => "flow-control",
        0x8809 => "lacp",
        0x8847 | 0x8848 => "mpls",
        0x8863 => "pppoe-discovery",
        0x8864 => "pppoe",
        0x886d | 0x888e => "eapol",
        0x88a8 => "qinq",
        0x88cc => "lldp",
        0x88e5 => "macsec",
        0x88f7 => "ptp",
        0x8902 => "cfm",
        0x9000 => "loopback-test",
        1..1_536 => "802.3",
        _ => return format!("ethertype 0x{number:04x}"),
    };
    name.into()
}

/// Levenshtein's edit distance in bytes; names beyond 64 bytes are simply far.
pub fn edit_distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (y, cell) in b.bytes().zip(row.iter_mut().skip(1)) {
            let best = (corner + usize::from(x != y)).min(left + 1).min(*cell + 1);
            corner = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_is_levenshteins() {
        for (a, b, d) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("port", "ports", 1),
            ("x", "x", 0),
            ("flood", "flood", 0),
        ] {
            assert_eq!(edit_distance(a, b), d, "{a} {b}");
            assert_eq!(edit_distance(b, a), d, "{b} {a}");
        }
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(999), "999");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(counted(1, "port"), "1 port");
        assert_eq!(counted(2_000, "client address"), "2,000 client addresses");
        assert_eq!(duration(0.25), "0.25 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(0.0), "0 s");
        assert_eq!(duration(60.0), "1 min");
        assert_eq!(duration(3_600.0), "1 h");
        assert_eq!(duration(604_800.0), "7 d");
        assert_eq!(duration(7_500.0), "2 h 5 min");
        assert_eq!(counted(2, "reply"), "2 replies");
        assert_eq!(counted(1, "reply"), "1 reply");
        assert_eq!(counted(2, "day"), "2 days");
        assert_eq!(counted_or_no(0, "answer"), "no answer");
        assert_eq!(listed(&["a", "b", "c"].map(String::from)), "a, b and c");
        assert_eq!(listed(&["a", "b"].map(String::from)), "a and b");
        assert_eq!(hex(&[0, 0x0f, 0xa5, 255]), "000fa5ff");
    }
}
