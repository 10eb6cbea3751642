//! What a scenario really contains: one row per attack.

use anomalyzer_wire::Timestamp;

/// One attack as it was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Name of the attack kind, such as `port-scan-syn`.
    pub kind: &'static str,
    /// Id of the detector that should find it; empty for traffic that should stay quiet.
    pub detector: &'static str,
    /// The technique the detector should name; may be empty.
    pub technique: &'static str,
    /// Address of the attacker; `many` when sources are spoofed or distributed.
    pub attacker: String,
    /// Address or network of the victim; `many` when there is no single one.
    pub victim: String,
    /// Time of the first frame; `None` before it was generated.
    pub first: Option<Timestamp>,
    /// Time of the last frame so far.
    pub last: Option<Timestamp>,
    /// Frames so far, answers included.
    pub packets: u64,
    /// What a reader should know.
    pub note: String,
}

/// Header line of [`Truth::csv`].
pub const CSV_HEADER: &str = "kind,detector,technique,attacker,victim,first,last,packets,note";

impl Truth {
    /// The row as a line of CSV (RFC 4180) without line end.
    pub fn csv(&self) -> String {
        let time = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
        format!(
            "{},{},{},{},{},{},{},{},\"{}\"",
            self.kind,
            self.detector,
            self.technique,
            self.attacker,
            self.victim,
            time(self.first),
            time(self.last),
            self.packets,
            self.note.replace('"', "\"\"")
        )
    }

    /// Counts one frame of this attack.
    pub(crate) fn count(&mut self, time: Timestamp) {
        self.first.get_or_insert(time);
        self.last = Some(time);
        self.packets += 1;
    }
}
