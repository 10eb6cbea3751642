//! `model`: train on labelled records, judge models, score records.

mod eval;
mod files;
mod predict;
mod stages;
mod train;

use crate::cli::model::ModelCommand;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(command: &ModelCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        ModelCommand::Train(options) => train::run(options, terminal),
        ModelCommand::Eval(options) => eval::run(options, terminal),
        ModelCommand::Predict(options) => predict::run(options),
    }
}
