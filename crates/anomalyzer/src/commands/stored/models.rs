//! `model`: the registry of models, from training to use and back.
//!
//! What only adds a candidate may happen beside a running service. What changes which model is in
//! use may not: the service would go on with the old one.

use super::table::{Align, Table};
use super::{failure, open};
use crate::cli::model::{ModelAlgorithm, ModelCommand, ModelTrain};
use crate::cli::stored::Data;
use crate::clock;
use crate::commands::print;
use crate::data_dir;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;
use anomalyzer_learn::schema::{SCHEMAS, by_id};
use anomalyzer_learn::train::{Algorithm, Progress};
use anomalyzer_store::control::{ModelRow, NewAudit, NewModel};
use anomalyzer_store::{Options, Store, StoreError};
use anomalyzer_web::models::{self, RegistryError, Request};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Who is noted in the audit trail.
const ACTOR: &str = "system";
/// Bytes of a model file that are read; a larger one is none.
const FILE_MAX: u64 = 17 << 20;
/// Rows that could not be read and are told.
const FAULTS_TOLD: usize = 10;

/// Runs a command about models.
pub(in crate::commands) fn run(command: &ModelCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        ModelCommand::Train(options) => train(options, terminal),
        ModelCommand::List { data, json } => list(&open(data.data.as_ref())?, *json),
        ModelCommand::Show { data, id, json } => show(&open(data.data.as_ref())?, id, *json),
        ModelCommand::Promote { data, id } => promote(data, id, terminal),
        ModelCommand::Rollback { data, schema } => roll_back(data, schema, terminal),
        ModelCommand::Export { data, id, file } => export(&open(data.data.as_ref())?, id, file),
        ModelCommand::Import { data, file } => import(data, file, terminal),
    }
}

fn train(options: &ModelTrain, terminal: &Terminal) -> Result<(), Failure> {
    let schema = by_id(&options.schema).ok_or_else(|| {
        let known: Vec<&str> = SCHEMAS.iter().map(|schema| schema.id).collect();
        let message = format!("no schema is called so (known: {})", known.join(", "));
        Failure::usage(format!("--schema {}: {message}", options.schema))
    })?;
    let name = options.file.display().to_string();
    let file =
        File::open(&options.file).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let request = Request {
        schema: options.schema.clone(),
        algorithm: match options.algorithm {
            ModelAlgorithm::Auto => Algorithm::Auto,
            ModelAlgorithm::Gbdt => Algorithm::Gbdt,
            ModelAlgorithm::Forest => Algorithm::Forest,
        },
        fpr: options.fpr,
        seed: options.seed,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        data: options.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        actor: ACTOR.to_owned(),
    };
    let mut drawn = Drawn { on: terminal.progress(), stage: String::new() };
    let trained = models::train(schema, &mut BufReader::new(file), &request, &mut drawn);
    drawn.clear();
    let (model, faults) = trained.map_err(|error| refused(&name, &error))?;
    for fault in faults.list.iter().take(FAULTS_TOLD) {
        terminal.note(&format!("{name}: {fault}"));
    }
    if faults.total > 0 {
        terminal.note(&format!("{} rows could not be read and were left out", faults.total));
    }
    let store = to_add(&options.data)?;
    let row = keep(&store, &model, "model.trained")?;
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

fn list(store: &Store, json: bool) -> Result<(), Failure> {
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

fn show(store: &Store, id: &str, json: bool) -> Result<(), Failure> {
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

fn promote(data: &Data, id: &str, terminal: &Terminal) -> Result<(), Failure> {
    let store = alone(data)?;
    let compared = models::compare(store.control(), id).map_err(|error| failure(&error))?;
    let row = store.control().promote_model(id).map_err(|error| failure(&error))?;
    note(&store, "model.promote", &row)?;
    terminal.note(&format!("{} is in use for {} now. {}", row.id, row.schema, compared.text));
    Ok(())
}

fn roll_back(data: &Data, schema: &str, terminal: &Terminal) -> Result<(), Failure> {
    let store = alone(data)?;
    let (_, row) = models::roll_back(store.control(), schema).map_err(|error| failure(&error))?;
    note(&store, "model.rollback", &row)?;
    terminal.note(&format!("{} is in use for {} again", row.id, row.schema));
    Ok(())
}

fn export(store: &Store, id: &str, file: &Path) -> Result<(), Failure> {
    let bytes = store.control().model_file(id).map_err(|error| failure(&error))?;
    let name = file.display().to_string();
    let written = if file.as_os_str() == crate::input::STDIN {
        std::io::stdout().lock().write_all(&bytes)
    } else {
        std::fs::write(file, &bytes)
    };
    written.map_err(|error| Failure::writing(&name, &error))
}

fn import(data: &Data, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let name = file.display().to_string();
    let told = |error: std::io::Error| Failure::usage(format!("{name}: {error}"));
    let mut bytes = Vec::new();
    File::open(file).map_err(told)?.take(FILE_MAX).read_to_end(&mut bytes).map_err(told)?;
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
        error => Failure::usage(format!("{name}: {error}")),
    }
}

/// One moving line on stderr.
struct Drawn {
    on: bool,
    stage: String,
}

impl Drawn {
    fn clear(&self) {
        if self.on {
            // When stderr is gone there is nobody to look.
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

impl Progress for Drawn {
    fn tell(&mut self, stage: &str, done: u64, of: u64) -> ControlFlow<()> {
        let line = format!("{stage}: {} %", done * 100 / of.max(1));
        if self.on && line != self.stage {
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
            self.stage = line;
        }
        ControlFlow::Continue(())
    }
}
