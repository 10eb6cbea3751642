//! `indicators`: what is read of threat lists, and what is not.

use super::print;
use crate::cli::IndicatorsCommand;
use crate::clock;
use crate::failure::{Failure, Kind};
use crate::settings;
use anomalyzer_engine::Config;
use anomalyzer_engine::text::{counted, thousands};
use anomalyzer_engine::threat::{Kind as Of, Report};
use std::fmt::Write as _;

pub(super) fn run(command: &IndicatorsCommand) -> Result<(), Failure> {
    let IndicatorsCommand::Check { files, settings } = command;
    let config = settings::load(settings)?;
    let mut failures = Vec::new();
    for (number, file) in files.iter().enumerate() {
        if number > 0 {
            print("\n")?;
        }
        match check(file, &config) {
            Ok(text) => print(&text)?,
            Err(failure) => failures.push(failure),
        }
    }
    match failures.as_slice() {
        [] => Ok(()),
        all => {
            let permission = all.iter().any(|f| f.kind() == Kind::Permission);
            let kind = if permission { Kind::Permission } else { Kind::Usage };
            let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
            Err(Failure::new(kind, lines.join("\n")))
        }
    }
}

/// Each list by itself, so that one that is broken does not hide the others.
fn check(file: &str, config: &Config) -> Result<String, Failure> {
    let names = [file.to_owned()];
    let (indicators, reports) = settings::indicators(&names, config, 0, Some(clock::today()))?;
    let mut text: String = reports.iter().map(page).collect();
    let _ = writeln!(text, "  {} bytes of memory", thousands(indicators.bytes() as u64));
    Ok(text)
}

fn page(report: &Report) -> String {
    let mut text = format!("{}: {}, ", report.path, report.format.name());
    let _ = writeln!(text, "{}", counted(report.total(), "indicator"));
    for (kind, taken) in Of::ALL.iter().zip(report.taken).filter(|(_, n)| *n > 0) {
        let _ = writeln!(text, "  {:>9}  {}", thousands(taken), kind.name());
    }
    let mut line = |n: u64, what: &str| {
        if n > 0 {
            let _ = writeln!(text, "  {:>9}  {what}", thousands(n));
        }
    };
    line(report.from_urls, "of the names are hosts of URLs");
    line(report.expired, "expired by now; they count for older captures");
    line(report.duplicates, "said twice, left out");
    for (reason, n) in &report.skipped {
        line(*n, &format!("skipped: {reason}"));
    }
    for example in &report.examples {
        let place = format!("{} {}", report.place_name(), example.place);
        let _ = writeln!(text, "  {place}: {}: {}", example.reason, example.excerpt);
    }
    if report.skipped_total() > report.examples.len() as u64 {
        text.push_str("  ...\n");
    }
    text
}
