//! From records to a candidate of the registry, and from files of models.

use super::{card, held};
use anomalyzer_learn::data::{self, Faults, Limits, ReadError, Table};
use anomalyzer_learn::model::{Model, ModelError};
use anomalyzer_learn::schema::{self, Schema};
use anomalyzer_learn::train::{self, FitOptions, Progress, TrainError};
use anomalyzer_store::control::{ModelOrigin, ModelRow, ModelState, NewModel};
use anomalyzer_store::{Control, StoreError};
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;
use std::io::BufRead;

/// Share of the records that is trained on; the rest is held out for comparisons.
const SHARE: f64 = 0.8;
/// Values of a table: 256 MiB. Training takes about as much again.
const VALUES_MAX: usize = 1 << 26;
/// Records of each class that must be held out, else all are trained on.
const HELD_MIN: usize = 5;

/// What to train.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose records they are, which kind of model, for which rate of false alarms.
    pub options: FitOptions,
    /// What the records are called, for the model's card.
    pub data: String,
    /// Who asked for it.
    pub actor: String,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The records cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// They cannot be learned from.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The file is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It is a model of something else.
    #[error("the model scores records of schema {0}, which this program does not know: update it")]
    Schema(String),
    /// The registry refuses it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads records and trains a model on them. `mapping` gives for fields of the schema the column of
/// the file; what is not in it is found by its name. Rows that could not be read are told.
pub fn train(
    schema: &'static Schema,
    mapping: &BTreeMap<String, String>,
    input: &mut dyn BufRead,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<(NewModel, Faults), RegistryError> {
    // Reading has no steps that could be counted beforehand.
    if progress.tell("reading", 0, 1).is_break() {
        return Err(TrainError::Cancelled.into());
    }
    let limits = Limits { values: VALUES_MAX, ..Limits::default() };
    let (table, faults) = data::read_mapped(schema, mapping, input, &limits)?;
    Ok((train_table(&table, request, progress)?, faults))
}

/// Trains a model on a table. A fifth of the records is held out and kept beside the model, unless
/// there are too few of a class for that.
pub fn train_table(
    table: &Table,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<NewModel, RegistryError> {
    let (first, second) = train::split(table, SHARE, request.options.seed);
    let enough = [&first, &second].into_iter().all(|part| {
        let attacks = part.rows().iter().filter(|row| row.is_attack()).count();
        attacks >= HELD_MIN && part.len() - attacks >= HELD_MIN
    });
    let fitted = train::fit(if enough { &first } else { table }, &request.options, progress)?;
    let rows = if enough { second.len() } else { 0 };
    let held = enough.then(|| held::write(&second));
    let digest = digest(table);
    let card = card::of(&fitted.model, &request.data, &digest, rows);
    let model = kept(&fitted.model, ModelOrigin::Trained, &request.actor, card, held)?;
    Ok(NewModel { digest, ..model })
}

/// SHA-256 of all records, those held out too, in hex: tells whether two models are of the same
/// data.
fn digest(table: &Table) -> String {
    let mut context = Context::new(&SHA256);
    for column in &table.columns {
        context.update(format!("{column:?}\n").as_bytes());
    }
    context.update(format!("{:?}\n", table.kinds).as_bytes());
    for (at, row) in table.rows().iter().enumerate() {
        context.update(&row.kind.to_le_bytes());
        for value in table.values(at) {
            context.update(&value.to_le_bytes());
        }
    }
    let digits = context.finish();
    digits.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A model file as a candidate. Nothing in it is run; a pickle is refused with an explanation.
pub fn import(file: &[u8], actor: &str) -> Result<NewModel, RegistryError> {
    let model = Model::read(file)?;
    if schema::by_id(model.schema()).is_none() && model.schema() != super::labels::SCHEMA {
        return Err(RegistryError::Schema(model.schema().to_owned()));
    }
    let data = "Not known here: the model came as a file";
    let card = card::of(&model, data, &model.training().digest, 0);
    Ok(kept(&model, ModelOrigin::Imported, actor, card, None)?)
}

/// Takes a model in that came with the program, and puts it to use unless people chose another one.
/// None when it is there already.
pub fn register_built_in(
    control: &Control,
    file: &[u8],
    card: &str,
    now: i64,
) -> Result<Option<ModelRow>, RegistryError> {
    let model = Model::read(file)?;
    match control.model(model.id()) {
        Ok(_) => return Ok(None),
        Err(StoreError::Missing(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let new = kept(&model, ModelOrigin::BuiltIn, "system", card.to_owned(), None)?;
    let row = control.add_model(&new, now)?;
    let active = control.active_model(&row.schema)?;
    if active.is_none_or(|active| active.origin == ModelOrigin::BuiltIn) {
        return Ok(Some(control.promote_model(&row.id)?));
    }
    Ok(Some(row))
}

/// Goes back to the model that was in use before the present one: the former, the present one.
pub fn roll_back(
    control: &Control,
    schema: &str,
) -> Result<(Option<ModelRow>, ModelRow), StoreError> {
    let before = control.active_model(schema)?;
    let now = control.roll_back_model(schema)?;
    debug_assert_eq!(now.state, ModelState::Active);
    Ok((before, now))
}

fn kept(
    model: &Model,
    origin: ModelOrigin,
    actor: &str,
    card: String,
    held: Option<Vec<u8>>,
) -> Result<NewModel, StoreError> {
    let mut file = Vec::new();
    let unwritten = |error: std::io::Error| StoreError::Invalid(error.to_string());
    model.write(&mut file).map_err(unwritten)?;
    let kind = serde_json::to_value(model.kind()).unwrap_or_default();
    let training = model.training();
    Ok(NewModel {
        id: model.id().to_owned(),
        schema: model.schema().to_owned(),
        kind: kind.as_str().unwrap_or("unknown").to_owned(),
        origin,
        actor: actor.to_owned(),
        rows: training.rows,
        digest: training.digest.clone(),
        threshold: model.threshold().into(),
        metrics: serde_json::to_string(model.metrics()).unwrap_or_default(),
        card,
        file,
        held,
    })
}
