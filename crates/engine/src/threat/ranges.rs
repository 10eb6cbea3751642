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

/// Networks with their entries.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// Every 64th start.
    samples: Vec<u128>,
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
        ranges.samples = ranges.starts.iter().step_by(STRIDE).copied().collect();
        ranges
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.samples.capacity() + self.starts.capacity()) * size_of::<u128>()
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
