//! What is told of a model in docs/models.md.

use anomalyzer_learn::train::{Fitted, Metrics};
use std::fmt::Write as _;

/// The figures of a model, as Markdown.
pub(crate) fn of(name: &str, fitted: &Fitted) -> String {
    let model = &fitted.model;
    let training = model.training();
    let mut file = Vec::new();
    let _ = model.write(&mut file);
    let mut text = format!(
        "| | |\n|---|---|\n| file | `crates/learn/models/{name}.model`, {} bytes |\n| id | `{}` |\n\
         | schema | `{}` |\n| trees | {} |\n| columns | {} |\n| flows | {}, of which {} are attacks |\n\
         | digest of the data | `{}` |\n| threshold | {:.3}, for {} % false alarms |\n",
        file.len(),
        model.id(),
        model.schema(),
        model.trees(),
        model.columns().len(),
        training.rows,
        training.attacks,
        training.digest,
        fitted.threshold,
        training.fpr * 100.0,
    );
    text.push_str("\n| held out | recall | false-positive rate | precision | ROC-AUC | PR-AUC |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    line(&mut text, "flows of attacks that it knows", &fitted.metrics);
    if let Some(unseen) = &fitted.unseen {
        line(&mut text, "flows of attacks left out of training in turn", unseen);
        text.push_str("\n| attack, left out of training | flows | found |\n|---|---|---|\n");
        for kind in &unseen.kinds {
            let _ = writeln!(text, "| {} | {} | {} |", kind.kind, kind.rows, kind.found);
        }
    }
    text
}

fn line(text: &mut String, what: &str, m: &Metrics) {
    let _ = writeln!(
        text,
        "| {what} | {:.3} | {:.4} | {:.3} | {:.4} | {:.4} |",
        m.recall, m.fpr, m.precision, m.roc_auc, m.pr_auc
    );
}
