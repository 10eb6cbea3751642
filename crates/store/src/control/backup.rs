//! Backups of the control store, and the way back.

use super::audit::NewAudit;
use super::{Control, damage, open, schema};
use crate::error::{io, sql};
use crate::{Result, StoreError, clock};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};

/// Most bytes of a backup that is taken back.
const BYTES_MAX: u64 = 8 << 30;

impl Control {
    /// Writes a copy of the whole store, as it is at one moment, into a file that must not be there
    /// yet. The service goes on meanwhile. The file holds password hashes: its mode is 0600.
    pub fn backup_to(&self, path: &Path) -> Result<()> {
        const WHAT: &str = "writing a backup";
        if path.exists() {
            let what = format!("{} is there already; name a new file", path.display());
            return Err(StoreError::Invalid(what));
        }
        let part = open::beside(path, ".part");
        let written = self.db.read(WHAT, |db| {
            open::make_private(&part)?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut copy = Connection::open_with_flags(&part, flags)?;
            // In one step, of what this reader sees: writers neither wait nor disturb.
            let backup = Backup::new(db, &mut copy)?;
            if backup.step(-1)? != StepResult::Done {
                return Err(StoreError::Limit("the store was busy; try again".into()).into());
            }
            drop(backup);
            // One file, without a log beside it.
            copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
            copy.close().map_err(|(_, e)| e)?;
            Ok(())
        });
        let written = written.and_then(|()| {
            fs::File::open(&part).and_then(|file| file.sync_all()).map_err(io(&part))?;
            fs::rename(&part, path).map_err(io(path))
        });
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        damage::sync_dir(path);
        written
    }
}

/// Puts a backup in the place of the control store of a directory that nobody has open. The old
/// file is kept; its path is the answer.
pub(crate) fn restore(dir: &Path, backup: &Path) -> Result<Option<PathBuf>> {
    let path = dir.join(open::NAME);
    damage::finish_interrupted(&path)?;
    let new = open::beside(&path, ".new");
    let prepared = prepare(backup, &new, revision(&path));
    if prepared.is_err() {
        let _ = fs::remove_file(&new);
    }
    prepared?;
    let now = clock::now();
    let aside = open::beside(&path, &format!(".before-restore-{}", clock::stamp(now)));
    if aside.exists() {
        let what = format!("{} is there already; wait a second", aside.display());
        return Err(StoreError::Invalid(what));
    }
    let entry = NewAudit {
        at: now,
        actor: "system".into(),
        peer: String::new(),
        action: "store.restore".into(),
        target: backup.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        detail: String::new(),
        result: "ok".into(),
    };
    damage::append(&new, &entry)?;
    let old = path.exists();
    damage::set_aside(&path, &aside)?;
    fs::rename(&new, &path).map_err(io(&path))?;
    damage::sync_dir(&path);
    Ok(old.then_some(aside))
}

/// The latest revision of a store, if it can be read: news must come behind it after a restore.
fn revision(path: &Path) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sql = "SELECT value FROM counter WHERE name = 'revision'";
    Connection::open_with_flags(path, flags)
        .and_then(|db| db.query_row(sql, [], |row| row.get(0)))
        .unwrap_or(0)
}

/// Copies a backup and makes a store of it. Of the copy nothing is used before it was checked that
/// it has exactly our schema: no trigger, no view, no expression of somebody else.
fn prepare(backup: &Path, new: &Path, revision: i64) -> Result<()> {
    const WHAT: &str = "reading the backup";
    let bytes = fs::metadata(backup).map_err(io(backup))?.len();
    if bytes > BYTES_MAX {
        return Err(StoreError::Limit(format!("a backup of {bytes} bytes is too large")));
    }
    open::make_private(new)?;
    fs::copy(backup, new).map_err(io(new))?;
    // The mode of the copy is that of the backup.
    fs::set_permissions(new, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(io(new))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(new, flags).map_err(sql(WHAT))?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        db.set_db_config(config, on).map_err(sql(WHAT))?;
    }
    check_schema(&db, backup).map_err(|e| foreign(e, backup))?;
    damage::check(&db, backup).map_err(|e| foreign(e, backup))?;
    schema::migrate(&mut db, new)?;
    let tidy = || -> rusqlite::Result<()> {
        // Who had ended a session since the backup would find it alive again.
        db.execute("DELETE FROM session", [])?;
        let sql = "INSERT INTO counter (name, value) VALUES ('revision', ?1)
                   ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value) + 1000";
        db.execute(sql, [revision])?;
        Ok(())
    };
    tidy().map_err(sql("restoring a backup"))?;
    db.close().map_err(|(_, e)| sql("restoring a backup")(e))
}

/// Refuses a file whose tables are not exactly those of its version.
fn check_schema(db: &Connection, path: &Path) -> Result<()> {
    let version = schema::version(db, path)?;
    let damaged = |what: &str| StoreError::Damaged { path: path.to_owned(), what: what.into() };
    if version == 0 {
        return Err(damaged("it is no backup of a control store"));
    }
    let mut ours = Connection::open_in_memory().map_err(sql("reading the backup"))?;
    schema::migrate_to(&mut ours, path, version)?;
    if objects(db).map_err(sql("reading the backup"))?
        != objects(&ours).map_err(sql("reading the backup"))?
    {
        return Err(damaged("its tables are not those of a control store"));
    }
    Ok(())
}

/// Every object of a schema with the words that made it.
fn objects(db: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let sql = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
    let mut query = db.prepare(sql)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// What SQLite cannot read is no backup, in those words.
fn foreign(error: StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::Sql { source, .. } if source.sqlite_error_code().is_some() => {
            StoreError::Damaged {
                path: path.to_owned(),
                what: format!("no whole backup: {source}"),
            }
        }
        other => other,
    }
}
