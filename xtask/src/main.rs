//! Developer tasks: `cargo xtask TASK`.

mod data;
mod docs;
mod edges;
mod eval;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask TASK

  tidy                 check house rules and allowed edges between crates
  docs [--check]       write the documents made from tables, or check that they are fresh
  eval [--json]        the release binary over all labelled captures; docs/evaluation.md
  skipped              say which tests are skipped on this machine
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["tidy"] => tidy(),
        ["docs"] => docs::write(&root()),
        ["docs", "--check"] => docs::check(&root()),
        ["eval"] => eval::run(false),
        ["eval", "--json"] => eval::run(true),
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
