//! Captures cut at many lengths: never a crash, never slow, what was whole is counted.

use super::Claim;
use crate::data;
use anomalyzer_capture::{PcapWriter, SNAPLEN_MAX};
use anomalyzer_scenario::{AttackKind, Plan, generate};
use anomalyzer_wire::LinkType;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Captures, and lengths of each.
const CAPTURES: usize = 20;
const LENGTHS: usize = 500;
/// Longest that one run may take.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Tally {
    runs: u64,
    crashes: Vec<String>,
    slow: u64,
    backwards: u64,
}

pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let captures = captures()?;
    let mut tally = Tally::default();
    for (name, bytes) in &captures {
        let step = (bytes.len() / LENGTHS).max(1);
        let mut last = 0;
        for length in (0..bytes.len()).step_by(step) {
            let part = bytes.get(..length).unwrap_or_default();
            one(binary, name, part, &mut last, &mut tally)?;
        }
    }
    let what = format!("{} captures, each cut at {LENGTHS} lengths", captures.len());
    let runs = format!("{} runs", tally.runs);
    let crashes = format!("{} of {runs} {}", tally.crashes.len(), tally.crashes.join("; "));
    Ok(vec![
        Claim::new(format!("{what}: exit code 0 or 3"), crashes.trim(), tally.crashes.is_empty()),
        Claim::new(format!("{what}: never above 2 s"), tally.slow.to_string(), tally.slow == 0),
        Claim::new(
            format!("{what}: a longer part never gives fewer packets"),
            tally.backwards.to_string(),
            tally.backwards == 0,
        ),
    ])
}

#[allow(clippy::disallowed_methods)] // measures how long a run takes
fn one(
    binary: &Path,
    name: &str,
    bytes: &[u8],
    last: &mut u64,
    tally: &mut Tally,
) -> Result<(), String> {
    let start = std::time::Instant::now();
    let mut child = Command::new(binary)
        .args(["analyze", "-", "--json", "--only", "summary", "--workers", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut stdin = child.stdin.take().ok_or("no pipe")?;
    // One that ends early has closed the pipe.
    let _ = stdin.write_all(bytes);
    drop(stdin);
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    tally.runs += 1;
    tally.slow += u64::from(start.elapsed() > PATIENCE);
    // Fewer than four bytes do not tell that they were to be a capture.
    let recognisable = bytes.is_empty() || bytes.len() >= 4;
    if recognisable && !matches!(output.status.code(), Some(0 | 3)) {
        tally.crashes.push(format!("{name} at {}: {}", bytes.len(), output.status));
    }
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let packets = summary["packets"].as_u64().unwrap_or(0);
    tally.backwards += u64::from(packets < *last);
    *last = packets;
    Ok(())
}

/// Real captures of moderate size where they are there, else scenarios.
fn captures() -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut captures = Vec::new();
    for folder in ["pcap/attack", "pcap/odd", "pcap/benign"] {
        let Ok(entries) = std::fs::read_dir(data::folder().join(folder)) else { continue };
        let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            let size = std::fs::metadata(&path).map_or(0, |m| m.len());
            if captures.len() < CAPTURES && (20_000..400_000).contains(&size) {
                let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                captures.push((name, bytes));
            }
        }
    }
    for kind in AttackKind::ALL.iter().take(CAPTURES - captures.len()) {
        captures.push((kind.name().to_owned(), scenario(*kind).map_err(|e| e.to_string())?));
    }
    Ok(captures)
}

fn scenario(kind: AttackKind) -> std::io::Result<Vec<u8>> {
    let mut writer = PcapWriter::new(Vec::new(), LinkType::ETHERNET, SNAPLEN_MAX)?;
    for frame in generate(&Plan::office(5, 1).with(kind)).take(2_000) {
        writer.write(&frame.raw())?;
    }
    writer.finish()
}
