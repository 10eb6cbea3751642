//! Files as people send them: what is taken, what is told.

use super::*;
use crate::schema::by_id;

fn read_as(id: &str, text: &[u8], limits: &Limits) -> Result<(Table, Faults), ReadError> {
    read(by_id(id).unwrap(), &mut &*text, limits)
}

/// A record of NSL-KDD with this service and label.
fn nsl(service: &str, label: &str) -> String {
    format!("0,tcp,{service},SF,491,0{},{label},20\n", ",0".repeat(35))
}

/// A file of the schema `cic`: the names of its fields, `extra` columns behind, rows of one value
/// for all but what `set` names.
fn cic(rows: &[(&[(&str, &str)], &str)]) -> String {
    let fields = by_id("cic").unwrap().fields;
    let header: Vec<String> = fields.iter().map(|field| format!(" {}", field.name)).collect();
    let mut text = format!("{}, Fwd Header Length.1, Label\n", header.join(","));
    for (set, label) in rows {
        for field in fields {
            let value = set.iter().find(|(name, _)| *name == field.name).map_or("7", |(_, v)| v);
            text += value;
            text += ",";
        }
        text = text + "7," + label + "\n";
    }
    text
}

#[test]
fn records_without_header_are_read_by_order() {
    let text = nsl("http", "normal") + &nsl("ftp", "neptune") + &nsl("http", "normal");
    let (table, faults) = read_as("nsl-kdd", text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(faults, Faults::default());
    assert_eq!(table.kinds, ["normal", "neptune"]);
    assert_eq!(table.columns.len(), 41);
    assert_eq!(table.columns[2].kind, ColumnKind::Category(vec!["http".into(), "ftp".into()]));
    assert_eq!(table.values(1)[..6], [0.0, 0.0, 1.0, 0.0, 491.0, 0.0]);
    let rows = table.rows();
    assert_eq!(rows[0].group, rows[2].group);
    assert_ne!(rows[0].group, rows[1].group);
}

#[test]
fn groups_are_the_same_in_every_file() {
    let one = nsl("http", "normal") + &nsl("ftp", "neptune");
    let other = nsl("smtp", "normal") + &nsl("ftp", "normal") + &nsl("http", "smurf");
    let groups = |text: String| {
        let (table, _) = read_as("nsl-kdd", text.as_bytes(), &Limits::default()).unwrap();
        table.rows().iter().map(|row| row.group).collect::<Vec<u64>>()
    };
    let (one, other) = (groups(one), groups(other));
    // The words have other numbers there, and the labels differ: neither matters.
    assert_eq!((one[0], one[1]), (other[2], other[1]));
    assert!(!one.contains(&other[0]));
}

#[test]
fn a_header_that_should_not_be_there_is_understood() {
    let fields = by_id("nsl-kdd").unwrap().fields;
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let header = format!("{},class,difficulty_level\n", names.join(","));
    let text = header + &nsl("http", "normal") + &nsl("ftp", "anomaly");
    let (table, faults) = read_as("nsl-kdd", text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((table.len(), faults.total), (2, 0));
    assert_eq!(table.kinds, ["normal", "attack"]);
    assert_eq!(faults.unused, ["difficulty_level"]);
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let text = nsl("http", "normal")
        + &nsl("http", "neptune").replace("491", "4x91")
        + "1,2,3\n"
        + &nsl("http", "")
        + &nsl("http", "17")
        + &nsl("ftp", "neptune");
    let limits = Limits { faults: 3, ..Limits::default() };
    let (table, faults) = read_as("nsl-kdd", text.as_bytes(), &limits).unwrap();
    assert_eq!((table.len(), faults.total), (2, 4));
    let told: Vec<String> = faults.list.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2, src_bytes: '4x91' is not a number",
            "line 3: the record has 3 columns, expected 43",
            "line 4, label: the label is missing",
        ]
    );
}

#[test]
fn infinities_follow_the_rule() {
    let zero = [("Flow Duration", "0"), ("Flow Bytes/s", "Infinity"), ("Flow Packets/s", "NaN")];
    let longer = [("Flow Duration", "5"), ("Flow Bytes/s", "inf"), ("Flow Packets/s", "nan")];
    let other = [("Idle Mean", "-Infinity"), ("Idle Max", "1e99"), ("Idle Min", "")];
    let text = cic(&[(&zero, "BENIGN"), (&longer, "DDoS"), (&other, "Web Attack \u{2013} XSS")]);
    let (table, faults) = read_as("cic", text.as_bytes(), &Limits::default()).unwrap();
    let at = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap();
    let value = |row: usize, name: &str| table.values(row)[at(name)];
    assert_eq!((value(0, "Flow Bytes/s"), value(0, "Flow Packets/s")), (0.0, 0.0));
    assert!(value(1, "Flow Bytes/s") >= 1e30);
    assert!(value(1, "Flow Packets/s").is_nan());
    assert_eq!((value(2, "Idle Mean"), value(2, "Idle Max")), (-1e30, 1e30));
    assert!(value(2, "Idle Min").is_nan());
    let counts = (faults.rates_zeroed, faults.clamped, faults.missing, faults.total);
    assert_eq!(counts, (2, 3, 2, 0));
    assert_eq!(faults.unused, [" Fwd Header Length.1"]);
    assert_eq!(table.kinds, ["normal", "DDoS", "Web Attack \u{2013} XSS"]);
}

#[test]
fn a_dash_of_another_character_set_is_read() {
    let text = cic(&[(&[], "BENIGN"), (&[], "Web Attack @ XSS")]);
    let bytes: Vec<u8> = text.bytes().map(|b| if b == b'@' { 0x96 } else { b }).collect();
    let (table, _) = read_as("cic", &bytes, &Limits::default()).unwrap();
    assert_eq!(table.kinds[1], "Web Attack - XSS");
}

#[test]
fn names_of_later_versions_are_known() {
    let fields = by_id("cic").unwrap().fields;
    let newest = |field: &crate::schema::Field| *field.aliases.last().unwrap_or(&field.name);
    let header: Vec<&str> = fields.iter().map(newest).collect();
    let row = ["1"; 77].join(";");
    let text = format!("{};Label\n{row};Benign\n{row};Bot\n", header.join(";"));
    let (table, faults) = read_as("cic", text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((table.len(), faults.total, faults.unused.len()), (2, 0, 0));
}

fn refused(id: &str, text: &[u8], limits: &Limits, expected: &str) {
    let error = read_as(id, text, limits).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn files_that_are_of_no_use_are_refused_with_what_to_do() {
    let limits = Limits::default();
    let normal = nsl("http", "normal");
    let both = normal.clone() + &nsl("http", "smurf");
    refused("nsl-kdd", b"", &limits, "the file is empty");
    refused(
        "nsl-kdd",
        b"a,b,c\n",
        &limits,
        "the first line has 3 columns and schema nsl-kdd has 42",
    );
    refused("cic", b"a,b,c\n1,2,3\n", &limits, "lacks 'Destination Port', 'Flow Duration'");
    refused("cic", b"a,b,c\n1,2,3\n", &limits, "and 73 more (the first line has 3 columns)");
    refused("cic", b"\xffa,b\n", &limits, "not valid UTF-8 (column 1)");
    refused("cic", cic(&[]).as_bytes(), &limits, "no row that can be read behind the header");
    refused("nsl-kdd", normal.as_bytes(), &limits, "all 1 rows are normal traffic");
    let wrong = normal.replace("491", "x");
    refused("nsl-kdd", wrong.as_bytes(), &limits, "1 are wrong, the first at line 1, src_bytes");
    let few = |rows, values| Limits { rows, values, ..Limits::default() };
    refused("nsl-kdd", both.as_bytes(), &few(1, 1 << 20), "more than 1 rows");
    refused("nsl-kdd", both.as_bytes(), &few(9, 41), "more than 41 values");
    let any = Limits { classes: Classes::Any, ..Limits::default() };
    assert_eq!(read_as("nsl-kdd", normal.as_bytes(), &any).unwrap().0.len(), 1);
}

#[test]
fn words_and_labels_are_bounded() {
    let many: String = (0..30).map(|i| nsl(&format!("s{i}"), "normal")).collect();
    let text = many + &nsl("http", "smurf") + &nsl(&"x".repeat(200), "smurf");
    let limits = Limits { words: 10, ..Limits::default() };
    let (table, faults) = read_as("nsl-kdd", text.as_bytes(), &limits).unwrap();
    assert_eq!(faults.words_dropped, 21);
    assert_eq!(faults.total, 1);
    assert!(table.values(30)[2].is_nan());
    let labels: String = (0..1_100).map(|i| nsl("http", &format!("kind{i}"))).collect();
    refused("nsl-kdd", labels.as_bytes(), &limits, "more than 1000 different labels");
}

#[test]
fn category_and_label_of_unsw_nb15_must_agree() {
    let names: Vec<&str> = by_id("unsw-nb15").unwrap().fields.iter().map(|f| f.name).collect();
    let row = ["1"; 42].join(",");
    let text = format!(
        "id,{},attack_cat,label\n1,{row},Normal,0\n2,{row}, Fuzzers ,1\n3,{row},Worms,0\n\
         4,{row},,1\n5,{row},Backdoors,1\n6,{row},Normal,1\n",
        names.join(",")
    );
    let (table, faults) = read_as("unsw-nb15", text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(table.kinds, ["normal", "Fuzzers", "attack", "Backdoor"]);
    let lines: Vec<u64> = faults.list.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [4, 7]);
}
