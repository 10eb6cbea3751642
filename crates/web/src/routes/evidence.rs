//! What an alert was made from: its flows and packets.

use crate::audit;
use crate::auth::Caller;
use crate::control::EvidencePacket;
use crate::data::{self, Page, schema};
use crate::error::Problem;
use crate::extract::{Path, Query};
use crate::json::Raw;
use crate::route::{Routes, Rule};
use crate::routes::devices::SourceParam;
use crate::routes::exports::attachment;
use crate::routes::{alerts, flows};
use crate::state::{AppState, blocking};
use anomalyzer_store::control::AlertRow;
use anomalyzer_store::history::{FlowPage, FlowQuery, FlowSort};
use anomalyzer_store::{Filter, Range};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use utoipa_axum::routes;

/// Most flows of an alert.
const FLOWS_MAX: usize = 100;
/// Community IDs that are looked for: as many as a record lists.
const IDS_MAX: usize = 20;
/// Seconds after an alert's last packet in which its flows may still end.
const AFTER_S: i64 = 3_700;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().heavy(), routes!(flows_of));
    routes.add(Rule::viewer().heavy(), routes!(packets));
    routes.add(Rule::analyst().heavy(), routes!(file));
}

/// The flows that an alert names; those between its sources and destinations when it names none.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/flows", tag = "alerts",
    params(("id" = String, Path, description = "The alert's id"), SourceParam),
    responses((status = 200, body = Page<schema::Flow>)))]
async fn flows_of(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Json<Page<Raw>>, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let alert = alerts::find(app, source, &id)?;
        let page = flows_of_alert(app, &alert, FLOWS_MAX)?;
        let items = flows::items(app, alert.source, &page.rows)?;
        Ok(Json(Page { items, next: None, total: page.total }))
    })
    .await
}

/// The first flows of an alert. Blocks.
pub(super) fn flows_of_alert(
    app: &AppState,
    alert: &AlertRow,
    limit: usize,
) -> Result<FlowPage, Problem> {
    let Some(filter) = filter(alert) else { return Ok(FlowPage::default()) };
    let (from, to) = (alert.alert.first, alert.alert.last.plus_secs(AFTER_S));
    Ok(app.store.history().query(&FlowQuery {
        source: alert.source,
        range: Range { from, to },
        filter: Filter::parse(&filter)?,
        sort: FlowSort::First,
        descending: false,
        limit,
        cursor: None,
    })?)
}

/// What finds the flows of an alert.
fn filter(row: &AlertRow) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(default)]
        flows: Vec<String>,
    }
    let named: Named = serde_json::from_str(&row.alert.record).ok()?;
    let ids: Vec<String> = named
        .flows
        .iter()
        .take(IDS_MAX)
        .filter(|id| id.len() < 64 && !id.contains(['"', '\\']))
        .map(|id| format!("community:\"{id}\""))
        .collect();
    if !ids.is_empty() {
        return Some(ids.join(" or "));
    }
    let (src, dst) = (row.alert.src.first(), row.alert.dst.first());
    match (src, dst) {
        (Some(src), Some(dst)) => Some(format!("ip:{src} ip:{dst}")),
        (Some(addr), None) | (None, Some(addr)) => Some(format!("ip:{addr}")),
        (None, None) => None,
    }
}

/// The packets of an alert, decoded. Bytes only for analysts and above.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/packets", tag = "alerts",
    params(("id" = String, Path, description = "The alert's id"), SourceParam),
    responses((status = 200, body = Page<EvidencePacket>)))]
async fn packets(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Json<Page<EvidencePacket>>, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let alert = alerts::find(app, source, &id)?;
        let payload = caller.sees_payload();
        let mut packets = app.control.evidence(alert.source, &id, payload)?;
        if !payload {
            packets.iter_mut().for_each(without_payload);
        }
        Ok(Json(Page::whole(packets)))
    })
    .await
}

/// Whoever made the packets: no byte of them leaves for those who may not see it.
fn without_payload(packet: &mut EvidencePacket) {
    packet.hex.clear();
    for layer in &mut packet.layers {
        if layer.name.eq_ignore_ascii_case("payload") {
            layer.fields.clear();
        }
    }
}

/// The packets of an alert as a pcapng file.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/evidence.pcapng", tag = "alerts",
    params(("id" = String, Path, description = "The alert's id"), SourceParam),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-pcapng")))]
async fn file(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Response, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let alert = alerts::find(app, source, &id)?;
        let bytes = app.control.evidence_file(alert.source, &id)?;
        let detail = json!({ "source": alert.source, "bytes": bytes.len() });
        audit::done(app, &caller, "alert.evidence", &id, detail)?;
        let name = format!("alert-{id}.pcapng");
        Ok(attachment(&name, "application/x-pcapng", bytes.into()))
    })
    .await
}
