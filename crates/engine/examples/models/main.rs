//! Trains the models that come with the program, and judges them on real captures.
//!
//! ```text
//! models train FOLDER PAGE         writes attack.model, form.model and docs/models.md
//! models judge DATA FOLDER PAGE    scores the flows of the labelled captures below DATA
//! ```
//!
//! Training sees the scenario's labelled flows only; the captures are only ever judged.

mod card;
mod flows;
mod form;
mod judge;
mod page;
mod train;
mod vary;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["train", folder, page] => train::run(Path::new(folder), Path::new(page)),
        ["judge", data, folder, page] => {
            judge::run(Path::new(data), Path::new(folder), Path::new(page))
        }
        _ => Err("usage: models train FOLDER PAGE | models judge DATA FOLDER PAGE".into()),
    };
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
