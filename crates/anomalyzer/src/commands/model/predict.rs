//! `model predict`: one record, scored and explained.

use super::files;
use crate::cli::model::ModelPredict;
use crate::commands::print;
use crate::failure::Failure;
use serde_json::json;

/// Reasons that are told.
const REASONS: usize = 5;

pub(super) fn run(options: &ModelPredict) -> Result<(), Failure> {
    let schema = files::schema(&options.schema)?;
    let model = files::model(&options.model)?;
    if model.schema() != schema.id {
        let message =
            format!("the model scores records of {}, not of {}", model.schema(), schema.id);
        return Err(Failure::usage(message));
    }
    let record = serde_json::from_str(&options.json)
        .map_err(|error| Failure::usage(format!("--json is not JSON: {error}")))?;
    let values = schema.vector(&record, &model.table_columns()).map_err(|faults| {
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect();
        Failure::usage(lines.join("; "))
    })?;
    let score = model.score(&values);
    let reasons: Vec<_> = model
        .explain(&values, REASONS)
        .into_iter()
        .map(
            |r| json!({"feature": r.feature, "value": r.value, "weight": r.weight, "text": r.text}),
        )
        .collect();
    let result = if score.anomaly { "Anomaly detected!" } else { "Normal traffic" };
    let answer = json!({
        "is_anomaly": score.anomaly,
        "score": score.probability,
        "threshold": model.threshold(),
        "result": result,
        "reasons": reasons,
        "model": model.id(),
    });
    print(&format!("{answer}\n"))
}
