//! Alerts, incidents and the inbox, and what people make of them.

use crate::audit;
use crate::auth::Caller;
use crate::clock;
use crate::data::schema::{self, AlertRef, HistoryEntry};
use crate::data::{self, AlertParams, ID_MAX, Page};
use crate::error::Problem;
use crate::extract::{self, Path, Query};
use crate::json::{Raw, alert_item, incident_item, raw, seconds, splice, state_name};
use crate::route::{Routes, Rule};
use crate::routes::devices::SourceParam;
use crate::state::{AppState, blocking};
use anomalyzer_store::control::{AlertQuery, AlertRow, AlertState, IncidentRow};
use anomalyzer_store::{SourceId, StoreError};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Most alerts of one change, and of one incident in an answer.
const IDS_MAX: usize = 1_000;
/// Most characters of a note.
const NOTE_MAX: usize = 2_000;
/// Alerts near another one.
const RELATED_MAX: usize = 20;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::viewer(), routes!(one));
    routes.add(Rule::viewer(), routes!(inbox));
    routes.add(Rule::viewer(), routes!(incidents));
    routes.add(Rule::viewer(), routes!(incident));
    routes.add(Rule::analyst(), routes!(change));
}

/// Alerts: escalated first, then latest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertParams),
    responses((status = 200, body = Page<schema::Alert>)))]
async fn list(
    State(state): State<AppState>,
    Query(params): Query<AlertParams>,
) -> Result<Json<Page<Raw>>, Problem> {
    blocking(&state, move |app| {
        let page = app.store.control().alerts(&params.query(app, &data::all_alerts())?)?;
        let items = page.rows.iter().map(alert_item).collect();
        Ok(Json(Page { items, next: page.next, total: Some(page.total) }))
    })
    .await
}

/// Incidents, and alerts that belong to none: escalated first, then latest first. Without other
/// words: what is open or acknowledged, of medium severity and above.
#[utoipa::path(get, path = "/api/v1/inbox", tag = "alerts", params(AlertParams),
    responses((status = 200, body = Page<schema::InboxEntry>)))]
async fn inbox(
    State(state): State<AppState>,
    Query(params): Query<AlertParams>,
) -> Result<Json<Page<Raw>>, Problem> {
    blocking(&state, move |app| {
        let (items, next) = data::inbox(app, &params.query(app, &data::inbox_defaults())?)?;
        Ok(Json(Page { items, next, total: None }))
    })
    .await
}

/// Incidents: escalated first, then latest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "alerts", params(AlertParams),
    responses((status = 200, body = Page<schema::Incident>)))]
async fn incidents(
    State(state): State<AppState>,
    Query(params): Query<AlertParams>,
) -> Result<Json<Page<Raw>>, Problem> {
    blocking(&state, move |app| {
        let query = params.query(app, &data::all_alerts())?;
        let (rows, next, total) = app.store.control().incidents(&query)?;
        let items = rows.iter().map(incident_item).collect();
        Ok(Json(Page { items, next, total: Some(total) }))
    })
    .await
}

#[derive(Serialize)]
struct DetailExtra {
    history: Vec<HistoryEntry>,
    related: Vec<AlertRef>,
}

/// One alert, with what was done to it and what is near it.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The alert's id"), SourceParam),
    responses((status = 200, body = schema::AlertDetail)))]
async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Json<Raw>, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let row = find(app, source, &id)?;
        let story = app.store.control().alert_story(row.source, &id)?;
        let entry = |happened: anomalyzer_store::control::Happened| HistoryEntry {
            at: seconds(happened.at),
            actor: happened.actor,
            what: happened.what,
        };
        let history = story.into_iter().map(entry).collect();
        let extra = DetailExtra { history, related: related(app, &row)? };
        Ok(Json(splice(alert_item(&row).get(), raw(&extra).get())))
    })
    .await
}

/// An alert of a source; of any when none is named.
pub(super) fn find(app: &AppState, source: Option<i64>, id: &str) -> Result<AlertRow, Problem> {
    among_sources(app, source, |source| app.store.control().alert(source, id))
}

/// Looks in the named source, or in one after the other: there are few.
fn among_sources<T>(
    app: &AppState,
    source: Option<i64>,
    look: impl Fn(SourceId) -> Result<T, StoreError>,
) -> Result<T, Problem> {
    if let Some(source) = source {
        return Ok(look(SourceId(source))?);
    }
    let first = look(SourceId::SENSOR);
    if !matches!(first, Err(StoreError::Missing(_))) {
        return Ok(first?);
    }
    let others = app.store.control().sources()?;
    let found = others.iter().map(|other| look(other.id)).find(|found| {
        // A fault is told too, not only what was found.
        !matches!(found, Err(StoreError::Missing(_)))
    });
    Ok(found.unwrap_or(first)?)
}

/// Alerts of the same incident; else those that name its first source or destination.
fn related(app: &AppState, row: &AlertRow) -> Result<Vec<AlertRef>, Problem> {
    let mut query =
        AlertQuery { source: Some(row.source), limit: RELATED_MAX + 1, ..data::all_alerts() };
    match (&row.incident, row.alert.src.first().or(row.alert.dst.first())) {
        (Some(incident), _) => query.incident = Some(incident.clone()),
        (None, Some(addr)) => query.address = Some(*addr),
        (None, None) => return Ok(Vec::new()),
    }
    let page = app.store.control().alerts(&query)?;
    let others = page.rows.iter().filter(|other| other.alert.id != row.alert.id);
    Ok(others.take(RELATED_MAX).map(|other| data::alert_ref(&other.alert)).collect())
}

/// One incident with its alerts.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "alerts",
    params(("id" = String, Path, description = "The incident's id"), SourceParam),
    responses((status = 200, body = schema::Incident)))]
async fn incident(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Json<Raw>, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let row = among_sources(app, source, |id_of| app.store.control().incident(id_of, &id))?;
        let query = AlertQuery {
            source: Some(row.source),
            incident: Some(id.clone()),
            suppressed: true,
            limit: IDS_MAX,
            ..data::all_alerts()
        };
        let alerts = app.store.control().alerts(&query)?;
        let alerts: Vec<Raw> = alerts.rows.iter().map(alert_item).collect();
        Ok(Json(with_alerts(&incident_item(&row), &alerts)))
    })
    .await
}

/// The incident with its alerts in place of their number.
fn with_alerts(item: &Raw, alerts: &[Raw]) -> Raw {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(item.get()).unwrap_or_default();
    fields.remove("alerts");
    splice(raw(&fields).get(), raw(&json!({ "alerts": alerts })).get())
}

/// A change of state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StateChange {
    /// Of which source.
    source: i64,
    /// Ids of alerts.
    #[serde(default)]
    ids: Vec<String>,
    /// Ids of incidents: all their alerts.
    #[serde(default)]
    incidents: Vec<String>,
    /// `open`, `acknowledged`, `closed`, `false-alarm`.
    state: Option<String>,
    /// Shown first.
    escalated: Option<bool>,
    /// Why, at most 2,000 characters.
    note: Option<String>,
}

/// What an alert was before.
#[derive(Serialize, ToSchema)]
struct StateBefore {
    id: String,
    state: &'static str,
    escalated: bool,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
struct StateChanged {
    /// How many alerts.
    changed: usize,
    /// What they were, to undo it.
    before: Vec<StateBefore>,
}

/// Changes the state of alerts, all or none.
#[utoipa::path(post, path = "/api/v1/alerts/state", tag = "alerts", request_body = StateChange,
    responses((status = 200, body = StateChanged)))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(change): extract::Json<StateChange>,
) -> Result<Json<StateChanged>, Problem> {
    let wanted = change.state.as_deref().map(data::state).transpose()?;
    check(&change)?;
    blocking(&state, move |app| {
        let source = SourceId(change.source);
        let ids = ids(app, source, &change)?;
        let before = app.store.control().set_alert_state(
            source,
            &ids,
            wanted,
            change.escalated,
            change.note.as_deref(),
            caller.name(),
            clock::now(),
        )?;
        app.data.known.forget(source);
        judge(app, source, &before, wanted, change.note.as_deref().unwrap_or(""))?;
        let detail = json!({
            "ids": ids, "state": change.state, "escalated": change.escalated, "note": change.note,
        });
        audit::done(app, &caller, "alert.state", &ids.join(" "), detail)?;
        publish(app, source, &before)?;
        let before: Vec<StateBefore> = before.iter().map(state_before).collect();
        Ok(Json(StateChanged { changed: before.len(), before }))
    })
    .await
}

fn state_before(row: &AlertRow) -> StateBefore {
    let state = state_name(row.state);
    StateBefore { id: row.alert.id.clone(), state, escalated: row.escalated }
}

fn check(change: &StateChange) -> Result<(), Problem> {
    let ids = change.ids.len() + change.incidents.len();
    if ids == 0 || ids > IDS_MAX {
        return Err(Problem::field("ids", format!("expected 1 to {IDS_MAX} alerts or incidents")));
    }
    if change.ids.iter().chain(&change.incidents).any(|id| id.len() > ID_MAX) {
        return Err(Problem::field("ids", "expected ids as in the list of alerts"));
    }
    if change.state.is_none() && change.escalated.is_none() && change.note.is_none() {
        let message = "nothing is to be changed; give `state`, `escalated` or `note`";
        return Err(Problem::field("state", message));
    }
    if change.note.as_deref().is_some_and(|note| note.chars().count() > NOTE_MAX) {
        return Err(Problem::field("note", format!("expected at most {NOTE_MAX} characters")));
    }
    Ok(())
}

/// The alerts that are named, and those of the incidents that are named, each once.
fn ids(app: &AppState, source: SourceId, change: &StateChange) -> Result<Vec<String>, Problem> {
    let mut ids = change.ids.clone();
    for incident in &change.incidents {
        ids.extend(app.store.control().incident(source, incident)?.incident.alerts);
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(Problem::field("incidents", "these incidents have no alerts"));
    }
    Ok(ids)
}

/// Tells the engine which alerts became false alarms, and which are none any more.
fn judge(
    app: &AppState,
    source: SourceId,
    before: &[AlertRow],
    wanted: Option<AlertState>,
    note: &str,
) -> Result<(), Problem> {
    let Some(wanted) = wanted else { return Ok(()) };
    let false_alarm = wanted == AlertState::FalseAlarm;
    let turned = |row: &&AlertRow| (row.state == AlertState::FalseAlarm) != false_alarm;
    let ids: Vec<String> = before.iter().filter(turned).map(|row| row.alert.id.clone()).collect();
    if !ids.is_empty() {
        app.control.judge(source, &ids, false_alarm, note)?;
    }
    Ok(())
}

/// Tells the other browsers.
fn publish(app: &AppState, source: SourceId, before: &[AlertRow]) -> Result<(), Problem> {
    let control = app.store.control();
    let mut incidents: Vec<&str> = Vec::new();
    let mut rows = Vec::with_capacity(before.len());
    for row in before {
        rows.push(control.alert(source, &row.alert.id)?);
        incidents.extend(row.incident.as_deref());
    }
    incidents.sort_unstable();
    incidents.dedup();
    let incidents: Result<Vec<IncidentRow>, _> =
        incidents.into_iter().map(|id| control.incident(source, id)).collect();
    app.hub.alerts(&rows);
    app.hub.incidents(&incidents?);
    Ok(())
}
