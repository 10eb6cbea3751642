//! The guard in front of every route: who calls, may he, is it he who calls, and is it not too much.

use super::{Caller, Via, identify, origin, secret};
use crate::error::Problem;
use crate::limits::{Heavy, limit_body};
use crate::peer::Peer;
use crate::route::{ANSWER_MAX, Rule};
use crate::state::{self, AppState};
use crate::{assets, clock};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::Instant;

/// The header with a session's CSRF token.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
/// How long an entered password counts.
pub(crate) const CONFIRM_S: i64 = 300;

/// How much later than the stores the guard gives up: theirs are the better words.
const GRACE: Duration = Duration::from_secs(1);

/// Lets a request through to the handler, or refuses it.
pub(crate) async fn guard(
    State((state, rule)): State<(AppState, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    if rule.page && wants_page(request.headers()) {
        return assets::index(request.headers());
    }
    match admit(&state, rule, request).await {
        Ok((request, None)) => next.run(request).await,
        Ok((request, Some(place))) if rule.hurried => place.hold(hurried(request, next).await),
        Ok((request, Some(place))) => place.hold(next.run(request).await),
        Err(problem) => problem.into_response(),
    }
}

/// Runs the handler with a limit of time. What it asks of the stores ends by itself; the rest, and
/// waiting for a turn, ends here.
async fn hurried(request: Request, next: Next) -> Response {
    let end = Instant::now() + ANSWER_MAX;
    let answer = state::until(end, next.run(request));
    match tokio::time::timeout_at(end + GRACE, answer).await {
        Ok(response) => response,
        Err(_) => Problem::slow(format!(
            "this took longer than {} s; ask for a shorter period or a narrower filter",
            ANSWER_MAX.as_secs()
        ))
        .into_response(),
    }
}

/// A browser that goes to an address asks for HTML; programs ask for JSON or send a token.
fn wants_page(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let json = accepts.any(|text| text.contains("json"));
    !json && !headers.contains_key(AUTHORIZATION)
}

async fn admit(
    state: &AppState,
    rule: Rule,
    mut request: Request,
) -> Result<(Request, Option<Heavy>), Problem> {
    if rule.least.is_none() {
        if !origin::is_safe(request.method()) {
            origin::check(request.headers())?;
        }
        return Ok((limit_body(request, rule.body_max)?, None));
    }
    let peer = Peer::of(&request).0;
    let caller = identify::identify(state, request.headers(), peer).await?;
    let caller = caller.ok_or_else(|| Problem::login("log in first"))?;
    check(state, rule, &caller, request.method(), request.headers())?;
    let heavy = if rule.heavy { Some(state.limits.heavy(caller.user.id)?) } else { None };
    request.extensions_mut().insert(caller);
    Ok((limit_body(request, rule.body_max)?, heavy))
}

/// May this caller do this now? The role comes first: who may not do a thing is not asked to confirm
/// it.
fn check(
    state: &AppState,
    rule: Rule,
    caller: &Caller,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if let Some(least) = rule.least {
        caller.require(least)?;
    }
    if !origin::is_safe(method) {
        check_csrf(caller, headers)?;
    }
    if rule.confirm { check_confirmed(state, caller) } else { Ok(()) }
}

/// A browser sends cookies by itself; what changes something must prove that our page sent it.
fn check_csrf(caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    let Via::Session { csrf, .. } = &caller.via else { return Ok(()) };
    origin::check(headers)?;
    let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    if sent.is_some_and(|sent| !csrf.is_empty() && secret::same(sent, csrf)) {
        return Ok(());
    }
    Err(Problem::forbidden("the header X-CSRF-Token is missing or wrong; load the page again"))
}

fn check_confirmed(state: &AppState, caller: &Caller) -> Result<(), Problem> {
    let Via::Session { authenticated, .. } = &caller.via else {
        return Err(Problem::forbidden(
            "a token cannot do this; log in to the console with your password",
        ));
    };
    // The demonstration's user has no password that could be entered.
    let without = state.options.demo && caller.user.password.is_empty();
    let recent = (0..CONFIRM_S).contains(&(clock::now() - authenticated));
    if recent || without { Ok(()) } else { Err(Problem::confirm()) }
}
