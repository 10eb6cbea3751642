//! Sources: what there is, removing one.

use crate::audit;
use crate::auth::Caller;
use crate::data::Page;
use crate::error::Problem;
use crate::extract::Path;
use crate::json::{SourceItem, source_item};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{Role, SourceKind};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::analyst(), routes!(remove));
}

/// All sources, the sensor first, then the latest first.
#[utoipa::path(get, path = "/api/v1/sources", tag = "state",
    responses((status = 200, body = Page<SourceItem>)))]
async fn list(State(state): State<AppState>) -> Result<Json<Page<SourceItem>>, Problem> {
    blocking(&state, |app| {
        let sources = app.store.control().sources()?;
        Ok(Json(Page::whole(sources.iter().map(source_item).collect())))
    })
    .await
}

/// Stops an analysis, or removes what is kept of a source. Analysts remove captures; the rest is
/// for admins, and the sensor itself stays.
#[utoipa::path(delete, path = "/api/v1/sources/{id}", tag = "state",
    params(("id" = i64, Path, description = "The source")),
    responses((status = 204, description = "Removed")))]
async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    blocking(&state, move |app| {
        let source = app.store.control().source(SourceId(id))?;
        if source.kind != SourceKind::File {
            caller.require(Role::Admin)?;
        }
        app.control.remove_source(source.id)?;
        app.data.known.forget(source.id);
        let detail = json!({ "name": source.name });
        audit::done(app, &caller, "source.remove", &id.to_string(), detail)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
