//! Sources.

use super::{seconds, stamp};
use crate::times::now_of;
use anomalyzer_store::control::{Source, SourceKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A sensor, an uploaded capture or the demonstration.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceItem {
    /// Identity; 1 is the sensor itself, or the demonstration.
    pub(crate) id: i64,
    /// `live`, `file` or `demo`.
    #[schema(value_type = String)]
    pub(crate) kind: SourceKind,
    /// Interfaces, or the file's name.
    pub(crate) name: String,
    /// When it was made, RFC 3339.
    pub(crate) created: String,
    /// First packet time.
    pub(crate) first: Option<String>,
    /// Latest packet time.
    pub(crate) last: Option<String>,
    /// Packets so far.
    pub(crate) packets: u64,
    /// Bytes so far.
    pub(crate) bytes: u64,
    /// `watching`, `reading`, `done`, `failed`, `stopped`.
    pub(crate) state: String,
    /// Why it failed, or what was damaged.
    pub(crate) problem: Option<String>,
    /// What ranges count back from.
    pub(crate) now: String,
}

/// `Source`.
pub(crate) fn source_item(source: &Source) -> SourceItem {
    SourceItem {
        id: source.id.0,
        kind: source.kind,
        name: source.name.clone(),
        created: seconds(source.created),
        first: source.first.map(stamp),
        last: source.last.map(stamp),
        packets: source.packets,
        bytes: source.bytes,
        state: source.state.clone(),
        problem: source.problem.clone(),
        now: stamp(now_of(source)),
    }
}
