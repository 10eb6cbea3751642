//! How files say which records are attacks.

/// Kind of an attack of which a file says no more than that it is one.
pub(crate) const UNNAMED_ATTACK: &str = "attack";
pub(crate) use crate::data::NORMAL_NAME as NORMAL;

/// A column that holds a label or a part of it.
#[derive(Debug)]
pub(crate) struct LabelColumn {
    /// Its names; the first is used in messages.
    pub(crate) names: &'static [&'static str],
    /// Whether a file may lack it.
    pub(crate) optional: bool,
}

/// Where a label is and what it means.
#[derive(Debug)]
pub(crate) struct LabelRule {
    /// Columns that hold it.
    pub(crate) columns: &'static [LabelColumn],
    /// The kind of traffic by the texts of these columns, trimmed, empty where the file lacks
    /// one; `normal` or an attack's name. An error says what was expected.
    pub(crate) read: for<'a> fn(&[&'a str]) -> Result<&'a str, String>,
}

/// Words for normal traffic and for attacks in a column that says no more than that.
pub(crate) fn yes_or_no(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    if is(&["0", "0.0", "false", "no", "n", "normal", "benign"]) {
        Some(false)
    } else if is(&["1", "1.0", "true", "yes", "y", "attack", "anomaly", "malicious"]) {
        Some(true)
    } else {
        None
    }
}
