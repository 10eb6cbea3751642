//! Control limits of a series: what was to be expected of each point, learned from those before it.
//!
//! A point is held against the moving mean and deviation as they were before it, so it cannot
//! raise its own limit; and what lies outside teaches only as much as the limit itself would have,
//! so an attack does not widen the band behind it. The first points are judged by the others of
//! them, since nothing came before.

use anomalyzer_engine::count::{Ewma, SIGMAS, leave_one_out, upper_limit};
use serde::Serialize;
use utoipa::ToSchema;

/// Weight of a new point: the usual one of control charts.
const LAMBDA: f64 = 0.2;
/// Points that are judged by each other: few enough for the median, which one outlier cannot move.
const FIRST: usize = 11;
/// Fewest points for which limits mean anything.
const POINTS_MIN: usize = 3;
/// Least deviation assumed, as a share of the mean: a steady series does not alarm at a flicker.
const FLOOR: f64 = 0.05;

/// What was to be expected of each point, per step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Band {
    /// The moving mean.
    pub(crate) mean: Vec<f64>,
    /// Mean and three standard deviations.
    pub(crate) upper: Vec<f64>,
    /// Mean less three standard deviations, at least 0.
    pub(crate) lower: Vec<f64>,
}

/// Limits of a series, each parallel to its points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Of bytes.
    pub(crate) bytes: Band,
    /// Of packets.
    pub(crate) packets: Band,
}

/// The band of a series; `None` below three points.
pub(crate) fn band(values: &[f64]) -> Option<Band> {
    if values.len() < POINTS_MIN {
        return None;
    }
    let first = values.get(..FIRST).unwrap_or(values);
    let mut ewma = Ewma::new(LAMBDA);
    let mut band = Band::default();
    for (i, value) in values.iter().copied().enumerate() {
        let (mean, sd) = match leave_one_out(first, i) {
            Some(others) => (others.mean, others.sd),
            None => (ewma.mean(), ewma.sd()),
        };
        let sd = sd.max(floor(mean));
        let (upper, lower) = (upper_limit(mean, sd), (mean - SIGMAS * sd).max(0.0));
        ewma.push(value.clamp(lower, upper));
        band.mean.push(round(mean));
        band.upper.push(round(upper));
        band.lower.push(round(lower));
    }
    Some(band)
}

/// The least deviation: a share of the mean, and that of counting so many (Poisson).
fn floor(mean: f64) -> f64 {
    (FLOOR * mean).max(mean.max(0.0).sqrt())
}

/// Tenths are enough, and a third of the bytes.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values around 1,000 that vary by a tenth.
    fn usual(n: usize) -> Vec<f64> {
        (0..n).map(|i| 1_000.0 + 100.0 * ((i * 7 % 11) as f64 / 10.0 - 0.5)).collect()
    }

    #[test]
    fn usual_points_lie_within() {
        let values = usual(200);
        let band = band(&values).unwrap();
        assert_eq!((band.mean.len(), band.upper.len(), band.lower.len()), (200, 200, 200));
        for (i, value) in values.iter().enumerate() {
            assert!(*value < band.upper[i] && *value > band.lower[i], "{i}: {value} {band:?}");
        }
    }

    #[test]
    fn an_anomaly_raises_neither_its_own_limit_nor_much_that_of_the_next() {
        for at in [2, 5, 100] {
            let quiet = band(&usual(200)).unwrap();
            let mut values = usual(200);
            values[at] = 50_000.0;
            let band = band(&values).unwrap();
            assert!((band.upper[at] / quiet.upper[at] - 1.0).abs() < 0.2, "{at}");
            assert!(values[at] > band.upper[at] * 10.0);
            assert!(band.upper[at + 1] < quiet.upper[at + 1] * 1.6, "{at}: {}", band.upper[at + 1]);
        }
    }

    #[test]
    fn a_new_level_is_learned_when_it_stays() {
        let mut values = usual(100);
        values.extend(usual(100).iter().map(|v| v * 3.0));
        let band = band(&values).unwrap();
        assert!(values[101] > band.upper[101]);
        assert!(values[199] < band.upper[199]);
    }

    #[test]
    fn few_points_have_none_and_silence_has_zeros() {
        assert_eq!(band(&[1.0, 2.0]), None);
        let silent = band(&[0.0; 40]).unwrap();
        assert!(silent.upper.iter().all(|limit| *limit == 0.0));
        assert!(band(&[0.0, 0.0, 9.0, 0.0, f64::MAX]).unwrap().mean.iter().all(|m| m.is_finite()));
    }
}
