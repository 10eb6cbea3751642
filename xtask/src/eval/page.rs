//! How the evaluation is written: a document, a list of failures, NDJSON.

use super::judge::Verdict;
use super::truth::{Labelled, expected};
use serde_json::json;
use std::fmt::Write as _;

type Results = [(Labelled, Verdict)];

/// One line of NDJSON.
pub(super) fn json(label: &Labelled, verdict: &Verdict) -> serde_json::Value {
    let (word, detail) = words(verdict);
    json!({
        "file": label.file, "kind": label.kind, "attack": label.attack,
        "verdict": word, "detail": detail,
    })
}

/// What is not as it should be, one line each, and the totals.
pub(super) fn failures(results: &Results) -> String {
    let mut text = String::new();
    for (label, verdict) in results {
        if matches!(verdict, Verdict::Missed(_) | Verdict::FalseAlarm(_) | Verdict::Failed(_)) {
            let (word, detail) = words(verdict);
            let _ = writeln!(text, "{word:12} {:44} {:20} {detail}", label.file, label.kind);
        }
    }
    text.push_str(&totals(results));
    text
}

/// `docs/evaluation.md`. Nothing in it depends on the machine or the day.
pub(super) fn document(results: &Results) -> String {
    let mut text = String::from(
        "# Evaluation on real captures\n\n<!-- Written by `make eval`. -->\n\n\
         The release binary with default settings over every labelled capture: public captures of \
         real tools and networks. An attack counts as found when the right detector raises an alert \
         of severity medium or above that names the attacker (or, where there is no single one, the \
         victim). A benign capture must not raise any alert of medium or above.\n\n",
    );
    text.push_str(&totals(results));
    let attacks = |required: bool| {
        move |l: &Labelled| l.attack && expected(&l.kind).is_some_and(|e| e.1) == required
    };
    table(&mut text, "Attacks that must be found", results, attacks(true));
    table(&mut text, "Attacks that are not required yet", results, attacks(false));
    table(&mut text, "Benign captures that look like attacks", results, |l| {
        !l.attack && l.is_hard()
    });
    let loud = |l: &Labelled, v: &Verdict| !l.attack && !l.is_hard() && *v != Verdict::Quiet;
    let alarms: Vec<_> = results.iter().filter(|(l, v)| loud(l, v)).cloned().collect();
    table(&mut text, "False alarms on benign captures", &alarms, |_| true);
    text
}

fn totals(results: &Results) -> String {
    let count = |test: fn(&Verdict) -> bool| results.iter().filter(|(_, v)| test(v)).count();
    let found = count(|v| matches!(v, Verdict::Found(_)));
    let missed = count(|v| matches!(v, Verdict::Missed(_)));
    let quiet = count(|v| *v == Verdict::Quiet);
    let alarms = count(|v| matches!(v, Verdict::FalseAlarm(_)));
    let hard = count(|v| matches!(v, Verdict::Hard(_)));
    let hard_loud = count(|v| matches!(v, Verdict::Hard(t) if !t.is_empty()));
    let later = count(|v| matches!(v, Verdict::NotRequired(_)));
    let later_found = count(|v| matches!(v, Verdict::NotRequired(Some(_))));
    let failed = count(|v| matches!(v, Verdict::Failed(_)));
    format!(
        "| captures | count |\n|---|---|\n\
         | required attacks found | {found} of {} |\n\
         | benign captures without a false alarm | {quiet} of {} |\n\
         | benign captures that look like attacks, with an alert | {hard_loud} of {hard} |\n\
         | attacks not required yet, found all the same | {later_found} of {later} |\n\
         | captures that made the program fail | {failed} |\n",
        found + missed,
        quiet + alarms,
    )
}

fn table(text: &mut String, title: &str, results: &Results, fits: impl Fn(&Labelled) -> bool) {
    let _ = write!(text, "\n## {title}\n\n");
    let rows: Vec<_> = results.iter().filter(|(l, _)| fits(l)).collect();
    if rows.is_empty() {
        text.push_str("None.\n");
        return;
    }
    text.push_str("| capture | kind | verdict | alert |\n|---|---|---|---|\n");
    for (label, verdict) in rows {
        let (word, detail) = words(verdict);
        let name = label.file.rsplit('/').next().unwrap_or_default();
        let detail = detail.replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} | {word} | {detail} |", label.kind);
    }
}

fn words(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Found(title) | Verdict::NotRequired(Some(title)) => ("found", title.clone()),
        Verdict::Missed(why) => ("missed", why.clone()),
        Verdict::NotRequired(None) => ("not yet", String::new()),
        Verdict::Quiet => ("quiet", String::new()),
        Verdict::FalseAlarm(titles) => ("false alarm", titles.join("; ")),
        Verdict::Hard(titles) if titles.is_empty() => ("quiet", String::new()),
        Verdict::Hard(titles) => ("alert", titles.join("; ")),
        Verdict::Failed(why) => ("failed", why.clone()),
    }
}
