//! How a finished model does on records that it was not trained on.

use super::{FitOptions, Metrics, Progress, TrainError, fit, folds::Folds, metrics::Judged};
use crate::{
    data::Table,
    model::{Model, ModelError},
};

/// Scores all rows of a table and measures the scores at the model's threshold.
pub fn evaluate(model: &Model, table: &Table) -> Result<Metrics, ModelError> {
    evaluate_at(model, table, model.threshold_raw())
}

/// The same at another threshold, on the scale of [`crate::model::Score::raw`].
pub fn evaluate_at(model: &Model, table: &Table, threshold: f32) -> Result<Metrics, ModelError> {
    Ok(Metrics::of(&scores(model, table)?, &table.kinds, threshold))
}

fn scores(model: &Model, table: &Table) -> Result<Vec<Judged>, ModelError> {
    let reading = model.reading(&table.columns)?;
    let mut values = Vec::new();
    let rows = table.rows().iter().enumerate();
    Ok(rows
        .map(|(at, row)| {
            reading.row(table.values(at), &mut values);
            Judged { raw: model.score(&values).raw, kind: row.kind }
        })
        .collect())
}

/// Trains on all folds but one and measures that one, in turn; equal rows are in one fold. Each
/// training chooses its own threshold from its own rows. Returns the metrics of each fold.
pub fn cross_validate(
    table: &Table,
    options: &FitOptions,
    folds: usize,
    progress: &mut dyn Progress,
) -> Result<Vec<Metrics>, TrainError> {
    let split = Folds::new(table, folds, false, options.seed);
    let mut all = Vec::new();
    for fold in 0..folds {
        let fitted = fit(&part(table, &split.train(fold)), options, progress)?;
        let measured = evaluate(&fitted.model, &part(table, &split.held(fold)));
        // The same columns are there in both parts.
        all.push(measured.map_err(|_| TrainError::Empty)?);
    }
    Ok(all)
}

/// Splits a table at random into a part with this share of the rows and the rest; equal rows are
/// on one side.
pub fn split(table: &Table, share: f64, seed: u64) -> (Table, Table) {
    const PARTS: usize = 100;
    let folds = Folds::new(table, PARTS, false, seed);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 100")]
    let wanted = (share.clamp(0.0, 1.0) * PARTS as f64).round() as usize;
    let (first, second): (Vec<u32>, Vec<u32>) = folds.partition(|fold| fold < wanted);
    (part(table, &first), part(table, &second))
}

/// A table of some rows of another.
fn part(table: &Table, rows: &[u32]) -> Table {
    let mut part = Table::new(table.columns.clone());
    part.kinds.clone_from(&table.kinds);
    for &row in rows {
        let row = row as usize;
        part.push(table.rows()[row], table.values(row));
    }
    part
}
