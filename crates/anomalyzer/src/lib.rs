//! The binary's inside: command line, settings, threads and wiring.
//!
//! Nothing else may depend on it but developer tasks, which make the documents out of
//! [`command_line`]. One file per command in `commands`; `pipeline` knows who runs where.

mod cli;
mod clock;
mod commands;
mod data_dir;
mod failure;
mod input;
mod log;
mod memory;
mod output;
mod pipeline;
mod progress;
mod reload;
mod service;
mod settings;
mod stats;
mod stop;
mod terminal;
mod words;

use clap::{CommandFactory, FromArgMatches};
use failure::{Failure, Kind};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments (the first is its own name).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = command_line().try_get_matches_from(args).and_then(|matches| {
        let color = matches.get_one::<cli::Color>("color").copied().unwrap_or_default();
        cli::Cli::from_arg_matches(&matches).map(|cli| (color, cli))
    });
    let (color, cli) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    let terminal = terminal::Terminal::new(color, cli.quiet, cli.verbose);
    std::panic::set_hook(Box::new(terminal::report_panic));
    let result = std::panic::catch_unwind(|| commands::run(&cli, &terminal))
        .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure.kind(), Kind::PipeClosed) {
                terminal.complain(&failure.to_string());
            }
            failure.code()
        }
    }
}

/// The command line as a table, for parsing, help, completions, man page and documents.
pub fn command_line() -> clap::Command {
    cli::Cli::command()
}

/// A settings file with every setting and its default, for documents.
pub fn config_reference() -> String {
    anomalyzer_engine::config::reference()
}

/// Prints clap's message: help and version are no failures.
fn usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() { 2 } else { 0 };
    // When even this cannot be written there is nobody to tell.
    let _ = error.print();
    ExitCode::from(code)
}
