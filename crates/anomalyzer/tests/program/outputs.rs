//! What is written: JSON, CSV, EVE, plots, the report, statistics.

use anomalyzer_engine::flow::features;
use anomalyzer_engine::{Config, Correlator, FlowRecord, Output, Pacer, Worker};

use crate::tools::{Folder, anomalyzer, json, office, run, stderr, stdout};

#[test]
fn json_is_one_object_per_line_with_a_type() {
    let folder = Folder::new();
    let file = folder.office();
    let file = file.to_str().unwrap();
    let lines = json(&run(["analyze", "--json", file]));
    let of = |kind: &str| lines.iter().filter(|l| l["type"] == kind).count();
    assert!(of("flow") > 100 && of("series") > 10);
    assert!(of("alert") >= 1);
    assert_eq!(of("summary"), 1);
    let kinds = ["flow", "series", "alert", "incident", "host", "summary"];
    assert_eq!(kinds.into_iter().map(of).sum::<usize>(), lines.len());
    let scans: Vec<_> = lines.iter().filter(|l| l["detector"] == "port-scan").collect();
    assert_eq!(scans.len(), 1);
    assert_eq!(scans[0]["schema"], 1);
    let only = |part: &str| json(&run(["analyze", "--json", "--only", part, file]));
    assert_eq!(only("alerts").len(), of("alert"));
    assert_eq!(only("summary").len(), 1);
    assert_eq!(only("incidents,hosts").len(), of("incident") + of("host"));
    assert_eq!(only("alerts,summary").len(), of("alert") + 1);
    assert_eq!(only("flows").len(), of("flow"));
}

#[test]
fn tables_have_the_documented_columns_and_all_rows() {
    let folder = Folder::new();
    let tables = folder.path("tables");
    let output =
        run(["analyze", folder.office().to_str().unwrap(), "--csv", tables.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let read = |name: &str| std::fs::read_to_string(tables.join(name)).unwrap();
    let packets = read("packets.csv");
    let header = "timestamp,src_ip,dst_ip,src_port,dst_port,protocol,packet_size";
    assert_eq!(packets.lines().next(), Some(header));
    assert_eq!(packets.lines().count(), 1 + office().len());
    assert_eq!(read("flows.csv").lines().count(), read("features.csv").lines().count());
    for name in ["summary.csv", "series.csv", "alerts.csv"] {
        assert!(read(name).lines().count() > 1, "{name}");
    }
}

/// Takes the feature vectors of a correlator that is live.
#[derive(Default)]
struct Vectors(Vec<(u64, features::Vector)>);

impl Output for Vectors {
    fn flow(&mut self, record: &FlowRecord) {
        self.0.push((record.id.0, record.features.vector()));
    }
}

#[test]
fn the_table_of_features_holds_what_a_running_sensor_has() {
    let config = std::sync::Arc::new(Config::default());
    let mut worker = Worker::new(&config, &std::sync::Arc::default(), 1, 1);
    let mut correlator = Correlator::new(&config, 1).live();
    let (mut pacer, mut live) = (Pacer::default(), Vectors::default());
    for frame in office() {
        let paced = pacer.frame(frame.raw().time);
        if let Some(marker) = paced.marker {
            correlator.epoch(&marker, vec![worker.marker(&marker)], &mut live);
        }
        worker.frame(paced.seq, paced.now, &frame.raw());
    }
    let marker = pacer.finish();
    correlator.epoch(&marker, vec![worker.marker(&marker)], &mut live);

    let folder = Folder::new();
    let tables = folder.path("tables");
    let capture = folder.office();
    let args = ["analyze", capture.to_str().unwrap(), "--csv", tables.to_str().unwrap()];
    assert!(run(args).status.success());
    let written = std::fs::read_to_string(tables.join("features.csv")).unwrap();
    let mut lines = written.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(header[6..], features::NAMES);
    assert_eq!(written.lines().count(), 1 + live.0.len());
    for (line, (id, vector)) in lines.zip(&live.0) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], id.to_string());
        for ((cell, name), value) in cells[6..].iter().zip(features::NAMES).zip(vector) {
            let cell: f64 = cell.parse().unwrap();
            let near = value.abs() * 1e-5 + 1e-6;
            assert!((cell - value).abs() <= near, "flow {id}, {name}: {cell}, not {value}");
        }
    }
}

#[test]
fn plots_and_events_are_files_of_their_kind() {
    let folder = Folder::new();
    let file = folder.office();
    for (name, begins) in [("a.svg", "<svg"), ("a.png", "\u{89}PNG"), ("a.html", "<!doctype html")]
    {
        let path = folder.path(name);
        let output = run(["analyze", file.to_str().unwrap(), "--plot", path.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        let bytes = std::fs::read(&path).unwrap();
        let head: String = bytes.iter().take(15).map(|b| char::from(*b)).collect();
        assert!(head.to_lowercase().starts_with(&begins.to_lowercase()), "{name}: {head}");
    }
    let events = json(&run(["analyze", file.to_str().unwrap(), "--eve", "-"]));
    assert!(events.iter().any(|e| e["event_type"] == "flow"));
    assert!(events.iter().any(|e| e["event_type"] == "alert"));
    let clash = run(["analyze", file.to_str().unwrap(), "--eve", "-", "--json"]);
    assert_eq!(clash.status.code(), Some(2));
}

#[test]
fn the_report_fits_the_terminal_and_is_coloured_only_when_asked() {
    let folder = Folder::new();
    let file = folder.office();
    let report = |color: &str, columns: &str| {
        let args = ["analyze", "--color", color, file.to_str().unwrap()];
        stdout(&anomalyzer().args(args).env("COLUMNS", columns).output().unwrap())
    };
    let plain = report("auto", "80");
    assert!(!plain.contains('\x1b') && plain.contains("Port scan of"));
    assert!(report("always", "80").contains("\x1b["));
    let name = file.to_str().unwrap();
    for columns in [80_usize, 120] {
        let text = report("never", &columns.to_string());
        let long = text.lines().find(|l| l.chars().count() > columns && !l.contains(name));
        assert_eq!(long, None);
    }
}

#[test]
fn packets_are_printed_before_the_report() {
    let folder = Folder::new();
    let args = ["analyze", "--print-packets", "--limit", "5"];
    let text = stdout(&anomalyzer().args(args).arg(folder.office()).output().unwrap());
    let lines: Vec<&str> = text.lines().take(6).collect();
    assert!(lines[0].starts_with("     1  09:0") && lines[4].starts_with("     5  09:0"));
    assert!(lines[5].contains("office.pcapng"), "{}", lines[5]);
}

#[test]
fn statistics_go_to_stderr_and_the_digest_is_the_same_for_any_workers() {
    let folder = Folder::new();
    let file = folder.office();
    let stats = |workers: &str| {
        let args = ["analyze", "--stats", "--json", "--only", "alerts", "--workers", workers];
        stderr(&anomalyzer().args(args).arg(&file).output().unwrap())
    };
    let line = |text: &str, key: &str| {
        text.lines()
            .find(|l| l.starts_with(key))
            .unwrap_or_else(|| panic!("{key}: {text}"))
            .to_owned()
    };
    let (one, three) = (stats("1"), stats("3"));
    for key in ["packets ", "bytes", "flows", "flow digest"] {
        assert_eq!(line(&one, key), line(&three, key));
    }
    assert!(!line(&one, "flow digest").ends_with("0000000000000000"));
    assert!(line(&one, "packets/s").len() > 12 && line(&one, "seconds").contains('.'));
}

#[test]
fn scenarios_are_the_same_for_the_same_seed() {
    let folder = Folder::new();
    let write = |name: &str, seed: &str| {
        let path = folder.path(name);
        let args = ["scenario", "write", "--minutes", "1", "--seed", seed, "--attack", "all"];
        let truth = folder.path("truth.csv");
        let output =
            anomalyzer().args(args).arg("--truth").arg(&truth).arg(&path).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(std::fs::read_to_string(truth).unwrap().lines().count() > 5);
        std::fs::read(path).unwrap()
    };
    assert!(write("a", "1") == write("b", "1"));
    assert!(write("a", "1") != write("c", "2"));
}
