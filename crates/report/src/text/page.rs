//! A page of text: headings, wrapped paragraphs, aligned columns, colours, times.

use super::Style;
use crate::escape;
use anomalyzer_engine::text::thousands;
use anomalyzer_engine::{Severity, Summary};
use anomalyzer_wire::Timestamp;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Heading,
    Quiet,
    Bar,
    Severity(Severity),
}

impl Ink {
    /// The parameters of the terminal's SGR sequence. The 16 base colours follow the user's theme.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "1",
            Self::Quiet | Self::Severity(Severity::Info) => "2",
            Self::Bar => "34",
            Self::Severity(Severity::Critical) => "1;7;31",
            Self::Severity(Severity::High) => "1;31",
            Self::Severity(Severity::Medium) => "1;33",
            Self::Severity(Severity::Low) => "36",
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) right: bool,
    pub(super) ink: Ink,
    /// Least width, so that tables on one page line up.
    pub(super) min: usize,
}

impl Column {
    pub(super) const fn left(title: &'static str) -> Self {
        Self { title, right: false, ink: Ink::Plain, min: 18 }
    }

    pub(super) const fn right(title: &'static str) -> Self {
        Self { title, right: true, ink: Ink::Plain, min: 8 }
    }

    pub(super) const fn bar() -> Self {
        Self { title: "", right: false, ink: Ink::Bar, min: 0 }
    }
}

/// The page that is being written.
pub(super) struct Page<'a> {
    text: String,
    style: Style<'a>,
    one_day: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(style: Style<'a>, summary: &Summary) -> Self {
        let day = |time: Option<Timestamp>| time.map(|t| t.secs().div_euclid(86_400));
        let one_day = day(summary.first) == day(summary.last);
        Self { text: String::with_capacity(8 * 1024), style, one_day }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn style(&self) -> &Style<'a> {
        &self.style
    }

    /// Escapes text for this page.
    pub(super) fn clean(&self, text: &str) -> String {
        let clean = escape::terminal(text);
        if self.style.unicode || clean.is_ascii() {
            return clean;
        }
        clean.chars().map(ascii).collect()
    }

    /// Text in a colour.
    pub(super) fn paint(&self, ink: Ink, text: &str) -> String {
        let sgr = ink.sgr();
        if !self.style.color || sgr.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{sgr}m{text}\x1b[0m")
    }

    /// Between facts of one line.
    pub(super) fn dot(&self) -> &'static str {
        if self.style.unicode { " \u{b7} " } else { ", " }
    }

    /// At most `width` characters; a mark shows that something is missing.
    pub(super) fn fit(&self, text: &str, width: usize) -> String {
        if text.chars().count() <= width {
            return text.to_owned();
        }
        let mark = if self.style.unicode { "\u{2026}" } else { "..." };
        let keep = width.saturating_sub(mark.chars().count());
        text.chars().take(keep).chain(mark.chars()).collect()
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line that is ready: escaped, fitted, painted.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A blank line and a section's heading; `aside` is ready to print.
    pub(super) fn heading(&mut self, title: &str, aside: &str) {
        self.blank();
        let title = self.paint(Ink::Heading, title);
        self.line(&format!("{title}  {aside}"));
    }

    /// `left` and `right` at the two ends of a line, or `left` alone where both do not fit.
    pub(super) fn ends(&mut self, left: &str, right: &str) {
        let left = self.fit(left, self.style.width);
        let room = self.style.width.saturating_sub(left.chars().count());
        if right.chars().count() + 2 > room {
            return self.line(&left);
        }
        let right = format!("{right:>room$}");
        let line = left + &self.paint(Ink::Quiet, &right);
        self.line(&line);
    }

    /// A paragraph, wrapped, behind `label` (padded to `indent`) on its first line.
    pub(super) fn paragraph(&mut self, label: &str, indent: usize, text: &str) {
        let text = self.clean(text);
        let lines = wrap(&text, self.style.width.saturating_sub(indent).max(20));
        for (i, line) in lines.iter().enumerate() {
            let label = format!("{:indent$}", if i == 0 { label } else { "" });
            let label = self.paint(Ink::Quiet, &label);
            self.line(&format!("{label}{line}"));
        }
    }

    /// A severity and a title, on as many lines as the title takes.
    pub(super) fn headline(&mut self, severity: Severity, title: &str) {
        let name = severity.name().to_uppercase();
        let indent = name.len() + 4;
        let title = self.clean(title);
        let lines = wrap(&title, self.style.width.saturating_sub(indent).max(20));
        let mut lead = format!("  {}  ", self.paint(Ink::Severity(severity), &name));
        for line in &lines {
            self.line(&format!("{lead}{}", self.paint(Ink::Heading, line)));
            lead = " ".repeat(indent);
        }
    }

    /// Aligned columns; the first one gives way when the page is too narrow.
    pub(super) fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        let mut widths: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let cells = rows.iter().filter_map(|row| row.get(i));
                let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
                widest.max(column.title.chars().count()).max(column.min)
            })
            .collect();
        let total: usize = widths.iter().sum::<usize>() + 2 * columns.len();
        if let Some(first) = widths.first_mut() {
            *first = first.saturating_sub(total.saturating_sub(self.style.width)).max(8);
        }
        if columns.iter().skip(1).any(|column| !column.title.is_empty()) {
            let titles: Vec<String> = columns.iter().map(|c| c.title.to_owned()).collect();
            let line = self.row(columns, &widths, &titles, Some(Ink::Quiet));
            self.line(&line);
        }
        for row in rows {
            let line = self.row(columns, &widths, row, None);
            self.line(&line);
        }
    }

    fn row(
        &self,
        columns: &[Column],
        widths: &[usize],
        cells: &[String],
        all: Option<Ink>,
    ) -> String {
        let mut line = String::new();
        for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
            let cell = self.fit(cell, *width);
            let width = *width;
            let cell =
                if column.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str("  ");
            line.push_str(&self.paint(all.unwrap_or(column.ink), &cell));
        }
        line
    }

    /// A horizontal bar of `share` (0 to 1) of `width` characters.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most 8 * width
    pub(super) fn bar(&self, share: f64, width: usize) -> String {
        let eighths = (share.clamp(0.0, 1.0) * (width * 8) as f64).round() as usize;
        let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
        if width == 0 {
            return String::new();
        }
        if !self.style.unicode {
            return "#".repeat(eighths.div_ceil(8));
        }
        let last = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"].get(eighths % 8).unwrap_or(&"");
        "█".repeat(eighths / 8) + last
    }

    /// How many there are of each severity, worst first; empty without any.
    pub(super) fn severities(&self, all: impl Iterator<Item = Severity>) -> String {
        let all: Vec<Severity> = all.collect();
        let count = |severity| all.iter().filter(|s| **s == severity).count();
        let parts: Vec<String> = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| (severity, count(severity)))
            .filter(|(_, n)| *n > 0)
            .map(|(severity, n)| {
                let text = format!("{} {}", thousands(n as u64), severity.name());
                self.paint(Ink::Severity(severity), &text)
            })
            .collect();
        parts.join(self.dot())
    }

    /// A point in time to the second, with its date.
    pub(super) fn date_time(&self, time: Timestamp) -> String {
        if let Some(local) = self.style.local_time {
            return self.clean(&local(time));
        }
        let c = time.civil();
        format!("{:04}-{:02}-{:02} {}", c.year, c.month, c.day, clock(time))
    }

    /// A point in time to the second; with its date only where the capture spans days.
    pub(super) fn time(&self, time: Timestamp) -> String {
        if self.one_day && self.style.local_time.is_none() {
            return clock(time);
        }
        self.date_time(time)
    }

    /// The zone that times are shown in, when they do not say so themselves.
    pub(super) fn zone(&self) -> &'static str {
        if self.style.local_time.is_none() { " UTC" } else { "" }
    }
}

fn clock(time: Timestamp) -> String {
    let c = time.civil();
    format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)
}

fn ascii(c: char) -> char {
    match c {
        c if c.is_ascii() => c,
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => '?',
    }
}

/// Breaks text into lines of at most `width` characters, at spaces where there are any.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += word.len();
        line.extend(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_cuts_what_has_none() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }

    #[test]
    fn bars_show_that_there_is_something() {
        let page = Page::new(Style::default(), &Summary::default());
        assert_eq!(page.bar(1.0, 4), "████");
        assert_eq!(page.bar(0.0, 4), "");
        assert_eq!(page.bar(1e-9, 4), "▏");
        assert_eq!(page.bar(0.5, 1), "▌");
        assert_eq!(page.bar(f64::NAN, 4), "");
    }
}
