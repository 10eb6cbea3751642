//! Training: trees are grown, and everything else is chosen on rows that they have not seen.

pub(crate) mod bins;
pub(crate) mod boost;
mod calibrate;
mod evaluate;
mod folds;
pub(crate) mod grow;
mod held;
mod isolation;
mod metrics;
mod prepare;
pub(crate) mod recipe;
mod run;
mod threshold;
pub(crate) mod work;

pub use evaluate::{cross_validate, evaluate, evaluate_at, split};
pub use metrics::{Confusion, KindFound, Metrics};
pub use run::fit;
pub use work::Progress;

use crate::model::{Model, TreeError};

/// Stage of a run in which models are made for rows that are held out.
pub const HOLDING_OUT: &str = "holding rows out";
/// Stage of a run in which the model itself is made.
pub const LEARNING: &str = "learning from all rows";

/// Which kind of model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Boosted trees or a forest, whichever does better on rows that are held out.
    Auto,
    /// Boosted trees.
    Gbdt,
    /// A random forest.
    Forest,
    /// An isolation forest, which learns from normal records only.
    Isolation,
}

/// What the threshold is chosen for, on rows that are held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A share of normal records that may be taken for attacks: [`FitOptions::fpr`].
    FalsePositives,
    /// As many records as possible judged rightly, if tomorrow's attacks are those of the table.
    Accuracy,
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Id of the schema that the table follows; kept in the model.
    pub schema: String,
    /// Which kind of model.
    pub algorithm: Algorithm,
    /// What the threshold is chosen for.
    pub goal: Goal,
    /// Share of normal records that may be taken for attacks; above 0 and below 1.
    pub fpr: f64,
    /// Seed of all random choices.
    pub seed: u64,
    /// Threads to use; the model does not depend on it.
    pub threads: usize,
}

impl FitOptions {
    /// The defaults for a schema: the better of two kinds, 3 % false alarms, seed 1, one thread.
    pub fn new(schema: &str) -> Self {
        Self {
            schema: schema.into(),
            algorithm: Algorithm::Auto,
            goal: Goal::FalsePositives,
            fpr: 0.03,
            seed: 1,
            threads: 1,
        }
    }
}

/// A trained model, and what it reached on rows that were held out.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model, trained on all rows.
    pub model: Model,
    /// Over all rows in cross-validation, attacks being of kinds that are known.
    pub metrics: Metrics,
    /// Over normal rows and attacks of kinds that were left out of training in turn; `None` if
    /// there is only one kind.
    pub unseen: Option<Metrics>,
    /// Probability from which a record is anomalous.
    pub threshold: f32,
    /// The raw score that judges most held-out rows of known kinds rightly: for those who expect
    /// no new attacks.
    pub threshold_known: f32,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// No rows, or no columns.
    #[error("there are no records to learn from")]
    Empty,
    /// Too few rows of a class.
    #[error(
        "there are {rows} {class} records; training needs at least {needed} of normal and of attack records each (an isolation forest needs normal ones only)"
    )]
    OneClass {
        /// The class that lacks rows.
        class: &'static str,
        /// Its rows.
        rows: usize,
        /// Rows that are needed.
        needed: usize,
    },
    /// Too many rows.
    #[error("{rows} records are more than can be trained on at once: {most}")]
    Large {
        /// Rows of the table.
        rows: usize,
        /// Rows that a table may have.
        most: usize,
    },
    /// A false-positive rate that is none.
    #[error("the false-positive rate must lie between 0 and 1, not {0}")]
    Rate(f64),
    /// The run was cancelled.
    #[error("training was cancelled")]
    Cancelled,
    /// The trees do not fit into a model file.
    #[error("the model cannot be kept: {0}")]
    Tree(#[from] TreeError),
}

impl From<work::Cancelled> for TrainError {
    fn from(_: work::Cancelled) -> Self {
        Self::Cancelled
    }
}
