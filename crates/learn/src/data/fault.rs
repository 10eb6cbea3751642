//! What could not be read of a file, row by row.

use std::fmt;

use serde::Serialize;

/// Most names of columns that are told as unused.
const UNUSED_MAX: usize = 100;
/// Bytes of a text of the file that are repeated in a message.
const QUOTED_BYTES_MAX: usize = 40;

/// A row that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line at which the record begins, from 1.
    pub line: u64,
    /// Column as the schema names it; `None` when the row as a whole is wrong.
    pub column: Option<String>,
    /// What is wrong with it, and what was expected.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.why),
            None => write!(f, "line {}: {}", self.line, self.why),
        }
    }
}

/// All that was not taken from a file as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// The first rows that were left out, up to [`Limits::faults`](super::Limits::faults).
    pub list: Vec<Fault>,
    /// All rows that were left out.
    pub total: u64,
    /// Values that were infinite or beyond ±10^30 and are now that bound.
    pub clamped: u64,
    /// Rates that were infinite or undefined over a duration of zero and are now 0.
    pub rates_zeroed: u64,
    /// Values that were missing, and are `NaN`.
    pub missing: u64,
    /// Words that came when the list of their column was full, and are `NaN`.
    pub words_dropped: u64,
    /// Columns of the file that the schema does not use, by name, the first hundred.
    pub unused: Vec<String>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault, kept_max: usize) {
        self.total += 1;
        if self.list.len() < kept_max {
            self.list.push(fault);
        }
    }

    pub(crate) fn add_unused(&mut self, name: &str) {
        if self.unused.len() < UNUSED_MAX {
            self.unused.push(shown(name.as_bytes()));
        }
    }
}

/// A text of the file for a message: short, in quotes, without control characters.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    format!("'{}'", shown(bytes))
}

/// A text of the file for a message: short, without control characters.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let cut = bytes.get(..QUOTED_BYTES_MAX).unwrap_or(bytes);
    let mut text: String = String::from_utf8_lossy(cut)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if cut.len() < bytes.len() {
        text.push('…');
    }
    text
}
