//! Plain lists: one indicator a line, with comments.
//!
//! Understood besides: `address name` as in hosts files, and a comment behind the indicator
//! (`198.51.100.0/24 ; SBL1`), which becomes its description.

use super::builder::{Meta, Sink, Wrong};
use super::indicator::Hint;
use std::io::BufRead;

/// Longest line in bytes: more than any feed writes, little enough to hold.
pub(super) const LINE_MAX: usize = 16 << 10;
/// What stands before a name in hosts files.
const SINKS: [&str; 3] = ["0.0.0.0", "127.0.0.1", "::"];

pub(super) const TOO_LONG: &str = "a line longer than 16 KiB";

/// Reads all lines.
pub(super) fn read(sink: &mut Sink<'_>, reader: &mut impl BufRead) -> Result<(), Wrong> {
    let mut lines = Lines::new(reader);
    while let Some(line) = lines.next()? {
        let Some(text) = line.text else {
            sink.skip(line.number, TOO_LONG, "");
            continue;
        };
        let Some((indicator, note)) = split(text) else { continue };
        let meta = Meta { place: line.number, note, ..Meta::default() };
        if !sink.add(indicator, Hint::Any, &meta) {
            break;
        }
    }
    Ok(())
}

/// The indicator and the comment of a line; `None` when there is no indicator.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return None;
    }
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let word = rest.split_whitespace().next().unwrap_or_default();
    if SINKS.contains(&first) && !word.is_empty() && !word.starts_with(['#', ';']) {
        let behind = rest.get(word.len()..).unwrap_or_default();
        return Some((word, comment(behind)));
    }
    // A comment may touch the indicator.
    match first.find(['#', ';']) {
        Some(at) if !first.contains("://") => {
            let (indicator, behind) = line.split_at_checked(at)?;
            Some((indicator, comment(behind)))
        }
        _ => Some((first, comment(rest))),
    }
}

fn comment(text: &str) -> &str {
    text.trim().trim_start_matches(['#', ';', ',', ' ', '\t'])
}

/// Lines of bounded length.
pub(super) struct Lines<'a, R> {
    reader: &'a mut R,
    buffer: Vec<u8>,
    text: String,
    number: u32,
}

/// A line and its number from 1.
pub(super) struct Line<'a> {
    pub(super) number: u32,
    /// `None` when it was too long.
    pub(super) text: Option<&'a str>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(reader: &'a mut R) -> Self {
        Self { reader, buffer: Vec::new(), text: String::new(), number: 0 }
    }

    /// The next line without its end; `None` at the end of the file.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let (mut any, mut cut) = (false, false);
        loop {
            let piece = self.reader.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            any = true;
            let end = piece.iter().position(|b| *b == b'\n');
            let line = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
            cut |= self.buffer.len() + line.len() > LINE_MAX;
            if !cut {
                self.buffer.extend_from_slice(line);
            }
            let used = line.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        self.text.clear();
        self.text.push_str(&String::from_utf8_lossy(&self.buffer));
        let text = self.text.trim_start_matches('\u{feff}').trim_end_matches('\r');
        Ok(Some(Line { number: self.number, text: (!cut).then_some(text) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_from_their_comments() {
        let check = |line: &str, expected: Option<(&str, &str)>| assert_eq!(split(line), expected);
        check("", None);
        check("# x", None);
        check("; x", None);
        check("// x", None);
        check("198.51.100.1", Some(("198.51.100.1", "")));
        check("198.51.100.0/24 ; SBL1", Some(("198.51.100.0/24", "SBL1")));
        check("198.51.100.1# why", Some(("198.51.100.1", "why")));
        check("0.0.0.0 evil.example # ads", Some(("evil.example", "ads")));
        check("127.0.0.1\tevil.example", Some(("evil.example", "")));
        check("0.0.0.0", Some(("0.0.0.0", "")));
        check("http://evil.example/#x y", Some(("http://evil.example/#x", "y")));
    }

    #[test]
    fn long_lines_are_left_out_without_being_held() {
        let text = format!("a\n{}\nb", "x".repeat(LINE_MAX * 4));
        let mut bytes = std::io::BufReader::with_capacity(64, text.as_bytes());
        let mut lines = Lines::new(&mut bytes);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push((line.number, line.text.map(str::to_owned)));
        }
        assert!(lines.buffer.capacity() <= LINE_MAX * 2);
        assert_eq!(seen, [(1, Some("a".into())), (2, None), (3, Some("b".into()))]);
    }
}
