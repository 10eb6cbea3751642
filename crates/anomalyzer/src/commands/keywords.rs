//! `keywords`: the built-in lists, one list's patterns, a check of a file.

use super::print;
use crate::cli::Keywords;
use crate::failure::Failure;
use crate::settings;
use crate::terminal::Terminal;
use anomalyzer_engine::keyword::{
    BUILTIN, Builtin, Direction, Find, List, Matcher, Pattern, Where, builtin, check_examples,
};
use anomalyzer_engine::text::counted;
use anomalyzer_wire::HostileStr;
use std::fmt::Write as _;

/// Characters of an example that are shown.
const EXAMPLE_SHOWN: usize = 120;

pub(super) fn run(options: &Keywords, terminal: &Terminal) -> Result<(), Failure> {
    let Some(name) = &options.list else { return print(&catalogue()?) };
    if builtin(name).is_some() {
        return print(&patterns(&settings::keyword_list(&format!("builtin:{name}"))?));
    }
    let list = settings::keyword_list(name)?;
    Matcher::new(std::slice::from_ref(&list)).map_err(|e| settings::faults(&e))?;
    check_examples(&list, name).map_err(|e| settings::faults(&e))?;
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
        let mut paragraph = |about: &str| {
            for line in crate::words::wrap(about, Terminal::width().saturating_sub(10)) {
                let _ = writeln!(text, "          {line}");
            }
        };
        paragraph(&pattern.reason);
        let narrowed = narrowed(pattern);
        if !narrowed.is_empty() {
            paragraph(&narrowed);
        }
        for (word, examples) in [("hit", &pattern.hit), ("benign", &pattern.benign)] {
            for example in examples {
                let shown = HostileStr::from(example.as_slice()).escaped();
                let shown: String = shown.chars().take(EXAMPLE_SHOWN).collect();
                let _ = writeln!(text, "          {word}: {shown}");
            }
        }
    }
    text
}

/// Where and when it is sought, unless that is everywhere: `in http-target, tcp, T1190`.
fn narrowed(pattern: &Pattern) -> String {
    let mut words = Vec::new();
    if pattern.place != Where::Stream {
        words.push(format!("in {}", pattern.place.name()));
    }
    match pattern.direction {
        Direction::ToServer => words.push("to the server".into()),
        Direction::ToClient => words.push("to the client".into()),
        Direction::Both => {}
    }
    words.extend(pattern.proto.map(|proto| if proto == 6 { "tcp" } else { "udp" }.to_owned()));
    words.extend(pattern.app.clone());
    if !pattern.ports.is_empty() {
        let ports: Vec<String> = pattern.ports.iter().map(ToString::to_string).collect();
        words.push(format!("port {}", ports.join(" ")));
    }
    words.extend(pattern.attack.as_ref().map(|id| format!("ATT&CK {id}")));
    words.join(", ")
}

fn find(pattern: &Pattern) -> String {
    match &pattern.find {
        Find::Bytes(bytes) => format!("\"{}\"", HostileStr::from(bytes.as_slice()).escaped()),
        Find::Regex(expression) => format!("/{expression}/"),
        Find::Sign(sign) => format!("sign {}", sign.name()),
    }
}
