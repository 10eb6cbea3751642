//! Connections that read, kept for the next query.

use super::files::Files;
use super::partition::{self, PartId};
use super::row::Apps;
use crate::SourceId;
use crate::damage::lock;
use crate::error::Result;
use rusqlite::Connection;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Idle connections that are kept.
const IDLE_MAX: usize = 64;

/// A connection to one partition.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) conn: Connection,
    pub(crate) apps: Apps,
    of: (SourceId, PartId),
    generation: u64,
}

/// Idle connections.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Reader>>,
    /// Rises when files go away: a connection from before may be to one of them.
    generation: AtomicU64,
}

impl Pool {
    /// A connection to a partition; `None` when there is nothing in it.
    pub(crate) fn take(&self, files: &Files, id: PartId) -> Result<Option<Reader>> {
        let of = (files.source, id);
        let generation = self.generation.load(Ordering::Acquire);
        let mut idle = lock(&self.idle);
        if let Some(place) = idle.iter().rposition(|reader| reader.of == of) {
            return Ok(Some(idle.remove(place)));
        }
        drop(idle);
        let opened = partition::open_to_read(&files.path(id))?;
        Ok(opened.map(|(conn, apps)| Reader { conn, apps, of, generation }))
    }

    /// Keeps a connection for the next query.
    pub(crate) fn give_back(&self, reader: Reader) {
        let mut idle = lock(&self.idle);
        if reader.generation != self.generation.load(Ordering::Acquire) {
            return;
        }
        if idle.len() >= IDLE_MAX {
            idle.remove(0);
        }
        idle.push(reader);
    }

    /// Closes all; those in use are closed when they come back.
    pub(crate) fn clear(&self) {
        let mut idle = lock(&self.idle);
        self.generation.fetch_add(1, Ordering::AcqRel);
        idle.clear();
    }
}
