//! Is the program alive, and can it do its work.

use crate::error::Problem;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::public(), routes!(healthz));
    routes.add(Rule::public(), routes!(readyz));
}

/// The program is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// The program can do its work; else 503 with the names of what is in the way.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = String), (status = 503, body = String)))]
async fn readyz(State(state): State<AppState>) -> Result<(StatusCode, String), Problem> {
    let status = blocking(&state, |app| Ok(app.control.status())).await?;
    let errors: Vec<String> =
        status.problems.into_iter().filter(|p| p.level == "error").map(|p| p.id).collect();
    Ok(if errors.is_empty() {
        (StatusCode::OK, "ready\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, errors.join("\n") + "\n")
    })
}
