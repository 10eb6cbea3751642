//! API tokens.

use crate::auth::{Caller, secret};
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{Json, Path, Query};
use crate::json::seconds;
use crate::route::{LOGIN_MAX, Routes, Rule};
use crate::state::{AppState, accounts};
use crate::{accounts as people, audit, clock};
use anomalyzer_store::control::{NewToken, Role, Token};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most days that a token holds.
const DAYS_MAX: u16 = 365;
/// Longest name, in characters.
const NAME_MAX: usize = 64;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::viewer().confirmed().body(LOGIN_MAX), routes!(add));
    routes.add(Rule::viewer(), routes!(remove));
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Those of all users; for admins.
    #[serde(default)]
    all: bool,
}

/// Last use.
#[derive(Serialize, ToSchema)]
struct Used {
    /// When, exact to a minute.
    at: String,
    /// From which address.
    from: String,
}

/// A token without its secret.
#[derive(Serialize, ToSchema)]
struct TokenItem {
    id: i64,
    /// Whose, by name.
    user: String,
    name: String,
    /// Its first characters.
    prefix: String,
    #[schema(value_type = String)]
    role: Role,
    created: String,
    expires: String,
    used: Option<Used>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddToken {
    /// What it is for.
    name: String,
    /// At most the own role.
    #[schema(value_type = String)]
    role: Role,
    /// Days until it ends, 1 to 365.
    days: u16,
}

/// A new token. It is shown now and never again.
#[derive(Serialize, ToSchema)]
struct AddedToken {
    id: i64,
    token: String,
}

/// Own tokens, or those of all users.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "users", params(Params),
    responses((status = 200, body = Page<TokenItem>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<Params>,
) -> Result<axum::Json<Page<TokenItem>>, Problem> {
    if params.all {
        caller.require(Role::Admin)?;
    }
    accounts(&state, move |app| {
        let control = app.store.control();
        let of = if params.all { None } else { Some(caller.user.id) };
        let users = if params.all { control.users()? } else { vec![caller.user] };
        let names: HashMap<i64, String> = users.into_iter().map(|u| (u.id, u.name)).collect();
        let now = clock::now();
        let tokens = control.tokens(of)?.into_iter().filter(|token| token.expires > now);
        Ok(axum::Json(Page::whole(tokens.map(|token| item(token, &names)).collect())))
    })
    .await
}

fn item(token: Token, names: &HashMap<i64, String>) -> TokenItem {
    TokenItem {
        id: token.id,
        user: names.get(&token.user).cloned().unwrap_or_default(),
        name: token.name,
        prefix: token.prefix,
        role: token.role,
        created: seconds(token.created),
        expires: seconds(token.expires),
        used: token.used.map(|(at, from)| Used { at: seconds(at), from }),
    }
}

/// Makes a token of one's own.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "users", request_body = AddToken,
    responses((status = 201, body = AddedToken)))]
async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Json(asked): Json<AddToken>,
) -> Result<(StatusCode, axum::Json<AddedToken>), Problem> {
    caller.require(asked.role)?;
    let name = asked.name.trim().to_owned();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Problem::field("name", format!("must have 1 to {NAME_MAX} characters")));
    }
    if asked.days == 0 || asked.days > DAYS_MAX {
        return Err(Problem::field("days", format!("must be 1 to {DAYS_MAX}")));
    }
    let token = secret::api_token()?;
    let now = clock::now();
    let new = NewToken {
        hash: secret::hash(&token),
        user: caller.user.id,
        name,
        prefix: people::prefix(&token),
        role: asked.role,
        expires: now + i64::from(asked.days) * 86_400,
    };
    accounts(&state, move |app| {
        let id = app.store.control().add_token(&new, now)?;
        let detail = json!({ "id": id, "role": new.role, "expires": seconds(new.expires) });
        audit::done(app, &caller, "token.add", &new.name, detail)?;
        Ok((StatusCode::CREATED, axum::Json(AddedToken { id, token })))
    })
    .await
}

/// Ends a token: an own one; admins end any.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 204, description = "Ended"), (status = 404)))]
async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    accounts(&state, move |app| {
        let control = app.store.control();
        let of = if caller.role == Role::Admin { None } else { Some(caller.user.id) };
        let token = control.tokens(of)?.into_iter().find(|token| token.id == id);
        let token = token.ok_or_else(|| Problem::missing("there is no such token of yours"))?;
        control.remove_token(id)?;
        app.say_ended();
        audit::done(app, &caller, "token.remove", &token.name, json!({ "id": id }))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
