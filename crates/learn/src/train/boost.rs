//! Gradient boosting: each tree corrects what those before it got wrong.

use super::{
    grow::{GrowOptions, Grower, Packed, Scale},
    prepare::Material,
    recipe::Sum,
    work::{Cancelled, Ticker},
};
use crate::{
    data::NORMAL,
    num::{Random, ln, sigmoid},
};

/// How one ensemble is boosted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoostOptions {
    pub(crate) rounds: usize,
    /// Share of the rows that the ensemble sees, drawn once.
    pub(crate) rows_share: f64,
    /// Share of the inputs that each tree may ask about.
    pub(crate) inputs_share: f64,
    pub(crate) grow: GrowOptions,
}

/// Boosts over the rows that are known: log odds to begin with, and trees that add to them.
pub(crate) fn boost(
    material: &Material,
    options: &BoostOptions,
    random: &mut Random,
    ticker: &Ticker,
) -> Result<Sum, Cancelled> {
    let Material { binned, rows, kinds, weights, .. } = material;
    let mut sample: Vec<u32> =
        rows.iter().copied().filter(|_| random.unit() < options.rows_share).collect();
    let base = log_odds(&sample, kinds, weights);
    let mut scores = vec![base; binned.rows];
    let mut packed: Vec<Packed> = vec![0; binned.rows];
    let mut derived: Vec<(f64, f64)> = Vec::with_capacity(sample.len());
    let usable: Vec<usize> = (0..binned.columns.len())
        .filter(|&at| !binned.columns[at].cuts.is_empty() || binned.columns[at].missing)
        .collect();
    let mut grower = Grower::new(binned, options.grow);
    let mut trees = Vec::with_capacity(options.rounds);
    for _ in 0..options.rounds {
        let (mut pulls, mut sums) = (0.0, 0.0);
        derived.clear();
        for &row in &sample {
            let at = row as usize;
            let chance = sigmoid(scores[at]);
            let weight = f64::from(weights[at]);
            let pull = weight * (f64::from(u8::from(kinds[at] != NORMAL)) - chance);
            let second = weight * chance * (1.0 - chance);
            pulls += pull.abs();
            sums += second;
            derived.push((pull, second));
        }
        let scale = Scale::new(pulls, sums, sample.len());
        for (&row, &(pull, second)) in sample.iter().zip(&derived) {
            packed[row as usize] = scale.pack(pull, second);
        }
        let inputs = some(&usable, options.inputs_share, random);
        let grown = grower.grow(&mut sample, &packed, &scale, &inputs, random);
        for (start, end, value) in grown.leaves {
            for &row in &sample[start..end] {
                scores[row as usize] += value;
            }
        }
        trees.push(grown.tree);
        // Memory is read in order again, whatever the tree did to the rows.
        sample.sort_unstable();
        ticker.step()?;
    }
    Ok(Sum { base, trees })
}

/// Log odds of the weighted share of attacks.
fn log_odds(rows: &[u32], kinds: &[u16], weights: &[f32]) -> f64 {
    let (mut yes, mut all) = (0.0, 0.0);
    for &row in rows {
        let weight = f64::from(weights[row as usize]);
        all += weight;
        if kinds[row as usize] != NORMAL {
            yes += weight;
        }
    }
    let share = ((yes + 0.5) / (all + 1.0)).clamp(1e-6, 1.0 - 1e-6);
    ln(share / (1.0 - share))
}

/// A share of the inputs, at least one.
fn some(usable: &[usize], share: f64, random: &mut Random) -> Vec<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let wanted = ((usable.len() as f64 * share).ceil() as usize).max(1);
    random.choose(wanted, usable.len()).into_iter().map(|at| usable[at]).collect()
}
