//! Migrations of `control.db`: numbered, forward only.

use crate::error::sql;
use crate::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::path::Path;

/// Each brings the store from the version of its index to the next. Only ever added to.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The version that this program writes.
#[expect(clippy::cast_possible_wrap, reason = "there are a few")]
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

/// What is wrong with the version that a file claims, if anything.
pub(crate) fn doubt(db: &Connection) -> Result<Option<String>> {
    const WHAT: &str = "reading the version of the control store";
    let of = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let claimed = of("user_version").map_err(sql(WHAT))?;
    let application = of("application_id").map_err(sql(WHAT))?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql(WHAT))?;
    if (claimed, application, tables) == (0, 0, 0) {
        return Ok(None);
    }
    if application != APPLICATION {
        return Ok(Some(format!("the application id is {application:#x}")));
    }
    let kept: Option<i64> = db
        .query_row("SELECT value FROM counter WHERE name = 'schema'", [], |row| row.get(0))
        .optional()
        .map_err(sql(WHAT))?;
    if kept == Some(claimed) {
        return Ok(None);
    }
    Ok(Some(format!("it claims to be of version {claimed} and of version {}", kept.unwrap_or(0))))
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
    // Twice, so that a version that is wrong for damage is told from one that is later.
    let sql_text = "INSERT OR REPLACE INTO counter (name, value) VALUES ('schema', ?1)";
    tx.execute(sql_text, [wanted]).map_err(sql(WHAT))?;
    tx.pragma_update(None, "user_version", wanted).map_err(sql(WHAT))?;
    tx.pragma_update(None, "application_id", APPLICATION).map_err(sql(WHAT))?;
    tx.commit().map_err(sql(WHAT))
}
