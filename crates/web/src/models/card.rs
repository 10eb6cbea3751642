//! The card of a model: what it is, what it was made of, what it reached, what it cannot do.

use anomalyzer_learn::model::{Model, ModelKind};
use anomalyzer_learn::schema;
use std::fmt::Write;

/// The card of a trained model, Markdown. `data` names what it was trained on, `digest` is
/// that of it.
pub(super) fn of(model: &Model, data: &str, digest: &str, held_out: usize) -> String {
    let training = model.training();
    let metrics = model.metrics();
    let title = schema::by_id(model.schema()).map_or(model.schema(), |schema| schema.title);
    let kind = match model.kind() {
        ModelKind::Gbdt => "gradient-boosted trees",
        ModelKind::Forest => "a random forest",
        ModelKind::Isolation => "an isolation forest (learned from normal records only)",
    };
    let mut card = format!("# Model {} of records of {title}\n\n", model.id());
    // Writing to a string does not fail.
    let _ = writeln!(card, "{} trees: {kind}.\n", model.trees());
    let _ = writeln!(
        card,
        "**Data.** {data}: {} records, {} of them attacks. SHA-256 {}, seed {}. {held_out} further \
         records were held out for comparing it with other models.\n",
        training.rows, training.attacks, digest, training.seed
    );
    let _ = writeln!(
        card,
        "**Reached** in cross-validation: {:.2} % of the attacks found, {:.2} % false alarms \
         (wanted: {:.2} %), area under the ROC curve {:.4}.\n",
        metrics.recall * 100.0,
        metrics.fpr * 100.0,
        training.fpr * 100.0,
        metrics.roc_auc
    );
    card.push_str(
        "**Limits.** It knows attacks that look like those it was trained on. On another network \
         than that of its data it may find less and raise more false alarms: judge it by records \
         of that network.\n",
    );
    card
}
