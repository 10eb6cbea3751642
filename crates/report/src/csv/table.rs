//! A table of columns that the caller names: records that are kept as text.

use super::sheet::Sheet;
use std::io;

/// Writes rows of text cells. Every cell is neutralised against formulas.
pub struct Table<W: io::Write>(Sheet<W>);

impl<W: io::Write> Table<W> {
    /// Begins the file.
    pub fn new(out: W, header: &[&str]) -> io::Result<Self> {
        Sheet::new(out, header.iter().copied()).map(Self)
    }

    /// Adds a row.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        cells.into_iter().for_each(|cell| self.0.text(cell));
        self.0.end()
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_whatever_they_hold() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, &["a", "b"]).unwrap();
        table.row(["=1+1", "x,\"y\"\n\u{202e}"]).unwrap();
        table.row(["-5", ""]).unwrap();
        table.finish().unwrap();
        let expected = "a,b\n'=1+1,\"x,\"\"y\"\"\\x0a\\xe2\\x80\\xae\"\n'-5,\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
