//! `config`: check a file, show what holds, print the reference.

use super::print;
use crate::cli::{ConfigCommand, Settings};
use crate::failure::Failure;
use crate::settings;
use crate::terminal::Terminal;
use anomalyzer_engine::Config;
use anomalyzer_engine::config::{Origin, reference};
use std::fmt::Write as _;
use std::path::Path;

pub(super) fn run(command: &ConfigCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check { file } => check(file, terminal),
        ConfigCommand::Show { settings, origin } => show(settings, *origin),
        ConfigCommand::Reference => print(&reference()),
    }
}

fn check(file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let name = file.display().to_string();
    let config = Config::parse(&settings::read(file)?, &name).map_err(|e| settings::faults(&e))?;
    settings::matcher(&[], &config)?;
    settings::indicators(&[], &config, 0, None)?;
    terminal.note(&format!("{name}: good"));
    Ok(())
}

/// Every setting in the form that `--set` takes; with `--origin`, where it comes from.
fn show(settings: &Settings, origin: bool) -> Result<(), Failure> {
    let shown = settings::load(settings)?.show();
    let pair = |key: &str, value: &str| format!("{key} = {value}");
    let width = shown.iter().map(|s| pair(&s.key, &s.value).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for setting in &shown {
        let line = pair(&setting.key, &setting.value);
        let _ = if origin && setting.origin != Origin::Default {
            writeln!(text, "{line:width$}  # {}", setting.origin)
        } else if origin {
            writeln!(text, "{line:width$}  # default")
        } else {
            writeln!(text, "{line}")
        };
    }
    print(&text)
}
