//! Connections as Zeek's `conn.log` tells them, in columns or as JSON. A log has no label unless
//! somebody added one, as IoT-23 did; without labels it can be scored, and learned from by models
//! of what is usual.

use super::address::{self, CLASSES, DIRECTIONS};
use super::{
    Cells, Field, FieldError, Header, Kind, LabelColumn, LabelRule, Layout, Schema, UNNAMED_ATTACK,
    label,
};
use crate::data::value::{self, Number};
use crate::data::{Column, ColumnKind, quoted};

pub(super) const SCHEMA: Schema = Schema {
    id: "zeek-conn",
    title: "Zeek connections",
    summary: "Connections of Zeek's conn.log, as columns with #fields or as JSON, one object a \
              line; with label or detailed-label where somebody added them.",
    fields: FIELDS,
    header: Header::Required,
    label: LabelRule {
        columns: &[
            LabelColumn { names: &["label"], optional: false },
            LabelColumn { names: &["detailed-label"], optional: true },
        ],
        read: kind,
    },
    layout: Layout::Derived { columns, values },
};

/// The detailed label of an attack, where there is one.
fn kind<'a>(cells: &[&'a str]) -> Result<&'a str, String> {
    let word = cells.first().copied().unwrap_or_default();
    let detail = cells.get(1).copied().unwrap_or_default();
    match label::yes_or_no(word) {
        Some(false) => Ok(label::NORMAL),
        Some(true) if matches!(detail, "" | "-" | "(empty)") => Ok(UNNAMED_ATTACK),
        Some(true) => Ok(detail),
        None if matches!(word, "" | "-" | "(empty)") => Err("is no label".into()),
        None => Ok(word),
    }
}

const PROTOCOLS: &[&str] = &["tcp", "udp", "icmp"];
const STATES: &[&str] =
    &["S0", "S1", "S2", "S3", "SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"];
/// Services that are told apart; all others are `other`.
const SERVICES: &[&str] = &[
    "none", "other", "http", "ssl", "dns", "ssh", "ftp", "ftp-data", "smtp", "imap", "pop3", "smb",
    "dce_rpc", "krb", "krb_tcp", "ldap", "rdp", "ntp", "dhcp", "snmp", "sip", "irc", "quic",
    "mqtt", "modbus", "mysql", "radius", "socks", "syslog", "telnet",
];
/// Letters of a history that are counted as there or not: of the originator in capitals.
const LETTERS: &[u8] = b"SHADFRCTWsharfdctw^";

const FIELDS: &[Field] = &[
    Field::new(Kind::Address, "id.orig_h", "address of the originator").or(&["src_ip"]),
    Field::new(Kind::Address, "id.resp_h", "address of the responder").or(&["dst_ip"]),
    Field::number("id.resp_p", "", "port of the responder").or(&["dst_port"]).up_to(65535.0),
    Field::category("proto", "transport protocol").of(PROTOCOLS),
    Field::category("conn_state", "state of the connection").of(STATES),
    Field::category("service", "application, as Zeek found it").optional(),
    Field::number("duration", "s", "length of the connection").optional(),
    Field::number("orig_bytes", "bytes", "payload of the originator").optional(),
    Field::number("resp_bytes", "bytes", "payload of the responder").optional(),
    Field::number("orig_pkts", "packets", "packets of the originator").optional(),
    Field::number("resp_pkts", "packets", "packets of the responder").optional(),
    Field::number("orig_ip_bytes", "bytes", "bytes of the originator with headers").optional(),
    Field::number("resp_ip_bytes", "bytes", "bytes of the responder with headers").optional(),
    Field::number("missed_bytes", "bytes", "bytes that Zeek did not see").optional(),
    Field::category("history", "what happened, a letter for each kind of packet").optional(),
];
/// Places of fields that are read one by one.
const ORIGINATOR: usize = 0;
const RESPONDER: usize = 1;
const PORT: usize = 2;
const PROTOCOL: usize = 3;
const STATE: usize = 4;
const SERVICE: usize = 5;
const DURATION: usize = 6;
const ORIG_BYTES: usize = 7;
const RESP_BYTES: usize = 8;
const ORIG_PKTS: usize = 9;
const RESP_PKTS: usize = 10;
const MISSED_BYTES: usize = 13;
const HISTORY: usize = 14;

fn columns() -> Vec<Column> {
    let words = |name: &str, words: &[&str]| Column {
        name: name.into(),
        kind: ColumnKind::Category(words.iter().map(ToString::to_string).collect()),
    };
    let number = |name: String| Column { name, kind: ColumnKind::Number };
    let mut columns = vec![
        words("originator_class", CLASSES),
        words("responder_class", CLASSES),
        words("direction", DIRECTIONS),
        words("proto", PROTOCOLS),
        words("conn_state", STATES),
        words("service", SERVICES),
    ];
    let numbers = ["ip_version", "same_subnet", "responder_port", "log_duration"];
    columns.extend(numbers.into_iter().map(|name| number(name.into())));
    let logs = (ORIG_BYTES..=MISSED_BYTES).filter_map(|at| FIELDS.get(at));
    columns.extend(logs.map(|field| number(format!("log_{}", field.name))));
    let numbers = [
        "orig_share",
        "log_bytes_per_orig_pkt",
        "log_bytes_per_resp_pkt",
        "log_pkts_per_s",
        "history_length",
    ];
    columns.extend(numbers.into_iter().map(|name| number(name.into())));
    let letters = LETTERS.iter().map(|letter| number(format!("history_{}", char::from(*letter))));
    columns.extend(letters);
    columns
}

/// Reads a record; the first field that is wrong is told.
#[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
fn values(cells: &Cells<'_>, out: &mut Vec<f32>) -> Result<(), Vec<FieldError>> {
    let from = address_at(cells, ORIGINATOR)?;
    let to = address_at(cells, RESPONDER)?;
    let (from_class, to_class) = (address::class(from), address::class(to));
    let port = number_at(cells, PORT)?;
    let mut numbers = [f64::NAN; MISSED_BYTES - DURATION + 1];
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = number_at(cells, DURATION + at)?;
    }
    let get = |at: usize| numbers.get(at - DURATION).copied().unwrap_or(f64::NAN);
    let log = |value: f64| value.max(0.0).ln_1p() as f32;
    let nan_or_log = |value: f64| if value.is_nan() { f32::NAN } else { log(value) };
    out.extend([
        f32::from(from_class as u8),
        f32::from(to_class as u8),
        address::direction(from_class, to_class) as f32,
        word_at(cells, PROTOCOL, PROTOCOLS),
        word_at(cells, STATE, STATES),
        service(cells),
        if from.is_ipv4() { 4.0 } else { 6.0 },
        f32::from(u8::from(address::same_subnet(from, to))),
        port as f32,
    ]);
    out.extend(numbers.iter().map(|number| nan_or_log(*number)));
    let (sent, received) = (get(ORIG_BYTES), get(RESP_BYTES));
    let packets = get(ORIG_PKTS) + get(RESP_PKTS);
    out.extend([
        if sent + received > 0.0 { (sent / (sent + received)) as f32 } else { f32::NAN },
        nan_or_log(sent / get(ORIG_PKTS).max(1.0)),
        nan_or_log(received / get(RESP_PKTS).max(1.0)),
        // At least a millisecond: shorter ones only tell how exact a clock was.
        nan_or_log(packets / get(DURATION).max(1e-3)),
    ]);
    history(cells, out);
    Ok(())
}

fn wrong(at: usize, message: String) -> Vec<FieldError> {
    let field = FIELDS.get(at).map_or("record", |field| field.name);
    vec![FieldError { field: field.into(), message }]
}

fn address_at(cells: &Cells<'_>, at: usize) -> Result<std::net::IpAddr, Vec<FieldError>> {
    let cell = cells.get(at);
    let address = std::str::from_utf8(cell).ok().and_then(address::parse);
    address.ok_or_else(|| wrong(at, format!("{} is not an address", quoted(cell))))
}

fn number_at(cells: &Cells<'_>, at: usize) -> Result<f64, Vec<FieldError>> {
    let cell = cells.get(at);
    match value::number(cell) {
        Some(Number::Is(value) | Number::Clamped(value)) => Ok(value),
        Some(Number::Missing | Number::Undefined) => Ok(f64::NAN),
        None => Err(wrong(at, format!("{} is not a number", quoted(cell)))),
    }
}

/// The place of a word in its list; missing if it is not there.
fn word_at(cells: &Cells<'_>, at: usize, words: &[&str]) -> f32 {
    let cell = cells.get(at).trim_ascii();
    let place = words.iter().position(|word| word.as_bytes().eq_ignore_ascii_case(cell));
    place.map_or(f32::NAN, |place| place as f32)
}

/// The service, by the first one where Zeek found several.
fn service(cells: &Cells<'_>) -> f32 {
    let cell = cells.get(SERVICE).trim_ascii();
    if value::is_missing(cell) || cell == b"(empty)" {
        return 0.0;
    }
    let first = cell.split(|byte| *byte == b',').next().unwrap_or_default();
    let place = SERVICES.iter().position(|word| word.as_bytes() == first);
    place.map_or(1.0, |place| place as f32)
}

fn history(cells: &Cells<'_>, out: &mut Vec<f32>) {
    let cell = cells.get(HISTORY).trim_ascii();
    if value::is_missing(cell) {
        out.extend(std::iter::repeat_n(f32::NAN, LETTERS.len() + 1));
        return;
    }
    out.push(cell.len() as f32);
    out.extend(LETTERS.iter().map(|letter| f32::from(u8::from(cell.contains(letter)))));
}
