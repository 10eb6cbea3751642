//! Points of charts and totals.

use super::interval::{Resolution, Unpack, add, clamp, raise, rowid, start};
use super::step::choose;
use super::{Dimension, Point, SeriesAnswer, SeriesQuery, Sums, watched};
use crate::deadline::Deadline;
use crate::error::sql;
use crate::{Range, Result, SourceId};
use ahash::RandomState;
use anomalyzer_engine::rollup::OTHER;
use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;

/// The most time that one look at the series may take.
const TIME: Duration = Duration::from_secs(10);
/// Rows between two looks at the clock: of a second with many keys, each has some kilobytes.
const ROWS_PER_LOOK: u32 = 64;

/// A table keyed by what traffic brought.
type ByKey<T> = HashMap<Box<[u8]>, T, RandomState>;

/// Points for a chart.
pub(crate) fn query(conn: &Connection, query: &SeriesQuery) -> Result<SeriesAnswer> {
    let fail = sql("read the series");
    let (from, to) = seconds(query.range);
    let latest = span(conn, query.source)?.map_or(to, |(_, last)| last);
    let (step, resolution) = choose(from, to, query.points, latest);
    let gaps = watched::gaps(conn, query.source, from, to).map_err(&fail)?;
    let keys = if query.keys.is_empty() {
        let top = totals(conn, query.source, query.range, query.dimension, query.top)?;
        top.into_iter().map(|(key, _)| key).collect()
    } else {
        query.keys.clone()
    };
    let part = Part { resolution, from: resolution.floor(from), to };
    let series = points(conn, query, &part, step, keys)?;
    Ok(SeriesAnswer { step, series, gaps })
}

fn points(
    conn: &Connection,
    query: &SeriesQuery,
    part: &Part,
    step: i64,
    keys: Vec<String>,
) -> Result<Vec<(String, Vec<Point>)>> {
    let mut found: ByKey<Vec<Point>> = HashMap::with_hasher(RandomState::new());
    for key in &keys {
        found.insert(key.as_bytes().into(), Vec::new());
    }
    part.each(conn, query.source, query.dimension, |at, entries| {
        let begin = at - at.rem_euclid(step);
        for (key, entry) in entries {
            let Some(points) = found.get_mut(key) else { continue };
            if points.last().is_none_or(|point: &Point| point.start != begin) {
                points.push(Point { start: begin, ..Point::default() });
            }
            if let Some(point) = points.last_mut() {
                add(&mut point.sums, &entry.sums);
                raise(&mut point.peak, &entry.peak);
            }
        }
    })?;
    let take = |key: String| {
        let points = found.remove(key.as_bytes()).unwrap_or_default();
        (key, points)
    };
    let mut series: Vec<_> = keys.into_iter().map(take).collect();
    let bytes = |points: &[Point]| points.iter().map(|p| u128::from(p.sums.bytes)).sum::<u128>();
    series.sort_by_cached_key(|(key, points)| (std::cmp::Reverse(bytes(points)), key.clone()));
    Ok(series)
}

/// The sums of each key over a range, most bytes first.
pub(crate) fn totals(
    conn: &Connection,
    source: SourceId,
    range: Range,
    dimension: Dimension,
    top: usize,
) -> Result<Vec<(String, Sums)>> {
    let (from, to) = seconds(range);
    let latest = span(conn, source)?.map_or(to, |(_, last)| last);
    let mut all: ByKey<Sums> = HashMap::with_hasher(RandomState::new());
    for part in parts(from, to, latest) {
        part.each(conn, source, dimension, |_, entries| {
            for (key, entry) in entries {
                match all.get_mut(key) {
                    Some(sums) => add(sums, &entry.sums),
                    None => drop(all.insert(key.into(), entry.sums)),
                }
            }
        })?;
    }
    Ok(largest(all, dimension, top))
}

/// The keys with most bytes. What is not told apart comes last: it is no key that can be looked at.
fn largest(all: ByKey<Sums>, dimension: Dimension, top: usize) -> Vec<(String, Sums)> {
    let text = |key: Box<[u8]>| String::from_utf8_lossy(&key).into_owned();
    let mut all: Vec<_> = all.into_iter().map(|(key, sums)| (text(key), sums)).collect();
    let rest = |key: &str| key == OTHER && dimension != Dimension::Protocol;
    all.sort_unstable_by(|(a, x), (b, y)| {
        let order = |key: &str, sums: &Sums| (!rest(key), sums.bytes, sums.packets);
        order(b, y).cmp(&order(a, x)).then_with(|| a.cmp(b))
    });
    all.truncate(top);
    all
}

/// First and last second with traffic.
pub(crate) fn span(conn: &Connection, source: SourceId) -> Result<Option<(i64, i64)>> {
    conn.prepare_cached("SELECT first, last FROM span WHERE source=?1")
        .and_then(|mut statement| {
            statement.query_row([source.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(sql("read the series"))
}

/// The seconds that a range touches.
fn seconds(range: Range) -> (i64, i64) {
    let to =
        range.to.secs().saturating_add(i64::from(range.to.nanos().rem_euclid(1_000_000_000) > 0));
    (clamp(range.from.secs()), clamp(to))
}

/// A contiguous piece of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    resolution: Resolution,
    from: i64,
    to: i64,
}

impl Part {
    fn each(
        &self,
        conn: &Connection,
        source: SourceId,
        dimension: Dimension,
        mut work: impl FnMut(i64, Unpack<'_>),
    ) -> Result<()> {
        let fail = sql("read the series");
        let deadline = Deadline::after(TIME);
        let bounds = (rowid(source, dimension, self.from), rowid(source, dimension, self.to));
        let (Some(from), Some(to)) = bounds else { return Ok(()) };
        let table = self.resolution.table();
        let text = format!("SELECT id, keys FROM {table} WHERE id>=?1 AND id<?2 ORDER BY id");
        let mut statement = conn.prepare_cached(&text).map_err(&fail)?;
        let mut rows = statement.query((from, to)).map_err(&fail)?;
        let mut until_look = 0;
        while let Some(row) = rows.next().map_err(&fail)? {
            if until_look == 0 {
                deadline.check()?;
                until_look = ROWS_PER_LOOK;
            }
            until_look -= 1;
            let keys = row.get_ref(1).map_err(&fail)?.as_blob().unwrap_or_default();
            let at = start(row.get(0).map_err(&fail)?);
            work(at, Unpack::new(keys, self.resolution));
        }
        Ok(())
    }
}

/// A range as whole hours in the middle, minutes around them and seconds at the edges. Where the
/// finer ones are gone, the coarser ones that begin within the range.
fn parts(from: i64, to: i64, latest: i64) -> Vec<Part> {
    let mut parts = Vec::new();
    divide(&Resolution::ALL, from, to, latest, &mut parts);
    parts
}

fn divide(among: &[Resolution], from: i64, to: i64, latest: i64, parts: &mut Vec<Part>) {
    let Some((coarsest, finer)) = among.split_last() else { return };
    if from >= to {
        return;
    }
    let resolution = *coarsest;
    let length = resolution.seconds();
    let (first, end) = (resolution.floor(from + length - 1), resolution.floor(to));
    let gone = |at: i64| finer.last().is_none_or(|f| at < latest.saturating_sub(f.kept()));
    if first < end {
        parts.push(Part { resolution, from: first, to: end });
        // An interval that begins before `from` and can no longer be divided is left out.
        if !gone(from) {
            divide(finer, from, first, latest, parts);
        }
        if gone(end) {
            parts.push(Part { resolution, from: end, to });
        } else {
            divide(finer, end, to, latest, parts);
        }
    } else if gone(from) {
        parts.push(Part { resolution, from: first, to });
    } else {
        divide(finer, from, to, latest, parts);
    }
}
