//! Commands that ask the store, whether the service runs or not: `flows`, `alerts`, `devices`; and
//! those that look after it: `store`, `user`, `token`.

mod accounts;
mod alerts;
mod devices;
mod export;
mod flows;
mod table;
mod upkeep;

pub(super) use accounts::{token, user};
pub(super) use alerts::run as alerts;
pub(super) use devices::run as devices;
pub(super) use flows::run as flows;
pub(super) use table::{Align, Table};
pub(super) use upkeep::run as store;

use crate::cli::stored::{State, Stored};
use crate::clock;
use crate::data_dir;
use crate::failure::{Failure, Kind};
use anomalyzer_store::control::{AlertState, SourceKind};
use anomalyzer_store::{Range, SourceId, Store, StoreError, moment};
use anomalyzer_wire::Timestamp;
use std::path::PathBuf;

/// Rows that are asked of the store at a time.
const PAGE: usize = 1_000;

/// Opens the store for questions only.
pub(super) fn open(data: Option<&PathBuf>) -> Result<Store, Failure> {
    let dir = data_dir::choose(data);
    if !dir.is_dir() {
        let message = format!(
            "{}: there is no data; name the directory with --data, or start `anomalyzer run` first",
            dir.display()
        );
        return Err(Failure::usage(message));
    }
    Store::open_read_only(&dir).map_err(|e| failure(&e))
}

/// The exit code that fits.
pub(super) fn failure(error: &StoreError) -> Failure {
    let kind = match error {
        StoreError::Missing(_) | StoreError::Invalid(_) | StoreError::Conflict(_) => Kind::Usage,
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Kind::Permission
        }
        _ => Kind::Runtime,
    };
    Failure::new(kind, error.to_string())
}

/// The range that was asked for, by the source's own now; `default` is where it begins otherwise,
/// `None` is the beginning of everything.
fn range(store: &Store, stored: &Stored, default: Option<&str>) -> Result<Range, Failure> {
    let source = store.control().source(SourceId(stored.source)).map_err(|e| failure(&e))?;
    let now = match (source.kind, source.last) {
        (SourceKind::File, Some(last)) => last.plus_nanos(1_000),
        _ => clock::now().plus_nanos(1_000_000_000),
    };
    let time = |name: &str, text: &str| {
        moment(text, now).ok_or_else(|| {
            Failure::usage(format!(
                "--{name} {text}: write RFC 3339, unix seconds, now, or -15m, -6h, -7d"
            ))
        })
    };
    let from = match stored.from.as_deref().or(default) {
        Some(text) => time("from", text)?,
        None => Timestamp::from_nanos(i64::MIN),
    };
    let to = time("to", stored.to.as_deref().unwrap_or("now"))?;
    if from >= to {
        return Err(Failure::usage("--from must be before --to"));
    }
    Ok(Range { from, to })
}

/// States as the store knows them; none means all.
fn states(asked: &[State]) -> Vec<AlertState> {
    let state = |state: &State| match state {
        State::Open => Some(AlertState::Open),
        State::Acknowledged => Some(AlertState::Acknowledged),
        State::Closed => Some(AlertState::Closed),
        State::FalseAlarm => Some(AlertState::FalseAlarm),
        State::All => None,
    };
    asked.iter().map(state).collect::<Option<Vec<_>>>().unwrap_or_default()
}
