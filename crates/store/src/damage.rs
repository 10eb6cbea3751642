//! What went wrong with files that can be spared: set aside, rows dropped, a full disk.

use crate::clock;
pub(crate) use crate::control::lock;
use crate::{Result, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most lines that are kept of what was set aside.
const LINES_MAX: usize = 1_000;

/// What went wrong since the start.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Another process owns the files: nothing is renamed.
    read_only: bool,
    dropped: AtomicU64,
    full: Mutex<Option<String>>,
    set_aside: Mutex<Vec<String>>,
}

impl Notes {
    /// Nothing went wrong yet.
    pub(crate) fn new(read_only: bool) -> Self {
        Self { read_only, ..Self::default() }
    }

    /// Refuses to change what another process owns.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.read_only {
            let text = "the store is open for queries only; the running service writes it";
            return Err(StoreError::Invalid(text.to_owned()));
        }
        Ok(())
    }

    /// Counts rows that could not be written.
    pub(crate) fn dropped(&self, rows: u64) {
        self.dropped.fetch_add(rows, Ordering::Relaxed);
    }

    /// Rows that could not be written.
    pub(crate) fn rows_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Why nothing can be written, or that it can.
    pub(crate) fn set_full(&self, why: Option<String>) {
        *lock(&self.full) = why;
    }

    /// Why nothing can be written.
    pub(crate) fn full(&self) -> Option<String> {
        lock(&self.full).clone()
    }

    /// What was set aside, in words.
    pub(crate) fn lines(&self) -> Vec<String> {
        lock(&self.set_aside).clone()
    }

    /// Notes a line, once.
    pub(crate) fn say(&self, line: String) {
        let mut lines = lock(&self.set_aside);
        if lines.len() < LINES_MAX && !lines.contains(&line) {
            tracing::warn!("{line}");
            lines.push(line);
        }
    }

    /// Renames a file and its companions to `*.corrupt-TIME` and notes it. The new name.
    pub(crate) fn set_aside(&self, path: &Path, why: &str) -> PathBuf {
        if self.read_only {
            self.say(format!("{} is damaged and left out: {why}", path.display()));
            return path.to_owned();
        }
        let stamp = clock::stamp(clock::now());
        let mut kept = with(path, &format!(".corrupt-{stamp}"));
        for n in 1.. {
            if !kept.exists() {
                break;
            }
            kept = with(path, &format!(".corrupt-{stamp}-{n}"));
        }
        let renamed = std::fs::rename(path, &kept);
        for companion in ["-wal", "-shm"] {
            // Mostly not there.
            let _ = std::fs::rename(with(path, companion), with(&kept, companion));
        }
        let name = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let line = match renamed {
            Ok(()) => format!("{} was set aside as {}: {why}", path.display(), name(&kept)),
            Err(e) => {
                format!("{} is damaged and could not be renamed ({e}): {why}", path.display())
            }
        };
        let mut lines = lock(&self.set_aside);
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
        kept
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// True when SQLite says that the file is damaged.
pub(crate) fn is_damage(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let StoreError::Sql { source, .. } = error else {
        return matches!(error, StoreError::Damaged { .. });
    };
    match source {
        rusqlite::Error::SqliteFailure(code, _) => {
            matches!(code.code, DatabaseCorrupt | NotADatabase) || is_short_read(code.extended_code)
        }
        // A table, row or column that every file of ours has is missing or of another type.
        rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::SqlInputError { .. } => true,
        _ => false,
    }
}

/// SQLITE_IOERR_SHORT_READ: the file ends before its header says.
const fn is_short_read(extended: i32) -> bool {
    extended == 522
}

/// True when there was no room on the disk.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DiskFull, SystemIoFailure};
    error.sqlite_error_code().is_some_and(|code| matches!(code, DiskFull | SystemIoFailure))
}
