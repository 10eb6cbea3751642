//! How a model is made: which trees, how many, how deep.

use super::{
    boost::{BoostOptions, boost},
    grow::{GrowOptions, Grower, Packed, Scale},
    prepare::Material,
    work::{Cancelled, Ticker},
};
use crate::{
    model::{ModelKind, tree::Tree},
    num::Random,
};

/// Trees that are grown one after another for all models of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) kind: ModelKind,
    /// Pieces that do not know of each other, and can be made at the same time.
    pub(crate) parts: usize,
    /// Trees of a piece.
    pub(crate) trees: usize,
    pub(crate) rows_share: f64,
    pub(crate) inputs_share: f64,
    pub(crate) grow: GrowOptions,
    /// 0: each attack row counts the same; 1: each kind of attack does. See [`weights`].
    pub(crate) balance: f64,
}

/// For attacks of any kind: two boosted ensembles over other rows and inputs each. Their mean ranks
/// what nobody has seen better than either of them (docs/learning.md).
pub(crate) const GBDT: Recipe = Recipe {
    kind: ModelKind::Gbdt,
    parts: 2,
    trees: 100,
    rows_share: 0.8,
    inputs_share: 0.5,
    grow: GrowOptions {
        leaves_max: 31,
        depth_max: 20,
        weight_min: 0.001,
        lambda: 1.0,
        inputs_per_node: 0,
        rate: 0.1,
    },
    balance: 0.5,
};

/// For attacks of the kinds in the table: more and larger trees, and each row counts the same.
pub(crate) const GBDT_KNOWN: Recipe = Recipe {
    parts: 3,
    trees: 120,
    rows_share: 0.85,
    grow: GrowOptions { leaves_max: 63, depth_max: 12, weight_min: 1.0, rate: 0.12, ..GBDT.grow },
    balance: 0.0,
    ..GBDT
};

/// For attacks of any kind: deep trees over other rows and inputs each.
pub(crate) const FOREST: Recipe = Recipe {
    kind: ModelKind::Forest,
    parts: 8,
    trees: 8,
    rows_share: 0.63,
    inputs_share: 1.0,
    grow: GrowOptions {
        leaves_max: 600,
        depth_max: 20,
        weight_min: 1.0,
        lambda: 0.0,
        inputs_per_node: 7,
        rate: 1.0,
    },
    ..GBDT
};

/// For attacks of the kinds in the table.
pub(crate) const FOREST_KNOWN: Recipe = Recipe { balance: GBDT_KNOWN.balance, ..FOREST };

/// Trees, and what their sum begins with.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) base: f64,
    pub(crate) trees: Vec<Tree>,
}

impl Sum {
    /// Puts the pieces of a model together.
    pub(crate) fn of(parts: Vec<Self>) -> Self {
        let mut sum = Self::default();
        for part in parts {
            sum.base += part.base;
            sum.trees.extend(part.trees);
        }
        sum
    }
}

impl Recipe {
    /// Steps that one piece takes.
    pub(crate) const fn steps(&self) -> usize {
        self.trees
    }

    /// Makes one piece, already scaled so that all of them add up to the model.
    pub(crate) fn part(
        &self,
        part: usize,
        material: &Material,
        seed: u64,
        ticker: &Ticker,
    ) -> Result<Sum, Cancelled> {
        let mut random = Random::new(seed, part as u64);
        match self.kind {
            ModelKind::Forest | ModelKind::Isolation => self.forest(material, &mut random, ticker),
            ModelKind::Gbdt => {
                let options = BoostOptions {
                    rounds: self.trees,
                    rows_share: self.rows_share,
                    inputs_share: self.inputs_share,
                    grow: self.grow,
                };
                let mut sum = boost(material, &options, &mut random, ticker)?;
                #[expect(clippy::cast_possible_truncation, reason = "a small share")]
                let share = (1.0 / self.parts as f64) as f32;
                sum.trees.iter_mut().for_each(|tree| tree.scale(share));
                sum.base *= f64::from(share);
                Ok(sum)
            }
        }
    }

    /// One piece of a forest.
    fn forest(
        &self,
        material: &Material,
        random: &mut Random,
        ticker: &Ticker,
    ) -> Result<Sum, Cancelled> {
        let rate = 1.0 / (self.parts * self.trees) as f64;
        let inputs: Vec<usize> = (0..material.inputs.len())
            .filter(|&at| material.binned.columns[at].is_useful())
            .collect();
        let mut grower = Grower::new(&material.binned, GrowOptions { rate, ..self.grow });
        let mut packed: Vec<Packed> = vec![0; material.binned.rows];
        let mut sum = Sum::default();
        for _ in 0..self.trees {
            let mut sample: Vec<u32> =
                material.rows.iter().copied().filter(|_| random.unit() < self.rows_share).collect();
            let weight = |row: u32| f64::from(material.weights[row as usize]);
            let total: f64 = sample.iter().map(|&row| weight(row)).sum();
            let scale = Scale::new(total, total, sample.len());
            for &row in &sample {
                let yes = if material.kinds[row as usize] == 0 { 0.0 } else { weight(row) };
                packed[row as usize] = scale.pack(yes, weight(row));
            }
            sum.trees.push(grower.grow(&mut sample, &packed, &scale, &inputs, random).tree);
            ticker.step()?;
        }
        Ok(sum)
    }
}

/// Weights of all rows of the table: normal records count 1 each, attacks together about as much
/// as the normal records. A kind with n rows gets a share of n^(1 - balance), so with a balance of
/// 1 a flood of forty thousand equal rows has no more to say than twenty stolen files.
#[expect(clippy::cast_possible_truncation, reason = "weights are kept in 32 bits")]
pub(crate) fn weights(rows: &[u32], kinds: &[u16], balance: f64) -> Vec<f32> {
    let names = kinds.iter().copied().max().map_or(0, usize::from) + 1;
    let mut counts = vec![0_u64; names];
    for &row in rows {
        counts[usize::from(kinds[row as usize])] += 1;
    }
    let normal = counts.first().copied().unwrap_or(0).max(1) as f64;
    let power = |count: u64| if count == 0 { 0.0 } else { power(count as f64, 1.0 - balance) };
    let all: f64 = counts.iter().skip(1).map(|&count| power(count)).sum();
    let each: Vec<f32> = (0..names)
        .map(|kind| match (kind, counts[kind]) {
            (0, _) => 1.0,
            (_, 0) => 0.0,
            (_, count) => (power(count) / all * normal / count as f64) as f32,
        })
        .collect();
    kinds.iter().map(|&kind| each[usize::from(kind)]).collect()
}

fn power(base: f64, exponent: f64) -> f64 {
    crate::num::exp(crate::num::ln(base) * exponent)
}
