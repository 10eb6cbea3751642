//! Bytes over a sliding window of whole buckets.

use anomalyzer_wire::Timestamp;

/// Bytes in `N` buckets of `SECONDS` each; the sum is always at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume<const N: usize, const SECONDS: i64> {
    newest: i64,
    sum: u64,
    buckets: [u64; N],
}

impl<const N: usize, const SECONDS: i64> Default for Volume<N, SECONDS> {
    fn default() -> Self {
        Self { newest: i64::MIN, sum: 0, buckets: [0; N] }
    }
}

impl<const N: usize, const SECONDS: i64> Volume<N, SECONDS> {
    /// Adds bytes and tells the sum. A time that runs back counts in the newest bucket.
    pub(super) fn add(&mut self, now: Timestamp, bytes: u64) -> u64 {
        self.slide(now);
        if let Some(bucket) = self.buckets.first_mut() {
            // What one bucket takes, the sum can hold N times.
            let room = (u64::MAX / (N as u64 + 1)).saturating_sub(*bucket);
            *bucket += bytes.min(room);
            self.sum += bytes.min(room);
        }
        self.sum
    }

    /// The sum as of the last bucket.
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }

    /// Moves on; running back does nothing.
    pub(super) fn slide(&mut self, now: Timestamp) {
        let bucket = now.secs().div_euclid(SECONDS.max(1));
        if bucket <= self.newest {
            return;
        }
        let steps = usize::try_from(bucket.saturating_sub(self.newest)).unwrap_or(N).min(N);
        self.newest = bucket;
        self.buckets.rotate_right(steps % N.max(1));
        for gone in self.buckets.iter_mut().take(steps) {
            self.sum -= std::mem::take(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_goes() {
        let mut volume = Volume::<12, 300>::default();
        let at = |seconds| Timestamp::from_secs_nanos(1_000_000_200 + seconds, 0);
        for minute in 0..60_i64 {
            assert_eq!(volume.add(at(minute * 60), 10), 10 * (minute.unsigned_abs() + 1));
        }
        assert_eq!(volume.add(at(3_600), 0), 550);
        assert_eq!(volume.add(at(10), 5), 555);
        assert_eq!(volume.add(at(3 * 3_600), 7), 7);
        volume.add(Timestamp::MAX, u64::MAX);
        volume.add(Timestamp::MAX, u64::MAX);
        volume.slide(Timestamp::MAX);
        assert!(volume.sum() > 1 << 60);
        assert_eq!(Volume::<12, 300>::default().sum(), 0);
    }
}
