//! `suppress`: rules that hide alerts, kept in the state file.

use super::print;
use crate::cli::{Rule, Suppress, SuppressCommand};
use crate::clock;
use crate::failure::Failure;
use crate::memory::Memory;
use crate::terminal::Terminal;
use anomalyzer_engine::alert::suppress::{Scope, Suppression, expiry};
use anomalyzer_wire::Timestamp;
use std::fmt::Write as _;

/// Adds, lists or removes.
pub(super) fn run(options: &Suppress, terminal: &Terminal) -> Result<(), Failure> {
    let (memory, mut state) = Memory::open(&options.state)?;
    let said = &mut state.judgement;
    match &options.command {
        SuppressCommand::List => return print(&list(&said.suppressions, clock::now())),
        SuppressCommand::Add(options) => {
            let rule = rule(options, clock::now()).map_err(Failure::usage)?;
            terminal.note(&format!("rule {}: hides {}", rule.id(), rule.scope));
            said.suppress(rule).map_err(Failure::usage)?;
        }
        SuppressCommand::Remove { id } => {
            if !said.allow(id) {
                let see = "see `anomalyzer suppress --state FILE list`";
                return Err(Failure::usage(format!("no rule has the id `{id}`; {see}")));
            }
        }
    }
    memory.write(&state)
}

fn rule(options: &Rule, now: Timestamp) -> Result<Suppression, String> {
    let expires = options.expires.as_deref().map(|text| expiry(text, Some(now))).transpose();
    let expires = expires.map_err(|e| format!("--expires: {e}"))?;
    let scope = Scope {
        detector: options.detector.clone(),
        technique: options.technique.clone(),
        src: options.src,
        dst: options.dst,
        port: options.port,
        name: options.name.clone(),
        subject: options.subject.clone(),
    };
    Suppression::new(scope, &options.reason, Some(now), expires)
}

fn list(rules: &[Suppression], now: Timestamp) -> String {
    if rules.is_empty() {
        return "no rules\n".to_owned();
    }
    let mut text = String::new();
    for rule in rules {
        let until = match rule.expires {
            None => "no end".to_owned(),
            Some(end) if end < now => format!("ended {}", day(end)),
            Some(end) => format!("until {}", day(end)),
        };
        let made = rule.created.map_or(String::new(), |at| format!(", made {}", day(at)));
        let (scope, reason) = (plain(&rule.scope.to_string()), plain(&rule.reason));
        let _ = writeln!(text, "{}  {scope}\n          {until}{made}: {reason}", rule.id());
    }
    text
}

/// A time to the minute.
pub(super) fn day(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// Text of a file that cannot steer a terminal.
pub(super) fn plain(text: &str) -> String {
    anomalyzer_wire::HostileStr::from(text.as_bytes()).escaped()
}
