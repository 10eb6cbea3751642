//! A keyed table of fixed capacity.

use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::Hash;

/// How many kept entries the clock hand passes before it takes the next one anyway.
const PATIENCE: usize = 64;

/// A table that never holds more than its capacity.
///
/// When it is full a new key takes the place of an old one, chosen by the clock algorithm
/// (second chance, Corbató 1968): an entry that was touched since the hand last passed is spared
/// once, and one for which `keep` says true is spared unless [`PATIENCE`] such entries come in a
/// row. The order of entries and the choice of the victim never depend on the hash.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    index: HashTable<u32>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    hand: usize,
    capacity: usize,
    evictions: u64,
    state: RandomState,
    keep: fn(&V) -> bool,
}

#[derive(Clone, Debug)]
struct Slot<K, V> {
    hash: u64,
    touched: bool,
    entry: Option<(K, V)>,
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    /// An empty table for `capacity` entries (at least 1); `seed` keys the hash; `keep` marks
    /// values that should outlast others.
    pub fn new(capacity: usize, seed: u64, keep: fn(&V) -> bool) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize);
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            capacity,
            evictions: 0,
            state: RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 0x7ab1e),
            keep,
        }
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Most entries.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// True when there is no entry.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Entries that had to make room for others.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// The value of a key. Does not count as a touch.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.position(self.state.hash_one(key), key)?;
        self.slots.get(at)?.entry.as_ref().map(|(_, v)| v)
    }

    /// The value of a key, which is touched by this.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.position(self.state.hash_one(key), key)?;
        let slot = self.slots.get_mut(at)?;
        slot.touched = true;
        slot.entry.as_mut().map(|(_, v)| v)
    }

    /// The value of a key, made when it is new. An entry that had to make room comes back too.
    /// `None` for the value cannot happen; it spares a panic in the type.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> (Option<&mut V>, Option<(K, V)>) {
        let hash = self.state.hash_one(key);
        if let Some(at) = self.position(hash, &key) {
            let slot = self.slots.get_mut(at);
            let value = slot.and_then(|slot| {
                slot.touched = true;
                slot.entry.as_mut().map(|(_, v)| v)
            });
            return (value, None);
        }
        let (at, evicted) = self.place();
        let Some(slot) = self.slots.get_mut(at) else { return (None, evicted) };
        *slot = Slot { hash, touched: false, entry: Some((key, make())) };
        let slots = &self.slots;
        #[allow(clippy::cast_possible_truncation)] // capacity fits u32
        self.index.insert_unique(hash, at as u32, |&i| slots.get(i as usize).map_or(0, |s| s.hash));
        let slot = self.slots.get_mut(at);
        (slot.and_then(|s| s.entry.as_mut().map(|(_, v)| v)), evicted)
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.position(self.state.hash_one(key), key)?;
        self.take(at).map(|(_, v)| v)
    }

    /// All entries, oldest place first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.slots.iter().filter_map(|s| s.entry.as_ref().map(|(k, v)| (k, v)))
    }

    /// All entries, oldest place first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.slots.iter_mut().filter_map(|s| s.entry.as_mut().map(|(k, v)| (&*k, v)))
    }

    /// Takes out everything for which `stays` says false.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &mut V) -> bool) {
        for at in 0..self.slots.len() {
            let gone = self.slots.get_mut(at).and_then(|s| s.entry.as_mut());
            if gone.is_some_and(|(k, v)| !stays(k, v)) {
                self.take(at);
            }
        }
    }

    #[inline]
    fn position(&self, hash: u64, key: &K) -> Option<usize> {
        let slots = &self.slots;
        let same = |&i: &u32| {
            slots
                .get(i as usize)
                .is_some_and(|s| s.hash == hash && s.entry.as_ref().is_some_and(|(k, _)| k == key))
        };
        self.index.find(hash, same).map(|&i| i as usize)
    }

    /// A free place, made by eviction when there is none.
    fn place(&mut self) -> (usize, Option<(K, V)>) {
        if let Some(at) = self.free.pop() {
            return (at as usize, None);
        }
        if self.slots.len() < self.capacity {
            self.slots.push(Slot { hash: 0, touched: false, entry: None });
            return (self.slots.len() - 1, None);
        }
        let at = self.victim();
        let evicted = self.take(at);
        self.free.pop();
        self.evictions += 1;
        (at, evicted)
    }

    fn victim(&mut self) -> usize {
        let mut spared = 0;
        loop {
            let at = self.hand;
            self.hand = if at + 1 < self.slots.len() { at + 1 } else { 0 };
            let Some(slot) = self.slots.get_mut(at) else { return 0 };
            let keep = slot.entry.as_ref().is_some_and(|(_, v)| (self.keep)(v));
            let spare = std::mem::take(&mut slot.touched) || (keep && spared < PATIENCE);
            if !spare {
                return at;
            }
            spared += usize::from(keep);
        }
    }

    fn take(&mut self, at: usize) -> Option<(K, V)> {
        let slot = self.slots.get_mut(at)?;
        let entry = slot.entry.take()?;
        let hash = slot.hash;
        if let Ok(found) = self.index.find_entry(hash, |&i| i as usize == at) {
            found.remove();
        }
        #[allow(clippy::cast_possible_truncation)] // capacity fits u32
        self.free.push(at as u32);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seed: u64) -> Table<u64, u64> {
        let mut table = Table::new(4, seed, |v| *v == 0);
        for k in 0..4 {
            table.entry(k, || k);
        }
        table
    }

    #[test]
    fn never_exceeds_capacity_and_counts_evictions() {
        let mut table = Table::new(100, 1, |_| false);
        for k in 0..10_000_u64 {
            let (value, evicted) = table.entry(k, || k);
            assert_eq!(value.copied(), Some(k));
            assert_eq!(evicted.is_some(), k >= 100);
        }
        assert_eq!((table.len(), table.evictions()), (100, 9_900));
    }

    #[test]
    fn spares_touched_and_kept_entries() {
        let mut table = filled(1);
        table.get_mut(&1);
        table.entry(9, || 9);
        assert!(table.get(&0).is_some(), "kept");
        assert!(table.get(&1).is_some(), "touched");
        assert!(table.get(&2).is_none());
    }

    #[test]
    fn a_table_of_kept_entries_still_takes_new_ones() {
        let mut table = Table::new(8, 1, |_: &u8| true);
        for k in 0..1_000_u32 {
            assert!(table.entry(k, || 0).0.is_some());
        }
        assert_eq!(table.len(), 8);
    }

    #[test]
    fn order_and_victims_do_not_depend_on_the_seed() {
        let run = |seed| {
            let mut table = Table::new(64, seed, |v: &u64| v.is_multiple_of(7));
            for i in 0..5_000_u64 {
                let key = i.wrapping_mul(0x9e37_79b9) % 300;
                if i % 11 == 0 {
                    table.remove(&key);
                } else {
                    table.entry(key, || i);
                }
            }
            table.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(0xdead_beef));
    }

    #[test]
    fn removed_places_are_used_again() {
        let mut table = filled(3);
        assert_eq!(table.remove(&2), Some(2));
        assert_eq!(table.remove(&2), None);
        assert!(table.entry(7, || 7).1.is_none());
        table.retain(|k, _| *k == 7);
        assert_eq!(table.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [7]);
    }
}
