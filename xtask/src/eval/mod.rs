//! `cargo xtask eval`: the release binary over every labelled capture; writes docs/evaluation.md.

mod judge;
mod page;
mod truth;

use crate::{data, root};
use judge::{Alert, Verdict, judge};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use truth::Labelled;

/// Runs all, prints what is wrong, and fails when a required attack is missed, a benign capture
/// gives a false alarm or the program fails.
pub(crate) fn run(json: bool) -> Result<(), String> {
    if !data::is_there() {
        return Err("the labelled captures are missing: set ANOMALYZER_DATA".into());
    }
    let folder = data::folder();
    let labels = truth::read(&folder.join("truth.csv"))?;
    let binary = data::binary()?;
    let results = all(&binary, &folder, &labels);
    if json {
        for (label, verdict) in &results {
            println!("{}", page::json(label, verdict));
        }
    } else {
        print!("{}", page::failures(&results));
    }
    let path = root().join("docs/evaluation.md");
    std::fs::write(&path, page::document(&results)).map_err(|e| e.to_string())?;
    let bad =
        |v: &Verdict| matches!(v, Verdict::Missed(_) | Verdict::FalseAlarm(_) | Verdict::Failed(_));
    match results.iter().filter(|(_, v)| bad(v)).count() {
        0 => Ok(()),
        n => Err(format!("{n} of {} captures are not as they should be", results.len())),
    }
}

/// Every capture with its verdict, in the order of the labels.
fn all(binary: &Path, folder: &Path, labels: &[Labelled]) -> Vec<(Labelled, Verdict)> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(label) = labels.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = one(binary, folder, label);
                    if let Ok(mut results) = results.lock() {
                        results.push((label.clone(), verdict));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|(a, _), (b, _)| {
        (!a.attack, &a.kind, &a.file).cmp(&(!b.attack, &b.kind, &b.file))
    });
    results
}

fn one(binary: &Path, folder: &Path, label: &Labelled) -> Verdict {
    match alerts(binary, &folder.join(&label.file)) {
        Ok(alerts) => judge(label, &alerts),
        Err(why) => Verdict::Failed(why),
    }
}

fn alerts(binary: &Path, file: &Path) -> Result<Vec<Alert>, String> {
    let output = Command::new(binary)
        .args(["analyze", "--json", "--only", "alerts", "--quiet", "--workers", "1"])
        .arg(file)
        .output()
        .map_err(|e| e.to_string())?;
    // Some captures are cut: what was whole counts.
    if !matches!(output.status.code(), Some(0 | 3)) {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, message.lines().last().unwrap_or_default()));
    }
    String::from_utf8_lossy(&output.stdout).lines().map(Alert::parse).collect()
}
