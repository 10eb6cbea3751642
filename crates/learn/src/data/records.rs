//! Tables in text, record by record, in buffers that cannot grow beyond their limit.
//!
//! Quotes and line ends are csv_core's affair: `\n`, `\r\n` and `\r` may be mixed, and a quoted
//! field may hold all of them. Empty lines are passed by.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Limits, ReadError};

/// Bytes of a record and ends of fields for which there is room at once.
const FIRST_BYTES: usize = 4 << 10;
const FIRST_FIELDS: usize = 128;

/// The fields of one record.
#[derive(Debug, Default)]
pub(crate) struct TextRecord {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    /// Line at which it begins, from 1.
    pub(crate) line: u64,
}

impl TextRecord {
    /// Number of fields.
    pub(crate) fn len(&self) -> usize {
        self.fields
    }

    /// Field `at`; nothing behind the last one.
    pub(crate) fn field(&self, at: usize) -> &[u8] {
        if at >= self.fields {
            return &[];
        }
        let end = self.ends.get(at).copied().unwrap_or(0);
        let begin = at.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or(0);
        self.bytes.get(begin..end).unwrap_or(&[])
    }

    /// Makes it empty.
    pub(crate) fn clear(&mut self, line: u64) {
        self.fields = 0;
        self.line = line;
    }

    /// Appends a field, for records that do not come from a table in text.
    pub(crate) fn push(&mut self, field: &[u8]) {
        self.ends.truncate(self.fields);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        self.bytes.extend_from_slice(field);
        self.ends.push(self.bytes.len());
        self.fields += 1;
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.fields).map(|at| self.field(at))
    }
}

/// A record as a schema sees it: its fields in the schema's order.
pub(crate) struct Cells<'a> {
    record: &'a TextRecord,
    places: &'a [Option<usize>],
}

impl<'a> Cells<'a> {
    /// `places`: where in the record each field of the schema is.
    pub(crate) fn new(record: &'a TextRecord, places: &'a [Option<usize>]) -> Self {
        Self { record, places }
    }

    /// Field `at` of the schema; empty where the record has none.
    pub(crate) fn get(&self, at: usize) -> &'a [u8] {
        self.places.get(at).copied().flatten().map_or(&[], |place| self.record.field(place))
    }
}

/// Records of a table with a separator.
pub(crate) struct Records<R> {
    input: R,
    parser: Reader,
    lines: Lines,
    record_bytes: usize,
    columns: usize,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(input: R, separator: u8, quotes: bool, limits: &Limits) -> Self {
        Self {
            input,
            parser: ReaderBuilder::new().delimiter(separator).quoting(quotes).build(),
            lines: Lines { line: 1, after_cr: false },
            record_bytes: limits.record_bytes.max(1),
            columns: limits.columns.max(1),
        }
    }

    /// Reads the next record; `false` at the end.
    pub(crate) fn next(&mut self, record: &mut TextRecord) -> Result<bool, ReadError> {
        self.skip_empty_lines()?;
        record.line = self.lines.line;
        record.fields = 0;
        let (mut written, mut ended) = (0, 0);
        loop {
            self.make_room(record, written, ended)?;
            let input = self.input.fill_buf()?;
            let out = record.bytes.get_mut(written..).unwrap_or_default();
            let ends = record.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, wrote, fields) = self.parser.read_record(input, out, ends);
            self.lines.count(input.get(..read).unwrap_or_default());
            self.input.consume(read);
            written += wrote;
            ended += fields;
            match result {
                ReadRecordResult::Record => {
                    self.check(record.line, written, ended)?;
                    record.fields = ended;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => {}
            }
        }
    }

    /// Doubles what is full, up to one more than allowed: that is how a record as long as allowed
    /// is told from a longer one.
    fn make_room(
        &self,
        record: &mut TextRecord,
        written: usize,
        ended: usize,
    ) -> Result<(), ReadError> {
        self.check(record.line, written, ended)?;
        if written >= record.bytes.len() {
            let room = (written * 2).max(FIRST_BYTES).min(self.record_bytes + 1);
            record.bytes.resize(room, 0);
        }
        if ended >= record.ends.len() {
            let room = (ended * 2).max(FIRST_FIELDS).min(self.columns + 1);
            record.ends.resize(room, 0);
        }
        Ok(())
    }

    fn check(&self, line: u64, written: usize, ended: usize) -> Result<(), ReadError> {
        if written > self.record_bytes {
            return Err(ReadError::LongRecord { line, limit: self.record_bytes });
        }
        if ended > self.columns {
            return Err(ReadError::Columns { line, limit: self.columns });
        }
        Ok(())
    }

    fn skip_empty_lines(&mut self) -> Result<(), ReadError> {
        loop {
            let input = self.input.fill_buf()?;
            let empty = input.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            if empty == 0 {
                return Ok(());
            }
            self.lines.count(input.get(..empty).unwrap_or_default());
            self.input.consume(empty);
        }
    }
}

/// Counts lines as people do: `\r\n` is one end of a line, and so are `\n` and `\r` alone.
struct Lines {
    line: u64,
    after_cr: bool,
}

impl Lines {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends = *byte == b'\r' || *byte == b'\n' && !self.after_cr;
            self.after_cr = *byte == b'\r';
            self.line += u64::from(ends);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(text: &str, limits: &Limits) -> Result<Vec<(u64, Vec<String>)>, ReadError> {
        // The smallest buffer shows every mistake at its borders.
        let mut records =
            Records::new(BufReader::with_capacity(1, text.as_bytes()), b',', true, limits);
        let mut record = TextRecord::default();
        let mut all = Vec::new();
        while records.next(&mut record)? {
            let fields = record.fields().map(|f| String::from_utf8_lossy(f).into_owned());
            all.push((record.line, fields.collect()));
        }
        Ok(all)
    }

    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let read = read(text, &Limits::default()).unwrap();
        let expected: Vec<(u64, Vec<String>)> = expected
            .iter()
            .map(|(line, fields)| (*line, fields.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn records_and_the_lines_they_begin_at() {
        check("", &[]);
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a\rb\n\r\nc\r\n", &[(1, &["a"]), (2, &["b"]), (4, &["c"])]);
        check("\n\n x ,\n", &[(3, &[" x ", ""])]);
        check("\"a\nb\",\"c\"\"d\"\ne", &[(1, &["a\nb", "c\"d"]), (3, &["e"])]);
        check("a,\"never closed\nb,c\n", &[(1, &["a", "never closed\nb,c\n"])]);
    }

    #[test]
    fn records_are_bounded() {
        let limits = Limits { record_bytes: 10, columns: 3, ..Limits::default() };
        assert_eq!(read("1,2,3\n", &limits).unwrap().len(), 1);
        let error = read("1,2,3\n1,2,3,4", &limits).unwrap_err();
        assert!(matches!(error, ReadError::Columns { line: 2, limit: 3 }), "{error}");
        let error = read("1\n\"12345678901234\n", &limits).unwrap_err();
        assert!(matches!(error, ReadError::LongRecord { line: 2, limit: 10 }), "{error}");
    }
}
