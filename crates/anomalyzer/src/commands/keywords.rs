//! `keywords`: the built-in lists, one list's patterns, a check of a file.

use super::print;
use crate::cli::Keywords;
use crate::failure::Failure;
use crate::settings;
use crate::terminal::Terminal;
use anomalyzer_engine::keyword::{BUILTIN, Builtin, Find, List, Matcher, Pattern, builtin};
use anomalyzer_engine::text::counted;
use anomalyzer_wire::HostileStr;
use std::fmt::Write as _;

pub(super) fn run(options: &Keywords, terminal: &Terminal) -> Result<(), Failure> {
    let Some(name) = &options.list else { return print(&catalogue()?) };
    if builtin(name).is_some() {
        return print(&patterns(&settings::keyword_list(&format!("builtin:{name}"))?));
    }
    let list = settings::keyword_list(name)?;
    Matcher::new(std::slice::from_ref(&list)).map_err(|e| settings::faults(&e))?;
    print(&patterns(&list))?;
    terminal.note(&format!("{name}: good, {}", counted(list.patterns.len() as u64, "pattern")));
    Ok(())
}

fn catalogue() -> Result<String, Failure> {
    let width = BUILTIN.iter().map(|list| list.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Builtin { name, by_default, .. } in BUILTIN {
        let list = settings::keyword_list(&format!("builtin:{name}"))?;
        let used = if *by_default { "used by default" } else { "on request" };
        let count = counted(list.patterns.len() as u64, "pattern");
        let _ = writeln!(text, "{name:width$}  {count:>13}  {used:15}  {}", list.about);
    }
    Ok(text)
}

fn patterns(list: &List) -> String {
    let mut text = format!("{}: {}\n\n", list.name, list.about);
    for pattern in &list.patterns {
        let _ =
            writeln!(text, "{:8}  {}  {}", pattern.severity.name(), pattern.name, find(pattern));
        for line in crate::words::wrap(&pattern.reason, Terminal::width().saturating_sub(10)) {
            let _ = writeln!(text, "          {line}");
        }
    }
    text
}

fn find(pattern: &Pattern) -> String {
    match &pattern.find {
        Find::Bytes(bytes) => format!("\"{}\"", HostileStr::from(bytes.as_slice()).escaped()),
        Find::Regex(expression) => format!("/{expression}/"),
    }
}
