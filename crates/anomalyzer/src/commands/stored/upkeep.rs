//! `store`: whether it is whole, copies of it, what is too old.

use super::{export, failure, open};
use crate::cli::Settings;
use crate::cli::stored::{Data, StoreCommand};
use crate::commands::print;
use crate::data_dir;
use crate::failure::{Failure, Kind};
use crate::service::once;
use crate::terminal::Terminal;
use anomalyzer_engine::text;
use anomalyzer_store::Store;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Runs one of the commands.
pub(in crate::commands) fn run(command: &StoreCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        StoreCommand::Verify(data) => verify(data),
        StoreCommand::Export(options) => export::run(options),
        StoreCommand::Retain { data, settings } => retain(data, settings),
        StoreCommand::Backup { data, file } => backup(data, file, terminal),
        StoreCommand::Restore { data, file, yes } => restore(data, file, *yes, terminal),
    }
}

/// Says what each file holds; fails when one is damaged.
fn verify(data: &Data) -> Result<(), Failure> {
    let store = open(data.data.as_ref())?;
    let found = store.verify().map_err(|e| failure(&e))?;
    let mut page = String::new();
    for file in &found.files {
        let name = file.path.strip_prefix(store.dir()).unwrap_or(&file.path).display();
        let state = file.problem.as_deref().unwrap_or("whole");
        let _ = writeln!(page, "{name}  {}  {state}", text::bytes(file.bytes));
        for (table, rows) in &file.rows {
            let _ = writeln!(page, "  {table}: {}", text::counted(*rows, "row"));
        }
    }
    let audit = match &found.audit {
        Ok(Ok(entries)) => format!("whole, {}", text::counted(*entries, "entry")),
        Ok(Err(entry)) => format!("broken at entry {entry}: it was altered or removed"),
        Err(why) => why.clone(),
    };
    let _ = writeln!(page, "audit trail  {audit}");
    for path in &found.set_aside {
        let _ = writeln!(page, "set aside earlier  {}", path.display());
    }
    print(&page)?;
    if found.whole() {
        return Ok(());
    }
    Err(Failure::new(Kind::Partial, "a part of the store is damaged: see above"))
}

fn retain(data: &Data, settings: &Settings) -> Result<(), Failure> {
    let removed = once::retain(&data_dir::choose(data.data.as_ref()), settings)?;
    let rows = text::counted_or_no(removed.rows, "row");
    print(&format!("{rows} and {} of history and evidence removed\n", text::bytes(removed.bytes)))
}

fn backup(data: &Data, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let store = open(data.data.as_ref())?;
    store.control().backup_to(file).map_err(|e| failure(&e))?;
    let size = std::fs::metadata(file).map_or(0, |m| m.len());
    terminal.note(&format!("{}: {}", file.display(), text::bytes(size)));
    Ok(())
}

fn restore(data: &Data, file: &Path, yes: bool, terminal: &Terminal) -> Result<(), Failure> {
    let dir: PathBuf = data_dir::choose(data.data.as_ref());
    let question = format!(
        "users, alerts, devices and settings in {} are replaced by those of {}; the old file is \
         kept beside",
        dir.display(),
        file.display()
    );
    if !yes && !confirmed(&question)? {
        return Err(Failure::new(Kind::Interrupted, "nothing was changed"));
    }
    let old = Store::restore(&dir, file).map_err(|e| failure(&e))?;
    if let Some(old) = old {
        terminal.note(&format!("the old file is {}", old.display()));
    }
    Ok(())
}

/// Asks on the terminal; without one the answer must have been given beforehand.
fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("{question}: there is no terminal to ask on; say --yes");
        return Err(Failure::usage(message));
    }
    let mut err = std::io::stderr();
    // When stderr is gone there is nobody to ask.
    let _ = write!(err, "{question}.\nGo on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|e| Failure::runtime(format!("standard input: {e}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
