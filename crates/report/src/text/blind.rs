//! What was not looked at: damaged inputs, cut packets, skipped bytes, full tables.

use super::page::Page;
use crate::source::Report;
use anomalyzer_engine::text::{bytes, thousands};

/// The engine's counters of what it could not or did not look at, in words.
const NOTES: [(&str, &str); 11] = [
    ("keyword_bytes_encrypted", "of encrypted payload, not searched for keywords"),
    ("keyword_bytes_beyond_depth", "of payload beyond the search depth of its stream"),
    ("stream_bytes_missed", "missing in TCP streams"),
    ("gaps_given_up", "gaps in TCP streams that were never filled"),
    ("snapped", "packets cut short by the capture's snap length"),
    ("malformed", "malformed packets"),
    ("flows_evicted_one_way", "one-way flows ended early because the flow table was full"),
    ("flows_evicted_two_way", "two-way flows ended early because the flow table was full"),
    ("hosts_forgotten", "hosts left out of the statistics because their table was full"),
    ("detector_evictions", "entries that detectors gave up because their tables were full"),
    ("alerts_dropped", "findings that did not fit among the alerts"),
];

/// A counter without words of its own is shown when its name holds one of these.
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

/// Most lines about inputs.
const SOURCES: usize = 10;

pub(super) fn write(page: &mut Page<'_>, report: &Report<'_>) {
    let damaged: Vec<String> = report
        .sources
        .iter()
        .filter_map(|source| source.damage.as_ref().map(|why| (source, why)))
        .map(|(source, why)| format!("{}: {why}", source.name.escaped()))
        .collect();
    let counters: Vec<String> =
        report.summary.counters.iter().filter_map(|(name, n)| note(name, *n)).collect();
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
    for text in counters {
        page.paragraph("", 2, &text);
    }
}

/// What a counter says about the report, if anything.
fn note(name: &str, n: u64) -> Option<String> {
    if n == 0 {
        return None;
    }
    let amount = if name.contains("bytes") { bytes(n) } else { thousands(n) };
    if let Some((_, words)) = NOTES.iter().find(|(known, _)| *known == name) {
        return Some(format!("{amount} {words}"));
    }
    let hides = WORDS.iter().any(|word| name.contains(word));
    hides.then(|| format!("{}: {amount}", name.replace(['_', '.'], " ")))
}
