//! Scores of rows that the models which scored them had not seen.

use super::{
    FitOptions, Goal, HOLDING_OUT, TrainError,
    calibrate::Example,
    folds::{FOLDS, Folds},
    metrics::{Judged, Metrics},
    prepare::Prepared,
    recipe::{Recipe, Sum},
    threshold,
    work::{Cancelled, Progress, parallel},
};
use crate::{
    data::{NORMAL, Table},
    model::tree::Trees,
};

/// A held-out row.
#[derive(Clone, Copy, Debug)]
struct Asked {
    judged: Judged,
    /// Of a kind of attack that the model had not seen.
    unseen: bool,
}

/// All held-out rows of a validation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    asked: Vec<Asked>,
}

/// Trains a model for each fold and asks it about the rest.
pub(crate) fn hold_out(
    prepared: &Prepared,
    recipe: &Recipe,
    options: &FitOptions,
    progress: &mut dyn Progress,
) -> Result<Held, TrainError> {
    let folds = Folds::new(prepared.table, FOLDS, true, options.seed);
    let steps = FOLDS * recipe.parts * recipe.steps();
    let asked =
        parallel(options.threads, FOLDS, progress, (HOLDING_OUT, steps), |fold, ticker| {
            let material = prepared.material(folds.train(fold), recipe);
            let parts: Result<Vec<Sum>, Cancelled> = (0..recipe.parts)
                .map(|part| recipe.part(part, &material, options.seed, ticker))
                .collect();
            let sum = Sum::of(parts?);
            let score = |row: usize| {
                let values = prepared.table.values(row);
                material
                    .inputs
                    .iter()
                    .map(|input| input.of(values[usize::from(input.column)]))
                    .collect::<Vec<f32>>()
            };
            Ok(ask(&sum, score, material.inputs.len(), &folds.held(fold), &prepared.kinds, |row| {
                folds.unseen(row, fold)
            }))
        })?;
    let mut held = Held::default();
    for fold in asked {
        held.asked.extend(fold?);
    }
    Ok(held)
}

/// Scores rows with trees.
fn ask(
    sum: &Sum,
    inputs: impl Fn(usize) -> Vec<f32>,
    count: usize,
    rows: &[u32],
    kinds: &[u16],
    unseen: impl Fn(usize) -> bool,
) -> Result<Vec<Asked>, TrainError> {
    let trees = Trees::new(&sum.trees, count)?;
    #[expect(clippy::cast_possible_truncation, reason = "scores are kept in 32 bits")]
    let base = sum.base as f32;
    let asked = rows.iter().map(|&row| {
        let row = row as usize;
        let judged = Judged { raw: base + trees.sum(&inputs(row)), kind: kinds[row] };
        Asked { judged, unseen: unseen(row) }
    });
    Ok(asked.collect())
}

impl Held {
    /// Normal rows scored by trees over the other half of them, and all attacks.
    pub(crate) fn of_normals(
        table: &Table,
        normals: &[u32],
        columns: &[Vec<f32>],
        mut grow: impl FnMut(&[u32]) -> Result<Sum, Cancelled>,
    ) -> Result<Self, TrainError> {
        let folds = Folds::new(table, 2, false, 0);
        let kinds: Vec<u16> = table.rows().iter().map(|row| row.kind).collect();
        let inputs = |row: usize| columns.iter().map(|column| column[row]).collect::<Vec<f32>>();
        let mut held = Self::default();
        for fold in 0..2 {
            let rows = folds.held(fold);
            let mut train = folds.train(fold);
            train.retain(|&row| kinds[row as usize] == NORMAL);
            let sum = grow(if train.is_empty() { normals } else { &train })?;
            held.asked.extend(ask(&sum, inputs, columns.len(), &rows, &kinds, |_| false)?);
        }
        Ok(held)
    }

    /// Scores of normal rows.
    pub(crate) fn normals(&self) -> Vec<f32> {
        let normals = self.asked.iter().filter(|asked| asked.judged.kind == NORMAL);
        normals.map(|asked| asked.judged.raw).collect()
    }

    /// All rows of kinds that their model knew: what a random split would show.
    pub(crate) fn known(&self) -> Vec<Judged> {
        self.asked.iter().filter(|asked| !asked.unseen).map(|asked| asked.judged).collect()
    }

    /// Normal rows, and attacks of kinds that their model had not seen; `None` if no kind was left
    /// out.
    pub(crate) fn unseen_metrics(&self, kinds: &[String], threshold: f32) -> Option<Metrics> {
        let wanted = |asked: &&Asked| asked.unseen || asked.judged.kind == NORMAL;
        let judged: Vec<Judged> =
            self.asked.iter().filter(wanted).map(|asked| asked.judged).collect();
        self.asked.iter().any(|asked| asked.unseen).then(|| Metrics::of(&judged, kinds, threshold))
    }

    /// What models are compared by: recall at the wanted false-positive rate, where attacks of
    /// kinds that were not seen count as much as those that were, and each unseen kind the same.
    /// For known kinds only it is the share of all rows that are judged rightly.
    pub(crate) fn quality(&self, options: &FitOptions) -> f64 {
        if options.goal == Goal::Accuracy {
            let seen = self.known();
            return Metrics::of(&seen, &[], threshold::for_accuracy(&seen)).accuracy;
        }
        let threshold = threshold::for_fpr(self.normals(), options.fpr);
        let known: Vec<bool> = self
            .asked
            .iter()
            .filter(|asked| !asked.unseen && asked.judged.kind != NORMAL)
            .map(|asked| asked.judged.raw >= threshold)
            .collect();
        let known = known.iter().filter(|&&hit| hit).count() as f64 / (known.len() as f64).max(1.0);
        let mut kinds: Vec<(u64, u64)> = Vec::new();
        for asked in self.asked.iter().filter(|asked| asked.unseen) {
            let kind = usize::from(asked.judged.kind);
            kinds.resize(kinds.len().max(kind + 1), (0, 0));
            kinds[kind].0 += 1;
            kinds[kind].1 += u64::from(asked.judged.raw >= threshold);
        }
        kinds.retain(|kind| kind.0 > 0);
        let unseen: f64 = kinds.iter().map(|(rows, found)| *found as f64 / *rows as f64).sum();
        if kinds.is_empty() { known } else { f64::midpoint(known, unseen / kinds.len() as f64) }
    }

    /// Scores for the calibration: normal rows, attacks of known kinds and attacks of unseen kinds
    /// (each kind by the root of its rows), with weights so that attacks as a whole count as much
    /// as normal rows, and unseen ones as much as known ones.
    pub(crate) fn examples(&self) -> Vec<Example> {
        let mut counts: Vec<u64> = Vec::new();
        for asked in self.asked.iter().filter(|asked| asked.unseen) {
            let kind = usize::from(asked.judged.kind);
            counts.resize(counts.len().max(kind + 1), 0);
            counts[kind] += 1;
        }
        let class = |asked: &Asked| match (asked.judged.kind == NORMAL, asked.unseen) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        let weight = |asked: &Asked| {
            if asked.unseen {
                1.0 / (counts[usize::from(asked.judged.kind)] as f64).sqrt()
            } else {
                1.0
            }
        };
        let mut sums = [0.0; 3];
        self.asked.iter().for_each(|asked| sums[class(asked)] += weight(asked));
        let attack_share = if sums[1] > 0.0 && sums[2] > 0.0 { 0.5 } else { 1.0 };
        let examples = self.asked.iter().map(|asked| {
            let class = class(asked);
            let share = if class == 0 { 1.0 } else { attack_share };
            Example {
                raw: asked.judged.raw,
                attack: class != 0,
                weight: weight(asked) * share / sums[class].max(1e-9),
            }
        });
        examples.collect()
    }
}
