//! Files beside the report: CSV tables, EVE events, the plot.

use super::create;
use crate::failure::Failure;
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::features;
use anomalyzer_report::csv::{Alerts, Features, Flows};
use anomalyzer_report::{Report, csv, eve, plot};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

type Out = BufWriter<File>;

/// flows.csv and features.csv while the input is read; the others at the end.
pub(super) struct Tables {
    folder: PathBuf,
    flows: Flows<Out>,
    features: Features<Out>,
}

impl Tables {
    /// Makes the folder and begins the tables of flows.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let failed = |e| Failure::writing(&folder.display().to_string(), &e);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let flows = Flows::new(create(&folder.join("flows.csv"))?).map_err(failed)?;
        let features = create(&folder.join("features.csv"))?;
        let features = Features::new(features, &features::NAMES).map_err(failed)?;
        Ok(Self { folder: folder.to_path_buf(), flows, features })
    }

    /// Adds a flow to both tables.
    pub(super) fn flow(&mut self, record: &FlowRecord) -> Result<(), Failure> {
        let written = self.flows.row(record).and_then(|()| self.features.row(record));
        written.map_err(|e| Failure::writing(&self.folder.display().to_string(), &e))
    }

    /// Ends the tables of flows.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let written = self.flows.finish().and_then(|()| self.features.finish());
        written.map_err(|e| Failure::writing(&self.folder.display().to_string(), &e))
    }
}

/// Writes summary.csv, series.csv, alerts.csv, incidents.csv and hosts.csv.
pub(super) fn tables(folder: &Path, report: &Report<'_>) -> Result<(), Failure> {
    file(&folder.join("summary.csv"), |out| csv::summary(out, report.summary))?;
    file(&folder.join("series.csv"), |out| csv::series(out, report.series))?;
    file(&folder.join("incidents.csv"), |out| csv::incidents(out, report.incidents))?;
    file(&folder.join("hosts.csv"), |out| csv::hosts(out, report.hosts))?;
    file(&folder.join("alerts.csv"), |out| {
        let mut alerts = Alerts::new(out)?;
        report.alerts.iter().try_for_each(|alert| alerts.row(alert))?;
        alerts.finish()
    })
}

/// Formats of the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    Svg,
    Png,
    Html,
}

impl Picture {
    /// The format that the file's name asks for.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("html" | "htm") => Ok(Self::Html),
            _ => {
                let name = path.display();
                Err(Failure::usage(format!("--plot {name}: must end in .svg, .png or .html")))
            }
        }
    }
}

/// Writes the plot.
pub(super) fn plot(path: &Path, report: &Report<'_>) -> Result<(), Failure> {
    let picture = Picture::of(path)?;
    file(path, |out| match picture {
        Picture::Svg => plot::svg(out, report),
        Picture::Png => plot::png(out, report),
        Picture::Html => plot::html(out, report),
    })
}

/// Makes a file, writes it and flushes it.
fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = create(path)?;
    let written = write(&mut out).and_then(|()| out.flush());
    written.map_err(|e| Failure::writing(&path.display().to_string(), &e))
}

/// EVE events: flows while the input is read, alerts at the end.
pub(super) struct Events {
    name: String,
    out: Box<dyn Write + Send>,
    line: Vec<u8>,
}

impl Events {
    /// `-` is standard output.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let out: Box<dyn Write + Send> = if name == "-" {
            Box::new(BufWriter::with_capacity(super::BUFFER_BYTES, io::stdout()))
        } else {
            Box::new(create(path)?)
        };
        Ok(Self { name, out, line: Vec::new() })
    }

    pub(super) fn flow(&mut self, record: &FlowRecord) -> Result<(), Failure> {
        self.event(|line| eve::flow(line, record, false, None))
    }

    /// Writes the alerts and ends.
    pub(super) fn finish(mut self, report: &Report<'_>) -> Result<(), Failure> {
        for alert in report.alerts {
            self.event(|line| {
                eve::alert(line, alert, None);
                eve::anomaly(line, alert, None);
            })?;
        }
        self.out.flush().map_err(|e| Failure::writing(&self.name, &e))
    }

    fn event(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        self.line.clear();
        write(&mut self.line);
        self.out.write_all(&self.line).map_err(|e| Failure::writing(&self.name, &e))
    }
}
