//! Models: what training makes, what scores records, and what a file holds.

mod encode;
mod explain;
mod file;
pub(crate) mod tree;

use serde::{Deserialize, Serialize};

pub(crate) use encode::Input;
pub use encode::{ModelColumn, Reading, Usual};
pub use explain::Contribution;
pub(crate) use file::hex;
pub use file::{FILE_BYTES_MAX, ModelError};
pub use tree::TreeError;

use crate::{
    data::{Column, ColumnKind},
    num::sigmoid,
    train::Metrics,
};
use tree::Trees;

/// Inputs that are made on the stack; models with more take room from the heap for each record.
const INPUTS_ON_STACK: usize = 128;

/// Which kind of trees a model is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Boosted trees: each corrects those before it.
    Gbdt,
    /// A random forest: the mean of deep trees, each over other rows.
    Forest,
    /// An isolation forest: how few questions tell a record from all others. Needs no attacks.
    Isolation,
}

/// What a model says about a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The sum of the trees, on a scale of the model's own; higher is more like an attack.
    pub raw: f32,
    /// Probability of an attack between 0 and 1, if attacks were as frequent as normal records; of
    /// an isolation forest how odd the record is, where 0.5 lies at the threshold.
    pub probability: f32,
    /// Whether the score reaches the model's threshold.
    pub anomaly: bool,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// SHA-256 of the training data, in hex.
    pub digest: String,
    /// Rows that it was trained on.
    pub rows: u64,
    /// Those of them that were attacks.
    pub attacks: u64,
    /// Seed of all random choices.
    pub seed: u64,
    /// The false-positive rate that the threshold was chosen for.
    pub fpr: f64,
}

/// Everything of a model but its trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) schema: String,
    pub(crate) kind: ModelKind,
    pub(crate) columns: Vec<ModelColumn>,
    pub(crate) inputs: Vec<Input>,
    /// What the sum of the trees begins with.
    pub(crate) base: f32,
    /// Raw score from which a record is anomalous.
    pub(crate) threshold: f32,
    /// Probability = 1 / (1 + e^-(slope * raw + offset)).
    pub(crate) slope: f32,
    pub(crate) offset: f32,
    pub(crate) training: Training,
    pub(crate) metrics: Metrics,
}

/// A model that scores records. Made by [`crate::train::fit`] or read from a file.
#[derive(Clone, Debug)]
pub struct Model {
    header: Header,
    trees: Trees,
    id: String,
}

impl Model {
    /// Joins checked parts; the id is the digest of the file that they make.
    pub(crate) fn new(header: Header, trees: Trees) -> Self {
        let mut model = Self { header, trees, id: String::new() };
        model.id = file::id(&model);
        model
    }

    /// The first 12 hex digits of the file's SHA-256.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Id of the schema whose records it scores.
    pub fn schema(&self) -> &str {
        &self.header.schema
    }

    /// Which kind of trees it is made of.
    pub const fn kind(&self) -> ModelKind {
        self.header.kind
    }

    /// The columns of the values that it scores, in their order.
    pub fn columns(&self) -> &[ModelColumn] {
        &self.header.columns
    }

    /// The same columns as those of a table, as schemas take them to read single records.
    pub fn table_columns(&self) -> Vec<Column> {
        let column = |column: &ModelColumn| Column {
            name: column.name.clone(),
            kind: column.words.clone().map_or(ColumnKind::Number, ColumnKind::Category),
        };
        self.header.columns.iter().map(column).collect()
    }

    /// What it was trained on.
    pub const fn training(&self) -> &Training {
        &self.header.training
    }

    /// What it reached on rows that were held out of training.
    pub const fn metrics(&self) -> &Metrics {
        &self.header.metrics
    }

    /// Probability from which a record is anomalous.
    pub fn threshold(&self) -> f32 {
        self.probability(self.header.threshold)
    }

    /// Raw score from which a record is anomalous.
    pub const fn threshold_raw(&self) -> f32 {
        self.header.threshold
    }

    /// Number of trees.
    pub const fn trees(&self) -> usize {
        self.trees.len()
    }

    /// How to hand it rows of a table with other columns or other words; the error names the
    /// columns that the table lacks.
    pub fn reading(&self, columns: &[Column]) -> Result<Reading, ModelError> {
        Reading::new(&self.header.columns, columns).map_err(ModelError::Columns)
    }

    /// The code of a word in a column, as it stands among the values; `NaN` if it is not known.
    pub fn code(&self, column: usize, word: &str) -> f32 {
        let words = self.header.columns.get(column).and_then(|column| column.words.as_ref());
        let place = words.and_then(|words| words.iter().position(|known| known == word));
        place.map_or(f32::NAN, |at| at as f32)
    }

    /// Scores values in the order of [`Model::columns`]; those that are missing are `NaN`.
    pub fn score(&self, values: &[f32]) -> Score {
        let raw = self.with_inputs(values, |inputs| self.header.base + self.trees.sum(inputs));
        Score { raw, probability: self.probability(raw), anomaly: raw >= self.header.threshold }
    }

    /// What moved the score of these values most, the strongest first, at most `most`.
    pub fn explain(&self, values: &[f32], most: usize) -> Vec<Contribution> {
        let moved = self.with_inputs(values, |inputs| {
            let mut moved = vec![0.0; inputs.len()];
            self.trees.contributions(inputs, &mut moved);
            moved
        });
        explain::words(self, values, &moved, most)
    }

    /// The probability that a raw score stands for.
    pub(crate) fn probability(&self, raw: f32) -> f32 {
        let odds = f64::from(self.header.slope) * f64::from(raw) + f64::from(self.header.offset);
        #[expect(clippy::cast_possible_truncation, reason = "probabilities are kept in 32 bits")]
        let probability = sigmoid(odds) as f32;
        probability
    }

    /// Makes the inputs of the trees.
    fn with_inputs<T>(&self, values: &[f32], then: impl FnOnce(&[f32]) -> T) -> T {
        let inputs = &self.header.inputs;
        let value = |input: &Input| {
            input.of(values.get(usize::from(input.column)).copied().unwrap_or(f32::NAN))
        };
        if inputs.len() <= INPUTS_ON_STACK {
            let mut room = [0.0; INPUTS_ON_STACK];
            for (place, input) in room.iter_mut().zip(inputs) {
                *place = value(input);
            }
            then(&room[..inputs.len()])
        } else {
            then(&inputs.iter().map(value).collect::<Vec<f32>>())
        }
    }
}
