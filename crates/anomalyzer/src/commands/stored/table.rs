//! Columns for a terminal.

use std::fmt::Write as _;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Align {
    Left,
    Right,
}

/// Characters that the last column needs beside the others; with less room it gets a line of its own.
const LAST_MIN: usize = 28;
/// How far that line is set in.
const INDENT: usize = 4;

/// Rows under a heading; each column is as wide as its widest cell, the last one takes the rest of
/// the terminal, or the line below when the rest is too narrow to read.
#[derive(Debug)]
pub(in crate::commands) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(in crate::commands) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(in crate::commands) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as text; lines are at most `width` wide as long as the last column can give way.
    pub(in crate::commands) fn text(&self, width: usize) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|c| self.width(c)).collect();
        let fixed: usize = widths.iter().rev().skip(1).map(|w| w + 2).sum();
        let rest = width.saturating_sub(fixed);
        let wanted = widths.last().copied().unwrap_or(0).min(LAST_MIN);
        let room = if rest < wanted {
            Room::Below(width.saturating_sub(INDENT))
        } else {
            Room::Beside(rest)
        };
        let mut out = String::new();
        let heading: Vec<String> = self.columns.iter().map(|(n, _)| (*n).to_owned()).collect();
        self.line(&mut out, &heading, &widths, room);
        for row in &self.rows {
            self.line(&mut out, row, &widths, room);
        }
        out
    }

    fn width(&self, column: usize) -> usize {
        let heading = self.columns.get(column).map_or(0, |(name, _)| name.len());
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(heading)
    }

    fn line(&self, out: &mut String, cells: &[String], widths: &[usize], room: Room) {
        let mut line = String::new();
        for (index, ((cell, width), (_, align))) in
            cells.iter().zip(widths).zip(&self.columns).enumerate()
        {
            if index + 1 == self.columns.len() && *align == Align::Left {
                room.last(&mut line, cell);
                break;
            }
            let _ = match align {
                Align::Left => write!(line, "{cell:width$}  "),
                Align::Right => write!(line, "{cell:>width$}  "),
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Where the last column has its place, and how wide it may be.
#[derive(Clone, Copy, Debug)]
enum Room {
    Beside(usize),
    Below(usize),
}

impl Room {
    fn last(self, line: &mut String, cell: &str) {
        match self {
            Self::Beside(width) => line.push_str(&cut(cell, width)),
            Self::Below(_) if cell.is_empty() => {}
            Self::Below(width) => {
                line.truncate(line.trim_end().len());
                let _ = write!(line, "\n{:INDENT$}{}", "", cut(cell, width));
            }
        }
    }
}

/// At most `width` characters; what is cut off is marked.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_last_gives_way() {
        let mut table =
            Table::new(&[("NAME", Align::Left), ("BYTES", Align::Right), ("WHAT", Align::Left)]);
        table.row(vec!["a".into(), "1".into(), "short".into()]);
        let long = "a text that is much too long for it";
        table.row(vec!["longer".into(), "1234567".into(), long.into()]);
        let text = "NAME      BYTES  WHAT\na             1  short\n\
                    longer  1234567  a text that is much too lo...\n";
        assert_eq!(table.text(46), text);
        let text = "NAME      BYTES\n    WHAT\na             1\n    short\n\
                    longer  1234567\n    a text that is much ...\n";
        assert_eq!(table.text(27), text);
    }
}
