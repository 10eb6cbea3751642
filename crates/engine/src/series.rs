//! Traffic over time, sparse and bounded.

use crate::observation::SecondTotals;

/// Most points a series keeps before it halves its resolution.
pub const MAX_POINTS: usize = 65_536;

/// Totals per interval. Begins with one-second intervals; a capture that fills more than
/// [`MAX_POINTS`] intervals has neighbours merged (2 s, 4 s, ...), so memory stays bounded for
/// files that span years. Intervals without traffic are absent.
#[derive(Clone, Debug)]
pub struct Series {
    width: i64,
    points: Vec<SecondTotals>,
}

impl Default for Series {
    fn default() -> Self {
        Self { width: 1, points: Vec::new() }
    }
}

impl Series {
    /// Adds the totals of one second; seconds must not run back (earlier ones join the last).
    pub fn push(&mut self, totals: &SecondTotals) {
        let start = totals.second - totals.second.rem_euclid(self.width);
        match self.points.last_mut() {
            Some(last) if start <= last.second => add(last, totals),
            _ => {
                self.points.push(SecondTotals { second: start, ..*totals });
                if self.points.len() > MAX_POINTS {
                    self.halve();
                }
            }
        }
    }

    /// Interval width in seconds.
    pub fn width_secs(&self) -> i64 {
        self.width
    }

    /// The intervals that had traffic, in order; `second` is the interval's start.
    pub fn points(&self) -> &[SecondTotals] {
        &self.points
    }

    fn halve(&mut self) {
        self.width = self.width.saturating_mul(2);
        let mut merged: Vec<SecondTotals> = Vec::with_capacity(self.points.len());
        for point in &self.points {
            let start = point.second - point.second.rem_euclid(self.width);
            match merged.last_mut() {
                Some(last) if last.second == start => add(last, point),
                _ => merged.push(SecondTotals { second: start, ..*point }),
            }
        }
        self.points = merged;
    }
}

/// Adds the counts of `more` to `sum`.
pub(crate) fn add(sum: &mut SecondTotals, more: &SecondTotals) {
    sum.packets += more.packets;
    sum.bytes += more.bytes;
    sum.tcp += more.tcp;
    sum.udp += more.udp;
    sum.icmp += more.icmp;
    sum.arp += more.arp;
    sum.other += more.other;
    sum.flows += more.flows;
    for (bytes, more) in sum.protocol_bytes.iter_mut().zip(more.protocol_bytes) {
        *bytes += more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> SecondTotals {
        SecondTotals { second, packets: 1, bytes: 60, ..SecondTotals::default() }
    }

    #[test]
    fn stays_bounded_and_loses_no_packet() {
        let mut series = Series::default();
        for s in 0..300_000 {
            series.push(&second(s * 2));
        }
        assert!(series.points().len() <= MAX_POINTS);
        assert_eq!(series.points().iter().map(|p| p.packets).sum::<u64>(), 300_000);
        assert!(series.points().windows(2).all(|w| w[0].second < w[1].second));
    }

    #[test]
    fn late_seconds_join_the_last_interval() {
        let mut series = Series::default();
        series.push(&second(10));
        series.push(&second(9));
        assert_eq!(series.points().len(), 1);
        assert_eq!(series.points()[0].packets, 2);
    }
}
