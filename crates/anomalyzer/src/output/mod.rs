//! What comes out: the report or NDJSON on stdout, and files beside it.
//!
//! Flows are written as they finish, in the correlator's thread; the rest at the end. A writer that
//! fails is remembered, reading is stopped, and the failure is reported once.

mod files;
mod lines;
mod onlookers;
mod packet_line;

pub(crate) use onlookers::Onlookers;
pub(crate) use packet_line::line as packet_line;

use crate::cli::{Analyze, Part};
use crate::failure::Failure;
use crate::pipeline::Observer;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_engine::{FlowRecord, Output};
use anomalyzer_report::backtest::{Backtest, write_ndjson};
use anomalyzer_report::{Report, ndjson, text};
use anomalyzer_wire::Timestamp;
use files::{Events, Tables};
use lines::Lines;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 64 << 10;
/// What names standard output.
const STDOUT: &str = "-";

/// Takes finished flows while the input is read.
pub(crate) struct Sinks {
    json: Option<Lines>,
    tables: Option<Tables>,
    events: Option<Events>,
    stop: Stop,
    failure: Option<Failure>,
}

impl Sinks {
    /// Opens what the options ask for.
    pub(crate) fn open(options: &Analyze, stop: &Stop) -> Result<Self, Failure> {
        if options.json && options.eve.as_deref() == Some(Path::new(STDOUT)) {
            return Err(Failure::usage("--json and --eve - cannot share standard output"));
        }
        let flows = options.json && wanted(&options.only, Part::Flows);
        Ok(Self {
            json: flows.then(Lines::stdout),
            tables: options.csv.as_deref().map(Tables::open).transpose()?,
            events: options.eve.as_deref().map(Events::open).transpose()?,
            stop: stop.clone(),
            failure: None,
        })
    }

    /// Writes everything but flows, and ends all files. The first failure counts.
    pub(crate) fn finish(
        mut self,
        options: &Analyze,
        terminal: &Terminal,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let Some(tables) = self.tables {
            tables.finish()?;
        }
        if let Some(folder) = &options.csv {
            files::tables(folder, report)?;
        }
        if let Some(path) = &options.plot {
            files::plot(path, report)?;
        }
        if let Some(json) = &mut self.json {
            json.flush()?;
        }
        if options.json {
            json(report, &options.only)?;
        } else if options.eve.as_deref() != Some(Path::new(STDOUT)) {
            page(report, options, terminal)?;
        }
        match self.events {
            Some(events) => events.finish(report),
            None => Ok(()),
        }
    }

    fn write(&mut self, record: &FlowRecord) -> Result<(), Failure> {
        if let Some(json) = &mut self.json {
            json.append(|out| ndjson::flow(out, record, None))?;
        }
        if let Some(tables) = &mut self.tables {
            tables.flow(record)?;
        }
        match &mut self.events {
            Some(events) => events.flow(record),
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

impl Observer for Sinks {}

/// Says at once when the plot's name does not tell its format.
pub(crate) fn check_plot(options: &Analyze) -> Result<(), Failure> {
    options.plot.as_deref().map_or(Ok(()), |path| files::Picture::of(path).map(|_| ()))
}

/// True when the user named the part, or none.
fn wanted(only: &[Part], part: Part) -> bool {
    only.is_empty() || only.contains(&part)
}

/// Writes alerts, incidents, hosts, series and summary as NDJSON to stdout.
fn json(report: &Report<'_>, only: &[Part]) -> Result<(), Failure> {
    let mut lines = Lines::stdout();
    if wanted(only, Part::Alerts) {
        for alert in report.alerts {
            lines.append(|out| ndjson::alert(out, alert, None))?;
        }
    }
    if wanted(only, Part::Incidents) {
        for incident in report.incidents {
            lines.append(|out| ndjson::incident(out, incident, None))?;
        }
    }
    if wanted(only, Part::Hosts) {
        for host in report.hosts {
            lines.append(|out| ndjson::host(out, host, None))?;
        }
    }
    if wanted(only, Part::Series) {
        for point in report.series.points() {
            let width = report.series.width_secs();
            lines.append(|out| ndjson::interval(out, point, width, None))?;
        }
    }
    if wanted(only, Part::Summary) {
        lines.append(|out| ndjson::summary(out, report.summary, report.sources, None))?;
    }
    lines.flush()
}

/// Writes the report for people to stdout.
fn page(report: &Report<'_>, options: &Analyze, terminal: &Terminal) -> Result<(), Failure> {
    let local: Option<&dyn Fn(Timestamp) -> String> =
        if options.local_time { Some(&crate::clock::local) } else { None };
    let style = text::Style { local_time: local, ..style(terminal) };
    let mut page = Vec::new();
    text::write(&mut page, report, &style)
        .and_then(|()| std::io::stdout().lock().write_all(&page))
        .map_err(|e| Failure::writing("standard output", &e))
}

/// Writes what a back-test found to stdout.
pub(crate) fn backtest(
    told: &Backtest<'_>,
    json: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut page = Vec::new();
    let written = if json {
        write_ndjson(&mut page, told);
        Ok(())
    } else {
        text::backtest(&mut page, told, &style(terminal))
    };
    written
        .and_then(|()| std::io::stdout().lock().write_all(&page))
        .map_err(|e| Failure::writing("standard output", &e))
}

/// How the terminal wants its pages.
fn style(terminal: &Terminal) -> text::Style<'static> {
    text::Style {
        color: terminal.color_on_stdout(),
        width: Terminal::width(),
        unicode: Terminal::unicode(),
        ..text::Style::default()
    }
}

/// Makes a file to be written in large pieces.
fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    File::create(path)
        .map(|file| BufWriter::with_capacity(BUFFER_BYTES, file))
        .map_err(|e| Failure::writing(&path.display().to_string(), &e))
}
