//! The models on public records: what `anomalyzer model eval` reaches, beside scikit-learn.

use crate::{data, root, section};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// One judgement: a line of the table.
struct Line {
    /// What is judged, for people.
    name: &'static str,
    /// What is asked for; empty if nothing is.
    wanted: &'static str,
    schema: &'static str,
    train: &'static str,
    /// The rest of the options; `@` stands for the folder of the data.
    options: &'static [&'static str],
    passes: fn(&Value) -> bool,
}

const NSL: &str = "nsl-kdd/KDDTrain+.txt.zst";
const UNSW: &str = "unsw-nb15/unsw_nb15_dev.csv.zst";
const CIC: &str = "other-flows/cicids2017_tuesday_bruteforce.csv.zst";

const LINES: &[Line] = &[
    Line {
        name: "NSL-KDD: KDDTrain+ 80/20",
        wanted: "accuracy 99.5 %",
        schema: "nsl-kdd",
        train: NSL,
        options: &["--split", "0.2", "--goal", "known"],
        passes: |v| number(v, "accuracy") >= 0.995,
    },
    Line {
        name: "NSL-KDD: KDDTest+",
        wanted: "accuracy 89 % at 8 % false positives, ROC-AUC 0.965",
        schema: "nsl-kdd",
        train: NSL,
        options: &["--test", "@nsl-kdd/KDDTest+.txt.zst"],
        passes: |v| {
            number(v, "accuracy") >= 0.89
                && number(v, "fpr") <= 0.08
                && number(v, "roc_auc") >= 0.965
        },
    },
    Line {
        name: "NSL-KDD: KDDTest-21",
        wanted: "",
        schema: "nsl-kdd",
        train: NSL,
        options: &["--test", "@nsl-kdd/KDDTest-21.txt.zst"],
        passes: |_| true,
    },
    Line {
        name: "UNSW-NB15 part: 5 folds, equal rows together",
        wanted: "accuracy 97.8 % at 1.9 % false positives",
        schema: "unsw-nb15",
        train: UNSW,
        options: &["--folds", "5", "--goal", "known", "--algorithm", "gbdt"],
        passes: |v| number(v, "accuracy") >= 0.978 && number(v, "fpr") <= 0.019,
    },
    Line {
        name: "CICIDS2017 Tuesday 70/30",
        wanted: "accuracy 99.97 %",
        schema: "cic",
        train: CIC,
        options: &["--split", "0.3", "--goal", "known"],
        passes: |v| number(v, "accuracy") >= 0.9997,
    },
    Line {
        name: "CICIDS2017 Tuesday 70/30, kinds of attacks left out",
        wanted: "",
        schema: "cic",
        train: CIC,
        options: &["--split", "0.3"],
        passes: |_| true,
    },
    Line {
        name: "CICIDS2017 Tuesday 70/30, isolation forest, no attack seen",
        wanted: "",
        schema: "cic",
        train: CIC,
        options: &["--split", "0.3", "--algorithm", "isolation"],
        passes: |_| true,
    },
];

/// Runs all judgements and writes their section of docs/evaluation.md; an error when a figure is
/// below what is asked for.
pub(crate) fn run() -> Result<(), String> {
    if !data::is_there() {
        return Err("the records are missing: set ANOMALYZER_DATA".into());
    }
    let (binary, folder) = (data::binary()?, data::folder());
    let mut text = String::from(HEAD);
    let mut below = Vec::new();
    let mut notes = String::new();
    for line in LINES {
        let value = judge(&binary, &folder, line)?;
        let passes = (line.passes)(&value);
        if !passes {
            below.push(line.name);
        }
        let row = row(line, &value, passes);
        print!("{row}");
        text += &row;
        notes += &unseen(line, &value);
    }
    text += &notes;
    text += &compared(&folder);
    section::write(&root().join("docs/evaluation.md"), "models", &text)?;
    if below.is_empty() {
        Ok(())
    } else {
        Err(format!("below what is asked for: {}", below.join(", ")))
    }
}

const HEAD: &str = "\
## Models

Everything is chosen on the training file: trees, threshold, calibration; the other file is looked \
at once. How it is done: [learning.md](learning.md). A threshold for 3 % false positives on \
held-out training records (`--fpr`), or, for splits of one file, the threshold that judges most \
held-out training records rightly (`--goal known`).

| records | accuracy | balanced | recall | false positives | F1 | ROC-AUC | PR-AUC | fit | select | asked for |
|---|---|---|---|---|---|---|---|---|---|---|
";

fn judge(binary: &Path, folder: &Path, line: &Line) -> Result<Value, String> {
    let mut command = Command::new(binary);
    command.args(["model", "eval", "--json", "--quiet", "--schema", line.schema, "--train"]);
    command.arg(folder.join(line.train));
    for option in line.options {
        match option.strip_prefix('@') {
            Some(file) => command.arg(folder.join(file)),
            None => command.arg(option),
        };
    }
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(format!("{}: {}", line.name, String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("{}: {e}", line.name))
}

fn row(line: &Line, value: &Value, passes: bool) -> String {
    let percent = |key: &str| format!("{:.2} %", number(value, key) * 100.0);
    let wanted = match (line.wanted, passes) {
        ("", _) => String::new(),
        (wanted, true) => format!("{wanted}: reached"),
        (wanted, false) => format!("{wanted}: **not reached**"),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {:.4} | {:.4} | {:.1} s | {:.1} s | {wanted} |\n",
        line.name,
        percent("accuracy"),
        percent("balanced_accuracy"),
        percent("recall"),
        percent("fpr"),
        percent("f1"),
        number(value, "roc_auc"),
        number(value, "pr_auc"),
        number(value, "seconds_fit"),
        number(value, "seconds_select"),
    )
}

/// What was found of attacks whose kind was left out of training in turn.
fn unseen(line: &Line, value: &Value) -> String {
    let unseen = &value["unseen_kinds"];
    if unseen.is_null() || line.options.contains(&"known") {
        return String::new();
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "\n{}: of attacks whose kind was left out of training in turn, {:.2} % are found at {:.2} % \
         false positives (all on training records).\n",
        line.name,
        number(unseen, "recall") * 100.0,
        number(unseen, "fpr") * 100.0
    );
    text
}

/// The same tasks in scikit-learn, when Python has it.
fn compared(folder: &Path) -> String {
    let there = Command::new("python3").args(["-c", "import sklearn"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return "\nscikit-learn is not there: nothing to compare with.\n".into();
    }
    let script = root().join("xtask/src/eval/compare.py");
    match Command::new("python3").arg(script).arg(folder).output() {
        Ok(output) if output.status.success() => {
            let table = String::from_utf8_lossy(&output.stdout);
            print!("{table}");
            format!("\nThe same tasks in scikit-learn, on the same machine:\n\n{table}")
        }
        Ok(output) => {
            format!("\nscikit-learn failed: {}\n", String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => format!("\nscikit-learn could not be run: {error}\n"),
    }
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or(f64::NAN)
}
