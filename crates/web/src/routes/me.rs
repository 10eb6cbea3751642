//! What everybody may do with his own account.

use super::session::check_password;
use crate::auth::{Caller, Via, guard, password};
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{Json, Path};
use crate::json::seconds;
use crate::route::{LOGIN_MAX, Routes, Rule};
use crate::state::{AppState, accounts};
use crate::{accounts as people, audit, clock};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Most bytes of preferences.
const PREFERENCES_MAX: u64 = 64 << 10;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().body(PREFERENCES_MAX), routes!(preferences));
    routes.add(Rule::viewer().body(LOGIN_MAX), routes!(set_password));
    routes.add(Rule::viewer(), routes!(sessions, end_others));
    routes.add(Rule::viewer(), routes!(end));
}

/// Keeps what the console wants to remember for this user.
#[utoipa::path(put, path = "/api/v1/me/preferences", tag = "session", request_body = Value,
    responses((status = 204, description = "Kept")))]
async fn preferences(
    State(state): State<AppState>,
    caller: Caller,
    Json(value): Json<Value>,
) -> Result<StatusCode, Problem> {
    if !value.is_object() {
        return Err(Problem::invalid("preferences must be a JSON object"));
    }
    accounts(&state, move |app| {
        Ok(app.store.control().set_preferences(caller.user.id, &value.to_string())?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The password until now; empty for users that have none yet.
    current: String,
    new: String,
}

/// Changes the own password. Ends all other sessions and the tokens of the user.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "session", request_body = NewPassword,
    responses((status = 204, description = "Changed"), (status = 403), (status = 429)))]
async fn set_password(
    State(state): State<AppState>,
    caller: Caller,
    Json(asked): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    let Via::Session { id, authenticated, .. } = caller.via else {
        return Err(Problem::forbidden("a token cannot change a password; log in to the console"));
    };
    if state.options.demo {
        return Err(Problem::forbidden("the demonstration's user has no password"));
    }
    password::check(&asked.new, caller.name()).map_err(|why| Problem::field("new", why))?;
    if caller.user.password.is_empty() {
        // Who came by a link has just shown who he is.
        if clock::now() - authenticated >= guard::CONFIRM_S {
            return Err(Problem::confirm());
        }
    } else {
        check_password(&state, &caller, asked.current, "user.password").await?;
    }
    let hash = state.hasher.hash(asked.new).await?;
    accounts(&state, move |app| {
        app.store.control().set_password(caller.user.id, &hash, Some(id))?;
        people::end_tokens(&app.store, caller.user.id)?;
        app.say_ended();
        audit::done(app, &caller, "user.password", caller.name(), json!({}))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session of one's own.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    id: i64,
    created: String,
    /// Last seen, exact to a minute.
    seen: String,
    /// Address of the browser.
    peer: String,
    /// What the browser calls itself.
    agent: String,
    /// The one that asks.
    current: bool,
}

/// Own sessions that have not ended.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "session",
    responses((status = 200, body = Page<OwnSession>)))]
async fn sessions(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<axum::Json<Page<OwnSession>>, Problem> {
    accounts(&state, move |app| {
        let ((idle, max), now) = (app.session_times(), clock::now());
        let sessions = app.store.control().sessions(caller.user.id)?;
        let live = sessions.into_iter().filter(|s| now - s.seen <= idle && now - s.created <= max);
        let items = live.map(|session| OwnSession {
            id: session.id,
            created: seconds(session.created),
            seen: seconds(session.seen),
            current: current(&caller) == Some(session.id),
            peer: session.peer,
            agent: session.agent,
        });
        Ok(axum::Json(Page::whole(items.collect())))
    })
    .await
}

fn current(caller: &Caller) -> Option<i64> {
    match caller.via {
        Via::Session { id, .. } => Some(id),
        Via::Token { .. } => None,
    }
}

/// Ends one of the own sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "session",
    params(("id" = i64, Path)), responses((status = 204, description = "Ended"), (status = 404)))]
async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    accounts(&state, move |app| {
        let ended = app.store.control().end_sessions(caller.user.id, Some(id), None)?;
        if ended == 0 {
            return Err(Problem::missing("there is no such session of yours"));
        }
        app.say_ended();
        audit::done(app, &caller, "session.end", &id.to_string(), json!({}))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all other sessions of one's own.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "session",
    responses((status = 204, description = "Ended")))]
async fn end_others(State(state): State<AppState>, caller: Caller) -> Result<StatusCode, Problem> {
    accounts(&state, move |app| {
        let keep = current(&caller);
        let ended = app.store.control().end_sessions(caller.user.id, None, keep)?;
        app.say_ended();
        audit::done(app, &caller, "session.end-others", caller.name(), json!({ "ended": ended }))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
