//! Devices: a list, one with what it does, and what users say of it.

use crate::audit;
use crate::auth::Caller;
use crate::data::{self, Page, Slice, TEXT_MAX, schema, slice};
use crate::error::Problem;
use crate::extract::{self, Path, Query};
use crate::json::{Raw, alert_item, device_item, raw, splice};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_store::control::{AlertQuery, DeviceChange, DeviceQuery, DeviceRow};
use anomalyzer_store::history::{Group, GroupBy};
use anomalyzer_store::series::{Dimension, Sums};
use anomalyzer_store::{Filter, Range, SourceId};
use anomalyzer_wire::{Addr, Timestamp};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most rows of a page.
const LIMIT_MAX: usize = 1_000;
/// Most rows to leave out before.
const OFFSET_MAX: usize = 1_000_000;
/// Rows of the lists beside a device.
const ROWS: usize = 20;
/// Hours before the source's now that those lists are about.
const HOURS: i64 = 24;
/// Most characters of a name, an owner or a tag.
const WORD_MAX: usize = 100;
/// Most characters of notes.
const NOTES_MAX: usize = 4_000;
/// Most tags.
const TAGS_MAX: usize = 20;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(list));
    routes.add(Rule::viewer(), routes!(one));
    routes.add(Rule::analyst(), routes!(change));
}

/// Which devices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// Words in names, addresses, vendor, tags.
    text: Option<String>,
    /// `new`, `known` or `ignored`.
    status: Option<String>,
    /// `last`, `first`, `name`, `address`, `vendor`, `bytes`.
    sort: Option<String>,
    /// `desc` or `asc`; by default the latest, the largest, or the alphabet's first come first.
    order: Option<String>,
    /// Most rows, 1 to 1,000; 100 when absent.
    #[param(value_type = Option<usize>)]
    limit: Option<String>,
    /// Rows to leave out before.
    #[param(value_type = Option<usize>)]
    offset: Option<String>,
}

/// Devices.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(Params),
    responses((status = 200, body = Page<schema::Device>)))]
async fn list(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Page<Raw>>, Problem> {
    blocking(&state, move |app| {
        let (query, now) = query(app, &params)?;
        let (rows, total) = app.store.control().devices(&query)?;
        let items = items(app, query.source, &rows, now)?;
        let end = query.offset + rows.len();
        let next = ((end as u64) < total && !rows.is_empty()).then(|| end.to_string());
        Ok(Json(Page { items, next, total: Some(total) }))
    })
    .await
}

/// The query of a request, and its source's now.
pub(super) fn query(app: &AppState, params: &Params) -> Result<(DeviceQuery, Timestamp), Problem> {
    let (source, now) = times::source_now(app, data::source(params.source.as_deref())?)?;
    let (sort, descending) = data::choice(
        "sort",
        params.sort.as_deref(),
        &[
            ("last", ("last", true)),
            ("first", ("first", true)),
            ("name", ("name", false)),
            ("address", ("address", false)),
            ("vendor", ("vendor", false)),
            ("bytes", ("bytes", true)),
        ],
    )?;
    let order = params.order.as_deref().filter(|order| !order.is_empty());
    let orders = [("default", descending), ("desc", true), ("asc", false)];
    let status = data::text("status", params.status.as_deref(), 16)?;
    if let Some(status) = &status {
        check_status(status)?;
    }
    let query = DeviceQuery {
        source,
        text: data::text("text", params.text.as_deref(), TEXT_MAX)?,
        status,
        sort: sort.to_owned(),
        descending: data::choice("order", order, &orders)?,
        limit: data::bounded("limit", params.limit.as_deref(), 100, 1..=LIMIT_MAX)?,
        offset: data::bounded("offset", params.offset.as_deref(), 0, 0..=OFFSET_MAX)?,
    };
    Ok((query, now))
}

/// Devices as the API shows them.
pub(super) fn items(
    app: &AppState,
    source: SourceId,
    rows: &[DeviceRow],
    now: Timestamp,
) -> Result<Vec<Raw>, Problem> {
    let names = app.data.known.names(app.store.control(), source)?;
    let open = |row: &DeviceRow| names.open_alerts(&row.device.addresses);
    Ok(rows.iter().map(|row| device_item(row, now, Some(open(row)))).collect())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceParam {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    pub(super) source: Option<String>,
}

/// What is added to a device.
#[derive(Serialize, ToSchema)]
struct Around {
    /// The latest alerts that name one of its addresses, of any state.
    #[schema(value_type = Vec<schema::Alert>)]
    alerts: Vec<Raw>,
    /// Ports of others that it used over the last day, most bytes first.
    ports_used: Vec<Slice>,
    /// Hosts that it talked to over the last day, most bytes first.
    peers: Vec<Slice>,
}

/// A device with what it did.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documentation")]
struct DeviceDetail {
    #[serde(flatten)]
    device: schema::Device,
    #[serde(flatten)]
    around: Around,
}

/// One device, with its alerts, and the ports and peers of its last day.
#[utoipa::path(get, path = "/api/v1/devices/{id}", tag = "devices",
    params(("id" = String, Path, description = "The device's id"), SourceParam),
    responses((status = 200, body = DeviceDetail)))]
async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
) -> Result<Json<Raw>, Problem> {
    let source = data::source(params.source.as_deref())?;
    blocking(&state, move |app| {
        let (source, now) = times::source_now(app, source)?;
        let row = app.store.control().device(source, &id)?;
        let around = around(app, source, now, &row.device.addresses)?;
        let item = items(app, source, std::slice::from_ref(&row), now)?.pop();
        let item = item.ok_or_else(|| Problem::missing("no such device"))?;
        Ok(Json(splice(item.get(), raw(&around).get())))
    })
    .await
}

fn around(
    app: &AppState,
    source: SourceId,
    now: Timestamp,
    addrs: &[Addr],
) -> Result<Around, Problem> {
    let range = Range { from: now.plus_secs(-HOURS * 3_600), to: now };
    let (src, any) = (one_of("src", addrs), one_of("ip", addrs));
    let names = app.data.known.names(app.store.control(), source)?;
    let groups = |filter: &Option<String>, by| match filter {
        Some(text) => {
            let filter = Filter::parse(text)?;
            Ok::<_, Problem>(app.store.history().groups(source, range, &filter, by, ROWS)?)
        }
        None => Ok(Vec::new()),
    };
    let share = |dimension| {
        let names = &names;
        move |group: Group| {
            let Group { key, flows, packets, bytes, .. } = group;
            slice(dimension, &key, Sums { packets, bytes, flows, bytes_sent: 0 }, names)
        }
    };
    let ports = groups(&src, GroupBy::DstPort)?;
    let peers = peers(groups(&any, GroupBy::Pair)?, addrs);
    Ok(Around {
        alerts: alerts(app, source, addrs)?,
        ports_used: ports.into_iter().map(share(Dimension::Port)).collect(),
        peers: peers.into_iter().map(share(Dimension::Device)).collect(),
    })
}

/// `(ip:A or ip:B)` for at most four addresses: a device has rarely more at a time.
fn one_of(field: &str, addrs: &[Addr]) -> Option<String> {
    let terms: Vec<String> = addrs.iter().take(4).map(|addr| format!("{field}:{addr}")).collect();
    (!terms.is_empty()).then(|| format!("({})", terms.join(" or ")))
}

/// Pairs of a device by the other host, in the order of their bytes.
fn peers(pairs: Vec<Group>, addrs: &[Addr]) -> Vec<Group> {
    let own: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    let mut peers: Vec<Group> = Vec::new();
    for pair in pairs {
        let Some((src, dst)) = pair.key.split_once(" > ") else { continue };
        let other = if own.iter().any(|own| own == src) { dst } else { src };
        match peers.iter_mut().find(|peer| peer.key == other) {
            Some(peer) => {
                peer.flows += pair.flows;
                peer.packets += pair.packets;
                peer.bytes += pair.bytes;
            }
            None => peers.push(Group { key: other.to_owned(), ..pair }),
        }
    }
    peers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.key.cmp(&b.key)));
    peers
}

fn alerts(app: &AppState, source: SourceId, addrs: &[Addr]) -> Result<Vec<Raw>, Problem> {
    let mut rows = Vec::new();
    for addr in addrs.iter().take(4) {
        let query = AlertQuery {
            source: Some(source),
            address: Some(*addr),
            limit: ROWS,
            ..data::all_alerts()
        };
        rows.extend(app.store.control().alerts(&query)?.rows);
    }
    rows.sort_by(|a, b| b.alert.last.cmp(&a.alert.last).then_with(|| a.alert.id.cmp(&b.alert.id)));
    rows.dedup_by(|a, b| a.alert.id == b.alert.id);
    Ok(rows.iter().take(ROWS).map(alert_item).collect())
}

/// What a user says of a device; what is absent stays.
#[derive(ToSchema)]
#[schema(as = DeviceChange)]
#[expect(dead_code, reason = "documentation")]
struct ChangeBody {
    name: Option<String>,
    owner: Option<String>,
    tags: Option<Vec<String>>,
    notes: Option<String>,
    /// `new`, `known` or `ignored`.
    status: Option<String>,
}

/// Changes what users say of a device.
#[utoipa::path(patch, path = "/api/v1/devices/{id}", tag = "devices", request_body = ChangeBody,
    params(("id" = String, Path, description = "The device's id"), SourceParam),
    responses((status = 200, body = schema::Device)))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<SourceParam>,
    extract::Json(change): extract::Json<DeviceChange>,
) -> Result<Json<Raw>, Problem> {
    let source = data::source(params.source.as_deref())?;
    check(&change)?;
    blocking(&state, move |app| {
        let (source, now) = times::source_now(app, source)?;
        let row = app.store.control().change_device(source, &id, &change)?;
        app.data.known.forget(source);
        app.hub.devices(std::slice::from_ref(&row));
        let detail = json!({
            "name": change.name, "owner": change.owner, "tags": change.tags,
            "notes": change.notes, "status": change.status,
        });
        audit::done(app, &caller, "device.change", &id, detail)?;
        let item = items(app, source, std::slice::from_ref(&row), now)?.pop();
        item.map(Json).ok_or_else(|| Problem::missing("no such device"))
    })
    .await
}

fn check(change: &DeviceChange) -> Result<(), Problem> {
    let words = [("name", &change.name), ("owner", &change.owner)];
    for (field, value) in words {
        at_most(field, value.as_deref(), WORD_MAX)?;
    }
    at_most("notes", change.notes.as_deref(), NOTES_MAX)?;
    if let Some(tags) = &change.tags {
        if tags.len() > TAGS_MAX {
            return Err(Problem::field("tags", format!("expected at most {TAGS_MAX} tags")));
        }
        for tag in tags {
            at_most("tags", Some(tag), WORD_MAX)?;
        }
    }
    change.status.as_deref().map_or(Ok(()), check_status)
}

fn at_most(field: &str, value: Option<&str>, most: usize) -> Result<(), Problem> {
    if value.is_some_and(|value| value.chars().count() > most) {
        return Err(Problem::field(field, format!("expected at most {most} characters")));
    }
    Ok(())
}

fn check_status(status: &str) -> Result<(), Problem> {
    let words = [("new", ()), ("known", ()), ("ignored", ())];
    data::choice("status", Some(status), &words)
}
