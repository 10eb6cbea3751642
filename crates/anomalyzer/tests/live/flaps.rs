//! Interfaces that go down, come back, vanish, are made again and renamed.

use super::support::{Lab, Service, folder, wait};
use std::time::Duration;

/// In the gate; `make torture` does more.
const DOWN_UP: usize = 20;
const DELETE_ADD: usize = 5;
const TOLD: Duration = Duration::from_secs(2);

/// Waits until the interface is in this state.
fn told(service: &Service<'_>, state: &str, within: Duration) {
    wait(within, state, || (service.link("b0").0 == state).then_some(()));
}

/// Waits until frames are counted again.
fn heard(lab: &Lab, service: &Service<'_>, within: Duration) {
    let before = service.link("b0").1;
    wait(within, "a frame", || {
        lab.poke();
        (service.link("b0").1 > before).then_some(())
    });
}

/// Processor time so far in ticks of 10 ms (proc(5)).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn an_interface_that_comes_and_goes_is_watched_again() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let mut service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    heard(&lab, &service, Duration::from_secs(5));
    for _ in 0..DOWN_UP {
        lab.here(&["link", "set", "b0", "down"]);
        told(&service, "down", TOLD);
        lab.here(&["link", "set", "b0", "up"]);
        heard(&lab, &service, Duration::from_secs(5));
    }
    let mut counted = service.link("b0").1;
    for _ in 0..DELETE_ADD {
        lab.here(&["link", "delete", "b0"]);
        told(&service, "gone", TOLD);
        lab.join();
        heard(&lab, &service, Duration::from_secs(10));
        let now = service.link("b0").1;
        assert!(now > counted, "counters ran back from {counted} to {now}");
        counted = now;
    }
    lab.here(&["link", "set", "b0", "down"]);
    lab.here(&["link", "set", "b0", "name", "c0"]);
    lab.here(&["link", "set", "c0", "up"]);
    heard(&lab, &service, Duration::from_secs(5));
    let status = service.get("/api/v1/status");
    let problem = status["interfaces"][0]["problem"].as_str().unwrap_or_default().to_owned();
    assert!(problem.contains("c0"), "{problem}");
    lab.here(&["link", "set", "c0", "down"]);
    told(&service, "down", TOLD);
    let before = ticks(service.pid());
    std::thread::sleep(Duration::from_secs(4));
    let used = ticks(service.pid()) - before;
    assert!(used <= 20, "{used} ticks of 10 ms in 4 s while down");
    assert_eq!(service.stop().0, Some(0), "{}", service.log());
}

#[test]
fn what_is_watched_can_be_changed_and_is_remembered() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let mut service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    let watch = |service: &Service<'_>, names: &str| {
        let body = format!("{{\"names\":[{names}]}}");
        let (code, said) = service.request("PUT", "/api/v1/interfaces", Some(&body));
        assert_eq!(code, 204, "{said}");
    };
    watch(&service, "\"b0\",\"lo\"");
    heard(&lab, &service, Duration::from_secs(5));
    wait(Duration::from_secs(5), "our own requests", || (service.link("lo").1 > 20).then_some(()));
    watch(&service, "");
    assert_eq!(service.get("/api/v1/status")["interfaces"].as_array().map(Vec::len), Some(0));
    assert_eq!(service.stop().0, Some(0), "{}", service.log());
    drop(service);
    let service = Service::start(&lab, dir.path(), &[], &[]);
    assert_eq!(service.get("/api/v1/status")["interfaces"].as_array().map(Vec::len), Some(0));
}
