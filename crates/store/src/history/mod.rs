//! Flow records, in files per day and hour of each source.
//!
//! A file (`history/1/flows/2026-11-21T13.db`, see [`partition`]) holds blocks of rows, see
//! [`block`] and [`row`]. A flow belongs to the file of the time at which it ended, also when it
//! comes late. The rowid of a block is the greater of the one before plus one and the end of its
//! latest flow, in microseconds since the file's start times 1,024: blocks are only ever appended,
//! and no flow in a block ended later than its rowid says. So a look at the latest flows walks
//! backwards and stops early, although flows come in the order in which they were given up, not
//! in that of their ends.
//!
//! What is appended is visible to readers after the next flush.

mod block;

mod files;
mod groups;
mod key;

mod page;
mod partition;
mod peers;
mod pool;
mod retain;
pub(crate) mod row;
mod scan;
mod verify;
mod writer;

pub(crate) use verify::flows;

pub(crate) use groups::has_ports;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_life;

use crate::damage::Notes;
use crate::damage::lock;
use crate::deadline::Deadline;
use crate::room::Room;
use crate::{Filter, Options, Range, Result, SourceId, StoreError};
use anomalyzer_engine::FlowRecord;
use files::{Files, entries};
use key::Place;
use page::Plan;
use pool::Pool;
use row::{Depth, RowRef};
use scan::Scan;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use writer::Context;

/// How long a query may take.
const QUERY_TIME: Duration = Duration::from_secs(10);
/// Rows of a page, and groups of an answer.
const ROWS_MAX: usize = 10_000;
/// Rows that an export reads at once.
const EXPORT_ROWS: usize = 65_536;
/// How long one such read may take.
const EXPORT_TIME: Duration = Duration::from_mins(10);

/// A flow record with its place in the history.
#[derive(Clone, Debug)]
pub struct StoredFlow {
    /// Names the record for good: `SOURCE-PARTITION-ROW` in a form that is safe in a URL.
    pub key: String,
    /// The record. Feature statistics are not stored: they are the default.
    pub record: FlowRecord,
}

/// By what an answer is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowSort {
    /// When the flow ended.
    #[default]
    Last,
    /// When it began.
    First,
    /// Bytes both ways.
    Bytes,
    /// Packets both ways.
    Packets,
    /// Duration.
    Duration,
    /// Originator's address.
    Src,
    /// Responder's address.
    Dst,
    /// Responder's port.
    DstPort,
}

/// What is asked of the flows.
#[derive(Clone, Debug)]
pub struct FlowQuery {
    /// Of which source.
    pub source: SourceId,
    /// Flows that ended within.
    pub range: Range,
    /// Which of them.
    pub filter: Filter,
    /// Order.
    pub sort: FlowSort,
    /// Largest first.
    pub descending: bool,
    /// Most rows, 1 to 10,000.
    pub limit: usize,
    /// Where the page before ended ([`FlowPage::next`]).
    pub cursor: Option<String>,
}

/// A page of flows.
#[derive(Clone, Debug, Default)]
pub struct FlowPage {
    /// The rows.
    pub rows: Vec<StoredFlow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// Rows that were looked at.
    pub scanned: u64,
    /// All rows that pass the filter, when the whole range was looked at.
    pub total: Option<u64>,
}

/// By what flows are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Originator's address.
    Src,
    /// Responder's address.
    Dst,
    /// Originator and responder.
    Pair,
    /// Responder's port and protocol.
    DstPort,
    /// Application protocol.
    App,
    /// IP protocol.
    Proto,
    /// Connection state.
    ConnState,
    /// Server name: SNI, HTTP host, DNS question or resolved name.
    Name,
}

/// A group of flows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What they have in common, as text; of a pair `SRC > DST`.
    pub key: String,
    /// Flows.
    pub flows: u64,
    /// Packets both ways.
    pub packets: u64,
    /// Bytes both ways.
    pub bytes: u64,
    /// Bytes by originators.
    pub bytes_orig: u64,
    /// Distinct responders (of a responder: originators).
    pub peers: u64,
}

/// The history. Reads run on all cores, each bounded in rows and time.
#[derive(Debug)]
pub struct History {
    dir: PathBuf,
    options: RwLock<Options>,
    sources: Mutex<BTreeMap<SourceId, Arc<Files>>>,
    pool: Pool,
    notes: Notes,
    room: Arc<Room>,
}

impl History {
    pub(crate) fn open(dir: &Path, options: &Options, room: Arc<Room>) -> Result<Self> {
        Self::of(dir, options, room, false)
    }

    /// Opens for queries only, beside another process that writes.
    pub(crate) fn open_read_only(dir: &Path, options: &Options, room: Arc<Room>) -> Result<Self> {
        Self::of(dir, options, room, true)
    }

    fn of(dir: &Path, options: &Options, room: Arc<Room>, read_only: bool) -> Result<Self> {
        let history = Self {
            dir: dir.join("history"),
            options: RwLock::new(options.clone()),
            sources: Mutex::default(),
            pool: Pool::default(),
            notes: Notes::new(read_only),
            room,
        };
        for entry in entries(&history.dir)? {
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(number) = number {
                let source = SourceId(number);
                let files = Arc::new(Files::open(source, history.flows_dir(source))?);
                if !read_only {
                    files.finish_logs(&history.notes)?;
                }
                lock(&history.sources).insert(source, files);
            }
        }
        Ok(history)
    }

    /// Takes other limits of age, size and free space.
    pub fn configure(&self, options: &Options) {
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = options.clone();
    }

    /// Adds records; durable, and visible to readers, at the next [`Self::flush`].
    ///
    /// [`StoreError::Full`] when the disk is full. Records then wait up to a limit and are dropped
    /// and counted beyond it; writing goes on by itself when there is room again.
    pub fn append(&self, source: SourceId, records: &[FlowRecord]) -> Result<()> {
        self.notes.check_writable()?;
        let files = self.files_or_new(source)?;
        let options = self.options();
        let context =
            Context { files: &files, options: &options, notes: &self.notes, room: &self.room };
        lock(&files.writer).append(records, context)
    }

    /// Makes what was appended durable against a crash of the program; called once a second.
    pub fn flush(&self) -> Result<()> {
        let all: Vec<_> = lock(&self.sources).values().cloned().collect();
        let options = self.options();
        let mut result = Ok(());
        for files in all {
            let context =
                Context { files: &files, options: &options, notes: &self.notes, room: &self.room };
            result = writer::flush(context).and(result);
        }
        result
    }

    /// A page of flows.
    pub fn query(&self, query: &FlowQuery) -> Result<FlowPage> {
        if !(1..=ROWS_MAX).contains(&query.limit) {
            return Err(StoreError::Invalid(format!("a page has 1 to {ROWS_MAX} flows")));
        }
        let (sort, descending) = (query.sort, query.descending);
        let after = query.cursor.as_deref().map(|text| Place::parse(text, sort, descending));
        let after = after.transpose()?;
        let plan = Plan { filter: &query.filter, sort, descending, limit: query.limit, after };
        let Some(files) = self.files(query.source) else { return Ok(FlowPage::default()) };
        let scan = self.scanner(&files, query.range, descending, QUERY_TIME);
        Ok(page::page(page::read(&scan, &plan)?, query.source, &plan))
    }

    /// Flows by group, most bytes first, at most `top`.
    pub fn groups(
        &self,
        source: SourceId,
        range: Range,
        filter: &Filter,
        by: GroupBy,
        top: usize,
    ) -> Result<Vec<Group>> {
        if !(1..=ROWS_MAX).contains(&top) {
            return Err(StoreError::Invalid(format!("ask for 1 to {ROWS_MAX} groups")));
        }
        let Some(files) = self.files(source) else { return Ok(Vec::new()) };
        let scan = self.scanner(&files, range, false, QUERY_TIME);
        groups::read(&scan, filter, by, top)
    }

    /// One flow by its key.
    pub fn flow(&self, key: &str) -> Result<StoredFlow> {
        let missing = || StoreError::Missing("flow");
        let (source, at) = key::parse_key(key).ok_or_else(missing)?;
        let files = self.files(source).filter(|files| files.has(at.id)).ok_or_else(missing)?;
        let Some(reader) = self.pool.take(&files, at.id)? else { return Err(missing()) };
        let block: Vec<u8> = reader
            .conn
            .query_row("SELECT rows FROM block WHERE id=?1", [at.block], |row| row.get(0))
            .map_err(|source| match source {
                rusqlite::Error::QueryReturnedNoRows => missing(),
                source => StoreError::Sql { what: "read a flow", source },
            })?;
        let mut row = RowRef::default();
        block::Block::read(&block)
            .and_then(|rows| rows.into_iter().nth(usize::from(at.index)))
            .and_then(|bytes| row.read(bytes, &reader.apps, Depth::Whole))
            .ok_or_else(missing)?;
        let record = row.to_record();
        self.pool.give_back(reader);
        Ok(StoredFlow { key: key.to_owned(), record })
    }

    /// Hands every flow that passes to `each`, in the order of time, until it answers false. For
    /// exports and back-tests; memory stays bounded.
    pub fn scan(
        &self,
        source: SourceId,
        range: Range,
        filter: &Filter,
        each: &mut dyn FnMut(StoredFlow) -> bool,
    ) -> Result<()> {
        let Some(files) = self.files(source) else { return Ok(()) };
        let mut plan = Plan {
            filter,
            sort: FlowSort::Last,
            descending: false,
            limit: EXPORT_ROWS,
            after: None,
        };
        loop {
            let scan = self.scanner(&files, range, false, EXPORT_TIME);
            let rows = page::read(&scan, &plan)?;
            let (more, next) = (rows.more, rows.found.last().map(|(place, _)| *place));
            for flow in page::page(rows, source, &plan).rows {
                if !each(flow) {
                    return Ok(());
                }
            }
            if !more {
                return Ok(());
            }
            plan.after = next;
        }
    }

    /// Removes what is too old or too much; `now` is each source's latest time. Bytes freed.
    ///
    /// The latest file of each source stays, whatever its size. Files that were not written to
    /// since the last call are closed.
    pub fn retain(&self) -> Result<u64> {
        self.notes.check_writable()?;
        let all: Vec<_> = lock(&self.sources).values().cloned().collect();
        retain::retain(&all, &self.pool, &self.options())
    }

    /// Removes everything of a source.
    pub fn remove(&self, source: SourceId) -> Result<()> {
        self.notes.check_writable()?;
        let Some(files) = lock(&self.sources).remove(&source) else { return Ok(()) };
        let mut writer = lock(&files.writer);
        writer.forget();
        self.pool.clear();
        match std::fs::remove_dir_all(files.dir()) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Io { path: files.dir().to_owned(), source })
            }
            _ => Ok(()),
        }
    }

    /// Damaged files that were set aside since the start, and other damage, in words.
    pub fn set_aside(&self) -> Vec<String> {
        self.notes.lines()
    }

    /// Why nothing can be written now, in words; `None` when all is well.
    pub fn storage_full(&self) -> Option<String> {
        self.notes.full()
    }

    /// Flow records that could not be written since the start.
    pub fn dropped(&self) -> u64 {
        self.notes.rows_dropped()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let all: Vec<_> = lock(&self.sources).values().cloned().collect();
        all.iter().flat_map(|files| files.all()).map(|(_, bytes)| bytes).sum()
    }

    fn options(&self) -> Options {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn flows_dir(&self, source: SourceId) -> PathBuf {
        self.dir.join(source.0.to_string()).join("flows")
    }

    fn files(&self, source: SourceId) -> Option<Arc<Files>> {
        lock(&self.sources).get(&source).cloned()
    }

    fn files_or_new(&self, source: SourceId) -> Result<Arc<Files>> {
        let mut sources = lock(&self.sources);
        if let Some(files) = sources.get(&source) {
            return Ok(files.clone());
        }
        let files = Arc::new(Files::open(source, self.flows_dir(source))?);
        sources.insert(source, files.clone());
        Ok(files)
    }

    fn scanner<'a>(
        &'a self,
        files: &'a Files,
        range: Range,
        descending: bool,
        time: Duration,
    ) -> Scan<'a> {
        let deadline = Deadline::after(time);
        Scan { files, pool: &self.pool, notes: &self.notes, range, descending, deadline }
    }
}

/// For fuzzing: any bytes as a block are read as far as they go.
#[doc(hidden)]
pub fn fuzz(data: &[u8]) {
    let apps = row::Apps::parse(&row::Apps::names());
    let Some(block) = block::Block::read(data) else { return };
    let mut read = RowRef::default();
    for bytes in block {
        if read.read(bytes, &apps, Depth::Whole).is_some() {
            let _ = read.to_record();
        }
    }
}
