//! Users.

use crate::auth::{Caller, Via, password};
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{Json, Path};
use crate::json::seconds;
use crate::route::{LOGIN_MAX, Routes, Rule};
use crate::state::{AppState, accounts};
use crate::{accounts as people, audit, clock};
use anomalyzer_store::control::{NewUser, Role, User};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::admin(), routes!(list));
    routes.add(Rule::admin().confirmed().body(LOGIN_MAX), routes!(add));
    routes.add(Rule::admin().confirmed().body(LOGIN_MAX), routes!(change));
    routes.add(Rule::admin().confirmed(), routes!(remove));
}

/// A user.
#[derive(Serialize, ToSchema)]
struct Account {
    id: i64,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    disabled: bool,
    created: String,
    last_login: Option<String>,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            disabled: user.disabled,
            created: seconds(user.created),
            last_login: user.last_login.map(seconds),
        }
    }
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddUser {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    password: String,
}

/// What is to be another; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeUser {
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    disabled: Option<bool>,
    password: Option<String>,
}

/// All users, by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    responses((status = 200, body = Page<Account>)))]
async fn list(State(state): State<AppState>) -> Result<axum::Json<Page<Account>>, Problem> {
    accounts(&state, |app| {
        let users = app.store.control().users()?;
        Ok(axum::Json(Page::whole(users.into_iter().map(Account::from).collect())))
    })
    .await
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = AddUser,
    responses((status = 201, body = Account), (status = 409)))]
async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Json(asked): Json<AddUser>,
) -> Result<(StatusCode, axum::Json<Account>), Problem> {
    people::check_name(&asked.name).map_err(|why| Problem::field("name", why))?;
    password::check(&asked.password, &asked.name).map_err(|why| Problem::field("password", why))?;
    let hash = state.hasher.hash(asked.password).await?;
    accounts(&state, move |app| {
        let control = app.store.control();
        let new = NewUser { name: asked.name, role: asked.role, password: hash };
        let id = control.add_user(&new, clock::now())?;
        audit::done(app, &caller, "user.add", &new.name, json!({ "role": new.role }))?;
        Ok((StatusCode::CREATED, axum::Json(control.user(id)?.into())))
    })
    .await
}

/// Changes role, state or password of a user; ends the user's sessions.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", request_body = ChangeUser,
    params(("id" = i64, Path)), responses((status = 200, body = Account), (status = 404)))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<i64>,
    Json(asked): Json<ChangeUser>,
) -> Result<axum::Json<Account>, Problem> {
    let user = accounts(&state, move |app| Ok(app.store.control().user(id)?)).await?;
    let hash = match asked.password {
        Some(text) => {
            password::check(&text, &user.name).map_err(|why| Problem::field("password", why))?;
            Some(state.hasher.hash(text).await?)
        }
        None => None,
    };
    accounts(&state, move |app| {
        let control = app.store.control();
        control.change_user(id, asked.role, asked.disabled)?;
        let changed = hash.is_some();
        if let Some(hash) = hash {
            control.set_password(id, &hash, own_session(&caller, id))?;
            people::end_tokens(&app.store, id)?;
        }
        app.say_ended();
        let after = control.user(id)?;
        let detail = json!({
            "before": { "role": user.role, "disabled": user.disabled },
            "after": { "role": after.role, "disabled": after.disabled },
            "password": changed,
        });
        audit::done(app, &caller, "user.change", &after.name, detail)?;
        Ok(axum::Json(after.into()))
    })
    .await
}

/// The session that may stay when the caller changes his own account.
fn own_session(caller: &Caller, user: i64) -> Option<i64> {
    match caller.via {
        Via::Session { id, .. } if caller.user.id == user => Some(id),
        _ => None,
    }
}

/// Removes a user with sessions and tokens.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 204, description = "Removed"), (status = 404)))]
async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    accounts(&state, move |app| {
        let control = app.store.control();
        let user = control.user(id)?;
        control.remove_user(id)?;
        app.say_ended();
        audit::done(app, &caller, "user.remove", &user.name, json!({ "role": user.role }))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
