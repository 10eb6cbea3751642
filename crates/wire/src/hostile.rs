//! Text that came off the wire and may be anything.

use std::fmt;

/// A name or text taken from traffic: raw bytes, kept as they were.
///
/// It has no `Display` on purpose: whoever writes it somewhere chooses the escaping for that
/// place. [`HostileStr::escaped`] is the one for terminals, logs and JSON text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HostileStr(Box<[u8]>);

impl HostileStr {
    /// Keeps at most `max` bytes of `bytes`.
    pub fn capped(bytes: &[u8], max: usize) -> Self {
        Self(bytes.get(..max).unwrap_or(bytes).into())
    }

    /// The bytes as they were on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// True when there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Printable text: valid UTF-8 without control, format (bidirectional, zero-width, line
    /// separator) characters stays; every other byte becomes `\xNN` and `\` becomes `\\`.
    pub fn escaped(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                push_escaped(&mut out, c);
            }
            for byte in chunk.invalid() {
                push_hex(&mut out, *byte);
            }
        }
        out
    }
}

fn push_escaped(out: &mut String, c: char) {
    if c == '\\' {
        out.push_str("\\\\");
    } else if c.is_control() || is_invisible(c) {
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            push_hex(out, byte);
        }
    } else {
        out.push(c);
    }
}

fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str("\\x");
    for nibble in [byte >> 4, byte & 15] {
        out.push(DIGITS.get(usize::from(nibble)).copied().unwrap_or('?'));
    }
}

/// Characters that change how the text around them is shown: soft hyphen, zero-width, bidirectional
/// and line-separating ones.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl From<&[u8]> for HostileStr {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for HostileStr {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for HostileStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escaped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_could_steer_a_terminal_or_forge_a_line() {
        let check = |bytes: &[u8], text: &str| assert_eq!(HostileStr::from(bytes).escaped(), text);
        check(b"www.example.org", "www.example.org");
        check(b"a\r\nb\x1b[2J", "a\\x0d\\x0ab\\x1b[2J");
        check("ü\u{202e}x".as_bytes(), "ü\\xe2\\x80\\xaex");
        check(b"\xff\\\0", "\\xff\\\\\\x00");
        check("\u{2028}".as_bytes(), "\\xe2\\x80\\xa8");
    }
}
