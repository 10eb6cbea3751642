//! One training run: hold rows out, choose everything on them, then learn from all rows.

use ring::digest::{Context, SHA256};

use super::{
    FitOptions, Fitted, TrainError,
    held::{Held, hold_out},
    isolation,
    prepare::{Meaning, Prepared, values},
    recipe::{FOREST, FOREST_KNOWN, GBDT, GBDT_KNOWN, Recipe, Sum},
    threshold,
    work::{Cancelled, Progress, parallel},
};
use crate::{
    data::{ColumnKind, NORMAL, Table},
    model::{Header, Model, ModelKind, Training, hex, tree::Trees},
    train::{Algorithm, Goal, HOLDING_OUT, LEARNING, calibrate, metrics::Metrics},
};

/// Rows that a table may have.
const ROWS_MAX: usize = 20_000_000;
/// Rows of each class that are needed to hold some of them out.
const CLASS_ROWS_MIN: usize = 4;

/// Trains a model on a table: chooses kind, threshold and calibration on rows that are held out of
/// training in turn, then learns from all rows. The same table, options and seed give the same
/// model, with any number of threads.
pub fn fit(
    table: &Table,
    options: &FitOptions,
    progress: &mut dyn Progress,
) -> Result<Fitted, TrainError> {
    let (normals, attacks) = check(table, options)?;
    if options.algorithm == Algorithm::Isolation {
        return isolate(table, options, progress);
    }
    let needed = CLASS_ROWS_MIN;
    for (class, rows) in [("normal", normals), ("attack", attacks)] {
        if rows < needed {
            return Err(TrainError::OneClass { class, rows, needed });
        }
    }
    let prepared = prepare(table, options, progress)?;
    let mut chosen: Option<(Recipe, Held)> = None;
    for recipe in recipes(options) {
        let held = hold_out(&prepared, recipe, options, progress)?;
        // The first recipe wins a tie.
        if chosen.as_ref().is_none_or(|(_, best)| held.quality(options) > best.quality(options)) {
            chosen = Some((*recipe, held));
        }
    }
    let Some((recipe, held)) = chosen else { return Err(TrainError::Empty) };
    let seen = held.known();
    let threshold = match options.goal {
        Goal::FalsePositives => threshold::for_fpr(held.normals(), options.fpr),
        Goal::Accuracy => threshold::for_accuracy(&seen),
    };
    let threshold_known = threshold::for_accuracy(&seen);
    let curve = calibrate::platt(&held.examples());
    let metrics = Metrics::of(&seen, &table.kinds, threshold);
    let unseen = held.unseen_metrics(&table.kinds, threshold);
    let material = prepared.material(every_row(table), &recipe);
    let parts = parallel(
        options.threads,
        recipe.parts,
        progress,
        (LEARNING, recipe.parts * recipe.steps()),
        |part, ticker| recipe.part(part, &material, options.seed, ticker),
    )?;
    let sum = Sum::of(parts);
    let header = Header {
        kind: recipe.kind,
        columns: prepared.columns(),
        inputs: material.inputs,
        base: narrow(sum.base),
        threshold,
        slope: narrow(curve.slope),
        offset: narrow(curve.offset),
        training: training(table, options, attacks),
        schema: options.schema.clone(),
        metrics,
    };
    finish(header, &sum, unseen, threshold_known)
}

/// The kinds of models that are tried, the preferred one first.
fn recipes(options: &FitOptions) -> &'static [Recipe] {
    match (options.goal, options.algorithm) {
        (Goal::Accuracy, Algorithm::Forest) => &[FOREST_KNOWN],
        (Goal::Accuracy, Algorithm::Gbdt) => &[GBDT_KNOWN],
        (Goal::Accuracy, _) => &[GBDT_KNOWN, FOREST_KNOWN],
        (Goal::FalsePositives, Algorithm::Gbdt) => &[GBDT],
        (Goal::FalsePositives, Algorithm::Forest) => &[FOREST],
        (Goal::FalsePositives, _) => &[GBDT, FOREST],
    }
}

/// Refuses what cannot be learned from; returns the rows of both classes.
fn check(table: &Table, options: &FitOptions) -> Result<(usize, usize), TrainError> {
    if table.is_empty() || table.columns.is_empty() {
        return Err(TrainError::Empty);
    }
    if table.len() > ROWS_MAX {
        return Err(TrainError::Large { rows: table.len(), most: ROWS_MAX });
    }
    if !(options.fpr > 0.0 && options.fpr < 1.0) {
        return Err(TrainError::Rate(options.fpr));
    }
    let attacks = table.rows().iter().filter(|row| row.is_attack()).count();
    Ok((table.len() - attacks, attacks))
}

fn prepare<'a>(
    table: &'a Table,
    options: &FitOptions,
    progress: &mut dyn Progress,
) -> Result<Prepared<'a>, Cancelled> {
    let columns = table.columns.len();
    let cut =
        parallel(options.threads, columns, progress, ("sorting values", columns), |at, ticker| {
            ticker.step()?;
            Ok(Prepared::cut(table, at))
        })?;
    Ok(Prepared::new(table, cut))
}

/// An isolation forest over the normal rows. The threshold is chosen on rows that are left out of
/// the trees; attacks, if there are any, only measure it.
fn isolate(
    table: &Table,
    options: &FitOptions,
    progress: &mut dyn Progress,
) -> Result<Fitted, TrainError> {
    let kinds: Vec<u16> = table.rows().iter().map(|row| row.kind).collect();
    let normals: Vec<u32> =
        every_row(table).into_iter().filter(|&row| kinds[row as usize] == NORMAL).collect();
    let (needed, rows) = (CLASS_ROWS_MIN, normals.len());
    if rows < needed {
        return Err(TrainError::OneClass { class: "normal", rows, needed });
    }
    let prepared = prepare(table, options, progress)?;
    let inputs = prepared.encode(&normals, Meaning::Frequency).inputs;
    let columns: Vec<Vec<f32>> = inputs
        .iter()
        .map(|input| {
            values(table, usize::from(input.column))
                .into_iter()
                .map(|value| input.of(value))
                .collect()
        })
        .collect();
    let mut grow = |rows: &[u32], stage: &str| {
        parallel(1, 1, progress, (stage, isolation::TREES), |_, ticker| {
            isolation::isolate(&columns, rows, options.seed, ticker)
        })
        .map(|mut trees| Sum { base: 0.0, trees: trees.pop().unwrap_or_default() })
    };
    let held = Held::of_normals(table, &normals, &columns, |rows| grow(rows, HOLDING_OUT))?;
    let threshold = threshold::for_fpr(held.normals(), options.fpr);
    let curve = calibrate::odd(held.normals(), threshold);
    let metrics = Metrics::of(&held.known(), &table.kinds, threshold);
    let sum = grow(&normals, LEARNING)?;
    let attacks = table.len() - normals.len();
    let header = Header {
        schema: options.schema.clone(),
        kind: ModelKind::Isolation,
        columns: prepared.columns(),
        inputs,
        base: 0.0,
        threshold,
        slope: narrow(curve.slope),
        offset: narrow(curve.offset),
        training: training(table, options, attacks),
        metrics,
    };
    finish(header, &sum, None, threshold)
}

fn finish(
    header: Header,
    sum: &Sum,
    unseen: Option<Metrics>,
    threshold_known: f32,
) -> Result<Fitted, TrainError> {
    let trees = Trees::new(&sum.trees, header.inputs.len())?;
    let metrics = header.metrics.clone();
    let model = Model::new(header, trees);
    Ok(Fitted { threshold: model.threshold(), model, metrics, unseen, threshold_known })
}

fn training(table: &Table, options: &FitOptions, attacks: usize) -> Training {
    Training {
        digest: digest(table),
        rows: table.len() as u64,
        attacks: attacks as u64,
        seed: options.seed,
        fpr: options.fpr,
    }
}

/// SHA-256 over columns, kinds and rows.
fn digest(table: &Table) -> String {
    let mut context = Context::new(&SHA256);
    let mut text = |text: &str| {
        context.update(text.as_bytes());
        context.update(&[0]);
    };
    for column in &table.columns {
        text(&column.name);
        if let ColumnKind::Category(words) = &column.kind {
            for word in words {
                text(word);
            }
        }
    }
    table.kinds.iter().for_each(|kind| text(kind));
    let mut bytes = Vec::new();
    for (at, row) in table.rows().iter().enumerate() {
        bytes.clear();
        bytes.extend_from_slice(&row.kind.to_le_bytes());
        for value in table.values(at) {
            // All values that are missing are alike.
            let value = if value.is_nan() { f32::NAN } else { *value };
            bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        context.update(&bytes);
    }
    hex(context.finish().as_ref())
}

#[expect(clippy::cast_possible_truncation, reason = "tables have fewer rows than 2^32")]
fn every_row(table: &Table) -> Vec<u32> {
    (0..table.len() as u32).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "scores are kept in 32 bits")]
fn narrow(value: f64) -> f32 {
    value as f32
}
