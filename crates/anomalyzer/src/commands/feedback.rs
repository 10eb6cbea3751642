//! `feedback`: verdicts on alerts, kept in the state file.

use super::print;
use super::suppress::{day, plain};
use crate::cli;
use crate::clock;
use crate::failure::Failure;
use crate::memory::Memory;
use crate::terminal::Terminal;
use anomalyzer_engine::alert::{Feedback, Judgement, Remembered, Verdict};
use std::fmt::Write as _;
use std::path::Path;

/// Most alerts listed.
const LISTED: usize = 20;

/// Notes a verdict, takes it back, or lists.
pub(super) fn run(options: &cli::Feedback, terminal: &Terminal) -> Result<(), Failure> {
    let (memory, mut state) = Memory::open(&options.state)?;
    let said = &mut state.judgement;
    let Some(id) = &options.alert else { return print(&list(said)) };
    let id = id.to_ascii_lowercase();
    if options.withdraw {
        if said.feedback.remove(&id).is_none() {
            return Err(Failure::usage(format!("there is no verdict on {id}")));
        }
        return memory.write(&state);
    }
    let reason = options.reason.clone().unwrap_or_default();
    let verdict = Verdict::FalseAlarm;
    said.judge(&id, Feedback { verdict, reason: reason.clone(), given: Some(clock::now()) })
        .map_err(Failure::usage)?;
    let proposal = said.remembered(&id).map(|alert| proposal(alert, &options.state, &reason));
    memory.write(&state)?;
    if let Some(text) = proposal {
        return print(&text);
    }
    let word = "noted, though no run with this state has told of it; it counts when one does";
    terminal.note(&format!("{id}: {word}"));
    Ok(())
}

/// The command that would hide exactly this alert.
fn proposal(alert: &Remembered, state: &Path, reason: &str) -> String {
    let mut command = format!("anomalyzer suppress --state {}", quoted(&state.to_string_lossy()));
    command.push_str(" add");
    for (key, value) in alert.scope.parts() {
        let _ = write!(command, " --{key} {}", quoted(&value));
    }
    let title = plain(&alert.title);
    format!(
        "{}: {title}\nnoted as a false alarm; it is still shown. To hide it and what is like it:\n  \
         {command} --expires 30d --reason {}\n",
        alert.id,
        quoted(reason),
    )
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let text = plain(text);
    let bare = |b: u8| b.is_ascii_alphanumeric() || b"./:_-".contains(&b);
    if !text.is_empty() && text.bytes().all(bare) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn list(said: &Judgement) -> String {
    let mut text = String::new();
    for (id, feedback) in &said.feedback {
        let given = feedback.given.map_or(String::new(), |at| format!(", {}", day(at)));
        let verdict = feedback.verdict.name();
        let _ = writeln!(text, "{}  {verdict}{given}: {}", plain(id), plain(&feedback.reason));
    }
    let open = said.recent.iter().filter(|alert| !said.feedback.contains_key(&alert.id));
    for alert in open.take(LISTED) {
        let (severity, title) = (plain(&alert.severity), plain(&alert.title));
        let _ = writeln!(text, "{}  {severity:<8}  {title}", plain(&alert.id));
    }
    if text.is_empty() { "no verdicts and no alerts\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("10.0.0.5/32"), "10.0.0.5/32");
        assert_eq!(quoted("our scanner"), "'our scanner'");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
        assert_eq!(quoted(""), "''");
        assert!(!quoted("a\u{1b}[2J\n").contains(['\u{1b}', '\n']));
    }
}
