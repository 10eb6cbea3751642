//! The reference of all settings, written from the tables: a complete file with every default.

use super::core::{CORE, SECTIONS};
use super::value::{find, show, show_number};
use super::{COMMON, Config, suppress};
use crate::detect::{DETECTORS, Setting, Spec, Unit};
use std::fmt::Write as _;

const HEAD: &str = "\
# Every setting of Anomalyzer with its default. Leave out what you do not change.
#
# The later wins: defaults, this file, environment variables, --set.
#   ANOMALYZER_DETECT__PORT_SCAN__PORTS=30     anomalyzer analyze --set port-scan.ports=30
# Any detector can be told other limits for a host or a network; of several that hold for an
# address the longest prefix counts, with the detector's own values for what it leaves out:
#   [[detect.port-scan.host]]
#   address = \"10.0.0.0/24\"
#   ports = 100
";

const NETWORKS: &str = "Networks that belong to the site, such as \"192.168.0.0/16\"; without any, \
                        the private ranges (RFC 1918, RFC 4193, link-local) do.";
const LISTS: &str = "Lists to search for: files, and lists that come with the program \
                     (\"builtin:NAME\", see `anomalyzer keywords`).";

const THREAT: &str = "Lists of indicators: plain lines, CSV, STIX 2.1 or MISP exports, told by their \
                      content. Words before a file say more, such as \"high:csv:feeds/c2.csv\": \
                      a severity of contact that came about (medium without it), lines, csv, stix \
                      or misp for the format, unguarded to take private addresses, wide networks \
                      and public suffixes too (see `anomalyzer indicators`).";

/// A complete TOML file with all settings, their units, ranges and defaults.
pub fn reference() -> String {
    let config = Config::default();
    let mut out = HEAD.to_owned();
    for (section, about) in SECTIONS {
        let _ = writeln!(out, "\n{}[{section}]", comment(about));
        for core in CORE.iter().filter(|core| core.section == section) {
            out += &entry(&core.setting);
        }
        let list = match section {
            "site" => Some(("networks", NETWORKS)),
            "keywords" => Some(("lists", LISTS)),
            "threat" => Some(("lists", THREAT)),
            _ => None,
        };
        if let Some((key, about)) = list
            && let Ok(target) = find(&format!("{section}.{key}"))
        {
            let _ = writeln!(out, "{}{key} = {}", comment(about), show(&config, target));
        }
    }
    for spec in DETECTORS {
        out += &detector(spec);
    }
    out + suppress::EXAMPLE
}

fn detector(spec: &Spec) -> String {
    let mut out = format!("\n{}[detect.{}]\nenabled = true\n", comment(spec.summary), spec.id);
    let severity = spec.severity.name();
    out +=
        "# Severity of all its alerts (info, low, medium, high, critical); without it, its own.\n";
    let _ = writeln!(out, "# severity = \"{severity}\"");
    for setting in COMMON.iter().chain(spec.settings) {
        out += &entry(setting);
    }
    out
}

fn entry(setting: &Setting) -> String {
    let mut about = setting.about.to_owned();
    if setting.unit != Unit::Flag {
        let (unit, min, max) = (setting.unit.name(), setting.min, setting.max);
        let _ = write!(about, " ({unit}, {min} to {max})");
    }
    format!("{}{} = {}\n", comment(&about), setting.key, show_number(setting, setting.default))
}

/// Text as comment lines of at most 100 characters.
fn comment(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 99 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.iter().fold(String::new(), |out, line| out + line + "\n")
}
