//! How the evaluation is written: a document, a list of failures, NDJSON.

use super::judge::Verdict;
use super::neighbours::{Neighbourhood, Row, Score};
use super::quiet::{self, Quiet};
use super::truth::{Labelled, expected};
use super::{Evaluation, Judged};
use serde_json::json;
use std::fmt::Write as _;

type Results = [Judged];

/// One line of NDJSON.
pub(super) fn json(judged: &Judged) -> serde_json::Value {
    let Judged { label, verdict, keyword } = judged;
    let (word, detail) = words(verdict);
    json!({
        "file": label.file, "kind": label.kind, "attack": label.attack,
        "verdict": word, "detail": detail, "keyword": keyword,
    })
}

/// What is not as it should be, one line each, and the totals.
pub(super) fn failures(results: &Results) -> String {
    let mut text = String::new();
    for Judged { label, verdict, .. } in results {
        if matches!(verdict, Verdict::Missed(_) | Verdict::FalseAlarm(_) | Verdict::Failed(_)) {
            let (word, detail) = words(verdict);
            let _ = writeln!(text, "{word:12} {:44} {:20} {detail}", label.file, label.kind);
        }
    }
    text.push_str(&totals(results));
    text
}

/// The quiet office: a line for each seed that was not, and the total.
pub(super) fn quiet(quiet: &[Quiet]) -> String {
    let mut text = String::new();
    let loud = quiet.iter().filter(|q| !q.claims.is_empty());
    for Quiet { seed, claims, .. } in loud.clone() {
        let _ = writeln!(text, "seed {seed}: {}", claims.join("; "));
    }
    let statistics: usize = quiet.iter().map(|q| q.statistics).sum();
    let hours = quiet.len() * quiet::HOURS as usize;
    let _ = writeln!(
        text,
        "{} of {} offices without an alert of medium or above; {statistics} alerts below that \
         in {hours} hours.",
        quiet.len() - loud.count(),
        quiet.len(),
    );
    text
}

/// What halving and doubling does, as a table; thresholds without any effect in one line.
pub(super) fn neighbourhood(all: &Neighbourhood) -> String {
    let mut text = String::from(
        "| threshold | default | found | false alarms | half: found | false alarms \
         | double: found | false alarms |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut steady = Vec::new();
    for row in &all.rows {
        let Some((score, wanted)) = all.defaults.get(row.detector) else { continue };
        let name = format!("{}.{}", row.detector, row.key);
        if row.moved.iter().flatten().all(|(_, moved)| moved == score) {
            steady.push(format!("`{name}`"));
            continue;
        }
        let _ = write!(text, "| `{name}` | {} | {} of {wanted} |", row.default, score.found);
        let _ = write!(text, " {} |", score.false_alarms);
        neighbours(&mut text, row, *score);
    }
    let _ = writeln!(text, "\nNo effect on any capture, halved or doubled: {}.", steady.join(", "));
    text
}

fn neighbours(text: &mut String, row: &Row, default: Score) {
    for moved in row.moved {
        let _ = match moved {
            Some((_, score)) if score == default => write!(text, " = | = |"),
            Some((value, score)) => {
                write!(text, " {} (at {value}) | {} |", score.found, score.false_alarms)
            }
            None => write!(text, " limit | |"),
        };
    }
    text.push('\n');
}

/// `docs/evaluation.md`. Nothing in it depends on the machine or the day.
pub(super) fn document(evaluation: &Evaluation) -> String {
    let results = &evaluation.judged;
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
    table(&mut text, "Attacks that are reported apart", results, attacks(false));
    table(&mut text, "Benign captures that look like attacks", results, |l| {
        !l.attack && l.is_hard()
    });
    let loud =
        |one: &&Judged| !one.label.attack && !one.label.is_hard() && one.verdict != Verdict::Quiet;
    let _ = write!(text, "\n## False alarms on benign captures\n\n");
    rows(&mut text, &results.iter().filter(loud).collect::<Vec<_>>());
    text.push_str("\n## A quiet office\n\nThe scenario's office at work, without an attack.\n\n");
    text.push_str(&quiet(&evaluation.quiet));
    text.push_str(
        "\n## Thresholds halved and doubled\n\nEvery number of every detector that claims attacks, \
         one at a time, over the same captures: attacks found and benign captures with a false \
         alarm. `=` is the same as at the default, `limit` the end of the setting's range.\n\n",
    );
    text.push_str(&neighbourhood(&evaluation.neighbourhood));
    text
}

fn totals(results: &Results) -> String {
    let count =
        |test: fn(&Verdict) -> bool| results.iter().filter(|one| test(&one.verdict)).count();
    let found = count(|v| matches!(v, Verdict::Found(_)));
    let missed = count(|v| matches!(v, Verdict::Missed(_)));
    let quiet = count(|v| *v == Verdict::Quiet);
    let alarms = count(|v| matches!(v, Verdict::FalseAlarm(_)));
    let hard = count(|v| matches!(v, Verdict::Hard(_)));
    let hard_loud = count(|v| matches!(v, Verdict::Hard(t) if !t.is_empty()));
    let later = count(|v| matches!(v, Verdict::NotRequired(_)));
    let later_found = count(|v| matches!(v, Verdict::NotRequired(Some(_))));
    let failed = count(|v| matches!(v, Verdict::Failed(_)));
    let payload: Vec<_> = results.iter().filter(|one| one.label.is_payload()).collect();
    let keyword = payload.iter().filter(|one| one.keyword).count();
    format!(
        "| captures | count |\n|---|---|\n\
         | required attacks found | {found} of {} |\n\
         | benign captures without a false alarm | {quiet} of {} |\n\
         | benign captures that look like attacks, with an alert | {hard_loud} of {hard} |\n\
         | attacks of level payload with a keyword alert | {keyword} of {} |\n\
         | attacks reported apart, found by a detector of their kind | {later_found} of {later} |\n\
         | captures that made the program fail | {failed} |\n",
        found + missed,
        quiet + alarms,
        payload.len(),
    )
}

fn table(text: &mut String, title: &str, results: &Results, fits: impl Fn(&Labelled) -> bool) {
    let _ = write!(text, "\n## {title}\n\n");
    rows(text, &results.iter().filter(|one| fits(&one.label)).collect::<Vec<_>>());
}

fn rows(text: &mut String, rows: &[&Judged]) {
    if rows.is_empty() {
        text.push_str("None.\n");
        return;
    }
    text.push_str("| capture | kind | verdict | alert |\n|---|---|---|---|\n");
    for Judged { label, verdict, keyword } in rows {
        let (word, detail) = match words(verdict) {
            (_, detail) if *verdict == Verdict::NotRequired(None) && *keyword => {
                ("keyword", detail)
            }
            told => told,
        };
        let name = label.file.rsplit('/').next().unwrap_or_default();
        let detail = detail.replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} | {word} | {detail} |", label.kind);
    }
}

fn words(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Found(title) | Verdict::NotRequired(Some(title)) => ("found", title.clone()),
        Verdict::Missed(why) => ("missed", why.clone()),
        Verdict::NotRequired(None) => ("no", String::new()),
        Verdict::Quiet => ("quiet", String::new()),
        Verdict::FalseAlarm(titles) => ("false alarm", titles.join("; ")),
        Verdict::Hard(titles) if titles.is_empty() => ("quiet", String::new()),
        Verdict::Hard(titles) => ("alert", titles.join("; ")),
        Verdict::Failed(why) => ("failed", why.clone()),
    }
}
