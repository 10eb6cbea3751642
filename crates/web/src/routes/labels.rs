//! What users say of flows, for training: part of an attack, or normal.

use crate::audit;
use crate::auth::Caller;
use crate::clock;
use crate::error::Problem;
use crate::extract;
use crate::models::labels;
use crate::route::{Routes, Rule};
use crate::routes::{alerts, evidence};
use crate::state::{AppState, blocking};
use anomalyzer_store::SourceId;
use anomalyzer_store::control::NewLabel;
use anomalyzer_store::history::StoredFlow;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Flows of an alert that are labelled.
const FLOWS_MAX: usize = 10_000;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::analyst().heavy(), routes!(label));
    routes.add(Rule::viewer(), routes!(summary));
}

/// A label of a flow, or of all flows of an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFlowLabel {
    /// Of which source.
    source: i64,
    /// Id of an alert: all its flows.
    alert: Option<String>,
    /// Key of a flow.
    flow: Option<String>,
    /// `attack` or `normal`.
    label: String,
}

/// Calls a flow, or the flows of an alert, part of an attack or normal.
#[utoipa::path(post, path = "/api/v1/labels", tag = "models", request_body = NewFlowLabel,
    responses((status = 204), (status = 400), (status = 404)))]
async fn label(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(body): extract::Json<NewFlowLabel>,
) -> Result<StatusCode, Problem> {
    let attack = match body.label.as_str() {
        "attack" => true,
        "normal" => false,
        _ => return Err(Problem::field("label", "must be attack or normal")),
    };
    blocking(&state, move |app| {
        let source = SourceId(body.source);
        let (flows, kind) = match (&body.alert, &body.flow) {
            (Some(id), None) => {
                let alert = alerts::find(app, Some(body.source), id)?;
                let page = evidence::flows_of_alert(app, &alert, FLOWS_MAX)?;
                (page.rows, alert.alert.detector)
            }
            (None, Some(key)) => (vec![app.store.history().flow(key)?], String::new()),
            _ => return Err(Problem::field("flow", "give either a flow or an alert")),
        };
        if flows.is_empty() {
            return Err(Problem::missing("the alert's flows are not in the history any more"));
        }
        let kind = if attack { kind } else { String::new() };
        let new: Vec<NewLabel> = flows.iter().map(|flow| of(flow, attack, &kind)).collect();
        let count = app.store.control().put_labels(source, &new, caller.name(), clock::now())?;
        let target = body.alert.or(body.flow).unwrap_or_default();
        let detail = json!({ "label": body.label, "flows": count });
        audit::done(app, &caller, "label", &target, detail)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn of(flow: &StoredFlow, attack: bool, kind: &str) -> NewLabel {
    let vector = labels::vector(&flow.record);
    NewLabel { flow: flow.key.clone(), attack, kind: kind.to_owned(), vector }
}

/// How many flows were labelled.
#[derive(Debug, Serialize, ToSchema)]
struct LabelCounts {
    attack: u64,
    normal: u64,
}

/// How many flows were labelled.
#[utoipa::path(get, path = "/api/v1/labels/summary", tag = "models",
    responses((status = 200, body = LabelCounts)))]
async fn summary(State(state): State<AppState>) -> Result<Json<LabelCounts>, Problem> {
    blocking(&state, |app| {
        let (attack, normal) = app.store.control().label_counts()?;
        Ok(Json(LabelCounts { attack, normal }))
    })
    .await
}
