//! Exit codes, help, completions, messages.

use crate::tools::{Folder, anomalyzer, run, stderr, stdout};

fn code<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Option<i32> {
    run(args).status.code()
}

#[test]
fn exit_codes_are_as_documented() {
    let folder = Folder::new();
    let office = folder.office();
    let office = office.to_str().unwrap();
    let text = folder.write("text.txt", b"this is no capture, only some text for people to read");
    assert_eq!(code(["analyze", office]), Some(0));
    assert_eq!(code(["analyze", office, "--fail-on", "medium"]), Some(1));
    assert_eq!(code(["analyze", office, "--fail-on", "critical"]), Some(0));
    assert_eq!(code(["analyze"]), Some(2));
    assert_eq!(code(["analyze", office, "--no-such-option"]), Some(2));
    assert_eq!(code(["analyze", office, "--set", "port-scan.nothing=1"]), Some(2));
    assert_eq!(code(["analyze", office, "--filter", "tcp prot 22"]), Some(2));
    assert_eq!(code(["analyze", office, "--plot", "x.gif"]), Some(2));
    assert_eq!(code(["analyze", office, "--keywords", "builtin:nothing"]), Some(2));
    assert_eq!(code(["analyze", "-i", "no-such-interface"]), Some(2));
    assert_eq!(code(["analyze", "/no/such/file"]), Some(4));
    assert_eq!(code(["analyze", text.to_str().unwrap()]), Some(4));
    assert_eq!(code(["analyze", office, "--csv", "/dev/null/x"]), Some(4));
}

#[test]
fn help_leads_with_examples_and_ends_with_exit_codes() {
    for args in [["--help"].as_slice(), &["-h"]] {
        let help = stdout(&run(args));
        assert!(help.starts_with("Examples:"), "{help}");
        let examples = help.lines().skip(1).take_while(|l| !l.is_empty());
        assert_eq!(examples.filter(|l| !l.starts_with("   ")).count(), 5);
        assert!(help.contains("130  interrupted"));
    }
    assert!(stdout(&run(["analyze", "--help"])).contains("--max-decompressed"));
}

#[test]
fn mistakes_get_a_hint() {
    let check = |args: &[&str], hint: &str| {
        let message = stderr(&run(args));
        assert!(message.contains(hint), "{args:?}: {message}");
    };
    check(&["analyse", "x"], "'analyze'");
    check(&["analyze", "x", "--jsn"], "'--json'");
    check(&["detectors", "port_scan"], "`port-scan`");
    check(&["scenario", "write", "/dev/null", "--attack", "port-scan-nul"], "`port-scan-null`");
    check(&["analyze", "x", "--keywords", "builtin:shell"], "`shells`");
    check(&["analyze", "x", "--set", "port-scan.enable=1"], "`enabled`");
    check(&["analyze", "x", "--set", "enabled"], "KEY=VALUE");
    check(&["analyze", "x", "--fail-on", "awful"], "info, low, medium, high, critical");
}

#[test]
fn quiet_says_nothing_on_stderr() {
    let folder = Folder::new();
    let output = run(["--quiet", "analyze", folder.office().to_str().unwrap()]);
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("Port scan"));
}

#[test]
fn the_small_commands_answer() {
    for args in [
        ["version"].as_slice(),
        &["--version"],
        &["detectors"],
        &["keywords"],
        &["keywords", "shells"],
        &["config", "reference"],
        &["config", "show", "--origin"],
        &["scenario", "list"],
        &["interfaces"],
        &["man"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ] {
        let output = run(args);
        assert!(output.status.success() && output.stdout.len() > 10, "{args:?} {output:?}");
    }
}

#[test]
fn every_detector_has_its_page() {
    let list = stdout(&run(["detectors"]));
    assert!(list.lines().count() >= 1);
    for id in list.lines().filter_map(|l| l.split_whitespace().next()) {
        let page = stdout(&run(["detectors", id]));
        for heading in ["What it sees", "Why it matters", "When it is wrong", "How to tune"] {
            assert!(page.contains(heading), "{id}: {page}");
        }
        assert!(page.lines().all(|l| l.chars().count() <= 80), "{id}: {page}");
    }
}

#[test]
fn settings_come_from_file_environment_and_flags_in_that_order() {
    let folder = Folder::new();
    let file = folder
        .write("a.toml", b"[flow]\ntcp_idle_s = 100\nudp_idle_s = 50\n[limits]\nflows = 5000\n");
    let output = anomalyzer()
        .args(["config", "show", "--origin", "--set", "limits.flows=7000", "--config"])
        .arg(&file)
        .env("ANOMALYZER_FLOW__UDP_IDLE_S", "77")
        .output()
        .unwrap();
    let text = stdout(&output);
    let line = |key: &str| text.lines().find(|l| l.starts_with(key)).unwrap().to_owned();
    assert!(
        line("flow.tcp_idle_s").contains("= 100 ") && line("flow.tcp_idle_s").contains("a.toml:2")
    );
    assert!(
        line("flow.udp_idle_s").contains("= 77 ") && line("flow.udp_idle_s").contains("UDP_IDLE_S")
    );
    assert!(line("limits.flows").contains("= 7000 ") && line("limits.flows").contains("--set"));
    assert!(line("flow.active_s").contains("# default"));
}

#[test]
fn a_wrong_settings_file_names_every_fault_with_its_line() {
    let folder = Folder::new();
    let file = folder.write("bad.toml", b"[flow]\ntcp_idle = 100\n[limits]\nflows = 1\n");
    let output = run(["config", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("bad.toml:2:") && message.contains("tcp_idle_s"), "{message}");
    assert!(message.contains("bad.toml:4:"), "{message}");
    let good = folder.write("good.toml", stdout(&run(["config", "reference"])).as_bytes());
    assert_eq!(run(["config", "check", good.to_str().unwrap()]).status.code(), Some(0));
}
