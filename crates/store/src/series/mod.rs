//! Traffic over time: seconds for 2 hours, minutes for 30 days, hours for 2 years.
//!
//! One file, `series.db`, with a table for each resolution. A row is one interval of one source
//! and dimension with all its keys, see [`interval`]; its rowid is made of source, dimension and
//! time, so that a chart reads one contiguous piece of one table. What is appended is added to its
//! second, minute and hour in one transaction: there is no roll-up that could be interrupted or
//! done twice, and late seconds add up like others. Age is counted from each source's latest
//! second.

mod interval;
mod read;
mod step;
mod watched;
mod write;

#[cfg(test)]
mod tests;

pub use anomalyzer_engine::rollup::{Dimension, Row, Sums};

use crate::damage::{Notes, is_damage, lock};
use crate::error::sql;
use crate::room::Room;
use crate::{Range, Result, SourceId, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A point of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Start of the interval, seconds since 1970 UTC.
    pub start: i64,
    /// Sums over the interval.
    pub sums: Sums,
    /// The highest packets, bytes, flows of one second within: peaks stay visible. (Of seconds that
    /// came more than two hours late: at least so much.)
    pub peak: Sums,
}

/// What is asked of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    /// Of which source.
    pub source: SourceId,
    /// When.
    pub range: Range,
    /// By what.
    pub dimension: Dimension,
    /// Only these keys; empty: the `top` ones by bytes.
    pub keys: Vec<String>,
    /// Most keys when none are named.
    pub top: usize,
    /// Most points of each; the step is chosen so that no more come.
    pub points: usize,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesAnswer {
    /// Seconds of each interval.
    pub step: i64,
    /// Keys, most bytes first, with their points in order; intervals without traffic are absent.
    pub series: Vec<(String, Vec<Point>)>,
    /// Times when nobody watched: seconds from, to.
    pub gaps: Vec<(i64, i64)>,
}

/// Version of the file.
const VERSION: i64 = 1;
/// "AnzS": marks the file as ours.
const APPLICATION: i64 = 0x416e_7a53;
/// Idle connections that are kept for queries.
const READERS_MAX: usize = 4;
/// Most points of a key.
const POINTS_MAX: usize = 10_000;
/// Most keys of an answer.
const KEYS_MAX: usize = 1_000;

/// The series. Cheap calls but `query`, which reads.
#[derive(Debug)]
pub struct SeriesStore {
    path: PathBuf,
    room: Arc<Room>,
    /// `None` when opened for queries only.
    writer: Option<Mutex<write::Writer>>,
    readers: Mutex<Vec<Connection>>,
    notes: Notes,
}

impl SeriesStore {
    pub(crate) fn open(dir: &Path, room: Arc<Room>) -> Result<Self> {
        let (path, notes) = (dir.join("series.db"), Notes::default());
        let conn = match open(&path) {
            Err(error) if is_damage(&error) => {
                notes.set_aside(&path, &error.to_string());
                open(&path)?
            }
            opened => opened?,
        };
        let writer = Some(Mutex::new(write::Writer::new(conn)));
        Ok(Self { path, room, writer, readers: Mutex::default(), notes })
    }

    /// Opens for queries only, beside another process that writes.
    pub(crate) fn open_read_only(dir: &Path, room: Arc<Room>) -> Self {
        let path = dir.join("series.db");
        Self { path, room, writer: None, readers: Mutex::default(), notes: Notes::new(true) }
    }

    /// Adds rows, all in one transaction, to their seconds, minutes and hours.
    pub fn append(&self, source: SourceId, rows: &[Row]) -> Result<()> {
        self.room.for_bulk()?;
        self.written(|writer| writer.append(source, rows))
    }

    /// Notes that somebody watched during these seconds; what is not noted is a gap.
    pub fn watched(&self, source: SourceId, from: i64, to: i64) -> Result<()> {
        self.room.for_bulk()?;
        self.written(|writer| watched::note(writer.conn(), source, from, to))
    }

    /// Points for a chart.
    pub fn query(&self, query: &SeriesQuery) -> Result<SeriesAnswer> {
        if !(1..=POINTS_MAX).contains(&query.points) {
            return Err(StoreError::Invalid(format!("a chart has 1 to {POINTS_MAX} points")));
        }
        if query.keys.len().max(query.top) > KEYS_MAX {
            return Err(StoreError::Invalid(format!("a chart has at most {KEYS_MAX} keys")));
        }
        self.read(|conn| read::query(conn, query))
    }

    /// The sums of each key over a range, most bytes first, at most `top`.
    ///
    /// Whole hours come from the hours, the edges from minutes and seconds as long as these are
    /// kept; an interval that can no longer be divided counts where it begins.
    pub fn totals(
        &self,
        source: SourceId,
        range: Range,
        dimension: Dimension,
        top: usize,
    ) -> Result<Vec<(String, Sums)>> {
        self.read(|conn| read::totals(conn, source, range, dimension, top))
    }

    /// First and last second with traffic.
    pub fn span(&self, source: SourceId) -> Result<Option<(i64, i64)>> {
        self.read(|conn| read::span(conn, source))
    }

    /// Removes everything of a source.
    pub fn remove(&self, source: SourceId) -> Result<()> {
        self.written(|writer| writer.remove(source))
    }

    /// Damaged files that were set aside since the start, in words.
    pub fn set_aside(&self) -> Vec<String> {
        self.notes.lines()
    }

    /// Bytes of the file and its log.
    pub fn bytes(&self) -> u64 {
        let size = |ending: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(ending);
            std::fs::metadata(name).map_or(0, |m| m.len())
        };
        size("") + size("-wal")
    }

    /// Writes; a damaged file is set aside and the work done again on a new one.
    fn written<T>(&self, work: impl Fn(&mut write::Writer) -> Result<T>) -> Result<T> {
        self.notes.check_writable()?;
        let Some(writer) = &self.writer else { return Err(StoreError::Missing("series")) };
        let mut writer = lock(writer);
        match work(&mut writer) {
            Err(error) if is_damage(&error) => {
                self.renew(&mut writer, &error)?;
                work(&mut writer)
            }
            result => result,
        }
    }

    /// Reads on a connection of its own; a damaged file is set aside and read anew.
    fn read<T: Default>(&self, work: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.readers).pop();
        let result = match idle.map_or_else(|| open_to_read(&self.path), |conn| Ok(Some(conn))) {
            Ok(Some(conn)) => {
                let result = work(&conn);
                if result.is_ok() {
                    let mut readers = lock(&self.readers);
                    if readers.len() < READERS_MAX {
                        readers.push(conn);
                    }
                }
                result
            }
            Ok(None) => Ok(T::default()),
            Err(error) => Err(error),
        };
        match (result, &self.writer) {
            (Err(error), Some(writer)) if is_damage(&error) => {
                self.renew(&mut lock(writer), &error)?;
                Ok(T::default())
            }
            (result, _) => result,
        }
    }

    fn renew(&self, writer: &mut write::Writer, why: &StoreError) -> Result<()> {
        lock(&self.readers).clear();
        writer.close();
        let kept = self.notes.set_aside(&self.path, &why.to_string());
        tracing::error!(kept = %kept.display(), error = %why, "damaged series were set aside");
        *writer = write::Writer::new(open(&self.path)?);
        Ok(())
    }
}

fn open(path: &Path) -> Result<Connection> {
    let sql = sql("open the series");
    let conn = Connection::open(path).map_err(&sql)?;
    conn.busy_timeout(Duration::from_secs(5)).map_err(&sql)?;
    check_version(&conn, path)?;
    conn.execute_batch(&format!(
        "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
         PRAGMA journal_size_limit=16777216; PRAGMA cache_size=-16384;
         BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS second(id INTEGER PRIMARY KEY, keys BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS minute(id INTEGER PRIMARY KEY, keys BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS hour(id INTEGER PRIMARY KEY, keys BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS span(
             source INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
         CREATE TABLE IF NOT EXISTS watched(
             source INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
             PRIMARY KEY(source, start)) WITHOUT ROWID;
         PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};
         COMMIT;"
    ))
    .map_err(&sql)?;
    Ok(conn)
}

fn open_to_read(path: &Path) -> Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let sql = sql("open the series");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(&sql)?;
    conn.busy_timeout(Duration::from_secs(5)).map_err(&sql)?;
    check_version(&conn, path)?;
    Ok(Some(conn))
}

fn check_version(conn: &Connection, path: &Path) -> Result<()> {
    let found: i64 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql("open the series"))?;
    if found <= VERSION {
        return Ok(());
    }
    Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION })
}
