//! Roughly how many distinct items lately, in 128 bytes.

use super::fingerprint;
use anomalyzer_wire::Timestamp;

const WORDS: usize = 8;
const BITS: f64 = (WORDS * 64) as f64;

/// Linear counting (Whang, Vander-Zanden, Taylor 1990) over 512 bits for each half of a window:
/// good to about 5 % up to 500 items and saturating near 3,000. Meant for ratios, not for
/// thresholds.
#[derive(Clone, Copy, Debug)]
pub struct LinearCounter {
    half: i64,
    now: [u64; WORDS],
    before: [u64; WORDS],
}

impl Default for LinearCounter {
    fn default() -> Self {
        Self { half: i64::MIN, now: [0; WORDS], before: [0; WORDS] }
    }
}

impl LinearCounter {
    /// Adds an item to a window of `window` nanoseconds.
    pub fn insert(&mut self, item: u128, time: Timestamp, window: i64) {
        self.turn(time, window);
        let print = fingerprint(item);
        let word = usize::try_from(print >> 6).unwrap_or(0) % WORDS;
        if let Some(word) = self.now.get_mut(word) {
            *word |= 1 << (print & 63);
        }
    }

    /// Estimated distinct items within the window (up to half a window more or less).
    pub fn estimate(&self) -> f64 {
        let set: u32 = self.now.iter().zip(&self.before).map(|(a, b)| (a | b).count_ones()).sum();
        let clear = (BITS - f64::from(set)).max(0.5);
        -BITS * (clear / BITS).ln()
    }

    fn turn(&mut self, time: Timestamp, window: i64) {
        let half = time.nanos().div_euclid((window / 2).max(1));
        if half <= self.half {
            return;
        }
        let next = self.half != i64::MIN && half == self.half.saturating_add(1);
        self.before = if next { self.now } else { [0; WORDS] };
        self.now = [0; WORDS];
        self.half = half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_and_forgets() {
        let mut counter = LinearCounter::default();
        let at = |s| Timestamp::from_secs_nanos(s, 0);
        for i in 0..300_u128 {
            counter.insert(i, at(1), 10_000_000_000);
            counter.insert(i, at(1), 10_000_000_000);
        }
        assert!((counter.estimate() - 300.0).abs() < 40.0, "{}", counter.estimate());
        counter.insert(1, at(6), 10_000_000_000);
        assert!(counter.estimate() > 250.0);
        counter.insert(1, at(30), 10_000_000_000);
        assert!((counter.estimate() - 1.0).abs() < 0.1);
        counter.insert(2, Timestamp::MAX, 1);
        counter.insert(2, Timestamp::MIN, 0);
    }
}
