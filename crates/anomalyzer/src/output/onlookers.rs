//! What is written for each packet beside the engine: packets.csv and the lines of
//! `--print-packets`.

use super::create;
use super::packet_line;
use crate::failure::Failure;
use anomalyzer_report::csv::Packets;
use anomalyzer_wire::{RawFrame, decode};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Looks at every packet that counts, in order.
#[derive(Default)]
pub(crate) struct Onlookers {
    table: Option<(PathBuf, Packets<BufWriter<File>>)>,
    lines: Option<BufWriter<io::Stdout>>,
    /// Packets seen.
    number: u64,
}

impl Onlookers {
    /// Writes packets.csv into `folder`, lines to stdout.
    pub(crate) fn open(folder: Option<&Path>, lines: bool) -> Result<Self, Failure> {
        let table = match folder {
            Some(folder) => {
                let path = folder.join("packets.csv");
                let failed = |e| Failure::writing(&path.display().to_string(), &e);
                let table = Packets::new(create(&path)?).map_err(failed)?;
                Some((path, table))
            }
            None => None,
        };
        let lines = lines.then(|| BufWriter::new(io::stdout()));
        Ok(Self { table, lines, number: 0 })
    }

    /// Looks at a packet.
    #[inline]
    pub(crate) fn frame(&mut self, frame: &RawFrame<'_>) -> Result<(), Failure> {
        if self.table.is_none() && self.lines.is_none() {
            return Ok(());
        }
        self.write(frame)
    }

    fn write(&mut self, frame: &RawFrame<'_>) -> Result<(), Failure> {
        let packet = decode(frame);
        self.number += 1;
        if let Some((path, table)) = &mut self.table {
            table.row(&packet).map_err(|e| Failure::writing(&path.display().to_string(), &e))?;
        }
        if let Some(lines) = &mut self.lines {
            writeln!(lines, "{}", packet_line::line(self.number, &packet)).map_err(stdout)?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if let Some((path, table)) = self.table {
            table.finish().map_err(|e| Failure::writing(&path.display().to_string(), &e))?;
        }
        match self.lines {
            Some(mut lines) => lines.flush().map_err(stdout),
            None => Ok(()),
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn stdout(error: io::Error) -> Failure {
    Failure::writing("standard output", &error)
}

impl std::fmt::Debug for Onlookers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Onlookers").field("number", &self.number).finish_non_exhaustive()
    }
}
