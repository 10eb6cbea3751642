//! The state file: kept from run to run, whole or not at all, and never lost to damage.

use crate::tools::{Folder, anomalyzer, frame, json, pcap, stderr};
use anomalyzer_scenario::Frame;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn analyze(capture: &Path, state: &Path) -> Output {
    let args = ["analyze", "--json", "--only", "alerts", "--state"];
    anomalyzer().args(args).arg(state).arg(capture).output().unwrap()
}

fn read(state: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap()
}

#[test]
fn the_file_is_made_is_private_and_is_the_same_for_the_same_input() {
    let folder = Folder::new();
    let capture = folder.office();
    let [a, b] = ["a.json", "b.json"].map(|name| folder.path(name));
    for state in [&a, &b] {
        let output = analyze(&capture, state);
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
    }
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    assert_eq!(std::fs::metadata(&a).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&a)["schema"], 1);
    assert!(read(&a)["saved_ns"].as_i64().unwrap() > 1_700_000_000_000_000_000);
    assert!(!folder.path("a.json.new").exists());
    let args = ["analyze", "--workers", "3", "--quiet", "--state"];
    let second = anomalyzer().args(args).arg(&a).arg(&capture).output().unwrap();
    assert!(second.status.success(), "{second:?}");
    assert!(analyze(&capture, &b).status.success());
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap(), "any number of workers");
}

#[test]
fn an_input_that_was_learned_already_is_noted() {
    let folder = Folder::new();
    let (capture, state) = (folder.office(), folder.path("state.json"));
    assert_eq!(stderr(&analyze(&capture, &state)), "");
    let before = read(&state)["saved_ns"].clone();
    assert!(stderr(&analyze(&capture, &state)).contains("learned twice"));
    assert_eq!(read(&state)["saved_ns"], before);
}

#[test]
fn parts_of_others_survive() {
    let folder = Folder::new();
    let text = "{\"schema\":1,\"detectors\":{\"of-tomorrow\":[1,2.5]},\"notes\":{\"x\":null}}";
    let state = folder.write("state.json", text.as_bytes());
    assert!(analyze(&folder.office(), &state).status.success());
    assert_eq!(read(&state)["detectors"]["of-tomorrow"], serde_json::json!([1, 2.5]));
    assert!(read(&state)["notes"]["x"].is_null() && read(&state)["saved_ns"].is_i64());
}

#[test]
fn what_is_no_state_is_refused_with_words_and_left_alone() {
    let folder = Folder::new();
    let capture = folder.office();
    for (text, words) in [
        ("", "damaged at line 1, column 0"),
        ("{\"schema\":1,\n\"detectors\":{\"flood\":[1,", "damaged at line 2, column"),
        ("{\"schema\":7}", "written by a later version (schema 7"),
        ("{}", "no `schema`"),
        ("some text", "begin afresh"),
    ] {
        let state = folder.write("state.json", text.as_bytes());
        let output = analyze(&capture, &state);
        assert_eq!(output.status.code(), Some(2), "{text}: {output:?}");
        let message = stderr(&output);
        assert!(message.contains(words) && message.contains("state.json"), "{text}: {message}");
        assert_eq!(std::fs::read(&state).unwrap(), text.as_bytes());
    }
}

#[test]
fn two_runs_at_once_do_not_overwrite_each_other() {
    let folder = Folder::new();
    let state = folder.path("state.json");
    let lock = std::fs::File::create(folder.path("state.json.lock")).unwrap();
    lock.lock().unwrap();
    let output = analyze(&folder.office(), &state);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(stderr(&output).contains("another run uses it"), "{output:?}");
    drop(lock);
    assert!(analyze(&folder.office(), &state).status.success());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_read() {
    let folder = Folder::new();
    let capture = folder.office();
    for place in ["no/such/folder/state.json", "office.pcapng/state.json", "."] {
        let output = analyze(&capture, &folder.path(place));
        assert!(matches!(output.status.code(), Some(2 | 4)), "{place}: {output:?}");
        assert!(output.stdout.is_empty() && stderr(&output).contains("error"), "{output:?}");
    }
    let closed = folder.path("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let output = analyze(&capture, &closed.join("state.json"));
    assert_eq!(output.status.code(), Some(77), "{output:?}");
    assert!(stderr(&output).contains("must be writable"), "{output:?}");
}
#[test]
fn a_detector_that_cannot_use_its_part_learns_anew() {
    let folder = Folder::new();
    let text = "{\"schema\":1,\"detectors\":{\"traffic-spike\":\"nonsense\"}}";
    let state = folder.write("state.json", text.as_bytes());
    let output = analyze(&folder.office(), &state);
    assert!(output.status.success(), "{output:?}");
    assert!(stderr(&output).contains("traffic-spike cannot use what it saved"), "{output:?}");
    assert!(read(&state)["detectors"].get("traffic-spike").is_none(), "two minutes teach nothing");
}

/// A frame of an EtherType for experiments: counted, and nothing else.
fn packets(second: i64, count: usize) -> impl Iterator<Item = Frame> {
    let data = || [[2; 6].as_slice(), &[4; 6], &[0x88, 0xb5], &[0; 46]].concat();
    std::iter::repeat_with(move || frame(second, data())).take(count)
}

#[test]
fn what_one_run_learns_the_next_run_knows() {
    let folder = Folder::new();
    // Each hour one second is as busy as no other.
    let hours: Vec<Frame> = (0..40)
        .flat_map(|hour| {
            let quiet = (0..12).flat_map(move |n| packets(hour * 3_600 + n * 290, 2));
            quiet.chain(packets(hour * 3_600 + 3_500, 600))
        })
        .collect();
    let day = folder.write("day.pcap", &pcap(&hours));
    let next = |busy| {
        let seconds =
            (0..12).flat_map(move |n| packets(50 * 3_600 + n, if n == 7 { busy } else { 2 }));
        pcap(&seconds.collect::<Vec<_>>())
    };
    let usual = folder.write("usual.pcap", &next(600));
    let more = folder.write("more.pcap", &next(6_000));
    let state = folder.path("state.json");
    let spikes = |output: &Output| {
        json(output).iter().filter(|alert| alert["detector"] == "traffic-spike").count()
    };
    let fresh = anomalyzer().args(["analyze", "--json", "--only", "alerts"]).arg(&usual).output();
    assert_eq!(spikes(&fresh.unwrap()), 1, "without the state it is a spike");
    assert!(analyze(&day, &state).status.success());
    assert_eq!(spikes(&analyze(&usual, &state)), 0);
    assert_eq!(spikes(&analyze(&more, &state)), 1);
}
