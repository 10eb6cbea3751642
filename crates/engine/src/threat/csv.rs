//! Lists in columns: comma, semicolon or tab, quotes as usual, a header or none.
//!
//! The header may be the first row or the last comment before it, as abuse.ch writes it. Columns
//! are known by their names (`COLUMNS`); without a header the first column that holds an
//! indicator is read. A value does not run over the end of a line.

use super::builder::{Meta, Sink, Wrong};
use super::indicator::{Hint, read as read_indicator};
use super::lines::{Lines, TOO_LONG};
use super::time;
use std::io::BufRead;

/// Most columns of a row that are looked at.
const COLUMNS_MAX: usize = 64;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// An indicator.
    Value(Hint),
    /// What kind of indicator the row holds.
    Type,
    Since,
    From,
    Until,
    Confidence,
    Note,
}

/// Column names in lower case with `_` for everything else than letters and digits. Of several
/// indicators in a row the one that stands first here is read; of notes too.
const COLUMNS: [(&str, Column); 54] = [
    ("ioc_value", Column::Value(Hint::Any)),
    ("ioc", Column::Value(Hint::Any)),
    ("indicator", Column::Value(Hint::Any)),
    ("value", Column::Value(Hint::Any)),
    ("observable", Column::Value(Hint::Any)),
    ("dst_ip", Column::Value(Hint::Address)),
    ("dest_ip", Column::Value(Hint::Address)),
    ("ip", Column::Value(Hint::Address)),
    ("ip_address", Column::Value(Hint::Address)),
    ("ipaddress", Column::Value(Hint::Address)),
    ("address", Column::Value(Hint::Address)),
    ("network", Column::Value(Hint::Address)),
    ("cidr", Column::Value(Hint::Address)),
    ("src_ip", Column::Value(Hint::Address)),
    ("domain", Column::Value(Hint::Name)),
    ("hostname", Column::Value(Hint::Name)),
    ("host", Column::Value(Hint::Any)),
    ("fqdn", Column::Value(Hint::Name)),
    ("ja3_md5", Column::Value(Hint::Ja3)),
    ("ja3_hash", Column::Value(Hint::Ja3)),
    ("ja3", Column::Value(Hint::Ja3)),
    ("ja3s", Column::Value(Hint::Ja3s)),
    ("ja4", Column::Value(Hint::Ja4)),
    ("sha1", Column::Value(Hint::Sha1)),
    ("certificate_sha1", Column::Value(Hint::Sha1)),
    ("certificate_sha256", Column::Value(Hint::Sha256)),
    ("url", Column::Value(Hint::Url)),
    ("ioc_type", Column::Type),
    ("indicator_type", Column::Type),
    ("type", Column::Type),
    ("first_seen", Column::Since),
    ("first_seen_utc", Column::Since),
    ("firstseen", Column::Since),
    ("dateadded", Column::Since),
    ("date_added", Column::Since),
    ("listingdate", Column::Since),
    ("created", Column::Since),
    ("date", Column::Since),
    ("valid_from", Column::From),
    ("valid_until", Column::Until),
    ("expires", Column::Until),
    ("expiration", Column::Until),
    ("expire", Column::Until),
    ("expiry", Column::Until),
    ("confidence_level", Column::Confidence),
    ("confidence", Column::Confidence),
    ("malware_printable", Column::Note),
    ("malware", Column::Note),
    ("listingreason", Column::Note),
    ("description", Column::Note),
    ("comment", Column::Note),
    ("threat", Column::Note),
    ("threat_type", Column::Note),
    ("tags", Column::Note),
];

/// Words in a type column.
const TYPES: [(&str, Option<Hint>); 21] = [
    ("ip", Some(Hint::Address)),
    ("ip_port", Some(Hint::Address)),
    ("ipv4", Some(Hint::Address)),
    ("ipv6", Some(Hint::Address)),
    ("ip_dst", Some(Hint::Address)),
    ("ip_src", Some(Hint::Address)),
    ("cidr", Some(Hint::Address)),
    ("domain", Some(Hint::Name)),
    ("hostname", Some(Hint::Name)),
    ("fqdn", Some(Hint::Name)),
    ("url", Some(Hint::Url)),
    ("ja3", Some(Hint::Ja3)),
    ("ja3s", Some(Hint::Ja3s)),
    ("ja4", Some(Hint::Ja4)),
    ("x509_fingerprint_sha1", Some(Hint::Sha1)),
    ("x509_fingerprint_sha256", Some(Hint::Sha256)),
    ("md5_hash", None),
    ("sha1_hash", None),
    ("sha256_hash", None),
    ("sha3_384_hash", None),
    ("email", None),
];

/// Reads all rows.
pub(super) fn read(sink: &mut Sink<'_>, reader: &mut impl BufRead) -> Result<(), Wrong> {
    let mut lines = Lines::new(reader);
    let mut comment = String::new();
    let mut layout: Option<Layout> = None;
    while let Some(line) = lines.next()? {
        let Some(text) = line.text else {
            sink.skip(line.number, TOO_LONG, "");
            continue;
        };
        let text = text.trim();
        if let Some(words) = text.strip_prefix('#') {
            words.trim().clone_into(&mut comment);
            continue;
        }
        if text.is_empty() {
            continue;
        }
        let Some(layout) = &layout else {
            let (found, is_header) = Layout::of(&comment, text);
            if !is_header && !found.row(sink, text, line.number) {
                break;
            }
            layout = Some(found);
            continue;
        };
        if !layout.row(sink, text, line.number) {
            break;
        }
    }
    Ok(())
}

/// Which column holds what, and what stands between columns.
struct Layout {
    separator: char,
    columns: Vec<Option<(usize, Column)>>,
}

impl Layout {
    /// From the last comment before the first row, the first row as a header, or its content. The
    /// flag says that the row is a header.
    fn of(comment: &str, row: &str) -> (Self, bool) {
        let separator = separator(row);
        let cells = split(row, separator).len();
        if split(comment, separator).len() == cells
            && let Some(layout) = Self::named(comment, separator)
        {
            return (layout, false);
        }
        if let Some(layout) = Self::named(row, separator) {
            return (layout, true);
        }
        let mut columns: Vec<Option<(usize, Column)>> = vec![None; cells];
        let values = split(row, separator);
        let found = values.iter().position(|cell| read_indicator(cell, Hint::Any).is_ok());
        if let Some(column) = columns.get_mut(found.unwrap_or(0)) {
            *column = Some((0, Column::Value(Hint::Any)));
        }
        (Self { separator, columns }, false)
    }

    /// By the names of a header; `None` when no name of an indicator is among them.
    fn named(header: &str, separator: char) -> Option<Self> {
        let rank = |cell: &String| {
            let name = plain(cell);
            COLUMNS.iter().position(|(known, _)| *known == name)
        };
        let column = |rank: usize| COLUMNS.get(rank).map(|(_, column)| (rank, *column));
        let columns: Vec<_> =
            split(header, separator).iter().map(|cell| rank(cell).and_then(column)).collect();
        let value = |c: &Option<(usize, Column)>| matches!(c, Some((_, Column::Value(_))));
        columns.iter().any(value).then_some(Self { separator, columns })
    }

    /// Reads a row; false when there is no more room.
    fn row(&self, sink: &mut Sink<'_>, text: &str, line: u32) -> bool {
        let cells = split(text, self.separator);
        let mut row = Row::default();
        let mut meta = Meta { place: line, ..Meta::default() };
        for (cell, column) in cells.iter().zip(&self.columns) {
            if let (Some((rank, column)), false) = (column, cell.is_empty()) {
                row.cell(cell, *rank, *column, &mut meta);
            }
        }
        let Some((_, value, named)) = row.value else {
            sink.skip(line, "no indicator in the row", text);
            return true;
        };
        meta.note = row.note.map_or("", |(_, note)| note);
        match row.kind.as_ref().and_then(|kind| TYPES.iter().find(|(name, _)| name == kind)) {
            Some((_, None)) => {
                sink.skip(line, "a hash of a file or a mail address", text);
                true
            }
            Some((_, Some(hint))) => sink.add(value, *hint, &meta),
            None => sink.add(value, named, &meta),
        }
    }
}

/// What a row's cells hold; of several of a kind the one that `COLUMNS` names first.
#[derive(Default)]
struct Row<'a> {
    value: Option<(usize, &'a str, Hint)>,
    note: Option<(usize, &'a str)>,
    kind: Option<String>,
}

impl<'a> Row<'a> {
    fn cell(&mut self, cell: &'a str, rank: usize, column: Column, meta: &mut Meta<'_>) {
        match column {
            Column::Value(hint) if self.value.is_none_or(|(best, ..)| rank < best) => {
                self.value = Some((rank, cell, hint));
            }
            Column::Note if self.note.is_none_or(|(best, _)| rank < best) => {
                self.note = Some((rank, cell));
            }
            Column::Value(_) | Column::Note => {}
            Column::Type => self.kind = Some(plain(cell)),
            Column::Since => meta.since = meta.since.or_else(|| time::parse(cell)),
            Column::From => meta.from = time::parse(cell),
            Column::Until => meta.until = time::parse(cell),
            Column::Confidence => meta.confidence = cell.parse().ok().filter(|c| *c <= 100),
        }
    }
}

/// A name in lower case with `_` between words.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.trim().trim_matches(['"', '#', ' ']).chars().take(64).map(plain).collect()
}

/// What stands between columns: of comma, semicolon and tab the most frequent.
fn separator(row: &str) -> char {
    let count = |c: char| row.matches(c).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|c| count(*c)).unwrap_or(',')
}

/// Cells of a row without their quotes; two quotes within quotes are one.
fn split(row: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut chars) = (false, row.chars().peekable());
    while let Some(c) = chars.next() {
        let empty = cells.last().is_some_and(|cell| cell.trim().is_empty());
        match c {
            '"' if !quoted && empty => quoted = true,
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' if quoted => quoted = false,
            c if c == separator && !quoted => {
                if cells.len() >= COLUMNS_MAX {
                    break;
                }
                cells.push(String::new());
            }
            c => push(&mut cells, c),
        }
    }
    for cell in &mut cells {
        if cell.trim().len() != cell.len() {
            *cell = cell.trim().to_owned();
        }
    }
    cells
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

/// True when the first lines have columns: a header that is known, or a row with quotes.
pub(super) fn looks_like(start: &str) -> bool {
    let mut comment = "";
    for line in start.lines().map(str::trim).filter(|line| !line.is_empty()).take(1_000) {
        if let Some(words) = line.strip_prefix('#') {
            comment = words.trim();
            continue;
        }
        let separator = separator(line);
        let cells = split(line, separator).len();
        let header = [comment, line].iter().any(|text| Layout::named(text, separator).is_some());
        return cells > 1 && (header || line.starts_with('"') || separator == ',')
            || header && cells == 1 && Layout::named(line, separator).is_some();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_at_separators_outside_of_quotes() {
        let check = |row: &str, cells: &[&str]| assert_eq!(split(row, separator(row)), cells);
        check("a,b,c", &["a", "b", "c"]);
        check("\"a,b\", \"c \"\"d\"\"\" ,", &["a,b", "c \"d\"", ""]);
        check("a;b;c,d", &["a", "b", "c,d"]);
        check("a\tb", &["a", "b"]);
        assert_eq!(split(&",".repeat(1_000), ',').len(), COLUMNS_MAX);
    }

    #[test]
    fn columns_are_told_from_lines() {
        assert!(looks_like("# made\n# id,dateadded,url\n\"1\",\"2025\",\"http://x.example/\"\n"));
        assert!(looks_like("first_seen_utc,dst_ip\n"));
        assert!(looks_like("domain\nevil.example\n"));
        assert!(!looks_like("198.51.100.1\n198.51.100.2\n"));
        assert!(!looks_like("198.51.100.0/24 ; SBL1\n"));
        assert!(!looks_like(""));
    }
}
