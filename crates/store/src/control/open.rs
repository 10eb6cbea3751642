//! Opening `control.db`.

use super::db::{self, Db};
use super::limits::Counters;
use super::{Control, damage, keep, schema};
use crate::error::{io, sql};
use crate::room::Room;
use crate::{Result, StoreError};
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

/// The file's name.
pub(crate) const NAME: &str = "control.db";

impl Control {
    /// Opens the file, makes it when it is missing, migrates it when it is older, salvages it when
    /// it is damaged.
    pub(crate) fn open(dir: &Path, room: Arc<Room>) -> Result<Self> {
        let path = dir.join(NAME);
        damage::finish_interrupted(&path)?;
        let mut set_aside = Vec::new();
        let writer = match open_whole(&path) {
            Err(why) if damage::is_damage(&why) => {
                set_aside.push(damage::replace(&path, &why)?);
                open_whole(&path)?
            }
            other => other?,
        };
        let run = begin_run(&writer)?;
        let db = Db::new(&path, writer, room);
        let control = Self::with(db, run, set_aside);
        // Before the copy is made: where there is a copy, the file itself is not empty any more.
        if let Err(error) = control.checkpoint() {
            tracing::warn!(%error, "the log of the control store could not be put into it");
        }
        if let Err(error) = control.keep_copy() {
            tracing::warn!(%error, "no copy of accounts and settings is kept");
        }
        Ok(control)
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
        Ok(Self::with(db, 0, Vec::new()))
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
        Ok(Self::with(db, 0, Vec::new()))
    }

    fn with(db: Db, run: i64, set_aside: Vec<String>) -> Self {
        let counters = Counters::default();
        // Whether the copy of accounts is behind is not known at the start: it is.
        let (changed, seen) = (AtomicBool::new(true), AtomicI64::new(0));
        Self { db, counters, run, set_aside, changed, seen }
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

/// Opens the file to write when it is whole, or not there.
fn open_whole(path: &Path) -> Result<Connection> {
    let empty = std::fs::metadata(path).map_or(true, |m| m.len() == 0);
    if empty && keep::path(path).exists() {
        let what = "it is empty or gone, but its copy is there".to_owned();
        return Err(StoreError::Damaged { path: path.to_owned(), what });
    }
    if !empty || beside(path, "-wal").exists() {
        // Looked at first, by a reader: whoever writes changes even what is damaged.
        let reader = db::open_reader(path, "opening the control store")?;
        damage::check(&reader, path)?;
    }
    make_private(path)?;
    let mut writer = db::open_writer(path)?;
    schema::migrate(&mut writer, path)?;
    Ok(writer)
}

/// The path with something behind its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file, before SQLite does, so that nobody else can read it; its log inherits that.
pub(crate) fn make_private(path: &Path) -> Result<()> {
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
