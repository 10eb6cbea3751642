//! Keyword lists and threat lists.

use crate::audit;
use crate::auth::Caller;
use crate::control::{ListInfo, ListKind, ListText};
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{self, Path};
use crate::route::{DOCUMENT_MAX, Routes, Rule};
use crate::state::{AppState, blocking};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Most bytes of a name.
const NAME_MAX: usize = 64;
/// Most bytes of a keyword list.
const KEYWORDS_MAX: u64 = 4 << 20;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(keywords));
    routes.add(Rule::viewer(), routes!(keyword_list));
    routes.add(Rule::admin().body(KEYWORDS_MAX), routes!(put_keywords));
    routes.add(Rule::admin(), routes!(switch_keywords));
    routes.add(Rule::admin(), routes!(remove_keywords));
    routes.add(Rule::viewer(), routes!(threats));
    routes.add(Rule::viewer(), routes!(threat_list));
    routes.add(Rule::admin().body(DOCUMENT_MAX), routes!(put_threats));
    routes.add(Rule::admin(), routes!(switch_threats));
    routes.add(Rule::admin(), routes!(remove_threats));
}

/// A list's new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewText {
    /// The text.
    text: String,
    /// The version that it was made from; null for a new list.
    version: Option<i64>,
}

/// Whether a list is used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
}

/// Keyword lists.
#[utoipa::path(get, path = "/api/v1/keywords", tag = "settings",
    responses((status = 200, body = Page<ListInfo>)))]
async fn keywords(State(state): State<AppState>) -> Result<Json<Page<ListInfo>>, Problem> {
    all(state, ListKind::Keywords).await
}

/// Threat lists.
#[utoipa::path(get, path = "/api/v1/threats", tag = "settings",
    responses((status = 200, body = Page<ListInfo>)))]
async fn threats(State(state): State<AppState>) -> Result<Json<Page<ListInfo>>, Problem> {
    all(state, ListKind::Threats).await
}

async fn all(state: AppState, kind: ListKind) -> Result<Json<Page<ListInfo>>, Problem> {
    blocking(&state, move |app| Ok(Json(Page::whole(app.control.lists(kind)?)))).await
}

/// One keyword list with its text.
#[utoipa::path(get, path = "/api/v1/keywords/{name}", tag = "settings",
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 200, body = ListText)))]
async fn keyword_list(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<ListText>, Problem> {
    read(state, ListKind::Keywords, name).await
}

/// One threat list with its text.
#[utoipa::path(get, path = "/api/v1/threats/{name}", tag = "settings",
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 200, body = ListText)))]
async fn threat_list(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<ListText>, Problem> {
    read(state, ListKind::Threats, name).await
}

async fn read(state: AppState, kind: ListKind, name: String) -> Result<Json<ListText>, Problem> {
    check(&name)?;
    blocking(&state, move |app| Ok(Json(app.control.list(kind, &name)?))).await
}

/// Makes or replaces a keyword list. In use from the next epoch on; a `place` in a refusal is the
/// line.
#[utoipa::path(put, path = "/api/v1/keywords/{name}", tag = "settings", request_body = NewText,
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 200, body = ListInfo)))]
async fn put_keywords(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    extract::Json(new): extract::Json<NewText>,
) -> Result<Json<ListInfo>, Problem> {
    put(state, caller, ListKind::Keywords, name, new).await
}

/// Makes or replaces a threat list. In use from the next epoch on.
#[utoipa::path(put, path = "/api/v1/threats/{name}", tag = "settings", request_body = NewText,
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 200, body = ListInfo)))]
async fn put_threats(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    extract::Json(new): extract::Json<NewText>,
) -> Result<Json<ListInfo>, Problem> {
    put(state, caller, ListKind::Threats, name, new).await
}

async fn put(
    state: AppState,
    caller: Caller,
    kind: ListKind,
    name: String,
    new: NewText,
) -> Result<Json<ListInfo>, Problem> {
    check(&name)?;
    blocking(&state, move |app| {
        let known = app.control.lists(kind)?.into_iter().find(|list| list.name == name);
        if known.map(|list| list.version) != new.version {
            return Err(Problem::conflict(
                "the list was changed in between; read it again and repeat the change",
            ));
        }
        let info = app.control.put_list(kind, &name, &new.text, new.version, caller.name())?;
        let detail = json!({ "bytes": new.text.len(), "version": info.version });
        audit::done(app, &caller, &format!("{}.put", words(kind)), &name, detail)?;
        Ok(Json(info))
    })
    .await
}

/// Switches a keyword list on or off.
#[utoipa::path(patch, path = "/api/v1/keywords/{name}", tag = "settings", request_body = Switch,
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 204, description = "Switched")))]
async fn switch_keywords(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    extract::Json(switch): extract::Json<Switch>,
) -> Result<StatusCode, Problem> {
    set_enabled(state, caller, ListKind::Keywords, name, switch.enabled).await
}

/// Switches a threat list on or off.
#[utoipa::path(patch, path = "/api/v1/threats/{name}", tag = "settings", request_body = Switch,
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 204, description = "Switched")))]
async fn switch_threats(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    extract::Json(switch): extract::Json<Switch>,
) -> Result<StatusCode, Problem> {
    set_enabled(state, caller, ListKind::Threats, name, switch.enabled).await
}

async fn set_enabled(
    state: AppState,
    caller: Caller,
    kind: ListKind,
    name: String,
    enabled: bool,
) -> Result<StatusCode, Problem> {
    check(&name)?;
    blocking(&state, move |app| {
        app.control.enable_list(kind, &name, enabled, caller.name())?;
        let action = format!("{}.switch", words(kind));
        audit::done(app, &caller, &action, &name, json!({ "enabled": enabled }))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Removes a keyword list of the user's.
#[utoipa::path(delete, path = "/api/v1/keywords/{name}", tag = "settings",
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 204, description = "Removed")))]
async fn remove_keywords(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    remove(state, caller, ListKind::Keywords, name).await
}

/// Removes a threat list of the user's.
#[utoipa::path(delete, path = "/api/v1/threats/{name}", tag = "settings",
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 204, description = "Removed")))]
async fn remove_threats(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    remove(state, caller, ListKind::Threats, name).await
}

async fn remove(
    state: AppState,
    caller: Caller,
    kind: ListKind,
    name: String,
) -> Result<StatusCode, Problem> {
    check(&name)?;
    blocking(&state, move |app| {
        app.control.remove_list(kind, &name, caller.name())?;
        audit::done(app, &caller, &format!("{}.remove", words(kind)), &name, json!({}))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

const fn words(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Keywords => "keywords",
        ListKind::Threats => "threats",
    }
}

/// Names that serve in a URL, in a file and in an alert's technique.
fn check(name: &str) -> Result<(), Problem> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('.') {
        return Ok(());
    }
    let message = "expected 1 to 64 letters, digits, `-`, `_` or `.`, not beginning with `.`";
    Err(Problem::field("name", message))
}
