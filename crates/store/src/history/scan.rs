//! Reading: partitions cut into pieces, pieces shared out among threads, blocks passed by when
//! their times do not matter.

use super::block::Block;
use super::files::Files;
use super::partition::PartId;
use super::pool::{Pool, Reader};
use super::row::Apps;
use crate::Range;
use crate::damage::Notes;
use crate::damage::is_damage;
use crate::damage::lock;
use crate::deadline::Deadline;
use crate::error::{Result, StoreError};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bytes of a file that are one piece of work.
const PIECE_BYTES: u64 = 8 << 20;
/// Blocks between two looks at the clock.
const BLOCKS_PER_LOOK: u32 = 64;

/// A piece of a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) id: PartId,
    /// First and last rowid.
    rows: (i64, i64),
}

/// What a visitor sees of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) id: PartId,
    pub(crate) rowid: i64,
    pub(crate) block: Block<'a>,
    pub(crate) apps: &'a Apps,
    /// To be set when a part of the block cannot be read.
    pub(crate) broken: &'a Cell<bool>,
}

/// Where and when to read.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) files: &'a Files,
    pub(crate) pool: &'a Pool,
    pub(crate) notes: &'a Notes,
    pub(crate) range: Range,
    pub(crate) descending: bool,
    pub(crate) deadline: Deadline,
}

/// One thread's share of the work.
pub(crate) trait Visitor: Send {
    /// False when nothing of a partition can matter any more.
    fn wants(&self, _id: PartId) -> bool {
        true
    }

    /// Looks at a block; to break is to leave the piece.
    fn visit(&mut self, seen: Seen<'_>) -> ControlFlow<()>;
}

impl Scan<'_> {
    /// Pieces of all partitions of the range, in the order in which they are to be read.
    fn pieces(&self) -> Vec<Piece> {
        let sizes = self.files.all();
        let wanted = sizes.iter().filter(|(id, _)| id.overlaps(self.range.from, self.range.to));
        let mut pieces: Vec<Piece> =
            wanted.flat_map(|(id, bytes)| cut(*id, *bytes, id.rowid(self.range.from))).collect();
        if self.descending {
            // Latest first; files of different length overlap, so by what they may hold.
            pieces.sort_by_key(|p| std::cmp::Reverse(p.id.latest(p.rows.1).min(p.id.end())));
        }
        pieces
    }

    /// Reads on as many threads as `visitors` there are; each piece goes to one of them.
    pub(crate) fn run<V: Visitor>(&self, visitors: Vec<V>) -> Result<Vec<V>> {
        let pieces = self.pieces();
        let shared = Shared::default();
        let mut visitors = visitors;
        if pieces.len() <= 1 {
            visitors.truncate(1);
        }
        let outcome = match visitors.as_mut_slice() {
            [only] => vec![self.work(&pieces, &shared, only)],
            many => std::thread::scope(|scope| {
                let share = |v| scope.spawn(|| self.work(&pieces, &shared, v));
                let threads: Vec<_> = many.iter_mut().map(share).collect();
                threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(broken()))).collect()
            }),
        };
        self.put_aside(shared.damaged.into_inner().unwrap_or_default());
        outcome.into_iter().collect::<Result<()>>()?;
        Ok(visitors)
    }

    /// Takes piece after piece until none is left.
    fn work<V: Visitor>(&self, pieces: &[Piece], shared: &Shared, visitor: &mut V) -> Result<()> {
        while !shared.stop.load(Ordering::Relaxed) {
            let next = shared.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(next) else { break };
            if !visitor.wants(piece.id) {
                continue;
            }
            match self.piece(piece, visitor) {
                Ok(()) => {}
                Err(error) if is_damage(&error) => lock(&shared.damaged).push((piece.id, error)),
                // It was removed or set aside in between, or only a later version can read it.
                Err(_) if !self.files.has(piece.id) => {}
                Err(error @ StoreError::Newer { .. }) => self.notes.say(error.to_string()),
                Err(error) => {
                    shared.stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn piece<V: Visitor>(&self, piece: &Piece, visitor: &mut V) -> Result<()> {
        let Some(reader) = self.pool.take(self.files, piece.id)? else { return Ok(()) };
        self.blocks(piece, &reader, visitor)?;
        self.pool.give_back(reader);
        Ok(())
    }

    fn blocks<V: Visitor>(&self, piece: &Piece, reader: &Reader, visitor: &mut V) -> Result<()> {
        let sql = |source| StoreError::Sql { what: "read a history file", source };
        let text = if self.descending {
            "SELECT id, rows FROM block WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC"
        } else {
            "SELECT id, rows FROM block WHERE id BETWEEN ?1 AND ?2 ORDER BY id"
        };
        let mut statement = reader.conn.prepare_cached(text).map_err(sql)?;
        let mut rows = statement.query(piece.rows).map_err(sql)?;
        let (from, to) = (self.range.from.nanos(), self.range.to.nanos());
        let mut until_look = 0;
        while let Some(row) = rows.next().map_err(sql)? {
            if until_look == 0 {
                self.deadline.check()?;
                until_look = BLOCKS_PER_LOOK;
            }
            until_look -= 1;
            let rowid: i64 = row.get(0).map_err(sql)?;
            let bytes = row.get_ref(1).map_err(sql)?.as_blob().unwrap_or_default();
            let Some(block) = Block::read(bytes) else {
                self.damaged_row(piece.id);
                continue;
            };
            if block.latest < from || block.earliest >= to {
                continue;
            }
            let broken = Cell::new(false);
            let seen = Seen { id: piece.id, rowid, block, apps: &reader.apps, broken: &broken };
            let flow = visitor.visit(seen);
            if broken.get() {
                self.damaged_row(piece.id);
            }
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damaged_row(&self, id: PartId) {
        let path = self.files.path(id);
        self.notes.say(format!("{}: a part is damaged and left out", path.display()));
    }

    /// Renames what turned out to be damaged.
    fn put_aside(&self, damaged: Vec<(PartId, StoreError)>) {
        if damaged.is_empty() {
            return;
        }
        let mut writer = lock(&self.files.writer);
        self.pool.clear();
        for (id, error) in damaged {
            writer.close(id);
            self.files.set_aside(id, &error, self.notes);
        }
    }
}

/// What the threads of a scan share.
#[derive(Debug, Default)]
struct Shared {
    next: AtomicUsize,
    stop: AtomicBool,
    damaged: Mutex<Vec<(PartId, StoreError)>>,
}

/// A partition in pieces of about the same time.
fn cut(id: PartId, bytes: u64, from: i64) -> Vec<Piece> {
    let pieces = i64::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(1).clamp(1, 1_024);
    let end = id.end().saturating_sub(id.start).saturating_mul(1_000_000 * 1_024);
    let bound = |n: i64| if n == pieces { i64::MAX } else { end / pieces * n };
    (0..pieces)
        .map(|n| Piece {
            id,
            rows: (if n == 0 { 1 } else { bound(n) }.max(from), bound(n + 1).saturating_sub(1)),
        })
        .filter(|piece| piece.rows.0 <= piece.rows.1)
        .collect()
}

/// How many threads read.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(16)
}

fn broken() -> StoreError {
    StoreError::Limit("a part of the query broke off".to_owned())
}
