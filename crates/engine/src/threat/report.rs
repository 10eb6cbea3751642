//! What reading a list gave, for people.

use super::indicator::Kind;
use super::spec::Format;
use std::collections::BTreeMap;

/// Skipped entries that are named; the rest are counted.
const NAMED: usize = 5;
/// Longest excerpt of a skipped entry in bytes.
const EXCERPT: usize = 60;

/// What one list held.
#[derive(Clone, Debug)]
pub struct Report {
    /// Short name of the list.
    pub name: String,
    /// The file as it was named.
    pub path: String,
    /// How it was read.
    pub format: Format,
    /// Indicators taken, by [`Kind`].
    pub taken: [u64; Kind::ALL.len()],
    /// Hosts of URLs among them.
    pub from_urls: u64,
    /// Entries that were skipped, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// The first entries that were skipped.
    pub examples: Vec<Example>,
    /// Entries that say what an earlier one of the list said.
    pub duplicates: u64,
    /// Indicators taken that had expired when the list was read.
    pub expired: u64,
}

/// A skipped entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Line of a text file, number of the object in JSON; from 1.
    pub place: u32,
    /// Why.
    pub reason: &'static str,
    /// Its beginning, escaped.
    pub excerpt: String,
}

impl Report {
    pub(super) fn new(name: String, path: String, format: Format) -> Self {
        Self {
            name,
            path,
            format,
            taken: [0; Kind::ALL.len()],
            from_urls: 0,
            skipped: BTreeMap::new(),
            examples: Vec::new(),
            duplicates: 0,
            expired: 0,
        }
    }

    pub(super) fn skip(&mut self, place: u32, reason: &'static str, text: &str) {
        *self.skipped.entry(reason).or_default() += 1;
        if self.examples.len() < NAMED {
            let excerpt = anomalyzer_wire::HostileStr::capped(text.as_bytes(), EXCERPT).escaped();
            self.examples.push(Example { place, reason, excerpt });
        }
    }

    /// Indicators taken, of all kinds.
    pub fn total(&self) -> u64 {
        self.taken.iter().sum()
    }

    /// Entries skipped, for all reasons.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Why there is nothing in it, for an error.
    pub(super) fn nothing(&self) -> String {
        let skipped: Vec<String> =
            self.skipped.iter().map(|(reason, n)| format!("{n} skipped: {reason}")).collect();
        match skipped.as_slice() {
            [] => "no indicator in it".into(),
            _ => format!("no indicator in it ({})", skipped.join("; ")),
        }
    }

    /// Line of the first entry that was skipped.
    pub(super) fn first_line(&self) -> Option<usize> {
        let first = self.examples.first().filter(|_| self.format != Format::Json)?;
        usize::try_from(first.place).ok()
    }

    /// What an entry's place is called.
    pub const fn place_name(&self) -> &'static str {
        match self.format {
            Format::Json => "object",
            Format::Lines | Format::Csv => "line",
        }
    }
}
