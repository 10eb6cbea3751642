//! What was found out about names, by their bytes as they were sent.
//!
//! Most messages ask for a name that was asked for a moment ago. Only what depends on nothing but
//! the name is kept, so that nobody can see from outside what the cache holds.

use ahash::RandomState;
use anomalyzer_wire::app::dns::DnsName;

/// Names kept: each has one place, and the later of two takes it.
const SLOTS: usize = 32_768;

/// A value for each of the names seen lately.
pub(crate) struct NameCache<T> {
    state: RandomState,
    /// 64 bits of the name's keyed hash stand for it: that two of some million names share them is
    /// a matter of one in a million. 0 stands for an empty place.
    slots: Vec<(u64, T)>,
}

impl<T: Copy + Default> NameCache<T> {
    pub(crate) fn new(seed: u64) -> Self {
        let state = RandomState::with_seeds(seed, seed.rotate_left(7), !seed, 0xcac4e);
        Self { state, slots: vec![(0, T::default()); SLOTS] }
    }

    /// The value of a name as asked for with a type; when it is not there it is made, and kept if
    /// there is one.
    #[inline]
    pub(crate) fn get_or(
        &mut self,
        name: &DnsName,
        kind: bool,
        make: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let hash = self.state.hash_one((name, kind)).max(1);
        #[allow(clippy::cast_possible_truncation)] // the lower bits choose the place
        let slot = self.slots.get_mut(hash as usize % SLOTS)?;
        if slot.0 == hash {
            return Some(slot.1);
        }
        let value = make()?;
        *slot = (hash, value);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::name::tests::wire_name;
    use super::*;

    #[test]
    fn a_value_is_made_once_and_told_by_name_and_kind() {
        let mut cache = NameCache::new(7);
        let (a, b) = (wire_name("a.example"), wire_name("b.example"));
        assert_eq!(cache.get_or(&a, false, || None), None);
        assert_eq!(cache.get_or(&a, false, || Some(1)), Some(1));
        assert_eq!(cache.get_or(&a, false, || Some(2)), Some(1));
        assert_eq!(cache.get_or(&a, true, || Some(3)), Some(3));
        assert_eq!(cache.get_or(&b, false, || Some(4)), Some(4));
    }
}
