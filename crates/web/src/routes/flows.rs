//! Flows: a page of them, one, groups, and what the filter language knows.

use crate::data::schema::{AlertRef, Flow, FlowDetail};
use crate::data::{self, ID_MAX};
use crate::error::Problem;
use crate::extract::{Path, Query};
use crate::json::{Raw, flow_item, raw, splice};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_store::control::AlertQuery;
use anomalyzer_store::filter::Field;
use anomalyzer_store::history::{FlowQuery, FlowSort, Group, GroupBy, StoredFlow};
use anomalyzer_store::{Filter, Range, SourceId};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most rows of a page.
const LIMIT_MAX: usize = 1_000;
/// Most groups.
const TOP_MAX: usize = 1_000;
/// Most bytes of a filter.
const FILTER_MAX: usize = 4 << 10;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().heavy(), routes!(list));
    routes.add(Rule::viewer().heavy(), routes!(groups));
    routes.add(Rule::viewer(), routes!(fields));
    routes.add(Rule::viewer(), routes!(one));
}

/// Which flows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// Flows that ended from here on; `-1h` when absent.
    from: Option<String>,
    /// Flows that ended before this; `now` when absent.
    to: Option<String>,
    /// In the filter language: `src:10.0.0.0/8 dport:443 bytes>1M not app:dns`.
    filter: Option<String>,
    /// `last`, `first`, `bytes`, `packets`, `duration`, `src`, `dst`, `dport`.
    sort: Option<String>,
    /// `desc` or `asc`.
    order: Option<String>,
    /// Most rows, 1 to 1,000; 100 when absent.
    #[param(value_type = Option<usize>)]
    limit: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of flows.
#[derive(Serialize, ToSchema)]
struct Page {
    #[schema(value_type = Vec<Flow>)]
    items: Vec<Raw>,
    next: Option<String>,
    /// All that pass the filter, when the whole range was looked at.
    total: Option<u64>,
    /// Rows that were looked at.
    scanned: u64,
}

/// A page of flows.
#[utoipa::path(get, path = "/api/v1/flows", tag = "traffic", params(Params),
    responses((status = 200, body = Page)))]
async fn list(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Page>, Problem> {
    blocking(&state, move |app| {
        let query = query(app, &params)?;
        let page = app.store.history().query(&query)?;
        let items = items(app, query.source, &page.rows)?;
        Ok(Json(Page { items, next: page.next, total: page.total, scanned: page.scanned }))
    })
    .await
}

fn query(app: &AppState, params: &Params) -> Result<FlowQuery, Problem> {
    let (source, range, filter) = selection(
        app,
        params.source.as_deref(),
        params.from.as_deref(),
        params.to.as_deref(),
        params.filter.as_deref(),
    )?;
    let sort = data::choice(
        "sort",
        params.sort.as_deref(),
        &[
            ("last", FlowSort::Last),
            ("first", FlowSort::First),
            ("bytes", FlowSort::Bytes),
            ("packets", FlowSort::Packets),
            ("duration", FlowSort::Duration),
            ("src", FlowSort::Src),
            ("dst", FlowSort::Dst),
            ("dport", FlowSort::DstPort),
        ],
    )?;
    let order = params.order.as_deref();
    Ok(FlowQuery {
        source,
        range,
        filter,
        sort,
        descending: data::choice("order", order, &[("desc", true), ("asc", false)])?,
        limit: data::bounded("limit", params.limit.as_deref(), 100, 1..=LIMIT_MAX)?,
        cursor: data::text("cursor", params.cursor.as_deref(), 1_024)?,
    })
}

/// Source, range and filter of a request for flows.
pub(super) fn selection(
    app: &AppState,
    source: Option<&str>,
    from: Option<&str>,
    to: Option<&str>,
    filter: Option<&str>,
) -> Result<(SourceId, Range, Filter), Problem> {
    let (source, range) = times::range(app, data::source(source)?, from, to, "-1h")?;
    let text = filter.unwrap_or("");
    if text.len() > FILTER_MAX {
        return Err(Problem::field("filter", "expected at most 4 KiB"));
    }
    Ok((source, range, Filter::parse(text)?))
}

/// The flows as the API shows them.
pub(super) fn items(
    app: &AppState,
    source: SourceId,
    rows: &[StoredFlow],
) -> Result<Vec<Raw>, Problem> {
    let known = &app.data.known;
    let names = known.names(app.store.control(), source)?;
    let item = |row: &StoredFlow| {
        flow_item(&row.record, &known.flow_extra(&row.record, Some(row.key.clone()), &names))
    };
    Ok(rows.iter().map(item).collect())
}

#[derive(Serialize)]
struct DetailExtra {
    alerts: Vec<AlertRef>,
}

/// One flow, with the alerts that name it.
#[utoipa::path(get, path = "/api/v1/flows/{key}", tag = "traffic",
    params(("key" = String, Path, description = "The flow's key")),
    responses((status = 200, body = FlowDetail)))]
async fn one(State(state): State<AppState>, Path(key): Path<String>) -> Result<Json<Raw>, Problem> {
    if key.len() > ID_MAX {
        return Err(Problem::missing("no such flow"));
    }
    blocking(&state, move |app| {
        let flow = app.store.history().flow(&key)?;
        // The source comes first in a key.
        let source = key.split('-').next().and_then(|id| id.parse().ok()).map(SourceId);
        let source = source.ok_or_else(|| Problem::missing("no such flow"))?;
        let alerts = alerts_of(app, source, &flow)?;
        let item = items(app, source, std::slice::from_ref(&flow))?.pop();
        let item = item.ok_or_else(|| Problem::missing("no such flow"))?;
        Ok(Json(splice(item.get(), raw(&DetailExtra { alerts }).get())))
    })
    .await
}

/// Alerts whose record names the flow by its Community ID, around its time.
fn alerts_of(
    app: &AppState,
    source: SourceId,
    flow: &StoredFlow,
) -> Result<Vec<AlertRef>, Problem> {
    let query = AlertQuery {
        source: Some(source),
        text: Some(flow.record.community_id()),
        suppressed: true,
        limit: 50,
        ..data::all_alerts()
    };
    let page = app.store.control().alerts(&query)?;
    let near = page.rows.iter().filter(|row| row.alert.last >= flow.record.first);
    Ok(near.map(|row| data::alert_ref(&row.alert)).collect())
}

/// Which groups.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct GroupParams {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// Flows that ended from here on; `-1h` when absent.
    from: Option<String>,
    /// Flows that ended before this; `now` when absent.
    to: Option<String>,
    /// In the filter language.
    filter: Option<String>,
    /// `src`, `dst`, `pair`, `dport`, `app`, `proto`, `state`, `name`.
    by: Option<String>,
    /// Most groups, 1 to 1,000; 50 when absent.
    #[param(value_type = Option<usize>)]
    top: Option<String>,
}

/// Flows that have something in common.
#[derive(Serialize, ToSchema)]
struct FlowGroup {
    /// What; of a pair `SRC > DST`.
    key: String,
    flows: u64,
    packets: u64,
    bytes: u64,
    /// Bytes by originators.
    bytes_orig: u64,
    /// Distinct responders; of a responder, originators.
    peers: u64,
}

/// Flows by group, most bytes first.
#[utoipa::path(get, path = "/api/v1/flows/groups", tag = "traffic", params(GroupParams),
    responses((status = 200, body = data::Page<FlowGroup>)))]
async fn groups(
    State(state): State<AppState>,
    Query(params): Query<GroupParams>,
) -> Result<Json<data::Page<FlowGroup>>, Problem> {
    blocking(&state, move |app| {
        let by = group_by(params.by.as_deref())?;
        let top = data::bounded("top", params.top.as_deref(), 50, 1..=TOP_MAX)?;
        let (source, range, filter) = selection(
            app,
            params.source.as_deref(),
            params.from.as_deref(),
            params.to.as_deref(),
            params.filter.as_deref(),
        )?;
        let groups = app.store.history().groups(source, range, &filter, by, top)?;
        Ok(Json(data::Page::whole(groups.into_iter().map(group).collect())))
    })
    .await
}

fn group_by(text: Option<&str>) -> Result<GroupBy, Problem> {
    data::choice(
        "by",
        text,
        &[
            ("src", GroupBy::Src),
            ("dst", GroupBy::Dst),
            ("pair", GroupBy::Pair),
            ("dport", GroupBy::DstPort),
            ("app", GroupBy::App),
            ("proto", GroupBy::Proto),
            ("state", GroupBy::ConnState),
            ("name", GroupBy::Name),
        ],
    )
}

fn group(group: Group) -> FlowGroup {
    let Group { key, flows, packets, bytes, bytes_orig, peers } = group;
    FlowGroup { key, flows, packets, bytes, bytes_orig, peers }
}

/// A field of the filter language.
#[derive(Serialize, ToSchema)]
struct FilterField {
    /// Its name.
    field: &'static str,
    /// One sentence.
    summary: &'static str,
    /// How it is used.
    example: &'static str,
    /// What it can be, where that is a short list.
    values: Option<Vec<&'static str>>,
}

/// What the filter language knows.
#[utoipa::path(get, path = "/api/v1/flows/fields", tag = "traffic",
    responses((status = 200, body = data::Page<FilterField>)))]
async fn fields() -> Json<data::Page<FilterField>> {
    let field = |field: &Field| FilterField {
        field: field.name,
        summary: field.summary,
        example: field.example,
        values: Some(field.values.clone()).filter(|values| !values.is_empty()),
    };
    Json(data::Page::whole(Filter::fields().iter().map(field).collect()))
}
