//! `doctor`: what watching needs, whether it is there, and the line that mends what is not.

mod checks;

use super::print;
use crate::cli::Doctor;
use crate::data_dir;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;
use crate::words;
use std::fmt::Write as _;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// As it should be.
    Fine,
    /// The service works without it, or with less.
    Lacking,
    /// The service does not work.
    Broken,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Lacking => "warning",
            Self::Broken => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Check {
    /// Stable name.
    id: &'static str,
    level: Level,
    /// What is so.
    text: String,
    /// The line that mends it.
    mend: Option<String>,
}

impl Check {
    fn fine(id: &'static str, text: impl Into<String>) -> Self {
        Self { id, level: Level::Fine, text: text.into(), mend: None }
    }

    fn lacking(id: &'static str, text: impl Into<String>, mend: Option<String>) -> Self {
        Self { id, level: Level::Lacking, text: text.into(), mend }
    }

    fn broken(id: &'static str, text: impl Into<String>, mend: Option<String>) -> Self {
        Self { id, level: Level::Broken, text: text.into(), mend }
    }
}

/// Looks at everything and tells.
pub(super) fn run(options: &Doctor, terminal: &Terminal) -> Result<(), Failure> {
    let dir = data_dir::choose(options.data.as_ref());
    let checks = checks::all(&dir);
    let text = if options.json { ndjson(&checks) } else { table(&checks, terminal) };
    print(&text)?;
    let broken: Vec<&str> =
        checks.iter().filter(|c| c.level == Level::Broken).map(|c| c.id).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let message = format!("the service would not work: {}", broken.join(", "));
    Err(Failure::new(Kind::Runtime, message))
}

fn ndjson(checks: &[Check]) -> String {
    let line = |check: &Check| {
        let mut object = serde_json::json!({
            "type": "check", "schema": 1, "id": check.id, "level": check.level.name(),
            "text": check.text,
        });
        if let Some(mend) = &check.mend {
            object["mend"] = mend.as_str().into();
        }
        format!("{object}\n")
    };
    checks.iter().map(line).collect()
}

fn table(checks: &[Check], terminal: &Terminal) -> String {
    let color = terminal.color_on_stdout();
    let width = Terminal::width().saturating_sub(24).max(20);
    let mut out = String::new();
    for check in checks {
        let (on, off) = if color { (paint(check.level), "\x1b[0m") } else { ("", "") };
        let mut lines = words::wrap(&check.text, width).into_iter();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(out, "{on}{:8}{off} {:14} {first}", check.level.name(), check.id);
        for line in lines {
            let _ = writeln!(out, "{:24}{line}", "");
        }
        // A command is one line, however long: it is there to be copied.
        if let Some(mend) = &check.mend {
            let _ = writeln!(out, "{:24}> {mend}", "");
        }
    }
    out
}

const fn paint(level: Level) -> &'static str {
    match level {
        Level::Fine => "\x1b[32m",
        Level::Lacking => "\x1b[33m",
        Level::Broken => "\x1b[1;31m",
    }
}
