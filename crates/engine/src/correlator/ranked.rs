//! The largest keys of a stream, with exact counts as long as they all fit.

use ahash::RandomState;
use hashbrown::HashMap;
use std::hash::Hash;

/// Sums by key. When more keys come than fit, the smaller half is forgotten (and counted), so a
/// flood of one-packet sources cannot push out those that matter.
#[derive(Debug)]
pub(super) struct Ranked<K> {
    sums: HashMap<K, Sums, RandomState>,
    capacity: usize,
    forgotten: u64,
}

/// Sums of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) flows: u64,
}

impl<K: Copy + Eq + Hash + Ord> Ranked<K> {
    pub(super) fn new(capacity: usize, seed: u64) -> Self {
        let hasher = RandomState::with_seeds(seed, 0x7261, 0x6e6b, 0x6564);
        Self { sums: HashMap::with_hasher(hasher), capacity: capacity.max(64), forgotten: 0 }
    }

    /// Adds to a key.
    pub(super) fn add(&mut self, key: K, more: Sums) {
        if self.sums.len() >= self.capacity && !self.sums.contains_key(&key) {
            self.forget_half();
        }
        let sums = self.sums.entry(key).or_default();
        sums.packets += more.packets;
        sums.bytes += more.bytes;
        sums.flows += more.flows;
    }

    /// Keys that were forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The `n` keys with most bytes, then most packets, then the smaller key.
    pub(super) fn top(&self, n: usize) -> Vec<(K, Sums)> {
        let mut all: Vec<(K, Sums)> = self.sums.iter().map(|(k, s)| (*k, *s)).collect();
        all.sort_unstable_by(|(ka, a), (kb, b)| {
            (b.bytes, b.packets).cmp(&(a.bytes, a.packets)).then(ka.cmp(kb))
        });
        all.truncate(n);
        all
    }

    /// Keeps the upper half: what is kept depends on sums and keys alone, never on hash order.
    fn forget_half(&mut self) {
        let keep = self.top(self.capacity / 2);
        self.forgotten += (self.sums.len() - keep.len()) as u64;
        self.sums.clear();
        self.sums.extend(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_large_amid_a_flood_of_small() {
        let mut ranked = Ranked::new(1_000, 7);
        let big = Sums { packets: 10, bytes: 10_000, flows: 1 };
        let small = Sums { packets: 1, bytes: 60, flows: 1 };
        for i in 0..100_000_u32 {
            ranked.add(i, small);
            if i % 1_000 == 0 {
                ranked.add(1_000_000 + i % 10_000, big);
            }
        }
        let top = ranked.top(10);
        assert!(top.iter().all(|(k, s)| *k >= 1_000_000 && s.bytes == 100_000), "{top:?}");
        assert!(ranked.forgotten() > 90_000);
    }
}
