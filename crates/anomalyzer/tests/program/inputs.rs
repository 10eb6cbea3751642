//! Where packets come from: files, several files, standard input, filters, limits, signals.

use crate::tools::{Folder, anomalyzer, data, json, office, pcap, pcapng, run, stdout};
use std::path::Path;
use std::process::{Command, Stdio};

const ARGS: [&str; 3] = ["analyze", "--json", "--quiet"];

fn analysed(files: &[&Path], workers: &str) -> String {
    let files = files.iter().map(|f| f.to_str().unwrap());
    stdout(&run(ARGS.into_iter().chain(["--workers", workers]).chain(files)))
}

/// NDJSON without the names of the files.
fn nameless(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("\"sources\":[") {
        Some((head, tail)) => {
            format!("{head}{}", tail.split_once(']').map_or(tail, |(_, rest)| rest))
        }
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn any_number_of_workers_writes_the_same_bytes() {
    let folder = Folder::new();
    let mut files = vec![folder.office()];
    if let Some(data) = data() {
        let real = ["attack/scan_nmap_udp.pcap", "attack/ddos_dns_amp_fragmented.pcap.zst"];
        files.extend(real.iter().map(|f| data.join("pcap").join(f)));
    }
    for file in files {
        let one = analysed(&[&file], "1");
        assert!(one.len() > 1_000);
        for workers in ["2", "4", "7"] {
            assert!(one == analysed(&[&file], workers), "{} at {workers}", file.display());
        }
    }
}

#[test]
fn standard_input_is_a_file_without_a_name() {
    let folder = Folder::new();
    let file = folder.office();
    let bytes = std::fs::read(&file).unwrap();
    let piped = anomalyzer().args(ARGS).arg("-").write_stdin(bytes).output().unwrap();
    assert_eq!(nameless(&stdout(&piped)), nameless(&analysed(&[&file], "1")));
    assert!(stdout(&piped).contains("standard input"));
}

#[test]
fn several_files_are_merged_by_time_in_any_order() {
    let folder = Folder::new();
    let frames = office();
    let whole = folder.write("whole.pcapng", &pcapng(&frames));
    // Two halves that overlap: every other frame of the middle third is in the other file.
    let third = frames.len() / 3;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (i, frame) in frames.into_iter().enumerate() {
        let first = i < third || (i < 2 * third && i % 2 == 0);
        if first { a.push(frame) } else { b.push(frame) }
    }
    let a = folder.write("a.pcapng", &pcapng(&a));
    let b = folder.write("b.pcap", &pcap(&b));
    let expected = nameless(&analysed(&[&whole], "1"));
    // pcap keeps microseconds, as the records written do: equal but for ties.
    let merged = [nameless(&analysed(&[&a, &b], "1")), nameless(&analysed(&[&b, &a], "2"))];
    let flows = |text: &str| text.lines().filter(|l| l.contains("\"type\":\"flow\"")).count();
    assert_eq!(flows(&merged[0]), flows(&expected));
    let is_scan = |l: &&str| l.contains("\"type\":\"alert\"") && l.contains("Port scan of");
    let scans = |text: &str| text.lines().filter(is_scan).count();
    assert_eq!([scans(&merged[0]), scans(&merged[1]), scans(&expected)], [1, 1, 1]);
    let regressions = "\"clock_regressions\":0";
    assert!(merged.iter().all(|m| m.contains(regressions)));
    assert!(merged[1].contains(regressions));
}

#[test]
fn filters_and_limits_choose_packets() {
    let folder = Folder::new();
    let file = folder.office();
    let count = |args: &[&str]| {
        let args = ARGS.iter().chain(args).chain(&["--only", "summary"]).copied();
        json(&run(args.chain([file.to_str().unwrap()])))[0]["packets"].as_u64().unwrap()
    };
    let all = count(&[]);
    let (tcp, rest) = (count(&["--filter", "tcp"]), count(&["--filter", "not tcp"]));
    assert!(tcp > 0 && rest > 0);
    assert_eq!(tcp + rest, all);
    assert_eq!(count(&["--limit", "10"]), 10);
    assert_eq!(count(&["--filter", "udp", "--count", "3"]), 3);
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let folder = Folder::new();
    let file = folder.office();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("anomalyzer"))
        .args(["analyze", "--json"])
        .args([&file; 20])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_hangup_has_keyword_lists_read_again_and_broken_ones_are_refused() {
    use std::io::{BufRead as _, Write as _};
    let folder = Folder::new();
    let list = |text: &str| {
        let text = format!("[list]\nname = 'mine'\n[[pattern]]\nname = 'a'\ntext = '{text}'\n");
        folder.write("mine.toml", text.as_bytes())
    };
    let path = list("no one says this");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("anomalyzer"))
        .args(["analyze", "-", "--json", "--only", "summary", "--keywords"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let bytes = pcapng(&office());
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let hangup = || {
        let status = Command::new("kill").args(["-HUP", &child.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    pipe.write_all(head).unwrap();
    // It listens before it reads: once it takes what does not fit into the pipe, it listens.
    std::thread::sleep(std::time::Duration::from_millis(700));
    list("x");
    hangup();
    let refused = said.next().unwrap().unwrap();
    assert!(refused.contains("stay as they were") && refused.contains("mine.toml"), "{refused}");
    list("user-agent");
    hangup();
    let mut lines = said.map(Result::unwrap);
    assert!(lines.any(|line| line == "keyword lists read again: 1 pattern"));
    pipe.write_all(tail).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["packets"].as_u64().unwrap(), office().len() as u64);
    assert_eq!(summary["keywords"][0]["list"], "mine", "{summary}");
    assert!(summary["keywords"][0]["hits"].as_u64().unwrap() > 0);
}

#[test]
fn an_interrupt_reports_what_was_read() {
    use std::io::Write as _;
    let frames = office();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("anomalyzer"))
        .args(["analyze", "-", "--json", "--only", "summary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&pcapng(&frames)).unwrap();
    pipe.flush().unwrap();
    // The pipe stays open: the program waits for more, as behind a live tcpdump.
    std::thread::sleep(std::time::Duration::from_millis(700));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    assert_eq!(output.status.code(), Some(130));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let read = summary["packets"].as_u64().unwrap();
    assert!(read + 1 >= frames.len() as u64, "{read} of {}", frames.len());
}
