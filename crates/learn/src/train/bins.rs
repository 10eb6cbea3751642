//! Inputs cut into at most 255 bins, column by column: what trees are grown on.

use std::sync::Arc;

/// Bins of a column, without the one for missing values.
const BINS_MAX: usize = 254;
/// The bin of values that are missing.
pub(crate) const MISSING: u8 = 0;
/// Values that are looked at to find the cuts; more would not move them.
const SAMPLE_MAX: usize = 200_000;

/// One input of all rows.
#[derive(Debug, Default)]
pub(crate) struct BinColumn {
    /// The bin of each row; [`MISSING`] without a value.
    pub(crate) bins: Vec<u8>,
    /// Bin `b` > 0 holds values up to `cuts[b - 1]`; the last bin all others.
    pub(crate) cuts: Vec<f32>,
    /// Whether a row lacks the value.
    pub(crate) missing: bool,
}

/// All inputs of all rows.
#[derive(Debug, Default)]
pub(crate) struct Binned {
    pub(crate) columns: Vec<Arc<BinColumn>>,
    pub(crate) rows: usize,
}

impl BinColumn {
    /// Cuts a column of values.
    pub(crate) fn new(values: &[f32]) -> Self {
        let cuts = cuts(values);
        let bins: Vec<u8> = values.iter().map(|&value| place(value, &cuts)).collect();
        let missing = bins.contains(&MISSING);
        Self { bins, cuts, missing }
    }

    /// Whether there is anything to ask about.
    pub(crate) fn is_useful(&self) -> bool {
        !self.cuts.is_empty() || self.missing
    }
}

/// The bin of a value.
fn place(value: f32, cuts: &[f32]) -> u8 {
    if value.is_nan() {
        return MISSING;
    }
    u8::try_from(1 + cuts.partition_point(|&cut| cut < value)).unwrap_or(u8::MAX)
}

/// Borders between bins: between all values if they are few, else so that bins are about as full
/// as each other. A value that fills a bin alone gets one.
fn cuts(values: &[f32]) -> Vec<f32> {
    let stride = values.len().div_ceil(SAMPLE_MAX).max(1);
    let mut sorted: Vec<f32> =
        values.iter().copied().step_by(stride).filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut counts: Vec<(f32, usize)> = Vec::new();
    for value in sorted {
        match counts.last_mut() {
            // Equal in comparison, so that -0 and 0 are one value.
            Some(last) if last.0 >= value => last.1 += 1,
            _ => counts.push((value, 1)),
        }
    }
    let full = if counts.len() <= BINS_MAX + 1 { 0 } else { fill(&counts) };
    let mut cuts = Vec::new();
    let mut held = 0;
    for pair in counts.windows(2) {
        held += pair[0].1;
        let next_is_full = full > 0 && pair[1].1 >= full;
        if (held >= full || next_is_full) && cuts.len() < BINS_MAX {
            cuts.push(between(pair[0].0, pair[1].0));
            held = 0;
        }
    }
    cuts
}

/// How many rows a bin holds, when those values that are more frequent have bins of their own.
fn fill(counts: &[(f32, usize)]) -> usize {
    let (mut rows, mut bins) = (counts.iter().map(|pair| pair.1).sum::<usize>(), BINS_MAX);
    let mut sizes: Vec<usize> = counts.iter().map(|pair| pair.1).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    for size in sizes {
        // Each frequent value may take two bins: its own, and the one that it ends before its time.
        if bins <= 2 || size * bins <= rows {
            break;
        }
        rows -= size;
        bins -= 2;
    }
    rows.div_ceil(bins.max(1)).max(1)
}

/// A number from `low` up to but not `high`, half way between.
fn between(low: f32, high: f32) -> f32 {
    let middle = low + (high - low) / 2.0;
    if middle.is_finite() && middle >= low && middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let column = BinColumn::new(&[3.0, f32::NAN, 1.0, 1.0, -0.0, 0.0, f32::MAX]);
        assert_eq!(column.cuts.len(), 3);
        assert_eq!(column.bins, [3, MISSING, 2, 2, 1, 1, 4]);
        assert!(column.missing);
        assert_eq!(BinColumn::new(&[]).cuts.len(), 0);
        assert_eq!(BinColumn::new(&[f32::NAN]).bins, [MISSING]);
    }

    #[test]
    fn many_values_share_bins_evenly() {
        let values: Vec<f32> =
            (0..100_000).map(|at| if at % 2 == 0 { 7.0 } else { at as f32 }).collect();
        let column = BinColumn::new(&values);
        assert!((100..=BINS_MAX).contains(&column.cuts.len()), "{}", column.cuts.len());
        let mut sizes = [0_usize; 256];
        column.bins.iter().for_each(|&bin| sizes[usize::from(bin)] += 1);
        let mut sizes: Vec<usize> = sizes.into_iter().filter(|&size| size > 0).collect();
        sizes.sort_unstable();
        assert_eq!(sizes.pop(), Some(50_001));
        assert!(sizes.pop().unwrap() < 1000);
        for (value, &bin) in values.iter().zip(&column.bins) {
            let bin = usize::from(bin);
            assert!(bin > column.cuts.len() || *value <= column.cuts[bin - 1]);
            assert!(bin == 1 || *value > column.cuts[bin - 2]);
        }
    }
}
