//! One field to find things: an address, a name, a port, a Community ID, an alert.

use crate::data::{self, Page};
use crate::error::Problem;
use crate::extract::Query;
use crate::json::device_label;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use anomalyzer_store::control::{AlertQuery, DeviceQuery};
use anomalyzer_store::{SourceId, StoreError};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most hits of each kind.
const EACH_MAX: usize = 8;
/// Most characters that are searched for.
const QUERY_MAX: usize = 100;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(search));
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// What is searched for, at most 100 characters.
    q: Option<String>,
    /// In which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
}

/// Something that was found.
#[derive(Serialize, ToSchema)]
struct Hit {
    /// `device`, `alert`, `flows` or `incident`.
    kind: &'static str,
    /// Its id; of flows, the filter.
    id: String,
    /// One line.
    title: String,
    /// Where the console shows it.
    url: String,
}

/// Finds devices, alerts, incidents and flows.
#[utoipa::path(get, path = "/api/v1/search", tag = "state", params(Params),
    responses((status = 200, body = Page<Hit>)))]
async fn search(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Page<Hit>>, Problem> {
    let source = data::source(params.source.as_deref())?.unwrap_or(SourceId::SENSOR.0);
    let Some(text) = data::text("q", params.q.as_deref(), QUERY_MAX)? else {
        return Ok(Json(Page::whole(Vec::new())));
    };
    blocking(&state, move |app| {
        let mut hits = Vec::new();
        hits.extend(by_id(app, SourceId(source), &text)?);
        hits.extend(flows(source, &text));
        hits.extend(devices(app, SourceId(source), &text)?);
        hits.extend(alerts(app, SourceId(source), &text)?);
        let mut seen = std::collections::HashSet::new();
        hits.retain(|hit| seen.insert((hit.kind, hit.id.clone())));
        Ok(Json(Page::whole(hits)))
    })
    .await
}

/// An alert or incident whose id was given.
fn by_id(app: &AppState, source: SourceId, text: &str) -> Result<Vec<Hit>, Problem> {
    let id = text.to_ascii_lowercase();
    if !(8..=32).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    if let Some(row) = found(app.store.control().alert(source, &id))? {
        hits.push(alert_hit("alert", &row.alert.id, &row.alert.title, source));
    }
    if let Some(row) = found(app.store.control().incident(source, &id))? {
        hits.push(alert_hit("incident", &row.incident.id, &row.incident.title, source));
    }
    Ok(hits)
}

/// What is missing is none; a fault stays one.
fn found<T>(result: Result<T, StoreError>) -> Result<Option<T>, Problem> {
    match result {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn alert_hit(kind: &'static str, id: &str, title: &str, source: SourceId) -> Hit {
    let url = link("/alerts", &[("state", "all"), ("item", id)], source.0);
    Hit { kind, id: id.to_owned(), title: title.to_owned(), url }
}

/// Flows of an address, a network, a port or a Community ID: the filter that finds them.
fn flows(source: i64, text: &str) -> Option<Hit> {
    let address = text.parse::<std::net::IpAddr>().is_ok();
    let network = text.split_once('/').is_some_and(|(ip, bits)| {
        ip.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|n| n <= 128)
    });
    let port = || text.parse::<u16>().ok().or_else(|| text.strip_prefix(':')?.parse().ok());
    let community = || {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        let id = text.strip_prefix("1:")?;
        (id.len() == 28 && id.bytes().all(plain)).then(|| format!("community:\"{text}\""))
    };
    let (filter, title) = if address || network {
        (format!("ip:{text}"), format!("Flows of {text}"))
    } else if let Some(port) = port() {
        (format!("port:{port}"), format!("Flows of port {port}"))
    } else {
        (community()?, format!("Flows with Community ID {text}"))
    };
    let url = link("/flows", &[("filter", &filter), ("from", "-7d")], source);
    Some(Hit { kind: "flows", id: filter, title, url })
}

fn devices(app: &AppState, source: SourceId, text: &str) -> Result<Vec<Hit>, Problem> {
    let query = DeviceQuery {
        source,
        text: Some(text.to_owned()),
        sort: "last".to_owned(),
        descending: true,
        limit: EACH_MAX,
        ..DeviceQuery::default()
    };
    let (rows, _) = app.store.control().devices(&query)?;
    let hit = |row: &anomalyzer_store::control::DeviceRow| {
        let (id, label) = (&row.device.id, device_label(row));
        let address = row.device.addresses.first().map(ToString::to_string).unwrap_or_default();
        let title = if label == address { label } else { format!("{label} {address}") };
        let url = link(&format!("/devices/{}", encode(id)), &[], source.0);
        Hit { kind: "device", id: id.clone(), title: title.trim().to_owned(), url }
    };
    Ok(rows.iter().map(hit).collect())
}

fn alerts(app: &AppState, source: SourceId, text: &str) -> Result<Vec<Hit>, Problem> {
    let query = AlertQuery {
        source: Some(source),
        text: Some(text.to_owned()),
        limit: EACH_MAX,
        ..data::all_alerts()
    };
    let page = app.store.control().alerts(&query)?;
    let hit = |row: &anomalyzer_store::control::AlertRow| {
        alert_hit("alert", &row.alert.id, &row.alert.title, source)
    };
    Ok(page.rows.iter().map(hit).collect())
}

/// A route of the console.
fn link(path: &str, query: &[(&str, &str)], source: i64) -> String {
    let own = source.to_string();
    let source = (source != 1).then_some(("source", own.as_str()));
    let pairs: Vec<String> = query
        .iter()
        .copied()
        .chain(source)
        .map(|(key, value)| format!("{key}={}", encode(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, filter: Option<&str>) {
        assert_eq!(flows(1, text).map(|hit| hit.id).as_deref(), filter, "{text}");
    }

    #[test]
    fn what_flows_can_be_found_by() {
        check("10.0.0.1", Some("ip:10.0.0.1"));
        check("10.0.0.0/8", Some("ip:10.0.0.0/8"));
        check("2001:db8::1", Some("ip:2001:db8::1"));
        check("443", Some("port:443"));
        check(":443", Some("port:443"));
        check("70000", None);
        check(
            "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            Some("community:\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\""),
        );
        check("1:\" or bytes>0 or app:\"12345678", None);
        check("printer", None);
    }

    #[test]
    fn links_are_encoded() {
        let hit = flows(3, "10.0.0.0/8").unwrap();
        assert_eq!(hit.url, "/flows?filter=ip%3A10.0.0.0%2F8&from=-7d&source=3");
        assert_eq!(link("/devices/x", &[], 1), "/devices/x");
    }
}
