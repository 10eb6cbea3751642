//! The files of one source: which there are, which one a row belongs to, setting damage aside.

use super::partition::{self, FULL_BYTES, Level, PartId};
use super::writer::Writer;
use crate::SourceId;
use crate::damage::{Notes, is_damage};
use crate::error::{Result, StoreError};
use anomalyzer_wire::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Days beyond those that are kept until new days go into files per year.
const DAYS_SPARE: usize = 35;

/// The files of a source.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) source: SourceId,
    dir: PathBuf,
    /// Bytes of each file when it was last looked at.
    parts: RwLock<BTreeMap<PartId, u64>>,
    pub(crate) writer: Mutex<Writer>,
}

impl Files {
    /// Looks at what is in a source's directory.
    pub(crate) fn open(source: SourceId, dir: PathBuf) -> Result<Self> {
        let mut parts = BTreeMap::new();
        for entry in entries(&dir)? {
            let name = entry.file_name();
            if let Some(id) = name.to_str().and_then(PartId::from_file_name) {
                parts.insert(id, entry.metadata().map_or(0, |m| m.len()));
            }
        }
        Ok(Self { source, dir, parts: RwLock::new(parts), writer: Mutex::default() })
    }

    /// Moves what a program that was killed left in logs into the files.
    pub(crate) fn finish_logs(&self, notes: &Notes) -> Result<()> {
        for entry in entries(&self.dir)? {
            let name = entry.file_name();
            let file = name.to_str().and_then(|name| name.strip_suffix("-wal"));
            let Some(id) = file.and_then(PartId::from_file_name).filter(|id| self.has(*id)) else {
                continue;
            };
            match partition::open_to_write(&self.path(id)) {
                Ok(conn) => partition::close(conn),
                Err(error) if is_damage(&error) => self.set_aside(id, &error, notes),
                // A full disk, or a file of a later version: readers do without it.
                Err(error) => tracing::warn!(%error, "a history file keeps its log"),
            }
        }
        Ok(())
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a file is.
    pub(crate) fn path(&self, id: PartId) -> PathBuf {
        self.dir.join(id.file_name())
    }

    /// All files with their bytes, in the order of time.
    pub(crate) fn all(&self) -> Vec<(PartId, u64)> {
        self.read().iter().map(|(id, bytes)| (*id, *bytes)).collect()
    }

    /// True when the file is one of them.
    pub(crate) fn has(&self, id: PartId) -> bool {
        self.read().contains_key(&id)
    }

    /// Notes how large a file is.
    pub(crate) fn set_bytes(&self, id: PartId, bytes: u64) {
        self.write().insert(id, bytes);
    }

    /// Takes a file off the list.
    pub(crate) fn forget(&self, id: PartId) {
        self.write().remove(&id);
    }

    /// The file that a flow belongs to that ended at `last`: the coarsest that is not full; see
    /// the module [`super::partition`].
    pub(crate) fn place(&self, last: Timestamp, days_kept: u32) -> PartId {
        let parts = self.read();
        let full = |id: &PartId| parts.get(id).is_some_and(|bytes| *bytes >= FULL_BYTES);
        let day = PartId::of(Level::Day, last);
        let year = PartId::of(Level::Year, last);
        if parts.contains_key(&day) {
            return if full(&day) { PartId::of(Level::Hour, last) } else { day };
        }
        let days = parts.keys().filter(|id| id.level == Level::Day).count();
        let many =
            days >= usize::try_from(days_kept).unwrap_or(usize::MAX).saturating_add(DAYS_SPARE);
        if (many || parts.contains_key(&year)) && !full(&year) { year } else { day }
    }

    /// Renames a damaged file, so that it is kept and nobody stumbles over it again.
    pub(crate) fn set_aside(&self, id: PartId, why: &StoreError, notes: &Notes) {
        if !self.has(id) {
            return;
        }
        self.forget(id);
        let path = self.path(id);
        let kept = notes.set_aside(&path, &why.to_string());
        tracing::error!(file = %path.display(), kept = %kept.display(), error = %why,
            "a damaged history file was set aside");
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<PartId, u64>> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<PartId, u64>> {
        self.parts.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in a directory; nothing when it is not there.
pub(crate) fn entries(dir: &Path) -> Result<Vec<std::fs::DirEntry>> {
    let io = |source| StoreError::Io { path: dir.to_owned(), source };
    match std::fs::read_dir(dir) {
        Ok(found) => found.collect::<std::io::Result<Vec<_>>>().map_err(io),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(io(e)),
    }
}
