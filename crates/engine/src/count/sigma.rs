//! Mean, standard deviation, and how far a value lies from the others.

/// Values below which the robust z replaces mean and standard deviation.
const FEW: usize = 12;

/// Running mean and variance (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    m2: f64,
}

impl Moments {
    /// Takes a value; values that are not finite are ignored.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.n = self.n.saturating_add(1);
        let difference = value - self.mean;
        self.mean += difference / self.n as f64;
        self.m2 += difference * (value - self.mean);
    }

    /// The moments as they were before `value` was pushed.
    #[must_use]
    pub fn without(&self, value: f64) -> Self {
        if self.n <= 1 || !value.is_finite() {
            return if value.is_finite() { Self::default() } else { *self };
        }
        let n = (self.n - 1) as f64;
        let mean = self.mean + (self.mean - value) / n;
        let m2 = (self.m2 - (value - mean) * (value - self.mean)).max(0.0);
        Self { n: self.n - 1, mean, m2 }
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.n
    }

    /// Mean; 0 without values.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of the population; 0 below two values.
    pub fn sd(&self) -> f64 {
        if self.n < 2 { 0.0 } else { (self.m2 / self.n as f64).max(0.0).sqrt() }
    }
}

/// A value against all others of its set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeaveOneOut {
    /// Mean of the others (their median, when `robust`).
    pub mean: f64,
    /// Standard deviation of the others (1.4826 times their median absolute deviation, when
    /// `robust`).
    pub sd: f64,
    /// Distance in standard deviations; infinite when the others are all equal and this is not.
    pub z: f64,
    /// True when median and MAD were used, because there are fewer than 12 values.
    pub robust: bool,
}

/// Judges `values[at]` against all the others: of n values none can lie more than sqrt(n - 1)
/// standard deviations from a mean that includes it, so it is left out; below 12 values median
/// and MAD are used. `None` with fewer than three values.
pub fn leave_one_out(values: &[f64], at: usize) -> Option<LeaveOneOut> {
    let value = *values.get(at)?;
    if values.len() < 3 {
        return None;
    }
    let others = || values.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, v)| *v);
    if values.len() < FEW {
        let mut rest: Vec<f64> = others().collect();
        let mean = median(&mut rest)?;
        let sd = mad(&rest, mean)?;
        return Some(LeaveOneOut { mean, sd, z: distance(value, mean, sd), robust: true });
    }
    let mut moments = Moments::default();
    others().for_each(|v| moments.push(v));
    let (mean, sd) = (moments.mean(), moments.sd());
    Some(LeaveOneOut { mean, sd, z: distance(value, mean, sd), robust: false })
}

/// Robust z of `value` among `values`: distance from the median over 1.4826 times the median
/// absolute deviation. `None` without values.
pub fn robust_z(values: &[f64], value: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    let center = median(&mut sorted)?;
    Some(distance(value, center, mad(&sorted, center)?))
}

/// The median; sorts the slice. `None` when it is empty.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(upper, *values.get(middle.checked_sub(1)?)?))
}

fn mad(values: &[f64], center: f64) -> Option<f64> {
    let mut distances: Vec<f64> = values.iter().map(|v| (v - center).abs()).collect();
    median(&mut distances).map(|m| 1.4826 * m)
}

fn distance(value: f64, center: f64, sd: f64) -> f64 {
    let difference = value - center;
    if sd > 0.0 {
        difference / sd
    } else if difference == 0.0 {
        0.0
    } else {
        f64::INFINITY.copysign(difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_their_undoing() {
        let mut moments = Moments::default();
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.push(value);
        }
        assert!((moments.mean() - 5.0).abs() < 1e-12 && (moments.sd() - 2.0).abs() < 1e-12);
        let before = moments;
        moments.push(1e6);
        let undone = moments.without(1e6);
        assert!((undone.mean() - before.mean()).abs() < 1e-6);
        assert!((undone.sd() - before.sd()).abs() < 1e-3);
    }

    #[test]
    fn an_outlier_is_seen_only_when_left_out() {
        let mut values = vec![10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0, 10.0, 10.0, 10.0, 10.0];
        values.push(1_000.0);
        let judged = leave_one_out(&values, 12).unwrap();
        assert!(judged.z > 100.0 && !judged.robust);
        assert!(leave_one_out(&values, 0).unwrap().z.abs() < 1.0);
    }

    #[test]
    fn few_values_are_judged_by_the_median() {
        let judged = leave_one_out(&[1.0, 2.0, 3.0, 2.0, 500.0], 4).unwrap();
        assert!(judged.robust && judged.z > 100.0);
        assert_eq!(leave_one_out(&[1.0, 2.0], 1), None);
        assert!(leave_one_out(&[7.0, 7.0, 7.0], 1).unwrap().z.abs() < 1e-12);
        assert!(leave_one_out(&[7.0, 8.0, 7.0], 1).unwrap().z.is_infinite());
    }

    #[test]
    fn median_and_robust_z() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
        let z = robust_z(&[1.0, 2.0, 3.0, 4.0, 5.0], 3.0 + 1.4826).unwrap();
        assert!((z - 1.0).abs() < 1e-9);
    }
}
