//! A capture file through the running service: a source of its own, with the times of the file.

use super::support::{Lab, Service, folder, program, wait};
use std::time::Duration;

#[test]
fn a_file_is_replayed_as_a_source_of_its_own() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let file = dir.path().join("scan.pcapng");
    let file = file.to_str().unwrap();
    let args = ["scenario", "write", file, "--minutes", "2", "--attack", "port-scan-syn"];
    assert!(program(&lab, &[], &args).output().unwrap().status.success());
    let mut service = Service::start(&lab, dir.path(), &[], &["--pcap", file, "--speed", "max"]);
    let source = wait(Duration::from_mins(1), "the end of the file", || {
        let sources = service.get("/api/v1/sources");
        sources["items"].as_array()?.iter().find(|s| s["state"] == "done").cloned()
    });
    assert_eq!((&source["kind"], &source["name"]), (&"file".into(), &"scan.pcapng".into()));
    let alert = wait(Duration::from_secs(10), "the alert", || {
        let page = service.get(&format!("/api/v1/alerts?source={}", source["id"]));
        page["items"].as_array()?.iter().find(|a| a["detector"] == "port-scan").cloned()
    });
    let first = source["first"].as_str().unwrap();
    assert!(alert["first"].as_str().unwrap() >= first, "{alert} {source}");
    assert!(!first.starts_with("2026-11"), "the file's own times: {source}");
    assert_eq!(service.stop().0, Some(0), "{}", service.log());
}
