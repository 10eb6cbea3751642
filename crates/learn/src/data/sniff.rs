//! What a file is, by its first bytes: people send archives, spreadsheets and models.

use std::io::{BufRead, Chain, Cursor, Read};

use super::ReadError;

/// Bytes that are looked at.
const HEAD_BYTES: usize = 64 << 10;

const SAVE: &str = "save it as CSV with the names of the columns in the first line";
const UNPACK: &str = "unpack it first and give the file in it";
const PICKLE: &str = "pickles run code of whoever made them, so they are never read; export the \
                      rows as CSV, and train a model here instead of importing one";

/// A beginning that tells what a file is, and what to do about it.
const KINDS: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip file", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK),
    (b"BZh", "a bzip2 file", UNPACK),
    (b"\xfd7zXZ\0", "an xz file", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x80\x02", "a Python pickle", PICKLE),
    (b"\x80\x03", "a Python pickle", PICKLE),
    (b"\x80\x04", "a Python pickle", PICKLE),
    (b"\x80\x05", "a Python pickle", PICKLE),
    (b"PAR1", "a Parquet file", SAVE),
    (b"ARROW1", "an Arrow file", SAVE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", SAVE),
    (b"\x93NUMPY", "a NumPy array", SAVE),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", SAVE),
    (b"SQLite format 3\0", "an SQLite database", SAVE),
    (b"%PDF", "a PDF document", SAVE),
    (b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
    (b"\xd4\xc3\xb2\xa1", "a capture", "analyze it: `anomalyzer analyze FILE --csv DIR`"),
    (b"\xa1\xb2\xc3\xd4", "a capture", "analyze it: `anomalyzer analyze FILE --csv DIR`"),
    (b"\x0a\x0d\x0d\x0a", "a capture", "analyze it: `anomalyzer analyze FILE --csv DIR`"),
    (b"\x7fELF", "a program", "give a CSV file"),
    (b"\x89PNG", "a picture", "give a CSV file"),
    (b"<!DOCTYPE", "a page of the web", "save the file itself and not the page that shows it"),
    (b"<html", "a page of the web", "save the file itself and not the page that shows it"),
];
const ARRAY: &str = "write one object a line, without brackets and commas around them";
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The input with its first bytes put back.
pub(crate) type Whole<'a> = Chain<Cursor<Vec<u8>>, &'a mut dyn BufRead>;

/// Text whose first bytes were looked at.
pub(crate) struct Sniffed<'a> {
    /// All of it, without a byte order mark.
    pub(crate) input: Whole<'a>,
    /// How records are written in it.
    pub(crate) form: Form,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In columns.
    Columns {
        /// What is between them.
        separator: u8,
    },
    /// As JSON objects, one a line.
    Objects,
    /// In columns, with lines of `#` before.
    Zeek {
        /// What is between the columns.
        separator: u8,
    },
}

impl Sniffed<'_> {
    /// The bytes that were looked at, to the end of their last line.
    pub(crate) fn sample(&self) -> &[u8] {
        let head = self.input.get_ref().0.get_ref();
        if head.len() + BOM.len() < HEAD_BYTES {
            return head;
        }
        let end = head.iter().rposition(|byte| *byte == b'\n');
        end.and_then(|end| head.get(..=end)).unwrap_or(head)
    }
}

/// Looks at the beginning of a file. What is no text, or empty, is an error.
pub(crate) fn sniff<'a>(
    input: &'a mut dyn BufRead,
    schema: &'static str,
) -> Result<Sniffed<'a>, ReadError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    (&mut *input).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if let Some((_, what, advice)) = KINDS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(ReadError::NotText { what, advice });
    }
    if is_old_pickle(&head) {
        return Err(ReadError::NotText { what: "a Python pickle", advice: PICKLE });
    }
    if head.starts_with(BOM) {
        head.drain(..BOM.len());
    }
    let text = head.trim_ascii_start();
    if text.is_empty() {
        return Err(ReadError::Empty { schema });
    }
    let first_line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    if first_line.contains(&0) {
        return Err(ReadError::NotText {
            what: "binary data or text in UTF-16",
            advice: "save it as UTF-8 text",
        });
    }
    if first_line.starts_with(b"[") {
        return Err(ReadError::NotText { what: "a JSON array", advice: ARRAY });
    }
    let form = form(first_line);
    Ok(Sniffed { input: Cursor::new(head).chain(input), form })
}

/// Pickles of protocol 0 are text: they end in a stop opcode and begin with a mark or a global.
fn is_old_pickle(head: &[u8]) -> bool {
    let begins = [&b"(dp"[..], b"(lp", b"ccopy_reg\n", b"c__builtin__\n", b"(ip"];
    begins.iter().any(|begin| head.starts_with(begin)) && head.trim_ascii_end().ends_with(b".")
}

/// How records are written, by the first line.
fn form(first_line: &[u8]) -> Form {
    if first_line.starts_with(b"{") {
        return Form::Objects;
    }
    let Some(told) = first_line.strip_prefix(b"#separator ") else {
        let is_fields = first_line.starts_with(b"#fields\t");
        let separator = separator(first_line);
        return if is_fields {
            Form::Zeek { separator: b'\t' }
        } else {
            Form::Columns { separator }
        };
    };
    let hex = told.strip_prefix(b"\\x").and_then(|hex| std::str::from_utf8(hex).ok());
    let byte = hex.and_then(|hex| u8::from_str_radix(hex.trim_ascii(), 16).ok());
    Form::Zeek { separator: byte.or(told.first().copied()).unwrap_or(b'\t') }
}

/// The separator of a table: that which is most often in its first line.
fn separator(first_line: &[u8]) -> u8 {
    let count = |byte: u8| first_line.split(|b| *b == byte).count();
    let mut best = b',';
    for other in [b';', b'\t', b'|'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let told = match sniff(&mut &*bytes, "cic") {
            Ok(sniffed) => format!("{:?}", sniffed.form),
            Err(error) => error.to_string(),
        };
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        check(b"PK\x03\x04rest", "this is a zip archive or a spreadsheet");
        check(b"\x80\x04\x95rest", "this is a Python pickle");
        check(b"ccopy_reg\n_reconstructor\np0\n.", "this is a Python pickle");
        check(b"\x1f\x8b\x08", "this is a gzip file");
        check(b"a\0b\0,\0", "this is binary data or text in UTF-16");
        check(b"", "the file is empty");
        check(b"\xef\xbb\xbf \r\n", "the file is empty");
        check(b"[\n{}]", "this is a JSON array");
        check(b"\xef\xbb\xbfa,b\r\n1,2", "Columns { separator: 44 }");
        check(b"\n\na;b", "Columns { separator: 59 }");
        check(b" {\"a\":1}", "Objects");
        check(b"#separator \\x09\n", "Zeek { separator: 9 }");
        check(b"#fields\tts\n", "Zeek { separator: 9 }");
    }

    #[test]
    fn the_commonest_separator_is_taken() {
        assert_eq!(separator(b"a,b;c,d"), b',');
        assert_eq!(separator(b"a;b;c,d"), b';');
        assert_eq!(separator(b"a\tb"), b'\t');
        assert_eq!(separator(b"a"), b',');
    }
}
