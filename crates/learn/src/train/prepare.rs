//! A table as training needs it: numbers in bins, cut once; words as numbers, learned anew for each
//! set of rows that is trained on, so that no held-out label leaks into them.

use std::sync::Arc;

use super::{
    bins::{BinColumn, Binned},
    recipe::{Recipe, weights},
};
use crate::{
    data::{ColumnKind, NORMAL, Table},
    model::{Input, ModelColumn, Usual},
};

/// What the number of a word tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Its place in the alphabet. A number that says how suspicious a word is would be asked about
    /// first everywhere, and an attack of tomorrow uses the words of today's normal traffic.
    Place,
    /// How frequent it is among normal records.
    Frequency,
}

/// A table with its numbers cut into bins.
pub(crate) struct Prepared<'a> {
    pub(crate) table: &'a Table,
    pub(crate) kinds: Vec<u16>,
    /// For each column of numbers its bins.
    numbers: Vec<Option<Arc<BinColumn>>>,
}

/// What trees are grown on.
pub(crate) struct Material {
    pub(crate) binned: Binned,
    pub(crate) inputs: Vec<Input>,
    /// Rows to learn from.
    pub(crate) rows: Vec<u32>,
    /// Kind and weight of all rows, learned from or not.
    pub(crate) kinds: Vec<u16>,
    pub(crate) weights: Vec<f32>,
}

/// Inputs in bins, and how records become them.
#[derive(Default)]
pub(crate) struct Encoded {
    pub(crate) binned: Binned,
    pub(crate) inputs: Vec<Input>,
}

impl<'a> Prepared<'a> {
    /// Cuts one column; the caller shares columns out among threads.
    pub(crate) fn cut(table: &Table, column: usize) -> Option<Arc<BinColumn>> {
        matches!(table.columns[column].kind, ColumnKind::Number)
            .then(|| Arc::new(BinColumn::new(&values(table, column))))
    }

    pub(crate) fn new(table: &'a Table, numbers: Vec<Option<Arc<BinColumn>>>) -> Self {
        let kinds = table.rows().iter().map(|row| row.kind).collect();
        Self { table, kinds, numbers }
    }

    /// All that a model is grown on when it learns from `rows` by a recipe.
    pub(crate) fn material(&self, rows: Vec<u32>, recipe: &Recipe) -> Material {
        let weights = weights(&rows, &self.kinds, recipe.balance);
        let Encoded { binned, inputs } = self.encode(&rows, Meaning::Place);
        Material { binned, inputs, rows, kinds: self.kinds.clone(), weights }
    }

    /// Makes inputs out of the columns; how frequent words are is learned from `rows`.
    #[expect(clippy::cast_possible_truncation, reason = "schemas have fewer columns than 2^16")]
    pub(crate) fn encode(&self, rows: &[u32], meaning: Meaning) -> Encoded {
        let mut encoded = Encoded::default();
        encoded.binned.rows = self.table.len();
        for (at, column) in self.table.columns.iter().enumerate() {
            match (&column.kind, self.numbers.get(at).and_then(Option::as_ref)) {
                (ColumnKind::Number, Some(cut)) => {
                    encoded.inputs.push(Input::number(at as u16));
                    encoded.binned.columns.push(Arc::clone(cut));
                }
                (ColumnKind::Category(words), _) => {
                    let values = values(self.table, at);
                    let input = self.words(at, words, rows, meaning);
                    let numbers: Vec<f32> = values.iter().map(|&value| input.of(value)).collect();
                    encoded.binned.columns.push(Arc::new(BinColumn::new(&numbers)));
                    encoded.inputs.push(input);
                }
                (ColumnKind::Number, None) => {}
            }
        }
        encoded
    }

    /// A number for each word.
    #[expect(clippy::cast_possible_truncation, reason = "schemas have fewer columns than 2^16")]
    fn words(&self, column: usize, words: &[String], rows: &[u32], meaning: Meaning) -> Input {
        let (table, other) = match meaning {
            Meaning::Place => (places(words), -1.0),
            Meaning::Frequency => (self.frequencies(column, words.len(), rows), 0.0),
        };
        Input { column: column as u16, table: Some(table), other: Some(other) }
    }

    /// The share of each word among the normal records of `rows`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "indices and shares"
    )]
    fn frequencies(&self, column: usize, count: usize, rows: &[u32]) -> Vec<f32> {
        let mut counts = vec![0_u64; count];
        for &row in rows.iter().filter(|&&row| self.kinds[row as usize] == NORMAL) {
            let value = self.table.values(row as usize)[column];
            if value >= 0.0
                && let Some(count) = counts.get_mut(value as usize)
            {
                *count += 1;
            }
        }
        let all = counts.iter().sum::<u64>().max(1) as f64;
        counts.into_iter().map(|count| (count as f64 / all) as f32).collect()
    }

    /// The columns with what normal records hold in them.
    pub(crate) fn columns(&self) -> Vec<ModelColumn> {
        let columns = self.table.columns.iter().enumerate();
        columns
            .map(|(at, column)| {
                let values = values(self.table, at);
                let normal = values.iter().zip(&self.kinds).filter(|(_, kind)| **kind == NORMAL);
                let normal: Vec<f32> =
                    normal.map(|(value, _)| *value).filter(|value| !value.is_nan()).collect();
                let (words, usual) = match &column.kind {
                    ColumnKind::Number => (None, Usual { range: range(normal), shares: None }),
                    ColumnKind::Category(words) => (
                        Some(words.clone()),
                        Usual { range: None, shares: shares(words.len(), &normal) },
                    ),
                };
                ModelColumn { name: column.name.clone(), words, usual }
            })
            .collect()
    }
}

/// All values of a column. Infinities are taken for the largest numbers there are.
pub(crate) fn values(table: &Table, column: usize) -> Vec<f32> {
    (0..table.len()).map(|row| finite(table.values(row)[column])).collect()
}

fn finite(value: f32) -> f32 {
    value.clamp(f32::MIN, f32::MAX)
}

/// Where the middle nine tenths of numbers lie.
fn range(mut normal: Vec<f32>) -> Option<(f32, f32)> {
    normal.sort_unstable_by(f32::total_cmp);
    let last = normal.len().checked_sub(1)?;
    Some((finite(normal[last / 20]), finite(normal[last - last / 20])))
}

/// The share of each word.
fn shares(words: usize, normal: &[f32]) -> Option<Vec<f32>> {
    if normal.is_empty() {
        return None;
    }
    let mut counts = vec![0_u32; words];
    for value in normal {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        if let Some(count) = counts.get_mut(*value as usize) {
            *count += 1;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    Some(counts.into_iter().map(|count| (f64::from(count) / normal.len() as f64) as f32).collect())
}
/// The place of each word in the alphabet.
fn places(words: &[String]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..words.len()).collect();
    order.sort_by_key(|&at| &words[at]);
    let mut places = vec![0.0; words.len()];
    for (place, at) in order.into_iter().enumerate() {
        places[at] = place as f32;
    }
    places
}
