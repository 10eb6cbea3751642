//! `cargo xtask torture`: floods, damaged files, kills and the like against the release binary;
//! each part writes its section of docs/reliability.md.

mod cuts;
mod flaps;
mod flood;
mod full;
mod kills;
mod reloads;
mod stalled;

use crate::{data, root, section};
use std::fmt::Write as _;
use std::path::Path;

/// One claim, and whether it held.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    what: String,
    measured: String,
    held: bool,
}

impl Claim {
    fn new(what: impl Into<String>, measured: impl Into<String>, held: bool) -> Self {
        Self { what: what.into(), measured: measured.into(), held }
    }
}

/// A part: its name, and what runs it.
type Part = (&'static str, fn(&Path) -> Result<Vec<Claim>, String>);

/// All parts, in the order of the page.
const PARTS: [Part; 8] = [
    ("Flood", |binary| flood::run(binary, "1")),
    ("Flood with 2 workers", |binary| flood::run(binary, "2")),
    ("Cut files", cuts::run),
    ("Kill -9", kills::run),
    ("Disk full", full::run),
    ("Stalled clients", stalled::run),
    ("Interfaces", flaps::run),
    ("Reloads", reloads::run),
];

/// Runs all parts, or those whose name holds `only`; each writes its section of the document.
/// Fails when a claim did not hold.
pub(crate) fn run(only: Option<&str>) -> Result<(), String> {
    let binary = data::binary()?;
    let path = root().join("docs/reliability.md");
    let mut broken = 0;
    for (name, part) in PARTS
        .iter()
        .filter(|(n, _)| only.is_none_or(|only| n.to_lowercase().contains(&only.to_lowercase())))
    {
        eprintln!("{name}");
        let claims = part(&binary).unwrap_or_else(|why| vec![Claim::new(*name, why, false)]);
        let table = table(name, &claims);
        println!("{table}");
        section::write(&path, name, &table)?;
        broken += claims.iter().filter(|c| !c.held).count();
    }
    match broken {
        0 => Ok(()),
        n => Err(format!("{n} claims did not hold")),
    }
}

fn table(part: &str, claims: &[Claim]) -> String {
    let mut text = format!("## {part}\n\n| claim | measured | held |\n|---|---|---|\n");
    for claim in claims {
        let held = if claim.held { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {} | {} | {held} |", claim.what, claim.measured);
    }
    text
}
