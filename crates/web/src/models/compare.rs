//! Two models on the same records.

use super::held;
use super::shapes::ShownMetrics;
use anomalyzer_learn::data::Table;
use anomalyzer_learn::model::Model;
use anomalyzer_learn::train::{Metrics, evaluate};
use anomalyzer_store::control::ModelRow;
use anomalyzer_store::{Control, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// How a model does beside the one in use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// Records that were judged; the model was not trained on them. 0: none were kept.
    pub held_out_rows: u64,
    /// The model on them; without records what it reached in training.
    #[schema(value_type = ShownMetrics)]
    pub candidate: Metrics,
    /// The model in use on the same records.
    #[schema(value_type = Option<ShownMetrics>)]
    pub active: Option<Metrics>,
    /// The model does better than the one in use, or none is in use.
    pub better: bool,
    /// The same in words.
    pub text: String,
}

/// Compares a model with the one in use for its schema, on the records that were held out when it
/// was trained; for a model without such records on those of the one in use.
pub fn compare(control: &Control, id: &str) -> Result<Comparison, StoreError> {
    let row = control.model(id)?;
    let model = read(control, &row)?;
    let active = control.active_model(&row.schema)?.filter(|active| active.id != row.id);
    let own = control.model_held(id)?.as_deref().and_then(held::read);
    let theirs = |active: &ModelRow| -> Result<_, StoreError> {
        Ok(control.model_held(&active.id)?.as_deref().and_then(held::read))
    };
    let is_own = own.is_some();
    let records = match (own, &active) {
        (Some(own), _) => Some(own),
        (None, Some(active)) => theirs(active)?,
        (None, None) => None,
    };
    let Some(records) = records.filter(|records| !records.is_empty()) else {
        return Ok(without_records(&model, active.as_ref()));
    };
    let candidate = judged(&model, &records)?;
    let active = match &active {
        Some(active) => Some((active, judged(&read(control, active)?, &records)?)),
        None => None,
    };
    Ok(told(&records, candidate, active, is_own, &row))
}

fn read(control: &Control, row: &ModelRow) -> Result<Model, StoreError> {
    Model::read(&control.model_file(&row.id)?)
        .map_err(|error| StoreError::Invalid(format!("model {}: {error}", row.id)))
}

fn judged(model: &Model, records: &Table) -> Result<Metrics, StoreError> {
    evaluate(model, records).map_err(|error| StoreError::Invalid(error.to_string()))
}

fn without_records(model: &Model, active: Option<&ModelRow>) -> Comparison {
    let text = match active {
        None => "No model is in use yet, and no records were held out to judge this one by.",
        Some(_) => {
            "No records were held out when these models were trained, so they cannot be compared. \
             Train a candidate on records of your own."
        }
    };
    Comparison {
        held_out_rows: 0,
        candidate: model.metrics().clone(),
        active: None,
        better: active.is_none(),
        text: text.to_owned(),
    }
}

fn told(
    records: &Table,
    candidate: Metrics,
    active: Option<(&ModelRow, Metrics)>,
    is_own: bool,
    row: &ModelRow,
) -> Comparison {
    let rows = records.len() as u64;
    let better = active.as_ref().is_none_or(|(_, active)| is_better(&candidate, active));
    let mut text = format!("On the same {rows} held-out records this model {}", found(&candidate));
    match &active {
        None => text.push_str(". No model is in use yet."),
        Some((_, active)) => {
            text = format!("{text}, the one in use {}.", found(active));
        }
    }
    if let Some((active, _)) = &active
        && active.digest == row.digest
    {
        text.push_str(
            " Both were trained on the same data, so the one in use may have seen some of them.",
        );
    }
    if !is_own {
        text.push_str(
            " They were held out from the model in use; whether this model has seen them is not known.",
        );
    }
    Comparison {
        held_out_rows: rows,
        candidate,
        active: active.map(|(_, metrics)| metrics),
        better,
        text,
    }
}

fn found(metrics: &Metrics) -> String {
    format!(
        "finds {:.1} % of the attacks at {:.2} % false alarms",
        metrics.recall * 100.0,
        metrics.fpr * 100.0
    )
}

/// By how many records of both classes are judged rightly; then by how well scores tell them apart.
fn is_better(a: &Metrics, b: &Metrics) -> bool {
    (a.balanced_accuracy, a.roc_auc) > (b.balanced_accuracy, b.roc_auc)
}
