//! Escaping for each place that text is written to: terminals, JSON, HTML and SVG, CSV cells.
//!
//! Names from traffic stay raw bytes until here. Texts that the engine made (titles, explanations)
//! may quote such names, so they pass through the same filters.

use anomalyzer_wire::{HostileStr, is_invisible};
use std::fmt::Write as _;

/// Text for one line of a terminal: control and invisible characters become `\xNN`, everything else
/// stays. Backslashes stay, since texts of the engine hold escapes already.
pub(crate) fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "\\x{byte:02x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Text for HTML and SVG, in elements and in attributes within double quotes. Characters that the
/// standards forbid there, and invisible ones, become `\xNN`.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in terminal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // U+FFFE and U+FFFF are not characters of XML 1.0.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A text cell of a CSV file that no spreadsheet takes for a formula (OWASP ASVS 1.2.10): cells
/// that begin with one of `= + - @`, tab or carriage return get an apostrophe in front. Line breaks
/// and other controls are escaped, so that one record stays one line.
pub(crate) fn cell(text: &str) -> String {
    let dangerous = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}']);
    let clean = terminal(text);
    if dangerous { format!("'{clean}") } else { clean }
}

/// A name from traffic as a CSV cell.
pub(crate) fn hostile_cell(text: &HostileStr) -> String {
    cell(&text.escaped())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_escapes() {
        assert_eq!(terminal("a\x1b[2Jb\n\u{202e}\\x41"), "a\\x1b[2Jb\\x0a\\xe2\\x80\\xae\\x41");
        assert_eq!(markup("<img onerror='x'>&\""), "&lt;img onerror=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(markup("\0\u{ffff}"), "\\x00\u{fffd}");
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("\t=1"), "'\\x09=1");
        assert_eq!(cell("a-b"), "a-b");
        assert_eq!(cell(""), "");
    }
}
