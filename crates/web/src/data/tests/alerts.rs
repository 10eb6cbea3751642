//! Alerts, incidents, the inbox and devices.

use super::site::{MADE, Site, items};
use anomalyzer_engine::Severity;
use anomalyzer_store::control::Role;
use axum::body::Body;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn ids(list: &Value) -> Vec<String> {
    items(list).iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn alerts_are_those_of_the_engine() {
    let site = Site::office();
    let all = site.json("/api/v1/alerts?limit=1000").await;
    let made: BTreeSet<String> = MADE.alerts.iter().map(|alert| alert.id.clone()).collect();
    assert!(made.len() >= 3, "{made:?}");
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), made);
    assert_eq!(all["total"], made.len());
    for alert in &MADE.alerts {
        let item = site.json(&format!("/api/v1/alerts/{}", alert.id)).await;
        assert_eq!(item["title"], alert.title);
        assert_eq!(item["explanation"], alert.explanation);
        assert_eq!((&item["state"], &item["source"]), (&json!("open"), &json!(1)));
        assert!(item["history"].is_array() && item["related"].is_array());
    }
    let severe = |alert: &&anomalyzer_engine::Alert| alert.severity >= Severity::High;
    let high = site.json("/api/v1/alerts?severity=high&limit=1000").await;
    assert_eq!(items(&high).len(), MADE.alerts.iter().filter(severe).count());
    let plain = site.json("/api/logs/anomalies?limit=1000").await;
    assert_eq!(plain.as_array().unwrap().len(), made.len());
}

#[tokio::test]
async fn pages_hold_every_alert_once() {
    let site = Site::office();
    for (path, limit) in [("alerts", 1), ("alerts", 2), ("inbox", 1), ("incidents", 1)] {
        let list =
            |cursor: &str| format!("/api/v1/{path}?severity=info&state=all&limit={limit}{cursor}");
        let whole = site.json(&list("").replace(&format!("limit={limit}"), "limit=1000")).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = site.json(&list(&cursor)).await;
            assert!(items(&page).len() <= limit);
            seen.extend(items(&page).iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(&seen, items(&whole), "{path}");
    }
}

#[tokio::test]
async fn the_inbox_holds_each_alert_once_and_incidents_for_their_steps() {
    let site = Site::office();
    let inbox = site.json("/api/v1/inbox?severity=info&limit=1000").await;
    let (mut incidents, mut alerts) = (BTreeSet::new(), BTreeSet::new());
    for entry in items(&inbox) {
        match entry["kind"].as_str().unwrap() {
            "incident" => incidents.insert(entry["incident"]["id"].as_str().unwrap().to_owned()),
            _ => alerts.insert(entry["alert"]["id"].as_str().unwrap().to_owned()),
        };
    }
    let steps: BTreeSet<String> =
        MADE.incidents.iter().flat_map(|i| i.story.iter().map(|s| s.alert.clone())).collect();
    assert_eq!(incidents.len(), MADE.incidents.len());
    assert!(!incidents.is_empty() && alerts.is_disjoint(&steps));
    assert_eq!(alerts.len() + steps.len(), MADE.alerts.len());
    for incident in &MADE.incidents {
        let item = site.json(&format!("/api/v1/incidents/{}", incident.id)).await;
        let own: BTreeSet<&str> = incident.story.iter().map(|s| s.alert.as_str()).collect();
        let told = item["alerts"].as_array().unwrap();
        assert_eq!(told.iter().map(|a| a["id"].as_str().unwrap()).collect::<BTreeSet<_>>(), own);
        assert_eq!(item["explanation"], incident.explanation);
    }
}

#[tokio::test]
async fn a_change_of_state_is_kept_told_and_can_be_undone() {
    let site = Site::office();
    let incident = &MADE.incidents[0];
    let change = json!({ "source": 1, "incidents": [incident.id], "state": "false-alarm",
        "escalated": true, "note": "the scanner of ours" });
    site.send(Role::Viewer, "POST", "/api/v1/alerts/state", change.clone()).await.problem(403);
    let changed = site.send(Role::Analyst, "POST", "/api/v1/alerts/state", change).await.json();
    let steps: BTreeSet<&str> = incident.story.iter().map(|s| s.alert.as_str()).collect();
    assert_eq!(changed["changed"], steps.len());
    assert_eq!(changed["before"][0]["state"], "open");
    let told = site.machine.told.lock().unwrap().clone();
    assert!(told[0].starts_with("judge ") && told[0].ends_with(" true the scanner of ours"));
    let id = *steps.first().unwrap();
    let one = site.json(&format!("/api/v1/alerts/{id}")).await;
    assert_eq!((&one["state"], &one["escalated"]), (&json!("false-alarm"), &json!(true)));
    assert_eq!(one["changed"]["by"], "analyst");
    assert!(!one["history"].as_array().unwrap().is_empty());
    let undo = json!({ "source": 1, "ids": [id], "state": "open", "escalated": false });
    site.send(Role::Analyst, "POST", "/api/v1/alerts/state", undo).await.json();
    let told = site.machine.told.lock().unwrap().clone();
    assert_eq!(told[1], format!("judge {id} false "));
    for bad in [
        json!({ "source": 1, "ids": [], "state": "open" }),
        json!({ "source": 1, "ids": [id] }),
        json!({ "source": 1, "ids": [id], "state": "done" }),
        json!({ "source": 1, "ids": [id], "note": "x".repeat(2_001) }),
    ] {
        let problem = site.send(Role::Analyst, "POST", "/api/v1/alerts/state", bad).await;
        assert!(problem.problem(400)["errors"][0]["message"].is_string());
    }
    let unknown = json!({ "source": 1, "ids": ["0000000000000000"], "state": "closed" });
    site.send(Role::Analyst, "POST", "/api/v1/alerts/state", unknown).await.problem(404);
}

#[tokio::test]
async fn payload_is_for_analysts() {
    let site = Site::office();
    let path = format!("/api/v1/alerts/{}/packets", MADE.alerts[0].id);
    let seen = site.ask(Role::Viewer, "GET", &path, Body::empty()).await;
    assert_eq!(items(&seen.json())[0]["hex"], "");
    assert!(!seen.text().contains("secret1"));
    let seen = site.ask(Role::Analyst, "GET", &path, Body::empty()).await.json();
    assert_eq!(items(&seen)[0]["hex"], "73656372657431");
    assert_eq!(*site.machine.told.lock().unwrap(), ["evidence false", "evidence true"]);
    let path = format!("/api/v1/alerts/{}/evidence.pcapng", MADE.alerts[0].id);
    site.ask(Role::Viewer, "GET", &path, Body::empty()).await.problem(403);
    let file = site.get(&path).await;
    assert_eq!(file.body, [0x0a, 0x0d, 0x0d, 0x0a]);
    let name = format!("attachment; filename=\"alert-{}.pcapng\"", MADE.alerts[0].id);
    assert_eq!(file.headers["content-disposition"], name);
}

#[tokio::test]
async fn devices_are_those_of_the_engine_and_take_names() {
    let site = Site::office();
    let all = site.json("/api/v1/devices?limit=1000").await;
    let made: BTreeSet<String> = MADE.devices.iter().map(|d| d.id.clone()).collect();
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), made);
    let device = MADE.devices.iter().max_by_key(|d| d.bytes[0] + d.bytes[1]).unwrap();
    let by_bytes = site.json("/api/v1/devices?sort=bytes&limit=1").await;
    assert_eq!(items(&by_bytes)[0]["bytes_sent"], device.bytes[0]);
    assert_eq!((&by_bytes["next"], &by_bytes["total"]), (&json!("1"), &json!(made.len())));
    let path = format!("/api/v1/devices/{}", device.id);
    let change = json!({ "name": "<img onerror=x>", "tags": ["desk"], "status": "known" });
    site.send(Role::Viewer, "PATCH", &path, change.clone()).await.problem(403);
    let changed = site.send(Role::Analyst, "PATCH", &path, change).await.json();
    assert_eq!(
        (&changed["label"], &changed["status"]),
        (&json!("<img onerror=x>"), &json!("known"))
    );
    let known = site.json("/api/v1/devices?status=known").await;
    assert_eq!(ids(&known), std::slice::from_ref(&device.id));
    for bad in [json!({ "status": "gone" }), json!({ "name": "x".repeat(101) }), json!({ "x": 1 })]
    {
        site.send(Role::Analyst, "PATCH", &path, bad).await.problem(400);
    }
    site.get("/api/v1/devices/mac:00:00:00:00:00:00").await.problem(404);
}
