//! Hours of an office without an attack: nothing may claim one.

use super::judge::Alert;
use std::path::Path;
use std::process::{Command, Stdio};

/// Seeds that are run: 1 to this.
pub(super) const SEEDS: u32 = 20;
/// Packet time of each, in hours.
pub(super) const HOURS: u32 = 8;

/// What came out of one seed.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiet {
    pub(super) seed: u32,
    /// Alerts that claim an attack: detector and title.
    pub(super) claims: Vec<String>,
    /// Alerts below that.
    pub(super) statistics: usize,
}

/// Runs every seed: one process writes the office, another one analyses it.
pub(super) fn run(binary: &Path) -> Result<Vec<Quiet>, String> {
    (1..=SEEDS).map(|seed| one(binary, seed)).collect()
}

fn one(binary: &Path, seed: u32) -> Result<Quiet, String> {
    let (seed_text, minutes) = (seed.to_string(), (HOURS * 60).to_string());
    let mut office = Command::new(binary)
        .args(["scenario", "write", "-", "--seed", &seed_text, "--minutes", &minutes, "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let frames = office.stdout.take().ok_or("the office has no output")?;
    let told = Command::new(binary)
        .args(["analyze", "--json", "--only", "alerts", "--quiet", "--workers", "1", "-"])
        .stdin(frames)
        .output()
        .map_err(|e| e.to_string())?;
    let written = office.wait().map_err(|e| e.to_string())?;
    if !written.success() || !told.status.success() {
        let message = String::from_utf8_lossy(&told.stderr).into_owned();
        return Err(format!("office with seed {seed}: {written}, {}: {message}", told.status));
    }
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let alerts: Vec<Alert> = text.lines().map(Alert::parse).collect::<Result<_, _>>()?;
    let (claims, statistics): (Vec<&Alert>, Vec<&Alert>) =
        alerts.iter().partition(|a| a.claims_attack());
    let claims = claims.iter().map(|a| format!("{}: {}", a.detector, a.title)).collect();
    Ok(Quiet { seed, claims, statistics: statistics.len() })
}
