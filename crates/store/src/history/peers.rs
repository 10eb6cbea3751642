//! How many distinct peers a group has: exact while few, estimated when many.

use anomalyzer_engine::count::Hll;
use hashbrown::HashTable;

/// Peers that are kept in place.
const FEW: usize = 3;
/// Peers up to which the count is exact; then a sketch takes over (standard error 1.6 %).
pub(crate) const EXACT_MAX: usize = 1_024;
/// Bytes of a sketch.
const SKETCH_BYTES: usize = 4_096;

/// Distinct peers, by the evenly spread hashes of their addresses.
#[derive(Debug)]
pub(crate) enum Peers {
    Few { len: u8, prints: [u64; FEW] },
    Many(Box<HashTable<u64>>),
    Sketch(Box<Hll>),
}

impl Default for Peers {
    fn default() -> Self {
        Self::Few { len: 0, prints: [0; FEW] }
    }
}

impl Peers {
    /// Adds a peer; how many bytes it took from the heap.
    #[inline]
    pub(crate) fn insert(&mut self, print: u64) -> usize {
        match self {
            Self::Few { len, prints } => {
                let used = prints.get(..usize::from(*len)).unwrap_or_default();
                if used.contains(&print) {
                    return 0;
                }
                if let Some(free) = prints.get_mut(usize::from(*len)) {
                    *free = print;
                    *len += 1;
                    return 0;
                }
                let few = *prints;
                self.grow(few, print)
            }
            Self::Many(table) => {
                if table.find(print, |p| *p == print).is_some() {
                    return 0;
                }
                let before = table.allocation_size();
                table.insert_unique(print, print, |p| *p);
                if table.len() > EXACT_MAX {
                    self.estimate();
                    return SKETCH_BYTES;
                }
                table.allocation_size() - before
            }
            Self::Sketch(sketch) => {
                sketch.insert(print);
                0
            }
        }
    }

    /// How many there are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an estimate is positive
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Few { len, .. } => u64::from(*len),
            Self::Many(table) => table.len() as u64,
            Self::Sketch(sketch) => sketch.estimate().round() as u64,
        }
    }

    /// Bytes that it takes from the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few { .. } => 0,
            Self::Many(table) => table.allocation_size(),
            Self::Sketch(_) => SKETCH_BYTES,
        }
    }

    /// Makes this the count of the union.
    pub(crate) fn merge(&mut self, mut other: Self) {
        if self.heap_bytes() < other.heap_bytes() {
            std::mem::swap(self, &mut other);
        }
        match other {
            Self::Few { len, prints } => {
                for print in prints.iter().take(usize::from(len)) {
                    self.insert(*print);
                }
            }
            Self::Many(table) => table.iter().for_each(|print| {
                self.insert(*print);
            }),
            Self::Sketch(theirs) => {
                if !matches!(self, Self::Sketch(_)) {
                    self.estimate();
                }
                if let Self::Sketch(ours) = self {
                    ours.merge(&theirs);
                }
            }
        }
    }

    fn grow(&mut self, few: [u64; FEW], print: u64) -> usize {
        let mut table = Box::new(HashTable::with_capacity(FEW * 2));
        for print in few.into_iter().chain([print]) {
            table.insert_unique(print, print, |p| *p);
        }
        let bytes = table.allocation_size();
        *self = Self::Many(table);
        bytes
    }

    fn estimate(&mut self) {
        let mut sketch = Box::new(Hll::default());
        match self {
            Self::Few { len, prints } => {
                prints.iter().take(usize::from(*len)).for_each(|print| sketch.insert(*print));
            }
            Self::Many(table) => table.iter().for_each(|print| sketch.insert(*print)),
            Self::Sketch(_) => return,
        }
        *self = Self::Sketch(sketch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_engine::count::fingerprint;

    fn peers(range: std::ops::Range<u128>) -> Peers {
        let mut peers = Peers::default();
        for n in range.clone().chain(range) {
            peers.insert(fingerprint(n));
        }
        peers
    }

    #[test]
    fn exact_to_the_limit_then_close() {
        for n in [0, 1, 3, 4, 5, 100, 1_024] {
            assert_eq!(u128::from(peers(0..n).count()), n);
        }
        let many = peers(0..50_000).count();
        assert!(many.abs_diff(50_000) < 3_300, "{many}");
    }

    #[test]
    fn the_union_of_any_two_sizes_is_right() {
        for a in [0, 2, 50, 3_000] {
            for b in [0, 3, 900, 4_000] {
                let mut union = peers(0..a);
                union.merge(peers(a / 2..a / 2 + b));
                let expected = a.max(a / 2 + b);
                let error = (union.count() as f64 - expected as f64).abs();
                let allowed = if a.max(b) <= 1_024 { 0.0 } else { expected as f64 * 0.066 };
                assert!(
                    error <= allowed || expected > 1_024 && error <= expected as f64 * 0.066,
                    "{a} and {b}: {} of {expected}",
                    union.count()
                );
            }
        }
    }
}
