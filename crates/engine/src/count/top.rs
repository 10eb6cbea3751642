//! The heaviest items of a stream, in fixed space.

/// The space-saving algorithm (Metwally, Agrawal, El Abbadi 2005) over at most `N` items.
///
/// Every item with more than `total / N` of the weight is among those kept; a kept count is too
/// high by at most the count that its place had before.
#[derive(Clone, Debug)]
pub struct Top<K, const N: usize> {
    items: Vec<(K, u64)>,
    total: u64,
}

impl<K, const N: usize> Default for Top<K, N> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

impl<K: Copy + Ord, const N: usize> Top<K, N> {
    /// Adds weight to an item.
    pub fn add(&mut self, item: K, weight: u64) {
        self.total = self.total.saturating_add(weight);
        if let Some((_, count)) = self.items.iter_mut().find(|(k, _)| *k == item) {
            *count = count.saturating_add(weight);
        } else if self.items.len() < N {
            self.items.push((item, weight));
        } else if let Some(least) = self.items.iter_mut().min_by_key(|(_, c)| *c) {
            *least = (item, least.1.saturating_add(weight));
        }
    }

    /// Takes weight back from an item.
    pub fn take_back(&mut self, item: K, weight: u64) {
        self.total = self.total.saturating_sub(weight);
        if let Some((_, count)) = self.items.iter_mut().find(|(k, _)| *k == item) {
            *count = count.saturating_sub(weight);
        }
    }

    /// The `n` heaviest items, heaviest first, equal ones in their own order.
    pub fn heaviest(&self, n: usize) -> Vec<(K, u64)> {
        let mut items: Vec<(K, u64)> = self.items.iter().copied().filter(|i| i.1 > 0).collect();
        items.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        items.truncate(n);
        items
    }

    /// The share of the total weight that the three heaviest items have together, 0 to 1.
    pub fn share_of_three(&self) -> f64 {
        let mut three = [0_u64; 3];
        for &(_, count) in &self.items {
            let mut count = count;
            for place in &mut three {
                if count > *place {
                    std::mem::swap(place, &mut count);
                }
            }
        }
        let sum = three.iter().fold(0_u64, |a, b| a.saturating_add(*b));
        if self.total == 0 { 0.0 } else { (sum as f64 / self.total as f64).min(1.0) }
    }

    /// All weight added and not taken back.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Items kept.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_heavy_among_many() {
        let mut top = Top::<u32, 24>::default();
        for i in 0..100_000_u32 {
            top.add(1_000 + i, 1);
            if i % 4 == 0 {
                top.add(7, 1);
            }
            if i % 8 == 0 {
                top.add(3, 1);
            }
        }
        let heaviest: Vec<u32> = top.heaviest(2).iter().map(|(k, _)| *k).collect();
        assert_eq!(heaviest, [7, 3]);
        assert_eq!((top.len(), top.total()), (24, 137_500));
    }

    #[test]
    fn shares_and_taking_back() {
        let mut top = Top::<u32, 8>::default();
        top.add(1, 60);
        top.add(2, 40);
        top.add(3, 30);
        top.add(4, 20);
        assert!((top.share_of_three() - 130.0 / 150.0).abs() < 1e-12);
        top.take_back(3, 30);
        top.take_back(4, 20);
        top.take_back(1, 60);
        assert_eq!(top.heaviest(8), [(2, 40)]);
        assert!((top.share_of_three() - 1.0).abs() < 1e-12);
        assert!(Top::<u32, 8>::default().share_of_three() < 1e-12);
    }
}
