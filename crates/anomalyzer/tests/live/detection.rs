//! From the wire to the API: a scan is told in time, with its packets, and is still there after a
//! restart.

use super::support::{HERE, Lab, PEER, Service, folder, wait};
use std::time::{Duration, Instant};

/// How long the verdict on a scan waits for answers of the ports (`port-scan`).
const GRACE: Duration = Duration::from_secs(2);

#[test]
fn a_scan_is_an_alert_in_the_api_in_time_and_stays() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let mut service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    assert_eq!(service.link("b0").0, "watching");
    let scan = lab.peer("nmap", &["-sS", "-Pn", "-n", "-p", "1-400", HERE]);
    assert!(scan.status.success(), "{scan:?}");
    let over = Instant::now();
    let alert = wait(Duration::from_secs(15), "the alert", || {
        let page = service.get("/api/v1/alerts?limit=100");
        page["items"].as_array()?.iter().find(|a| a["detector"] == "port-scan").cloned()
    });
    let late = over.elapsed();
    assert!(late <= GRACE + Duration::from_secs(2), "told {late:?} after the scan");
    assert_eq!(alert["src"][0], PEER, "{alert}");
    assert_eq!(alert["dst"][0], HERE, "{alert}");
    let id = alert["id"].as_str().unwrap().to_owned();
    let packets = wait(Duration::from_secs(5), "the packets", || {
        let page = service.get(&format!("/api/v1/alerts/{id}/packets?source=1"));
        page["items"].as_array().filter(|all| !all.is_empty()).cloned()
    });
    assert!(packets.len() > 100 && packets.len() <= 200, "{} packets", packets.len());
    let tcp =
        |p: &serde_json::Value| p["layers"].as_array().unwrap().iter().any(|l| l["name"] == "TCP");
    assert!(packets.iter().filter(|p| tcp(p)).count() > 100);
    wait(Duration::from_secs(15), "the flows", || {
        let page = service.get(&format!("/api/v1/flows?from=-10m&filter=src:{PEER}"));
        (page["items"].as_array()?.len() >= 100).then_some(())
    });
    let (code, took) = service.stop();
    assert_eq!(code, Some(0), "{}", service.log());
    assert!(took <= Duration::from_secs(5), "SIGTERM took {took:?}");
    drop(service);
    let service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    let kept = service.get(&format!("/api/v1/alerts/{id}?source=1"));
    assert_eq!(kept["id"], id.as_str());
}
