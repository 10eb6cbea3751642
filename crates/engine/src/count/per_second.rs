//! Counts that come by whole seconds, and the most that a single second can have held.

/// The last seconds of a count that is only known per whole second.
///
/// A burst shorter than a second may fall on both sides of a border, so that neither second
/// reaches a limit that the burst does reach. A neighbouring pair therefore counts together when
/// it stands alone: with less than a tenth of it in the second before and in the second after.
#[derive(Clone, Copy, Debug)]
pub struct PerSecond {
    newest: i64,
    counts: [u64; 4],
}

impl Default for PerSecond {
    fn default() -> Self {
        Self { newest: i64::MIN, counts: [0; 4] }
    }
}

impl PerSecond {
    /// Counts `n` in `second`; what belongs to an earlier second joins the newest. Tells the
    /// newest second's count.
    pub fn add(&mut self, second: i64, n: u64) -> u64 {
        self.slide(second);
        let [newest, ..] = &mut self.counts;
        *newest = newest.saturating_add(n);
        *newest
    }

    /// The most within one second among the seconds kept; pairs that stand alone count together.
    /// `now` is the second that stream time has reached.
    pub fn peak(&mut self, now: i64) -> u64 {
        self.slide(now);
        let [d, c, b, a] = self.counts;
        let single = a.max(b).max(c).max(d);
        let alone = |before: u64, pair: u64, after: u64| {
            if before.max(after).saturating_mul(10) < pair { pair } else { 0 }
        };
        single.max(alone(a, b.saturating_add(c), d)).max(alone(0, c.saturating_add(d), b))
    }

    /// The second that was counted last; `None` before the first.
    pub fn newest(&self) -> Option<i64> {
        (self.newest != i64::MIN).then_some(self.newest)
    }

    fn slide(&mut self, second: i64) {
        if second <= self.newest {
            return;
        }
        let steps = usize::try_from(second.saturating_sub(self.newest)).unwrap_or(usize::MAX);
        let steps = if self.newest == i64::MIN { 4 } else { steps.min(4) };
        self.counts.rotate_right(steps % 4);
        self.counts.iter_mut().take(steps).for_each(|c| *c = 0);
        self.newest = second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_over_a_border_counts_whole() {
        let mut count = PerSecond::default();
        count.add(10, 130);
        count.add(11, 150);
        assert_eq!(count.peak(12), 280);
    }

    #[test]
    fn a_steady_rate_does_not_double() {
        let mut count = PerSecond::default();
        for second in 0..20 {
            count.add(second, 130);
            if second > 2 {
                assert_eq!(count.peak(second), 130);
            }
        }
        assert_eq!(count.peak(i64::MAX), 0);
        assert_eq!(count.add(i64::MIN, 5), 5);
    }
}
