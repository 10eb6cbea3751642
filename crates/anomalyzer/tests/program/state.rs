//! The state file: kept from run to run, whole or not at all, and never lost to damage.

use crate::tools::{Folder, anomalyzer, stderr};
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
