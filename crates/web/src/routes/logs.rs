//! Plain endpoints for scripts: arrays of records, nothing around them.

use crate::data::schema;
use crate::data::{self, AlertParams};
use crate::error::Problem;
use crate::extract::Query;
use crate::json::{Raw, alert_item};
use crate::route::{Routes, Rule};
use crate::routes::flows;
use crate::state::{AppState, blocking};
use anomalyzer_store::history::{FlowQuery, FlowSort};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

/// Most rows.
const LIMIT_MAX: usize = 10_000;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().heavy(), routes!(traffic));
    routes.add(Rule::viewer(), routes!(anomalies));
    routes.add(Rule::viewer().or_page(), routes!(open));
}

/// Which records.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// From when; `-1h` when absent.
    from: Option<String>,
    /// Until when; `now` when absent.
    to: Option<String>,
    /// Most rows, 1 to 10,000; 100 when absent.
    #[param(value_type = Option<usize>)]
    limit: Option<String>,
}

/// The latest flow records.
#[utoipa::path(get, path = "/api/logs/traffic", tag = "plain", params(Params),
    responses((status = 200, body = Vec<schema::Flow>)))]
async fn traffic(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Raw>>, Problem> {
    blocking(&state, move |app| {
        let (source, range, filter) = flows::selection(
            app,
            params.source.as_deref(),
            params.from.as_deref(),
            params.to.as_deref(),
            None,
        )?;
        let page = app.store.history().query(&FlowQuery {
            source,
            range,
            filter,
            sort: FlowSort::Last,
            descending: true,
            limit: data::bounded("limit", params.limit.as_deref(), 100, 1..=LIMIT_MAX)?,
            cursor: None,
        })?;
        flows::items(app, source, &page.rows).map(Json)
    })
    .await
}

/// The latest alert records, of any state and severity.
#[utoipa::path(get, path = "/api/logs/anomalies", tag = "plain", params(AlertParams),
    responses((status = 200, body = Vec<schema::Alert>)))]
async fn anomalies(
    State(state): State<AppState>,
    Query(params): Query<AlertParams>,
) -> Result<Json<Vec<Raw>>, Problem> {
    blocking(&state, move |app| {
        let page = app.store.control().alerts(&params.query(app, &data::all_alerts())?)?;
        Ok(Json(page.rows.iter().map(alert_item).collect()))
    })
    .await
}

/// The open alert records. A browser that goes there gets the console's page of alerts.
#[utoipa::path(get, path = "/alerts", tag = "plain",
    responses((status = 200, body = Vec<schema::Alert>)))]
async fn open(State(state): State<AppState>) -> Result<Json<Vec<Raw>>, Problem> {
    blocking(&state, |app| open_alerts(app).map(Json)).await
}

fn open_alerts(app: &AppState) -> Result<Vec<Raw>, Problem> {
    let query = anomalyzer_store::control::AlertQuery {
        states: vec![anomalyzer_store::control::AlertState::Open],
        limit: data::LIMIT_MAX,
        ..data::all_alerts()
    };
    Ok(app.store.control().alerts(&query)?.rows.iter().map(alert_item).collect())
}
