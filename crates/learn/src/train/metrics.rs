//! How well scores tell attacks from normal records.

use serde::{Deserialize, Serialize};

/// How far apart points of a curve are at least, in the sum of both axes: at most 200 points.
const CURVE_STEP: f64 = 0.0101;

/// Records by what they were and what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusion {
    /// Attacks that were found.
    pub tp: u64,
    /// Normal records that were taken for attacks.
    pub fp: u64,
    /// Normal records that were left alone.
    pub tn: u64,
    /// Attacks that were missed.
    pub r#fn: u64,
}

/// Records of one kind of attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindFound {
    /// Name of the kind.
    pub kind: String,
    /// Records of it.
    pub rows: u64,
    /// Those that were found.
    pub found: u64,
}

/// All that is said of how good a model is. Shares are 0 where there is nothing to share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Records that were judged.
    pub rows: u64,
    /// Share of all records that were judged rightly.
    pub accuracy: f64,
    /// Mean of the shares of attacks found and of normal records left alone.
    pub balanced_accuracy: f64,
    /// Share of alarms that were attacks.
    pub precision: f64,
    /// Share of attacks that were found.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of normal records that were taken for attacks.
    pub fpr: f64,
    /// Chance that an attack scores above a normal record.
    pub roc_auc: f64,
    /// Mean precision over all recalls (average precision).
    pub pr_auc: f64,
    /// The four counts.
    pub confusion: Confusion,
    /// False-positive rate and recall for each threshold, thinned out.
    pub roc: Vec<(f64, f64)>,
    /// Recall and precision for each threshold, thinned out.
    pub pr: Vec<(f64, f64)>,
    /// What was found of each kind of attack.
    pub kinds: Vec<KindFound>,
}

/// One judged record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) raw: f32,
    /// Index into the names of kinds; 0 is normal.
    pub(crate) kind: u16,
}

impl Metrics {
    /// Measures scores against what is known; `kinds` are the names of the kinds.
    pub(crate) fn of(judged: &[Judged], kinds: &[String], threshold: f32) -> Self {
        let mut confusion = Confusion::default();
        let mut found: Vec<(u64, u64)> = vec![(0, 0); kinds.len()];
        for record in judged {
            let hit = record.raw >= threshold;
            let count = match (record.kind != 0, hit) {
                (true, true) => &mut confusion.tp,
                (true, false) => &mut confusion.r#fn,
                (false, true) => &mut confusion.fp,
                (false, false) => &mut confusion.tn,
            };
            *count += 1;
            if let Some(kind) = found.get_mut(usize::from(record.kind)) {
                kind.0 += 1;
                kind.1 += u64::from(hit);
            }
        }
        let named = kinds.iter().zip(found).skip(1).filter(|(_, (rows, _))| *rows > 0);
        let kinds =
            named.map(|(kind, (rows, found))| KindFound { kind: kind.clone(), rows, found });
        let curves = Curves::of(judged);
        Self {
            kinds: kinds.collect(),
            roc: curves.roc,
            pr: curves.pr,
            roc_auc: rounded(curves.roc_auc),
            pr_auc: rounded(curves.pr_auc),
            ..Self::from_confusion(confusion)
        }
    }

    /// The shares that follow from the four counts.
    fn from_confusion(confusion: Confusion) -> Self {
        let Confusion { tp, fp, tn, r#fn: missed } = confusion;
        let rows = tp + fp + tn + missed;
        let (recall, fpr) = (share(tp, tp + missed), share(fp, fp + tn));
        Self {
            rows,
            accuracy: rounded(share(tp + tn, rows)),
            balanced_accuracy: rounded(f64::midpoint(recall, share(tn, fp + tn))),
            precision: rounded(share(tp, tp + fp)),
            recall: rounded(recall),
            f1: rounded(share(2 * tp, 2 * tp + fp + missed)),
            fpr: rounded(fpr),
            confusion,
            ..Self::default()
        }
    }
}

/// Curves over all thresholds.
struct Curves {
    roc: Vec<(f64, f64)>,
    pr: Vec<(f64, f64)>,
    roc_auc: f64,
    pr_auc: f64,
}

impl Curves {
    /// Walks from the highest score down; records of equal score are taken together.
    fn of(judged: &[Judged]) -> Self {
        let mut sorted: Vec<(f32, bool)> =
            judged.iter().map(|record| (record.raw, record.kind != 0)).collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let attacks = sorted.iter().filter(|record| record.1).count() as u64;
        let normals = sorted.len() as u64 - attacks;
        let mut curves = Self { roc: vec![(0.0, 0.0)], pr: Vec::new(), roc_auc: 0.0, pr_auc: 0.0 };
        let (mut found, mut wrong) = (0, 0);
        for same in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let (before, wrong_before) = (found, wrong);
            found += same.iter().filter(|record| record.1).count() as u64;
            wrong += same.iter().filter(|record| !record.1).count() as u64;
            let width = share(wrong - wrong_before, normals);
            curves.roc_auc += width * f64::midpoint(share(before, attacks), share(found, attacks));
            let precision = share(found, found + wrong);
            curves.pr_auc += share(found - before, attacks) * precision;
            add(&mut curves.roc, (share(wrong, normals), share(found, attacks)));
            add(&mut curves.pr, (share(found, attacks), precision));
        }
        curves
    }
}

/// Adds a point that is far enough from the last one.
fn add(curve: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    let point = (rounded(point.0), rounded(point.1));
    let far = curve
        .last()
        .is_none_or(|last| (last.0 - point.0).abs() + (last.1 - point.1).abs() >= CURVE_STEP);
    let ends = point.0 >= 1.0 && curve.last().is_none_or(|last| last.0 < 1.0);
    if (far && curve.len() < 199) || ends {
        curve.push(point);
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// Six digits behind the point, so that files and pages stay small.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small numbers that are exact")]
mod tests {
    use super::*;

    fn judged(scores: &[(f32, u16)]) -> Vec<Judged> {
        scores.iter().map(|&(raw, kind)| Judged { raw, kind }).collect()
    }

    #[test]
    fn metrics_by_hand() {
        let kinds = ["normal".to_owned(), "a".to_owned(), "b".to_owned(), "c".to_owned()];
        let scores =
            [(0.9, 1), (0.8, 0), (0.7, 1), (0.6, 2), (0.5, 0), (0.5, 2), (0.1, 0), (0.0, 0)];
        let metrics = Metrics::of(&judged(&scores), &kinds, 0.6);
        assert_eq!(metrics.confusion, Confusion { tp: 3, fp: 1, tn: 3, r#fn: 1 });
        assert_eq!((metrics.accuracy, metrics.precision, metrics.recall), (0.75, 0.75, 0.75));
        assert_eq!((metrics.f1, metrics.fpr, metrics.balanced_accuracy), (0.75, 0.25, 0.75));
        // Pairs: 0.9 beats 4 normals, 0.7 and 0.6 beat 3, 0.5 beats 2 and ties with one.
        assert_eq!(metrics.roc_auc, 12.5 / 16.0);
        let average = (1.0 + 2.0 / 3.0 + 3.0 / 4.0 + 4.0 / 6.0) / 4.0;
        assert!((metrics.pr_auc - average).abs() < 1e-6);
        let found: Vec<(&str, u64, u64)> =
            metrics.kinds.iter().map(|kind| (kind.kind.as_str(), kind.rows, kind.found)).collect();
        assert_eq!(found, [("a", 2, 2), ("b", 2, 1)]);
    }

    #[test]
    fn curves_are_bounded_and_reach_the_corner() {
        let scores: Vec<(f32, u16)> =
            (0..5000_u16).map(|at| (f32::from(at.wrapping_mul(7919) % 5000), at % 2)).collect();
        let metrics = Metrics::of(&judged(&scores), &["normal".into(), "a".into()], 0.0);
        assert!(metrics.roc.len() <= 200 && metrics.pr.len() <= 200);
        assert!(metrics.roc.len() > 100);
        assert_eq!(metrics.roc.last(), Some(&(1.0, 1.0)));
        assert_eq!(metrics.pr.last().map(|point| point.0), Some(1.0));
    }

    #[test]
    fn nothing_and_one_class_are_no_division_by_zero() {
        let kinds = ["normal".to_owned(), "a".to_owned()];
        for scores in [&[][..], &[(1.0, 0)], &[(1.0, 1)]] {
            let metrics = Metrics::of(&judged(scores), &kinds, 0.5);
            assert!(metrics.roc_auc.is_finite() && metrics.f1.is_finite());
        }
    }
}
