//! The report for people on a terminal: what matters first, calm, honest about what was not seen.
//!
//! A header of three lines, the incidents, the alerts, the hosts at risk, then the statistics. Every text that may hold a name from
//! traffic is escaped; without colour the output holds no byte below 0x20 but line feeds.

mod alerts;
mod backtest;
mod header;
mod incidents;
mod page;
mod spark;
mod statistics;

use crate::coverage;
use crate::source::Report;
use anomalyzer_wire::Timestamp;
pub use backtest::backtest;
use page::Page;
use std::{fmt, io};

/// Narrowest and widest page: below, tables break; above, lines are hard to read.
const WIDTHS: (usize, usize) = (60, 120);

/// How the report looks.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// Use terminal colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// The terminal shows Unicode; otherwise only ASCII is written.
    pub unicode: bool,
    /// Most alerts shown in full.
    pub alerts_max: usize,
    /// Shows a time in the reader's time zone (date, time and zone); `None` shows UTC.
    pub local_time: Option<&'a dyn Fn(Timestamp) -> String>,
}

impl Default for Style<'_> {
    fn default() -> Self {
        Self { color: false, width: 80, unicode: true, alerts_max: 50, local_time: None }
    }
}

impl Style<'_> {
    /// The same with a width that can be read.
    fn bounded(&self) -> Self {
        let (narrowest, widest) = WIDTHS;
        Self { width: self.width.clamp(narrowest, widest), ..*self }
    }
}

impl fmt::Debug for Style<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Style")
            .field("color", &self.color)
            .field("width", &self.width)
            .field("unicode", &self.unicode)
            .field("alerts_max", &self.alerts_max)
            .field("local_time", &self.local_time.is_some())
            .finish()
    }
}

/// Writes the report.
pub fn write(out: &mut dyn io::Write, report: &Report<'_>, style: &Style<'_>) -> io::Result<()> {
    let mut page = Page::new(style.bounded(), report.summary);
    header::write(&mut page, report);
    incidents::write(&mut page, report.incidents);
    alerts::write(&mut page, report.alerts, &report.summary.suppressed);
    incidents::hosts(&mut page, report.hosts);
    statistics::write(&mut page, report);
    not_covered(&mut page, report);
    out.write_all(page.text().as_bytes())
}

/// What was not looked at, said last but said.
fn not_covered(page: &mut Page<'_>, report: &Report<'_>) {
    let notes = coverage::notes(report);
    if notes.is_empty() {
        return;
    }
    page.heading("Not covered by this report", "");
    for note in notes {
        page.paragraph("", 2, &note);
    }
}

#[cfg(test)]
mod tests;
