//! Rights: only one thread can capture, and without the right the program says what mends it.

use super::support::{Lab, Service, folder, program};
use std::path::Path;

/// Bit of `CAP_NET_RAW` (linux/capability.h).
const NET_RAW: u64 = 1 << 13;
/// Runs as root without any capability.
const POWERLESS: [&str; 3] = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

/// Name and rights (permitted, effective) of a thread.
fn rights(task: &Path) -> Option<(String, u64)> {
    let status = std::fs::read_to_string(task.join("status")).ok()?;
    let line = |key: &str| status.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
    let bits = |key: &str| u64::from_str_radix(line(key).unwrap(), 16).unwrap();
    Some((line("Name:")?.to_owned(), bits("CapPrm:") | bits("CapEff:")))
}

#[test]
fn only_the_thread_that_opens_interfaces_may_capture() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    service.get("/api/v1/status");
    let tasks = std::fs::read_dir(format!("/proc/{}/task", service.pid())).unwrap();
    let threads: Vec<(String, u64)> =
        tasks.filter_map(|task| rights(&task.unwrap().path())).collect();
    let may: Vec<&str> =
        threads.iter().filter(|(_, bits)| bits & NET_RAW != 0).map(|(name, _)| &**name).collect();
    assert_eq!(may, ["capture-control"], "{threads:?}");
    assert!(threads.len() > 5, "{threads:?}");
}

#[test]
fn without_the_right_a_named_interface_is_refused_with_the_remedy() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let data = dir.path().to_str().unwrap();
    let args = ["run", "-i", "b0", "--data", data, "--listen", "127.0.0.1:0"];
    let output = program(&lab, &POWERLESS, &args).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(77), "{said}");
    for word in ["CAP_NET_RAW", "sudo setcap cap_net_raw,cap_net_admin=eip /", "systemd"] {
        assert!(said.contains(word), "{word} is missing in: {said}");
    }
}

#[test]
fn without_the_right_the_console_answers_all_the_same() {
    let Some(lab) = Lab::new() else { return };
    let dir = folder();
    let service = Service::start(&lab, dir.path(), &POWERLESS, &[]);
    let status = service.get("/api/v1/status");
    assert_eq!(status["level"], "error", "{status}");
    let problems = status["problems"].as_array().unwrap();
    let told = problems
        .iter()
        .any(|p| p["id"] == "not_permitted" && p["text"].as_str().unwrap().contains("setcap"));
    assert!(told, "{status}");
    assert!(service.log().contains("not-permitted"), "{}", service.log());
}

#[test]
fn a_wrong_filter_is_wrong_use() {
    let Some(lab) = Lab::new() else { return };
    let output = program(&lab, &[], &["run", "--filter", "tcp prot 80"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
