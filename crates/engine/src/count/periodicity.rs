//! How regular a series of events is: the four parts of RITA's beacon score.
//!
//! The formulas are those of RITA version 5 (Active Countermeasures), with three changes for a
//! rolling window of any length: times keep their fractions of a second, the histogram spans what
//! was observed instead of a day, and persistence is also counted in events instead of hours.
//! Whether a score is too high is left to the detectors.

/// Bars of the histogram when there are enough events.
const BARS: usize = 24;
/// Events for each bar, at least: with fewer an even series looks uneven.
const EVENTS_PER_BAR: usize = 4;
/// Bars that are not empty from which on two heights may alternate.
const BIMODAL_BARS: usize = 11;
/// Events in a row that count as fully persistent: as many as the histogram has bars.
const RUN_FULL: f64 = 24.0;
/// An interval longer than this many medians interrupts a run.
const RUN_GAP: f64 = 3.0;
/// A distance between the quartiles below this part of the median is no skew (RITA: 10 s or
/// 10 bytes).
const SKEW_MIN: f64 = 0.1;

/// Quartiles and spread of a set of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// Median absolute deviation from the median.
    pub mad: f64,
    /// Bowley's skewness: -1 to 1, 0 when the quartiles lie evenly about the median.
    pub skew: f64,
}

impl Spread {
    /// The spread of values, which are sorted by this; `None` without any.
    pub fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (q1, median, q3) =
            (quantile(values, 0.25)?, quantile(values, 0.5)?, quantile(values, 0.75)?);
        let mut distances: Vec<f64> = values.iter().map(|v| (v - median).abs()).collect();
        let mad = super::median(&mut distances)?;
        let flat = q3 - q1 < SKEW_MIN * median || median <= q1 || median >= q3;
        let skew = if flat { 0.0 } else { (q1 + q3 - 2.0 * median) / (q3 - q1) };
        Some(Self { median, mad, skew })
    }

    /// Median absolute deviation as a part of the median; 0 when both are.
    pub fn relative(&self) -> f64 {
        if self.mad > 0.0 { self.mad / self.median.max(f64::MIN_POSITIVE) } else { 0.0 }
    }

    /// How alike the values are: 0 to 1. Mean of an even skew and a small spread.
    fn score(&self) -> f64 {
        f64::midpoint(1.0 - self.skew.abs(), (1.0 - self.relative()).max(0.0))
    }
}

/// The parts of the score, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Periodicity {
    /// How alike the intervals are.
    pub time: f64,
    /// How alike the sizes are.
    pub size: f64,
    /// How evenly the events fill the time between first and last.
    pub histogram: f64,
    /// How much of the watched time they cover, or how long they go on without interruption.
    pub duration: f64,
    /// The intervals in seconds.
    pub intervals: Spread,
}

impl Periodicity {
    /// Judges events by their ascending times in seconds and their sizes in bytes. `watched`:
    /// seconds for which they could have been seen. `None` with fewer than four events, RITA's
    /// minimum, or when all came at once.
    pub fn of(times: &[f64], sizes: &mut [f64], watched: f64) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        if times.len() < 4 || last <= first {
            return None;
        }
        let gaps = || times.iter().zip(times.iter().skip(1)).map(|(a, b)| b - a);
        let mut sorted: Vec<f64> = gaps().collect();
        let intervals = Spread::of(&mut sorted)?;
        let size = Spread::of(sizes)?;
        let coverage = (last - first) / watched.max(last - first);
        let run = longest_run(gaps(), RUN_GAP * intervals.median) as f64;
        Some(Self {
            time: intervals.score(),
            size: size.score(),
            histogram: evenness(&histogram(times, first, last)),
            duration: coverage.max(run / RUN_FULL).min(1.0),
            intervals,
        })
    }

    /// The mean of the four parts.
    pub fn score(&self) -> f64 {
        0.25 * (self.time + self.size + self.histogram + self.duration)
    }
}

/// A quantile of sorted values, between neighbours by their distance.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in the slice
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place as usize)?;
    let above = sorted.get(place as usize + 1).copied().unwrap_or(below);
    Some((above - below).mul_add(place.fract(), below))
}

/// Events in the longest series without an interval above `gap`.
fn longest_run(intervals: impl Iterator<Item = f64>, gap: f64) -> usize {
    let (mut run, mut longest) = (1, 1);
    for interval in intervals {
        run = if interval <= gap { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    longest
}

/// How many events lie in each of equal parts of the time.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in the histogram
fn histogram(times: &[f64], first: f64, last: f64) -> Vec<u32> {
    let bars = (times.len() / EVENTS_PER_BAR).clamp(2, BARS);
    let mut counts = vec![0; bars];
    for time in times {
        let at = ((time - first) / (last - first) * bars as f64) as usize;
        if let Some(count) = counts.get_mut(at.min(bars - 1)) {
            *count += 1;
        }
    }
    counts
}

/// 1 minus the coefficient of variation, or how many bars have one of the two commonest heights.
fn evenness(bars: &[u32]) -> f64 {
    let mut moments = super::Moments::default();
    for bar in bars {
        moments.push(f64::from(*bar));
    }
    let even = (1.0 - moments.sd() / moments.mean().max(f64::MIN_POSITIVE)).max(0.0);
    even.max(bimodal(bars))
}

/// The part of the bars that have one of two heights (steps of 5 % of the highest bar), one
/// outlier left out: a beacon that rests at times, or bars that hold now one event more, now one
/// less.
fn bimodal(bars: &[u32]) -> f64 {
    let filled: Vec<u32> = bars.iter().copied().filter(|bar| *bar > 0).collect();
    if filled.len() < BIMODAL_BARS {
        return 0.0;
    }
    let step = filled.iter().max().copied().unwrap_or(1).div_ceil(20).max(1);
    let mut heights: Vec<u32> = filled.iter().map(|bar| bar / step).collect();
    heights.sort_unstable();
    let mut counts: Vec<usize> = heights.chunk_by(|a, b| a == b).map(<[u32]>::len).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let common: usize = counts.iter().take(2).sum();
    (common as f64 / (filled.len() - 1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(intervals: &[f64], size: impl Fn(usize) -> f64) -> Periodicity {
        let mut at = 1_000.0;
        let mut times = vec![at];
        for interval in intervals {
            at += interval;
            times.push(at);
        }
        let mut sizes: Vec<f64> = (0..times.len()).map(size).collect();
        Periodicity::of(&times, &mut sizes, at - 1_000.0).unwrap()
    }

    #[test]
    fn a_clock_scores_one() {
        let judged = judge(&[60.0; 47], |_| 500.0);
        assert!((judged.score() - 1.0).abs() < 1e-9, "{judged:?}");
        assert!((judged.intervals.median - 60.0).abs() < 1e-9);
    }

    #[test]
    fn quartiles_give_skew_and_spread() {
        let spread = Spread::of(&mut [1.0, 2.0, 3.0, 4.0, 10.0]).unwrap();
        assert!((spread.median - 3.0).abs() < 1e-9 && (spread.mad - 1.0).abs() < 1e-9);
        assert!(spread.skew.abs() < 1e-9, "quartiles 2 and 4");
        let skewed = Spread::of(&mut [1.0, 2.0, 3.0, 9.0, 10.0]).unwrap();
        assert!((skewed.skew - 5.0 / 7.0).abs() < 1e-9, "{skewed:?}");
        assert_eq!(Spread::of(&mut []), None);
        assert!((Spread::of(&mut [0.0; 9]).unwrap().score() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn bursts_score_low() {
        let bursts: Vec<f64> = (0..60).map(|i| if i % 10 == 9 { 600.0 } else { 1.5 }).collect();
        let judged = judge(&bursts, |i| 500.0 + (i * 977 % 4_000) as f64);
        assert!(judged.score() < 0.75, "{judged:?}");
    }

    #[test]
    fn a_pause_in_the_middle_keeps_the_bars_bimodal() {
        let mut intervals = vec![30.0; 120];
        intervals[60] = 1_200.0;
        let judged = judge(&intervals, |_| 500.0);
        assert!(judged.score() > 0.9, "{judged:?}");
    }

    #[test]
    fn too_little_is_not_judged() {
        assert_eq!(Periodicity::of(&[1.0, 2.0, 3.0], &mut [1.0; 3], 1.0), None);
        assert_eq!(Periodicity::of(&[1.0; 9], &mut [1.0; 9], 1.0), None);
        assert_eq!(Periodicity::of(&[], &mut [], 0.0), None);
    }
}
