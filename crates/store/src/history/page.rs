//! Pages: the best rows by some order, kept in a heap of the page's size.

use super::key::{Place, Position, Rank, key};
use super::partition::PartId;
use super::row::{Depth, RowRef};
use super::scan::{Scan, Seen, Visitor, threads};
use super::{FlowPage, FlowSort, StoredFlow};
use crate::Filter;
use crate::error::Result;
use anomalyzer_engine::FlowRecord;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// What a page is made of.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) filter: &'a Filter,
    pub(crate) sort: FlowSort,
    pub(crate) descending: bool,
    pub(crate) limit: usize,
    pub(crate) after: Option<Place>,
}

/// The rows of a page, in order.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) found: Vec<(Place, FlowRecord)>,
    /// There are more behind them.
    pub(crate) more: bool,
    pub(crate) scanned: u64,
    pub(crate) total: Option<u64>,
}

/// Reads a page.
pub(crate) fn read(scan: &Scan<'_>, plan: &Plan<'_>) -> Result<Rows> {
    let shared = Bound::new(plan.descending);
    // The latest rows without a filter are a few blocks at the end: threads would only be in
    // each other's way.
    let latest = plan.sort == FlowSort::Last && plan.descending && plan.filter.is_empty();
    let count = if latest { 1 } else { threads() };
    let visitors = (0..count).map(|_| Best::new(scan, plan, &shared)).collect();
    let mut all = scan.run(visitors)?.into_iter();
    let Some(mut best) = all.next() else { return Ok(Rows::default()) };
    for other in all {
        best.scanned += other.scanned;
        best.passed += other.passed;
        best.heap.extend(other.heap);
    }
    let mut rows: Vec<_> = best.heap.into_sorted_vec();
    let more = rows.len() > plan.limit;
    rows.truncate(plan.limit);
    Ok(Rows {
        found: rows.into_iter().map(|ranked| (ranked.place, ranked.record)).collect(),
        more,
        scanned: best.scanned,
        total: (!shared.partial.load(Ordering::Relaxed)).then_some(best.passed),
    })
}

/// Turns rows into the answer.
pub(crate) fn page(rows: Rows, source: crate::SourceId, plan: &Plan<'_>) -> FlowPage {
    let last = rows.found.last().map(|(place, _)| place.cursor(plan.sort, plan.descending));
    let stored =
        |(place, record): (Place, FlowRecord)| StoredFlow { key: key(source, place.at), record };
    FlowPage {
        next: if rows.more { last } else { None },
        rows: rows.found.into_iter().map(stored).collect(),
        scanned: rows.scanned,
        total: rows.total,
    }
}

/// What all threads know of the page: of an order by time, the end of the worst row that is in.
#[derive(Debug)]
struct Bound {
    last: AtomicI64,
    descending: bool,
    /// Something was passed by that might have counted.
    partial: AtomicBool,
}

impl Bound {
    fn new(descending: bool) -> Self {
        let last = AtomicI64::new(if descending { i64::MIN } else { i64::MAX });
        Self { last, descending, partial: AtomicBool::new(false) }
    }

    /// True when no flow that ended within these times can get in.
    fn excludes(&self, earliest: i64, latest: i64) -> bool {
        let bound = self.last.load(Ordering::Relaxed);
        let excluded = if self.descending { latest < bound } else { earliest > bound };
        if excluded {
            self.partial.store(true, Ordering::Relaxed);
        }
        excluded
    }

    fn tighten(&self, last: i64) {
        if self.descending {
            self.last.fetch_max(last, Ordering::Relaxed);
        } else {
            self.last.fetch_min(last, Ordering::Relaxed);
        }
    }
}

/// A row that may be in the page. Compares by rank: the greatest is the worst.
#[derive(Debug)]
struct Ranked {
    rank: Rank,
    place: Place,
    record: FlowRecord,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

/// One thread's best rows.
struct Best<'a> {
    plan: &'a Plan<'a>,
    shared: &'a Bound,
    /// When the row ended behind which the page begins, for an order by time.
    after_last: Option<i64>,
    after: Option<Rank>,
    depth: Depth,
    from: i64,
    to: i64,
    heap: BinaryHeap<Ranked>,
    scanned: u64,
    passed: u64,
}

impl<'a> Best<'a> {
    fn new(scan: &Scan<'_>, plan: &'a Plan<'a>, shared: &'a Bound) -> Self {
        let by_time = plan.sort == FlowSort::Last;
        Self {
            plan,
            shared,
            after_last: plan.after.filter(|_| by_time).map(|place| unbiased(place.value)),
            after: plan.after.map(|place| place.turned(plan.descending)),
            depth: plan.filter.depth().max(depth(plan.sort)),
            from: scan.range.from.nanos(),
            to: scan.range.to.nanos(),
            heap: BinaryHeap::new(),
            scanned: 0,
            passed: 0,
        }
    }

    /// True when the block lies wholly before the page.
    fn before_page(&self, seen: &Seen<'_>) -> bool {
        let Some(after) = self.after_last else { return false };
        let before = if self.plan.descending {
            seen.block.earliest > after
        } else {
            seen.block.latest < after
        };
        if before {
            self.shared.partial.store(true, Ordering::Relaxed);
        }
        before
    }

    fn row(&mut self, seen: &Seen<'_>, index: u16, bytes: &[u8], row: &RowRef<'_>) {
        self.passed += 1;
        let at = Position { id: seen.id, block: seen.rowid, index };
        let place = Place { value: value(self.plan.sort, row), at };
        let rank = place.turned(self.plan.descending);
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        // One more than asked: it tells that there is another page.
        if self.heap.len() > self.plan.limit
            && self.heap.peek().is_some_and(|worst| worst.rank <= rank)
        {
            return;
        }
        let mut whole = RowRef::default();
        if whole.read(bytes, seen.apps, Depth::Whole).is_none() {
            return;
        }
        self.heap.push(Ranked { rank, place, record: whole.to_record() });
        if self.heap.len() > self.plan.limit + 1 {
            self.heap.pop();
        }
        if self.heap.len() > self.plan.limit
            && self.plan.sort == FlowSort::Last
            && let Some(worst) = self.heap.peek()
        {
            self.shared.tighten(worst.record.last.nanos());
        }
    }
}

impl Visitor for Best<'_> {
    fn wants(&self, id: PartId) -> bool {
        let (earliest, latest) = id.times();
        self.plan.sort != FlowSort::Last || !self.shared.excludes(earliest, latest)
    }

    fn visit(&mut self, seen: Seen<'_>) -> ControlFlow<()> {
        if self.plan.sort == FlowSort::Last {
            // Rowids never run behind the times of their rows.
            if self.plan.descending && self.shared.excludes(i64::MIN, seen.id.latest(seen.rowid)) {
                return ControlFlow::Break(());
            }
            if self.before_page(&seen)
                || self.shared.excludes(seen.block.earliest, seen.block.latest)
            {
                return ControlFlow::Continue(());
            }
        }
        let mut row = RowRef::default();
        let mut read = 0;
        for (index, bytes) in (0..).zip(seen.block) {
            self.scanned += 1;
            if row.read(bytes, seen.apps, self.depth).is_none() {
                continue;
            }
            read += 1;
            if row.last >= self.from && row.last < self.to && self.plan.filter.matches(&row) {
                self.row(&seen, index, bytes, &row);
            }
        }
        seen.broken.set(read != seen.block.rows);
        ControlFlow::Continue(())
    }
}

/// How deep a row is read to sort by this.
fn depth(sort: FlowSort) -> Depth {
    match sort {
        FlowSort::Last | FlowSort::Src | FlowSort::Dst | FlowSort::DstPort => Depth::Head,
        FlowSort::First | FlowSort::Bytes | FlowSort::Packets | FlowSort::Duration => Depth::Sums,
    }
}

/// What is sorted by, as a number.
fn value(sort: FlowSort, row: &RowRef<'_>) -> u128 {
    match sort {
        FlowSort::Last => biased(row.last),
        FlowSort::First => biased(row.first),
        FlowSort::Bytes => row.bytes().into(),
        FlowSort::Packets => row.packets().into(),
        FlowSort::Duration => row.duration_ns().into(),
        FlowSort::Src => row.tuple.src.to_bits(),
        FlowSort::Dst => row.tuple.dst.to_bits(),
        FlowSort::DstPort => row.tuple.dst_port.into(),
    }
}

/// A time as a number that sorts as it does.
pub(crate) fn biased(nanos: i64) -> u128 {
    (nanos.cast_unsigned() ^ 1 << 63).into()
}

/// The inverse of [`biased`].
fn unbiased(value: u128) -> i64 {
    let low = u64::try_from(value).unwrap_or(u64::MAX);
    (low ^ 1 << 63).cast_signed()
}
