//! What is passed on to the running program: settings, lists, suppressions, interfaces, uploads.

use super::site::{Site, items};
use anomalyzer_store::control::Role::{Admin, Analyst, Viewer};
use axum::body::Body;
use serde_json::json;

#[tokio::test]
async fn settings_change_from_the_latest_version_only() {
    let site = Site::empty();
    let view = site.json("/api/v1/settings").await;
    assert_eq!(view["version"], 1);
    let change = |key: &str, version: i64| json!({ "set": [[key, "5"]], "version": version });
    let path = "/api/v1/settings";
    site.send(Analyst, "PATCH", path, change("port-scan.ports", 1)).await.problem(403);
    let bad = site.send(Admin, "PATCH", path, change("no.such", 1)).await.problem(400);
    assert_eq!(bad["place"], "no.such");
    let done = site.send(Admin, "PATCH", path, change("port-scan.ports", 1)).await.json();
    assert_eq!(done["version"], 2);
    let late = site.send(Admin, "PATCH", path, change("port-scan.ports", 1)).await.problem(409);
    assert_eq!(late["type"], "urn:anomalyzer:conflict");
    let test = json!({ "change": change("port-scan.ports", 2), "from": "-1h" });
    let tested = site.send(Analyst, "POST", "/api/v1/settings/back-test", test).await.json();
    assert_eq!(tested["over"], "flows");
    assert_eq!(items(&site.json("/api/v1/detectors").await).len(), 3);
    site.get("/api/v1/detectors/none").await.problem(404);
    let trail = site.state.store.control().audit_entries(None, Some("settings.change"), 10);
    assert_eq!(trail.unwrap().len(), 1);
}

#[tokio::test]
async fn lists_are_edited_with_versions() {
    let site = Site::empty();
    for kind in ["keywords", "threats"] {
        let path = format!("/api/v1/{kind}/own-list");
        let put = |text: &str, version: Option<i64>| json!({ "text": text, "version": version });
        site.send(Analyst, "PUT", &path, put("a", None)).await.problem(403);
        let bad = site.send(Admin, "PUT", &path, put("((", None)).await.problem(400);
        assert_eq!(bad["place"], "line 1");
        let made = site.send(Admin, "PUT", &path, put("a\nb", None)).await.json();
        assert_eq!((&made["entries"], &made["version"]), (&json!(2), &json!(1)));
        site.send(Admin, "PUT", &path, put("c", None)).await.problem(409);
        let made = site.send(Admin, "PUT", &path, put("c", Some(1))).await.json();
        assert_eq!(made["version"], 2);
        assert_eq!(site.json(&path).await["text"], "c");
        let off = site.send(Admin, "PATCH", &path, json!({ "enabled": false })).await;
        assert_eq!(off.status, 204);
        let list = site.json(&format!("/api/v1/{kind}")).await;
        assert_eq!(items(&list)[0]["enabled"], false);
        assert_eq!(site.ask(Admin, "DELETE", &path, Body::empty()).await.status, 204);
        site.get(&path).await.problem(404);
        for name in [".hidden", "a%20b", &"x".repeat(65)] {
            site.get(&format!("/api/v1/{kind}/{name}")).await.problem(400);
        }
    }
}

#[tokio::test]
async fn suppressions_are_checked() {
    let site = Site::empty();
    let path = "/api/v1/suppressions";
    let rule = |scope, reason: &str, expires: &str| json!({ "scope": scope, "reason": reason, "expires": expires });
    let scope = json!({ "detector": "port-scan", "src": "10.0.0.0/8" });
    let good = rule(scope.clone(), "our scanner", "2100-01-01T00:00:00Z");
    site.send(Viewer, "POST", path, good.clone()).await.problem(403);
    let made = site.send(Analyst, "POST", path, good).await.json();
    let listed = site.json(path).await;
    assert_eq!(items(&listed)[0]["id"], made["id"]);
    for (bad, field) in [
        (rule(json!({}), "why", "2100-01-01T00:00:00Z"), "scope"),
        (rule(json!({ "detector": "port-scam" }), "why", "2100-01-01T00:00:00Z"), "scope"),
        (rule(scope.clone(), "", "2100-01-01T00:00:00Z"), "reason"),
        (rule(scope.clone(), "why", "2001-01-01T00:00:00Z"), "expires"),
        (rule(scope.clone(), "why", "some day"), "expires"),
    ] {
        let problem = site.send(Analyst, "POST", path, bad).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let preview = json!({ "scope": scope });
    let hides = site.send(Analyst, "POST", &format!("{path}/preview"), preview).await.json();
    assert_eq!(hides["hides"], 2);
    let id = made["id"].as_str().unwrap();
    let gone = site.ask(Analyst, "DELETE", &format!("{path}/{id}"), Body::empty()).await;
    assert_eq!(gone.status, 204);
    assert!(items(&site.json(path).await).is_empty());
}

#[tokio::test]
async fn captures_are_taken_in_and_leave_nothing_behind() {
    let site = Site::empty();
    let path = "/api/v1/sources?name=..%2Foffice%3Cb%3E.pcap";
    let send = |role, body: Vec<u8>| site.ask(role, "POST", path, Body::from(body));
    send(Viewer, vec![1]).await.problem(403);
    let taken = send(Analyst, vec![7; 100_000]).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    let source = taken.json();
    assert_eq!(source["name"], "office<b>.pcap");
    assert_eq!(*site.machine.told.lock().unwrap(), ["analyse 100000 600"]);
    send(Analyst, Vec::new()).await.problem(400);
    send(Analyst, vec![0; (4 << 20) + 1]).await.problem(413);
    // Without a length, the limit is met on the way.
    let pieces = (0..80).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 64 << 10]));
    let body = Body::from_stream(tokio_stream::iter(pieces));
    site.ask(Analyst, "POST", path, body).await.problem(413);
    let broken = [Ok(vec![0_u8; 9]), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(tokio_stream::iter(broken));
    site.ask(Analyst, "POST", path, body).await.problem(400);
    let uploads = site.state.store.dir().join("uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    let id = source["id"].as_i64().unwrap();
    let one = format!("/api/v1/sources/{id}");
    assert_eq!(site.ask(Analyst, "DELETE", &one, Body::empty()).await.status, 204);
    site.ask(Analyst, "DELETE", &one, Body::empty()).await.problem(404);
}

#[tokio::test]
async fn interfaces_are_named_and_sources_told() {
    let site = Site::office();
    let path = "/api/v1/interfaces";
    assert_eq!(items(&site.json(path).await)[0]["name"], "lo");
    site.send(Analyst, "PUT", path, json!({ "names": ["lo"] })).await.problem(403);
    assert_eq!(site.send(Admin, "PUT", path, json!({ "names": ["lo"] })).await.status, 204);
    for bad in [json!(["a/b"]), json!([""]), json!(["x y"]), json!(vec!["a"; 65])] {
        site.send(Admin, "PUT", path, json!({ "names": bad })).await.problem(400);
    }
    let sources = site.json("/api/v1/sources").await;
    assert_eq!(items(&sources)[0]["kind"], "demo");
    // The demonstration is no capture.
    site.ask(Analyst, "DELETE", "/api/v1/sources/1", Body::empty()).await.problem(403);
    let kept = site.json("/api/v1/retention").await;
    assert_eq!((&kept["history_days"], &kept["alert_days"]), (&json!(30), &json!(365)));
}

#[tokio::test]
async fn a_backup_is_a_store_and_leaves_no_copy() {
    let site = Site::office();
    let path = "/api/v1/backup";
    site.ask(Analyst, "GET", path, Body::empty()).await.problem(403);
    let file = site.ask(Admin, "GET", path, Body::empty()).await;
    assert!(file.body.starts_with(b"SQLite format 3\0"), "{}", file.status);
    let dir = site.state.store.dir();
    let left = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().ends_with(".backup")
    };
    assert!(!std::fs::read_dir(dir).unwrap().any(left));
}
