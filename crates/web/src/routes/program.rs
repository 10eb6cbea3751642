//! The program's own state, its configuration, and its description.

use crate::auth::Caller;
use crate::control::Status;
use crate::error::Problem;
use crate::json::seconds;
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

impl Default for Reload {
    fn default() -> Self {
        Self { last_reload: "none", message: String::new(), at: None }
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
async fn config(State(state): State<AppState>) -> Json<Reload> {
    Json(state.last_reload())
}

/// Reads the configuration files again.
#[utoipa::path(post, path = "/api/v1/config/reload", tag = "state",
    responses((status = 200, body = Reload), (status = 400)))]
async fn reload(State(state): State<AppState>, caller: Caller) -> Result<Json<Reload>, Problem> {
    blocking(&state, move |app| {
        let at = Some(seconds(clock::now()));
        let answer = app.control.reload();
        let (last_reload, message, result) = match &answer {
            Ok(changes) if changes.is_empty() => ("ok", "nothing has changed".into(), "ok"),
            Ok(changes) => ("ok", changes.join("\n"), "ok"),
            Err(refusal) => ("failed", refusal.message.clone(), "refused"),
        };
        let told = Reload { last_reload, message, at };
        app.set_last_reload(told.clone());
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
