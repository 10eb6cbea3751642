//! alerts.csv: one row for each alert.

use super::sheet::Sheet;
use anomalyzer_engine::Alert;
use std::io;

const HEADER: [&str; 26] = [
    "id",
    "detector",
    "technique",
    "severity",
    "confidence",
    "title",
    "first",
    "last",
    "count",
    "src",
    "src_count",
    "src_count_estimated",
    "src_mac",
    "dst",
    "dst_count",
    "dst_count_estimated",
    "dst_mac",
    "dst_ports",
    "dst_port_count",
    "dst_port_count_estimated",
    "evidence",
    "attack",
    "flows",
    "explanation",
    "advice",
    "feedback",
];

/// Writes alerts.csv.
pub struct Alerts<W: io::Write>(Sheet<W>);

impl<W: io::Write> Alerts<W> {
    /// Begins the file.
    pub fn new(out: W) -> io::Result<Self> {
        Sheet::new(out, HEADER).map(Self)
    }

    /// Adds an alert. Lists are one cell each, with spaces between their items.
    pub fn row(&mut self, alert: &Alert) -> io::Result<()> {
        let sheet = &mut self.0;
        sheet.text(&alert.id);
        sheet.plain(alert.detector);
        sheet.text(&alert.technique);
        sheet.plain(alert.severity.name());
        sheet.float(alert.confidence);
        sheet.text(&alert.title);
        sheet.time(alert.first);
        sheet.time(alert.last);
        sheet.number(alert.count);
        sheet.list(&alert.src);
        sheet.tally(alert.src_count);
        sheet.list(&alert.src_mac);
        sheet.list(&alert.dst);
        sheet.tally(alert.dst_count);
        sheet.list(&alert.dst_mac);
        sheet.list(&alert.dst_ports);
        sheet.tally(alert.dst_port_count);
        sheet.list(alert.evidence.iter().map(|e| format!("{}={}", e.name, e.value)));
        sheet.list(alert.attack);
        sheet.list(&alert.flows);
        sheet.text(&alert.explanation);
        sheet.text(&alert.advice);
        sheet.text(
            &alert.feedback.as_ref().map_or_else(String::new, |said| {
                format!("{}: {}", said.verdict.name(), said.reason)
            }),
        );
        sheet.end()
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
