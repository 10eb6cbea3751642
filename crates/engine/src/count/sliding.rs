//! A count over a sliding window of packet time.

use anomalyzer_wire::Timestamp;

/// Counts in `N` buckets of equal width; the window slides by whole buckets. Everything is O(N)
/// at worst and O(1) while time stands or moves by a bucket.
#[derive(Clone, Copy, Debug)]
pub struct SlidingCount<const N: usize> {
    width: i64,
    newest: i64,
    sum: u64,
    buckets: [u32; N],
}

impl<const N: usize> SlidingCount<N> {
    /// An empty window of `N` buckets of `width` nanoseconds each (at least 1).
    pub const fn new(width: i64) -> Self {
        let width = if width < 1 { 1 } else { width };
        Self { width, newest: i64::MIN, sum: 0, buckets: [0; N] }
    }

    /// Counts `n` at `time` and tells the sum over the whole window. A time before the newest
    /// bucket counts in its own bucket while that is kept, else in the oldest.
    pub fn add(&mut self, time: Timestamp, n: u32) -> u64 {
        self.slide(time);
        let back = self.back(time).min(N.saturating_sub(1));
        if let Some(bucket) = self.bucket(back) {
            let added = bucket.saturating_add(n) - *bucket;
            *bucket += added;
            self.sum += u64::from(added);
        }
        self.sum
    }

    /// Takes `n` back that were counted at `time`; what has left the window stays gone.
    pub fn take_back(&mut self, time: Timestamp, n: u32) {
        let back = self.back(time);
        if self.newest == i64::MIN || back >= N {
            return;
        }
        if let Some(bucket) = self.bucket(back) {
            let taken = n.min(*bucket);
            *bucket -= taken;
            self.sum -= u64::from(taken);
        }
    }

    /// The sum over the window that ends at `now`.
    pub fn sum(&mut self, now: Timestamp) -> u64 {
        self.slide(now);
        self.sum
    }

    /// The sum of the newest `len` buckets.
    pub fn last(&self, len: usize) -> u64 {
        (0..len.min(N)).filter_map(|b| self.at(b)).map(u64::from).sum()
    }

    /// The largest sum of `len` neighbouring buckets, the newest `skip` left out.
    pub fn peak(&self, len: usize, skip: usize) -> u64 {
        let mut peak = 0;
        for from in skip..N.saturating_sub(len.max(1) - 1).max(skip) {
            let sum = (from..from + len.max(1)).filter_map(|b| self.at(b)).map(u64::from).sum();
            peak = peak.max(sum);
        }
        peak
    }

    /// Moves the window on to `now`; running back does nothing.
    pub fn slide(&mut self, now: Timestamp) {
        let bucket = now.nanos().div_euclid(self.width);
        if bucket <= self.newest {
            return;
        }
        let steps = usize::try_from(bucket.saturating_sub(self.newest)).unwrap_or(usize::MAX);
        self.newest = bucket;
        if steps >= N {
            self.buckets = [0; N];
            self.sum = 0;
            return;
        }
        for back in 0..steps {
            if let Some(bucket) = self.bucket(back) {
                let gone = std::mem::take(bucket);
                self.sum -= u64::from(gone);
            }
        }
    }

    /// How many buckets before the newest `time` lies.
    fn back(&self, time: Timestamp) -> usize {
        let bucket = time.nanos().div_euclid(self.width);
        usize::try_from(self.newest.saturating_sub(bucket)).unwrap_or(0)
    }

    fn place(&self, back: usize) -> usize {
        let n = i64::try_from(N).unwrap_or(i64::MAX).max(1);
        let newest = usize::try_from(self.newest.rem_euclid(n)).unwrap_or(0);
        (newest + N - back % N.max(1)) % N.max(1)
    }

    fn bucket(&mut self, back: usize) -> Option<&mut u32> {
        let place = self.place(back);
        self.buckets.get_mut(place)
    }

    fn at(&self, back: usize) -> Option<u32> {
        self.buckets.get(self.place(back)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * MS)
    }

    #[test]
    fn forgets_what_left_the_window() {
        let mut count = SlidingCount::<10>::new(100 * MS);
        for ms in 0..100 {
            count.add(at(ms * 10), 1);
        }
        assert_eq!(count.sum(at(999)), 100);
        assert_eq!(count.sum(at(1_499)), 50);
        assert_eq!(count.sum(at(60_000)), 0);
    }

    #[test]
    fn agrees_with_a_plain_recount() {
        let mut count = SlidingCount::<8>::new(125 * MS);
        let mut all: Vec<i64> = Vec::new();
        let mut now = -5_000_i64;
        for i in 0..5_000_i64 {
            now += (i * 7_919) % 61;
            all.push(now);
            let sum = count.add(at(now), 1);
            let newest = (now * MS).div_euclid(125 * MS);
            let inside = |t: &&i64| newest - (**t * MS).div_euclid(125 * MS) < 8;
            assert_eq!(sum, all.iter().filter(inside).count() as u64);
        }
    }

    #[test]
    fn takes_back_from_the_right_bucket() {
        let mut count = SlidingCount::<4>::new(MS);
        count.add(at(0), 3);
        count.add(at(2), 2);
        count.take_back(at(0), 5);
        assert_eq!(count.sum(at(2)), 2);
        count.take_back(at(-50), 9);
        assert_eq!(count.sum(at(2)), 2);
    }

    #[test]
    fn peak_is_the_best_stretch_without_the_newest() {
        let mut count = SlidingCount::<8>::new(MS);
        for (ms, n) in [(0, 1), (1, 5), (2, 5), (3, 1), (6, 9), (7, 9)] {
            count.add(at(ms), n);
        }
        assert_eq!(count.peak(2, 0), 18);
        assert_eq!(count.peak(2, 2), 10);
        assert_eq!(count.peak(8, 0), 30);
        assert_eq!([count.last(1), count.last(3), count.last(99)], [9, 18, 30]);
    }

    #[test]
    fn hostile_times_are_fine() {
        let mut count = SlidingCount::<8>::new(1);
        for t in [i64::MIN, i64::MAX, 0, i64::MIN, i64::MAX, -1] {
            count.add(Timestamp::from_nanos(t), u32::MAX);
            count.take_back(Timestamp::from_nanos(t), 1);
            count.sum(Timestamp::from_nanos(t));
        }
        assert!(count.peak(8, 0) <= u64::from(u32::MAX) * 8);
    }
}
