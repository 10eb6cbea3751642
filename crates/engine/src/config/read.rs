//! Strict reading of TOML: every fault has its place, and all faults are told at once.
//!
//! Knows nothing of what is read; the settings and the keyword lists use it.

use crate::text::edit_distance;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Most faults that are told; the rest are hardly news.
const FAULTS: usize = 100;

/// One fault in a file, a variable or a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// File name, variable name or `--set`.
    pub origin: String,
    /// Line from 1, in files.
    pub line: Option<usize>,
    /// Full key, such as `detect.port-scan.ports`; empty when the fault is not about a key.
    pub key: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.origin)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " `{}`:", self.key)?;
        }
        write!(f, " {}", self.text)
    }
}

/// Settings or a keyword list that cannot be used: all faults, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigError {
    /// The faults; never empty in an error that was returned.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A document being read, and the faults found in it so far.
pub(crate) struct Doc<'a> {
    line_ends: Vec<usize>,
    origin: &'a str,
    faults: Vec<Fault>,
}

impl<'a> Doc<'a> {
    /// Parses the syntax; faults of syntax end it.
    pub(crate) fn parse(
        text: &'a str,
        origin: &'a str,
    ) -> Result<(Self, DeTable<'a>), ConfigError> {
        let line_ends = text.match_indices('\n').map(|(at, _)| at).collect();
        let mut doc = Self { line_ends, origin, faults: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            doc.fault(error.span(), "", error.message().trim().to_owned());
        }
        if errors.is_empty() { Ok((doc, table.into_inner())) } else { Err(doc.error()) }
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, span: Option<Range<usize>>, key: &str, text: impl Into<String>) {
        if self.faults.len() >= FAULTS {
            return;
        }
        let line = span.map(|span| self.line(span.start));
        let origin = self.origin.to_owned();
        self.faults.push(Fault { origin, line, key: key.to_owned(), text: text.into() });
    }

    /// Opens a table and notes every key that is not `known`.
    pub(crate) fn fields<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        path: &str,
        known: &[&str],
    ) -> Fields<'t, 'i> {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let hint = suggestion(name, known);
                self.fault(Some(key.span()), &join(path, name), format!("unknown key{hint}"));
            }
        }
        Fields { table, path: path.to_owned() }
    }

    /// `value` when nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.faults.is_empty() { Ok(value) } else { Err(self.error()) }
    }

    fn error(mut self) -> ConfigError {
        self.faults.sort_by_key(|fault| fault.line);
        ConfigError { faults: self.faults }
    }

    /// Line of an offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < offset)
    }
}

/// A table that is read by typed keys.
pub(crate) struct Fields<'t, 'a> {
    table: &'t DeTable<'a>,
    path: String,
}

/// A value and where it stands.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

impl<'t, 'a> Fields<'t, 'a> {
    /// A table whose keys somebody else checks.
    pub(crate) fn new(table: &'t DeTable<'a>, path: &str) -> Self {
        Self { table, path: path.to_owned() }
    }

    /// Full name of a key of this table.
    pub(crate) fn name(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The value of a key as it is.
    pub(crate) fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    pub(crate) fn string(&self, doc: &mut Doc<'_>, key: &str) -> Option<At<&'t str>> {
        self.typed(doc, key, "a text in quotes", |v| v.as_str())
    }

    pub(crate) fn boolean(&self, doc: &mut Doc<'_>, key: &str) -> Option<At<bool>> {
        self.typed(doc, key, "true or false", DeValue::as_bool)
    }

    pub(crate) fn table(&self, doc: &mut Doc<'_>, key: &str) -> Option<At<&'t DeTable<'a>>> {
        self.typed(doc, key, "a table", |v| v.as_table())
    }

    /// Items of an array; an absent key is an empty array.
    pub(crate) fn items(&self, doc: &mut Doc<'_>, key: &str) -> Vec<&'t Spanned<DeValue<'a>>> {
        let array = self.typed(doc, key, "an array", |v| v.as_array());
        array.map_or_else(Vec::new, |at| at.value.iter().collect())
    }

    fn typed<T>(
        &self,
        doc: &mut Doc<'_>,
        key: &str,
        what: &str,
        read: impl Fn(&'t DeValue<'a>) -> Option<T>,
    ) -> Option<At<T>> {
        let value = self.table.get(key)?;
        if let Some(read) = read(value.get_ref()) {
            return Some(At { value: read, span: value.span() });
        }
        let text = format!("must be {what}, not {}", kind(value.get_ref()));
        doc.fault(Some(value.span()), &self.name(key), text);
        None
    }
}

/// A number, whole or with a fraction; never infinite or NaN.
pub(crate) fn number(value: &DeValue<'_>) -> Option<f64> {
    if let Some(whole) = value.as_integer() {
        return i64::from_str_radix(whole.as_str(), whole.radix()).ok().map(|n| n as f64);
    }
    value.as_float()?.as_str().parse().ok().filter(|n: &f64| n.is_finite())
}

/// A value's type in words.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// `; did you mean ...?` with the nearest known name, or the names there are.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|k| (edit_distance(name, k), *k)).min();
    match near {
        Some((d, k)) if d <= 1 + k.len() / 4 => format!("; did you mean `{k}`?"),
        _ if known.len() <= 12 => format!("; known are {}", known.join(", ")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_their_lines() {
        let (mut doc, table) = Doc::parse("a = 1\n\n[b]\nprots = 2\n", "x.toml").unwrap();
        let fields = doc.fields(&table, "", &["a", "b"]);
        let inner = fields.table(&mut doc, "b").unwrap();
        doc.fields(inner.value, "b", &["ports"]);
        assert!(fields.string(&mut doc, "a").is_none());
        let text = doc.finish(()).unwrap_err().to_string();
        assert_eq!(
            text,
            "x.toml:1: `a`: must be a text in quotes, not a whole number\n\
             x.toml:4: `b.prots`: unknown key; did you mean `ports`?"
        );
    }

    #[test]
    fn syntax_faults_have_their_lines_too() {
        let fault = Doc::parse("a = 1\nb = \n", "x.toml").err().unwrap();
        assert_eq!(fault.faults[0].line, Some(2));
    }
}
