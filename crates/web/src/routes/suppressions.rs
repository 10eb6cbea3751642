//! Rules that hide alerts.

use crate::audit;
use crate::auth::Caller;
use crate::clock;
use crate::control::SuppressionInfo;
use crate::data::{ID_MAX, Page};
use crate::error::Problem;
use crate::extract::{self, Path};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_engine::alert::{Scope, Suppression};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::analyst(), routes!(add));
    routes.add(Rule::analyst().heavy(), routes!(preview));
    routes.add(Rule::analyst(), routes!(remove));
}

/// Rules that hide alerts.
#[utoipa::path(get, path = "/api/v1/suppressions", tag = "alerts",
    responses((status = 200, body = Page<SuppressionInfo>)))]
async fn list(State(state): State<AppState>) -> Result<Json<Page<SuppressionInfo>>, Problem> {
    blocking(&state, |app| Ok(Json(Page::whole(app.control.suppressions()?)))).await
}

/// Which alerts a rule hides: those that fit all of what is given.
#[derive(ToSchema)]
#[schema(as = Scope)]
#[expect(dead_code, reason = "documentation")]
struct ScopeBody {
    detector: Option<String>,
    technique: Option<String>,
    /// Network that all sources are in.
    src: Option<String>,
    /// Network that all destinations are in.
    dst: Option<String>,
    /// The only port.
    port: Option<u16>,
    /// Name of a keyword list, threat list or whatever else the alert is about.
    name: Option<String>,
    /// This detector and subject and nothing else.
    subject: Option<String>,
}

/// A rule to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSuppression {
    #[schema(value_type = ScopeBody)]
    scope: Scope,
    /// Why they need not be seen, 1 to 500 characters.
    reason: String,
    /// Alerts that go on beyond this are shown again; never when absent.
    expires: Option<String>,
}

/// A rule's id.
#[derive(Serialize, ToSchema)]
struct Added {
    id: String,
}

/// Hides alerts. A rule with the same scope is replaced.
#[utoipa::path(post, path = "/api/v1/suppressions", tag = "alerts", request_body = NewSuppression,
    responses((status = 200, body = Added)))]
async fn add(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(new): extract::Json<NewSuppression>,
) -> Result<Json<Added>, Problem> {
    let now = clock::timestamp();
    let expires = new.expires.as_deref().map(|text| times::time("expires", text, now));
    let expires = expires.transpose()?;
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Problem::field("expires", "must lie in the future"));
    }
    let rule = Suppression::new(new.scope, &new.reason, Some(now), expires)
        .map_err(|why| Problem::field(blamed(&why), why))?;
    blocking(&state, move |app| {
        let id = app.control.suppress(&rule, caller.name())?;
        audit::done(app, &caller, "suppression.add", &id, json!({ "rule": rule }))?;
        Ok(Json(Added { id }))
    })
    .await
}

/// Which field a refusal of the engine is about.
fn blamed(why: &str) -> &'static str {
    if why.contains("reason") { "reason" } else { "scope" }
}

/// A scope to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Preview {
    #[schema(value_type = ScopeBody)]
    scope: Scope,
}

/// What a scope would hide.
#[derive(Serialize, ToSchema)]
struct Hides {
    /// How many alerts of the last 7 days.
    hides: u64,
    /// Titles of some of them.
    titles: Vec<String>,
}

/// What a scope would hide of the alerts of the last 7 days.
#[utoipa::path(post, path = "/api/v1/suppressions/preview", tag = "alerts",
    request_body = Preview, responses((status = 200, body = Hides)))]
async fn preview(
    State(state): State<AppState>,
    extract::Json(preview): extract::Json<Preview>,
) -> Result<Json<Hides>, Problem> {
    // Whether the scope makes sense is the engine's to say; the reason is none of the preview.
    let scope = Suppression::new(preview.scope, "preview", None, None)
        .map_err(|why| Problem::field("scope", why))?
        .scope;
    blocking(&state, move |app| {
        let (hides, titles) = app.control.preview_suppression(&scope)?;
        Ok(Json(Hides { hides, titles }))
    })
    .await
}

/// Removes a rule: its alerts are shown again.
#[utoipa::path(delete, path = "/api/v1/suppressions/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The rule's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if id.len() > ID_MAX {
        return Err(Problem::missing("no such rule"));
    }
    blocking(&state, move |app| {
        app.control.unsuppress(&id, caller.name())?;
        audit::done(app, &caller, "suppression.remove", &id, json!({}))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
