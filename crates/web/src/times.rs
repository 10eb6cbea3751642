//! Times in queries: RFC 3339, unix seconds, `now`, or relative to a source's own now.

use crate::clock;
use crate::error::Problem;
use crate::state::AppState;
use anomalyzer_store::control::{Source, SourceKind};
use anomalyzer_store::{Range, SourceId, moment};
use anomalyzer_wire::Timestamp;

/// The range and source of a query. `from` and `to` are as in the query; `default_from` is what an
/// absent `from` means. Blocks: the source's now is in the store.
pub(crate) fn range(
    state: &AppState,
    source: Option<i64>,
    from: Option<&str>,
    to: Option<&str>,
    default_from: &str,
) -> Result<(SourceId, Range), Problem> {
    let (source, now) = source_now(state, source)?;
    let from = time("from", from.unwrap_or(default_from), now)?;
    let to = time("to", to.unwrap_or("now"), now)?;
    if from >= to {
        return Err(Problem::field("from", "must be before `to`"));
    }
    Ok((source, Range { from, to }))
}

/// A source and its now: the wall clock of a live one, else its latest packet time. Blocks.
pub(crate) fn source_now(
    state: &AppState,
    source: Option<i64>,
) -> Result<(SourceId, Timestamp), Problem> {
    let id = source.map_or(SourceId::SENSOR, SourceId);
    let source = match state.store.control().source(id) {
        Ok(source) => source,
        // Before the first packet there is no sensor yet; an empty answer is the right one.
        Err(anomalyzer_store::StoreError::Missing(_)) if id == SourceId::SENSOR => {
            return Ok((id, clock::timestamp()));
        }
        Err(error) => return Err(error.into()),
    };
    Ok((id, now_of(&source)))
}

/// What ranges of a source count back from: the wall clock of a live one, else its latest packet.
pub(crate) fn now_of(source: &Source) -> Timestamp {
    match source.kind {
        SourceKind::Live => clock::timestamp(),
        // `to` is exclusive, and what a second adds up to has that second's last moment.
        SourceKind::File | SourceKind::Demo => source.last.map_or_else(clock::timestamp, |last| {
            Timestamp::from_secs_nanos(last.secs().saturating_add(1), 0)
        }),
    }
}

/// One time of a query.
pub(crate) fn time(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    moment(text, now).ok_or_else(|| {
        Problem::field(
            field,
            "is no time; write RFC 3339, unix seconds, `now`, or `-15m`, `-6h`, `-7d`",
        )
    })
}
