//! The JSON shapes of models, schemas and faults.

use crate::json::{Raw, seconds};
use anomalyzer_learn::data::Fault;
use anomalyzer_learn::schema::{Kind, Schema};
use anomalyzer_store::control::ModelRow;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Records by what they were and what was said.
#[derive(ToSchema)]
#[schema(as = Confusion)]
#[expect(dead_code, reason = "documentation")]
pub(crate) struct ShownConfusion {
    /// Attacks that were found.
    tp: u64,
    /// Normal records that were taken for attacks.
    fp: u64,
    /// Normal records that were left alone.
    tn: u64,
    /// Attacks that were missed.
    r#fn: u64,
}

/// Records of one kind of attack.
#[derive(ToSchema)]
#[schema(as = KindFound)]
#[expect(dead_code, reason = "documentation")]
pub(crate) struct ShownKind {
    kind: String,
    /// Records of it.
    rows: u64,
    /// Those that were found.
    found: u64,
}

/// How well a model does.
#[derive(ToSchema)]
#[schema(as = Metrics)]
#[expect(dead_code, reason = "documentation")]
pub(crate) struct ShownMetrics {
    /// Records that were judged.
    rows: u64,
    accuracy: f64,
    balanced_accuracy: f64,
    precision: f64,
    recall: f64,
    f1: f64,
    /// Share of normal records that were taken for attacks.
    fpr: f64,
    roc_auc: f64,
    pr_auc: f64,
    confusion: ShownConfusion,
    /// False-positive rate and recall, at most 200 points.
    roc: Vec<(f64, f64)>,
    /// Recall and precision, at most 200 points.
    pr: Vec<(f64, f64)>,
    /// What was found of each kind of attack.
    kinds: Vec<ShownKind>,
}

/// A model of the registry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelItem {
    /// The first 12 hex digits of its file's SHA-256.
    pub(crate) id: String,
    /// Whose records it scores.
    pub(crate) schema: String,
    /// `gbdt`, `forest`, `isolation`.
    pub(crate) kind: String,
    /// `built-in`, `trained`, `imported`, `site`.
    pub(crate) origin: &'static str,
    pub(crate) created: String,
    /// Records that it was trained on.
    pub(crate) rows: u64,
    /// SHA-256 of the training data.
    pub(crate) digest: String,
    /// `candidate`, `active`, `former`.
    pub(crate) state: &'static str,
    /// Probability from which a record is anomalous.
    pub(crate) threshold: f64,
    #[schema(value_type = Option<ShownMetrics>)]
    pub(crate) metrics: Raw,
    /// What it is, Markdown.
    pub(crate) card: String,
}

/// A model as the API tells it.
pub(crate) fn model_item(row: &ModelRow) -> ModelItem {
    ModelItem {
        id: row.id.clone(),
        schema: row.schema.clone(),
        kind: row.kind.clone(),
        origin: row.origin.name(),
        created: seconds(row.created),
        rows: row.rows,
        digest: row.digest.clone(),
        state: row.state.name(),
        threshold: row.threshold,
        metrics: RawValue::from_string(row.metrics.clone())
            .unwrap_or_else(|_| RawValue::NULL.to_owned()),
        card: row.card.clone(),
    }
}

/// A column of a schema's records.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelColumn)]
pub(crate) struct ColumnItem {
    name: &'static str,
    /// `number`, `category`, `address`.
    kind: &'static str,
    /// All words of a category, where they are known.
    choices: Option<&'static [&'static str]>,
    unit: &'static str,
    min: Option<f64>,
    max: Option<f64>,
    /// A file may lack it.
    optional: bool,
    summary: &'static str,
}

/// A kind of records that models score.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelSchema)]
pub(crate) struct SchemaItem {
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    columns: Vec<ColumnItem>,
}

impl From<&'static Schema> for SchemaItem {
    fn from(schema: &'static Schema) -> Self {
        let columns = schema.fields.iter().map(|field| ColumnItem {
            name: field.name,
            kind: match field.kind {
                Kind::Number | Kind::Rate { .. } => "number",
                Kind::Category => "category",
                Kind::Address => "address",
            },
            choices: (!field.choices.is_empty()).then_some(field.choices),
            unit: field.unit,
            min: field.min,
            max: field.max,
            optional: field.optional,
            summary: field.summary,
        });
        Self {
            id: schema.id,
            title: schema.title,
            summary: schema.summary,
            columns: columns.collect(),
        }
    }
}

/// A row of a file that was left out.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RowFault)]
pub struct FaultItem {
    /// Line at which the record begins, from 1.
    pub line: u64,
    /// Column; null when the row as a whole is wrong.
    pub column: Option<String>,
    /// What is wrong, and what was expected.
    pub why: String,
}

impl From<&Fault> for FaultItem {
    fn from(fault: &Fault) -> Self {
        Self { line: fault.line, column: fault.column.clone(), why: fault.why.clone() }
    }
}
