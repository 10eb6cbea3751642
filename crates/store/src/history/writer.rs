//! Writing: rows wait in memory until they are flushed, then go into their partitions in blocks.

use super::block::Builder;
use super::files::Files;
use super::partition::{self, PartId};
use super::row::{APP_AT, encode};
use crate::Options;
use crate::damage::Notes;
use crate::damage::lock;
use crate::damage::{is_damage, is_full};
use crate::error::{Result, StoreError};
use crate::room::Room;
use anomalyzer_engine::FlowRecord;
use anomalyzer_wire::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// Rows that wait at most before they are written without being asked.
const ROWS_MAX: usize = 10_000;
/// Bytes that wait at most before they are written without being asked.
const BYTES_MAX: usize = 4 << 20;
/// Rows that are kept while the disk is full; then they are dropped and counted.
const ROWS_HELD: usize = 100_000;
/// Bytes that are kept while the disk is full.
const BYTES_HELD: usize = 32 << 20;
/// Files of a source that are open for writing. Late flows make it more than one.
const OPEN_MAX: usize = 4;

/// What is written to one source.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    rows: Vec<Waiting>,
    bytes: Vec<u8>,
    open: Vec<Open>,
    /// Counts uses, so that the file used least recently is closed first.
    uses: u64,
    /// Uses when idle files were last closed.
    seen: u64,
}

/// A row that waits, in `Writer::bytes`.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    last: i64,
    start: usize,
    length: usize,
}

/// A partition open for writing.
#[derive(Debug)]
struct Open {
    id: PartId,
    conn: Connection,
    /// The rowid that was given out last.
    rowid: i64,
    /// Codes of applications, when the file orders them in another way.
    recode: Option<Vec<u8>>,
    used: u64,
}

/// What a writer needs to know of the house.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) files: &'a Files,
    pub(crate) options: &'a Options,
    pub(crate) notes: &'a Notes,
    pub(crate) room: &'a Room,
}

impl Writer {
    /// Takes records; writes when many wait.
    pub(crate) fn append(&mut self, records: &[FlowRecord], context: Context<'_>) -> Result<()> {
        let mut result = Ok(());
        for record in records {
            let start = self.bytes.len();
            encode(record, &mut self.bytes);
            let length = self.bytes.len() - start;
            self.rows.push(Waiting { last: record.last.nanos(), start, length });
            // After a failure it is tried again only when twice as many wait, not at each record.
            if self.rows.len().is_multiple_of(ROWS_MAX)
                || self.bytes.len() >= BYTES_MAX && result.is_ok()
            {
                result = self.flush(context);
            }
            self.drop_if_too_many(context.notes);
        }
        result
    }

    /// Writes all that waits. What cannot be written for lack of room waits on, up to a limit.
    pub(crate) fn flush(&mut self, context: Context<'_>) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let result = context.room.for_bulk().and_then(|()| self.write(context));
        match &result {
            Ok(()) => context.notes.set_full(None),
            Err(StoreError::Full(why)) => {
                context.notes.set_full(Some(why.clone()));
                self.drop_if_too_many(context.notes);
            }
            Err(_) => self.drop_all(context.notes),
        }
        result
    }

    /// Closes every file; what waits is dropped uncounted.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
        self.bytes.clear();
        self.open.clear();
    }

    /// Closes one file, when it is open.
    pub(crate) fn close(&mut self, id: PartId) {
        while let Some(place) = self.open.iter().position(|o| o.id == id) {
            partition::close(self.open.swap_remove(place).conn);
        }
    }

    /// Closes a file that is to be removed, without a last write to it.
    pub(crate) fn abandon(&mut self, id: PartId) {
        self.open.retain(|open| open.id != id);
    }

    /// Closes files that were not written to since the last call.
    pub(crate) fn close_idle(&mut self) {
        let seen = std::mem::replace(&mut self.seen, self.uses);
        let (idle, open) = self.open.drain(..).partition(|open| open.used <= seen);
        self.open = open;
        let idle: Vec<Open> = idle;
        for open in idle {
            partition::close(open.conn);
        }
    }

    /// Closes every file.
    pub(crate) fn close_all(&mut self) {
        for open in self.open.drain(..) {
            partition::close(open.conn);
        }
    }

    fn drop_if_too_many(&mut self, notes: &Notes) {
        if self.rows.len() > ROWS_HELD || self.bytes.len() > BYTES_HELD {
            self.drop_all(notes);
        }
    }

    fn drop_all(&mut self, notes: &Notes) {
        notes.dropped(self.rows.len() as u64);
        self.rows.clear();
        self.bytes.clear();
    }

    /// Writes partition by partition. What was written is taken off at once, so that a failure
    /// later on repeats nothing.
    fn write(&mut self, context: Context<'_>) -> Result<()> {
        let mut parts = self.by_partition(context).into_iter();
        while let Some((id, rows)) = parts.next() {
            let mut written = self.write_to(id, &rows, context);
            if let Err(error) = &written
                && (is_damage(error) || matches!(error, StoreError::Newer { .. }))
            {
                self.open.retain(|o| o.id != id);
                context.files.set_aside(id, error, context.notes);
                // The file is made anew.
                written = self.write_to(id, &rows, context);
            }
            if let Err(error) = written {
                self.open.retain(|o| o.id != id);
                self.rows = rows.into_iter().chain(parts.flat_map(|(_, rows)| rows)).collect();
                return Err(error);
            }
        }
        self.rows.clear();
        self.bytes.clear();
        Ok(())
    }

    /// What waits, by the file it belongs to, in the order of time.
    fn by_partition(&self, context: Context<'_>) -> BTreeMap<PartId, Vec<Waiting>> {
        let mut rows = self.rows.clone();
        rows.sort_by_key(|w| w.last);
        let mut parts: BTreeMap<PartId, Vec<Waiting>> = BTreeMap::new();
        let mut place: Option<PartId> = None;
        for row in rows {
            let last = Timestamp::from_nanos(row.last);
            let same = place.filter(|id| (id.start..id.end()).contains(&last.secs()));
            let id =
                same.unwrap_or_else(|| context.files.place(last, context.options.history_days));
            place = Some(id);
            parts.entry(id).or_default().push(row);
        }
        parts
    }

    fn write_to(&mut self, id: PartId, rows: &[Waiting], context: Context<'_>) -> Result<()> {
        let place = self.opened(id, context.files)?;
        let (bytes, Some(open)) = (&self.bytes, self.open.get_mut(place)) else { return Ok(()) };
        let path = context.files.path(id);
        let written = open.write(rows, bytes).map_err(|e| sql_or_full(e, &path))?;
        context.files.set_bytes(id, written);
        Ok(())
    }

    /// The place of an open file.
    fn opened(&mut self, id: PartId, files: &Files) -> Result<usize> {
        self.uses += 1;
        if let Some(place) = self.open.iter().position(|o| o.id == id) {
            if let Some(open) = self.open.get_mut(place) {
                open.used = self.uses;
            }
            return Ok(place);
        }
        if self.open.len() >= OPEN_MAX {
            let oldest = self.open.iter().enumerate().min_by_key(|(_, o)| o.used).map(|(n, _)| n);
            if let Some(oldest) = oldest {
                partition::close(self.open.swap_remove(oldest).conn);
            }
        }
        crate::make_dir(files.dir())?;
        let conn = partition::open_to_write(&files.path(id))?;
        let sql = |source| StoreError::Sql { what: "read a history file", source };
        let rowid = conn.query_row("SELECT max(id) FROM block", [], |row| row.get(0));
        let rowid: Option<i64> = rowid.map_err(sql)?;
        let recode = partition::apps(&conn)?.recode();
        files.set_bytes(id, size(&conn).map_err(sql)?);
        let rowid = rowid.unwrap_or(0);
        self.open.push(Open { id, conn, rowid, recode, used: self.uses });
        Ok(self.open.len() - 1)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close_all();
    }
}

impl Open {
    /// Writes rows in one transaction; how large the file is then.
    fn write(&mut self, rows: &[Waiting], bytes: &[u8]) -> rusqlite::Result<u64> {
        let Self { id, conn, rowid, recode, .. } = self;
        let transaction = conn.transaction()?;
        let mut next = *rowid;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO block VALUES(?1, ?2)")?;
            let mut put = |block: &mut Builder| {
                let latest = Timestamp::from_nanos(block.latest());
                next = next.saturating_add(1).max(id.rowid(latest));
                let done = insert.execute((next, block.finish())).map(drop);
                block.clear();
                done
            };
            let mut block = Builder::default();
            for waiting in rows {
                let row = bytes.get(waiting.start..waiting.start + waiting.length);
                let row = row.unwrap_or_default();
                if block.is_full(row.len()) {
                    put(&mut block)?;
                }
                if block.add(row, waiting.last) {
                    recode_app(&mut block, row.len(), recode.as_deref());
                }
            }
            if block.rows() > 0 {
                put(&mut block)?;
            }
        }
        transaction.commit()?;
        *rowid = next;
        size(conn)
    }
}

/// Replaces the code of the application by that of the file.
fn recode_app(block: &mut Builder, length: usize, recode: Option<&[u8]>) {
    let Some(codes) = recode else { return };
    if let Some(app) = block.last_row_mut(length).and_then(|row| row.get_mut(APP_AT)) {
        *app = codes.get(usize::from(*app)).copied().unwrap_or(0);
    }
}

fn size(conn: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(pragma("page_count")?.saturating_mul(pragma("page_size")?).max(0).cast_unsigned())
}

fn sql_or_full(source: rusqlite::Error, path: &Path) -> StoreError {
    if is_full(&source) {
        return StoreError::Full(format!("{}: {source}", path.display()));
    }
    StoreError::Sql { what: "write a history file", source }
}

/// Writes all that waits for a source.
pub(crate) fn flush(context: Context<'_>) -> Result<()> {
    lock(&context.files.writer).flush(context)
}
