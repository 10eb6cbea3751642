//! Partition files: which time each covers, what it is called, and how it is opened.
//!
//! A source begins with a file per day. A day that has grown to [`FULL_BYTES`] goes on in files per
//! hour, so that retention and queries of a busy network work on small files. A source with more
//! days than are kept (an old capture, a hostile clock) puts new days into files per year, which
//! go on in files per day when they are full. So a tiny source has few files, and their number is
//! bounded by years and volume.

use super::row::Apps;
use crate::error::{Result, StoreError};
use anomalyzer_wire::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Bytes from which a file leaves new rows to a finer one.
pub(crate) const FULL_BYTES: u64 = 32 << 20;
/// Bytes of a page. One block of rows fills one.
const PAGE_BYTES: u32 = 16_384;
/// "AnzF": marks the file as ours.
const APPLICATION: i64 = 0x416e_7a46;
/// Version of the format of files, blocks and rows.
const VERSION: i64 = 1;

/// How much time a file covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    Year,
    Day,
    Hour,
}

/// Which file: where its time begins, and how much it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartId {
    /// Seconds since 1970.
    pub(crate) start: i64,
    pub(crate) level: Level,
}

/// The first year that has a file; earlier times belong to its first.
const YEAR_MIN: i64 = 1678;
/// The last year that has a file; later times belong to its last.
const YEAR_MAX: i64 = 2261;

impl PartId {
    /// The file of a level that a time belongs to.
    pub(crate) fn of(level: Level, time: Timestamp) -> Self {
        let secs = clamp(time.secs());
        let start = match level {
            Level::Year => year_start(Timestamp::from_secs_nanos(secs, 0).civil().year),
            Level::Day => secs.div_euclid(86_400) * 86_400,
            Level::Hour => secs.div_euclid(3_600) * 3_600,
        };
        Self { start, level }
    }

    /// The second behind what it covers.
    pub(crate) fn end(self) -> i64 {
        match self.level {
            Level::Year => year_start(Timestamp::from_secs_nanos(self.start, 0).civil().year + 1),
            Level::Day => self.start + 86_400,
            Level::Hour => self.start + 3_600,
        }
    }

    /// The earliest and latest end of a flow that may be in it, nanoseconds since 1970.
    pub(crate) fn times(self) -> (i64, i64) {
        let first = self.start <= year_start(YEAR_MIN);
        let last = self.end() >= year_start(YEAR_MAX + 1);
        let nanos = |secs: i64| secs.saturating_mul(1_000_000_000);
        (
            if first { i64::MIN } else { nanos(self.start) },
            if last { i64::MAX } else { nanos(self.end()) - 1 },
        )
    }

    /// True when a moment within `from..to` (nanoseconds) may be in it.
    pub(crate) fn overlaps(self, from: Timestamp, to: Timestamp) -> bool {
        let last = clamp(to.plus_nanos(-1).secs());
        from < to && self.start <= last && self.end() > clamp(from.secs())
    }

    /// The least rowid of a block that may hold rows that ended at `time` or later.
    pub(crate) fn rowid(self, time: Timestamp) -> i64 {
        let micros = time.micros().saturating_sub(self.start.saturating_mul(1_000_000));
        micros.saturating_mul(1_024).max(1)
    }

    /// No row of a block with this rowid ended later (nanoseconds since 1970).
    pub(crate) fn latest(self, rowid: i64) -> i64 {
        let micros = self.start.saturating_mul(1_000_000).saturating_add(rowid / 1_024);
        micros.saturating_mul(1_000).saturating_add(999)
    }

    /// The name in keys: `2026`, `20261121` or `20261121T13`.
    pub(crate) fn tag(self) -> String {
        self.name("")
    }

    /// The file's name: `2026.db`, `2026-11-21.db` or `2026-11-21T13.db`.
    pub(crate) fn file_name(self) -> String {
        self.name("-") + ".db"
    }

    fn name(self, dash: &str) -> String {
        let c = Timestamp::from_secs_nanos(self.start, 0).civil();
        match self.level {
            Level::Year => format!("{:04}", c.year),
            Level::Day => format!("{:04}{dash}{:02}{dash}{:02}", c.year, c.month, c.day),
            Level::Hour => {
                format!("{:04}{dash}{:02}{dash}{:02}T{:02}", c.year, c.month, c.day, c.hour)
            }
        }
    }

    /// Reads [`Self::file_name`]; `None` for another file.
    pub(crate) fn from_file_name(name: &str) -> Option<Self> {
        let id = Self::parse(&name.strip_suffix(".db")?.replace('-', ""))?;
        (id.file_name() == name).then_some(id)
    }

    /// Reads [`Self::tag`].
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        Self::parse(tag).filter(|id| id.tag() == tag)
    }

    fn parse(tag: &str) -> Option<Self> {
        let part = |from: usize, to: usize| tag.get(from..to);
        let (level, text) = match tag.len() {
            4 => (Level::Year, format!("{tag}-01-01T00:00:00Z")),
            8 => {
                let (y, m, d) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
                (Level::Day, format!("{y}-{m}-{d}T00:00:00Z"))
            }
            11 => {
                let (y, m, d, h) = (part(0, 4)?, part(4, 6)?, part(6, 8)?, part(9, 11)?);
                (Level::Hour, format!("{y}-{m}-{d}T{h}:00:00Z"))
            }
            _ => return None,
        };
        Some(Self { start: Timestamp::parse(&text)?.secs(), level })
    }
}

fn clamp(secs: i64) -> i64 {
    secs.clamp(year_start(YEAR_MIN), year_start(YEAR_MAX + 1) - 1)
}

fn year_start(year: i64) -> i64 {
    if year > YEAR_MAX {
        // The reader of dates ends a year before the last time there is; 2261 has 365 days.
        return year_start(YEAR_MAX) + 365 * 86_400;
    }
    let text = format!("{:04}-01-01T00:00:00Z", year.max(YEAR_MIN));
    Timestamp::parse(&text).map_or(0, Timestamp::secs)
}

/// Opens a partition for writing; makes it when it is not there.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection> {
    let sql = |what| move |source| StoreError::Sql { what, source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(sql("open a history file"))?;
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(sql("set up a history file"))?;
    let version: i64 = pragma(&conn, "user_version")?;
    if version > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: VERSION });
    }
    if version == 0 {
        no_stump(path)?;
        create(&conn).map_err(sql("make a history file"))?;
    }
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=0;
         PRAGMA cache_size=-4096;",
    )
    .map_err(sql("set up a history file"))?;
    Ok(conn)
}

/// Refuses a file that is too short to have one page: SQLite would take it for a new one.
fn no_stump(path: &Path) -> Result<()> {
    match std::fs::metadata(path).map_or(0, |m| m.len()) {
        0 => Ok(()),
        bytes if bytes >= u64::from(PAGE_BYTES) => Ok(()),
        bytes => Err(StoreError::Damaged {
            path: path.to_owned(),
            what: format!("it ends after {bytes} bytes"),
        }),
    }
}

fn create(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(&format!(
        "PRAGMA page_size={PAGE_BYTES}; PRAGMA application_id={APPLICATION};
         BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS block(id INTEGER PRIMARY KEY, rows BLOB NOT NULL);
         INSERT OR IGNORE INTO meta VALUES('apps', '{}');
         PRAGMA user_version={VERSION};
         COMMIT;",
        Apps::names()
    ))
}

/// Moves what is in the log into the file and leaves it without companions.
pub(crate) fn close(conn: Connection) {
    // A reader may hinder it; then the log stays, which costs only two more files. Nothing waits
    // for a reader.
    let _ = conn.busy_timeout(std::time::Duration::ZERO);
    let _ = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;");
    let _ = conn.close();
}

/// Opens a partition for reading; `None` when it was only just made and holds nothing.
pub(crate) fn open_to_read(path: &Path) -> Result<Option<(Connection, Apps)>> {
    let sql = |what| move |source| StoreError::Sql { what, source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(sql("open a history file"))?;
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(sql("set up a history file"))?;
    conn.execute_batch("PRAGMA cache_size=-512;").map_err(sql("set up a history file"))?;
    let version: i64 = pragma(&conn, "user_version")?;
    if version > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: VERSION });
    }
    if version == 0 && pragma(&conn, "page_count")? == 0 {
        return no_stump(path).map(|()| None);
    }
    let apps = apps(&conn)?;
    Ok(Some((conn, apps)))
}

/// The list of applications of a partition.
pub(crate) fn apps(conn: &Connection) -> Result<Apps> {
    conn.query_row("SELECT value FROM meta WHERE name='apps'", [], |row| row.get::<_, String>(0))
        .map(|names| Apps::parse(&names))
        .map_err(|source| StoreError::Sql { what: "read a history file", source })
}

fn pragma(conn: &Connection, name: &str) -> Result<i64> {
    conn.pragma_query_value(None, name, |row| row.get(0))
        .map_err(|source| StoreError::Sql { what: "read a history file", source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn names_say_what_a_file_covers() {
        let at = time("2026-11-21T13:45:00Z");
        for (level, name, tag) in [
            (Level::Year, "2026.db", "2026"),
            (Level::Day, "2026-11-21.db", "20261121"),
            (Level::Hour, "2026-11-21T13.db", "20261121T13"),
        ] {
            let id = PartId::of(level, at);
            assert_eq!((id.file_name().as_str(), id.tag().as_str()), (name, tag));
            assert_eq!(PartId::from_file_name(name), Some(id));
            assert_eq!(PartId::from_tag(tag), Some(id));
        }
        for other in ["x.db", "2026.db-wal", "2026-13-01.db", "2026-1121.db", "é26.db", ""] {
            assert_eq!(PartId::from_file_name(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_within_its_files(ns: i64, level in 0..3_usize) {
            let level = [Level::Year, Level::Day, Level::Hour][level];
            let at = Timestamp::from_nanos(ns);
            let id = PartId::of(level, at);
            prop_assert!(id.overlaps(at, at.plus_nanos(1)) || ns == i64::MAX);
            prop_assert_eq!(PartId::from_file_name(&id.file_name()), Some(id));
            prop_assert!(id.rowid(at) >= 1);
            prop_assert!(id.latest(id.rowid(at)) >= ns);
            prop_assert!(id.start < id.end());
        }
    }
}
