//! The program's own state, its configuration, and its description.

use crate::auth::Caller;
use crate::control::{LastReload, Status};
use crate::error::Problem;
use crate::json::stamp;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::{audit, clock};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(status));
    routes.add(Rule::viewer(), routes!(config));
    routes.add(Rule::admin(), routes!(reload));
    routes.add(Rule::public(), routes!(description));
}

/// How the last reading of the configuration went.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "a name of the API")]
pub(crate) struct Reload {
    /// `ok`, `failed`, or `none` since the start.
    pub(crate) last_reload: &'static str,
    /// What was changed, or what was wrong.
    pub(crate) message: String,
    /// When.
    pub(crate) at: Option<String>,
}

impl Reload {
    fn new(last: Option<LastReload>) -> Self {
        let Some(LastReload { at, answer }) = last else {
            return Self { last_reload: "none", message: String::new(), at: None };
        };
        let (last_reload, message) = match answer {
            Ok(changes) if changes.is_empty() => ("ok", "nothing has changed".into()),
            Ok(changes) => ("ok", changes.join("\n")),
            Err(refusal) => ("failed", refusal.message),
        };
        Self { last_reload, message, at: Some(stamp(at)) }
    }
}

/// The program's state now.
#[utoipa::path(get, path = "/api/v1/status", tag = "state",
    responses((status = 200, body = Status)))]
async fn status(State(state): State<AppState>) -> Result<Json<Status>, Problem> {
    blocking(&state, |app| Ok(Json(app.control.status()))).await
}

/// How the last reading of the configuration went.
#[utoipa::path(get, path = "/api/v1/config/status", tag = "state",
    responses((status = 200, body = Reload)))]
async fn config(State(state): State<AppState>) -> Result<Json<Reload>, Problem> {
    blocking(&state, |app| Ok(Json(Reload::new(app.control.last_reload())))).await
}

/// Reads the configuration files again.
#[utoipa::path(post, path = "/api/v1/config/reload", tag = "state",
    responses((status = 200, body = Reload), (status = 400)))]
async fn reload(State(state): State<AppState>, caller: Caller) -> Result<Json<Reload>, Problem> {
    blocking(&state, move |app| {
        let answer = app.control.reload();
        let told = Reload::new(Some(LastReload { at: clock::timestamp(), answer: answer.clone() }));
        let result = if answer.is_ok() { "ok" } else { "refused" };
        let detail = json!({ "message": told.message });
        let event = audit::Event { action: "config.reload", target: "", detail, result };
        audit::note(app, &caller, &event)?;
        answer.map(|_| Json(told)).map_err(Problem::from)
    })
    .await
}

/// This description (OpenAPI 3.1).
#[utoipa::path(get, path = "/api/openapi.json", tag = "state",
    responses((status = 200, content_type = "application/json", body = serde_json::Value)))]
async fn description(State(state): State<AppState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], state.description().to_string())
}
