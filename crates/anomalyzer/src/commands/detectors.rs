//! `detectors`: the catalogue and the page of each.

use super::print;
use crate::cli::Detectors;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::words;
use anomalyzer_engine::config::COMMON;
use anomalyzer_engine::detect::{DETECTORS, Setting, Spec, Unit};
use std::fmt::Write as _;

/// Lists all, or explains one.
pub(super) fn run(options: &Detectors) -> Result<(), Failure> {
    match &options.id {
        None => print(&catalogue()),
        Some(id) => print(&page(find(id)?, Terminal::width())),
    }
}

fn find(id: &str) -> Result<&'static Spec, Failure> {
    DETECTORS.iter().copied().find(|s| s.id == id).ok_or_else(|| {
        let ids = DETECTORS.iter().map(|s| s.id);
        let hint = words::did_you_mean(id, ids);
        Failure::usage(format!("no detector is called `{id}`{hint} (see `anomalyzer detectors`)"))
    })
}

fn catalogue() -> String {
    let width = DETECTORS.iter().map(|s| s.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for spec in DETECTORS {
        let severity = spec.severity.name();
        let _ = writeln!(text, "{:width$}  {severity:8}  {}", spec.id, spec.summary);
    }
    text
}

fn page(spec: &Spec, width: usize) -> String {
    let mut text = format!("{}: {}\n\n", spec.id, spec.summary);
    let _ = writeln!(text, "Severity    {}", spec.severity.name());
    if !spec.techniques.is_empty() {
        labelled(&mut text, "Techniques", &spec.techniques.join(", "), width);
    }
    if !spec.attack.is_empty() {
        let _ = writeln!(text, "ATT&CK      {}", spec.attack.join(", "));
    }
    labelled(&mut text, "Advice", spec.advice, width);
    text.push('\n');
    text.push_str(&words::wrap_page(spec.about, width));
    text.push_str("\nSettings\n");
    for setting in spec.settings.iter().chain(&COMMON) {
        text.push_str(&setting_lines(spec, setting, width));
    }
    text
}

/// A label, and what belongs to it in lines beside it.
fn labelled(text: &mut String, label: &str, content: &str, width: usize) {
    for (number, line) in words::wrap(content, width.saturating_sub(12)).iter().enumerate() {
        let _ = writeln!(text, "{:12}{line}", if number == 0 { label } else { "" });
    }
}

fn setting_lines(spec: &Spec, setting: &Setting, width: usize) -> String {
    let mut text = format!(
        "  {}.{} = {}  ({}, {} to {})\n",
        spec.id,
        setting.key,
        value(setting, setting.default),
        setting.unit.name(),
        value(setting, setting.min),
        value(setting, setting.max),
    );
    for line in words::wrap(setting.about, width.saturating_sub(6)) {
        let _ = writeln!(text, "      {line}");
    }
    text
}

/// A number as it is written in a configuration file.
fn value(setting: &Setting, number: f64) -> String {
    match setting.unit {
        Unit::Flag => (number != 0.0).to_string(),
        _ => number.to_string(),
    }
}
