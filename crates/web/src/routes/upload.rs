//! Captures that are sent in: streamed to the disk, then analysed as a source of their own.

use crate::audit;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::Query;
use crate::incoming::{Partial, display_name, receive};
use crate::json::{SourceItem, source_item};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes, upload_max: u64) {
    routes.add(Rule::analyst().heavy().unhurried().body(upload_max), routes!(upload));
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// What the capture is called.
    name: Option<String>,
}

/// Analyses a capture (pcap, pcapng, also compressed): the body is the file. Returns at once;
/// progress comes as events `source`.
#[utoipa::path(post, path = "/api/v1/sources", tag = "state", params(Params),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = SourceItem)))]
async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<Params>,
    body: Body,
) -> Result<(StatusCode, Json<SourceItem>), Problem> {
    let name = display_name(params.name.as_deref().unwrap_or(""), "capture");
    let directory = state.store.dir().join("uploads");
    let partial = blocking(&state, move |_| Partial::create(&directory)).await?;
    let bytes = receive(&state, &partial, body).await?;
    blocking(&state, move |app| {
        let id = app.control.analyse(&partial.path, &name)?;
        partial.keep();
        let detail = json!({ "name": name, "bytes": bytes });
        audit::done(app, &caller, "source.upload", &id.0.to_string(), detail)?;
        let source = app.store.control().source(id)?;
        Ok((StatusCode::ACCEPTED, Json(source_item(&source))))
    })
    .await
}
