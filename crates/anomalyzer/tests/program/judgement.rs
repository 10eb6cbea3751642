//! Suppressions and feedback: from the command line into the state file and into the output.

use crate::tools::{Folder, anomalyzer, stderr};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

fn run(args: &[&str], state: &Path) -> Output {
    let (command, rest) = args.split_first().unwrap();
    anomalyzer().arg(command).arg("--state").arg(state).args(rest).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A capture with a port scan.
fn scan(folder: &Folder) -> PathBuf {
    let capture = folder.path("scan.pcapng");
    let args = ["--quiet", "--minutes", "3", "--attack", "port-scan-syn"];
    let mut write = anomalyzer();
    write.args(["scenario", "write"]).arg(&capture).args(args);
    assert!(write.output().unwrap().status.success());
    capture
}

fn analyze(capture: &Path, state: &Path, more: &[&str]) -> Vec<Value> {
    let args = ["analyze", "--quiet", "--json", "--only", "alerts,hosts,summary", "--state"];
    let output = anomalyzer().args(args).arg(state).arg(capture).args(more).output().unwrap();
    let lines = stdout(&output);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

fn scans(records: &[Value]) -> Vec<&Value> {
    let alerts = of_kind(records, "alert");
    alerts.into_iter().filter(|alert| alert["detector"] == "port-scan").collect()
}

#[test]
fn a_false_alarm_is_carried_and_its_proposal_hides_it() {
    let folder = Folder::new();
    let (capture, state) = (scan(&folder), folder.path("state.json"));
    let before = analyze(&capture, &state, &[]);
    let id = scans(&before)[0]["id"].as_str().unwrap().to_owned();
    let attacker = scans(&before)[0]["src"][0].clone();
    assert!(of_kind(&before, "host").iter().any(|host| host["addr"] == attacker));
    assert!(stdout(&run(&["feedback"], &state)).contains(&id));

    let args = ["feedback", &id, "--false-alarm", "--reason", "our own scanner"];
    let proposal = stdout(&run(&args, &state));
    let judged = analyze(&capture, &state, &[]);
    assert_eq!(scans(&judged)[0]["id"], id.as_str());
    assert_eq!(scans(&judged)[0]["feedback"]["verdict"], "false-alarm");
    assert_eq!(scans(&judged)[0]["feedback"]["reason"], "our own scanner");
    assert!(!of_kind(&judged, "host").iter().any(|host| host["addr"] == attacker));

    // The proposed command is run as it is printed, without its expiry: the scan is of another year.
    let command = proposal.lines().find(|line| line.contains("anomalyzer suppress")).unwrap();
    let words: Vec<&str> = command.split_whitespace().skip(4).collect();
    let at = words.iter().position(|word| *word == "--expires").unwrap();
    let mut args = vec!["suppress"];
    args.extend(&words[..at]);
    args.extend(["--reason", "our own scanner"]);
    assert!(run(&args, &state).status.success(), "{args:?}");
    let hidden = analyze(&capture, &state, &[]);
    assert!(scans(&hidden).is_empty());
    let suppressed = &of_kind(&hidden, "summary")[0]["suppressed"];
    assert_eq!(
        (&suppressed[0]["alerts"], &suppressed[0]["reason"]),
        (&1.into(), &"our own scanner".into())
    );

    let list = stdout(&run(&["suppress", "list"], &state));
    assert!(list.contains("no end") && list.contains("our own scanner"), "{list}");
    let rule = list.split_whitespace().next().unwrap();
    assert!(run(&["suppress", "remove", rule], &state).status.success());
    assert_eq!(stdout(&run(&["suppress", "list"], &state)), "no rules\n");
    assert!(run(&["feedback", &id, "--withdraw"], &state).status.success());
    let after = analyze(&capture, &state, &[]);
    assert!(scans(&after)[0]["feedback"].is_null());
}

#[test]
fn the_settings_file_hides_too_until_the_rule_expires() {
    let folder = Folder::new();
    let (capture, state) = (scan(&folder), folder.path("state.json"));
    let shown = |expires: &str| {
        let text = format!(
            "[[suppress]]\ndetector = \"port-scan\"\nreason = \"test\"\nexpires = {expires}\n"
        );
        let file = folder.write("rules.toml", text.as_bytes());
        let records = analyze(&capture, &state, &["--config", file.to_str().unwrap()]);
        scans(&records).len()
    };
    assert_eq!(shown("2030-01-01T00:00:00Z"), 0);
    assert_eq!(shown("2026-01-01T00:00:00Z"), 1, "the scan is of March 2026");
}

#[test]
fn wrong_use_is_told() {
    let folder = Folder::new();
    let state = folder.path("state.json");
    let id = "0123456789abcdef";
    for (args, words) in [
        (vec!["suppress", "add", "--reason", "x"], "would hide every alert"),
        (vec!["suppress", "add", "--detector", "port-scam", "--reason", "x"], "did you mean"),
        (vec!["suppress", "add", "--src", "10.0.0.1/8", "--reason", "x"], "bits set beyond"),
        (vec!["suppress", "add", "--port", "1", "--reason", "x", "--expires", "soon"], "--expires"),
        (vec!["suppress", "add", "--port", "1"], "--reason"),
        (vec!["suppress", "remove", "12345678"], "no rule has the id"),
        (vec!["feedback", "xyz", "--false-alarm", "--reason", "x"], "16 hex digits"),
        (vec!["feedback", id], "--false-alarm"),
        (vec!["feedback", id, "--false-alarm"], "--reason"),
        (vec!["feedback", id, "--withdraw"], "no verdict"),
    ] {
        let output = run(&args, &state);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(stderr(&output).contains(words), "{args:?}: {output:?}");
    }
    let output = run(&["feedback", id, "--false-alarm", "--reason", "x"], &state);
    assert!(output.status.success() && stderr(&output).contains("no run"), "{output:?}");
}
