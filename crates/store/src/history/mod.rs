//! Flow records, a file per hour and source.

use crate::{Filter, Options, Range, Result, SourceId};
use anomalyzer_engine::FlowRecord;
use std::path::Path;

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
pub struct History {}

impl History {
    pub(crate) fn open(_dir: &Path, _options: &Options) -> Result<Self> {
        Ok(Self {})
    }

    /// Adds records; durable at the next [`Self::flush`].
    pub fn append(&self, _source: SourceId, _records: &[FlowRecord]) -> Result<()> {
        unimplemented!()
    }

    /// Makes what was appended durable against a crash of the program; called once a second.
    pub fn flush(&self) -> Result<()> {
        unimplemented!()
    }

    /// A page of flows.
    pub fn query(&self, _query: &FlowQuery) -> Result<FlowPage> {
        unimplemented!()
    }

    /// Flows by group, most bytes first, at most `top`.
    pub fn groups(
        &self,
        _source: SourceId,
        _range: Range,
        _filter: &Filter,
        _by: GroupBy,
        _top: usize,
    ) -> Result<Vec<Group>> {
        unimplemented!()
    }

    /// One flow by its key.
    pub fn flow(&self, _key: &str) -> Result<StoredFlow> {
        unimplemented!()
    }

    /// Hands every flow that passes to `each`, in the order of time, until it answers false. For
    /// exports and back-tests; memory stays bounded.
    pub fn scan(
        &self,
        _source: SourceId,
        _range: Range,
        _filter: &Filter,
        _each: &mut dyn FnMut(StoredFlow) -> bool,
    ) -> Result<()> {
        unimplemented!()
    }

    /// Removes what is too old or too much; `now` is each source's latest time. Bytes freed.
    pub fn retain(&self) -> Result<u64> {
        unimplemented!()
    }

    /// Removes everything of a source.
    pub fn remove(&self, _source: SourceId) -> Result<()> {
        unimplemented!()
    }
}
