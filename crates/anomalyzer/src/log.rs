//! The log of a program that goes on: lines for people or JSON for machines, on stderr.

use crate::failure::Failure;
use crate::terminal::Terminal;
use clap::ValueEnum;
use std::io::stderr;
use tracing::Level;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Starts logging; `-q` leaves warnings and errors, `-v` adds detail.
pub(crate) fn start(format: Format, terminal: &Terminal) -> Result<(), Failure> {
    let level = terminal.choose(Level::WARN, Level::INFO, Level::DEBUG);
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(stderr);
    let lines = lines.with_target(false).with_ansi(terminal.color_on_stderr());
    let started = match format {
        Format::Text => lines.compact().try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|e| Failure::runtime(format!("cannot log: {e}")))
}
