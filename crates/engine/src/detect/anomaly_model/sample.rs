//! An even sample of the site's flows, of bounded size.

use crate::score::{COLUMNS, Row, SITE_COLUMNS as NAMES};
use ahash::RandomState;
use anomalyzer_wire::Addr;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// Flows that are kept.
pub(super) const ROWS: usize = 4_096;
/// Flows of one source among them: no host alone may teach what is usual.
const ROWS_OF_SOURCE: u32 = 512;

/// Values of one flow, in the order of [`SITE_COLUMNS`](NAMES).
pub(super) type Values = [f32; NAMES.len()];

/// Where they stand in a row.
const PLACES: [usize; NAMES.len()] = places();

const fn places() -> [usize; NAMES.len()] {
    let mut places = [0; NAMES.len()];
    let mut at = 0;
    while at < places.len() {
        places[at] = crate::score::place(NAMES[at]);
        at += 1;
    }
    places
}

/// The values of a row.
pub(super) fn values(row: &Row) -> Values {
    PLACES.map(|place| row[place])
}

/// Every column that is named is one.
const _: () = {
    let mut at = 0;
    while at < PLACES.len() {
        assert!(PLACES[at] < COLUMNS.len());
        at += 1;
    }
};

/// One flow of the sample.
#[derive(Clone, Copy)]
struct Kept {
    src: Addr,
    dst: Addr,
    values: Values,
}

/// A reservoir (Vitter 1985): each flow that was offered is in it with equal probability. Its
/// random numbers follow from the count of flows, so equal flows give equal samples.
pub(super) struct Sample {
    rows: Vec<Kept>,
    offered: u64,
    of_source: HashMap<Addr, u32, RandomState>,
}

impl Default for Sample {
    fn default() -> Self {
        // Keys of the table are at most as many as rows, and its order is never asked for.
        let state = RandomState::with_seeds(1, 2, 3, 4);
        Self { rows: Vec::new(), offered: 0, of_source: HashMap::with_hasher(state) }
    }
}

impl Sample {
    /// Offers a flow.
    pub(super) fn offer(&mut self, src: Addr, dst: Addr, values: &Values) {
        self.offered += 1;
        let place = if self.rows.len() < ROWS {
            self.rows.len()
        } else {
            usize::try_from(mixed(self.offered) % self.offered).unwrap_or(usize::MAX)
        };
        if place >= ROWS || self.of_source.get(&src).is_some_and(|n| *n >= ROWS_OF_SOURCE) {
            return;
        }
        let kept = Kept { src, dst, values: *values };
        match self.rows.get_mut(place) {
            Some(row) => {
                let before = std::mem::replace(row, kept).src;
                self.leave(before);
            }
            None => self.rows.push(kept),
        }
        *self.of_source.entry(src).or_insert(0) += 1;
    }

    fn leave(&mut self, src: Addr) {
        if let Some(n) = self.of_source.get_mut(&src) {
            *n -= 1;
            if *n == 0 {
                self.of_source.remove(&src);
            }
        }
    }

    /// The flows that have nothing to do with these hosts.
    pub(super) fn without(&self, suspects: &BTreeSet<Addr>) -> Vec<Values> {
        let clean = |kept: &&Kept| !suspects.contains(&kept.src) && !suspects.contains(&kept.dst);
        self.rows.iter().filter(clean).map(|kept| kept.values).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The `n`-th random number (SplitMix64, Steele et al. 2014).
const fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_bounded_and_no_source_fills_it() {
        let mut sample = Sample::default();
        let loud = Addr::v4([10, 0, 0, 1]);
        for n in 0..50_000_u32 {
            let [_, b, c, d] = (n / 10).to_be_bytes();
            let src = if n % 10 == 0 { Addr::v4([10, b, c, d]) } else { loud };
            sample.offer(src, Addr::v4([10, 9, 9, 9]), &[0.0; NAMES.len()]);
        }
        let all = sample.without(&BTreeSet::new()).len();
        let quiet = sample.without(&BTreeSet::from([loud])).len();
        assert!(sample.len() <= ROWS && all == sample.len());
        assert!(all - quiet <= ROWS_OF_SOURCE as usize, "{all} {quiet}");
        assert!(quiet > 2_000);
    }
}
