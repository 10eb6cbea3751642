//! Adding to intervals, and removing what is too old.

use super::interval::{Entry, Keys, Resolution, Unpack, add, bound, clamp, pack, raise, rowid};
use super::{Dimension, Row};
use crate::error::sql;
use crate::{Result, SourceId, StoreError};
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::collections::{BTreeMap, HashMap};

/// Seconds of packet time between two looks for what is too old.
const EXPIRE_EVERY: i64 = 600;
/// Bytes of a key that are kept; the engine's are shorter.
const KEY_MAX: usize = 128;
/// Sources whose last clean-up is remembered.
const SOURCES_MAX: usize = 10_000;

/// What is added to an interval: sums, and the highest second.
type Added<'a> = BTreeMap<&'a [u8], Entry>;
/// Intervals by dimension and start.
type Intervals<'a> = BTreeMap<(Dimension, i64), Added<'a>>;

/// The only connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    conn: Connection,
    /// When each source was last cleaned up, in its own time.
    expired: HashMap<SourceId, i64>,
}

impl Writer {
    pub(crate) fn new(conn: Connection) -> Self {
        Self { conn, expired: HashMap::new() }
    }

    pub(crate) fn conn(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// Lets go of the file.
    pub(crate) fn close(&mut self) {
        if let Ok(empty) = Connection::open_in_memory() {
            self.conn = empty;
        }
    }

    /// Adds rows to their seconds, minutes and hours.
    pub(crate) fn append(&mut self, source: SourceId, rows: &[Row]) -> Result<()> {
        let Some(last) = rows.iter().map(|row| clamp(row.second)).max() else { return Ok(()) };
        let first = rows.iter().map(|row| clamp(row.second)).min().unwrap_or(last);
        if rowid(source, Dimension::Total, 0).is_none() {
            return Err(StoreError::Invalid(format!("there is no source {}", source.0)));
        }
        let fail = sql("write the series");
        let due = self
            .expired
            .get(&source)
            .is_none_or(|at| last.abs_diff(*at) >= EXPIRE_EVERY.unsigned_abs());
        let transaction = self.conn.transaction().map_err(&fail)?;
        let latest = widen(&transaction, source, first, last).map_err(&fail)?;
        add_all(&transaction, source, rows, latest).map_err(&fail)?;
        if due {
            expire(&transaction, source, latest).map_err(&fail)?;
        }
        transaction.commit().map_err(&fail)?;
        if due {
            if self.expired.len() >= SOURCES_MAX {
                self.expired.clear();
            }
            self.expired.insert(source, last);
        }
        Ok(())
    }

    /// Removes everything of a source.
    pub(crate) fn remove(&mut self, source: SourceId) -> Result<()> {
        let fail = sql("remove a source from the series");
        let transaction = self.conn.transaction().map_err(&fail)?;
        for resolution in Resolution::ALL {
            delete(&transaction, source, resolution, i64::MAX).map_err(&fail)?;
        }
        for table in ["span", "watched"] {
            let text = format!("DELETE FROM {table} WHERE source=?1");
            transaction.execute(&text, [source.0]).map_err(&fail)?;
        }
        transaction.commit().map_err(&fail)?;
        self.expired.remove(&source);
        Ok(())
    }
}

/// Notes the first and last second; the latest of all times is the answer.
fn widen(
    transaction: &Transaction<'_>,
    source: SourceId,
    first: i64,
    last: i64,
) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached(
            "INSERT INTO span VALUES(?1, ?2, ?3) ON CONFLICT(source) DO UPDATE
             SET first=min(first, excluded.first), last=max(last, excluded.last) RETURNING last",
        )?
        .query_row((source.0, first, last), |row| row.get(0))
}

fn add_all(
    transaction: &Transaction<'_>,
    source: SourceId,
    rows: &[Row],
    latest: i64,
) -> rusqlite::Result<()> {
    let mut seconds = Intervals::new();
    for row in rows {
        let key = row.key.as_bytes();
        let key = key.get(..KEY_MAX).unwrap_or(key);
        let interval = seconds.entry((row.dimension, clamp(row.second))).or_default();
        add(&mut interval.entry(key).or_default().sums, &row.sums);
    }
    let mut coarser = [Intervals::new(), Intervals::new()];
    for ((dimension, second), mut added) in seconds {
        // A second that is too old to be kept still counts in its minute and hour.
        if second >= latest.saturating_sub(Resolution::Second.kept()) {
            put(transaction, source, (dimension, second), Resolution::Second, &mut added)?;
        } else {
            for entry in added.values_mut() {
                entry.peak = entry.sums;
            }
        }
        for (intervals, resolution) in
            coarser.iter_mut().zip([Resolution::Minute, Resolution::Hour])
        {
            let into = intervals.entry((dimension, resolution.floor(second))).or_default();
            for (key, entry) in &added {
                let total = into.entry(key).or_default();
                add(&mut total.sums, &entry.sums);
                raise(&mut total.peak, &entry.peak);
            }
        }
    }
    for (intervals, resolution) in coarser.into_iter().zip([Resolution::Minute, Resolution::Hour]) {
        for (at, mut added) in intervals {
            if at.1 >= latest.saturating_sub(resolution.kept()) {
                put(transaction, source, at, resolution, &mut added)?;
            }
        }
    }
    Ok(())
}

/// Adds to one interval. Of a second, `added` then tells how high each of its keys is in all.
fn put(
    transaction: &Transaction<'_>,
    source: SourceId,
    (dimension, start): (Dimension, i64),
    resolution: Resolution,
    added: &mut Added<'_>,
) -> rusqlite::Result<()> {
    let Some(id) = rowid(source, dimension, start) else { return Ok(()) };
    let table = resolution.table();
    let before: Option<Vec<u8>> = transaction
        .prepare_cached(&format!("SELECT keys FROM {table} WHERE id=?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let before = before.unwrap_or_default();
    let mut keys: Keys =
        Unpack::new(&before, resolution).map(|(key, entry)| (key.into(), entry)).collect();
    for (key, entry) in added.iter_mut() {
        let total = keys.entry((*key).into()).or_default();
        add(&mut total.sums, &entry.sums);
        if resolution == Resolution::Second {
            entry.peak = total.sums;
        }
        raise(&mut total.peak, &entry.peak);
    }
    bound(&mut keys, resolution.keys());
    transaction
        .prepare_cached(&format!("INSERT OR REPLACE INTO {table} VALUES(?1, ?2)"))?
        .execute((id, pack(&keys, resolution)))?;
    Ok(())
}

/// Removes what is older than it is kept.
fn expire(transaction: &Transaction<'_>, source: SourceId, latest: i64) -> rusqlite::Result<()> {
    for resolution in Resolution::ALL {
        let oldest = resolution.floor(latest.saturating_sub(resolution.kept()));
        delete(transaction, source, resolution, oldest)?;
    }
    super::watched::expire(transaction, source, latest.saturating_sub(Resolution::Hour.kept()))
}

/// Removes the intervals of a source that begin before `before`.
fn delete(
    transaction: &Transaction<'_>,
    source: SourceId,
    resolution: Resolution,
    before: i64,
) -> rusqlite::Result<()> {
    use Dimension::{App, Device, Port, Protocol, Total};
    let text = format!("DELETE FROM {} WHERE id BETWEEN ?1 AND ?2", resolution.table());
    for dimension in [Total, Protocol, App, Port, Device] {
        let bounds = (rowid(source, dimension, i64::MIN), rowid(source, dimension, before));
        if let (Some(from), Some(to)) = bounds {
            // The last is kept, unless all are to go.
            let to = if before == i64::MAX { to } else { to - 1 };
            transaction.prepare_cached(&text)?.execute((from, to))?;
        }
    }
    Ok(())
}
