//! Logging in and out, and who is here.

use crate::auth::identify::{identify, of_session};
use crate::auth::password::Verdict;
use crate::auth::{Caller, Via, links, secret};
use crate::error::Problem;
use crate::extract::Json;
use crate::json::Raw;
use crate::peer::Peer;
use crate::route::{LOGIN_MAX, Routes, Rule};
use crate::state::{AppState, accounts};
use crate::{accounts as people, audit, clock};
use anomalyzer_store::control::{NewSession, Role, User};
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::net::IpAddr;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Longest time that a log-in name of a failure is kept for, in characters.
const TOLD_MAX: usize = 64;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::public(), routes!(view));
    routes.add(Rule::public().body(LOGIN_MAX), routes!(login));
    routes.add(Rule::public().body(LOGIN_MAX), routes!(link));
    routes.add(Rule::viewer(), routes!(logout));
    routes.add(Rule::viewer().body(LOGIN_MAX), routes!(confirm));
}

/// Who is logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionUser {
    id: i64,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// What the console keeps for this user.
    #[schema(value_type = Object)]
    preferences: Raw,
}

/// The session, and what a page must know before anybody has logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    user: Option<SessionUser>,
    /// Nobody can log in yet: set the program up with the link that it printed.
    setup_needed: bool,
    /// Everything shown is made up.
    demo: bool,
    /// Packets come from interfaces; false in a replay and in the demonstration.
    captures: bool,
    /// Passwords cross the network in the clear.
    insecure: bool,
    /// Goes into the header `X-CSRF-Token` of everything that changes something.
    csrf: Option<String>,
    /// Version of the program; empty before the log-in.
    version: String,
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    name: String,
    password: String,
}

/// A one-time token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkToken {
    token: String,
}

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    password: String,
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = SessionView)))]
async fn view(
    State(state): State<AppState>,
    Peer(peer): Peer,
    headers: HeaderMap,
) -> Result<axum::Json<SessionView>, Problem> {
    // A token that does not hold is nobody here; every other route says why.
    let caller = identify(&state, &headers, peer).await.unwrap_or(None);
    accounts(&state, move |app| Ok(axum::Json(view_of(app, caller.as_ref())?))).await
}

fn view_of(app: &AppState, caller: Option<&Caller>) -> Result<SessionView, Problem> {
    let demo = app.options.demo;
    let user = caller.map(|caller| SessionUser {
        id: caller.user.id,
        name: caller.user.name.clone(),
        role: caller.role,
        preferences: RawValue::from_string(caller.user.preferences.clone())
            .unwrap_or_else(|_| crate::json::raw(&json!({}))),
    });
    let csrf = caller.and_then(|caller| match &caller.via {
        Via::Session { csrf, .. } => Some(csrf.clone()),
        Via::Token { .. } => None,
    });
    Ok(SessionView {
        setup_needed: !demo && user.is_none() && people::setup_needed(&app.store)?,
        demo,
        captures: app.control.captures(),
        insecure: !app.options.tls && !app.options.listen.ip().is_loopback(),
        csrf,
        version: if user.is_some() { env!("CARGO_PKG_VERSION").into() } else { String::new() },
        user,
    })
}

/// Logs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Login,
    responses((status = 200, body = SessionView), (status = 401), (status = 429)))]
async fn login(
    State(state): State<AppState>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    let attempt = state.throttle.begin(&login.name, peer)?;
    let name = login.name.clone();
    let found = accounts(&state, move |app| Ok(app.store.control().user_named(&name)?)).await?;
    let user = found.filter(|user| !user.disabled);
    let hash = user.as_ref().map(|user| user.password.clone());
    let verdict = match state.hasher.verify(login.password, hash).await {
        Ok(verdict) => verdict,
        Err(problem) => {
            // Nobody has looked at the password: that was no failure.
            attempt.cancelled();
            return Err(problem);
        }
    };
    let (Some(user), Verdict::Right(newer)) = (user, verdict) else {
        return Err(failed(&state, &login.name, peer).await);
    };
    attempt.succeeded();
    if let Some(hash) = newer {
        let (id, before) = (user.id, user.password.clone());
        let renew = move |app: &AppState| Ok(app.store.control().renew_hash(id, &before, &hash)?);
        accounts(&state, renew).await?;
    }
    open(&state, user, peer, &headers, "login").await
}

/// Notes a failure. The words are the same whatever was wrong.
async fn failed(state: &AppState, name: &str, peer: IpAddr) -> Problem {
    let told: String = name.chars().take(TOLD_MAX).collect();
    let noted = accounts(state, move |app| {
        let event = audit::Event {
            action: "login",
            target: &told,
            detail: json!({}),
            result: "wrong name or password",
        };
        audit::write(app, "", Some(peer), &event)
    });
    match noted.await {
        Ok(()) => Problem::login("the name or the password is wrong"),
        Err(problem) => problem,
    }
}

/// Logs in with a one-time link.
#[utoipa::path(post, path = "/api/v1/session/link", tag = "session", request_body = LinkToken,
    responses((status = 200, body = SessionView), (status = 401), (status = 429)))]
async fn link(
    State(state): State<AppState>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(link): Json<LinkToken>,
) -> Result<Response, Problem> {
    let attempt = state.throttle.begin("", peer)?;
    let found = accounts(&state, move |app| {
        let _one = app.one_time();
        let Some(user) = links::take(&app.store, &link.token, clock::now())? else {
            return Ok(None);
        };
        match app.store.control().user(user) {
            Ok(user) => Ok(Some(user).filter(|user| !user.disabled)),
            Err(anomalyzer_store::StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    });
    let Some(user) = found.await? else {
        let _ = failed(&state, "a link", peer).await;
        return Err(Problem::login(
            "this link has been used or has expired; start the demonstration again, or run \
             `anomalyzer user link NAME`",
        ));
    };
    attempt.succeeded();
    open(&state, user, peer, &headers, "login.link").await
}

/// Begins a session under a new secret, whatever cookie the browser came with.
pub(super) async fn open(
    state: &AppState,
    user: User,
    peer: IpAddr,
    headers: &HeaderMap,
    action: &'static str,
) -> Result<Response, Problem> {
    let (secret, csrf) = (secret::secret()?, secret::secret()?);
    let before = state.cookie().find(headers).map(|old| secret::hash(&old));
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let session = NewSession {
        hash: secret::hash(&secret),
        user: user.id,
        peer: peer.to_string(),
        agent: agent.to_owned(),
        csrf,
    };
    let view =
        accounts(state, move |app| begin(app, &user.name, peer, &session, before, action)).await?;
    let cookie = state.cookie().set(&secret, state.options.session_max);
    let cookie = cookie.ok_or_else(|| Problem::internal(&"the cookie cannot be written"))?;
    Ok(([(SET_COOKIE, cookie)], axum::Json(view)).into_response())
}

fn begin(
    app: &AppState,
    name: &str,
    peer: IpAddr,
    new: &NewSession,
    before: Option<[u8; 32]>,
    action: &str,
) -> Result<SessionView, Problem> {
    let (control, now) = (app.store.control(), clock::now());
    let (idle, max) = app.session_times();
    // The session that this browser had until now ends: two cookies never lead to two of them.
    if let Some(hash) = before
        && let Some((old, owner)) = control.session(&hash, now, idle, max)?
    {
        control.end_sessions(owner.id, Some(old.id), None)?;
        app.say_ended();
    }
    control.add_session(new, now)?;
    let Some((session, user)) = control.session(&new.hash, now, idle, max)? else {
        return Err(Problem::internal(&format!("the new session of {name} is not there")));
    };
    let caller = of_session(session, user, peer);
    audit::done(app, &caller, action, &caller.user.name, json!({}))?;
    view_of(app, Some(&caller))
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "Logged out")))]
async fn logout(State(state): State<AppState>, caller: Caller) -> Result<Response, Problem> {
    let Via::Session { id, .. } = caller.via else {
        return Err(Problem::invalid("a token has no session; remove the token instead"));
    };
    accounts(&state, move |app| {
        app.store.control().end_sessions(caller.user.id, Some(id), None)?;
        audit::done(app, &caller, "logout", &caller.user.name, json!({}))
    })
    .await?;
    state.say_ended();
    let cookie = state.cookie().clear();
    let cookie = cookie.ok_or_else(|| Problem::internal(&"the cookie cannot be written"))?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Enters the password again, which counts for five minutes.
#[utoipa::path(post, path = "/api/v1/session/confirm", tag = "session", request_body = Password,
    responses((status = 204, description = "Confirmed"), (status = 403), (status = 429)))]
async fn confirm(
    State(state): State<AppState>,
    caller: Caller,
    Json(entered): Json<Password>,
) -> Result<StatusCode, Problem> {
    let Via::Session { id, .. } = caller.via else {
        return Err(Problem::invalid("a token has no password; log in to the console"));
    };
    check_password(&state, &caller, entered.password, "session.confirm").await?;
    accounts(&state, move |app| {
        app.store.control().reauthenticated(id, clock::now())?;
        audit::done(app, &caller, "session.confirm", &caller.user.name, json!({}))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks the password of who is logged in, with the limits of a log-in.
pub(super) async fn check_password(
    state: &AppState,
    caller: &Caller,
    password: String,
    action: &'static str,
) -> Result<(), Problem> {
    let attempt = state.throttle.begin(caller.name(), caller.peer)?;
    let hash = Some(caller.user.password.clone());
    match state.hasher.verify(password, hash).await {
        Ok(Verdict::Right(_)) => {
            attempt.succeeded();
            Ok(())
        }
        Ok(Verdict::Wrong) => {
            let who = caller.clone();
            accounts(state, move |app| {
                let target = who.user.name.as_str();
                let result = "wrong password";
                audit::note(app, &who, &audit::Event { action, target, detail: json!({}), result })
            })
            .await?;
            Err(Problem::forbidden("the password is wrong"))
        }
        Err(problem) => {
            attempt.cancelled();
            Err(problem)
        }
    }
}
