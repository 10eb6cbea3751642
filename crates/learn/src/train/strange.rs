//! Records that never were: normal ones in which some values come from other normal ones.
//!
//! Trees that only tell known attacks from normal records learn the border between the two, and
//! what lies beyond belongs to nobody; a new attack falls to whichever side the last cut left it.
//! So training also gets records whose single values are all usual but do not go together, as
//! attacks of little weight. To tell them apart the trees must learn which values go together in
//! normal records: an attack of a new kind is then strange, even if no known one is like it.

use std::sync::Arc;

use super::bins::{BinColumn, Binned};
use crate::num::Random;

/// How many strange records there are, and what they weigh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strange {
    /// Strange records for each normal one.
    pub(crate) rows: f64,
    /// Weight of all of them for each normal record.
    pub(crate) weight: f64,
    /// Chance of each value to come from another record.
    pub(crate) swapped: f64,
}

/// Strange records of a table; more would only cost time.
const STRANGE_MAX: usize = 200_000;

/// Appends strange records to the columns; returns how many. `origin` names for each input the
/// table's column that it was made of: inputs of one column come from the same record.
pub(crate) fn append(
    binned: &mut Binned,
    origin: &[u16],
    normals: &[u32],
    strange: &Strange,
    seed: u64,
) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small multiple of a length"
    )]
    let wanted = (normals.len() as f64 * strange.rows) as usize;
    let count = wanted.min(STRANGE_MAX);
    let mut random = Random::new(seed, u64::MAX);
    let bases: Vec<u32> = (0..count).map(|_| normals[random.below(normals.len())]).collect();
    for (column, &origin) in binned.columns.iter_mut().zip(origin) {
        let mut random = Random::new(seed, 1 << 32 | u64::from(origin));
        let mut bins = Vec::with_capacity(column.bins.len() + count);
        bins.extend_from_slice(&column.bins);
        for &base in &bases {
            let donor = normals[random.below(normals.len())];
            let from = if random.unit() < strange.swapped { donor } else { base };
            bins.push(column.bins[from as usize]);
        }
        *column = Arc::new(BinColumn { bins, cuts: column.cuts.clone(), missing: column.missing });
    }
    binned.rows += count;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_usual_but_mixed() {
        // Normal rows are even: both inputs of column 0 and that of column 1 say the same.
        let values: Vec<f32> = (0..200_u8).map(f32::from).collect();
        let column = || Arc::new(BinColumn::new(&values));
        let mut binned = Binned { columns: vec![column(), column(), column()], rows: 200 };
        let normals: Vec<u32> = (0..200).step_by(2).collect();
        let strange = Strange { rows: 2.0, weight: 1.0, swapped: 0.3 };
        assert_eq!(append(&mut binned, &[0, 0, 1], &normals, &strange, 1), 200);
        assert_eq!(binned.rows, 400);
        let bins = |at: usize| &binned.columns[at].bins[200..];
        assert_eq!(bins(0), bins(1));
        let mixed = bins(0).iter().zip(bins(2)).filter(|(a, b)| a != b).count();
        assert!((60..140).contains(&mixed), "{mixed}");
        assert!(bins(2).iter().all(|&bin| bin % 2 == 1), "values of attacks are not used");
    }
}
