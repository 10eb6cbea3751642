//! Exports hold what the lists hold.

use super::site::{ALL, MADE, Site, items};
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{NewDevice, Role};
use axum::body::Body;
use serde_json::Value;
use std::collections::BTreeSet;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn flows_are_the_same_in_every_form() {
    let site = Site::office();
    let ndjson = site.get(&format!("/api/v1/exports/flows.ndjson?{ALL}")).await;
    assert_eq!(ndjson.headers["content-type"], "application/x-ndjson");
    assert_eq!(ndjson.headers["content-disposition"], "attachment; filename=\"flows.ndjson\"");
    let exported = lines(ndjson.text());
    assert_eq!(exported.len(), MADE.flows.len());
    let csv = site.get(&format!("/api/v1/exports/flows.csv?{ALL}")).await;
    assert_eq!(csv.text().lines().count(), MADE.flows.len() + 1);
    let some = site.json(&format!("/api/v1/flows?{ALL}&limit=50")).await;
    for item in items(&some) {
        assert!(exported.contains(item), "{item}");
    }
}

#[tokio::test]
async fn alerts_and_devices() {
    let site = Site::office();
    let listed = site.json("/api/v1/alerts?limit=1000").await;
    let exported = site.get("/api/v1/exports/alerts.ndjson").await;
    assert_eq!(&lines(exported.text()), items(&listed));
    let csv = site.get("/api/v1/exports/alerts.csv").await;
    assert_eq!(csv.text().lines().count(), MADE.alerts.len() + 1);
    let severe = site.get("/api/v1/exports/alerts.ndjson?severity=high").await;
    let high = site.json("/api/v1/alerts?severity=high&limit=1000").await;
    assert_eq!(&lines(severe.text()), items(&high));
    let eve = site.get("/api/v1/exports/alerts.eve").await;
    let events = lines(eve.text());
    let signatures: BTreeSet<&str> =
        events.iter().filter_map(|event| event["alert"]["signature"].as_str()).collect();
    let titles: BTreeSet<&str> = MADE.alerts.iter().map(|alert| alert.title.as_str()).collect();
    assert_eq!(signatures, titles);
    assert!(events.iter().all(|event| event["timestamp"].is_string()));
    let devices = site.get("/api/v1/exports/devices.ndjson").await;
    assert_eq!(lines(devices.text()).len(), MADE.devices.len());
    let devices = site.get("/api/v1/exports/devices.csv").await;
    assert_eq!(devices.text().lines().count(), MADE.devices.len() + 1);
}

#[tokio::test]
async fn exports_are_for_analysts_and_leave_a_trace() {
    let site = Site::office();
    for name in [
        "flows.csv",
        "flows.ndjson",
        "alerts.csv",
        "alerts.ndjson",
        "alerts.eve",
        "devices.csv",
        "devices.ndjson",
    ] {
        let path = format!("/api/v1/exports/{name}");
        site.ask(Role::Viewer, "GET", &path, Body::empty()).await.problem(403);
        assert_eq!(site.get(&path).await.status, 200);
    }
    let trail = site.state.store.control().audit_entries(None, Some("export."), 100).unwrap();
    assert_eq!(trail.len(), 7);
    assert!(trail.iter().all(|entry| entry.actor == "analyst" && entry.result == "ok"));
}

#[tokio::test]
async fn cells_are_no_formulas() {
    let site = Site::office();
    let device = NewDevice {
        id: "mac:02:00:00:00:00:99".into(),
        names: vec![("dhcp".into(), "=cmd|' /C calc'!A0".into())],
        vendor: Some("+1\u{202e}\r\n".into()),
        ..NewDevice::default()
    };
    site.state.store.control().put_devices(SourceId::SENSOR, &[device]).unwrap();
    let csv = site.get("/api/v1/exports/devices.csv").await;
    assert!(csv.text().contains(",'=cmd|' /C calc'!A0,"), "{}", csv.text());
    assert!(csv.text().contains(",'+1\\xe2\\x80\\xae\\x0d\\x0a,"));
    assert!(csv.text().bytes().all(|byte| byte >= b' ' || byte == b'\n'));
    assert_eq!(csv.text().lines().count(), MADE.devices.len() + 2);
}
