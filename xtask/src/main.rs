//! Developer tasks: `cargo xtask TASK`.

mod docs;
mod edges;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask TASK

  tidy                 check house rules and allowed edges between crates
  docs [--check]       write the documents made from tables, or check that they are fresh
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["tidy"] => tidy(),
        ["docs"] => docs::write(&root()),
        ["docs", "--check"] => docs::check(&root()),
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

fn tidy() -> Result<(), String> {
    let files = tidy::check(&root()).map_err(|e| e.to_string())?;
    let mut problems: Vec<String> = files.iter().map(ToString::to_string).collect();
    problems.extend(edges::problems()?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
