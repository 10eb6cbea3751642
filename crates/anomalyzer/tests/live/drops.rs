//! Every frame that was sent was either read or is told as dropped, whatever the rate.

use super::support::{Lab, Service, folder, program, wait};
use std::time::Duration;

/// Counters of the service: frames read, received by the kernel, dropped by it.
fn counted(service: &Service<'_>) -> [u64; 3] {
    let status = service.get("/api/v1/status");
    let frames = status["counters"].as_array().unwrap().iter().find(|c| c[0] == "frames").unwrap();
    let link = &status["interfaces"][0];
    [&frames[1], &link["received"], &link["dropped"]].map(|n| n.as_u64().unwrap())
}

fn check(queues: u32) {
    const LOOPS: u64 = 30;
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let file = dir.path().join("office.pcapng");
    let file = file.to_str().unwrap();
    let made = program(&lab, &[], &["scenario", "write", file, "--minutes", "2"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let info =
        program(&lab, &[], &["analyze", file, "--json", "--only", "summary"]).output().unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
    let sent = summary["packets"].as_u64().unwrap() * LOOPS;
    let queues = format!("capture.queues={queues}");
    let small = ["-i", "b0", "--set", "capture.buffer_bytes=1048576", "--set", &queues];
    let service = Service::start(&lab, dir.path(), &[], &small);
    let before = counted(&service);
    let loops = format!("--loop={LOOPS}");
    let replayed = lab.peer("tcpreplay", &["-q", "-i", "a0", "--topspeed", &loops, "-K", file]);
    assert!(replayed.status.success(), "{replayed:?}");
    let mut last = [0; 3];
    let after = wait(Duration::from_mins(1), "an end of the frames", || {
        std::thread::sleep(Duration::from_millis(1_500));
        let now = counted(&service);
        let settled = now == last && now[1] > before[1];
        last = now;
        settled.then_some(now)
    });
    let [read, received, dropped] = [0, 1, 2].map(|at| after[at] - before[at]);
    let near = |a: u64, b: u64| a.abs_diff(b) <= b / 1_000 + 5;
    assert!(near(received, sent), "sent {sent}, received {received}, dropped {dropped}");
    assert!(near(read + dropped, sent), "sent {sent}, read {read}, dropped {dropped}");
    println!("sent {sent}, read {read}, dropped {dropped}");
}

#[test]
fn frames_are_read_or_told_as_dropped() {
    check(1);
}

#[test]
fn so_they_are_with_several_rings() {
    check(3);
}
