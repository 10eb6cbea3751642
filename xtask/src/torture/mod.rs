//! `cargo xtask torture`: floods and damaged files against the release binary; writes
//! docs/reliability.md.

mod cuts;
mod flood;

use crate::{data, root};
use std::fmt::Write as _;

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

/// Runs all, writes the document, and fails when a claim did not hold.
pub(crate) fn run() -> Result<(), String> {
    let binary = data::binary()?;
    let mut claims = Vec::new();
    for workers in ["1", "2"] {
        eprintln!("flood with {workers} workers");
        claims.extend(flood::run(&binary, workers)?);
    }
    eprintln!("cut files");
    claims.extend(cuts::run(&binary)?);
    let page = page(&claims);
    print!("{page}");
    std::fs::write(root().join("docs/reliability.md"), page).map_err(|e| e.to_string())?;
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
