//! Names of flows and places of pages, as text that is safe in a URL.

use super::FlowSort;
use super::partition::{Level, PartId};
use crate::SourceId;
use crate::error::{Result, StoreError};

/// Where a flow is kept. Compares in the order of time of the files, then of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) id: PartId,
    pub(crate) block: i64,
    pub(crate) index: u16,
}

/// Names a flow for good: `SOURCE-PARTITION-BLOCK.INDEX`.
pub(crate) fn key(source: SourceId, at: Position) -> String {
    format!("{}-{}-{}.{}", source.0, at.id.tag(), at.block, at.index)
}

/// Reads [`key`].
pub(crate) fn parse_key(text: &str) -> Option<(SourceId, Position)> {
    let mut parts = text.splitn(3, '-');
    let source = SourceId(parts.next()?.parse().ok()?);
    let id = PartId::from_tag(parts.next()?)?;
    let (block, index) = parts.next()?.split_once('.')?;
    let at = Position { id, block: block.parse().ok()?, index: index.parse().ok()? };
    (key(source, at) == text).then_some((source, at))
}

/// Where a page ended: the value that it is sorted by, and the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) value: u128,
    pub(crate) at: Position,
}

impl Place {
    /// As text; it holds the order too, so that it is not used with another one.
    pub(crate) fn cursor(self, sort: FlowSort, descending: bool) -> String {
        let order = if descending { "d" } else { "a" };
        let Position { id, block, index } = self.at;
        format!("{}{order}.{:x}.{}.{block}.{index}", sort as u8, self.value, id.tag())
    }

    /// Reads [`Self::cursor`].
    pub(crate) fn parse(text: &str, sort: FlowSort, descending: bool) -> Result<Self> {
        let wrong = || {
            StoreError::Invalid(
                "the cursor is not one of this query; begin at the first page".into(),
            )
        };
        let read = || {
            let mut parts = text.split('.');
            let _order = parts.next()?;
            let value = u128::from_str_radix(parts.next()?, 16).ok()?;
            let id = PartId::from_tag(parts.next()?)?;
            let block = parts.next()?.parse().ok()?;
            let index = parts.next()?.parse().ok()?;
            Some(Self { value, at: Position { id, block, index } })
        };
        read().filter(|place| place.cursor(sort, descending) == text).ok_or_else(wrong)
    }

    /// Turned over, so that the larger compares as the smaller.
    pub(crate) fn turned(self, descending: bool) -> Rank {
        let Position { id, block, index } = self.at;
        let level = match id.level {
            Level::Year => 0,
            Level::Day => 1,
            Level::Hour => 2,
        };
        if descending {
            return Rank(!self.value, !id.start, !level, !block, !index);
        }
        Rank(self.value, id.start, level, block, index)
    }
}

/// The order of rows in an answer: smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u128, i64, u8, i64, u16);

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_wire::Timestamp;

    #[test]
    fn keys_and_cursors_come_back_and_nothing_else_is_one() {
        let id = PartId::of(Level::Hour, Timestamp::from_secs_nanos(1_763_000_000, 0));
        let at = Position { id, block: 77_000, index: 12 };
        let text = key(SourceId(3), at);
        assert_eq!(parse_key(&text), Some((SourceId(3), at)));
        for wrong in ["", "1", "1-2-3", "1-2026-5", "x-2026-1.1", "1-2026-1.99999", "1-2026-01.1"] {
            assert_eq!(parse_key(wrong), None, "{wrong}");
        }
        let place = Place { value: 9, at };
        let cursor = place.cursor(FlowSort::Bytes, true);
        assert_eq!(Place::parse(&cursor, FlowSort::Bytes, true).unwrap(), place);
        assert!(Place::parse(&cursor, FlowSort::Bytes, false).is_err());
        assert!(Place::parse(&cursor, FlowSort::Last, true).is_err());
        assert!(Place::parse("", FlowSort::Last, true).is_err());
    }
}
