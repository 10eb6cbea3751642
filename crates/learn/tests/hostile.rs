//! Files that nobody should send and somebody will: nothing panics, everything is bounded, and
//! what is wrong is said.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{self, BufRead, BufReader, Read};

use anomalyzer_learn::data::{Limits, read};
use anomalyzer_learn::fuzz;
use anomalyzer_learn::schema::{SCHEMAS, by_id};
use proptest::prelude::*;

/// What a schema says to a file: the error, or rows and faults.
fn outcome(schema: &str, input: &mut dyn BufRead) -> String {
    match read(by_id(schema).unwrap(), input, &Limits::default()) {
        Ok((table, faults)) => {
            let first = faults.list.first().map(ToString::to_string).unwrap_or_default();
            format!("{} rows, {} faults: {first}", table.len(), faults.total)
        }
        Err(error) => error.to_string(),
    }
}

fn check(schema: &str, bytes: &[u8], expected: &str) {
    fuzz::records(bytes, 1);
    fuzz::records(bytes, 4_096);
    let told = outcome(schema, &mut &*bytes);
    assert!(told.contains(expected), "{told}");
}

/// A table of the schema `form` with these rows.
fn form(rows: &str) -> Vec<u8> {
    let header = "source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,flag,\
                  is_anomaly\n";
    format!("{header}{rows}").into_bytes()
}

const CALM: &str = "10.0.0.1,10.0.0.2,TCP,60,1,2,ACK,0\n";
const ATTACK: &str = "10.0.0.1,10.0.0.2,TCP,60,1,2,SYN,1\n";

#[test]
fn files_that_are_no_tables_are_named() {
    check("form", b"", "the file is empty");
    check("form", b"\xef\xbb\xbf", "the file is empty");
    check("form", b"\n\n\r\n ", "the file is empty");
    check("form", b"PK\x03\x04\x14\0\0\0", "this is a zip archive or a spreadsheet");
    check("form", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x08", "this is a Python pickle");
    check("form", b"\x80\x05\x95", "pickles run code of whoever made them, so they are never read");
    check("form", b"ccopy_reg\n_reconstructor\np0\n(tR.", "this is a Python pickle");
    check("form", b"\xff\xfes\0o\0", "save it as UTF-8");
    check("form", b"s\0o\0u\0r\0", "UTF-16");
    check("form", b"PAR1\x15\x04", "this is a Parquet file");
    check("form", b"SQLite format 3\0", "this is an SQLite database");
    check("form", b"[{\"source_ip\":1}]", "write one object a line");
    check("form", b"\0\0\0\0\0\0", "binary data");
    check("form", &[0xaa; 5_000], "the header is not valid UTF-8");
}

#[test]
fn tables_that_are_broken_are_told_by_line() {
    check("form", &form(""), "no row that can be read behind the header");
    check("form", &form(CALM), "all 1 rows are normal traffic");
    check("form", &form(&format!("{CALM}{ATTACK}")), "2 rows, 0 faults");
    check("form", &form(&format!("{CALM}{ATTACK}").replace('\n', "\r")), "2 rows, 0 faults");
    check("form", &form(&format!("{CALM}\r\n\r{ATTACK}\n\n")), "2 rows, 0 faults");
    let nul = CALM.replace("60", "6\x000");
    check(
        "form",
        &form(&format!("{CALM}{ATTACK}{nul}")),
        "line 4, packet_size: '6\u{fffd}0' is not",
    );
    let open = CALM.replace("TCP", "\"TCP");
    let told = "line 4: the record has 3 columns, expected 8; a quotation mark may not be closed";
    check("form", &form(&format!("{CALM}{ATTACK}{open}{CALM}")), told);
    let huge = CALM.replace("60", &"9".repeat(5_000));
    check("form", &form(&format!("{CALM}{ATTACK}{huge}")), "line 4, packet_size: '99999");
    let huge = CALM.replace("60", "1e999");
    check("form", &form(&format!("{CALM}{ATTACK}{huge}")), "'1e999' is too large");
    let latin = form(&format!("{CALM}{ATTACK}{CALM}"));
    let latin: Vec<u8> = latin.iter().map(|b| if *b == b'T' { 0xe4 } else { *b }).collect();
    check("form", &latin, "protocol: '\u{fffd}CP' is not known");
}

#[test]
fn a_million_columns_are_refused_early() {
    let mut text = "a,".repeat(1_000_000);
    text.push_str("label\n");
    let told = outcome("cic", &mut text.as_bytes());
    assert!(told.contains("line 1: the record has more than 4096 columns"), "{told}");
}

/// A file without end, of this text again and again; counts what was read of it.
struct Endless {
    text: Vec<u8>,
    at: usize,
    read: u64,
}

impl Endless {
    fn new(text: &str) -> Self {
        Self { text: text.as_bytes().to_vec(), at: 0, read: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.text[self.at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.text.len();
        self.read += count as u64;
        Ok(count)
    }
}

/// An endless file is refused before more than this was read of it.
fn endless(schema: &str, text: &str, bytes_max: u64, expected: &str) {
    let mut endless = Endless::new(text);
    let (schema, head) = match schema {
        "form" => (schema, form(CALM)),
        "open quote" => ("form", form("\"")),
        _ => (schema, Vec::new()),
    };
    let limits = Limits { rows: 10_000, ..Limits::default() };
    let mut input = BufReader::new(head.as_slice().chain(&mut endless));
    let error = read(by_id(schema).unwrap(), &mut input, &limits).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(endless.read < bytes_max, "{} bytes were read", endless.read);
}

#[test]
fn files_without_end_are_refused() {
    endless("form", CALM, 1 << 20, "more than 10000 rows");
    endless("form", "x", 1 << 20, "line 3: the record is longer than 262144 bytes");
    endless("form", "\"x\n", 1 << 20, "more than 10000 rows");
    endless("form", "\"\"x\n", 1 << 20, "more than 10000 rows");
    endless("open quote", "x\n", 1 << 20, "longer than 262144 bytes; a quotation mark");
    endless("form", ",", 1 << 20, "line 3: the record has more than 4096 columns");
    endless("mapped", "{\"a\":1,", 1 << 20, "no column looks like a label");
    endless("cic", "{\"a\":1,", 1 << 20, "line 1: the record is longer than 262144 bytes");
    endless("nsl-kdd", &format!("0{}\n", ",k".repeat(42)), 1 << 20, "rows");
}

#[test]
fn a_reader_that_fails_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let head = form(&CALM.repeat(4_000));
    for cut in [0, 100, head.len()] {
        let mut input = BufReader::new(head[..cut].chain(Broken));
        let told = outcome("form", &mut input);
        assert_eq!(told, "the file cannot be read: the disk is gone");
    }
}

/// Pieces of which files are made that nearly are what they should be.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\"",
        ";",
        "\t",
        "0",
        "1",
        "-1",
        "NaN",
        "Infinity",
        "1e400",
        "",
        " ",
        "tcp",
        "10.0.0.1",
        "::1",
        "label",
        "normal",
        "BENIGN",
        "is_anomaly",
        "#fields\t",
        "#separator \\x09\n",
        "{",
        "}",
        "{\"label\":1,\"a\":\"b\"}\n",
        "\0",
        "\u{feff}",
        "a,b,label\n",
        "[",
        "\\",
        "   ",
    ];
    let header = by_id("form").unwrap().fields.iter().map(|field| field.name).collect::<Vec<_>>();
    let header = format!("{},is_anomaly\n", header.join(","));
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => Just(header),
        1 => Just(CALM.to_owned()),
        1 => Just(ATTACK.to_owned()),
        1 => Just(format!("0,tcp,http,SF{},smurf,20\n", ",0".repeat(37))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, buffer in 1usize..64) {
        fuzz::records(&bytes, buffer);
    }

    #[test]
    fn nearly_right_files_are_read_or_refused(
        pieces in proptest::collection::vec(piece(), 0..80),
        buffer in 1usize..64,
    ) {
        fuzz::records(pieces.concat().as_bytes(), buffer);
    }

    #[test]
    fn rows_with_one_changed_byte_cost_one_row(at in 0usize..60, byte: u8) {
        let mut text = form(&format!("{CALM}{ATTACK}"));
        let begin = text.len();
        text.extend_from_slice(CALM.as_bytes());
        let place = begin + at % (CALM.len() - 1);
        text[place] = byte;
        prop_assume!(byte != b'"');
        text.extend_from_slice(CALM.as_bytes());
        let (table, faults) =
            read(by_id("form").unwrap(), &mut text.as_slice(), &Limits::default()).unwrap();
        let ends = u64::from(byte == b'\n' || byte == b'\r');
        prop_assert!(table.len() >= 3 && faults.total <= 1 + ends);
    }

    #[test]
    fn single_records_of_any_json_are_answered(text in "\\PC{0,40}", number: f64, which in 0usize..8) {
        for schema in SCHEMAS {
            let columns = schema.columns();
            let mut record = serde_json::Map::new();
            for (at, field) in schema.fields.iter().enumerate() {
                let value = match (at + which) % 4 {
                    0 => serde_json::json!(text),
                    1 => serde_json::json!(number),
                    2 => serde_json::Value::Null,
                    _ => serde_json::json!([text]),
                };
                record.insert(field.name.into(), value);
            }
            match schema.vector(&record.into(), &columns) {
                Ok(values) => prop_assert_eq!(values.len(), columns.len()),
                Err(faults) => prop_assert!(!faults.is_empty()),
            }
        }
    }
}
