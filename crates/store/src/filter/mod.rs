//! The filter language of flows: `src:10.0.0.0/8 dport:443 bytes>1M not app:dns`.
//!
//! [`lexer`] cuts the text into words, [`parser`] joins them into a tree, [`value`] reads what
//! stands behind a field, [`fields`] is the table of all fields, and [`test`] asks a flow. A tree
//! written by `Display` reads back as the same tree.

mod fields;
mod lexer;
mod parser;
mod pattern;
mod test;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use fields::Field;

use crate::history::row::{Depth, RowRef};
use anomalyzer_engine::FlowRecord;
use std::fmt;
use tree::Node;

/// Most bytes of a filter, as it is written and as [`Filter`]'s `Display` writes it.
pub const BYTES_MAX: usize = 4_096;
/// Most brackets and `not`s within each other.
pub const DEPTH_MAX: usize = 32;
/// Most values to compare with.
pub const TERMS_MAX: usize = 256;

/// A filter that was understood. The empty one lets everything pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    root: Node,
    depth: Depth,
}

/// Where and why a filter was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// First byte of the part that was not understood.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
    /// What was wrong and what was expected.
    pub message: String,
}

impl Default for Filter {
    fn default() -> Self {
        Self { root: Node::All(Vec::new()), depth: Depth::Head }
    }
}

impl Filter {
    /// Reads a filter: at most 4 KiB, at most 32 brackets deep, at most 256 values.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let fail = |message: &str| {
            Err(FilterError { start: 0, end: text.len(), message: message.to_owned() })
        };
        if text.len() > BYTES_MAX {
            return fail("a filter has at most 4,096 bytes");
        }
        let root = parser::parse(text)?;
        let depth = root.depth();
        let filter = Self { root, depth };
        if filter.to_string().len() > BYTES_MAX {
            return fail("a filter has at most 4,096 bytes when all its parts are written out");
        }
        Ok(filter)
    }

    /// True when the flow passes.
    pub fn passes(&self, flow: &FlowRecord) -> bool {
        self.matches(&RowRef::of(flow))
    }

    /// True when it lets everything pass.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Node::All(parts) if parts.is_empty())
    }

    /// Every field, in the order in which the documentation tells them.
    pub fn fields() -> &'static [Field] {
        fields::all()
    }

    /// How deep a stored row must be read to be judged.
    pub(crate) fn depth(&self) -> Depth {
        self.depth
    }

    /// True when the row passes, read at least to [`Self::depth`].
    #[inline]
    pub(crate) fn matches(&self, row: &RowRef<'_>) -> bool {
        self.root.matches(row)
    }
}

/// The filter in its canonical form.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

/// For fuzzing: any text is read or refused with a place inside of it, and what is read comes back
/// when it is written.
#[doc(hidden)]
pub fn fuzz(text: &str) {
    match Filter::parse(text) {
        Ok(filter) => {
            let written = filter.to_string();
            assert_eq!(Filter::parse(&written).as_ref(), Ok(&filter), "{written}");
        }
        Err(error) => {
            assert!(text.get(error.start..error.end).is_some(), "{error:?}");
        }
    }
}
