//! Where captures are, and the program that reads them.

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The folder of captures, when it is there.
pub(crate) fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("ANOMALYZER_DATA").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = named.unwrap_or_else(beside).join("pcap");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no captures in {}", folder.display());
    None
}

/// Runs `analyze --json --only PART FILE`, without the settings of whoever runs the tests.
pub(crate) fn analyze(part: &str, file: &Path) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("anomalyzer"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|n| n.to_string_lossy().starts_with("ANOMALYZER_")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8");
    command.args(["analyze", "--json", "--only", part]).arg(file).output().unwrap()
}

/// NDJSON on standard output as values.
pub(crate) fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
