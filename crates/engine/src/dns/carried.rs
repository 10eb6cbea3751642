//! How many bytes of information a name or a text may carry.
//!
//! An estimate from the alphabet: a hex digit carries 4 bits, a letter or digit of base32 5 bits
//! (upper and lower case are one, since resolvers change the case at will), a character of base64
//! 6, a byte outside the alphabet of host names 7. A label that reads as words carries about a bit
//! per letter, which is what Shannon found for English text.

use super::{Name, Readable};

/// Bits per character of words.
const WORD_BITS: u32 = 1;
/// Texts shorter than this are not judged.
const TEXT_MIN: usize = 16;
/// Hex digits of a number of 32 bits.
const HEX_MIN: usize = 8;
/// Figures from which a number is more than a count of hosts.
const NUMBER_MIN: usize = 6;
/// Prose from this length on is free data all the same, when it is no record of mail: notes that
/// services leave in TXT records (`"15169 | 8.8.8.0/24 | US"`) are shorter.
const PROSE_MAX: usize = 64;
/// Bits per character from which a long text is no prose; Slips takes TXT answers from 5 up.
const TEXT_ENTROPY: f32 = 5.0;
/// The longest run without a blank that prose has.
const RUN_MAX: usize = 32;

/// What the labels before the zone carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Estimated bytes of information.
    pub(crate) bytes: u32,
    /// The longest label in bytes.
    pub(crate) longest: u32,
    /// A label does not read as words.
    pub(crate) random: bool,
    /// A byte that host names do not have.
    pub(crate) raw: bool,
    /// A label begins with an underscore: the name of a service (RFC 8552).
    pub(crate) service: bool,
}

impl Carried {
    /// Looks at a name.
    pub(crate) fn of(name: &Name, readable: &Readable) -> Self {
        let mut all = Self::default();
        let mut bits = 0;
        for label in name.below() {
            let raw = label.iter().any(|b| !is_host(*b));
            let random = raw || readable.is_random(label) || is_hex(label);
            let each = match () {
                () if raw => 7,
                () if is_number(label) => 3,
                () if !random => WORD_BITS,
                () if label.iter().all(u8::is_ascii_hexdigit) => 4,
                () => 5,
            };
            let len = u32::try_from(label.len()).unwrap_or(u32::MAX);
            bits += each * len;
            all.longest = all.longest.max(len);
            all.random |= random;
            all.raw |= raw;
            all.service |= label.starts_with(b"_");
        }
        all.bytes = bits / 8;
        all
    }
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Hex digits, letters and figures among them, have few letter pairs to judge by; eight of them
/// are a number of 32 bits, sixteen figures are no number of a host.
fn is_hex(label: &[u8]) -> bool {
    let figures = label.iter().filter(|b| b.is_ascii_digit()).count();
    let mixed = figures >= 2 && figures < label.len() && label.len() >= HEX_MIN;
    (mixed || label.len() >= TEXT_MIN) && label.iter().all(u8::is_ascii_hexdigit)
}

/// Figures too many for the number of a host, too few for data.
fn is_number(label: &[u8]) -> bool {
    (NUMBER_MIN..TEXT_MIN).contains(&label.len()) && label.iter().all(u8::is_ascii_digit)
}

/// The bytes of information in the text of a TXT record, and whether it is free data: not prose,
/// or prose that is long and none of the well-known records of mail.
pub(crate) fn text_bytes(text: &[u8]) -> (u32, bool) {
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let binary = text.iter().filter(|b| !b.is_ascii() || b.is_ascii_control()).count();
    if text.len() >= 4 && binary * 4 >= text.len() {
        return (len, true);
    }
    if text.len() < TEXT_MIN {
        return (len * WORD_BITS / 8, false);
    }
    let run = text.split(u8::is_ascii_whitespace).map(<[u8]>::len).max().unwrap_or(0);
    let hex = text.iter().filter(|b| b.is_ascii_hexdigit()).count() * 10 >= text.len() * 9;
    let encoded = hex || (run > RUN_MAX && (entropy(text) >= TEXT_ENTROPY || !is_prose(text)));
    match (encoded, hex) {
        (true, true) => (len / 2, true),
        (true, false) => (len.saturating_mul(6) / 8, true),
        _ => (len * WORD_BITS / 8, text.len() >= PROSE_MAX && !is_mail_record(text)),
    }
}

/// SPF, DKIM, DMARC, MTA-STS, TLS reports and BIMI all begin so (RFC 7208, 6376, 7489, 8461).
fn is_mail_record(text: &[u8]) -> bool {
    text.starts_with(b"v=") || text.starts_with(b"spf2.0/")
}

/// Letters of one case and punctuation, as addresses and settings have them; encoded text mixes
/// both cases and digits.
fn is_prose(text: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| text.iter().filter(|b| is(b)).count() * 8;
    let upper = count(u8::is_ascii_uppercase);
    let lower = count(u8::is_ascii_lowercase);
    let digits = count(u8::is_ascii_digit);
    upper.min(lower) < text.len() && (digits < text.len() || upper.min(lower) == 0)
}

/// Shannon's entropy of the bytes, in bits per byte.
fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total: f32 = counts.iter().map(|c| f32::from(*c)).sum();
    let part = |c: &u16| {
        let p = f32::from(*c) / total.max(1.0);
        if p > 0.0 { -p * p.log2() } else { 0.0 }
    };
    counts.iter().map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::name::tests::named;

    #[test]
    fn names_carry_what_their_alphabet_allows() {
        let readable = Readable::new();
        for (name, low, high, random) in [
            ("www.example.com", 0, 1, false),
            ("static-assets.images.example.com", 1, 4, false),
            ("546b03f50000000000a6023ed4df184d6ac5c262.example.com", 20, 20, true),
            ("mfrggzdfmztwq2lknnwg23tp.example.com", 15, 15, true),
            ("1234567890123456789012345678901234567890.example.com", 20, 20, true),
            ("9.example.com", 0, 0, false),
            ("api.07311917.19997cf2.example.com", 6, 8, true),
            ("mail-10.decade.example.com", 1, 2, false),
        ] {
            let carried = Carried::of(&named(name), &readable);
            assert!((low..=high).contains(&carried.bytes), "{name}: {carried:?}");
            assert_eq!(carried.random, random, "{name}");
        }
        assert!(Carried::of(&named("_dmarc.example.com"), &readable).service);
        assert!(Carried::of(&named("a\u{e9}\u{e8}b.example.com"), &readable).raw);
    }

    #[test]
    fn texts_are_prose_records_or_data() {
        let base64 = "JF9ucyA9ICJucy5vc3RyeWtlYnMucGwiCiRfc3MgPSBSYW5kb20gLU1heGltdW0gNTAwMDAwCiRf";
        for (text, encoded) in [
            (base64, true),
            ("5a0401708ceab746fe86202d7db9b3bdf919", true),
            ("v=spf1 include:_spf.example.com include:mail.example.net ~all", false),
            ("\"15169 | 8.8.8.0/24 | US | arin | 1992-12-01\"", false),
            ("v=DMARC1; p=reject; rua=mailto:dmarc-reports@mail.example.com", false),
            ("powershell -nop -w hidden -c start-sleep 5 and then get-process | sort cpu", true),
            ("", false),
            ("ok", false),
        ] {
            assert_eq!(text_bytes(text.as_bytes()).1, encoded, "{text}");
        }
        assert_eq!(text_bytes(&[0x90, 0xa0, 0x17, 0xff]), (4, true));
    }
}
