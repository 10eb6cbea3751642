//! `model train`: labelled records become a model file.

use super::stages::{Stages, failure};
use super::{eval, files};
use crate::cli::model::ModelTrain;
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::Terminal;
use anomalyzer_learn::data::Limits;
use anomalyzer_learn::train::fit;
use std::path::Path;

pub(super) fn run(options: &ModelTrain, out: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let schema = files::schema(&options.learn.schema)?;
    let table = files::records(schema, &options.learn.train, &Limits::default(), terminal)?;
    let mut stages = Stages::new(terminal)?;
    let fitted = fit(&table, &options.learn.options(), &mut stages).map_err(|e| failure(&e));
    let (select, fit) = stages.seconds();
    stages.clear();
    let fitted = fitted?;
    let mut bytes = Vec::new();
    // Writing into memory cannot fail.
    let _ = fitted.model.write(&mut bytes);
    write(out, &bytes)?;
    let json = serde_json::json!({
        "model": fitted.model.id(),
        "kind": fitted.model.kind(),
        "bytes": bytes.len(),
        "rows_train": table.len(),
        "threshold": fitted.threshold,
        "held_out": eval::short(&fitted.metrics),
        "unseen_kinds": fitted.unseen.as_ref().map(eval::short),
        "seconds_fit": eval::rounded(fit),
        "seconds_select": eval::rounded(select),
    });
    if options.json {
        return print(&format!("{json}\n"));
    }
    let mut text =
        format!("{}: model {} ({} bytes)\n", out.display(), fitted.model.id(), bytes.len());
    text += &eval::line("held-out records", &fitted.metrics);
    if let Some(unseen) = &fitted.unseen {
        text += &eval::line("kinds of attacks left out", unseen);
    }
    print(&text)
}

/// Writes the file whole beside its place and renames it, so that there is never half a model.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| Failure::writing(&path.display().to_string(), &error))
}
