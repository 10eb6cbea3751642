//! The distinct things seen lately, exactly.

use anomalyzer_wire::Timestamp;

/// At most `N` distinct items with the time each was last seen. When full, the one not seen for
/// longest goes. A set of one item takes no heap.
#[derive(Clone, Debug)]
pub struct Recent<K, const N: usize> {
    first: Option<(K, Timestamp)>,
    rest: Vec<(K, Timestamp)>,
}

impl<K, const N: usize> Default for Recent<K, N> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

impl<K: Copy + PartialEq, const N: usize> Recent<K, N> {
    /// Notes that an item was seen; true when it was not in the set.
    pub fn touch(&mut self, item: K, now: Timestamp) -> bool {
        if let Some((_, time)) = self.iter_mut().find(|(k, _)| *k == item) {
            *time = (*time).max(now);
            return false;
        }
        if self.first.is_none() {
            self.first = Some((item, now));
        } else if self.len() < N {
            self.rest.push((item, now));
        } else if let Some(oldest) = self.iter_mut().min_by_key(|(_, t)| *t) {
            *oldest = (item, now);
        }
        true
    }

    /// Takes an item out; true when it was in the set.
    pub fn remove(&mut self, item: K) -> bool {
        if self.first.is_some_and(|(k, _)| k == item) {
            self.first = self.rest.pop();
            return true;
        }
        match self.rest.iter().position(|(k, _)| *k == item) {
            Some(at) => {
                self.rest.swap_remove(at);
                true
            }
            None => false,
        }
    }

    /// True when the item is in the set.
    pub fn contains(&self, item: K) -> bool {
        self.iter().any(|(k, _)| *k == item)
    }

    /// The items seen within `window` nanoseconds before `now`.
    pub fn within(&self, now: Timestamp, window: i64) -> impl Iterator<Item = (K, Timestamp)> {
        self.iter().filter(move |(_, t)| now.since(*t) <= window).copied()
    }

    /// Items held.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// True when none is held.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = &(K, Timestamp)> {
        self.first.iter().chain(&self.rest)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut (K, Timestamp)> {
        self.first.iter_mut().chain(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_secs_nanos(s, 0)
    }

    #[test]
    fn keeps_the_latest_distinct_items() {
        let mut recent = Recent::<u16, 4>::default();
        for (i, port) in [1, 2, 3, 4, 1, 5].into_iter().enumerate() {
            recent.touch(port, at(i64::try_from(i).unwrap()));
        }
        assert!(recent.contains(1) && !recent.contains(2) && recent.contains(5));
        assert_eq!(recent.len(), 4);
        assert_eq!(recent.within(at(5), 1_000_000_000).count(), 2);
    }

    #[test]
    fn items_can_be_taken_back() {
        let mut recent = Recent::<u16, 4>::default();
        for port in 1..=3 {
            assert!(recent.touch(port, at(0)));
        }
        assert!(recent.remove(1) && !recent.remove(1));
        assert!(recent.remove(2) && recent.remove(3) && recent.is_empty());
        assert!(recent.touch(1, at(0)));
    }
}
