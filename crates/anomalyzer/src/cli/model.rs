//! Options of the commands about models.

use super::stored::Data;
use anomalyzer_learn::train;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Train on labelled records: a candidate of the registry, or a model file
    Train(Box<ModelTrain>),
    /// Train on one file, judge another that training never sees, and print the figures
    Eval(ModelEval),
    /// Score one record and say why
    Predict(ModelPredict),
    /// List the models of the registry
    List {
        #[command(flatten)]
        data: Data,
        /// Write NDJSON, one object per line
        #[arg(long)]
        json: bool,
    },
    /// Show what a model of the registry is, and how it does beside the one in use
    Show {
        #[command(flatten)]
        data: Data,
        /// Its id, as `list` shows it
        id: String,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a model of the registry to use in place of the one of its schema
    Promote {
        #[command(flatten)]
        data: Data,
        /// Its id, as `list` shows it
        id: String,
    },
    /// Go back to the model that was in use before the present one
    Rollback {
        #[command(flatten)]
        data: Data,
        /// Which records, such as form
        schema: String,
    },
    /// Write the file of a model of the registry
    Export {
        #[command(flatten)]
        data: Data,
        /// Its id, as `list` shows it
        id: String,
        /// Where to; `-` is standard output
        file: PathBuf,
    },
    /// Take a model file into the registry as a candidate; nothing in it is run, pickles are refused
    Import {
        #[command(flatten)]
        data: Data,
        /// The file
        file: PathBuf,
    },
}

/// What is learned from, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct Learn {
    /// What the records are: form, nsl-kdd, unsw-nb15, cic
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// Labelled records to learn from: CSV or NDJSON, plain or compressed (.gz, .zst)
    #[arg(long, value_name = "FILE")]
    pub(crate) train: PathBuf,
    /// Which kind of model
    #[arg(long, value_enum, default_value_t)]
    pub(crate) algorithm: Algorithm,
    /// Share of normal records that may be taken for attacks; the threshold is chosen for it, on
    /// training records that are held out
    #[arg(long, value_name = "X", default_value_t = 0.03)]
    pub(crate) fpr: f64,
    /// Which attacks shall be found
    #[arg(long, value_enum, default_value_t)]
    pub(crate) goal: Goal,
    /// Seed of all random choices: the same records and seed give the same model
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads to train on [default: one for each core]; the model does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

/// Options of `model train`.
#[derive(Args, Debug)]
#[command(
    after_help = "Without --out the model is kept in the registry as a candidate, and a fifth \
    of the records is held out, on which `anomalyzer model show ID` compares models.\n\nExample:\n  \
    anomalyzer model train --schema form --train records.csv"
)]
pub(crate) struct ModelTrain {
    #[command(flatten)]
    pub(crate) learn: Learn,
    /// Write the model to this file, and keep it nowhere else
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print what the model reached on held-out records as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `model eval`.
#[derive(Args, Debug)]
#[command(
    after_help = "Everything is chosen on the first file: the kind of model, its threshold, \
    its calibration. The second file is looked at once, at the end.\n\nExample:\n  \
    anomalyzer model eval --schema nsl-kdd --train KDDTrain+.txt.zst --test KDDTest+.txt.zst"
)]
pub(crate) struct ModelEval {
    #[command(flatten)]
    pub(crate) learn: Learn,
    /// Labelled records to judge the model by
    #[arg(long, value_name = "FILE", required_unless_present_any = ["split", "folds"])]
    pub(crate) test: Option<PathBuf>,
    /// Instead of a second file: hold this share of the first one out, equal records on one side
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["test", "folds"])]
    pub(crate) split: Option<f64>,
    /// Instead of a second file: cross-validation in this many folds, equal records in one fold
    #[arg(long, value_name = "N", conflicts_with = "test",
        value_parser = clap::value_parser!(u8).range(2..=20))]
    pub(crate) folds: Option<u8>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `model predict`.
#[derive(Args, Debug)]
pub(crate) struct ModelPredict {
    /// What the record is: form, nsl-kdd, unsw-nb15, cic
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// The model file
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// The record as a JSON object; numbers may be strings
    #[arg(long, value_name = "RECORD")]
    pub(crate) json: String,
}

/// Kinds of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// Boosted trees or a forest, whichever does better on held-out records
    #[default]
    Auto,
    /// Boosted trees
    Gbdt,
    /// A random forest
    Forest,
    /// An isolation forest: learns from normal records only
    Isolation,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Goal {
    /// Also attacks of kinds that are not in the records: what is unlike normal traffic counts too
    #[default]
    Unseen,
    /// Attacks of the kinds in the records, as exactly as possible; the threshold is the one that
    /// judges most held-out records rightly, and --fpr is not used
    Known,
}

impl Learn {
    /// The options as training takes them.
    pub(crate) fn options(&self) -> train::FitOptions {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        train::FitOptions {
            algorithm: match self.algorithm {
                Algorithm::Auto => train::Algorithm::Auto,
                Algorithm::Gbdt => train::Algorithm::Gbdt,
                Algorithm::Forest => train::Algorithm::Forest,
                Algorithm::Isolation => train::Algorithm::Isolation,
            },
            goal: match self.goal {
                Goal::Unseen => train::Goal::FalsePositives,
                Goal::Known => train::Goal::Accuracy,
            },
            fpr: self.fpr,
            seed: self.seed,
            threads: self.threads.map_or_else(cores, usize::from),
            ..train::FitOptions::new(&self.schema)
        }
    }
}
