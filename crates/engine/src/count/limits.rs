//! Threshold lines for a series of values.

use super::Moments;

/// The lines that a plot draws over a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlLimits {
    /// Mean of all values.
    pub mean: f64,
    /// Standard deviation of all values (of the population).
    pub sd: f64,
    /// Mean plus 3 standard deviations.
    pub upper: f64,
}

/// Mean and mean plus 3 standard deviations of a whole series; `None` without finite values.
///
/// The lines are for the eye. Whether a value is an outlier is judged against the *other* values,
/// since of n values none can lie more than sqrt(n - 1) deviations above a mean that includes it.
pub fn control_limits(values: &[f64]) -> Option<ControlLimits> {
    let mut moments = Moments::default();
    for value in values {
        moments.push(*value);
    }
    let (mean, sd) = (moments.mean(), moments.sd());
    (moments.count() > 0).then_some(ControlLimits { mean, sd, upper: 3.0_f64.mul_add(sd, mean) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_three_sigma() {
        let limits = control_limits(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert!((limits.mean - 5.0).abs() < 1e-9 && (limits.sd - 2.0).abs() < 1e-9);
        assert!((limits.upper - 11.0).abs() < 1e-9);
        assert_eq!(control_limits(&[]), None);
        assert_eq!(control_limits(&[f64::NAN]), None);
    }
}
