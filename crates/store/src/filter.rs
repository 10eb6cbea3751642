//! The filter language of flows: `src:10.0.0.0/8 dport:443 bytes>1M not app:dns`.

use crate::history::row::{Depth, RowRef};
use anomalyzer_engine::FlowRecord;

/// A filter that was understood. The empty one lets everything pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
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

impl Filter {
    /// Reads a filter: at most 4 KiB, at most 32 brackets deep.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { text: text.to_owned() })
    }

    /// True when the flow passes.
    pub fn passes(&self, flow: &FlowRecord) -> bool {
        self.matches(&RowRef::of(flow))
    }

    /// True when it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn depth(&self) -> Depth {
        Depth::Head
    }

    pub(crate) fn matches(&self, _row: &RowRef<'_>) -> bool {
        true
    }
}
