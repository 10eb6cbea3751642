//! From scores to probabilities: a logistic curve through held-out scores (Platt).
//!
//! Attacks count as much as normal records, and attacks of kinds that a model had not seen as much
//! as those that it knew. So the probability answers the question that users have: is this an
//! attack, of whatever kind, rather than ordinary traffic?

use crate::num::{ln, sigmoid};

/// A held-out score with its weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example {
    pub(crate) raw: f32,
    pub(crate) attack: bool,
    pub(crate) weight: f64,
}

/// Slope (above zero) and offset of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curve {
    pub(crate) slope: f64,
    pub(crate) offset: f64,
}

/// Fits the curve by Newton's method over scores that were brought to mean 0 and deviation 1.
pub(crate) fn platt(examples: &[Example]) -> Curve {
    let total: f64 = examples.iter().map(|example| example.weight).sum();
    let mean =
        examples.iter().map(|e| e.weight * f64::from(e.raw)).sum::<f64>() / total.max(1e-300);
    let square = examples.iter().map(|e| e.weight * (f64::from(e.raw) - mean).powi(2)).sum::<f64>();
    let deviation = (square / total.max(1e-300)).sqrt().max(1e-9);
    // Targets are drawn in a little, so that separable scores do not make the curve a step.
    let (high, low) = (1.0 - 1e-3, 1e-3);
    let (mut slope, mut offset) = (1.0, 0.0);
    for _ in 0..50 {
        // Gradient and second derivatives of the log likelihood, with a weak pull towards slope 1.
        let (mut g0, mut g1, mut h00, mut h01, mut h11) =
            (0.0, 1e-3 * (slope - 1.0), 1e-6, 0.0, 1e-3);
        for e in examples {
            let x = (f64::from(e.raw) - mean) / deviation;
            let chance = sigmoid(slope * x + offset);
            let weight = e.weight / total;
            let error = weight * (chance - if e.attack { high } else { low });
            let second = weight * (chance * (1.0 - chance)).max(1e-9);
            g0 += error;
            g1 += error * x;
            h00 += second;
            h01 += second * x;
            h11 += second * x * x;
        }
        let det = (h00 * h11 - h01 * h01).max(1e-18);
        let (down_offset, down_slope) = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det);
        offset -= down_offset.clamp(-2.0, 2.0);
        slope = (slope - down_slope.clamp(-2.0, 2.0)).clamp(0.05, 50.0);
        if down_offset.abs() + down_slope.abs() < 1e-9 {
            break;
        }
    }
    Curve { slope: slope / deviation, offset: offset - slope * mean / deviation }
}

/// The curve of a model without attacks: one half at the threshold, one in ten at the median of
/// the normal scores.
pub(crate) fn odd(mut normals: Vec<f32>, threshold: f32) -> Curve {
    normals.sort_unstable_by(f32::total_cmp);
    let median = normals.get(normals.len() / 2).copied().unwrap_or(threshold - 1.0);
    let width = f64::from(threshold - median).max(1e-6);
    let slope = ln(9.0) / width;
    Curve { slope, offset: -slope * f64::from(threshold) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_follows_the_shares() {
        // Scores of -2 are attacks once in ten times, those of 3 nine times.
        let mut examples = Vec::new();
        for (raw, attacks) in [(-2.0, 1), (3.0, 9)] {
            (0..10)
                .for_each(|at| examples.push(Example { raw, attack: at < attacks, weight: 1.0 }));
        }
        let curve = platt(&examples);
        for (raw, wanted) in [(-2.0, 0.1), (3.0, 0.9), (0.5, 0.5)] {
            let chance = sigmoid(curve.slope * raw + curve.offset);
            assert!((chance - wanted).abs() < 0.01, "{raw}: {chance}");
        }
    }

    #[test]
    fn extremes_stay_finite_and_rise() {
        let one = |raw, attack| Example { raw, attack, weight: 1.0 };
        let sets: [&[Example]; 5] = [
            &[],
            &[one(1.0, true)],
            &[one(0.0, false), one(0.0, true)],
            &[one(-1e6, false), one(1e6, true)],
            &[one(1.0, false), one(-1.0, true)],
        ];
        for examples in sets {
            let curve = platt(examples);
            assert!(
                curve.slope > 0.0 && curve.slope.is_finite() && curve.offset.is_finite(),
                "{curve:?}"
            );
        }
        let curve = odd(vec![0.0, 1.0, 2.0], 3.0);
        assert!((sigmoid(curve.slope * 3.0 + curve.offset) - 0.5).abs() < 1e-9);
        assert!((sigmoid(curve.slope + curve.offset) - 0.1).abs() < 1e-9);
    }
}
