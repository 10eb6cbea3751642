//! Records in JSON and in logs of Zeek, and files whose columns have names of their own.

use std::collections::BTreeMap;

use super::*;
use crate::schema::by_id;

fn read_as(id: &str, text: &str, classes: Classes) -> Result<(Table, Faults), ReadError> {
    let limits = Limits { classes, ..Limits::default() };
    read(by_id(id).unwrap(), &mut text.as_bytes(), &limits)
}

fn told(faults: &Faults) -> Vec<String> {
    faults.list.iter().map(ToString::to_string).collect()
}

const HEAD: &str = "#separator \\x09\n#set_separator\t,\n#path\tconn\n#fields\tts\tuid\tid.orig_h\t\
                    id.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\t\
                    resp_bytes\tconn_state\thistory\torig_pkts\tresp_pkts";

fn conn(address: &str, bytes: &str) -> String {
    format!(
        "1.5\tC1\t{address}\t4000\t10.0.0.9\t80\ttcp\thttp\t0.5\t{bytes}\t10\tSF\tShAD\"f\t5\t4"
    )
}

#[test]
fn logs_of_zeek_are_read_by_their_fields() {
    let text = format!(
        "{HEAD}\tlabel\n{}\tBenign\n{}\tMalicious\n#close\t2024\n{}\tbenign\n{}\t-\n",
        conn("10.0.0.1", "100"),
        conn("10.0.0.1", "-"),
        conn("10.0.0", "1"),
        conn("10.0.0.1", "1"),
    );
    let (table, faults) = read_as("zeek-conn", &text, Classes::Both).unwrap();
    assert_eq!(table.kinds, ["normal", "attack"]);
    assert_eq!(
        told(&faults),
        ["line 8, id.orig_h: '10.0.0' is not an address", "line 9, label: '-' is no label",]
    );
    assert_eq!(faults.unused, ["ts", "uid", "id.orig_p"]);
    let value = |row: usize, name: &str| {
        let at = table.columns.iter().position(|column| column.name == name).unwrap();
        table.values(row)[at]
    };
    assert!((value(0, "log_orig_bytes") - 101f32.ln()).abs() < 1e-6);
    assert!(value(1, "log_orig_bytes").is_nan());
    assert!((value(0, "history_S") - 1.0).abs() < 1e-9);
    assert!(value(0, "history_R").abs() < 1e-9);
    assert!((value(0, "log_pkts_per_s") - 19f32.ln()).abs() < 1e-6);
}

#[test]
fn labels_of_iot_23_stand_behind_blanks() {
    let text = format!(
        "{HEAD}\ttunnel_parents   label   detailed-label\n{}\t-   Malicious   C&C\n{}\t(empty)   \
         Benign   -\n{HEAD}\tlabel\n{}\tBenign\n",
        conn("10.0.0.1", "100"),
        conn("10.0.0.1", "7"),
        conn("10.0.0.1", "8"),
    );
    let (table, faults) = read_as("zeek-conn", &text, Classes::Both).unwrap();
    assert_eq!((table.len(), told(&faults)), (3, Vec::new()));
    assert_eq!(table.kinds, ["normal", "C&C"]);
}

#[test]
fn objects_are_read_by_line() {
    let record =
        r#""source_ip":"10.0.0.1","destination_ip":"10.0.0.2","protocol":"UDP","bytes_sent":"5""#;
    let text = format!(
        "{{{record},\"packet_size\":60,\"bytes_received\":7,\"flag\":null,\"is_anomaly\":0}}\n\
         \n\
         {{{record},\"Packet-Size\":60,\"bytes_received\":7,\"flag\":\"\",\"is_anomaly\":true}}\n\
         {{{record},\"packet_size\":60,\"flag\":\"\",\"is_anomaly\":true}}\n\
         {{{record},\"packet_size\":[],\"bytes_received\":7,\"flag\":\"\",\"is_anomaly\":1}}\n\
         {{not json\n\
         [1]\n"
    );
    let (table, faults) = read_as("form", &text, Classes::Both).unwrap();
    assert_eq!((table.len(), faults.total), (2, 4));
    assert_eq!(table.rows()[0].group, table.rows()[1].group);
    let told = told(&faults);
    assert_eq!(told[0], "line 4, bytes_received: is missing");
    assert_eq!(told[1], "line 5, packet_size: is a list or an object: enter a number or a text");
    assert!(told[2].starts_with("line 6: is not a JSON object: key must be"), "{}", told[2]);
    assert!(told[3].starts_with("line 7: is not a JSON object: invalid type"), "{}", told[3]);
}

#[test]
fn columns_of_other_names_are_mapped_to_a_schema() {
    let text = "a,b,protocol,len,out,in,flag,verdict\n\
                10.0.0.1,1.1.1.1,TCP,60,1,2,ACK,0\n10.0.0.1,1.1.1.1,TCP,60,1,3,ACK,1\n";
    let pairs = [
        ("source_ip", "a"),
        ("destination_ip", "b"),
        ("packet_size", "len"),
        ("bytes_sent", "out"),
        ("bytes_received", "in"),
        ("is_anomaly", "verdict"),
    ];
    let mut mapping: BTreeMap<String, String> =
        pairs.iter().map(|(field, column)| ((*field).into(), (*column).into())).collect();
    let form = by_id("form").unwrap();
    let read = |mapping: &_| read_mapped(form, mapping, &mut text.as_bytes(), &Limits::default());
    let (table, faults) = read(&mapping).unwrap();
    assert_eq!((table.len(), told(&faults)), (2, Vec::new()));
    mapping.insert("bytes_sent".into(), "gone".into());
    let error = read(&mapping).unwrap_err().to_string();
    assert!(error.contains("lacks 'bytes_sent'"), "{error}");
    mapping.insert("colour".into(), "a".into());
    let error = read(&mapping).unwrap_err().to_string();
    assert!(error.contains("schema form has no field 'colour'"), "{error}");
}
