//! A copy of the control store, whole and consistent, while everything goes on.

use crate::audit;
use crate::auth::Caller;
use crate::data::stream::streamed;
use crate::error::Problem;
use crate::incoming::random_name;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use std::io;
use std::path::PathBuf;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::admin().heavy().unhurried(), routes!(backup));
}

/// A file that is removed with this value.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a copy of the control store stays behind");
        }
    }
}

/// Users, alerts, devices, settings and the audit trail as one SQLite file. To restore it there is
/// the command line.
#[utoipa::path(get, path = "/api/v1/backup", tag = "settings",
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.sqlite3")))]
async fn backup(State(state): State<AppState>, caller: Caller) -> Result<Response, Problem> {
    let copy = blocking(&state, move |app| {
        // In the data directory: nobody else can look into it.
        let copy = Copy(app.store.dir().join(format!("{}.backup", random_name()?)));
        app.store.control().backup_to(&copy.0)?;
        audit::done(app, &caller, "backup", "", json!({}))?;
        Ok(copy)
    })
    .await?;
    let kind = "application/vnd.sqlite3";
    Ok(streamed(&state, "anomalyzer-control.db", kind, move |_, out| {
        let copied = std::fs::File::open(&copy.0).and_then(|mut file| io::copy(&mut file, out));
        copied.map(|_| ()).map_err(|error| Problem::internal(&error))
    }))
}
