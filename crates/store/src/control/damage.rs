//! A damaged `control.db`: found at opening, set aside and never deleted, its rows salvaged.

use super::audit::{self, NewAudit};
use super::db::{self, Step};
use super::salvage::{Salvaged, salvage};
use super::{keep, open, schema};
use crate::error::{io, sql};
use crate::{Result, StoreError, clock};
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::path::{Path, PathBuf};

/// Up to this size every index is compared with its table at opening too; beyond, only the
/// structure is looked at, which reads each page once.
const WHOLE_CHECK: u64 = 32 << 20;
/// Files of this kind are thrown away: they are copies in the making.
const NEW: &str = ".new";

/// True when an error tells of a damaged file, and not of a full disk or missing rights.
pub(super) fn is_damage(error: &StoreError) -> bool {
    match error {
        StoreError::Damaged { .. } => true,
        StoreError::Sql { source, .. } => matches!(
            source.sqlite_error_code(),
            Some(
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::TypeMismatch
                    | ErrorCode::ConstraintViolation
                    | ErrorCode::Unknown
            )
        ),
        _ => false,
    }
}

/// Looks whether a file is whole; the error says where it is not.
pub(super) fn check(db: &Connection, path: &Path) -> Result<()> {
    const WHAT: &str = "checking the control store";
    let damaged = |what| StoreError::Damaged { path: path.to_owned(), what };
    if let Some(doubt) = schema::doubt(db)? {
        return Err(damaged(doubt));
    }
    // SQLite takes other versions of the file's format for a wish to be read only.
    if let Some(versions) = format_versions(path)
        && versions.iter().any(|v| !(1..=2).contains(v))
    {
        return Err(damaged(format!("its format has the versions {versions:?}")));
    }
    let bytes = fs::metadata(path).map_or(0, |m| m.len());
    let pragma = if bytes <= WHOLE_CHECK { "integrity_check(1)" } else { "quick_check(1)" };
    let found: String =
        db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(sql(WHAT))?;
    if found == "ok" { Ok(()) } else { Err(damaged(found.replace('\n', " "))) }
}

/// The versions of the format that a file names for writing and for reading: 1, or 2 for WAL.
fn format_versions(path: &Path) -> Option<[u8; 2]> {
    use std::os::unix::fs::FileExt;
    let mut versions = [0; 2];
    fs::File::open(path).ok()?.read_exact_at(&mut versions, 18).ok()?;
    Some(versions)
}

/// Puts a new file with what can be salvaged in the place of a damaged one, which is kept under
/// another name. What happened, in words.
pub(super) fn replace(path: &Path, why: &StoreError) -> Result<String> {
    let new = open::beside(path, NEW);
    let copy = open::beside(path, ".salvage");
    tracing::error!(path = %path.display(), %why, "the control store is damaged; salvaging it");
    duplicate(path, &copy)?;
    let kept = keep::path(path);
    let tables = salvage(&copy, kept.exists().then_some(kept.as_path()), &new);
    remove(&copy);
    let tables = tables?;
    let now = clock::now();
    let aside = aside(path, now);
    note(&new, &aside, why, &tables, now)?;
    // From here to the end a crash leaves the new file beside the place, whole:
    // `finish_interrupted` puts it there.
    set_aside(path, &aside)?;
    fs::rename(&new, path).map_err(io(path))?;
    sync_dir(path);
    let rows: u64 = tables.iter().map(|t| t.rows).sum();
    Ok(format!(
        "{} was damaged ({why}); it is kept as {}, {rows} rows were salvaged",
        path.display(),
        aside.file_name().unwrap_or_default().to_string_lossy()
    ))
}

/// Salvages a file by way of a copy, for the command line.
pub(super) fn salvage_copy(damaged: &Path, into: &Path) -> Result<Vec<Salvaged>> {
    fs::metadata(damaged).map_err(io(damaged))?;
    let copy = open::beside(into, ".salvage");
    duplicate(damaged, &copy)?;
    let tables = salvage(&copy, None, into);
    remove(&copy);
    tables
}

/// Ends what a crash interrupted: a new file is whole when the old one is out of its way.
pub(super) fn finish_interrupted(path: &Path) -> Result<()> {
    let new = open::beside(path, NEW);
    if new.exists() && !path.exists() {
        fs::rename(&new, path).map_err(io(path))?;
        sync_dir(path);
    }
    remove(&new);
    remove(&open::beside(path, ".salvage"));
    Ok(())
}

/// Renames a file with its log.
pub(super) fn set_aside(path: &Path, aside: &Path) -> Result<()> {
    if path.exists() {
        fs::rename(path, aside).map_err(io(path))?;
    }
    let wal = open::beside(path, "-wal");
    if wal.exists() {
        fs::rename(&wal, open::beside(aside, "-wal")).map_err(io(&wal))?;
    }
    // The index of the log: made anew from it.
    let _ = fs::remove_file(open::beside(path, "-shm"));
    Ok(())
}

/// A name for a damaged file that nothing has yet.
fn aside(path: &Path, now: i64) -> PathBuf {
    let name = format!(".corrupt-{}", clock::stamp(now));
    let first = open::beside(path, &name);
    let more = (2..).map(|n| open::beside(path, &format!("{name}-{n}")));
    std::iter::once(first.clone()).chain(more).find(|p| !p.exists()).unwrap_or(first)
}

/// Copies a file with its log, to read it: reading may write to the log.
fn duplicate(path: &Path, copy: &Path) -> Result<()> {
    remove(copy);
    for suffix in ["", "-wal"] {
        let (from, to) = (open::beside(path, suffix), open::beside(copy, suffix));
        if from.exists() {
            fs::copy(&from, &to).map_err(io(&to))?;
        }
    }
    open::make_private(copy)
}

/// Removes a file of ours with what SQLite puts beside it.
fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        // Mostly not there.
        let _ = fs::remove_file(open::beside(path, suffix));
    }
}

/// Makes a rename last. Where a directory cannot be synced, nothing better can be done.
pub(super) fn sync_dir(path: &Path) {
    if let Some(dir) = path.parent().and_then(|d| fs::File::open(d).ok()) {
        let _ = dir.sync_all();
    }
}

/// Puts what happened into the audit trail of the new file.
fn note(new: &Path, aside: &Path, why: &StoreError, tables: &[Salvaged], now: i64) -> Result<()> {
    let rows: serde_json::Map<_, _> =
        tables.iter().map(|t| (t.table.clone(), t.rows.into())).collect();
    let damaged: Vec<_> = tables.iter().filter(|t| t.damaged).map(|t| &t.table).collect();
    let entry = NewAudit {
        at: now,
        actor: "system".into(),
        peer: String::new(),
        action: "store.salvage".into(),
        target: aside.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        detail: serde_json::json!({ "why": why.to_string(), "rows": rows, "damaged": damaged })
            .to_string(),
        result: "ok".into(),
    };
    append(new, &entry)
}

/// Adds to the audit trail of a file that is not open otherwise.
pub(super) fn append(path: &Path, entry: &NewAudit) -> Result<()> {
    const WHAT: &str = "noting what was done to the store";
    let mut writer = db::open_writer(path)?;
    let tx = writer.transaction().map_err(sql(WHAT))?;
    let added: Step<()> = audit::append(&tx, entry);
    added.map_err(|e| e.named(WHAT))?;
    tx.commit().map_err(sql(WHAT))?;
    // In one file, to be renamed.
    writer.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(sql(WHAT))?;
    writer.close().map_err(|(_, e)| sql(WHAT)(e))
}
