//! Predictions: the active models, read once and kept ready.

use crate::error::Problem;
use anomalyzer_learn::data::{Column, ColumnKind};
use anomalyzer_learn::model::{Contribution, Model, Reading};
use anomalyzer_learn::schema::{self, FieldError, Schema};
use anomalyzer_store::Control;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// Reasons that are told.
const REASONS: usize = 6;
/// Characters of a submitted text that are told again.
const TOLD: usize = 256;

/// A reason of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Reason {
    /// What was looked at.
    feature: String,
    /// Its value; empty when it is missing.
    value: String,
    /// How far it moved the score; above zero speaks for an attack.
    weight: f32,
    /// The same in words.
    text: String,
}

impl From<Contribution> for Reason {
    fn from(moved: Contribution) -> Self {
        let Contribution { feature, value, weight, text } = moved;
        Self { feature, value, weight, text }
    }
}

/// What a model says of a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Prediction {
    /// `Anomaly detected!` or `Normal traffic`.
    result: &'static str,
    is_anomaly: bool,
    /// On a scale of the model's own; higher is more like an attack.
    score: f32,
    /// Probability of an attack, 0 to 1.
    probability: f32,
    /// Probability from which a record is anomalous.
    threshold: f32,
    /// Id of the model.
    model: String,
    /// What moved the score most, the strongest first.
    reasons: Vec<Reason>,
    /// The fields as they were sent.
    #[schema(value_type = BTreeMap<String, String>)]
    submitted: Map<String, Value>,
    /// When.
    at: String,
}

/// Why nothing was predicted.
pub(crate) enum NotAsked {
    /// No model is in use.
    NoModel,
    /// Fields that are wrong.
    Fields(Vec<FieldError>),
}

/// A model in use, ready to be asked.
#[derive(Debug)]
pub(crate) struct Asked {
    model: Model,
    schema: &'static Schema,
    columns: Vec<Column>,
    reading: Reading,
}

impl Asked {
    /// The model of a file, for records of its own schema.
    pub(crate) fn new(file: &[u8]) -> Result<Self, String> {
        let model = Model::read(file).map_err(|error| error.to_string())?;
        let schema = schema::by_id(model.schema())
            .ok_or_else(|| format!("no schema is called {}", model.schema()))?;
        let mut columns = schema.columns();
        for column in &mut columns {
            let known = model.columns().iter().find(|known| known.name == column.name);
            if let (ColumnKind::Category(words), Some(known)) = (&mut column.kind, known) {
                words.clone_from(known.words.as_ref().unwrap_or(&Vec::new()));
            }
        }
        let reading = model.reading(&columns).map_err(|error| error.to_string())?;
        Ok(Self { model, schema, columns, reading })
    }

    /// What the model says of a record. `at` is now, as text.
    pub(crate) fn predict(&self, record: &Value, at: String) -> Result<Prediction, NotAsked> {
        let values = self.schema.vector(record, &self.columns).map_err(NotAsked::Fields)?;
        let mut inputs = Vec::with_capacity(self.model.columns().len());
        self.reading.row(&values, &mut inputs);
        let score = self.model.score(&inputs);
        let reasons = self.model.explain(&inputs, REASONS).into_iter().map(Reason::from);
        Ok(Prediction {
            result: if score.anomaly { "Anomaly detected!" } else { "Normal traffic" },
            is_anomaly: score.anomaly,
            score: score.raw,
            probability: score.probability,
            threshold: self.model.threshold(),
            model: self.model.id().to_owned(),
            reasons: reasons.collect(),
            submitted: self.submitted(record),
            at,
        })
    }

    /// The fields of the schema that were sent.
    fn submitted(&self, record: &Value) -> Map<String, Value> {
        let cut = |value: &Value| match value {
            Value::String(text) => Value::String(text.chars().take(TOLD).collect()),
            other => other.clone(),
        };
        let sent = |name| Some((String::from(name), cut(record.get(name)?)));
        self.schema.fields.iter().filter_map(|field| sent(field.name)).collect()
    }
}

/// The models in use, by schema.
#[derive(Debug, Default)]
pub(crate) struct Predictor {
    inner: Mutex<Ready>,
}

#[derive(Debug, Default)]
struct Ready {
    models: HashMap<String, Arc<Asked>>,
    /// Rises when another model is put to use: what was read before that is not kept.
    changes: u64,
}

impl Predictor {
    /// The model of a schema, if it is ready.
    pub(crate) fn ready(&self, schema: &str) -> Option<Arc<Asked>> {
        self.lock().models.get(schema).cloned()
    }

    /// Reads the model in use for a schema; none when there is none. Blocks.
    pub(crate) fn load(
        &self,
        control: &Control,
        schema: &str,
    ) -> Result<Option<Arc<Asked>>, Problem> {
        let changes = self.lock().changes;
        let Some(row) = control.active_model(schema)? else { return Ok(None) };
        let file = control.model_file(&row.id)?;
        let asked = Arc::new(Asked::new(&file).map_err(|error| Problem::internal(&error))?);
        let mut ready = self.lock();
        if ready.changes == changes {
            ready.models.insert(schema.to_owned(), Arc::clone(&asked));
        }
        Ok(Some(asked))
    }

    /// Another model is in use from now on.
    pub(crate) fn forget(&self, schema: &str) {
        let mut ready = self.lock();
        ready.changes += 1;
        ready.models.remove(schema);
    }

    fn lock(&self) -> MutexGuard<'_, Ready> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
