//! Flows, groups and search against the records of the engine.

use super::site::{ALL, MADE, Site, items};
use anomalyzer_engine::FlowRecord;
use anomalyzer_report::ndjson;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn record(flow: &FlowRecord) -> Value {
    let mut line = Vec::new();
    ndjson::flow(&mut line, flow, None);
    serde_json::from_slice(&line).unwrap()
}

/// The record within an answer.
fn stripped(item: &Value) -> Value {
    let mut item = item.clone();
    let fields = item.as_object_mut().unwrap();
    for name in ["key", "src_device", "dst_device", "src_place", "dst_place", "alerts"] {
        fields.remove(name);
    }
    // Numbers of a run are not kept.
    fields.remove("id");
    item
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<String> {
    let mut texts: Vec<String> = values.map(|value| value.to_string()).collect();
    texts.sort();
    texts
}

/// Every page of a list.
async fn pages(site: &Site, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = site.json(&format!("{path}{cursor}")).await;
        all.extend(items(&page).iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn the_history_holds_every_record_as_it_was() {
    let site = Site::office();
    let told = pages(&site, &format!("/api/v1/flows?{ALL}&limit=1000")).await;
    let truth = sorted(MADE.flows.iter().map(|flow| stripped(&record(flow))));
    assert_eq!(sorted(told.iter().map(stripped)), truth);
    let keys: BTreeSet<&str> = told.iter().map(|flow| flow["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), told.len());
    assert!(told.iter().any(|flow| flow["src_device"]["id"].is_string()));
    assert!(told.iter().all(|flow| flow["src_place"].is_null()), "no file of places was given");
}

#[tokio::test]
async fn orders_and_pages() {
    let site = Site::office();
    let bytes = |flow: &Value| {
        flow["orig"]["bytes"].as_u64().unwrap() + flow["resp"]["bytes"].as_u64().unwrap()
    };
    let told = pages(&site, &format!("/api/v1/flows?{ALL}&sort=bytes&limit=400")).await;
    assert_eq!(told.len(), MADE.flows.len());
    assert!(told.iter().map(bytes).is_sorted_by(|a, b| a >= b));
    let up = pages(&site, &format!("/api/v1/flows?{ALL}&sort=dport&order=asc&limit=700")).await;
    assert!(up.iter().map(|f| f["dst_port"].as_u64().unwrap()).is_sorted());
    let plain = site.json("/api/logs/traffic?from=-1d&limit=7").await;
    assert_eq!(plain.as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn one_flow_with_the_alerts_that_name_it() {
    let site = Site::office();
    let alert = MADE.alerts.iter().find(|alert| !alert.flows.is_empty()).unwrap();
    let of_alert = site.json(&format!("/api/v1/alerts/{}/flows", alert.id)).await;
    let ids: BTreeSet<&str> =
        items(&of_alert).iter().map(|f| f["community_id"].as_str().unwrap()).collect();
    let named: BTreeSet<&str> = alert.flows.iter().map(String::as_str).collect();
    assert!(!ids.is_empty() && ids.is_subset(&named), "{ids:?} {named:?}");
    let key = items(&of_alert)[0]["key"].as_str().unwrap();
    let flow = site.json(&format!("/api/v1/flows/{key}")).await;
    assert_eq!(stripped(&flow), stripped(&items(&of_alert)[0]));
    let alerts = flow["alerts"].as_array().unwrap();
    assert!(alerts.iter().any(|told| told["id"] == alert.id), "{alerts:?}");
    for key in ["1-x-9.9", "nonsense", &"9".repeat(400)] {
        site.get(&format!("/api/v1/flows/{key}")).await.problem(404);
    }
}

#[tokio::test]
async fn groups_add_up() {
    type Key = fn(&FlowRecord) -> String;
    let site = Site::office();
    let by: [(&str, Key); 3] = [
        ("app", |flow| flow.app.name().to_owned()),
        ("src", |flow| flow.tuple.src.to_string()),
        ("state", |flow| flow.conn_state.name().to_owned()),
    ];
    for (name, key) in by {
        let mut truth: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for flow in &MADE.flows {
            let sum = truth.entry(key(flow)).or_default();
            sum.0 += 1;
            sum.1 += flow.orig.bytes + flow.resp.bytes;
        }
        let told = site.json(&format!("/api/v1/flows/groups?{ALL}&by={name}&top=1000")).await;
        assert_eq!(items(&told).len(), truth.len(), "{name}");
        for group in items(&told) {
            let (flows, bytes) = truth[group["key"].as_str().unwrap()];
            assert_eq!(
                (group["flows"].as_u64(), group["bytes"].as_u64()),
                (Some(flows), Some(bytes))
            );
        }
    }
}

#[tokio::test]
async fn filters_choose_and_say_where_they_are_wrong() {
    let site = Site::office();
    let count = async |filter: &str| {
        let path = format!("/api/v1/flows?{ALL}&limit=1000&filter={filter}");
        pages(&site, &path).await.len()
    };
    let naive = |passes: fn(&FlowRecord) -> bool| MADE.flows.iter().filter(|f| passes(f)).count();
    assert_eq!(count("app:dns").await, naive(|f| f.app.name() == "dns"));
    assert_eq!(
        count("dport:443%20not%20app:tls").await,
        naive(|f| f.tuple.dst_port == 443 && f.app.name() != "tls")
    );
    for (filter, start, end) in [("app:dns%20colour:red", 8, 18), ("src:10.0.0.0%2F99", 0, 15)] {
        let problem = site.get(&format!("/api/v1/flows?filter={filter}")).await.problem(400);
        assert_eq!(problem["type"], "urn:anomalyzer:filter");
        let (from, to) = (problem["start"].as_u64().unwrap(), problem["end"].as_u64().unwrap());
        assert!(from >= start && to <= end && from < to, "{problem}");
    }
    let path = format!("/api/v1/flows?filter={}", "a".repeat(4_097));
    site.get(&path).await.problem(400);
}

#[tokio::test]
async fn what_the_filter_language_knows() {
    let site = Site::empty();
    let fields = site.json("/api/v1/flows/fields").await;
    assert!(items(&fields).len() >= 10);
    for field in items(&fields) {
        let example = field["example"].as_str().unwrap();
        assert!(anomalyzer_store::Filter::parse(example).is_ok(), "{field}");
    }
}

#[tokio::test]
async fn search_leads_somewhere() {
    let site = Site::office();
    let find = async |q: &str| {
        let told = site.json(&format!("/api/v1/search?q={q}")).await;
        let kinds: BTreeSet<String> =
            items(&told).iter().map(|hit| hit["kind"].as_str().unwrap().to_owned()).collect();
        let urls: Vec<String> =
            items(&told).iter().map(|hit| hit["url"].as_str().unwrap().to_owned()).collect();
        (kinds, urls)
    };
    let device = MADE.devices.iter().find(|device| !device.addresses.is_empty()).unwrap();
    let (kinds, urls) = find(&device.addresses[0].to_string()).await;
    assert!(kinds.contains("device") && kinds.contains("flows"), "{kinds:?}");
    assert!(urls.iter().all(|url| url.starts_with('/') && !url.contains(' ')));
    let (kinds, _) = find(&MADE.alerts[0].id).await;
    assert!(kinds.contains("alert"));
    let (kinds, _) = find(&MADE.incidents[0].id).await;
    assert!(kinds.contains("incident"));
    assert!(find("443").await.0.contains("flows"));
    let mac = MADE.devices.iter().find_map(|device| device.mac).unwrap();
    assert!(find(&mac.to_string()).await.0.contains("device"));
    site.get(&format!("/api/v1/search?q={}", "x".repeat(101))).await.problem(400);
}

#[tokio::test]
async fn what_takes_too_long_is_stopped_and_says_how_to_ask_for_less() {
    let site = Site::office();
    let now = tokio::time::Instant::now();
    for path in ["flows", "flows/groups?by=src", "report"] {
        let path = format!("/api/v1/{path}{}{ALL}", if path.contains('?') { "&" } else { "?" });
        let problem = crate::state::until(now, site.get(&path)).await.problem(504);
        assert_eq!(problem["type"], "urn:anomalyzer:slow", "{path}");
        assert!(problem["detail"].as_str().unwrap().contains("narrower filter"), "{problem}");
    }
}
