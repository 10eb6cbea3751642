//! Flows that users label, and what is trained on them.

use super::site::{ALL, MADE, Site, items};
use anomalyzer_store::control::Role;
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;

async fn label(site: &Site, body: Value) -> u16 {
    site.send(Role::Analyst, "POST", "/api/v1/labels", body).await.status.as_u16()
}

#[tokio::test]
async fn labelled_flows_make_a_model() {
    let site = Site::office();
    // Alerts that name their flows, or whom they were between.
    let scan = MADE.alerts.iter().find(|a| !a.src.is_empty() && !a.dst.is_empty()).unwrap();
    let attack = json!({ "source": 1, "alert": scan.id, "label": "attack" });
    assert_eq!(label(&site, attack.clone()).await, 204);
    let counts = site.json("/api/v1/labels/summary").await;
    let attacks = counts["attack"].as_u64().unwrap();
    assert!(attacks >= 1, "{counts}");
    // Said again it is the same; a flow is one or the other.
    assert_eq!(label(&site, attack).await, 204);
    assert_eq!(site.json("/api/v1/labels/summary").await["attack"], attacks);
    let (host, victim) = (scan.src[0], scan.dst[0]);
    let path = format!("/api/v1/flows?{ALL}&limit=200&filter=not%20ip:{host}%20not%20ip:{victim}");
    let others = site.json(&path).await;
    let mut normal = 0;
    for flow in items(&others).iter().take(60) {
        let body = json!({ "source": 1, "flow": flow["key"], "label": "normal" });
        assert_eq!(label(&site, body).await, 204);
        normal += 1;
    }
    assert_eq!(site.json("/api/v1/labels/summary").await["normal"], normal);
    let body = json!({ "labels": true, "schema": "flow", "algorithm": "gbdt" });
    let told = site.send(Role::Analyst, "POST", "/api/v1/models/train", body).await;
    assert_eq!(told.status, 202, "{}", told.text());
    let job = loop {
        let jobs = site.json("/api/v1/models/jobs").await;
        if items(&jobs)[0]["ended"] != Value::Null {
            break items(&jobs)[0].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // Of a few flows nothing can be learned; that is told, and of more a candidate comes.
    if attacks < 4 {
        assert!(job["problem"].as_str().unwrap().contains("attack records"), "{job}");
    } else {
        assert_eq!(job["state"], "done", "{job}");
        let model = site.json(&format!("/api/v1/models/{}", job["model"].as_str().unwrap())).await;
        assert_eq!((&model["schema"], &model["origin"]), (&json!("flow"), &json!("trained")));
    }
}

#[tokio::test]
async fn labels_of_nothing_are_refused() {
    let site = Site::office();
    let id = &MADE.alerts[0].id;
    for (body, status) in [
        (json!({ "source": 1, "alert": "none", "label": "attack" }), 404),
        (json!({ "source": 1, "flow": "9-9-9", "label": "attack" }), 404),
        (json!({ "source": 1, "alert": id, "label": "maybe" }), 400),
        (json!({ "source": 1, "label": "attack" }), 400),
        (json!({ "source": 1, "alert": id, "flow": "1-1-1", "label": "attack" }), 400),
        (json!({ "source": 1, "alert": id, "label": "attack", "more": 1 }), 400),
    ] {
        assert_eq!(label(&site, body.clone()).await, status, "{body}");
    }
    let viewer = site.ask(Role::Viewer, "POST", "/api/v1/labels", Body::from("{}")).await;
    assert_eq!(viewer.status, 403);
}
