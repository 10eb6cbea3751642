//! How many distinct items: exact while few, estimated when many.

use super::{Hll, fingerprint};
use crate::finding::Tally;
use hashbrown::HashTable;

/// Counts distinct numbers (addresses, ports): exactly up to a limit, then by [`Hll`].
///
/// The exact part keeps 64-bit fingerprints, so "exact" errs with a probability below 2^-32 at
/// 65,536 items. Memory is at most 18 bytes for each item up to the limit, then 4 KiB.
#[derive(Clone, Debug)]
pub struct Distinct {
    limit: usize,
    exact: HashTable<u64>,
    sketch: Option<Hll>,
}

impl Distinct {
    /// Nothing counted yet; exact up to `limit` items.
    pub fn new(limit: usize) -> Self {
        Self { limit, exact: HashTable::new(), sketch: None }
    }

    /// Adds an item; true when it is new (of an estimate: always true).
    pub fn insert(&mut self, item: u128) -> bool {
        self.insert_print(fingerprint(item))
    }

    /// Adds an item by its [`fingerprint`].
    pub fn insert_print(&mut self, print: u64) -> bool {
        if let Some(sketch) = &mut self.sketch {
            sketch.insert(print);
            return true;
        }
        if self.exact.find(print, |&p| p == print).is_some() {
            return false;
        }
        self.exact.insert_unique(print, print, |&p| p);
        if self.exact.len() > self.limit {
            self.go_estimated();
        }
        true
    }

    /// How many there are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an estimate is positive
    pub fn tally(&self) -> Tally {
        match &self.sketch {
            Some(sketch) => Tally { value: sketch.estimate().round() as u64, estimated: true },
            None => Tally::exact(self.exact.len() as u64),
        }
    }

    /// Fingerprints held.
    pub fn entries(&self) -> usize {
        self.exact.len()
    }

    fn go_estimated(&mut self) {
        let mut sketch = Hll::default();
        for &print in &self.exact {
            sketch.insert(print);
        }
        self.exact = HashTable::new();
        self.sketch = Some(sketch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_up_to_the_limit_then_estimated_without_a_jump() {
        let mut distinct = Distinct::new(65_536);
        for i in 0..65_536_u128 {
            assert!(distinct.insert(i << 96 | i));
            distinct.insert(i << 96 | i);
        }
        assert_eq!(distinct.tally(), Tally::exact(65_536));
        for i in 65_536..70_000_u128 {
            distinct.insert(i);
        }
        let tally = distinct.tally();
        assert!(tally.estimated && tally.value.abs_diff(70_000) < 4_500, "{tally:?}");
        assert_eq!(distinct.entries(), 0);
    }
}
