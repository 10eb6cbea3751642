//! The input of an analysis: files merged by time, standard input, or an interface.
//!
//! Several files are one input. Their packets are merged by time, whatever the order in which they
//! are named; a file is opened once the time of its first packet has come, so a long series of
//! rotated captures needs one open file at a time. One file is read without a copy.

mod gate;
mod live;
mod merge;
mod stdin;

pub(crate) use gate::{Gate, check_filter};
pub(crate) use live::{BEHIND_NANOS, Live, live_failure};

use crate::failure::{Failure, Kind};
use crate::pipeline::{Input, Source};
use crate::progress::Position;
use crate::stop::Stop;
use anomalyzer_capture::{CaptureFile, CaptureInfo, Compression, Limits, OpenError, OpenProblem};
use anomalyzer_report as report;
use anomalyzer_wire::HostileStr;
use merge::Merge;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use stdin::Stdin;

/// The file name that stands for standard input, and its name in messages.
pub(crate) const STDIN: &str = "-";
const STDIN_NAME: &str = "standard input";

/// Capture files as one source of frames.
#[derive(Debug)]
pub(crate) struct Files {
    paths: Vec<PathBuf>,
    limits: Limits,
    gate: Gate,
    stop: Stop,
    /// What is known of each file, in the order of `paths`.
    sources: Vec<report::Source>,
    /// Bytes of all files when all are plain files.
    total: Option<u64>,
}

impl Files {
    pub(crate) fn new(paths: &[PathBuf], limits: Limits, gate: Gate, stop: Stop) -> Self {
        let name = |path: &PathBuf| match path.as_os_str().as_bytes() {
            name if name == STDIN.as_bytes() => HostileStr::from(STDIN_NAME.as_bytes()),
            bytes => HostileStr::from(bytes),
        };
        let source = |path| report::Source { name: name(path), ..report::Source::default() };
        let sources = paths.iter().map(source).collect();
        let total = Self::total(paths);
        Self { paths: paths.to_vec(), limits, gate, stop, sources, total }
    }

    /// Bytes of all files; `None` when one of them is a pipe, or there are none.
    pub(crate) fn total(paths: &[PathBuf]) -> Option<u64> {
        let plain = (!paths.is_empty()).then_some(paths)?;
        plain.iter().map(|p| size(p)).sum()
    }

    /// What was read, after reading.
    pub(crate) fn into_parts(self) -> (Vec<report::Source>, Gate) {
        (self.sources, self.gate)
    }

    /// Opens a file. One that ends before its first packet is damaged and holds nothing: `None`.
    fn open(&mut self, index: usize) -> Result<Option<CaptureFile>, Failure> {
        let Some(path) = self.paths.get(index) else { return Ok(None) };
        let opened = if path.as_os_str() == STDIN {
            let stdin = Stdin::open(&self.stop)
                .map_err(|e| Failure::runtime(format!("{STDIN_NAME}: {e}")))?;
            CaptureFile::from_stream(STDIN_NAME, Box::new(stdin), &self.limits)
        } else {
            CaptureFile::open(path, &self.limits)
        };
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_cut(&error.problem) => {
                self.damaged(index, &error.problem.to_string());
                Ok(None)
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Reads the only file, without copying a frame.
    fn pump_one(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let Some(mut file) = self.open(0)? else { return Ok(()) };
        let result = loop {
            if let Err(stopped) = self.stop.check() {
                break Err(stopped);
            }
            let progress = file.progress();
            match file.next_frame() {
                Ok(Some(frame)) => {
                    let position = || Position { read: progress.read, total: progress.total };
                    match self.gate.pass(&frame, position, sink) {
                        Ok(true) => {}
                        ended => break ended.map(|_| ()),
                    }
                }
                Ok(None) => break Ok(()),
                Err(damage) => {
                    self.damaged(0, &damage.to_string());
                    break Ok(());
                }
            }
        };
        self.finished(0, &file.info());
        result
    }

    /// Notes what is wrong with a file. What an interruption cut is not damaged.
    fn damaged(&mut self, index: usize, damage: &str) {
        if self.stop.interrupted() {
            return;
        }
        if let Some(source) = self.sources.get_mut(index) {
            source.damage = Some(damage.to_owned());
        }
    }

    /// Notes what a file was.
    fn finished(&mut self, index: usize, info: &CaptureInfo) {
        if let Some(source) = self.sources.get_mut(index) {
            source.format = format(info);
        }
    }
}

impl Source for Files {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        if self.paths.len() == 1 {
            self.pump_one(sink)?;
        } else {
            Merge::new(self)?.pump(self, sink)?;
        }
        // Standard input ends when the user interrupts.
        self.stop.check()
    }
}

/// Bytes of a plain file.
fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|m| m.len())
}

/// True when the file may have been whole once and simply ends too early.
fn is_cut(problem: &OpenProblem) -> bool {
    match problem {
        OpenProblem::Empty | OpenProblem::CutHeader { .. } | OpenProblem::Decompress(_) => true,
        OpenProblem::Section(damage) => damage.is_cut(),
        _ => false,
    }
}

/// Says at once when a file is no capture.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    CaptureFile::open(path, &Limits::default()).map(|_| ()).map_err(|e| refused(&e))
}

/// A file that cannot be read at all.
fn refused(error: &OpenError) -> Failure {
    let kind = match &error.problem {
        OpenProblem::Io(e) if e.kind() == ErrorKind::PermissionDenied => Kind::Permission,
        _ => Kind::Runtime,
    };
    let name = HostileStr::from(error.name.as_bytes()).escaped();
    Failure::new(kind, format!("{name}: {}", error.problem))
}

fn format(info: &CaptureInfo) -> String {
    let compression = match info.compression {
        Compression::None => "",
        Compression::Gzip => ", gzip",
        Compression::Zstd => ", zstd",
    };
    format!("{}{compression}", info.format)
}
