//! The live stream.

use crate::auth::{Caller, Via};
use crate::clock;
use crate::error::Problem;
use crate::extract::Query;
use crate::hub::{Kinds, Lease, stream};
use crate::route::{Routes, Rule};
use crate::state::{AppState, looks};
use anomalyzer_store::SourceId;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(events));
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Only events of this source, and those that belong to none.
    source: Option<i64>,
    /// Only these kinds: `second,alert,incident,device,flows,source,status`.
    kinds: Option<String>,
    /// The last event that was seen, as `Last-Event-ID`.
    last: Option<u64>,
}

/// Events as they happen (server-sent events). `hello` comes first; `gap` says how many were missed.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(Params),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kinds = Kinds::parse(params.kinds.as_deref().unwrap_or(""));
    let kinds = kinds.map_err(|message| Problem::field("kinds", message))?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let seen = header.and_then(|text| text.trim().parse().ok()).or(params.last);
    let source = params.source.map(SourceId);
    let body = stream(&state.hub, kinds, source, caller.key(), seen, lease(&state, &caller))?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // A proxy must not collect events.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

fn lease(state: &AppState, caller: &Caller) -> Lease {
    let (state, caller) = (state.clone(), caller.clone());
    let ended = state.ended();
    let holds = Box::new(move || {
        let (state, caller) = (state.clone(), caller.clone());
        let holds: futures_core::future::BoxFuture<'static, bool> = Box::pin(async move {
            looks(&state, move |app| still_holds(app, &caller)).await.unwrap_or(false)
        });
        holds
    });
    Lease { ended, holds }
}

/// Does what the caller logged in with still hold? Looking does not keep a session alive.
fn still_holds(app: &AppState, caller: &Caller) -> Result<bool, Problem> {
    let (control, now) = (app.store.control(), clock::now());
    let user = control.user(caller.user.id)?;
    if user.disabled || user.role < caller.role {
        return Ok(false);
    }
    Ok(match &caller.via {
        Via::Session { id, .. } => {
            let (idle, max) = app.session_times();
            let sessions = control.sessions(user.id)?;
            sessions.iter().any(|session| {
                session.id == *id && now - session.seen <= idle && now - session.created <= max
            })
        }
        Via::Token { id } => {
            let tokens = control.tokens(Some(user.id))?;
            tokens.iter().any(|token| token.id == *id && token.expires > now)
        }
    })
}
