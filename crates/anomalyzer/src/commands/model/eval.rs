//! `model eval`: train on one file, look at another once, and print the figures.

use super::files;
use super::stages::{Stages, failure};
use crate::cli::model::ModelEval;
use crate::clock::Stopwatch;
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::Terminal;
use anomalyzer_learn::data::{Classes, Limits, Table};
use anomalyzer_learn::train::{Fitted, Metrics, cross_validate, evaluate, evaluate_at, fit, split};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn run(options: &ModelEval, terminal: &Terminal) -> Result<(), Failure> {
    let schema = files::schema(&options.learn.schema)?;
    let limits = Limits::default();
    let table = files::records(schema, &options.learn.train, &limits, terminal)?;
    if let Some(folds) = options.folds {
        return folded(options, &table, usize::from(folds), terminal);
    }
    let (train, test) = match (&options.test, options.split) {
        (Some(path), _) => {
            let limits = Limits { classes: Classes::Any, ..limits };
            (table, files::records(schema, path, &limits, terminal)?)
        }
        (None, share) => split(&table, 1.0 - share.unwrap_or(0.2), options.learn.seed),
    };
    let mut stages = Stages::new(terminal)?;
    let fitted = fit(&train, &options.learn.options(), &mut stages).map_err(|e| failure(&e));
    let seconds = stages.seconds();
    stages.clear();
    let fitted = fitted?;
    let watch = Stopwatch::start();
    let metrics = evaluate(&fitted.model, &test).map_err(|e| Failure::usage(e.to_string()))?;
    let judging = watch.elapsed().as_secs_f64();
    let known = evaluate_at(&fitted.model, &test, fitted.threshold_known)
        .map_err(|e| Failure::usage(e.to_string()))?;
    let mut text = if options.json {
        figures(&fitted, &metrics, &known, (train.len(), test.len()), seconds, judging).to_string()
    } else {
        report(&fitted, &metrics, &known, train.len())
    };
    text.push('\n');
    print(&text)
}

/// All figures of one judgement.
fn figures(
    fitted: &Fitted,
    metrics: &Metrics,
    known: &Metrics,
    (rows_train, rows_test): (usize, usize),
    (select, fit): (f64, f64),
    judging: f64,
) -> Value {
    let mut figures = short(metrics);
    let more = json!({
        "threshold": fitted.threshold,
        "rows_train": rows_train,
        "rows_test": rows_test,
        "seconds_fit": rounded(fit),
        "seconds_select": rounded(select),
        "seconds_predict": rounded(judging),
        "confusion": metrics.confusion,
        "kinds": metrics.kinds,
        "algorithm": fitted.model.kind(),
        "trees": fitted.model.trees(),
        "model": fitted.model.id(),
        // What was expected from the training file alone.
        "held_out": short(&fitted.metrics),
        "unseen_kinds": fitted.unseen.as_ref().map(short),
        // The same model at the threshold that judges most training records rightly.
        "at_known_threshold": short(known),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut figures, more) {
        all.extend(more);
    }
    figures
}

/// Cross-validation: the figures of each fold and their mean.
fn folded(
    options: &ModelEval,
    table: &Table,
    folds: usize,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut stages = Stages::new(terminal)?;
    let all = cross_validate(table, &options.learn.options(), folds, &mut stages);
    let (select, fit) = stages.seconds();
    stages.clear();
    let all = all.map_err(|e| failure(&e))?;
    let mean =
        |of: fn(&Metrics) -> f64| rounded(all.iter().map(of).sum::<f64>() / all.len() as f64);
    let figures = json!({
        "accuracy": mean(|m| m.accuracy),
        "precision": mean(|m| m.precision),
        "recall": mean(|m| m.recall),
        "f1": mean(|m| m.f1),
        "fpr": mean(|m| m.fpr),
        "roc_auc": mean(|m| m.roc_auc),
        "pr_auc": mean(|m| m.pr_auc),
        "balanced_accuracy": mean(|m| m.balanced_accuracy),
        "rows_train": table.len(),
        "folds": all.iter().map(short).collect::<Vec<_>>(),
        "seconds_fit": rounded(fit),
        "seconds_select": rounded(select),
    });
    if options.json {
        return print(&format!("{figures}\n"));
    }
    let mut text = String::new();
    for (at, metrics) in all.iter().enumerate() {
        text += &line(&format!("fold {}", at + 1), metrics);
    }
    let share = |key: &str| figures[key].as_f64().unwrap_or(0.0) * 100.0;
    let _ = writeln!(
        text,
        "mean: accuracy {:.2} %, false positives {:.2} %, ROC-AUC {:.4}",
        share("accuracy"),
        share("fpr"),
        figures["roc_auc"].as_f64().unwrap_or(0.0)
    );
    print(&text)
}

/// The shares of a judgement.
pub(super) fn short(metrics: &Metrics) -> Value {
    json!({
        "accuracy": metrics.accuracy,
        "precision": metrics.precision,
        "recall": metrics.recall,
        "f1": metrics.f1,
        "fpr": metrics.fpr,
        "roc_auc": metrics.roc_auc,
        "pr_auc": metrics.pr_auc,
        "balanced_accuracy": metrics.balanced_accuracy,
    })
}

/// A judgement in one line.
pub(super) fn line(name: &str, metrics: &Metrics) -> String {
    format!(
        "{name}: accuracy {:.2} %, recall {:.2} %, false positives {:.2} %, ROC-AUC {:.4}\n",
        metrics.accuracy * 100.0,
        metrics.recall * 100.0,
        metrics.fpr * 100.0,
        metrics.roc_auc
    )
}

/// The figures for people.
fn report(fitted: &Fitted, metrics: &Metrics, known: &Metrics, rows: usize) -> String {
    let mut text = format!("trained on {rows} records, judged on {}\n", metrics.rows);
    text += &line("test", metrics);
    text += &line("test, threshold for known attacks", known);
    text += &line("expected from held-out training records", &fitted.metrics);
    if let Some(unseen) = &fitted.unseen {
        text += &line("expected of kinds of attacks that were left out", unseen);
    }
    text += "\nfound of each kind in the test file:";
    for kind in &metrics.kinds {
        let _ = write!(text, "\n  {:20} {} of {}", kind.kind, kind.found, kind.rows);
    }
    text
}

/// Four digits behind the point.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
