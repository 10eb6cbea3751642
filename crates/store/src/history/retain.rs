//! Removing what is too old or too much, file by file.
//!
//! Age is counted back from the latest time of each source, so an old capture stays as long after
//! its own end as a sensor's flows do. A few flows from far in the future (a clock that jumped)
//! do not count as that time: they would take everything else away.

use super::files::Files;
use super::partition::{Level, PartId, open_to_read};
use super::pool::Pool;
use crate::Options;
use crate::damage::lock;
use crate::error::{Result, io};
use std::path::Path;
use std::sync::Arc;

/// What lies behind a gap in time counts when it is this part of what lies before it.
const SHARE: u64 = 16;

/// A file with what decides over it.
#[derive(Debug)]
struct Candidate {
    files: Arc<Files>,
    id: PartId,
    bytes: u64,
    /// Seconds from the end of what it covers to the source's latest time; negative for the file
    /// that holds it.
    age: i64,
    /// The latest file of its source stays whatever its size.
    latest: bool,
}

/// Removes files of all sources; bytes freed.
pub(crate) fn retain(sources: &[Arc<Files>], pool: &Pool, options: &Options) -> Result<u64> {
    let kept_s = i64::from(options.history_days).saturating_mul(86_400);
    let mut candidates: Vec<Candidate> =
        sources.iter().flat_map(|files| candidates(files, kept_s)).collect();
    let mut total: u64 = candidates.iter().map(|c| c.bytes).sum();
    candidates.sort_by_key(|c| (std::cmp::Reverse(c.age), c.files.source, c.id));
    let mut freed = 0;
    for candidate in candidates.iter().filter(|c| !c.latest) {
        let old = candidate.age >= kept_s;
        if !old && total <= options.history_bytes {
            continue;
        }
        remove(candidate, pool)?;
        total = total.saturating_sub(candidate.bytes);
        freed += candidate.bytes;
    }
    for files in sources {
        lock(&files.writer).close_idle();
    }
    Ok(freed)
}

fn candidates(files: &Arc<Files>, kept_s: i64) -> Vec<Candidate> {
    let parts = files.all();
    let Some(now_part) = latest(&parts, kept_s) else { return Vec::new() };
    let now = now(files, now_part);
    let last = parts.last().map(|(id, _)| *id);
    let candidate = |(id, bytes): (PartId, u64)| Candidate {
        files: Arc::clone(files),
        id,
        bytes,
        age: now.saturating_sub(id.end()),
        latest: id == now_part || Some(id) == last,
    };
    parts.into_iter().map(candidate).collect()
}

/// The file that holds the source's latest time, leaving out a few flows far in the future.
fn latest(parts: &[(PartId, u64)], kept_s: i64) -> Option<PartId> {
    let bytes = |parts: &[(PartId, u64)]| parts.iter().map(|(_, bytes)| bytes).sum::<u64>();
    let mut end = parts.len();
    for at in (1..parts.len()).rev() {
        let (before, behind) = parts.split_at_checked(at)?;
        let (earlier, later) = (before.last()?.0, behind.first()?.0);
        let gap = later.start.saturating_sub(earlier.end());
        let few = bytes(parts.get(at..end)?) < bytes(before) / SHARE;
        if gap > kept_s && few {
            end = at;
        }
    }
    // An hour lies within a day that began before it: the one that ends last counts.
    let counted = parts.get(..end)?;
    counted.iter().map(|(id, _)| *id).max_by_key(|id| (id.end(), id.level == Level::Hour, id.start))
}

/// The source's latest time in seconds: from the last block of the file, or its end.
fn now(files: &Files, id: PartId) -> i64 {
    let last = || {
        let (conn, _) = open_to_read(&files.path(id)).ok()??;
        let rowid: Option<i64> =
            conn.query_row("SELECT max(id) FROM block", [], |row| row.get(0)).ok()?;
        Some(id.latest(rowid?).div_euclid(1_000_000_000))
    };
    last().unwrap_or(i64::MAX).min(id.end())
}

fn remove(candidate: &Candidate, pool: &Pool) -> Result<()> {
    let Candidate { files, id, .. } = candidate;
    let mut writer = lock(&files.writer);
    writer.abandon(*id);
    files.forget(*id);
    pool.clear();
    let path = files.path(*id);
    tracing::info!(file = %path.display(), "an old history file was removed");
    delete(&path)
}

/// Removes a file and its companions.
fn delete(path: &Path) -> Result<()> {
    for ending in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(path)(e)),
            _ => {}
        }
    }
    Ok(())
}
