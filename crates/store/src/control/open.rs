//! Opening `control.db`.

use super::db::{self, Db};
use super::limits::Counters;
use super::{Control, schema};
use crate::error::{io, sql};
use crate::room::Room;
use crate::{Result, StoreError};
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name.
pub(crate) const NAME: &str = "control.db";

impl Control {
    /// Opens the file, makes it when it is missing, migrates it when it is older.
    pub(crate) fn open(dir: &Path, room: Arc<Room>) -> Result<Self> {
        let path = dir.join(NAME);
        make_private(&path)?;
        let mut writer = db::open_writer(&path)?;
        schema::migrate(&mut writer, &path)?;
        let run = begin_run(&writer)?;
        let db = Db::new(&path, writer, room);
        Ok(Self { db, counters: Counters::default(), run, set_aside: Vec::new() })
    }

    /// Opens the file to read, beside a service that writes or without one. It must have been
    /// written by this version of the program.
    pub(crate) fn open_read_only(dir: &Path, room: Arc<Room>) -> Result<Self> {
        let path = dir.join(NAME);
        std::fs::metadata(&path).map_err(io(&path))?;
        let reader = db::open_reader(&path, "opening the control store")?;
        let found = schema::version(&reader, &path)?;
        if found < schema::LATEST {
            return Err(StoreError::Older { path, found, known: schema::LATEST });
        }
        drop(reader);
        let db = Db::read_only(&path, room);
        Ok(Self { db, counters: Counters::default(), run: 0, set_aside: Vec::new() })
    }

    /// Opens the file to write beside a running service: for a user or token made on the command
    /// line. Must have been written by this version; nothing else of the store is held.
    pub(crate) fn open_beside(dir: &Path, room: Arc<Room>) -> Result<Self> {
        let path = dir.join(NAME);
        std::fs::metadata(&path).map_err(io(&path))?;
        let writer = db::open_writer(&path)?;
        let found = schema::version(&writer, &path)?;
        if found < schema::LATEST {
            return Err(StoreError::Older { path, found, known: schema::LATEST });
        }
        let db = Db::new(&path, writer, room);
        Ok(Self { db, counters: Counters::default(), run: 0, set_aside: Vec::new() })
    }

    /// Damaged files that were set aside at opening.
    pub(crate) fn set_aside(&self) -> &[String] {
        &self.set_aside
    }

    /// What was turned away or thrown out since the start, by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.counters.all()
    }

    /// Bytes of the file and its log.
    pub(crate) fn bytes(&self) -> u64 {
        let of = |path: PathBuf| std::fs::metadata(path).map_or(0, |m| m.len());
        of(self.db.path().to_owned()) + of(beside(self.db.path(), "-wal"))
    }
}

/// The path with something behind its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file, before SQLite does, so that nobody else can read it; its log inherits that.
fn make_private(path: &Path) -> Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(io(path))?;
    Ok(())
}

fn begin_run(db: &Connection) -> Result<i64> {
    db.query_row(
        "INSERT INTO counter (name, value) VALUES ('run', 1)
         ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        [],
        |row| row.get(0),
    )
    .map_err(sql("opening the control store"))
}
