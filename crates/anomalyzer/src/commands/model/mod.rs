//! `model`: train on labelled records, judge models, score records, keep models.

mod eval;
mod files;
mod predict;
mod registry;
mod stages;
mod train;

use crate::cli::model::ModelCommand;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(command: &ModelCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        ModelCommand::Train(options) => match &options.out {
            Some(out) => train::run(options, out, terminal),
            None => registry::train(options, terminal),
        },
        ModelCommand::Eval(options) => eval::run(options, terminal),
        ModelCommand::Predict(options) => predict::run(options),
        ModelCommand::List { data, json } => registry::list(data, *json),
        ModelCommand::Show { data, id, json } => registry::show(data, id, *json),
        ModelCommand::Promote { data, id } => registry::promote(data, id, terminal),
        ModelCommand::Rollback { data, schema } => registry::roll_back(data, schema, terminal),
        ModelCommand::Export { data, id, file } => registry::export(data, id, file),
        ModelCommand::Import { data, file } => registry::import(data, file, terminal),
    }
}
