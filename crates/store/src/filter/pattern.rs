//! Texts with wildcards. Letters of either case are the same, as in names of DNS.

use std::fmt::{self, Write as _};

/// A text to compare with: pieces that must follow each other, with anything where two pieces
/// meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// One more than there are wildcards; of two wildcards in a row one is enough.
    pieces: Vec<Vec<u8>>,
}

impl Pattern {
    /// Reads a text in which `*` stands for anything, `\*`, `\"` and `\\` for themselves, and
    /// `\xNN` for a byte, as names are shown that hold more than printable text. Quotes are left
    /// out.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![Vec::new()];
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let piece = match c {
                '"' => continue,
                '*' => {
                    // The first piece may be empty, and so may the last.
                    if pieces.len() == 1 || pieces.last().is_some_and(|p: &Vec<u8>| !p.is_empty()) {
                        pieces.push(Vec::new());
                    }
                    continue;
                }
                '\\' => Escaped::read(&mut rest)?,
                c => Escaped::Char(c),
            };
            if let Some(last) = pieces.last_mut() {
                piece.push(last);
            }
        }
        Ok(Self { pieces })
    }

    /// Anything before and behind.
    pub(super) fn anywhere(self) -> Self {
        let mut pieces = self.pieces;
        if pieces.first().is_some_and(|p| !p.is_empty()) {
            pieces.insert(0, Vec::new());
        }
        if pieces.last().is_some_and(|p| !p.is_empty()) {
            pieces.push(Vec::new());
        }
        Self { pieces }
    }

    /// True when it has a wildcard.
    pub(super) fn is_wild(&self) -> bool {
        self.pieces.len() > 1
    }

    /// True when there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.iter().all(Vec::is_empty) && !self.is_wild()
    }

    /// True when the whole text is like this. Time is at most proportional to the product of the
    /// lengths.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| text.eq_ignore_ascii_case(only));
        };
        let Some((head, rest)) = text.split_at_checked(first.len()) else { return false };
        let Some(tail) = rest.len().checked_sub(last.len()) else { return false };
        let (mut rest, end) = rest.split_at(tail);
        if !head.eq_ignore_ascii_case(first) || !end.eq_ignore_ascii_case(last) {
            return false;
        }
        for piece in middle {
            let found =
                rest.windows(piece.len().max(1)).position(|w| w.eq_ignore_ascii_case(piece));
            let Some(place) = found else { return false };
            rest = rest.get(place + piece.len()..).unwrap_or_default();
        }
        true
    }
}

/// What stands for something else.
enum Escaped {
    Char(char),
    Byte(u8),
}

impl Escaped {
    fn read(rest: &mut std::str::Chars<'_>) -> Result<Self, String> {
        match rest.next() {
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                let whole = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| whole);
                byte.map(Self::Byte)
                    .ok_or_else(|| "\\x needs two hex digits, as in \\x1b".to_owned())
            }
            Some(c) if !c.is_alphanumeric() => Ok(Self::Char(c)),
            Some(c) => Err(format!("\\{c} means nothing; write \\\\ for a backslash")),
            None => Err("a backslash needs something behind it; write \\\\ for itself".to_owned()),
        }
    }

    fn push(self, into: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => into.push(byte),
            Self::Char(c) => {
                let mut buffer = [0; 4];
                into.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (n, piece) in self.pieces.iter().enumerate() {
            if n > 0 {
                text.push('*');
            }
            write_piece(&mut text, piece);
        }
        // A word may begin with `-`, but not what it is compared with; and nothing must be quoted.
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || "(),".contains(c)) {
            return write!(f, "\"{text}\"");
        }
        f.write_str(&text)
    }
}

fn write_piece(text: &mut String, piece: &[u8]) {
    for chunk in piece.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || anomalyzer_wire::is_invisible(c) {
                let mut buffer = [0; 4];
                write_bytes(text, c.encode_utf8(&mut buffer).as_bytes());
                continue;
            }
            if matches!(c, '\\' | '"' | '*') {
                text.push('\\');
            }
            text.push(c);
        }
        write_bytes(text, chunk.invalid());
    }
}

fn write_bytes(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_anything() {
        let check = |pattern: &str, text: &[u8], expected: bool| {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(text), expected, "{pattern:?} {text:?}");
        };
        check("example.org", b"EXAMPLE.org", true);
        check("example.org", b"www.example.org", false);
        check("*.example.org", b"www.example.org", true);
        check("*.example.org", b"example.org", false);
        check("*", b"", true);
        check("a*a", b"a", false);
        check("a*a", b"aa", true);
        check("a*b*c", b"axxbyyc", true);
        check("a*b*b*c", b"axbyc", false);
        check("**x**", b"axb", true);
        check("\\*", b"*", true);
        check("\\*", b"a", false);
        check("\"a b\"", b"a b", true);
        check("\\xff\\x00*", b"\xff\x00z", true);
    }

    #[test]
    fn escapes_that_mean_nothing_are_refused() {
        for wrong in ["\\", "\\x", "\\x1", "\\xzz", "\\n", "\\x+1"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
