//! Lines on standard output, gathered in memory and written in large pieces.

use super::BUFFER_BYTES;
use crate::failure::Failure;
use std::io::{Stdout, Write};

pub(super) struct Lines {
    buffer: Vec<u8>,
    out: Stdout,
}

impl Lines {
    pub(super) fn stdout() -> Self {
        Self { buffer: Vec::with_capacity(BUFFER_BYTES + 4_096), out: std::io::stdout() }
    }

    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        write(&mut self.buffer);
        if self.buffer.len() < BUFFER_BYTES { Ok(()) } else { self.pass_on() }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.pass_on()?;
        self.out.flush().map_err(|e| Failure::writing("standard output", &e))
    }

    /// The standard library's buffer is by lines; large pieces go around it.
    fn pass_on(&mut self) -> Result<(), Failure> {
        let written = self.out.lock().write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|e| Failure::writing("standard output", &e))
    }
}
