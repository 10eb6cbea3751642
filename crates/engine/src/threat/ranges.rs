//! Networks, nested as they may be, found by one binary search.
//!
//! Sorted by first address, then by length, every network knows the one around it. The last
//! network that begins at or before an address holds it, or one of those around it does, or none.

use super::store::Entry;
use crate::config::Prefix;
use anomalyzer_wire::Addr;
use std::cmp::Reverse;

/// One in so many starts is kept in a second, smaller array that stays in the cache.
const STRIDE: usize = 64;
/// Stands for no network around.
const NONE: u32 = u32::MAX;

/// What stands above the 32 bits of an IPv4 address (RFC 4291 section 2.5.5.2).
const V4_UPPER: u128 = 0xffff;
/// Fewer networks than this are found as fast without an index by their upper half.
const INDEXED_MIN: usize = 4_096;
/// Values of the upper half of an IPv4 address.
const UPPER_HALVES: u32 = 1 << 16;

/// Networks with their entries.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// Every 64th start.
    samples: Vec<u128>,
    /// Where the IPv4 networks begin that share their upper 16 bits, and behind the last where all
    /// end: one step instead of ten. Empty when there are few networks.
    upper: Vec<u32>,
    /// First addresses, ascending.
    starts: Vec<u128>,
    rest: Vec<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    entry: Entry,
    /// The network around this one.
    around: u32,
    len: u8,
}

impl Ranges {
    /// Takes networks in any order.
    pub(super) fn new(mut networks: Vec<(Prefix, Entry)>) -> Self {
        // Of equal networks the first list comes last, so that it is met first.
        networks.sort_unstable_by_key(|(prefix, entry)| {
            (prefix.network(), prefix.len128(), Reverse((entry.list, entry.place)))
        });
        let mut ranges = Self {
            samples: Vec::new(),
            upper: Vec::new(),
            starts: Vec::with_capacity(networks.len()),
            rest: Vec::with_capacity(networks.len()),
        };
        let mut open: Vec<(u32, Prefix)> = Vec::new();
        for (prefix, entry) in networks {
            while open.last().is_some_and(|(_, outer)| !outer.contains(prefix.network())) {
                open.pop();
            }
            let around = open.last().map_or(NONE, |(at, _)| *at);
            let at = u32::try_from(ranges.starts.len()).unwrap_or(NONE);
            open.push((at, prefix));
            ranges.starts.push(prefix.network().to_bits());
            ranges.rest.push(Rest { entry, around, len: prefix.len128() });
        }
        ranges.upper = upper(&ranges.starts);
        ranges.samples = ranges.starts.iter().step_by(STRIDE).copied().collect();
        ranges
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.samples.capacity() + self.starts.capacity()) * size_of::<u128>()
            + self.upper.capacity() * size_of::<u32>()
            + self.rest.capacity() * size_of::<Rest>()
    }

    /// The networks that hold an address, longest first.
    pub(super) fn holding(&self, addr: Addr) -> impl Iterator<Item = (u32, &Entry)> {
        let mut next = self.last_before(addr.to_bits());
        std::iter::from_fn(move || {
            loop {
                let index = next?;
                let rest = self.rest.get(index as usize)?;
                next = Some(rest.around).filter(|around| *around != NONE);
                let start = self.starts.get(index as usize)?;
                if (addr.to_bits() ^ start).leading_zeros() >= u32::from(rest.len) {
                    return Some((index, &rest.entry));
                }
            }
        })
    }

    /// The last network that begins at or before these bits.
    fn last_before(&self, bits: u128) -> Option<u32> {
        if bits >> 32 == V4_UPPER
            && let Some(begin) = self.upper.get(upper_half(bits))
            && let Some(end) = self.upper.get(upper_half(bits) + 1)
        {
            let group = self.starts.get(*begin as usize..*end as usize)?;
            let within = group.partition_point(|start| *start <= bits);
            return u32::try_from((*begin as usize + within).checked_sub(1)?).ok();
        }
        let block = self.samples.partition_point(|start| *start <= bits).checked_sub(1)? * STRIDE;
        let end = (block + STRIDE).min(self.starts.len());
        let within = self.starts.get(block..end)?.partition_point(|start| *start <= bits);
        u32::try_from((block + within).checked_sub(1)?).ok()
    }

    pub(super) fn entry(&self, index: usize) -> Option<&Entry> {
        self.rest.get(index).map(|rest| &rest.entry)
    }

    /// First address and length (of 128 bits).
    pub(super) fn network(&self, index: u32) -> Option<(Addr, u8)> {
        let start = self.starts.get(index as usize)?;
        let rest = self.rest.get(index as usize)?;
        Some((Addr::v6(start.to_be_bytes()), rest.len))
    }

    /// As text.
    pub(super) fn shown(&self, index: u32) -> String {
        let shown = self.network(index).and_then(|(start, len)| {
            let len = if start.is_v4() { len.checked_sub(96)? } else { len };
            Prefix::new(start, len)
        });
        shown.map_or_else(String::new, |prefix| prefix.to_string())
    }

    /// Entries of the same network.
    pub(super) fn same(&self, index: u32) -> impl Iterator<Item = &Entry> {
        let network = self.network(index);
        let start = network.map_or(0, |(start, _)| start.to_bits());
        let first = self.starts.partition_point(|s| *s < start);
        let of_start = self.starts.iter().zip(&self.rest).skip(first);
        of_start
            .take_while(move |(s, _)| **s == start)
            .filter(move |(_, rest)| network.is_some_and(|(_, len)| len == rest.len))
            .map(|(_, rest)| &rest.entry)
    }
}

/// The upper 16 bits of an IPv4 address.
#[allow(clippy::cast_possible_truncation)] // 16 bits are kept
const fn upper_half(bits: u128) -> usize {
    (bits >> 16) as usize & 0xffff
}

/// Where the starts of each upper half of IPv4 begin among all starts.
fn upper(starts: &[u128]) -> Vec<u32> {
    if starts.len() < INDEXED_MIN {
        return Vec::new();
    }
    let base = |half: u32| V4_UPPER << 32 | u128::from(half) << 16;
    let place = |half| starts.partition_point(|start| *start < base(half));
    (0..=UPPER_HALVES).map(|half| u32::try_from(place(half)).unwrap_or(NONE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_finds_what_the_search_finds() {
        // Nested and spread networks of both versions.
        let v4 = (0..9_000_u32).map(|n| {
            let bits = n.wrapping_mul(0x9e37_79b1);
            let len = [8, 12, 16, 20, 24, 30, 32][n as usize % 7];
            Prefix::new(
                Addr::v4((bits & (u32::MAX << (32 - len))).to_be_bytes()),
                len.try_into().unwrap(),
            )
        });
        let v6 = (1..500_u128).map(|n| Prefix::new(Addr::v6((n << 100).to_be_bytes()), 40));
        let networks: Vec<(Prefix, Entry)> =
            v4.chain(v6).map(|prefix| (prefix.unwrap(), Entry::default())).collect();
        let indexed = Ranges::new(networks.clone());
        assert!(!indexed.upper.is_empty());
        let plain = Ranges { upper: Vec::new(), ..Ranges::new(networks) };
        for n in 0..60_000_u32 {
            let addr = Addr::v4(n.wrapping_mul(0x85eb_ca6b).to_be_bytes());
            assert_eq!(indexed.last_before(addr.to_bits()), plain.last_before(addr.to_bits()));
            let found = |r: &Ranges| r.holding(addr).map(|(at, _)| at).collect::<Vec<_>>();
            assert_eq!(found(&indexed), found(&plain), "{addr}");
        }
    }
}
