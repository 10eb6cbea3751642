//! When somebody watched: intervals that touch are joined, what lies between them is a gap.

use crate::error::sql;
use crate::{Result, SourceId};
use rusqlite::{Connection, Transaction};

/// Seconds behind the last watched one that are not called a gap yet: they are on their way.
const SLACK: i64 = 5;
/// Intervals of a source; beyond it the oldest go.
const INTERVALS_MAX: i64 = 50_000;

/// Notes that somebody watched from a second to the one before `to`.
pub(crate) fn note(conn: &mut Connection, source: SourceId, from: i64, to: i64) -> Result<()> {
    if from >= to {
        return Ok(());
    }
    let fail = sql("write the series");
    let transaction = conn.transaction().map_err(&fail)?;
    join(&transaction, source, from, to).map_err(&fail)?;
    transaction.commit().map_err(&fail)
}

fn join(
    transaction: &Transaction<'_>,
    source: SourceId,
    from: i64,
    to: i64,
) -> rusqlite::Result<()> {
    // Intervals never overlap, so those that touch this one lie together; the first may begin
    // long before.
    let touching = "source=?1 AND start<=?3 AND stop>=?2 AND start>=coalesce(
        (SELECT max(start) FROM watched WHERE source=?1 AND start<=?2), ?2)";
    let (from, to): (i64, i64) = transaction
        .prepare_cached(&format!(
            "SELECT min(?2, coalesce(min(start), ?2)), max(?3, coalesce(max(stop), ?3))
             FROM watched WHERE {touching}"
        ))?
        .query_row((source.0, from, to), |row| Ok((row.get(0)?, row.get(1)?)))?;
    transaction
        .prepare_cached(&format!("DELETE FROM watched WHERE {touching}"))?
        .execute((source.0, from, to))?;
    transaction
        .prepare_cached("INSERT INTO watched VALUES(?1, ?2, ?3)")?
        .execute((source.0, from, to))?;
    Ok(())
}

/// Forgets intervals that ended before `oldest`, and the oldest of too many.
pub(crate) fn expire(
    transaction: &Transaction<'_>,
    source: SourceId,
    oldest: i64,
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM watched WHERE source=?1 AND stop<?2", (source.0, oldest))?;
    transaction.execute(
        "DELETE FROM watched WHERE source=?1 AND start<coalesce((SELECT start FROM watched
         WHERE source=?1 ORDER BY start DESC LIMIT 1 OFFSET ?2), start)",
        (source.0, INTERVALS_MAX),
    )?;
    Ok(())
}

/// Times within `from..to` when nobody watched; none for a source that nobody noted anything of.
pub(crate) fn gaps(
    conn: &Connection,
    source: SourceId,
    from: i64,
    to: i64,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let known: bool = conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM watched WHERE source=?1)")?
        .query_row([source.0], |row| row.get(0))?;
    if !known || from >= to {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(
        "SELECT start, stop FROM watched WHERE source=?1 AND stop>?2 AND start<?3 ORDER BY start",
    )?;
    let mut rows = statement.query((source.0, from, to))?;
    let (mut gaps, mut at) = (Vec::new(), from);
    while let Some(row) = rows.next()? {
        let (start, stop): (i64, i64) = (row.get(0)?, row.get(1)?);
        if start > at {
            gaps.push((at, start));
        }
        at = at.max(stop);
    }
    if to.saturating_sub(at) > SLACK || gaps.is_empty() && at == from {
        gaps.push((at, to));
    }
    Ok(gaps)
}
