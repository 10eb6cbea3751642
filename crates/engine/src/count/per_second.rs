//! Counts that come by whole seconds, and the most that a single second can have held.

/// Seconds kept.
const SECONDS: usize = 6;

/// The last seconds of a count that is only known per whole second.
///
/// A burst shorter than a second may fall on both sides of a border, so that neither second
/// reaches a limit that the burst does reach. A neighbouring pair therefore counts together when
/// it stands alone: with less than a tenth of it in the second before and in the second after.
#[derive(Clone, Copy, Debug)]
pub struct PerSecond {
    newest: i64,
    /// Newest first.
    counts: [u64; SECONDS],
}

impl Default for PerSecond {
    fn default() -> Self {
        Self { newest: i64::MIN, counts: [0; SECONDS] }
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

    /// The most that the burst now going on can have held within a second, if it is one: the
    /// newest pair, when the second before it was calm.
    pub fn at_most(&self) -> u64 {
        let [a, b, c, ..] = self.counts;
        a.max(alone(c, b.saturating_add(a), 0))
    }

    /// The most within one second among the seconds kept; pairs that stand alone count together.
    /// The second after a pair must be over, which the newest is only at the `end`.
    pub fn peak(&self, end: bool) -> u64 {
        let count = |back: usize| self.counts.get(back).copied().unwrap_or(0);
        let single = self.counts.iter().copied().max().unwrap_or(0);
        let first = if end { 0 } else { 2 };
        (first..SECONDS.saturating_sub(2)).fold(single, |peak, newer| {
            let after = newer.checked_sub(1).map_or(0, count);
            let pair = count(newer).saturating_add(count(newer + 1));
            peak.max(alone(count(newer + 2), pair, after))
        })
    }

    /// Moves on to `second`; running back does nothing.
    pub fn slide(&mut self, second: i64) {
        if second <= self.newest {
            return;
        }
        let steps = second.saturating_sub(self.newest);
        let steps = usize::try_from(steps).unwrap_or(SECONDS).min(SECONDS);
        self.counts.rotate_right(steps);
        self.counts.iter_mut().take(steps).for_each(|c| *c = 0);
        self.newest = second;
    }
}

/// The pair, when it stands alone.
const fn alone(before: u64, pair: u64, after: u64) -> u64 {
    let neighbour = if before > after { before } else { after };
    if neighbour.saturating_mul(10) < pair { pair } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_over_a_border_counts_whole_once_it_is_over() {
        let mut count = PerSecond::default();
        count.add(10, 130);
        count.add(11, 150);
        assert_eq!([count.at_most(), count.peak(false), count.peak(true)], [280, 150, 280]);
        count.slide(13);
        assert_eq!(count.peak(false), 280);
        count.slide(i64::MAX);
        assert_eq!(count.peak(true), 0);
    }

    #[test]
    fn a_steady_rate_does_not_double() {
        let mut count = PerSecond::default();
        for second in 0..20 {
            assert_eq!(count.add(second, 130), 130);
            assert!(second < 2 || count.peak(second == 19) == 130, "{second}");
        }
        assert_eq!(count.add(i64::MIN, 5), 135);
        count.add(i64::MAX, 7);
        assert_eq!(count.peak(true), 7);
    }
}
