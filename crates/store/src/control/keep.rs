//! A small copy of accounts, settings and lists beside the store (`control.keep.db`).
//!
//! Damage to the wrong page of `control.db` could otherwise lock everybody out. The copy is
//! written when something of it changed, at most as often as somebody looks after the store
//! ([`crate::Store::retain`]); it is read when a damaged store is salvaged, and for the tables that
//! were damaged only.

use super::db::Step;
use super::{Control, damage, open, salvage};
use crate::error::{io, sql};
use crate::{Result, StoreError};
use rusqlite::Transaction;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// What is copied, and which rows of it. Sessions are not: logging in again is no harm. Large lists
/// are not either: they came from somewhere.
const TABLES: &[(&str, &str)] = &[
    ("counter", "true"),
    ("value", "true"),
    ("user", "true"),
    ("token", "true"),
    ("source", "true"),
    ("document", "length(text) <= 1048576"),
];

/// The copy that belongs to a store.
pub(super) fn path(control: &Path) -> PathBuf {
    control.with_file_name("control.keep.db")
}

impl Control {
    /// Writes the copy when something of it changed.
    pub(crate) fn keep_copy(&self) -> Result<()> {
        // A user may have been added on the command line, beside this process.
        let seen = self.db.writer()?.pragma_query_value(None, "data_version", |row| row.get(0));
        let seen: i64 = seen.map_err(sql("looking for changes"))?;
        if self.seen.swap(seen, Ordering::AcqRel) != seen {
            self.touch_copy();
        }
        if !self.changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let written = self.write_copy();
        if written.is_err() {
            self.changed.store(true, Ordering::Release);
        }
        written
    }

    /// Writes what is in the copy too: [`Db::write_small`](super::db::Db::write_small).
    pub(super) fn write_kept<T>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Transaction<'_>) -> Step<T>,
    ) -> Result<T> {
        let written = self.db.write_small(what, f);
        // Behind the write: a copy made in between would lack it.
        self.touch_copy();
        written
    }

    /// Notes that the copy is behind.
    pub(super) fn touch_copy(&self) {
        self.changed.store(true, Ordering::Release);
    }

    fn write_copy(&self) -> Result<()> {
        let path = path(self.db.path());
        let new = open::beside(&path, ".new");
        self.db.read("copying accounts and settings", |db| {
            salvage::copy_some(db, &new, TABLES).map_err(Into::into)
        })?;
        std::fs::rename(&new, &path).map_err(io(&path))?;
        damage::sync_dir(&path);
        Ok(())
    }

    /// Copies what can be read of a damaged file into a new one, which must not be there yet; the
    /// damaged one is not written to. Rows by table.
    pub fn salvage(damaged: &Path, into: &Path) -> Result<Vec<salvage::Salvaged>> {
        if into.exists() {
            let what = format!("{} is there already; name a new file", into.display());
            return Err(StoreError::Invalid(what));
        }
        damage::salvage_copy(damaged, into)
    }
}
