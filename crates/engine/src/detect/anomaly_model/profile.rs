//! How a few telling columns are distributed, and how far that has moved.

use super::sample::Values;
use crate::score::SITE_COLUMNS as NAMES;

/// Columns that are watched for drift.
const WATCHED: [&str; 6] = [
    "fwd_payload_bytes",
    "bwd_payload_bytes",
    "flow_duration_us",
    "fwd_packets",
    "service",
    "port_class",
];
/// Classes of values: powers of four of a number, words of a category.
const BINS: usize = 16;

const PLACES: [usize; WATCHED.len()] = places();

const fn places() -> [usize; WATCHED.len()] {
    let mut places = [usize::MAX; WATCHED.len()];
    let mut at = 0;
    while at < WATCHED.len() {
        let mut name = 0;
        while name < NAMES.len() {
            if crate::score::same(NAMES[name], WATCHED[at]) {
                places[at] = name;
            }
            name += 1;
        }
        assert!(places[at] < NAMES.len());
        at += 1;
    }
    places
}

/// Histograms of the watched columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    bins: [[u64; BINS]; WATCHED.len()],
}

impl Profile {
    pub(super) fn of(rows: &[Values]) -> Self {
        let mut profile = Self::default();
        for values in rows {
            profile.add(values);
        }
        profile
    }

    pub(super) fn add(&mut self, values: &Values) {
        for ((bins, place), name) in self.bins.iter_mut().zip(PLACES).zip(WATCHED) {
            if let Some(bin) = bins.get_mut(bin(name, values[place])) {
                *bin += 1;
            }
        }
    }

    /// The population stability index of each watched column against an earlier time: the sum of
    /// (now - then) * ln(now / then) over the shares of its classes, each class with half a flow
    /// more than it has, so that none is empty.
    pub(super) fn shifts(&self, then: &Self) -> Vec<(&'static str, f64)> {
        let both = self.bins.iter().zip(&then.bins);
        WATCHED.into_iter().zip(both).map(|(name, (now, then))| (name, shift(now, then))).collect()
    }

    pub(super) fn to_lists(&self) -> Vec<Vec<u64>> {
        self.bins.iter().map(|bins| bins.to_vec()).collect()
    }

    /// What [`Self::to_lists`] gave; `None` for anything else.
    pub(super) fn from_lists(lists: &[Vec<u64>]) -> Option<Self> {
        let mut profile = Self::default();
        if lists.len() != WATCHED.len() {
            return None;
        }
        for (bins, list) in profile.bins.iter_mut().zip(lists) {
            *bins = list.as_slice().try_into().ok()?;
            // So that no sum can run over.
            if bins.iter().any(|n| *n > u64::MAX >> 16) {
                return None;
            }
        }
        Some(profile)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
fn bin(name: &str, value: f32) -> usize {
    if value.is_nan() || value < 0.0 {
        return 0;
    }
    let class = match name {
        "service" | "port_class" => value,
        _ => (1.0 + value).log2() / 2.0,
    };
    (class as usize).min(BINS - 1)
}

fn shift(now: &[u64; BINS], then: &[u64; BINS]) -> f64 {
    let all = |bins: &[u64; BINS]| bins.iter().sum::<u64>() as f64 + 0.5 * BINS as f64;
    let (all_now, all_then) = (all(now), all(then));
    let shares = now.iter().zip(then).map(|(now, then)| {
        let (now, then) = ((*now as f64 + 0.5) / all_now, (*then as f64 + 0.5) / all_then);
        (now - then) * (now / then).ln()
    });
    shares.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: f32) -> Vec<Values> {
        (0..1_000)
            .map(|n| {
                let mut values = [1.0; NAMES.len()];
                values[PLACES[0]] = bytes * (1 + n % 7) as f32;
                values
            })
            .collect()
    }

    #[test]
    fn a_shift_shows_where_it_is() {
        let then = Profile::of(&rows(100.0));
        let same = Profile::of(&rows(100.0)).shifts(&then);
        assert!(same.iter().all(|(_, psi)| psi.abs() < 1e-9));
        let moved = Profile::of(&rows(100_000.0)).shifts(&then);
        assert_eq!(moved[0].0, "fwd_payload_bytes");
        assert!(moved[0].1 > 1.0, "{moved:?}");
        assert!(moved[1..].iter().all(|(_, psi)| psi.abs() < 1e-9));
    }

    #[test]
    fn lists_are_checked() {
        let profile = Profile::of(&rows(5.0));
        assert_eq!(Profile::from_lists(&profile.to_lists()), Some(profile.clone()));
        for lists in
            [vec![], vec![vec![1; BINS]; 5], vec![vec![1; 3]; 6], vec![vec![u64::MAX; BINS]; 6]]
        {
            assert_eq!(Profile::from_lists(&lists), None);
        }
    }
}
