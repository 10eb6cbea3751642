//! Sources: sensors and captures.

use super::db::Step;
use super::limits::{int, uint};
use super::text::{text, text_or_none};
use super::{Control, limits};
use crate::{Result, SourceId, StoreError};
use anomalyzer_wire::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Live interfaces of this machine.
    Live,
    /// A capture file.
    File,
    /// The demonstration.
    Demo,
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Identity.
    pub id: SourceId,
    /// What it is.
    pub kind: SourceKind,
    /// Name: interfaces, or the file's name, escaped.
    pub name: String,
    /// Wall clock when made, seconds.
    pub created: i64,
    /// First packet time.
    pub first: Option<Timestamp>,
    /// Latest packet time: the source's *now*.
    pub last: Option<Timestamp>,
    /// Packets so far.
    pub packets: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// `watching`, `reading`, `done`, `failed`, `stopped`.
    pub state: String,
    /// Why it failed, or what was damaged.
    pub problem: Option<String>,
}

/// A source to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What it is.
    pub kind: SourceKind,
    /// Name.
    pub name: String,
}

const COLUMNS: &str = "id, kind, name, created, first, last, packets, bytes, state, problem";
/// Most bytes of a name.
const NAME: usize = 1_024;
/// Most bytes of a state.
const STATE: usize = 32;
/// Most bytes of a problem.
const PROBLEM: usize = 4_096;

impl SourceKind {
    /// As it is kept. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::Live => 0,
            Self::File => 1,
            Self::Demo => 2,
        }
    }

    const fn of_number(number: i64) -> Self {
        match number {
            0 => Self::Live,
            2 => Self::Demo,
            _ => Self::File,
        }
    }
}

impl Control {
    /// All sources, the sensor first, then latest first.
    pub fn sources(&self) -> Result<Vec<Source>> {
        self.db.read("reading sources", |db| {
            let sql = format!("SELECT {COLUMNS} FROM source ORDER BY id = 1 DESC, id DESC");
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([], source_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// One source.
    pub fn source(&self, id: SourceId) -> Result<Source> {
        self.db.read("reading a source", |db| {
            let sql = format!("SELECT {COLUMNS} FROM source WHERE id = ?1");
            let mut query = db.prepare_cached(&sql)?;
            let source = query.query_row([id.0], source_of).optional()?;
            Ok(source.ok_or(StoreError::Missing("source"))?)
        })
    }

    /// Makes a source; `id` 1 is made, or renamed, by [`SourceId::SENSOR`]. Other ids are given
    /// here, never twice; naming one renames that source. At most 1,024 sources. A new one is
    /// `stopped` until [`Self::update_source`] says otherwise.
    pub fn put_source(
        &self,
        id: Option<SourceId>,
        source: &NewSource,
        now: i64,
    ) -> Result<SourceId> {
        let name = self.counters.cut(&source.name, NAME);
        self.write_kept("keeping a source", |tx| {
            if let Some(id) = id {
                let sql = "UPDATE source SET kind = ?2, name = ?3 WHERE id = ?1";
                if tx.execute(sql, params![id.0, source.kind.number(), name])? > 0 {
                    return Ok(id);
                }
                if id != SourceId::SENSOR {
                    return Err(StoreError::Missing("source").into());
                }
            }
            let count: i64 = tx.query_row("SELECT count(*) FROM source", [], |row| row.get(0))?;
            if count >= limits::SOURCES && id.is_none() {
                let what = format!("there are {count} sources; remove some first");
                return Err(self.counters.refuse(what).into());
            }
            tx.execute(
                "INSERT INTO source (id, kind, name, created, state)
                 VALUES (?1, ?2, ?3, ?4, 'stopped')",
                params![id.map(|i| i.0), source.kind.number(), name, now],
            )?;
            Ok(SourceId(tx.last_insert_rowid()))
        })
    }

    /// Writes times, counts, state and problem of a source.
    pub fn update_source(&self, source: &Source) -> Result<()> {
        let state = self.counters.cut(&source.state, STATE);
        let problem = source.problem.as_deref().map(|p| self.counters.cut(p, PROBLEM));
        self.db.write_small("keeping the state of a source", |tx| {
            let changed = tx.execute(
                "UPDATE source SET first = ?2, last = ?3, packets = ?4, bytes = ?5, state = ?6,
                   problem = ?7 WHERE id = ?1",
                params![
                    source.id.0,
                    source.first.map(Timestamp::nanos),
                    source.last.map(Timestamp::nanos),
                    int(source.packets),
                    int(source.bytes),
                    state,
                    problem
                ],
            )?;
            if changed == 0 {
                return Err(StoreError::Missing("source").into());
            }
            Ok(())
        })
    }

    /// Removes a source with its alerts, incidents and devices.
    pub fn remove_source(&self, id: SourceId) -> Result<()> {
        self.write_kept("removing a source", |tx| {
            if tx.execute("DELETE FROM source WHERE id = ?1", [id.0])? == 0 {
                return Err(StoreError::Missing("source").into());
            }
            Ok(())
        })
    }
}

/// Refuses what belongs to a source that is not there.
pub(super) fn check_source(db: &Connection, id: SourceId) -> Step<()> {
    let mut query = db.prepare_cached("SELECT 1 FROM source WHERE id = ?1")?;
    if query.exists([id.0])? {
        return Ok(());
    }
    Err(StoreError::Missing("source").into())
}

fn source_of(row: &Row<'_>) -> rusqlite::Result<Source> {
    Ok(Source {
        id: SourceId(row.get(0)?),
        kind: SourceKind::of_number(row.get(1)?),
        name: text(row, 2)?,
        created: row.get(3)?,
        first: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_nanos),
        last: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_nanos),
        packets: uint(row.get(6)?),
        bytes: uint(row.get(7)?),
        state: text(row, 8)?,
        problem: text_or_none(row, 9)?,
    })
}
