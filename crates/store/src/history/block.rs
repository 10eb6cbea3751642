//! Blocks: rows packed into a page of the file, with the times of the earliest and latest end.
//!
//! SQLite steps over a block once for some hundred flows, instead of once for each of them, or
//! passes it by when its times lie outside of what is asked.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version |
//! | 2 | rows |
//! | 8, 8 | earliest and latest end of a flow, nanoseconds since 1970 |
//! | each row | length in 2 bytes, then the row |

use crate::packed::Bytes;

const VERSION: u8 = 1;
const HEADER: usize = 19;
/// Bytes of a block that still fills one page of 16 KiB without spilling into another.
pub(crate) const BLOCK_BYTES: usize = 16_320;

/// A block that is being filled.
#[derive(Debug)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
    rows: u16,
    earliest: i64,
    latest: i64,
}

impl Default for Builder {
    fn default() -> Self {
        Self { bytes: vec![0; HEADER], rows: 0, earliest: i64::MAX, latest: i64::MIN }
    }
}

impl Builder {
    /// True when another row of `length` bytes belongs into the next block.
    pub(crate) fn is_full(&self, length: usize) -> bool {
        self.rows > 0 && self.bytes.len() + 2 + length > BLOCK_BYTES
    }

    /// Adds a row; one of more than 65,535 bytes is refused.
    pub(crate) fn add(&mut self, row: &[u8], last: i64) -> bool {
        let Ok(length) = u16::try_from(row.len()) else { return false };
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(row);
        self.rows += 1;
        self.earliest = self.earliest.min(last);
        self.latest = self.latest.max(last);
        true
    }

    /// Rows in it.
    pub(crate) fn rows(&self) -> u16 {
        self.rows
    }

    /// When the latest of its flows ended.
    pub(crate) fn latest(&self) -> i64 {
        self.latest
    }

    /// The last row that was added, to change it in place.
    pub(crate) fn last_row_mut(&mut self, length: usize) -> Option<&mut [u8]> {
        let start = self.bytes.len().checked_sub(length)?;
        self.bytes.get_mut(start..)
    }

    /// The bytes; the builder is empty again when they were used.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let mut header = [0; HEADER];
        let [version, r0, r1, times @ ..] = &mut header;
        *version = VERSION;
        [*r0, *r1] = self.rows.to_le_bytes();
        let (earliest, latest) = times.split_at_mut(8);
        earliest.copy_from_slice(&self.earliest.to_le_bytes());
        latest.copy_from_slice(&self.latest.to_le_bytes());
        if let Some(head) = self.bytes.first_chunk_mut::<HEADER>() {
            *head = header;
        }
        &self.bytes
    }

    /// Makes it empty.
    pub(crate) fn clear(&mut self) {
        self.bytes.truncate(HEADER);
        (self.rows, self.earliest, self.latest) = (0, i64::MAX, i64::MIN);
    }
}

/// A block as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// How many rows there should be.
    pub(crate) rows: u16,
    /// When the earliest flow ended.
    pub(crate) earliest: i64,
    /// When the latest flow ended.
    pub(crate) latest: i64,
    rest: Bytes<'a>,
}

impl<'a> Block<'a> {
    /// Reads the header; `None` when it is damaged.
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        if bytes.byte()? != VERSION {
            return None;
        }
        Some(Self {
            rows: u16::from_le_bytes(bytes.array()?),
            earliest: i64::from_le_bytes(bytes.array()?),
            latest: i64::from_le_bytes(bytes.array()?),
            rest: bytes,
        })
    }
}

impl<'a> IntoIterator for Block<'a> {
    type Item = &'a [u8];
    type IntoIter = Rows<'a>;

    fn into_iter(self) -> Rows<'a> {
        Rows(self.rest)
    }
}

/// The rows in order; ends early where the block is damaged.
#[derive(Debug)]
pub(crate) struct Rows<'a>(Bytes<'a>);

impl<'a> Iterator for Rows<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.0.array()?);
        self.0.take(usize::from(length))
    }
}
