//! A leaky bucket.

use anomalyzer_wire::Timestamp;

/// Fills by what is added and drains at a steady rate: the level is what came faster than the
/// rate allows.
#[derive(Clone, Copy, Debug)]
pub struct LeakyBucket {
    level: f64,
    last: Timestamp,
}

impl Default for LeakyBucket {
    fn default() -> Self {
        Self { level: 0.0, last: Timestamp::MIN }
    }
}

impl LeakyBucket {
    /// Adds `n` at `now` to a bucket that drains `rate` per second; the level after it.
    /// Time that runs back drains nothing.
    pub fn add(&mut self, now: Timestamp, n: f64, rate: f64) -> f64 {
        let passed = now.since(self.last).max(0) as f64 / 1e9;
        self.last = self.last.max(now);
        self.level = (self.level - passed * rate).max(0.0) + n;
        self.level
    }

    /// The level at the last addition.
    pub fn level(&self) -> f64 {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_exceeds_the_rate() {
        let mut bucket = LeakyBucket::default();
        let mut level = 0.0;
        for tenth in 0..100_i64 {
            level = bucket.add(Timestamp::from_nanos(tenth * 100_000_000), 1.0, 5.0);
        }
        assert!((level - 50.5).abs() < 1e-6, "{level}");
        assert!((bucket.add(Timestamp::MAX, 1.0, 5.0) - 1.0).abs() < 1e-9);
        assert!(bucket.add(Timestamp::MIN, 1.0, 5.0) >= 2.0);
    }
}
