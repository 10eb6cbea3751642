//! Exponentially weighted moving average with control limits.

/// Tracks the mean and the spread of a series, newer values weighing more.
///
/// Mean and variance follow West 1979 in the form of Finch, "Incremental calculation of weighted
/// mean and variance" (2009, section 9). A value is judged against the state *before* it, so an
/// outlier cannot hide in its own baseline.
#[derive(Clone, Copy, Debug)]
pub struct Ewma {
    lambda: f64,
    mean: f64,
    variance: f64,
    seen: u64,
}

impl Ewma {
    /// `lambda` is the weight of a new value, 0 to 1; control charts use 0.2 to 0.3.
    pub fn new(lambda: f64) -> Self {
        Self { lambda: lambda.clamp(0.0, 1.0), mean: 0.0, variance: 0.0, seen: 0 }
    }

    /// Takes a value; values that are not finite are ignored.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        if self.seen == 0 {
            self.mean = value;
        } else {
            let difference = value - self.mean;
            let step = self.lambda * difference;
            self.mean += step;
            self.variance = (1.0 - self.lambda) * (self.variance + difference * step);
        }
        self.seen = self.seen.saturating_add(1);
    }

    /// Values taken.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The moving mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The moving standard deviation.
    pub fn sd(&self) -> f64 {
        self.variance.max(0.0).sqrt()
    }

    /// Mean plus `sigmas` standard deviations; `floor` is the least deviation assumed, so that a
    /// constant series does not alarm at its first flicker.
    pub fn upper_limit(&self, sigmas: f64, floor: f64) -> f64 {
        self.mean + sigmas * self.sd().max(floor)
    }

    /// Distance of a value from the mean in standard deviations (of at least `floor`).
    pub fn z(&self, value: f64, floor: f64) -> f64 {
        let sd = self.sd().max(floor);
        if sd > 0.0 { (value - self.mean) / sd } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_step_and_knows_the_spread() {
        let mut ewma = Ewma::new(0.2);
        for i in 0..500 {
            ewma.push(if i % 2 == 0 { 90.0 } else { 110.0 });
        }
        assert!((ewma.mean() - 100.0).abs() < 2.0 && (ewma.sd() - 10.0).abs() < 1.0);
        assert!(ewma.upper_limit(3.0, 0.0) < 135.0 && ewma.z(200.0, 0.0) > 8.0);
        for _ in 0..50 {
            ewma.push(1_000.0);
        }
        assert!((ewma.mean() - 1_000.0).abs() < 1.0);
    }

    #[test]
    fn constant_series_needs_the_floor() {
        let mut ewma = Ewma::new(0.3);
        ewma.push(5.0);
        ewma.push(5.0);
        ewma.push(f64::NAN);
        assert!((ewma.z(6.0, 0.0), ewma.seen()) == (0.0, 2));
        assert!((ewma.z(6.0, 0.5) - 2.0).abs() < 1e-12);
    }
}
