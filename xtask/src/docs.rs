//! Documents made from tables: detectors, configuration, command line.
//!
//! They are checked in, so that they can be read on the forge; `--check` and a test fail when they
//! are stale.

use anomalyzer_engine::config::COMMON;
use anomalyzer_engine::detect::{DETECTORS, Setting, Spec, Unit};
use anomalyzer_engine::flow::features::FEATURES;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const NOTE: &str = "<!-- Made by `cargo xtask docs`: change the tables in the code, not this. -->";

/// Writes all documents.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    for (name, text) in documents() {
        let path = root.join(name);
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Fails when a document is not what the tables say.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let fresh = |(name, text): &(&str, String)| {
        fs::read_to_string(root.join(name)).is_ok_and(|there| there == *text)
    };
    let stale: Vec<&str> =
        documents().iter().filter(|d| !fresh(d)).map(|(name, _)| *name).collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("stale: {}; run `cargo xtask docs`", stale.join(", ")))
    }
}

fn documents() -> [(&'static str, String); 5] {
    [
        ("docs/features.md", features()),
        ("docs/filter.md", filter()),
        ("docs/detectors.md", detectors()),
        ("docs/config.md", config()),
        ("docs/cli.md", command_line()),
    ]
}

/// The filter language: a page by hand, and the table of fields.
fn filter() -> String {
    let mut text = format!("# Filters of flows\n\n{NOTE}\n\n{}", include_str!("filter_page.md"));
    text.push_str("| field | what it is | example | values |\n|---|---|---|---|\n");
    for field in anomalyzer_store::Filter::fields() {
        let values: Vec<String> = field.values.iter().map(|v| format!("`{v}`")).collect();
        let (name, summary, example) = (field.name, field.summary, field.example);
        let _ = writeln!(text, "| `{name}` | {summary} | `{example}` | {} |", values.join(" "));
    }
    text
}

/// The flow features: a page by hand, and the table of columns.
fn features() -> String {
    let page = include_str!("features_page.md");
    let mut text = format!("# Flow features\n\n{NOTE}\n\n{page}");
    text.push_str("| column | CICFlowMeter | unit | formula |\n|---|---|---|---|\n");
    for f in &FEATURES {
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", f.name, f.cic, f.unit, f.formula);
    }
    text
}

fn detectors() -> String {
    let mut text = format!("# Detectors\n\n{NOTE}\n\n");
    text.push_str("| detector | severity | finds | ATT&CK |\n|---|---|---|---|\n");
    for spec in DETECTORS {
        let _ = writeln!(
            text,
            "| [`{id}`](#{id}) | {} | {} | {} |",
            spec.severity.name(),
            spec.summary,
            spec.attack.join(", "),
            id = spec.id,
        );
    }
    text.push_str(
        "\n`info` and `low` are statistics to look at; `medium` and above claim an attack or a \
         breach of policy.\n\nBesides its own settings every detector has `enabled`, `severity`, \
         and these two, which can also be given for a host or network:\n\n",
    );
    text.push_str(&table(&COMMON));
    for spec in DETECTORS {
        text.push_str(&detector(spec));
    }
    text
}

fn detector(spec: &Spec) -> String {
    let mut text = format!("\n## {}\n\n{}.\n\n", spec.id, spec.summary.trim_end_matches('.'));
    let _ = writeln!(text, "- Severity: {}", spec.severity.name());
    if !spec.techniques.is_empty() {
        let _ = writeln!(text, "- Techniques: {}", spec.techniques.join(", "));
    }
    let _ = writeln!(text, "- Advice: {}\n", spec.advice);
    text.push_str(&spec.about.trim().replace("## ", "### "));
    text.push_str("\n\n");
    text.push_str(&settings(spec));
    text
}

fn settings(spec: &Spec) -> String {
    if spec.settings.is_empty() {
        return "It has no settings of its own.\n".into();
    }
    table(spec.settings)
}

fn table(settings: &[Setting]) -> String {
    let mut text =
        String::from("| setting | default | range | unit | meaning |\n|---|---|---|---|---|\n");
    for s in settings {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} to {} | {} | {} |",
            s.key,
            number(s, s.default),
            number(s, s.min),
            number(s, s.max),
            s.unit.name(),
            s.about.replace('|', "\\|"),
        );
    }
    text
}

fn number(setting: &Setting, number: f64) -> String {
    match setting.unit {
        Unit::Flag => (number != 0.0).to_string(),
        _ => number.to_string(),
    }
}

fn config() -> String {
    format!(
        "# Settings\n\n{NOTE}\n\nA TOML file, named by `--config` or the environment variable \
         `ANOMALYZER_CONFIG`. An unknown key is an error that names the nearest known one. \
         `anomalyzer config check FILE` checks it, `anomalyzer config show --origin` says where \
         each value comes from, `anomalyzer config reference` prints what follows.\n\n\
         ```toml\n{}```\n",
        anomalyzer::config_reference(),
    )
}

fn command_line() -> String {
    let mut text = format!("# Command line\n\n{NOTE}\n");
    let mut command = anomalyzer::command_line().term_width(100);
    command.build();
    section(&mut command, "##", &mut text);
    text
}

fn section(command: &mut clap::Command, level: &str, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n{level} {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for sub in command.get_subcommands_mut() {
        section(sub, &format!("{level}#"), text);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documents_are_fresh() {
        assert_eq!(super::check(&crate::root()), Ok(()));
    }
}
