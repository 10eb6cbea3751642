//! `cargo xtask eval`: the release binary over every labelled capture; writes docs/evaluation.md.

mod judge;
mod models;
mod neighbours;
mod page;
mod quiet;
mod truth;

use crate::{data, root, section};
use judge::{Alert, Verdict, judge};
pub(crate) use models::run as models;
use neighbours::Neighbourhood;
use quiet::Quiet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use truth::Labelled;

/// Sections of the document that other commands write.
const SECTIONS: [&str; 2] = ["models", "live-models"];

/// Attacks of level payload that keywords have to find.
const PAYLOAD_FOUND_MIN: usize = 10;

/// One capture with its verdict.
struct Judged {
    label: Labelled,
    verdict: Verdict,
    /// A keyword names who is involved.
    keyword: bool,
}

/// Everything that was measured.
struct Evaluation {
    judged: Vec<Judged>,
    quiet: Vec<Quiet>,
    neighbourhood: Neighbourhood,
}

/// Runs all, prints what is wrong, and fails when a required attack is missed, a benign capture or
/// a quiet office gives a false alarm, or the program fails.
pub(crate) fn run(json: bool) -> Result<(), String> {
    if !data::is_there() {
        return Err("the labelled captures are missing: set ANOMALYZER_DATA".into());
    }
    let folder = data::folder();
    let labels = truth::read(&folder.join("truth.csv"))?;
    let binary = data::binary()?;
    let judged = all(&binary, &folder, &labels);
    if json {
        for one in &judged {
            println!("{}", page::json(one));
        }
        return verdict(&judged, &[]);
    }
    print!("{}", page::failures(&judged));
    println!("\nquiet office: {} seeds of {} hours ...", quiet::SEEDS, quiet::HOURS);
    let quiet = quiet::run(&binary)?;
    print!("{}", page::quiet(&quiet));
    println!("\nthresholds halved and doubled ...");
    let neighbourhood = neighbours::run(&folder, &labels)?;
    print!("{}", page::neighbourhood(&neighbourhood));
    let evaluation = Evaluation { judged, quiet, neighbourhood };
    let path = root().join("docs/evaluation.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let document = page::document(&evaluation) + &section::kept(&old, &SECTIONS);
    std::fs::write(&path, document).map_err(|e| e.to_string())?;
    println!("\nmodels ...");
    let models = models::run();
    verdict(&evaluation.judged, &evaluation.quiet).and(models)
}

/// An error when something is not as it should be.
fn verdict(judged: &[Judged], quiet: &[Quiet]) -> Result<(), String> {
    let bad =
        |v: &Verdict| matches!(v, Verdict::Missed(_) | Verdict::FalseAlarm(_) | Verdict::Failed(_));
    let wrong = judged.iter().filter(|one| bad(&one.verdict)).count();
    if wrong > 0 {
        return Err(format!("{wrong} of {} captures are not as they should be", judged.len()));
    }
    let payload = judged.iter().filter(|one| one.label.is_payload() && one.keyword).count();
    if payload < PAYLOAD_FOUND_MIN {
        return Err(format!("keywords find {payload} attacks, fewer than {PAYLOAD_FOUND_MIN}"));
    }
    match quiet.iter().filter(|q| !q.claims.is_empty()).count() {
        0 => Ok(()),
        n => Err(format!("{n} of {} quiet offices raise an alarm", quiet.len())),
    }
}

/// Every capture with its verdict, in the order of the labels.
fn all(binary: &Path, folder: &Path, labels: &[Labelled]) -> Vec<Judged> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(label) = labels.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let judged = one(binary, folder, label);
                    if let Ok(mut results) = results.lock() {
                        results.push(judged);
                    }
                }
            });
        }
    });
    let mut results: Vec<Judged> = results.into_inner().unwrap_or_default();
    results.sort_by(|a, b| {
        let key = |l: &Labelled| (!l.attack, l.kind.clone(), l.file.clone());
        key(&a.label).cmp(&key(&b.label))
    });
    results
}

fn one(binary: &Path, folder: &Path, label: &Labelled) -> Judged {
    let label = label.clone();
    match alerts(binary, &folder.join(&label.file)) {
        Ok(alerts) => {
            let (verdict, keyword) = (judge(&label, &alerts), judge::has_keyword(&label, &alerts));
            Judged { label, verdict, keyword }
        }
        Err(why) => Judged { label, verdict: Verdict::Failed(why), keyword: false },
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
