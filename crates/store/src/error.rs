//! What can go wrong with a store.

use std::path::PathBuf;

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
    /// Somebody else changed it in between.
    #[error("{0} was changed in between")]
    Conflict(&'static str),
    /// What was asked makes no sense; the words say what would.
    #[error("{0}")]
    Invalid(String),
    /// The query took too long or asked for too much.
    #[error("{0}")]
    Limit(String),
}
