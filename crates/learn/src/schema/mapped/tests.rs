use serde_json::json;

use super::*;
use crate::data::{Faults, Table, read, read_mapped};
use crate::schema::by_id;

const TEXT: &str = "flow id,Timestamp,src,port,proto,speed,empty,verdict_score,Class,difficulty\n\
                    a-1,2024-01-01,10.0.0.1,443,tcp,1.5,,0.1,good,20\n\
                    a-2,2024-01-02,8.8.8.8,53,udp,-,,0.9,scan,3\n\
                    a-3,2024-01-03,10.0.0.2,443,tcp,7,,0.2,good,21\n";

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, column)| ((*name).into(), (*column).into())).collect()
}

fn read_with(pairs: &[(&str, &str)]) -> Result<(Table, Faults), ReadError> {
    let schema = by_id(ID).unwrap();
    read_mapped(schema, &map(pairs), &mut TEXT.as_bytes(), &Limits::default())
}

#[test]
fn what_columns_are_is_guessed() {
    let preview = preview(&mut TEXT.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(preview.columns.len(), 10);
    assert_eq!(preview.rows[1][2], "8.8.8.8");
    assert_eq!(preview.guess.schema, Some("mapped"));
    let expected = map(&[
        ("src", "src"),
        ("port", "port"),
        ("proto", "proto"),
        ("speed", "speed"),
        ("empty", "empty"),
        ("verdict_score", "verdict_score"),
        ("label", "Class"),
        ("normal", "good"),
    ]);
    assert_eq!(preview.guess.mapping, expected);
}

#[test]
fn a_guess_alone_gives_a_table() {
    let schema = by_id(ID).unwrap();
    let (table, faults) = read(schema, &mut TEXT.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((table.len(), faults.total), (3, 0));
    assert_eq!(table.kinds, ["normal", "scan"]);
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["src", "port", "proto", "speed", "empty", "verdict_score"]);
    // Of addresses their class is left: two private ones are equal.
    assert_eq!(table.values(0)[0].to_bits(), table.values(2)[0].to_bits());
    assert_ne!(table.values(0)[0].to_bits(), table.values(1)[0].to_bits());
    let row = json!({"src": "9.9.9.9", "port": "53", "proto": "udp", "verdict_score": 0.9});
    let single = schema.vector(&row, &table.columns).unwrap();
    assert_eq!(single[..3], table.values(1)[..3]);
}

#[test]
fn a_mapping_decides() {
    let (table, _) =
        read_with(&[("rate", "speed"), ("label", "proto"), ("normal", "UDP")]).unwrap();
    assert_eq!(table.columns.len(), 1);
    assert_eq!(table.columns[0].name, "rate");
    assert_eq!(table.kinds, ["normal", "tcp"]);
    let refused = |pairs: &[(&str, &str)], expected: &str| {
        let error = read_with(pairs).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(&[("label", "gone")], "no column 'gone'");
    refused(&[("x", "gone")], "no column 'gone'");
    refused(&[("label", "proto")], "which word of column 'proto' stands for normal traffic?");
    refused(&[("x", "Class")], "column 'Class' is the label and cannot be a feature");
    refused(&[("normal", "none of them")], "all 3 rows are attacks");
}

#[test]
fn tables_without_names_or_labels_are_refused() {
    let refused = |text: &str, expected: &str| {
        let schema = by_id(ID).unwrap();
        let error = read(schema, &mut text.as_bytes(), &Limits::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    refused("1,2,3\n4,5,6\n", "the first line holds numbers");
    refused("a,b\n4,5\n", "no column looks like a label");
    refused("id,label\n4,0\n5,1\n", "no column besides the label");
    let guess = preview(&mut &b"a,b\n1,2\n"[..], &Limits::default()).unwrap().guess;
    assert_eq!(guess, Guess::default());
}

#[test]
fn files_in_json_and_without_header_are_previewed() {
    let text = "{\"a\":1,\"label\":\"benign\"}\n{\"b\":\"x\",\"label\":\"bad\"}\n";
    let preview = |text: &str| preview(&mut text.as_bytes(), &Limits::default()).unwrap();
    let objects = preview(text);
    assert_eq!(objects.columns, ["a", "label", "b"]);
    assert_eq!(objects.rows, [["1", "benign", ""], ["", "bad", "x"]]);
    assert_eq!(objects.guess.mapping["normal"], "benign");
    let line = format!("0,tcp,http,SF{},normal,20\n", ",0".repeat(37));
    let nsl = preview(&line);
    assert_eq!(nsl.guess.schema, Some("nsl-kdd"));
    assert_eq!(nsl.columns[42], "difficulty");
    assert_eq!(nsl.rows.len(), 1);
    let form = "src_ip,dst_ip,protocol,packet_size,bytes_sent,bytes_received,flags,label\n";
    assert_eq!(preview(form).guess.schema, Some("form"));
}
