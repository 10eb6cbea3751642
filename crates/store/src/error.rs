//! What can go wrong with a store.

use std::path::{Path, PathBuf};

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("{what}: {source}")]
    Sql {
        /// What was attempted, in words.
        what: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no room left on the disk.
    #[error("the disk is full: {0}")]
    Full(String),
    /// Another process holds the directory.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// Made by an earlier version of the program, and opened in a way that changes nothing.
    #[error("{} was written by an earlier version ({found}; this one reads {known}); start the service once, it brings the file up to date", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version that this program reads.
        known: i64,
    },
    /// A file is not what it should be: damaged, or not ours.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Made by a later version of the program.
    #[error("{} was written by a later version ({found}; this one knows up to {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// The thing asked for is not there.
    #[error("no such {0}")]
    Missing(&'static str),
    /// It clashes with what is there: somebody changed it in between, or a name is taken. In words.
    #[error("{0}")]
    Conflict(&'static str),
    /// What was asked makes no sense; the words say what would.
    #[error("{0}")]
    Invalid(String),
    /// The query asked for too much.
    #[error("{0}")]
    Limit(String),
    /// The query took longer than so many seconds and was stopped.
    #[error(
        "the query took longer than {0} s and was stopped; ask for a shorter period or a narrower filter"
    )]
    Slow(f64),
}

/// Names what was attempted when SQLite says no. A full disk is told as such, whoever meets it.
pub(crate) fn sql(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full(what.to_owned()),
        _ => StoreError::Sql { what, source },
    }
}

/// Names the file when the file system says no.
pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |source| match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::Full(path.display().to_string())
        }
        _ => StoreError::Io { path: path.to_owned(), source },
    }
}
