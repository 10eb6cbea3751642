use serde_json::{Value, json};

use super::*;
use crate::data::{Limits, read};
use crate::schema::{FieldError, by_id};

fn record() -> Value {
    json!({
        "source_ip": "192.168.1.10", "destination_ip": "192.168.1.20", "protocol": "TCP",
        "packet_size": 60, "bytes_sent": 180, "bytes_received": "0", "flag": "SYN",
    })
}

/// The record with one field changed: which fields are wrong, and how.
#[expect(clippy::needless_pass_by_value, reason = "written with json!")]
fn check(field: &str, value: Value, expected: &[&str]) {
    let mut json = record();
    json[field] = value.clone();
    let told = match Record::from_json(&json) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|f| format!("{} {}", f.field, f.message)).collect(),
    };
    assert_eq!(told, expected, "{field} {value}");
}

#[test]
fn fields_are_numbers_or_strings() {
    check("packet_size", json!("60"), &[]);
    check("packet_size", json!(60.0), &[]);
    check("packet_size", json!("60.0"), &[]);
    check("protocol", json!("udp"), &[]);
    check("flag", json!("ack"), &[]);
    check("source_ip", json!(" 2001:db8::1 "), &[]);
    check("more", json!({"timestamp": 1}), &[]);
}

#[test]
fn each_wrong_field_is_told_with_what_to_enter() {
    check(
        "packet_size",
        json!(65_536),
        &["packet_size '65536' is too large: enter a whole number from 0 to 65535"],
    );
    check(
        "packet_size",
        json!(-1),
        &["packet_size '-1' is below 0: enter a whole number from 0 to 65535"],
    );
    check(
        "bytes_sent",
        json!("1.5"),
        &[
            "bytes_sent '1.5' is not a whole number: enter a whole number from 0 to 1000000000000000000",
        ],
    );
    check(
        "bytes_sent",
        json!(null),
        &["bytes_sent is missing: enter a whole number from 0 to 1000000000000000000"],
    );
    check(
        "source_ip",
        json!("192.168.1.256"),
        &[
            "source_ip '192.168.1.256' is not an address: enter one such as 192.168.1.10 or fd00::10",
        ],
    );
    check("protocol", json!("SCTP"), &["protocol 'SCTP' is not known: choose TCP, UDP or ICMP"]);
    check("flag", json!(""), &["flag is missing: choose SYN, ACK, RST or FIN"]);
    check("flag", json!("PSH"), &["flag 'PSH' is not known: choose SYN, ACK, RST or FIN"]);
    check("flag", json!(["SYN"]), &["flag is a list or an object: enter a number or a text"]);
    check("source_ip", json!("1".repeat(300)), &["source_ip is longer than 256 bytes"]);
    let all = Record::from_json(&json!({})).unwrap_err();
    let fields: Vec<&str> = all.iter().map(|fault| fault.field.as_ref()).collect();
    let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(fields, names);
    let told = Record::from_json(&json!([1, 2])).unwrap_err();
    assert_eq!(told[0].message, "is missing: send an object with the fields by name");
}

#[test]
fn only_tcp_needs_a_flag() {
    let mut json = record();
    json["protocol"] = json!("UDP");
    json["flag"] = json!("");
    assert_eq!(Record::from_json(&json).unwrap().flag, None);
}

#[test]
fn a_record_is_shown_as_it_was_understood() {
    let json = serde_json::to_value(Record::from_json(&record()).unwrap()).unwrap();
    let expected = json!({
        "source_ip": "192.168.1.10", "destination_ip": "192.168.1.20", "protocol": "TCP",
        "packet_size": 60, "bytes_sent": 180, "bytes_received": 0, "flag": "SYN",
    });
    assert_eq!(json, expected);
}

/// The value of a column of a record.
fn value(json: &Value, name: &str) -> f32 {
    let columns = SCHEMA.columns();
    let at = columns.iter().position(|column| column.name == name).unwrap();
    let values = Record::from_json(json).unwrap().values();
    assert_eq!(values.len(), columns.len());
    values[at]
}

#[test]
fn features_tell_what_addresses_are_and_not_which() {
    let mut other = record();
    other["source_ip"] = json!("10.7.7.1");
    other["destination_ip"] = json!("10.7.7.200");
    let values = |json: &Value| Record::from_json(json).unwrap().values();
    assert_eq!(values(&record()), values(&other));
    assert!(value(&record(), "same_subnet") > 0.5);
    other["destination_ip"] = json!("8.8.8.8");
    assert!(value(&other, "destination_is_public_resolver") > 0.5);
    assert!(value(&other, "direction") > 0.5);
    assert!(value(&other, "same_subnet") < 0.5);
}

#[test]
fn features_of_sizes() {
    let near = |name: &str, expected: f32| {
        let value = value(&record(), name);
        assert!((value - expected).abs() < 1e-6, "{name}: {value}");
    };
    near("log_bytes_sent", 181f32.ln());
    near("sent_share", 1.0);
    // 180 bytes in packets of 60.
    near("log_packets_sent", 4f32.ln());
    near("no_answer", 1.0);
    let mut empty = record();
    for field in ["packet_size", "bytes_sent"] {
        empty[field] = json!(0);
    }
    assert!((value(&empty, "sent_share") - 0.5).abs() < 1e-6);
    assert!(Record::from_json(&empty).unwrap().values().iter().all(|value| value.is_finite()));
}

#[test]
fn files_and_single_records_give_the_same_values() {
    let text = "timestamp,source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,\
                flag,is_anomaly,kind\n\
                2024-01-01 00:00:00,192.168.1.10,192.168.1.20,TCP,60,180,0,SYN,1,port-scan\n\
                2024-01-01 00:00:01,192.168.1.10,1.1.1.1,UDP,80,80,200,,0,\n\
                2024-01-01 00:00:02,192.168.1.300,1.1.1.1,UDP,80,80,200,ACK,0,\n\
                2024-01-01 00:00:03,192.168.1.3,1.1.1.1,UDP,80,80,200,ACK,2,\n\
                2024-01-01 00:00:03,fd00::1,1.1.1.1,UDP,80,80,200,ACK,1,\n";
    let schema = by_id("form").unwrap();
    let (table, faults) = read(schema, &mut text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(table.kinds, ["normal", "port-scan", "attack"]);
    let told: Vec<String> = faults.list.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4, source_ip: '192.168.1.300' is not an address: enter one such as \
             192.168.1.10 or fd00::10",
            "line 5, is_anomaly: '2' is not a label: expected 0 (normal) or 1 (anomaly)",
        ]
    );
    assert_eq!(faults.unused, ["timestamp"]);
    assert_eq!(table.values(0), schema.vector(&record(), &table.columns).unwrap());
    assert_eq!(table.values(0), Record::from_json(&record()).unwrap().values());
}

#[test]
fn single_records_of_other_schemas_use_the_words_of_the_model() {
    let schema = by_id("cic").unwrap();
    let faults: Vec<FieldError> = schema
        .vector(&json!({"Flow Duration": "x", "Destination Port": "y"}), &schema.columns())
        .unwrap_err();
    assert_eq!(faults[0].message, "'y' is not a number");
    assert_eq!(faults.len(), 2);
    let zero = json!({"Flow Duration": 0, "Flow Bytes/s": "Infinity"});
    let values = schema.vector(&zero, &schema.columns()).unwrap();
    assert_eq!(values.len(), 77);
    assert!(values[14].abs() < 1e-9 && values[2].is_nan());
    let schema = by_id("nsl-kdd").unwrap();
    let mut columns = schema.columns();
    columns[1].kind = crate::data::ColumnKind::Category(vec!["udp".into(), "tcp".into()]);
    let of = |word: &str| schema.vector(&json!({"protocol_type": word}), &columns).unwrap()[1];
    assert!((of("tcp") - 1.0).abs() < 1e-9);
    assert!(of("sctp").is_nan());
}
