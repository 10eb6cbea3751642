//! `cargo xtask torture`: floods and damaged files against the release binary; writes
//! docs/reliability.md.

mod cuts;
mod flaps;
mod flood;
mod full;
mod kills;
mod reloads;
mod stalled;

use crate::{data, root};
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
    ("flood", |binary| flood::run(binary, "1")),
    ("flood with 2 workers", |binary| flood::run(binary, "2")),
    ("cut files", cuts::run),
    ("kill -9", kills::run),
    ("disk full", full::run),
    ("stalled clients", stalled::run),
    ("interfaces", flaps::run),
    ("reloads", reloads::run),
];

/// Runs all parts, or those whose name holds `only`; writes the document when all ran, and fails
/// when a claim did not hold.
pub(crate) fn run(only: Option<&str>) -> Result<(), String> {
    let binary = data::binary()?;
    let mut claims = Vec::new();
    for (name, part) in PARTS.iter().filter(|(n, _)| only.is_none_or(|only| n.contains(only))) {
        eprintln!("{name}");
        claims.extend(part(&binary).unwrap_or_else(|why| vec![Claim::new(*name, why, false)]));
    }
    let page = page(&claims);
    print!("{page}");
    if only.is_none() {
        std::fs::write(root().join("docs/reliability.md"), page).map_err(|e| e.to_string())?;
    }
    match claims.iter().filter(|c| !c.held).count() {
        0 => Ok(()),
        n => Err(format!("{n} claims did not hold")),
    }
}

fn page(claims: &[Claim]) -> String {
    let mut text = String::from(
        "# Reliability\n\n<!-- Written by `make torture`. -->\n\nThe release binary with default \
         settings, measured from outside.\n\n| claim | measured | held |\n|---|---|---|\n",
    );
    for claim in claims {
        let held = if claim.held { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {} | {} | {held} |", claim.what, claim.measured);
    }
    text
}
