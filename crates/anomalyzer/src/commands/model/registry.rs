//! `model`: the registry of models, from training to use and back.
//!
//! What only adds a candidate may happen beside a running service. What changes which model is in
//! use may not: the service would go on with the old one.

use super::files;
use super::stages::Stages;
use crate::cli::model::ModelTrain;
use crate::cli::stored::Data;
use crate::clock;
use crate::commands::print;
use crate::commands::stored::{Align, Table, failure, open};
use crate::data_dir;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;
use anomalyzer_learn::data::Limits;
use anomalyzer_learn::train::TrainError;
use anomalyzer_store::control::{ModelRow, NewAudit, NewModel};
use anomalyzer_store::{Options, Store, StoreError};
use anomalyzer_web::models::{self, RegistryError, Request};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// Who is noted in the audit trail.
const ACTOR: &str = "system";
/// `model train` without a file to write to.
pub(super) fn train(options: &ModelTrain, terminal: &Terminal) -> Result<(), Failure> {
    let schema = files::schema(&options.learn.schema)?;
    let path = &options.learn.train;
    let table = files::records(schema, path, &Limits::default(), terminal)?;
    let request = Request {
        options: options.learn.options(),
        data: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        actor: ACTOR.to_owned(),
    };
    let mut stages = Stages::new(terminal)?;
    let trained = models::train_table(&table, &request, &mut stages);
    stages.clear();
    let model = trained.map_err(|error| refused(&path.display().to_string(), &error))?;
    let row = keep(&to_add(&options.data)?, &model, "model.trained")?;
    if options.json {
        return print(&(models::record(&row) + "\n"));
    }
    print(&format!("{}\n", row.id))?;
    terminal.note(&format!(
        "kept as a candidate; see `anomalyzer model show {0}`, then `anomalyzer model promote {0}`",
        row.id
    ));
    Ok(())
}

/// Keeps a model; one that is there already is the same.
fn keep(store: &Store, model: &NewModel, action: &str) -> Result<ModelRow, Failure> {
    let control = store.control();
    let row = match control.add_model(model, clock::today()) {
        Err(StoreError::Conflict(_)) => control.model(&model.id),
        added => added,
    };
    let row = row.map_err(|error| failure(&error))?;
    note(store, action, &row)?;
    Ok(row)
}

fn note(store: &Store, action: &str, row: &ModelRow) -> Result<(), Failure> {
    let detail = serde_json::json!({ "schema": row.schema, "before": row.before });
    let entry = NewAudit {
        at: clock::today(),
        actor: ACTOR.to_owned(),
        peer: "command line".to_owned(),
        action: action.to_owned(),
        target: row.id.clone(),
        detail: detail.to_string(),
        result: "ok".to_owned(),
    };
    store.control().audit(&entry).map_err(|error| failure(&error))?;
    Ok(())
}

pub(super) fn list(data: &Data, json: bool) -> Result<(), Failure> {
    let store = open(data.data.as_ref())?;
    let rows = store.control().models().map_err(|error| failure(&error))?;
    if json {
        let lines: String = rows.iter().map(|row| models::record(row) + "\n").collect();
        return print(&lines);
    }
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("ID", left),
        ("SCHEMA", left),
        ("KIND", left),
        ("STATE", left),
        ("RECORDS", right),
        ("FOUND", right),
        ("FALSE", right),
        ("ORIGIN", left),
    ]);
    for row in rows {
        let metrics: serde_json::Value = serde_json::from_str(&row.metrics).unwrap_or_default();
        let share = |name: &str| {
            metrics[name].as_f64().map_or_else(String::new, |n| format!("{:.2} %", n * 100.0))
        };
        table.row(vec![
            row.id,
            row.schema,
            row.kind,
            row.state.name().to_owned(),
            row.rows.to_string(),
            share("recall"),
            share("fpr"),
            row.origin.name().to_owned(),
        ]);
    }
    print(&table.text(Terminal::table_width()))
}

pub(super) fn show(data: &Data, id: &str, json: bool) -> Result<(), Failure> {
    let store = open(data.data.as_ref())?;
    let row = store.control().model(id).map_err(|error| failure(&error))?;
    let compared = models::compare(store.control(), id).map_err(|error| failure(&error))?;
    if json {
        return print(&(models::record(&row) + "\n"));
    }
    let mut text = row.card;
    // Writing to a string does not fail.
    let _ = writeln!(text, "\nState: {}. {}", row.state.name(), compared.text);
    print(&text)
}

pub(super) fn promote(data: &Data, id: &str, terminal: &Terminal) -> Result<(), Failure> {
    let store = alone(data)?;
    let compared = models::compare(store.control(), id).map_err(|error| failure(&error))?;
    let row = store.control().promote_model(id).map_err(|error| failure(&error))?;
    note(&store, "model.promote", &row)?;
    terminal.note(&format!("{} is in use for {} now. {}", row.id, row.schema, compared.text));
    Ok(())
}

pub(super) fn roll_back(data: &Data, schema: &str, terminal: &Terminal) -> Result<(), Failure> {
    let store = alone(data)?;
    let (_, row) = models::roll_back(store.control(), schema).map_err(|error| failure(&error))?;
    note(&store, "model.rollback", &row)?;
    terminal.note(&format!("{} is in use for {} again", row.id, row.schema));
    Ok(())
}

pub(super) fn export(data: &Data, id: &str, file: &Path) -> Result<(), Failure> {
    let store = open(data.data.as_ref())?;
    let bytes = store.control().model_file(id).map_err(|error| failure(&error))?;
    let name = file.display().to_string();
    let written = if file.as_os_str() == crate::input::STDIN {
        std::io::stdout().lock().write_all(&bytes)
    } else {
        std::fs::write(file, &bytes)
    };
    written.map_err(|error| Failure::writing(&name, &error))
}

pub(super) fn import(data: &Data, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let name = file.display().to_string();
    let bytes = files::model_bytes(file)?;
    let model = models::import(&bytes, ACTOR).map_err(|error| refused(&name, &error))?;
    let row = keep(&to_add(data)?, &model, "model.import")?;
    print(&format!("{}\n", row.id))?;
    terminal.note("kept as a candidate");
    Ok(())
}

/// The store, to add something: beside a running service if need be.
fn to_add(data: &Data) -> Result<Store, Failure> {
    let dir = data_dir::choose(data.data.as_ref());
    let opened = match Store::open(&dir, &Options::default()) {
        Err(StoreError::InUse(_)) => Store::open_beside(&dir),
        opened => opened,
    };
    opened.map_err(|error| failure(&error))
}

/// The store, while no service has it.
fn alone(data: &Data) -> Result<Store, Failure> {
    let dir = data_dir::choose(data.data.as_ref());
    if !dir.is_dir() {
        let message = format!("{}: there is no data; name it with --data", dir.display());
        return Err(Failure::usage(message));
    }
    Store::open(&dir, &Options::default()).map_err(|error| match error {
        StoreError::InUse(_) => Failure::new(
            Kind::Runtime,
            format!(
                "{}: the service runs and uses its models; do this on its page Models, or stop it \
                 first",
                dir.display()
            ),
        ),
        error => failure(&error),
    })
}

fn refused(name: &str, error: &RegistryError) -> Failure {
    match error {
        RegistryError::Store(error) => failure(error),
        RegistryError::Train(TrainError::Cancelled) => {
            Failure::new(Kind::Interrupted, "interrupted")
        }
        error => Failure::usage(format!("{name}: {error}")),
    }
}
