//! Isolation forest: how few random questions it takes to be alone.
//!
//! Each tree asks random questions about a small sample of rows until each row is alone. What is
//! odd is alone early. Sizes of traffic span many powers of ten, so cuts are drawn on a scale of
//! logarithms; otherwise every cut of a byte count would fall into the empty space below the
//! largest transfer. The trees are small and need no attacks.

use super::work::{Cancelled, Ticker};
use crate::{
    model::tree::{Node, Tree},
    num::{Random, exp, ln},
};

/// Trees of a model.
pub(crate) const TREES: usize = 100;
/// Rows that a tree is made of; more do not rank better, which is the point of the method.
const SAMPLE: usize = 256;
/// No tree asks more questions in a row: log2 of the sample.
const DEPTH_MAX: usize = 8;

/// Grows trees over `rows` of these columns of inputs. The sum of their leaves is the mean number
/// of questions, in units of what a random row needs, with the sign turned: higher is odder.
pub(crate) fn isolate(
    columns: &[Vec<f32>],
    rows: &[u32],
    seed: u64,
    ticker: &Ticker,
) -> Result<Vec<Tree>, Cancelled> {
    let usual = questions(rows.len().min(SAMPLE));
    let unit = -1.0 / (usual.max(1.0) * TREES as f64);
    let mut trees = Vec::new();
    for at in 0..TREES {
        let mut random = Random::new(seed, at as u64);
        let sample = random.choose(SAMPLE, rows.len()).into_iter().map(|at| rows[at]).collect();
        let mut builder = Builder { columns, random, unit, tree: Tree::default() };
        builder.node(sample, 0);
        trees.push(builder.tree);
        ticker.step()?;
    }
    Ok(trees)
}

struct Builder<'a> {
    columns: &'a [Vec<f32>],
    random: Random,
    unit: f64,
    tree: Tree,
}

impl Builder<'_> {
    /// Adds the tree over `rows`; returns the mean of its leaves.
    #[expect(clippy::cast_possible_truncation, reason = "scores are kept in 32 bits")]
    fn node(&mut self, rows: Vec<u32>, depth: usize) -> f64 {
        let split = if depth < DEPTH_MAX && rows.len() > 1 { self.question(&rows) } else { None };
        let place = self.tree.nodes.len();
        let Some((input, cut)) = split else {
            let value = (depth as f64 + questions(rows.len())) * self.unit;
            self.tree.nodes.push(Node::leaf(value as f32));
            self.tree.means.push(value as f32);
            return value;
        };
        let all = rows.len() as f64;
        let (left, right): (Vec<u32>, Vec<u32>) = rows.into_iter().partition(|&row| {
            let value = self.columns[input][row as usize];
            value.is_nan() || value <= cut
        });
        let share = left.len() as f64 / all;
        self.tree.nodes.push(Node::leaf(0.0));
        self.tree.means.push(0.0);
        let low = self.node(left, depth + 1);
        let distance = u16::try_from(self.tree.nodes.len() - place).unwrap_or(u16::MAX);
        let high = self.node(right, depth + 1);
        let mean = low * share + high * (1.0 - share);
        let input = u16::try_from(input).unwrap_or(u16::MAX);
        // Values that are missing go with the small ones, as `partition` did.
        self.tree.nodes[place] = Node::split(input, cut, true, distance);
        self.tree.means[place] = mean as f32;
        mean
    }

    /// A random input whose values differ, and a random cut between them.
    fn question(&mut self, rows: &[u32]) -> Option<(usize, f32)> {
        let start = self.random.below(self.columns.len());
        for step in 0..self.columns.len() {
            // The first few tries are free; then the inputs are tried in turn.
            let input = if step < 4 {
                self.random.below(self.columns.len())
            } else {
                (start + step) % self.columns.len()
            };
            let values = rows.iter().map(|&row| self.columns[input][row as usize]);
            let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
            for value in values {
                low = low.min(value);
                high = high.max(value);
            }
            if low < high {
                return Some((input, self.cut(low, high)));
            }
        }
        None
    }

    /// A number from `low` up to but not `high`, even on a scale of logarithms.
    #[expect(clippy::cast_possible_truncation, reason = "inputs have 32 bits")]
    fn cut(&mut self, low: f32, high: f32) -> f32 {
        let (from, to) = (squeeze(f64::from(low)), squeeze(f64::from(high)));
        let cut = stretch(from + (to - from) * self.random.unit()) as f32;
        if cut >= low && cut < high { cut } else { low }
    }
}

/// A scale on which sizes of any power of ten have room.
fn squeeze(value: f64) -> f64 {
    ln(1.0 + value.abs()).copysign(value)
}

fn stretch(value: f64) -> f64 {
    (exp(value.abs()) - 1.0).copysign(value)
}

/// Mean number of questions until one of `rows` random rows is alone.
fn questions(rows: usize) -> f64 {
    if rows < 2 {
        return 0.0;
    }
    let rows = rows as f64;
    2.0 * (ln(rows - 1.0) + 0.577_215_664_901_532_9) - 2.0 * (rows - 1.0) / rows
}
