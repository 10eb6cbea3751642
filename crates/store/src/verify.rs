//! Whether every file of the stores is whole, and how much is in each.

use crate::error::{io, sql};
use crate::{Result, Store, upkeep};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 6;
/// What is wrong with one file, at most so many faults of it.
const FAULTS: usize = 10;

/// What was found in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Its bytes, with those that wait in its log to be moved into it.
    pub bytes: u64,
    /// What is wrong with it; `None` when it is whole.
    pub problem: Option<String>,
    /// Rows by table, as far as they can be counted.
    pub rows: Vec<(String, u64)>,
}

/// What was found in all files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Each database file, by path.
    pub files: Vec<FileReport>,
    /// Entries of the audit trail when its chain holds, else the first that does not fit; as words
    /// when it cannot be read.
    pub audit: std::result::Result<std::result::Result<u64, i64>, String>,
    /// Damaged files that were set aside at some time and are still there.
    pub set_aside: Vec<PathBuf>,
}

impl Verification {
    /// True when nothing is wrong with what is in use.
    pub fn whole(&self) -> bool {
        self.files.iter().all(|f| f.problem.is_none()) && matches!(self.audit, Ok(Ok(_)))
    }
}

impl Store {
    /// Reads every file of the stores and says what is wrong with it. Nothing is changed; the
    /// service goes on meanwhile. Takes as long as reading all of the history.
    pub fn verify(&self) -> Result<Verification> {
        let mut databases = Vec::new();
        let mut set_aside = Vec::new();
        find(self.dir(), DEPTH_MAX, &mut databases, &mut set_aside)?;
        databases.sort();
        set_aside.sort();
        let files = databases.into_iter().map(|path| look(&path)).collect();
        let audit = self.control().verify_audit().map_err(|e| e.to_string());
        Ok(Verification { files, audit, set_aside })
    }
}

/// Database files of ours below a folder, and those that were set aside. Links are not followed.
fn find(
    dir: &Path,
    depth: usize,
    databases: &mut Vec<PathBuf>,
    set_aside: &mut Vec<PathBuf>,
) -> Result<()> {
    for entry in std::fs::read_dir(dir).map_err(io(dir))? {
        let entry = entry.map_err(io(dir))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            if depth > 0 {
                find(&path, depth - 1, databases, set_aside)?;
            }
        } else if path.extension().is_some_and(|e| e == "db") {
            databases.push(path);
        } else if name.contains(".db.corrupt-") && !name.ends_with("-wal") {
            set_aside.push(path);
        }
    }
    Ok(())
}

fn look(path: &Path) -> FileReport {
    let log = path.with_extension("db-wal");
    let bytes = upkeep::bytes_below(path) + upkeep::bytes_below(&log);
    let mut rows = Vec::new();
    let problem = look_into(path, &mut rows).unwrap_or_else(|error| Some(error.to_string()));
    FileReport { path: path.to_owned(), bytes, problem, rows }
}

/// Faults of a file, if any; counts the rows of its tables on the way.
fn look_into(path: &Path, rows: &mut Vec<(String, u64)>) -> Result<Option<String>> {
    const WHAT: &str = "verifying";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sql(WHAT))?;
    db.busy_timeout(Duration::from_secs(10)).map_err(sql(WHAT))?;
    db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        .map_err(sql(WHAT))?;
    let faults = texts(&db, &format!("PRAGMA integrity_check({FAULTS})")).map_err(sql(WHAT))?;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'
                    AND name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY name";
    for table in texts(&db, tables).map_err(sql(WHAT))? {
        let quoted = table.replace('"', "\"\"");
        let count = db.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| {
            row.get::<_, i64>(0)
        });
        rows.push((table, u64::try_from(count.map_err(sql(WHAT))?).unwrap_or(0)));
    }
    let mut problem = (faults != ["ok"]).then(|| faults.join("; ").replace('\n', " "));
    // What SQLite stores for the history holds many flows in one row.
    if rows.iter().any(|(table, _)| table == "block") {
        let (flows, damaged) = crate::history::flows(&db)?;
        rows.push(("flow".to_owned(), flows));
        if damaged > 0 && problem.is_none() {
            problem = Some(format!("{damaged} blocks of flows cannot be read as a whole"));
        }
    }
    Ok(problem)
}

fn texts(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut query = db.prepare(sql)?;
    let rows = query.query_map([], |row| row.get(0))?;
    rows.collect()
}
