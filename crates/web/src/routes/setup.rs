//! The first set-up: who has the link that the program printed makes the first admin.

use crate::auth::{links, password};
use crate::control::Interface;
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{Json, Query};
use crate::peer::Peer;
use crate::route::{LOGIN_MAX, Routes, Rule};
use crate::state::{AppState, accounts};
use crate::{accounts as people, audit, clock};
use anomalyzer_store::control::{NewUser, Role, User};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::public().body(LOGIN_MAX), routes!(setup));
    routes.add(Rule::public(), routes!(interfaces));
}

/// The first admin, and what to watch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Setup {
    /// From the link that the program printed.
    token: String,
    name: String,
    password: String,
    /// Interfaces to watch; empty: decide later.
    #[serde(default)]
    interfaces: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Token {
    /// From the link that the program printed.
    token: String,
}

/// Makes the first admin and logs in. Only while there is none.
#[utoipa::path(post, path = "/api/v1/setup", tag = "session", request_body = Setup,
    responses((status = 200, body = super::session::SessionView), (status = 401), (status = 409)))]
async fn setup(
    State(state): State<AppState>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(setup): Json<Setup>,
) -> Result<Response, Problem> {
    let token = setup.token.clone();
    check_token(&state, token, peer).await?;
    people::check_name(&setup.name).map_err(|why| Problem::field("name", why))?;
    password::check(&setup.password, &setup.name).map_err(|why| Problem::field("password", why))?;
    super::interfaces::check(&setup.interfaces)?;
    let hash = state.hasher.hash(setup.password.clone()).await?;
    let user = accounts(&state, move |app| make(app, &setup, hash, peer)).await?;
    super::session::open(&state, user, peer, &headers, "login").await
}

fn make(app: &AppState, setup: &Setup, hash: String, peer: IpAddr) -> Result<User, Problem> {
    // Of two browsers at once only one gets through.
    let _one = app.one_time();
    still_needed(app)?;
    links::check_setup(&app.store, &setup.token, clock::now())?;
    let new = NewUser { name: setup.name.clone(), role: Role::Admin, password: hash };
    let control = app.store.control();
    let id = control.add_user(&new, clock::now())?;
    links::end_setup(&app.store)?;
    let event = audit::Event {
        action: "setup",
        target: &setup.name,
        detail: json!({ "interfaces": setup.interfaces }),
        result: "ok",
    };
    audit::write(app, &setup.name, Some(peer), &event)?;
    if !setup.interfaces.is_empty() {
        // The admin is made all the same; what cannot be watched shows in the status.
        if let Err(refusal) = app.control.watch(&setup.interfaces) {
            tracing::warn!(%refusal, "the interfaces of the set-up cannot be watched");
        }
    }
    Ok(control.user(id)?)
}

/// Interfaces to choose from. Only while there is no admin, for who has the link.
#[utoipa::path(get, path = "/api/v1/setup/interfaces", tag = "session", params(Token),
    responses((status = 200, body = Page<Interface>), (status = 401), (status = 409)))]
async fn interfaces(
    State(state): State<AppState>,
    Peer(peer): Peer,
    Query(asked): Query<Token>,
) -> Result<axum::Json<Page<Interface>>, Problem> {
    check_token(&state, asked.token, peer).await?;
    accounts(&state, |app| Ok(axum::Json(Page::whole(app.control.interfaces()?)))).await
}

/// Refuses a wrong token, with the limits of a log-in.
async fn check_token(state: &AppState, token: String, peer: IpAddr) -> Result<(), Problem> {
    let attempt = state.throttle.begin("", peer)?;
    let checked = accounts(state, move |app| {
        still_needed(app)?;
        links::check_setup(&app.store, &token, clock::now())
    });
    match checked.await {
        Err(problem) if problem.code() == StatusCode::UNAUTHORIZED => Err(problem),
        other => {
            // A right token, or one that nobody looked at.
            attempt.cancelled();
            other
        }
    }
}

fn still_needed(app: &AppState) -> Result<(), Problem> {
    if app.options.demo || !people::setup_needed(&app.store)? {
        return Err(Problem::conflict("the program is set up already; log in"));
    }
    Ok(())
}
