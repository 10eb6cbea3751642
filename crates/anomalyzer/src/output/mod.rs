//! What comes out: NDJSON on stdout and files beside it.
//!
//! Flows are written as they finish, in the correlator's thread; the rest at the end. A writer that
//! fails is remembered, reading is stopped, and the failure is reported once.

use crate::cli::{Analyze, Part};
use crate::failure::Failure;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_engine::{FlowRecord, Output};
use anomalyzer_report::{Report, ndjson, text};
use anomalyzer_wire::Timestamp;
use std::io::Write;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Which parts of the output are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) alerts: bool,
    pub(crate) summary: bool,
    pub(crate) flows: bool,
    pub(crate) series: bool,
}

impl Parts {
    /// Those that the user named; all when none is named.
    pub(crate) fn new(only: &[Part]) -> Self {
        let wanted = |part| only.is_empty() || only.contains(&part);
        Self {
            alerts: wanted(Part::Alerts),
            summary: wanted(Part::Summary),
            flows: wanted(Part::Flows),
            series: wanted(Part::Series),
        }
    }
}

/// Takes finished flows while the input is read.
pub(crate) struct Sinks {
    json: Option<Lines>,
    stop: Stop,
    failure: Option<Failure>,
}

impl Sinks {
    /// Opens what the options ask for.
    pub(crate) fn open(options: &Analyze, stop: &Stop) -> Result<Self, Failure> {
        let parts = Parts::new(&options.only);
        let json = (options.json && parts.flows).then(Lines::stdout);
        Ok(Self { json, stop: stop.clone(), failure: None })
    }

    /// Writes what is left; the first failure counts.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match &mut self.json {
            Some(json) => json.flush(),
            None => Ok(()),
        }
    }

    fn write(&mut self, record: &FlowRecord) -> Result<(), Failure> {
        match &mut self.json {
            Some(json) => json.append(|out| ndjson::flow(out, record, None)),
            None => Ok(()),
        }
    }
}

impl Output for Sinks {
    fn flow(&mut self, record: &FlowRecord) {
        if self.failure.is_some() {
            return;
        }
        if let Err(failure) = self.write(record) {
            self.stop.close();
            self.failure = Some(failure);
        }
    }
}

/// Writes alerts, series and summary as NDJSON to stdout.
pub(crate) fn json(report: &Report<'_>, parts: Parts) -> Result<(), Failure> {
    let mut lines = Lines::stdout();
    if parts.alerts {
        for alert in report.alerts {
            lines.append(|out| ndjson::alert(out, alert, None))?;
        }
    }
    if parts.series {
        for point in report.series.points() {
            let width = report.series.width_secs();
            lines.append(|out| ndjson::interval(out, point, width, None))?;
        }
    }
    if parts.summary {
        lines.append(|out| ndjson::summary(out, report.summary, report.sources, None))?;
    }
    lines.flush()
}

/// Writes the report for people to stdout.
pub(crate) fn page(
    report: &Report<'_>,
    options: &Analyze,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let local: Option<&dyn Fn(Timestamp) -> String> =
        if options.local_time { Some(&crate::clock::local) } else { None };
    let style = text::Style {
        color: terminal.color_on_stdout(),
        width: Terminal::width(),
        unicode: Terminal::unicode(),
        local_time: local,
        ..text::Style::default()
    };
    let mut page = Vec::new();
    text::write(&mut page, report, &style)
        .and_then(|()| std::io::stdout().lock().write_all(&page))
        .map_err(|e| Failure::writing("standard output", &e))
}

/// Lines gathered in memory and written in large pieces.
struct Lines {
    buffer: Vec<u8>,
    out: std::io::Stdout,
}

impl Lines {
    fn stdout() -> Self {
        Self { buffer: Vec::with_capacity(BUFFER_BYTES + 4_096), out: std::io::stdout() }
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        write(&mut self.buffer);
        if self.buffer.len() < BUFFER_BYTES { Ok(()) } else { self.pass_on() }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.pass_on()?;
        self.out.flush().map_err(|e| Failure::writing("standard output", &e))
    }

    /// Stdout buffers lines; locking it and writing whole pieces goes around that.
    fn pass_on(&mut self) -> Result<(), Failure> {
        let written = self.out.lock().write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|e| Failure::writing("standard output", &e))
    }
}
