//! Exports: flows, alerts and devices as files, written while they are read.
//!
//! At most 1,000,000 rows; a last line says when there was more. File names are ours. Who exported
//! what is noted before the first byte leaves.

use crate::audit;
use crate::auth::Caller;
use crate::data::stream::{PieceWriter, file, streamed};
use crate::data::{self, AlertParams};
use crate::error::Problem;
use crate::extract::Query;
use crate::json::{alert_item, device_item, stamp};
use crate::records::{self, ALERT_COLUMNS, DEVICE_COLUMNS};
use crate::route::{Routes, Rule};
use crate::routes::{devices, flows};
use crate::state::{AppState, blocking};
use anomalyzer_report::csv;
use anomalyzer_store::control::{AlertQuery, AlertRow, DeviceRow};
use anomalyzer_store::{Filter, Range, SourceId};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::io::{self, Write};
use utoipa::IntoParams;
use utoipa_axum::routes;

/// Most rows of an export.
const ROWS_MAX: u64 = 1_000_000;
/// Rows of one read of alerts or devices.
const PAGE: usize = 500;

const CSV: &str = "text/csv; charset=utf-8; header=present";
const NDJSON: &str = "application/x-ndjson";

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::analyst().heavy(), routes!(flows_csv));
    routes.add(Rule::analyst().heavy(), routes!(flows_ndjson));
    routes.add(Rule::analyst().heavy(), routes!(alerts_csv));
    routes.add(Rule::analyst().heavy(), routes!(alerts_ndjson));
    routes.add(Rule::analyst().heavy(), routes!(alerts_eve));
    routes.add(Rule::analyst().heavy(), routes!(devices_csv));
    routes.add(Rule::analyst().heavy(), routes!(devices_ndjson));
}

/// A file that is in memory already.
pub(super) fn attachment(name: &str, content_type: &'static str, bytes: Bytes) -> Response {
    file(name, content_type, Body::from(bytes))
}

/// Which flows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FlowParams {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// Flows that ended from here on; `-1h` when absent.
    from: Option<String>,
    /// Flows that ended before this; `now` when absent.
    to: Option<String>,
    /// In the filter language.
    filter: Option<String>,
}

/// Which flows, checked.
struct Selection {
    source: SourceId,
    range: Range,
    filter: Filter,
}

/// Checks and notes an export of flows.
async fn selected(
    state: &AppState,
    caller: Caller,
    params: FlowParams,
) -> Result<Selection, Problem> {
    blocking(state, move |app| {
        let (source, range, filter) = flows::selection(
            app,
            params.source.as_deref(),
            params.from.as_deref(),
            params.to.as_deref(),
            params.filter.as_deref(),
        )?;
        let detail = json!({
            "source": source, "from": stamp(range.from), "to": stamp(range.to),
            "filter": params.filter,
        });
        audit::done(app, &caller, "export.flows", "", detail)?;
        Ok(Selection { source, range, filter })
    })
    .await
}

/// What to say when there was more.
fn cut_short() -> String {
    format!("stopped after {ROWS_MAX} rows; ask for a shorter time or a narrower filter")
}

/// How writing went: a reader that went away is no fault.
fn written(result: io::Result<()>) -> Result<(), Problem> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::invalid("the reader went away"),
        io::ErrorKind::TimedOut => Problem::invalid("the reader stood still"),
        _ => Problem::internal(&error),
    })
}

fn begun<T>(sheet: io::Result<T>) -> Result<T, Problem> {
    sheet.map_err(|error| Problem::internal(&error))
}

/// Writes flows with `each` until the end, a fault or the limit. True when there was more.
fn each_flow(
    app: &AppState,
    selection: &Selection,
    mut each: impl FnMut(&anomalyzer_store::history::StoredFlow) -> io::Result<()>,
) -> Result<bool, Problem> {
    let (mut rows, mut fault, mut more) = (0, None, false);
    let Selection { source, range, filter } = selection;
    app.store.history().scan(*source, *range, filter, &mut |flow| {
        if rows == ROWS_MAX {
            more = true;
            return false;
        }
        rows += 1;
        fault = each(&flow).err();
        fault.is_none()
    })?;
    written(fault.map_or(Ok(()), Err))?;
    Ok(more)
}

/// Flows as CSV (the columns of `analyze --csv`).
#[utoipa::path(get, path = "/api/v1/exports/flows.csv", tag = "exports", params(FlowParams),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn flows_csv(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<FlowParams>,
) -> Result<Response, Problem> {
    let selection = selected(&state, caller, params).await?;
    Ok(streamed(&state, "flows.csv", CSV, move |app, out| {
        let mut sheet = begun(csv::Flows::new(&mut *out))?;
        let more = each_flow(app, &selection, |flow| sheet.row(&flow.record))?;
        written(sheet.finish())?;
        if more { written(writeln!(out, "# {}", cut_short())) } else { Ok(()) }
    }))
}

/// Flows as NDJSON: one record per line, as in the list of flows.
#[utoipa::path(get, path = "/api/v1/exports/flows.ndjson", tag = "exports", params(FlowParams),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
async fn flows_ndjson(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<FlowParams>,
) -> Result<Response, Problem> {
    let selection = selected(&state, caller, params).await?;
    Ok(streamed(&state, "flows.ndjson", NDJSON, move |app, out| {
        let known = &app.data.known;
        let names = known.names(app.store.control(), selection.source)?;
        let more = each_flow(app, &selection, |flow| {
            let extra = known.flow_extra(&flow.record, Some(flow.key.clone()), &names);
            writeln!(out, "{}", crate::json::flow_item(&flow.record, &extra).get())
        })?;
        notice(out, more)
    }))
}

/// The last line when there was more.
fn notice(out: &mut PieceWriter, more: bool) -> Result<(), Problem> {
    if !more {
        return Ok(());
    }
    written(writeln!(out, "{}", json!({ "type": "notice", "text": cut_short() })))
}

/// Checks and notes an export of alerts.
async fn alert_query(
    state: &AppState,
    caller: Caller,
    params: AlertParams,
) -> Result<AlertQuery, Problem> {
    blocking(state, move |app| {
        let query = params.query(app, &data::all_alerts())?;
        audit::done(app, &caller, "export.alerts", "", json!({ "query": format!("{params:?}") }))?;
        Ok(query)
    })
    .await
}

/// Hands every alert to `each`, a page at a time. True when there was more than the limit.
fn each_alert(
    app: &AppState,
    query: AlertQuery,
    mut each: impl FnMut(&AlertRow) -> io::Result<()>,
) -> Result<bool, Problem> {
    let mut query = AlertQuery { limit: PAGE, ..query };
    let mut rows = 0;
    loop {
        let page = app.store.control().alerts(&query)?;
        for row in &page.rows {
            if rows == ROWS_MAX {
                return Ok(true);
            }
            rows += 1;
            written(each(row))?;
        }
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(false),
        }
    }
}

/// Alerts as CSV.
#[utoipa::path(get, path = "/api/v1/exports/alerts.csv", tag = "exports", params(AlertParams),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn alerts_csv(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<AlertParams>,
) -> Result<Response, Problem> {
    let query = alert_query(&state, caller, params).await?;
    Ok(streamed(&state, "alerts.csv", CSV, move |app, out| {
        let mut sheet = begun(records::Sheet::new(&mut *out, &ALERT_COLUMNS))?;
        let more = each_alert(app, query, |row| sheet.record(alert_item(row).get()))?;
        written(sheet.finish())?;
        if more { written(writeln!(out, "# {}", cut_short())) } else { Ok(()) }
    }))
}

/// Alerts as NDJSON: one record per line, as in the list of alerts.
#[utoipa::path(get, path = "/api/v1/exports/alerts.ndjson", tag = "exports", params(AlertParams),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
async fn alerts_ndjson(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<AlertParams>,
) -> Result<Response, Problem> {
    let query = alert_query(&state, caller, params).await?;
    Ok(streamed(&state, "alerts.ndjson", NDJSON, move |app, out| {
        let more = each_alert(app, query, |row| writeln!(out, "{}", alert_item(row).get()))?;
        notice(out, more)
    }))
}

/// Alerts as Suricata's EVE JSON, one event per line.
#[utoipa::path(get, path = "/api/v1/exports/alerts.eve", tag = "exports", params(AlertParams),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
async fn alerts_eve(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<AlertParams>,
) -> Result<Response, Problem> {
    let query = alert_query(&state, caller, params).await?;
    Ok(streamed(&state, "alerts.eve.json", NDJSON, move |app, out| {
        let mut line = Vec::with_capacity(1_024);
        // EVE has no place for a notice: its readers hold every line against a schema.
        each_alert(app, query, |row| {
            line.clear();
            records::alert_eve(&mut line, row);
            out.write_all(&line)
        })
        .map(|_| ())
    }))
}

/// Checks and notes an export of devices.
async fn device_rows(
    state: &AppState,
    caller: Caller,
    params: devices::Params,
) -> Result<(anomalyzer_store::control::DeviceQuery, anomalyzer_wire::Timestamp), Problem> {
    blocking(state, move |app| {
        let found = devices::query(app, &params)?;
        audit::done(app, &caller, "export.devices", "", json!({ "source": found.0.source }))?;
        Ok(found)
    })
    .await
}

/// Hands every device to `each`, a page at a time.
fn each_device(
    app: &AppState,
    query: anomalyzer_store::control::DeviceQuery,
    mut each: impl FnMut(&DeviceRow) -> io::Result<()>,
) -> Result<(), Problem> {
    let mut query = anomalyzer_store::control::DeviceQuery { limit: PAGE, offset: 0, ..query };
    loop {
        let (rows, total) = app.store.control().devices(&query)?;
        for row in &rows {
            written(each(row))?;
        }
        query.offset += rows.len();
        if rows.is_empty() || query.offset as u64 >= total.min(ROWS_MAX) {
            return Ok(());
        }
    }
}

/// Devices as CSV.
#[utoipa::path(get, path = "/api/v1/exports/devices.csv", tag = "exports",
    params(devices::Params),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn devices_csv(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<devices::Params>,
) -> Result<Response, Problem> {
    let (query, now) = device_rows(&state, caller, params).await?;
    Ok(streamed(&state, "devices.csv", CSV, move |app, out| {
        let names = app.data.known.names(app.store.control(), query.source)?;
        let mut sheet = begun(records::Sheet::new(&mut *out, &DEVICE_COLUMNS))?;
        each_device(app, query, |row| {
            let open = names.open_alerts(&row.device.addresses);
            sheet.record(device_item(row, now, Some(open)).get())
        })?;
        written(sheet.finish())
    }))
}

/// Devices as NDJSON: one per line, as in the list of devices.
#[utoipa::path(get, path = "/api/v1/exports/devices.ndjson", tag = "exports",
    params(devices::Params),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
async fn devices_ndjson(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<devices::Params>,
) -> Result<Response, Problem> {
    let (query, now) = device_rows(&state, caller, params).await?;
    Ok(streamed(&state, "devices.ndjson", NDJSON, move |app, out| {
        let names = app.data.known.names(app.store.control(), query.source)?;
        each_device(app, query, |row| {
            let open = names.open_alerts(&row.device.addresses);
            writeln!(out, "{}", device_item(row, now, Some(open)).get())
        })
    }))
}
