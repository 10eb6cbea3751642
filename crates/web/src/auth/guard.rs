//! The guard in front of every route: who calls, may he, and is it he who calls.

use crate::error::Problem;
use crate::limits::limit_body;
use crate::route::Rule;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request through to the handler, or refuses it.
pub(crate) async fn guard(
    State((state, rule)): State<(AppState, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&state, rule, request).await {
        Ok((request, None)) => next.run(request).await,
        Ok((request, Some(place))) => place.hold(next.run(request).await),
        Err(problem) => problem.into_response(),
    }
}

async fn admit(
    state: &AppState,
    rule: Rule,
    request: Request,
) -> Result<(Request, Option<crate::limits::Heavy>), Problem> {
    let _ = state;
    if rule.least.is_some() {
        return Err(Problem::login("log in first"));
    }
    Ok((limit_body(request, rule.body_max)?, None))
}
