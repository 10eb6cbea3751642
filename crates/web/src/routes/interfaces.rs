//! Interfaces: which there are, and which to watch.

use crate::audit;
use crate::auth::Caller;
use crate::control::Interface;
use crate::data::Page;
use crate::error::Problem;
use crate::extract;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Most interfaces that are watched at once.
const NAMES_MAX: usize = 64;
/// Most bytes of a name: twice what Linux allows, for `any` and renamed ones.
const NAME_MAX: usize = 32;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::admin(), routes!(watch));
}

/// Interfaces with their rates now.
#[utoipa::path(get, path = "/api/v1/interfaces", tag = "state",
    responses((status = 200, body = Page<Interface>)))]
async fn list(State(state): State<AppState>) -> Result<Json<Page<Interface>>, Problem> {
    blocking(&state, |app| Ok(Json(Page::whole(app.control.interfaces()?)))).await
}

/// Interfaces to watch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Watch {
    /// Their names; `any` is all. An empty list: watch nothing.
    names: Vec<String>,
}

/// Watches these interfaces from now on, and after the next start.
#[utoipa::path(put, path = "/api/v1/interfaces", tag = "state", request_body = Watch,
    responses((status = 204, description = "Watching")))]
async fn watch(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(watch): extract::Json<Watch>,
) -> Result<StatusCode, Problem> {
    check(&watch.names)?;
    blocking(&state, move |app| {
        app.control.watch(&watch.names)?;
        let detail = json!({ "names": watch.names });
        audit::done(app, &caller, "interfaces.watch", "", detail)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Names that an interface can have.
pub(super) fn check(names: &[String]) -> Result<(), Problem> {
    if names.len() > NAMES_MAX {
        return Err(Problem::field("names", format!("expected at most {NAMES_MAX} interfaces")));
    }
    let fits = |name: &&String| {
        (1..=NAME_MAX).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
    };
    if let Some(index) = names.iter().position(|name| !fits(&name)) {
        let message =
            format!("entry {index} is no name of an interface; GET interfaces lists them");
        return Err(Problem::field("names", message));
    }
    Ok(())
}
