//! The registry of models: look, compare, promote, go back, bring in and take out.

use crate::audit;
use crate::auth::Caller;
use crate::clock;
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{self, Path};
use crate::models::{self, Comparison, ModelItem, RegistryError, SchemaItem, compare, model_item};
use crate::route::{Routes, Rule};
use crate::routes::exports::attachment;
use crate::state::{AppState, blocking};
use anomalyzer_learn::model::FILE_BYTES_MAX;
use anomalyzer_learn::schema::SCHEMAS;
use anomalyzer_store::control::{ModelRow, ModelState};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::viewer(), routes!(schemas));
    routes.add(Rule::viewer(), routes!(one));
    routes.add(Rule::admin(), routes!(remove));
    routes.add(Rule::viewer().heavy(), routes!(comparison));
    routes.add(Rule::admin().heavy(), routes!(promote));
    routes.add(Rule::admin(), routes!(rollback));
    routes.add(Rule::analyst().heavy(), routes!(file));
    routes.add(Rule::admin().heavy().body(FILE_BYTES_MAX as u64), routes!(import));
}

/// All models, the latest first.
#[utoipa::path(get, path = "/api/v1/models", tag = "models",
    responses((status = 200, body = Page<ModelItem>)))]
async fn list(State(state): State<AppState>) -> Result<Json<Page<ModelItem>>, Problem> {
    blocking(&state, |app| {
        let rows = app.store.control().models()?;
        Ok(Json(Page::whole(rows.iter().map(model_item).collect())))
    })
    .await
}

/// Kinds of records that models score, with their columns.
#[utoipa::path(get, path = "/api/v1/models/schemas", tag = "models",
    responses((status = 200, body = Page<SchemaItem>)))]
async fn schemas() -> Json<Page<SchemaItem>> {
    Json(Page::whole(SCHEMAS.iter().map(SchemaItem::from).collect()))
}

/// One model.
#[utoipa::path(get, path = "/api/v1/models/{id}", tag = "models",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, body = ModelItem), (status = 404)))]
async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<ModelItem>, Problem> {
    blocking(&state, move |app| Ok(Json(model_item(&app.store.control().model(&id)?)))).await
}

/// Removes a model that is not in use.
#[utoipa::path(delete, path = "/api/v1/models/{id}", tag = "models",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 204), (status = 404), (status = 409)))]
async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(&state, move |app| {
        app.store.control().remove_model(&id)?;
        audit::done(app, &caller, "model.remove", &id, json!({}))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// How a model does beside the one in use, on the same records, which neither was trained on as far
/// as that is known.
#[utoipa::path(get, path = "/api/v1/models/{id}/compare", tag = "models",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, body = Comparison), (status = 404)))]
async fn comparison(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Comparison>, Problem> {
    blocking(&state, move |app| Ok(Json(compare(app.store.control(), &id)?))).await
}

/// Puts a model to use in place of the one of its schema. How the two compare is noted.
#[utoipa::path(post, path = "/api/v1/models/{id}/promote", tag = "models",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, body = ModelItem), (status = 404), (status = 409)))]
async fn promote(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ModelItem>, Problem> {
    blocking(&state, move |app| {
        let control = app.store.control();
        let row = control.model(&id)?;
        let compared = if row.state == ModelState::Active {
            None
        } else {
            let Comparison { held_out_rows, better, text, .. } = compare(control, &id)?;
            Some(json!({ "held_out_rows": held_out_rows, "better": better, "text": text }))
        };
        let row = control.promote_model(&id)?;
        let detail = json!({ "schema": row.schema, "before": row.before, "compared": compared });
        audit::done(app, &caller, "model.promote", &id, detail)?;
        Ok(Json(in_use(app, &row)))
    })
    .await
}

/// Of which schema.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    schema: String,
}

/// Goes back to the model that was in use before the present one.
#[utoipa::path(post, path = "/api/v1/models/rollback", tag = "models", request_body = Rollback,
    responses((status = 200, body = ModelItem), (status = 404), (status = 409)))]
async fn rollback(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(body): extract::Json<Rollback>,
) -> Result<Json<ModelItem>, Problem> {
    blocking(&state, move |app| {
        let (before, now) = models::roll_back(app.store.control(), &body.schema)?;
        let before = before.map(|row| row.id);
        let detail = json!({ "schema": now.schema, "before": before });
        audit::done(app, &caller, "model.rollback", &now.id, detail)?;
        Ok(Json(in_use(app, &now)))
    })
    .await
}

/// Whoever asks the models from now on asks this one.
fn in_use(app: &AppState, row: &ModelRow) -> ModelItem {
    app.models.predictor.forget(&row.schema);
    app.control.model_changed(&row.schema);
    model_item(row)
}

/// The model's file.
#[utoipa::path(get, path = "/api/v1/models/{id}/file", tag = "models",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404)))]
async fn file(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    blocking(&state, move |app| {
        let row = app.store.control().model(&id)?;
        let bytes = app.store.control().model_file(&id)?;
        audit::done(app, &caller, "model.export", &id, json!({ "schema": row.schema }))?;
        let name = format!("{}-{}.model", row.schema, row.id);
        Ok(attachment(&name, "application/octet-stream", Bytes::from(bytes)))
    })
    .await
}

/// Takes a model file in, as a candidate. Files of other programs are refused; nothing in a file is
/// ever run.
#[utoipa::path(post, path = "/api/v1/models/import", tag = "models",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ModelItem), (status = 400), (status = 409), (status = 413)))]
async fn import(
    State(state): State<AppState>,
    caller: Caller,
    body: Body,
) -> Result<Json<ModelItem>, Problem> {
    let bytes = extract::read(body).await?;
    blocking(&state, move |app| {
        let model = models::import(&bytes, caller.name())?;
        let row = app.store.control().add_model(&model, clock::now())?;
        let detail = json!({ "schema": row.schema, "bytes": bytes.len() });
        audit::done(app, &caller, "model.import", &row.id, detail)?;
        Ok(Json(model_item(&row)))
    })
    .await
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) => error.into(),
            error => Self::invalid(error.to_string()),
        }
    }
}
