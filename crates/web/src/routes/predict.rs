//! Predictions: a record of the form in, what the model in use says of it out.

use crate::auth::Caller;
use crate::clock;
use crate::data::{self, Page};
use crate::error::{FieldError, Problem};
use crate::extract::{self, Query};
use crate::json::{Raw, raw, seconds};
use crate::models::{NotAsked, Prediction};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::routes;

/// Whose records are predicted.
const SCHEMA: &str = "form";
/// Bytes of a record.
const BODY: u64 = 16 << 10;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().body(BODY), routes!(predict));
    routes.add(Rule::viewer().body(BODY), routes!(predict_plain));
    routes.add(Rule::viewer(), routes!(history));
}

/// Says whether a record (the fields of schema `form`, numbers also as strings) is an anomaly, and
/// why.
#[utoipa::path(post, path = "/api/v1/predict", tag = "models",
    request_body = BTreeMap<String, String>,
    responses((status = 200, body = Prediction), (status = 409), (status = 422)))]
async fn predict(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(record): extract::Json<Value>,
) -> Result<Json<Prediction>, Problem> {
    answer(&state, &caller, &record).await
}

/// The same at its short address.
#[utoipa::path(post, path = "/predict", tag = "plain", request_body = BTreeMap<String, String>,
    responses((status = 200, body = Prediction), (status = 409), (status = 422)))]
async fn predict_plain(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(record): extract::Json<Value>,
) -> Result<Json<Prediction>, Problem> {
    answer(&state, &caller, &record).await
}

async fn answer(
    state: &AppState,
    caller: &Caller,
    record: &Value,
) -> Result<Json<Prediction>, Problem> {
    let ready = state.models.predictor.ready(SCHEMA);
    let asked = match ready {
        Some(asked) => Some(asked),
        None => {
            blocking(state, |app| app.models.predictor.load(app.store.control(), SCHEMA)).await?
        }
    };
    let at = clock::now();
    // A few microseconds: no thread of its own.
    let predicted =
        asked.map_or(Err(NotAsked::NoModel), |asked| asked.predict(record, seconds(at)));
    let prediction = predicted.map_err(Problem::from)?;
    remember(state, caller.user.id, &prediction, at);
    Ok(Json(prediction))
}

/// Keeps a prediction for the history of its user, behind the answer: nobody waits for the disk.
fn remember(state: &AppState, user: i64, prediction: &Prediction, at: i64) {
    let record = raw(prediction);
    let Ok(kept) = Arc::clone(&state.models.remembering).try_acquire_owned() else { return };
    let state = state.clone();
    tokio::spawn(async move {
        let _kept = kept;
        let put = blocking(&state, move |app| {
            Ok(app.store.control().add_prediction(user, record.get(), at)?)
        });
        if let Err(problem) = put.await {
            tracing::warn!(detail = %problem.detail, "a prediction is missing in the history");
        }
    });
}

impl From<NotAsked> for Problem {
    fn from(why: NotAsked) -> Self {
        match why {
            NotAsked::NoModel => Self::conflict(
                "no model of schema form is in use; train one and promote it, or import one",
            ),
            NotAsked::Fields(faults) => {
                let first = faults.first().map_or_else(String::new, |fault| {
                    format!(": {} {}", fault.field, fault.message)
                });
                let what = format!("{} fields are wrong{first}", faults.len());
                let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, what);
                problem.errors = faults
                    .into_iter()
                    .map(|fault| FieldError {
                        field: fault.field.into_owned(),
                        message: fault.message,
                    })
                    .collect();
                problem
            }
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct HistoryParams {
    /// Most predictions, 1 to 100.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// The caller's own last predictions, the latest first, at most 100.
#[utoipa::path(get, path = "/api/v1/predict/history", tag = "models", params(HistoryParams),
    responses((status = 200, body = Page<Prediction>)))]
async fn history(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<HistoryParams>,
) -> Result<Json<Page<Raw>>, Problem> {
    let limit = data::bounded("limit", params.limit.as_deref(), 100, 1..=100)?;
    blocking(&state, move |app| {
        let kept = app.store.control().predictions(caller.user.id, limit)?;
        let items = kept.into_iter().filter_map(|record| RawValue::from_string(record).ok());
        Ok(Json(Page::whole(items.collect())))
    })
    .await
}
