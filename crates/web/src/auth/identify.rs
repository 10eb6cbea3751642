//! Who sends a request: by API token, else by the cookie of a session.

use super::{Caller, Via, secret};
use crate::clock;
use crate::error::Problem;
use crate::state::{AppState, accounts};
use anomalyzer_store::control::{Session, User};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use std::net::IpAddr;

/// The caller; `None` when nobody is logged in. A token that does not hold is refused even where a
/// cookie would do.
pub(crate) async fn identify(
    state: &AppState,
    headers: &HeaderMap,
    peer: IpAddr,
) -> Result<Option<Caller>, Problem> {
    if let Some(token) = bearer(headers)? {
        return by_token(state, &token, peer).await.map(Some);
    }
    let Some(secret) = state.cookie().find(headers) else { return Ok(None) };
    by_session(state, &secret, peer).await
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().unwrap_or("");
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token {
        Some((_, token)) => Ok(Some(token.trim().to_owned())),
        None => Err(Problem::login("send `Authorization: Bearer TOKEN`, or log in")),
    }
}

async fn by_token(state: &AppState, token: &str, peer: IpAddr) -> Result<Caller, Problem> {
    let hash = secret::hash(token);
    let found = accounts(state, move |app| {
        Ok(app.store.control().token(&hash, clock::now(), &peer.to_string())?)
    });
    let Some((token, user)) = found.await?.filter(|(_, user)| !user.disabled) else {
        return Err(Problem::login("this token is unknown, has expired or was ended"));
    };
    let role = token.role.min(user.role);
    Ok(Caller { user, role, via: Via::Token { id: token.id }, peer })
}

async fn by_session(
    state: &AppState,
    secret: &str,
    peer: IpAddr,
) -> Result<Option<Caller>, Problem> {
    let hash = secret::hash(secret);
    let (idle, max) = state.session_times();
    let found = accounts(state, move |app| {
        Ok(app.store.control().session(&hash, clock::now(), idle, max)?)
    });
    let found = found.await?.filter(|(_, user)| !user.disabled);
    Ok(found.map(|(session, user)| of_session(session, user, peer)))
}

/// The caller of a session.
pub(crate) fn of_session(session: Session, user: User, peer: IpAddr) -> Caller {
    let via =
        Via::Session { id: session.id, csrf: session.csrf, authenticated: session.authenticated };
    Caller { role: user.role, user, via, peer }
}
