//! What a quantity usually is, learned without being taught by an attacker.
//!
//! Values are learned as log1p: amounts of traffic differ by factors, not by summands. How much a
//! value teaches depends on how unusual it is, so that a burst hardly moves what is usual. Against
//! a rise in small steps, each of which looks usual, a second, slow level is kept beside the first.

use serde_json::{Value, json};

/// Values before anything is judged: a day of hours, since who has not seen both day and night
/// would take every morning for an attack.
pub const POINTS_MIN: u32 = 24;
/// Weight of a usual value: some twenty hours are remembered, so that the level does not follow
/// day and night but lies between them, and their difference counts as deviation.
pub(super) const USUAL: f64 = 0.05;
/// Weight of a value beyond [`DRIFT_SIGMA`] deviations, and of one beyond [`UNUSUAL_SIGMA`]: a
/// tenth of the usual, as in Slips.
const DRIFT: f64 = 0.02;
pub(super) const UNUSUAL: f64 = 0.005;
const DRIFT_SIGMA: f64 = 2.0;
const UNUSUAL_SIGMA: f64 = 3.0;
/// The slow level learns this much slower: about a hundred values instead of twenty. It never stands
/// still, so that a change that stays is learned at last: a jump tenfold in some weeks of hours.
const SLOW: f64 = 0.2;
const SLOWEST: f64 = 0.001;
/// The deviation learns this much slower than the level: else a steady rise would pass for spread.
const SPREAD: f64 = 0.25;
/// Least deviation assumed, in log: what is less than double the usual is never three deviations
/// above it.
pub(super) const SIGMA_MIN: f64 = 0.25;
/// Largest deviation assumed, in log: a factor of seven, three of which are a factor of 400.
const SIGMA_MAX: f64 = 2.0;
/// Standard deviation over mean absolute deviation of a normal distribution: the root of pi/2.
pub(super) const SD_OF_MEAN_DEVIATION: f64 = 1.253_314;
/// Largest log1p that is stored: of 2^64.
const LEVEL_MAX: f64 = 45.0;
/// Steps of a unit when written: a thousandth of a logarithm is a thousandth of the value.
const STEPS: f64 = 1_000.0;

/// What is expected of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Level in log1p.
    pub(super) level: f64,
    /// The slow level in log1p.
    pub(super) anchor: f64,
    /// Standard deviation in log1p.
    pub(super) sigma: f64,
}

impl Expected {
    /// The usual value (the geometric mean of what was seen).
    pub fn mean(&self) -> f64 {
        self.level.exp_m1()
    }

    /// The value `sigmas` deviations above the usual one; twice as many above what was usual a
    /// hundred values ago, whichever is less.
    pub fn limit(&self, sigmas: f64) -> f64 {
        let fast = sigmas.mul_add(self.sigma, self.level);
        let slow = (2.0 * sigmas).mul_add(self.sigma, self.anchor);
        fast.min(slow).exp_m1()
    }

    /// How many deviations a value lies above the usual one.
    pub fn z(&self, value: f64) -> f64 {
        (log(value) - self.level) / self.sigma
    }

    /// Weight of a value that was held against this.
    pub(super) fn weight(&self, value: f64) -> f64 {
        let z = self.z(value);
        if z > UNUSUAL_SIGMA {
            UNUSUAL
        } else if z.abs() > DRIFT_SIGMA {
            DRIFT
        } else {
            USUAL
        }
    }
}

/// log1p of an amount; what is no amount counts as none.
pub(super) fn log(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0).ln_1p().min(LEVEL_MAX) } else { 0.0 }
}

/// The baseline of one series of amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Baseline {
    level: f64,
    anchor: f64,
    /// Mean absolute deviation from the level.
    spread: f64,
    seen: u32,
}

impl Baseline {
    /// Values learned.
    pub fn seen(&self) -> u32 {
        self.seen
    }

    /// What is expected of the next value; `None` before there are [`POINTS_MIN`].
    pub fn expect(&self) -> Option<Expected> {
        self.expect_after(POINTS_MIN)
    }

    /// The same after fewer values, where each of them took long to come.
    pub fn expect_after(&self, points: u32) -> Option<Expected> {
        (self.seen >= points.max(1)).then(|| self.so_far())
    }

    fn so_far(&self) -> Expected {
        let sigma = (SD_OF_MEAN_DEVIATION * self.spread).clamp(SIGMA_MIN, SIGMA_MAX);
        Expected { level: self.level, anchor: self.anchor, sigma }
    }

    /// Takes a value: the first ones by their plain mean, later ones by how usual they are.
    pub fn learn(&mut self, value: f64) {
        let x = log(value);
        let so_far = self.so_far();
        let (weight, spread, slow) = if let Some(expected) = self.expect() {
            let weight = expected.weight(value);
            (weight, weight * SPREAD, (weight * SLOW).max(SLOWEST))
        } else {
            let weight = 1.0 / (f64::from(self.seen) + 1.0);
            (weight, weight, weight)
        };
        // Nothing deviates by more than three deviations as far as the spread is concerned.
        let most = if self.seen < POINTS_MIN { f64::MAX } else { UNUSUAL_SIGMA * so_far.sigma };
        let deviation = if self.seen == 0 { 0.0 } else { (x - self.level).abs().min(most) };
        self.spread += spread * (deviation - self.spread);
        self.level += weight * (x - self.level);
        self.anchor += slow * (x - self.anchor);
        self.seen = self.seen.saturating_add(1);
    }

    /// As four numbers.
    pub fn save(&self) -> Value {
        let [level, anchor, spread] = [self.level, self.anchor, self.spread].map(steps);
        json!([level, anchor, spread, self.seen])
    }

    /// From [`Baseline::save`]; `None` when it is not that.
    pub fn restore(saved: &Value) -> Option<Self> {
        let [level, anchor, spread, seen] = saved.as_array()?.as_slice() else { return None };
        let amount = |value: &Value| unsteps(value.as_u64()?);
        Some(Self {
            level: amount(level)?,
            anchor: amount(anchor)?,
            spread: amount(spread)?,
            seen: u32::try_from(seen.as_u64()?).ok()?,
        })
    }
}

/// A logarithm in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 45,000
pub(super) fn steps(value: f64) -> u16 {
    (value.clamp(0.0, LEVEL_MAX) * STEPS).round() as u16
}

/// Back from thousandths.
pub(super) fn unsteps(steps: u64) -> Option<f64> {
    let value = steps as f64 / STEPS;
    (value <= LEVEL_MAX).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series around 1,000 that moves by a few percent.
    fn learned() -> Baseline {
        let mut baseline = Baseline::default();
        for n in 0..100 {
            baseline.learn(1_000.0 + f64::from(n % 7) * 20.0);
        }
        baseline
    }

    #[test]
    fn nothing_is_judged_before_there_are_enough_values() {
        let mut baseline = Baseline::default();
        for n in 0..POINTS_MIN {
            assert_eq!(baseline.expect(), None, "{n}");
            baseline.learn(100.0);
        }
        let expected = baseline.expect().unwrap();
        assert!((expected.mean() - 100.0).abs() < 0.1);
        assert!(expected.limit(3.0) > 200.0 && expected.limit(3.0) < 220.0, "the least deviation");
        assert!(expected.z(100.0).abs() < 0.01 && expected.z(1_000.0) > 8.0);
    }

    #[test]
    fn a_burst_teaches_hardly_anything() {
        let mut baseline = learned();
        let before = baseline.expect().unwrap().limit(3.0);
        for _ in 0..10 {
            baseline.learn(1e9);
        }
        let after = baseline.expect().unwrap().limit(3.0);
        assert!(after < before * 2.5, "{before} {after}");
    }

    #[test]
    fn a_new_level_is_learned_when_it_stays() {
        let mut baseline = learned();
        for _ in 0..100 {
            baseline.learn(1_500.0);
        }
        assert!((baseline.expect().unwrap().mean() - 1_500.0).abs() < 50.0);
        // A jump by a factor of ten takes weeks of hours: a person has looked by then.
        let mut hours = 0;
        while baseline.expect().unwrap().limit(3.0) < 15_000.0 {
            baseline.learn(15_000.0);
            hours += 1;
        }
        assert!((48..1_000).contains(&hours), "{hours}");
    }

    /// How far a steady rise gets before it is above the limit; `None` when it is never.
    fn ramp(growth: f64) -> Option<f64> {
        let mut baseline = learned();
        let mut value = 1_060.0;
        for _ in 0..2_000 {
            value *= growth;
            if value > baseline.expect().unwrap().limit(3.0) {
                return Some(value / 1_060.0);
            }
            baseline.learn(value);
        }
        None
    }

    #[test]
    fn a_rise_in_small_steps_is_found_unless_it_takes_days() {
        // A fifth more each hour: found by the level that follows.
        assert!(ramp(1.2).unwrap() < 4.0);
        // A twentieth more each hour, double in 14: found by the slow level.
        assert!(ramp(1.05).unwrap() < 10.0);
        // Half a percent each hour, double in six days: not found.
        assert_eq!(ramp(1.005), None);
    }

    #[test]
    fn values_that_are_none_do_no_harm() {
        let mut baseline = learned();
        for value in [f64::NAN, f64::INFINITY, -5.0, f64::MAX, 0.0] {
            baseline.learn(value);
            let expected = baseline.expect().unwrap();
            assert!(expected.limit(3.0).is_finite() && expected.mean() > 100.0);
        }
    }

    #[test]
    fn what_is_saved_is_restored_and_nothing_else() {
        let baseline = learned();
        let restored = Baseline::restore(&baseline.save()).unwrap();
        assert_eq!(restored.save(), baseline.save());
        let (a, b) = (baseline.expect().unwrap(), restored.expect().unwrap());
        assert!((a.limit(3.0) / b.limit(3.0) - 1.0).abs() < 0.01);
        for bad in ["[]", "[1,2,3]", "[1,2,3,-4]", "[1e9,1,1,1]", "[99999,1,1,1]", "{}", "null"] {
            let value = serde_json::from_str(bad).unwrap();
            assert_eq!(Baseline::restore(&value), None, "{bad}");
        }
    }
}
