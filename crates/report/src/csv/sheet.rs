//! One CSV file: typed cells, then the end of the row.

use crate::{escape, put};
use anomalyzer_engine::Tally;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp};
use std::io;

/// Writes rows. Errors of the underlying writer come out of [`Sheet::end`] and [`Sheet::finish`]:
/// the first one is kept and the rest of the row is dropped.
pub(super) struct Sheet<W: io::Write> {
    csv: csv::Writer<W>,
    scratch: Vec<u8>,
    error: Option<io::Error>,
}

impl<W: io::Write> Sheet<W> {
    /// A file with its header.
    pub(super) fn new<'n>(out: W, header: impl IntoIterator<Item = &'n str>) -> io::Result<Self> {
        let csv = csv::WriterBuilder::new().buffer_capacity(64 * 1024).from_writer(out);
        let mut sheet = Self { csv, scratch: Vec::with_capacity(64), error: None };
        header.into_iter().for_each(|name| sheet.plain(name));
        sheet.end()?;
        Ok(sheet)
    }

    /// A cell of ours that needs no care.
    pub(super) fn plain(&mut self, text: &str) {
        if let Err(error) = self.csv.write_field(text) {
            self.error.get_or_insert(io_error(error));
        }
    }

    /// Text.
    pub(super) fn text(&mut self, text: &str) {
        self.plain(&escape::cell(text));
    }

    /// Bytes from the wire.
    pub(super) fn hostile(&mut self, text: Option<&HostileStr>) {
        match text {
            Some(text) => self.plain(&escape::hostile_cell(text)),
            None => self.plain(""),
        }
    }

    pub(super) fn number(&mut self, n: impl Into<u64>) {
        let n = n.into();
        self.put(|out| put::number(out, n));
    }

    /// A float; empty when it is not finite.
    pub(super) fn float(&mut self, value: f64) {
        self.put(|out| {
            if value.is_finite() {
                put::float(out, value);
            }
        });
    }

    pub(super) fn time(&mut self, time: Timestamp) {
        self.put(|out| put::time(out, time));
    }

    pub(super) fn seconds(&mut self, ns: i64) {
        self.put(|out| put::seconds(out, ns));
    }

    pub(super) fn millis(&mut self, ns: Option<u64>) {
        self.put(|out| {
            if let Some(ns) = ns {
                put::millis(out, ns);
            }
        });
    }

    pub(super) fn addr(&mut self, addr: Option<Addr>) {
        self.put(|out| {
            if let Some(addr) = addr {
                put::addr(out, addr);
            }
        });
    }

    pub(super) fn mac(&mut self, mac: Option<Mac>) {
        self.put(|out| {
            if let Some(mac) = mac {
                put::mac(out, mac);
            }
        });
    }

    /// A count and whether it is an estimate: two cells.
    pub(super) fn tally(&mut self, tally: Tally) {
        self.number(tally.value);
        self.plain(if tally.estimated { "true" } else { "false" });
    }

    /// A list in one cell.
    pub(super) fn list<T: ToString>(&mut self, items: impl IntoIterator<Item = T>) {
        let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
        self.text(&items.join(" "));
    }

    /// Ends the row.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.csv.write_record(None::<&[u8]>).map_err(io_error)
    }

    /// Hands on what is buffered.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }

    fn put(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        put(&mut self.scratch);
        if let Err(error) = self.csv.write_field(&self.scratch) {
            self.error.get_or_insert(io_error(error));
        }
    }
}

/// The underlying error with its kind, so that callers can tell a closed pipe from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
