//! Count, sum, spread of whole numbers, in constant memory.

/// Count, sum, sum of squares, minimum and maximum of whole numbers.
///
/// The squares are summed as a floating-point number: exact until their sum reaches 2^53, which
/// lengths do not within a flow; behind that the standard deviation of times is right to nine
/// digits as long as it is not below a ten-thousandth of the mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    pub(super) n: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) sum: u64,
    squares: f64,
}

impl Moments {
    #[inline]
    pub(super) fn add(&mut self, value: u32) {
        self.min = if self.n == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.n = self.n.saturating_add(1);
        self.sum += u64::from(value);
        self.squares += f64::from(value) * f64::from(value);
    }

    /// Sum / n; 0 without values.
    pub(super) fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.sum as f64 / f64::from(self.n) }
    }

    /// Root of the variance.
    pub(super) fn sd(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Sample variance (n - 1); 0 below two values.
    pub(super) fn variance(&self) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let (n, sum) = (f64::from(self.n), self.sum as f64);
        ((self.squares - sum * sum / n) / (n - 1.0)).max(0.0)
    }

    /// The values of both.
    pub(super) fn merged(&self, other: &Self) -> Self {
        if self.n == 0 {
            return *other;
        }
        if other.n == 0 {
            return *self;
        }
        Self {
            n: self.n.saturating_add(other.n),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }
}
