//! Migrations of `control.db`: numbered, forward only.

use crate::error::sql;
use crate::{Result, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Each brings the store from the version of its index to the next. Only ever added to.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql")];

/// The version that this program writes.
pub(crate) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Marks our files among other SQLite files: `Anmz`.
pub(crate) const APPLICATION: i64 = 0x416e_6d7a;

/// The schema version of an open file; one of a later program is refused.
pub(crate) fn version(db: &Connection, path: &Path) -> Result<i64> {
    let found: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql("reading the version of the control store"))?;
    if found > LATEST {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: LATEST });
    }
    Ok(found.max(0))
}

/// Brings a file to the latest version, in one transaction.
pub(crate) fn migrate(db: &mut Connection, path: &Path) -> Result<()> {
    migrate_to(db, path, LATEST)
}

/// Brings a file up to `wanted`; earlier versions matter to restoring and to tests.
pub(crate) fn migrate_to(db: &mut Connection, path: &Path, wanted: i64) -> Result<()> {
    const WHAT: &str = "migrating the control store";
    if version(db, path)? >= wanted {
        return Ok(());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql(WHAT))?;
    // Read again: the lock is held only now.
    let from = version(&tx, path)?;
    for (number, text) in (1..=wanted).zip(MIGRATIONS) {
        if number > from {
            tx.execute_batch(text).map_err(sql(WHAT))?;
        }
    }
    tx.pragma_update(None, "user_version", wanted).map_err(sql(WHAT))?;
    tx.pragma_update(None, "application_id", APPLICATION).map_err(sql(WHAT))?;
    tx.commit().map_err(sql(WHAT))
}
