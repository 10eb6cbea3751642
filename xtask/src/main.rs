//! Developer tasks: `cargo xtask TASK`.

mod bench;
mod data;
mod docs;
mod edges;
mod eval;
mod lab;
mod measure;
mod new_detector;
mod section;
mod service;
mod tidy;
mod torture;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask TASK

  tidy                 check house rules and allowed edges between crates
  docs [--check]       write the documents made from tables, or check that they are fresh
  new detector NAME    write a skeleton of a detector and its two lines
  bench                ours beside other tools on one large capture; docs/benchmark.md
  bench indicators     memory and look-ups of a million indicators of threat lists
  bench live           the highest rate on a wire without loss, beside tcpdump and Suricata
  bench store [FLOWS] [--page]
                       the store with ten million flows and a week of series
  torture [PART]       floods, cut files, kills, full disks, stalled clients, interfaces that
                       come and go, bad settings; docs/reliability.md
  eval [--json]        the release binary over all labelled captures; docs/evaluation.md
  eval models          models on public records; their section of docs/evaluation.md
  skipped              say which tests are skipped on this machine
";

fn main() -> ExitCode {
    let lossy = |arg: std::ffi::OsString| arg.to_string_lossy().into_owned();
    let args: Vec<String> = std::env::args_os().skip(1).map(lossy).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["tidy"] => tidy(),
        ["docs"] => docs::write(&root()),
        ["docs", "--check"] => docs::check(&root()),
        ["eval"] => eval::run(false),
        ["eval", "models"] => eval::models(),
        ["eval", "--json"] => eval::run(true),
        ["bench"] => bench::run(),
        ["bench", "indicators"] => bench::indicators::run(),
        ["bench", "live"] => bench::live::run(),
        ["bench", "store-ask", dir] => bench::store::ask_alone(dir),
        ["bench", "store", rest @ ..] => bench::store::run(rest),
        ["torture"] => torture::run(None),
        ["torture", part] => torture::run(Some(part)),
        ["new", "detector", id] => new_detector::run(&root(), id),
        ["measure", report, ..] => measure::inner(report.as_ref(), &raw_args(3)),
        ["skipped"] => skipped(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}

/// Arguments from the `n`-th on, as they are.
fn raw_args(n: usize) -> Vec<std::ffi::OsString> {
    std::env::args_os().skip(n).collect()
}

/// Says which tests have nothing to work on here.
#[allow(clippy::unnecessary_wraps)] // as all tasks
fn skipped() -> Result<(), String> {
    if !data::is_there() {
        println!("skipped: tests on labelled captures (set ANOMALYZER_DATA to their folder)");
    }
    Ok(())
}

fn tidy() -> Result<(), String> {
    let files = tidy::check(&root()).map_err(|e| e.to_string())?;
    let mut problems: Vec<String> = files.iter().map(ToString::to_string).collect();
    problems.extend(edges::problems()?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
