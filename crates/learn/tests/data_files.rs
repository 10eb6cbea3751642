//! The public data sets, where they are at hand: `ANOMALYZER_DATA`, or `../shared/data` beside the
//! repository. Without them these tests say so and pass.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anomalyzer_learn::data::{Classes, Column, ColumnKind, Faults, Limits, Table, read};
use anomalyzer_learn::schema::{by_id, mapped};

/// A file of the data sets, if it is there.
fn file(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("ANOMALYZER_DATA") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    let path = root.join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there (set ANOMALYZER_DATA)", path.display());
    None
}

fn table(schema: &str, name: &str) -> Option<(Table, Faults)> {
    let path = file(name)?;
    let unpacked = zstd::Decoder::new(File::open(path).unwrap()).unwrap();
    let schema = by_id(schema).unwrap();
    Some(read(schema, &mut BufReader::new(unpacked), &Limits::default()).unwrap())
}

/// Rows, normal and attack as the data's own description has them, and no fault.
fn check(schema: &str, name: &str, rows: usize, attacks: usize, kinds: usize) {
    let Some((table, faults)) = table(schema, name) else {
        return;
    };
    let found = table.rows().iter().filter(|row| row.is_attack()).count();
    assert_eq!((table.len(), found), (rows, attacks), "{name}");
    assert_eq!(table.kinds.len(), kinds, "{name}: {:?}", table.kinds);
    assert_eq!((faults.total, faults.clamped), (0, 0), "{name}: {:?}", faults.list);
    assert_eq!((faults.missing, faults.words_dropped), (0, 0), "{name}");
    let finite = (0..table.len()).all(|at| table.values(at).iter().all(|value| value.is_finite()));
    assert!(finite, "{name}");
}

#[test]
fn nsl_kdd_is_read_whole() {
    check("nsl-kdd", "nsl-kdd/KDDTrain+.txt.zst", 125_973, 58_630, 23);
    check("nsl-kdd", "nsl-kdd/KDDTest+.txt.zst", 22_544, 12_833, 38);
    check("nsl-kdd", "nsl-kdd/KDDTest-21.txt.zst", 11_850, 9_698, 38);
}

#[test]
fn unsw_nb15_is_read_whole() {
    check("unsw-nb15", "unsw-nb15/unsw_nb15_dev.csv.zst", 58_125, 32_244, 10);
}

#[test]
fn a_day_of_cicids2017_is_read_whole() {
    let name = "other-flows/cicids2017_tuesday_bruteforce.csv.zst";
    check("cic", name, 46_117, 46_117 - 32_282, 3);
    let Some((table, _)) = table("cic", name) else {
        return;
    };
    assert_eq!(table.kinds, ["normal", "FTP-Patator", "SSH-Patator"]);
    // The data's description counts 5,128 rows that repeat another with its label; in single
    // precision and without the label it is a few more, never fewer.
    let groups: std::collections::HashSet<u64> = table.rows().iter().map(|r| r.group).collect();
    let repeated = table.len() - groups.len();
    assert!((5_128..5_400).contains(&repeated), "{repeated}");
}

#[test]
fn kdd_cup_99_is_read_as_nsl_kdd() {
    check("nsl-kdd", "other-flows/kddcup99_10_percent.csv.zst", 494_021, 494_021 - 97_278, 23);
}

#[test]
fn no_column_is_a_label_in_disguise() {
    let Some((table, faults)) = table("unsw-nb15", "unsw-nb15/unsw_nb15_dev.csv.zst") else {
        return;
    };
    assert_eq!(table.columns.len(), 42);
    assert_eq!(faults.unused, ["id"]);
    let named = |name: &str| table.columns.iter().any(|column| column.name == name);
    assert!(!["id", "label", "attack_cat", "difficulty"].into_iter().any(named));
    let words = |column: &Column| match &column.kind {
        ColumnKind::Category(words) => words.clone(),
        ColumnKind::Number => Vec::new(),
    };
    let proto = table.columns.iter().find(|column| column.name == "proto").unwrap();
    assert!(words(proto).iter().any(|word| word == "tcp"));
}

#[test]
fn logs_of_zeek_are_read_without_labels() {
    for (name, rows) in [("horizontal", 41), ("vertical", 50)] {
        let Some(path) = file(&format!("other-flows/zeek_portscan_{name}_conn.log")) else {
            return;
        };
        let read_as = |classes| {
            let limits = Limits { classes, ..Limits::default() };
            let mut input = BufReader::new(File::open(&path).unwrap());
            read(by_id("zeek-conn").unwrap(), &mut input, &limits)
        };
        let (table, faults) = read_as(Classes::None).unwrap();
        assert_eq!((table.len(), faults.total), (rows, 0), "{name}: {:?}", faults.list);
        let error = read_as(Classes::Both).unwrap_err().to_string();
        assert!(
            error.contains("'label'") || error.contains("label: the label is missing"),
            "{error}"
        );
    }
}

#[test]
fn data_sets_are_recognised() {
    for (schema, name) in [
        ("nsl-kdd", "nsl-kdd/KDDTest+.txt.zst"),
        ("nsl-kdd", "other-flows/kddcup99_10_percent.csv.zst"),
        ("unsw-nb15", "unsw-nb15/unsw_nb15_dev.csv.zst"),
        ("cic", "other-flows/cicids2017_tuesday_bruteforce.csv.zst"),
    ] {
        let Some(path) = file(name) else {
            return;
        };
        let unpacked = zstd::Decoder::new(File::open(path).unwrap()).unwrap();
        let preview = mapped::preview(&mut BufReader::new(unpacked), &Limits::default()).unwrap();
        assert_eq!(preview.guess.schema, Some(schema), "{name}");
        assert_eq!(preview.rows.len(), 20);
        assert!(preview.rows.iter().all(|row| row.len() == preview.columns.len()));
    }
}
