//! What can be read of a damaged file, row by row, copied into a new one.
//!
//! A table is read in the order of its rows. Where that meets damage, it goes on behind it, in
//! steps that double. What the damage took is filled from the small copy of accounts and settings
//! that is kept beside ([`super::keep`]); the rest is lost, and the damaged file is still there.

use super::db::{Fault, Step};
use super::{open, schema};
use crate::Result;
use crate::error::{io, sql};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::Path;

/// Tables with what orders their rows; those that others refer to come first.
const TABLES: &[(&str, Key)] = &[
    ("counter", Key::Text("name")),
    ("value", Key::Text("key")),
    ("user", Key::Row),
    ("session", Key::Row),
    ("token", Key::Row),
    ("source", Key::Row),
    ("document", Key::Row),
    ("document_version", Key::Row),
    ("audit", Key::Row),
    ("audit_end", Key::Text("name")),
    ("alert", Key::Row),
    ("alert_record", Key::Row),
    ("story", Key::Row),
    ("incident", Key::Row),
    ("device", Key::Row),
    ("device_address", Key::Text("source, address, device")),
    ("model", Key::Row),
    ("model_file", Key::Row),
    ("label", Key::Row),
    ("prediction", Key::Row),
];

/// Every row of a table.
const ALL: &str = "true";
/// Pieces of damage in a table behind which it goes on.
const SKIPS: usize = 500;

/// How the rows of a table are ordered.
#[derive(Clone, Copy, Debug)]
enum Key {
    /// By row id.
    Row,
    /// By these columns; such a table is read from both ends.
    Text(&'static str),
}

/// What came of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// The table.
    pub table: String,
    /// Rows that were copied.
    pub rows: u64,
    /// Rows that were read but fit nowhere.
    pub lost: u64,
    /// True when there was damage: rows may be missing.
    pub damaged: bool,
}

/// Makes the file `into` and copies into it what can be read of `damaged`, then, of what is
/// missing, what `keep` has. Neither is written to.
pub(super) fn salvage(damaged: &Path, keep: Option<&Path>, into: &Path) -> Result<Vec<Salvaged>> {
    const WHAT: &str = "salvaging the control store";
    let new = create(into)?;
    let old = open_damaged(damaged, into);
    let keep = keep.and_then(|path| open_still(path).ok());
    let mut tables = Vec::new();
    for (table, key) in TABLES {
        let table = one(old.as_ref(), keep.as_ref(), &new, table, *key);
        tables.push(table.map_err(|e| e.named(WHAT))?);
    }
    join(&new).map_err(sql(WHAT))?;
    finish(new, into)?;
    Ok(tables)
}

/// Copies one table. What is whole needs nothing of the copy, and must not get back what was
/// removed since. Of what is not, the copy comes first: its rows are right, if a minute old.
fn one(
    old: Option<&Connection>,
    keep: Option<&Connection>,
    new: &Connection,
    table: &str,
    key: Key,
) -> Step<Salvaged> {
    let mut result = Salvaged { table: table.into(), rows: 0, lost: 0, damaged: true };
    let whole = old.is_some_and(|db| is_whole(db, table));
    if let Some(keep) = keep.filter(|_| !whole) {
        result.rows += copy(keep, new, table, key, ALL)?.rows;
    }
    if let Some(old) = old {
        let copied = copy(old, new, table, key, ALL)?;
        result.rows += copied.rows;
        result.lost = copied.lost;
        result.damaged = copied.damaged || !whole;
    }
    Ok(result)
}

/// True when SQLite finds nothing wrong with a table and its indexes.
fn is_whole(db: &Connection, table: &str) -> bool {
    let sql = format!("PRAGMA integrity_check('{table}')");
    db.query_row(&sql, [], |row| row.get::<_, String>(0)).is_ok_and(|found| found == "ok")
}

/// Copies those rows of a few tables of which a condition holds into a new file.
pub(super) fn copy_some(from: &Connection, into: &Path, some: &[(&str, &str)]) -> Result<()> {
    const WHAT: &str = "copying accounts and settings";
    let new = create(into)?;
    for (table, key) in TABLES {
        if let Some((_, only)) = some.iter().find(|(name, _)| name == table) {
            copy(from, &new, table, *key, only).map_err(|e| e.named(WHAT))?;
        }
    }
    finish(new, into)
}

/// A new file of the latest schema, in one long transaction.
fn create(path: &Path) -> Result<Connection> {
    const WHAT: &str = "making a new control store";
    for suffix in ["", "-journal", "-wal", "-shm"] {
        // Mostly not there.
        let _ = std::fs::remove_file(open::beside(path, suffix));
    }
    open::make_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(sql(WHAT))?;
    schema::migrate(&mut db, path)?;
    // Nothing needs to be undone: a file that is not finished is thrown away.
    db.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN",
    )
    .map_err(sql(WHAT))?;
    Ok(db)
}

/// Ends the transaction and brings the file to the disk.
fn finish(db: Connection, path: &Path) -> Result<()> {
    db.execute_batch("COMMIT").map_err(sql("writing a new control store"))?;
    db.close().map_err(|(_, e)| sql("writing a new control store")(e))?;
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(io(path))
}

/// Opens a damaged file, if need be with the header of a good one; none when it has no tables.
fn open_damaged(path: &Path, good: &Path) -> Option<Connection> {
    readable(path).or_else(|| patch_header(path, good).ok().and_then(|()| readable(path)))
}

fn readable(path: &Path) -> Option<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).ok()?;
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
    let tables: i64 = db.query_row(sql, [], |row| row.get(0)).ok()?;
    (tables > 0).then_some(db)
}

/// Opens a file that nobody writes.
fn open_still(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Puts the first 100 bytes of a good file before the pages of a (copied) damaged one: all of ours
/// have the same but for a few counts.
fn patch_header(path: &Path, good: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    let mut header = [0; 100];
    std::fs::File::open(good)?.read_exact_at(&mut header, 0)?;
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    let page = u64::from(u16::from_be_bytes([header[16], header[17]]).max(512));
    let pages = u32::try_from(file.metadata()?.len() / page).unwrap_or(u32::MAX);
    header[28..32].copy_from_slice(&pages.to_be_bytes());
    // No free pages are known, which matters to writers only.
    header[32..40].fill(0);
    file.write_all_at(&header, 0)
}

/// Copies the rows of a table that can be read.
fn copy(old: &Connection, new: &Connection, table: &str, key: Key, only: &str) -> Step<Salvaged> {
    let mut result = Salvaged { table: table.into(), rows: 0, lost: 0, damaged: false };
    let columns = shared_columns(old, new, table)?;
    if columns.is_empty() {
        result.damaged = true;
        return Ok(result);
    }
    match key {
        Key::Row => copy_by_row(old, new, &columns, only, &mut result)?,
        Key::Text(by) => {
            let up =
                format!("SELECT {} FROM {table} WHERE {only} ORDER BY {by}", columns.join(", "));
            if !copy_rows(old, new, &up, &columns, &mut result)? {
                result.damaged = true;
                let down = by.replace(", ", " DESC, ");
                copy_rows(
                    old,
                    new,
                    &format!("{up} DESC").replace(by, &down),
                    &columns,
                    &mut result,
                )?;
            }
        }
    }
    Ok(result)
}

/// Reads from the first row on, and behind each piece of damage.
fn copy_by_row(
    old: &Connection,
    new: &Connection,
    columns: &[String],
    only: &str,
    result: &mut Salvaged,
) -> Step<()> {
    let mut from = i64::MIN;
    let mut step = 1_i64;
    for _ in 0..SKIPS {
        let sql = format!(
            "SELECT {}, rowid FROM {} WHERE rowid >= {from} AND {only} ORDER BY rowid",
            columns.join(", "),
            result.table
        );
        let before = result.rows;
        let (whole, last) = copy_until(old, new, &sql, columns, result)?;
        if whole {
            return Ok(());
        }
        result.damaged = true;
        let progress = result.rows > before;
        step = if progress { 1 } else { step.saturating_mul(2) };
        // Row ids of ours begin at 1: before the first row that is read, that is where to search.
        let at = last.unwrap_or(from).max(0);
        from = at.saturating_add(step);
        if from == i64::MAX {
            return Ok(());
        }
    }
    Ok(())
}

/// True when the last row was reached.
fn copy_rows(
    old: &Connection,
    new: &Connection,
    sql: &str,
    columns: &[String],
    result: &mut Salvaged,
) -> Step<bool> {
    Ok(copy_until(old, new, sql, columns, result)?.0)
}

/// Copies until the end or damage: true at the end, and the last value behind the columns.
fn copy_until(
    old: &Connection,
    new: &Connection,
    sql: &str,
    columns: &[String],
    result: &mut Salvaged,
) -> Step<(bool, Option<i64>)> {
    let marks = vec!["?"; columns.len()].join(", ");
    let insert =
        format!("INSERT OR IGNORE INTO {} ({}) VALUES ({marks})", result.table, columns.join(", "));
    let mut insert = new.prepare_cached(&insert)?;
    let mut last = None;
    let Ok(mut query) = old.prepare(sql) else { return Ok((false, None)) };
    let Ok(mut rows) = query.query([]) else { return Ok((false, None)) };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok((true, last)),
            Err(_) => return Ok((false, last)),
        };
        let mut values = Vec::with_capacity(columns.len());
        for n in 0..columns.len() {
            let Ok(value) = row.get_ref(n) else { return Ok((false, last)) };
            values.push(owned(value));
        }
        last = row.get(columns.len()).ok().or(last);
        match insert.execute(params_from_iter(values)) {
            Ok(n) => result.rows += n as u64,
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => {
                return Err(Fault::Sql(error));
            }
            // A value of the wrong type, or missing.
            Err(_) => result.lost += 1,
        }
    }
}

/// The value; text that is none any more as far as it goes.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        other => Value::try_from(other).unwrap_or(Value::Null),
    }
}

/// Columns that both have; none when the table cannot be read.
fn shared_columns(
    old: &Connection,
    new: &Connection,
    table: &str,
) -> rusqlite::Result<Vec<String>> {
    let columns = |db: &Connection| -> rusqlite::Result<Vec<String>> {
        let mut query = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let rows = query.query_map([table], |row| row.get(0))?;
        rows.collect()
    };
    let theirs = columns(old).unwrap_or_default();
    Ok(columns(new)?.into_iter().filter(|c| theirs.contains(c)).collect())
}

/// Makes what was copied fit together.
fn join(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "INSERT OR IGNORE INTO source (id, kind, name, created, state)
           SELECT DISTINCT source, iif(source = 1, 0, 1), 'salvaged', 0, 'stopped' FROM
             (SELECT source FROM alert UNION SELECT source FROM incident UNION
              SELECT source FROM device UNION SELECT source FROM label);
         DELETE FROM session WHERE user NOT IN (SELECT id FROM user);
         DELETE FROM token WHERE user NOT IN (SELECT id FROM user);
         DELETE FROM alert_record WHERE alert NOT IN (SELECT key FROM alert);
         DELETE FROM story WHERE alert NOT IN (SELECT key FROM alert);
         DELETE FROM device_address WHERE device NOT IN (SELECT key FROM device);
         DELETE FROM model WHERE key NOT IN (SELECT model FROM model_file);
         DELETE FROM model_file WHERE model NOT IN (SELECT key FROM model);
         DELETE FROM prediction WHERE user NOT IN (SELECT id FROM user);
         INSERT INTO counter (name, value)
           SELECT 'revision', coalesce(max(revision), 0) FROM alert WHERE true
           ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value) + 1000;
         INSERT OR IGNORE INTO audit_end (name, id, hash)
           SELECT 'head', id, hash FROM audit ORDER BY id DESC LIMIT 1;",
    )?;
    let sql = "INSERT OR REPLACE INTO counter (name, value) VALUES ('schema', ?1)";
    db.execute(sql, [schema::LATEST])?;
    Ok(())
}
