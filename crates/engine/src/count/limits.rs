//! The line above which a value is unusual.

/// Standard deviations above the mean: the customary limit of control charts (Shewhart).
pub const SIGMAS: f64 = 3.0;

/// Mean plus [`SIGMAS`] standard deviations: what plots draw as the threshold.
///
/// The line is for the eye. Whether a value is an outlier is judged against the *other* values,
/// since of n values none can lie more than sqrt(n - 1) deviations above a mean that includes it.
pub fn upper_limit(mean: f64, sd: f64) -> f64 {
    SIGMAS.mul_add(sd, mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::Moments;

    #[test]
    fn mean_and_three_sigma() {
        let mut moments = Moments::default();
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.push(value);
        }
        assert!((upper_limit(moments.mean(), moments.sd()) - 11.0).abs() < 1e-9);
    }
}
