//! What each attack is told as, word for word: one file in `golden/` for each kind of attack.
//!
//! The files are there to be read. A change of a detector's words or numbers shows in them, and
//! whoever made it looks at what the operator will read. The attack stands alone where its
//! detector finds it so, which keeps the runs short, else it comes in the office of `scenarios`.

use crate::scenarios::{detectors, plan, tuned};
use anomalyzer_engine::alert::Alert;
use anomalyzer_engine::finding::Evidence;
use anomalyzer_scenario::{AttackKind, Origin, Plan, generate};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Longest title, in characters.
const TITLE_MAX: usize = 120;
/// Kinds that only the office shows as they are: what was there before is half of the story.
const IN_OFFICE: [&str; 1] = ["rogue-dhcp"];
/// Alerts of one kind that are written out; more are counted.
const SHOWN_MAX: usize = 3;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pipeline/golden")
}

/// Whether the files are to be written instead of compared.
fn update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Kinds whose detector exists.
fn kinds() -> Vec<AttackKind> {
    let detectors = detectors();
    AttackKind::ALL.iter().copied().filter(|kind| detectors.contains(kind.detector())).collect()
}

/// The alerts of the kind's own detector, most severe first.
fn told(kind: AttackKind) -> Vec<Alert> {
    let alerts = |plan: &Plan| {
        let mut alerts = tuned(kind).frames(generate(plan)).alerts;
        alerts.retain(|alert| alert.detector == kind.detector());
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        alerts
    };
    let alone = if IN_OFFICE.contains(&kind.name()) {
        Vec::new()
    } else {
        alerts(&Plan::attack_alone(7, kind, Origin::Default))
    };
    if alone.is_empty() { alerts(&plan(kind)) } else { alone }
}

/// At most three digits behind the point, as far as they say something.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn evidence(out: &mut String, evidence: &Evidence) {
    let Evidence { name, value, threshold, window_s, mean, z } = evidence;
    write!(out, "  {name} {}", number(*value)).unwrap();
    let rest = [("threshold", threshold), ("window_s", window_s), ("mean", mean), ("z", z)];
    for (what, value) in rest {
        if let Some(value) = value {
            write!(out, ", {what} {}", number(*value)).unwrap();
        }
    }
    out.push('\n');
}

fn page(alerts: &[Alert]) -> String {
    let mut out = String::new();
    for alert in alerts.iter().take(SHOWN_MAX) {
        let technique = if alert.technique.is_empty() { "-" } else { &alert.technique };
        writeln!(out, "{} {} ({technique})", alert.severity.name(), alert.detector).unwrap();
        writeln!(out, "{}\n\n{}\n", alert.title, alert.explanation).unwrap();
        alert.evidence.iter().for_each(|value| evidence(&mut out, value));
        writeln!(out, "\n{}\n", alert.advice).unwrap();
    }
    match alerts.len().saturating_sub(SHOWN_MAX) {
        0 => out.truncate(out.trim_end().len() + 1),
        more => writeln!(out, "and {more} more").unwrap(),
    }
    out
}

/// What is wrong with an alert whatever it says.
fn faults(alert: &Alert) -> Vec<&'static str> {
    let Alert { title, explanation, advice, evidence, .. } = alert;
    let doubled = |text: &str| text.contains("  ") || text.contains("..") || text.contains(" ,");
    let empty = [" 0 s", " 0 min", " 0 B", "NaN", " inf ", ": 0 ", " , "];
    let one = explanation.split(['.', ',', ';', ':', '(', ')']).any(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        words.windows(2).any(|pair| {
            matches!(pair, ["1", noun] if noun.len() > 2 && noun.ends_with('s') && !noun.ends_with("ss"))
        })
    });
    [
        (title.chars().count() > TITLE_MAX || title.contains('\n'), "title is not one line of 120"),
        (title.is_empty() || title.ends_with('.'), "title is empty or a sentence"),
        (!explanation.ends_with('.'), "explanation is no sentence"),
        (doubled(&explanation.replace("...", "")) || doubled(title), "doubled or loose mark"),
        (empty.iter().any(|part| explanation.contains(part)), "explanation holds an empty value"),
        (one, "one of many in the explanation"),
        (evidence.is_empty(), "no evidence"),
        (!advice.contains("If this is expected"), "advice does not say how to stop seeing it"),
    ]
    .into_iter()
    .filter_map(|(wrong, what)| wrong.then_some(what))
    .collect()
}

/// Compares with the file of the kind, or writes it; says what is wrong.
fn check(kind: AttackKind) -> Vec<String> {
    let alerts = told(kind);
    let name = format!("{}.txt", kind.name());
    if alerts.is_empty() {
        return vec![format!("{name}: {} says nothing", kind.detector())];
    }
    let mut wrong = Vec::new();
    for alert in &alerts {
        wrong.extend(faults(alert).iter().map(|what| format!("{name}: {what}: {}", alert.title)));
    }
    let (page, path) = (page(&alerts), folder().join(&name));
    if update() {
        std::fs::write(&path, page).unwrap();
    } else if std::fs::read_to_string(&path).unwrap_or_default() != page {
        wrong.push(format!("{name}: is told otherwise now:\n{page}"));
    }
    wrong
}

/// Files in the folder that belong to no kind.
fn stale(kinds: &[AttackKind]) -> Vec<String> {
    let names: BTreeSet<String> = kinds.iter().map(|kind| format!("{}.txt", kind.name())).collect();
    let files = std::fs::read_dir(folder()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let stale = files.filter(|file| !names.contains(file));
    stale.map(|file| format!("{file}: no kind of attack has this name")).collect()
}

#[test]
fn each_attack_is_told_as_written() {
    let kinds = kinds();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(check(*kind));
        }
        wrong
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut wrong = stale(&kinds);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            wrong.extend(worker.join().unwrap());
        }
    });
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{}\n\nRead the new words; when they are meant, UPDATE_GOLDEN=1 cargo test \
         -p anomalyzer-engine --test pipeline golden writes them.",
        wrong.join("\n")
    );
}
