//! What the user says about a list: where it is, how to read it, how much it matters.

use crate::alert::Severity;

/// Longest name of a list in characters.
const NAME_MAX: usize = 40;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One indicator a line.
    Lines,
    /// Columns with or without a header.
    Csv,
    /// A STIX 2.1 bundle or a MISP export.
    Json,
}

impl Format {
    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Csv => "CSV",
            Self::Json => "JSON",
        }
    }
}

/// A list as the settings name it: words with colons, then the file, such as
/// `high:csv:feeds/c2.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListSpec {
    /// The file.
    pub path: String,
    /// Short name for alerts: the file's name without folder and ending.
    pub name: String,
    /// How it is written; `None` means by its content.
    pub format: Option<Format>,
    /// Severity of contact that came about; medium without it.
    pub severity: Option<Severity>,
    /// Takes private addresses, wide networks and public suffixes too.
    pub unguarded: bool,
}

impl ListSpec {
    /// Reads the words before the file: `lines:`, `csv:`, `stix:`, `misp:`, a severity, and
    /// `unguarded:`.
    pub fn parse(text: &str) -> Self {
        let mut spec = Self {
            path: String::new(),
            name: String::new(),
            format: None,
            severity: None,
            unguarded: false,
        };
        let mut rest = text.trim();
        while let Some((word, behind)) = rest.split_once(':') {
            match word {
                "lines" => spec.format = Some(Format::Lines),
                "csv" => spec.format = Some(Format::Csv),
                "stix" | "misp" => spec.format = Some(Format::Json),
                "unguarded" => spec.unguarded = true,
                _ => match Severity::parse(word) {
                    Some(severity) => spec.severity = Some(severity),
                    None => break,
                },
            }
            rest = behind;
        }
        rest.clone_into(&mut spec.path);
        spec.name = short_name(rest);
        spec
    }
}

/// The file's name without folder and ending, in characters that are safe everywhere.
fn short_name(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().take(NAME_MAX).map(safe).collect();
    if name.is_empty() { "list".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_the_file() {
        let spec = ListSpec::parse("high:csv:unguarded:feeds/C2 today.csv.txt");
        assert_eq!(spec.path, "feeds/C2 today.csv.txt");
        assert_eq!(spec.name, "C2-today");
        assert_eq!((spec.format, spec.severity), (Some(Format::Csv), Some(Severity::High)));
        assert!(spec.unguarded);
        assert_eq!(ListSpec::parse("x:y.txt").path, "x:y.txt");
        assert_eq!(ListSpec::parse("").name, "list");
    }
}
