//! The first page in one answer: made at most once a second, from the series and the control store
//! only.

use crate::control::Status;
use crate::data::schema::InboxEntry;
use crate::data::traffic;
use crate::data::{self, Names, Slice, Talker};
use crate::error::Problem;
use crate::extract::Query;
use crate::json::{Raw, raw, stamp};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{AlertQuery, DeviceQuery};
use anomalyzer_store::series::{Dimension, Sums};
use anomalyzer_store::{Range, SourceId};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Points of the chart.
const POINTS: usize = 300;
/// Rows of each list.
const ROWS: usize = 8;
/// Entries of the inbox.
const LATEST: usize = 8;
/// Seconds that rates are taken over: the last full ones.
const RATE_S: i64 = 10;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(overview));
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// RFC 3339, unix seconds, or back from the source's now; `-15m` when absent.
    from: Option<String>,
}

/// Traffic over the last 10 full seconds.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "names of the API")]
struct Rates {
    bytes_per_s: f64,
    packets_per_s: f64,
    flows_per_s: f64,
}

/// Traffic over time.
#[derive(Serialize, ToSchema)]
struct Chart {
    /// Seconds of each interval.
    step: i64,
    /// Start of the interval, bytes, packets.
    points: Vec<(i64, u64, u64)>,
    /// Times when nobody watched: seconds from, to.
    gaps: Vec<(i64, i64)>,
}

/// What is open.
#[derive(Serialize, ToSchema)]
struct OpenAlerts {
    /// Open alerts by severity.
    open: BTreeMap<&'static str, u64>,
    /// Open incidents.
    incidents: u64,
    /// The top of the inbox.
    #[schema(value_type = Vec<InboxEntry>)]
    latest: Vec<Raw>,
}

/// Devices.
#[derive(Serialize, ToSchema)]
struct DeviceCounts {
    total: u64,
    new: u64,
}

/// The first page.
#[derive(Serialize, ToSchema)]
struct Overview {
    /// The source's now.
    now: String,
    from: String,
    to: String,
    rates: Rates,
    traffic: Chart,
    protocols: Vec<Slice>,
    apps: Vec<Slice>,
    talkers: Vec<Talker>,
    ports: Vec<Slice>,
    alerts: OpenAlerts,
    devices: DeviceCounts,
    status: Status,
}

/// Everything that the first page shows.
#[utoipa::path(get, path = "/api/v1/overview", tag = "state", params(Params),
    responses((status = 200, body = Overview)))]
async fn overview(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Raw>, Problem> {
    let source = data::source(params.source.as_deref())?;
    let from = data::text("from", params.from.as_deref(), 64)?;
    blocking(&state, move |app| {
        let key = (source, from.clone());
        let made = app.data.overviews.get(key, || {
            let (source, range) = times::range(app, source, from.as_deref(), None, "-15m")?;
            Ok::<_, Problem>(raw(&make(app, source, range)?))
        });
        made.map(Json)
    })
    .await
}

fn make(app: &AppState, source: SourceId, range: Range) -> Result<Overview, Problem> {
    let names = app.data.known.names(app.store.control(), source)?;
    let shares = |dimension| traffic::shares(app, source, range, dimension, ROWS, &names);
    Ok(Overview {
        now: stamp(range.to),
        from: stamp(range.from),
        to: stamp(range.to),
        rates: rates(app, source, range)?,
        traffic: chart(app, source, range)?,
        protocols: shares(Dimension::Protocol)?,
        apps: shares(Dimension::App)?,
        talkers: talkers(app, source, range, &names)?,
        ports: shares(Dimension::Port)?,
        alerts: alerts(app, source)?,
        devices: devices(app, source)?,
        status: app.control.status(),
    })
}

fn talkers(
    app: &AppState,
    source: SourceId,
    range: Range,
    names: &Names,
) -> Result<Vec<Talker>, Problem> {
    traffic::talkers(app, source, range, ROWS, names)
}

fn rates(app: &AppState, source: SourceId, range: Range) -> Result<Rates, Problem> {
    let end = anomalyzer_wire::Timestamp::from_secs_nanos(range.to.secs(), 0);
    let last = Range { from: end.plus_secs(-RATE_S), to: end };
    let totals = app.store.series().totals(source, last, Dimension::Total, 1)?;
    let sums = totals.first().map_or(Sums::default(), |(_, sums)| *sums);
    let rate = |n: u64| n as f64 / RATE_S as f64;
    Ok(Rates {
        bytes_per_s: rate(sums.bytes),
        packets_per_s: rate(sums.packets),
        flows_per_s: rate(sums.flows),
    })
}

fn chart(app: &AppState, source: SourceId, range: Range) -> Result<Chart, Problem> {
    let answer = traffic::query(app, source, range, Dimension::Total, Vec::new(), 1, POINTS)?;
    let points = traffic::total_points(&answer, range);
    let points = points.into_iter().map(|p| (p.0, p.1, p.2)).collect();
    Ok(Chart { step: answer.step, points, gaps: answer.gaps })
}

fn alerts(app: &AppState, source: SourceId) -> Result<OpenAlerts, Problem> {
    let (counts, incidents) = app.store.control().open_alerts(source)?;
    let open = Severity::ALL.into_iter().map(Severity::name).zip(counts).collect();
    let query = AlertQuery { source: Some(source), limit: LATEST, ..data::inbox_defaults() };
    let (latest, _) = data::inbox(app, &query)?;
    Ok(OpenAlerts { open, incidents, latest })
}

fn devices(app: &AppState, source: SourceId) -> Result<DeviceCounts, Problem> {
    let query = DeviceQuery { source, sort: "last".to_owned(), limit: 1, ..DeviceQuery::default() };
    let (_, total) = app.store.control().devices(&query)?;
    Ok(DeviceCounts { total, new: app.store.control().new_devices(source)? })
}
