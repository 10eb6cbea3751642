//! Entries of the audit trail.

use crate::auth::Caller;
use crate::clock;
use crate::error::Problem;
use crate::state::AppState;
use anomalyzer_store::control::NewAudit;
use serde_json::Value;
use std::net::IpAddr;

/// Most bytes of an entry's detail.
const DETAIL_MAX: usize = 16 << 10;

/// What happened; the rest of an entry is known.
pub(crate) struct Event<'a> {
    /// `login`, `user.add`, `settings.change`...
    pub(crate) action: &'a str,
    /// On what.
    pub(crate) target: &'a str,
    /// Before and after; never secrets.
    pub(crate) detail: Value,
    /// `ok`, or why it was refused.
    pub(crate) result: &'a str,
}

/// Notes what a caller did. Blocks. When the trail cannot be written the request fails: nothing is
/// done unseen.
pub(crate) fn note(app: &AppState, caller: &Caller, event: &Event<'_>) -> Result<(), Problem> {
    write(app, caller.name(), Some(caller.peer), event)
}

/// Notes that it went well, as [`note`].
pub(crate) fn done(
    app: &AppState,
    caller: &Caller,
    action: &str,
    target: &str,
    detail: Value,
) -> Result<(), Problem> {
    note(app, caller, &Event { action, target, detail, result: "ok" })
}

/// Notes what somebody did who is no caller: a log-in, the program itself (no peer).
pub(crate) fn write(
    app: &AppState,
    actor: &str,
    peer: Option<IpAddr>,
    event: &Event<'_>,
) -> Result<(), Problem> {
    let mut detail = event.detail.to_string();
    if detail.len() > DETAIL_MAX {
        detail = serde_json::json!({ "cut": true, "bytes": detail.len() }).to_string();
    }
    app.store.control().audit(&NewAudit {
        at: clock::now(),
        actor: actor.to_owned(),
        peer: peer.map(|ip| ip.to_string()).unwrap_or_default(),
        action: event.action.to_owned(),
        target: event.target.to_owned(),
        detail,
        result: event.result.to_owned(),
    })?;
    Ok(())
}
