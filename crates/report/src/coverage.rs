//! What a report does not cover: damaged inputs, cut packets, skipped bytes, full tables.
//!
//! Sentences that hold names of inputs: whoever shows them escapes them.

use crate::source::Report;
use anomalyzer_engine::text::{bytes, thousands};

/// The engine's counters of what it could not or did not look at, in words.
const NOTES: [(&str, &str); 14] = [
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
    ("incidents_left_out", "incidents of lower severity, beyond what is kept"),
    ("incident_steps_left_out", "alerts that the stories of their incidents have no room for"),
    ("risk_hosts_left_out", "hosts of low risk, beyond what is kept"),
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

/// One sentence for each thing that was not looked at.
pub(crate) fn notes(report: &Report<'_>) -> Vec<String> {
    let mut notes: Vec<String> = report
        .sources
        .iter()
        .filter_map(|source| source.damage.as_ref().map(|why| (source, why)))
        .map(|(source, why)| format!("{}: {why}", source.name.escaped()))
        .collect();
    let more = notes.len().saturating_sub(SOURCES);
    if more > 0 {
        notes.truncate(SOURCES);
        notes.push(format!("and {more} more damaged inputs"));
    }
    notes.extend(report.summary.counters.iter().filter_map(|(name, n)| note(name, *n)));
    notes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Whole;

    #[test]
    fn only_what_hides_something_is_said() {
        assert_eq!(note("snapped", 0), None);
        assert_eq!(note("fragments", 9), None);
        assert_eq!(
            note("stream_bytes_missed", 1_500).as_deref(),
            Some("1.5 kB missing in TCP streams")
        );
        assert_eq!(note("frames_lost", 1_500).as_deref(), Some("frames lost: 1,500"));
    }

    #[test]
    fn many_damaged_inputs_are_counted() {
        let mut whole = Whole::usual();
        let damaged = whole.sources[1].clone();
        whole.sources = vec![damaged; 25];
        assert_eq!(notes(&whole.report())[SOURCES], "and 15 more damaged inputs");
    }
}
