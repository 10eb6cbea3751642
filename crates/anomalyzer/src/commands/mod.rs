//! One file per command.

mod analyze;
mod backtest;
mod completions;
mod config;
mod demo;
mod detectors;
mod doctor;
mod feedback;
mod indicators;
mod interfaces;
mod keywords;
mod model;
mod run;
mod scenario;
mod stored;
mod suppress;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::terminal::Terminal;
use std::io::Write;

/// Runs the command.
pub(crate) fn run(cli: &Cli, terminal: &Terminal) -> Result<(), Failure> {
    match &cli.command {
        Command::Run(options) => run::run(options, terminal),
        Command::Demo(options) => demo::run(options, terminal),
        Command::Analyze(options) => analyze::run(options, terminal),
        Command::Backtest(options) => backtest::run(options, terminal),
        Command::Flows(options) => stored::flows(options, terminal),
        Command::Alerts(options) => stored::alerts(options, terminal),
        Command::Devices(options) => stored::devices(options, terminal),
        Command::Store(command) => stored::store(command, terminal),
        Command::User(command) => stored::user(command),
        Command::Token(command) => stored::token(command),
        Command::Model(command) => model::run(command, terminal),
        Command::Detectors(options) => detectors::run(options),
        Command::Config(command) => config::run(command, terminal),
        Command::Keywords(options) => keywords::run(options, terminal),
        Command::Indicators(command) => indicators::run(command),
        Command::Suppress(options) => suppress::run(options, terminal),
        Command::Feedback(options) => feedback::run(options, terminal),
        Command::Interfaces => interfaces::run(),
        Command::Doctor(options) => doctor::run(options, terminal),
        Command::Scenario(command) => scenario::run(command, terminal),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man => completions::man(),
        Command::Version => print(&format!("anomalyzer {}\n", env!("CARGO_PKG_VERSION"))),
    }
}

/// Worker threads: as asked for, or by the machine. Reader and correlator take a core too.
pub(crate) fn workers(asked: Option<u16>) -> usize {
    const WORKERS_MAX: usize = 4;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(|| cores().saturating_sub(1).clamp(1, WORKERS_MAX), usize::from)
}

/// Writes a whole text to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::writing("standard output", &e))
}
