//! What was not looked at: damaged inputs, cut packets, skipped bytes, full tables.

use super::page::Page;
use crate::source::Report;
use anomalyzer_engine::text::{bytes, thousands};

/// A counter whose name holds one of these counts something that the report does not cover.
const WORDS: [&str; 16] = [
    "skip",
    "snap",
    "evict",
    "drop",
    "trunc",
    "damage",
    "lost",
    "gap",
    "overflow",
    "unknown",
    "unsupported",
    "undecoded",
    "malformed",
    "beyond",
    "backward",
    "missed",
];

/// Lines about inputs.
const SOURCES: usize = 10;

pub(super) fn write(page: &mut Page<'_>, report: &Report<'_>) {
    let damaged: Vec<String> = report
        .sources
        .iter()
        .filter_map(|source| source.damage.as_ref().map(|why| (source, why)))
        .map(|(source, why)| format!("{}: {why}", source.name.escaped()))
        .collect();
    let counters: Vec<(&str, u64)> =
        report.summary.counters.iter().copied().filter(|(name, n)| *n > 0 && hides(name)).collect();
    if damaged.is_empty() && counters.is_empty() {
        return;
    }
    page.heading("Not covered by this report", "");
    for text in damaged.iter().take(SOURCES) {
        page.paragraph("", 2, text);
    }
    let more = damaged.len().saturating_sub(SOURCES);
    if more > 0 {
        page.line(&format!("  and {more} more damaged inputs"));
    }
    for (name, n) in counters {
        page.paragraph("", 2, &format!("{}: {}", name.replace(['_', '.'], " "), amount(name, n)));
    }
}

fn hides(name: &str) -> bool {
    WORDS.iter().any(|word| name.contains(word))
}

fn amount(name: &str, n: u64) -> String {
    if name.contains("bytes") { bytes(n) } else { thousands(n) }
}
