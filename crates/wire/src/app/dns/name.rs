//! Domain names: labels behind compression, kept as they were on the wire.

use crate::app::read::Reader;
use crate::{Addr, HostileStr};

/// The longest name on the wire in bytes, its final zero included (RFC 1035 section 2.3.4).
const NAME_MAX: usize = 255;
/// The most pointers in one name: each must save at least the two bytes it takes.
const JUMPS_MAX: usize = 127;

/// A domain name: its labels, decompressed, each with its length byte before it, without the
/// final zero byte. At most 254 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DnsName(Box<[u8]>);

impl DnsName {
    /// Reads a name at the cursor and moves behind it; `None` when it is damaged.
    pub(super) fn read(r: &mut Reader<'_>, message: &[u8]) -> Option<Self> {
        let mut wire = [0u8; NAME_MAX];
        let (end, len) = expand(message, r.at(), &mut wire)?;
        r.skip(end.checked_sub(r.at())?)?;
        Some(Self(wire.get(..len)?.into()))
    }

    /// The labels as bytes, from the leftmost to the top-level domain.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut r = Reader::new(&self.0);
        std::iter::from_fn(move || r.vec8())
    }

    /// How many labels there are; 0 for the root.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// Length of the uncompressed name on the wire in bytes, its final zero included: 1 to 255.
    pub fn wire_len(&self) -> usize {
        self.0.len() + 1
    }

    /// The address that a reverse look-up asks for: `25.1.168.192.in-addr.arpa` (RFC 1035 section
    /// 3.5) or 32 digits under `ip6.arpa` (RFC 3596 section 2.5); `None` for any other name.
    pub fn reverse_address(&self) -> Option<Addr> {
        let labels: Vec<&[u8]> = self.labels().take(35).collect();
        let (rest, [zone, arpa]) = labels.split_last_chunk::<2>()?;
        if !arpa.eq_ignore_ascii_case(b"arpa") {
            return None;
        }
        if zone.eq_ignore_ascii_case(b"in-addr") {
            let parts: &[&[u8]; 4] = rest.try_into().ok()?;
            let [d, c, b, a] = parts.map(|label| std::str::from_utf8(label).ok()?.parse().ok());
            return Some(Addr::v4([a?, b?, c?, d?]));
        }
        if !zone.eq_ignore_ascii_case(b"ip6") || rest.len() != 32 {
            return None;
        }
        let digits = rest.iter().rev().map(|label| match label {
            [digit] => char::from(*digit).to_digit(16),
            _ => None,
        });
        let bits = digits.map(|d| d.map(u128::from)).try_fold(0u128, |n, d| Some(n << 4 | d?))?;
        Some(Addr::v6(bits.to_be_bytes()))
    }

    /// Lower case, dotted, without a final dot; `.` for the root. Dots and backslashes within a
    /// label are escaped by a backslash, other bytes are kept.
    pub fn normalised(&self) -> HostileStr {
        let mut text = Vec::with_capacity(self.0.len().max(1));
        for (at, label) in self.labels().enumerate() {
            if at > 0 {
                text.push(b'.');
            }
            for byte in label {
                if matches!(byte, b'.' | b'\\') {
                    text.push(b'\\');
                }
                text.push(byte.to_ascii_lowercase());
            }
        }
        if text.is_empty() {
            text.push(b'.');
        }
        HostileStr::from(text)
    }
}

impl std::fmt::Debug for DnsName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.normalised(), f)
    }
}

/// Writes the labels at `at` into `wire`; gives where the name ends in the message and how many
/// bytes were written.
fn expand(message: &[u8], at: usize, wire: &mut [u8; NAME_MAX]) -> Option<(usize, usize)> {
    let mut r = Reader::at_offset(message, at);
    let mut floor = at;
    let (mut end, mut len) = (None, 0);
    for _ in 0..=JUMPS_MAX + NAME_MAX / 2 {
        let lead = r.u8()?;
        match lead >> 6 {
            0 if lead == 0 => return Some((end.unwrap_or(r.at()), len)),
            0 => {
                let label = r.take(usize::from(lead))?;
                let next = len + 1 + label.len();
                // One byte stays for the final zero.
                let (first, rest) = wire.get_mut(len..next)?.split_first_mut()?;
                if next >= NAME_MAX {
                    return None;
                }
                *first = lead;
                rest.copy_from_slice(label);
                len = next;
            }
            3 => {
                let target = usize::from(lead & 0x3f) << 8 | usize::from(r.u8()?);
                end.get_or_insert(r.at());
                if target >= floor {
                    return None;
                }
                floor = target;
                r = Reader::at_offset(message, target);
            }
            _ => return None,
        }
    }
    None
}

/// Where the name at `at` ends, its pointer not followed; `None` when it is damaged.
pub(super) fn skip(message: &[u8], at: usize) -> Option<usize> {
    let mut r = Reader::at_offset(message, at);
    for _ in 0..=NAME_MAX / 2 {
        let lead = r.u8()?;
        match lead >> 6 {
            0 if lead == 0 => return Some(r.at()),
            0 => r.skip(usize::from(lead))?,
            3 => {
                r.u8()?;
                return Some(r.at());
            }
            _ => return None,
        }
    }
    None
}

/// True when the bytes at `at` can be the beginning of a name, as far as there are any.
pub(super) fn is_possible(message: &[u8], at: usize) -> bool {
    let mut r = Reader::at_offset(message, at);
    for _ in 0..=NAME_MAX / 2 {
        let Some(lead) = r.u8() else { return true };
        match lead >> 6 {
            0 if lead == 0 => return true,
            0 if r.skip(usize::from(lead)).is_none() => return true,
            0 => {}
            3 => return true,
            _ => return false,
        }
    }
    false
}
