//! From a flow record to the values that models see.

use crate::flow::features::{FEATURES, Vector};
use crate::flow::{ConnState, FlowRecord};
use anomalyzer_learn::data::{Column, ColumnKind};
use anomalyzer_wire::app::AppProto;

/// Packets of both sides together below which a flow tells too little to be scored.
const PACKETS_MIN: u64 = 4;
/// Features of the flow meter that a model sees: all but the version.
const METERED: usize = FEATURES.len() - 1;
/// Ports below this are for services of the system (RFC 6335).
const SYSTEM_PORTS: u16 = 1_024;
/// Ports from here on are for clients (RFC 6335).
const DYNAMIC_PORTS: u16 = 49_152;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Number,
    /// The index of one of these words.
    Words(&'static [&'static str]),
}

/// Columns besides those of the flow meter: name, what it holds.
const FURTHER: [(&str, Shape); 12] = [
    ("transport", Shape::Words(&["tcp", "udp", "icmp", "other"])),
    ("conn_state", Shape::Words(&STATES)),
    ("service", Shape::Words(&CLASSES)),
    ("port_class", Shape::Words(&["none", "system", "registered", "dynamic"])),
    ("src_port_class", Shape::Words(&["none", "system", "registered", "dynamic"])),
    ("rtt_us", Shape::Number),
    ("retransmissions", Shape::Number),
    ("missed_bytes", Shape::Number),
    ("fwd_byte_share", Shape::Number),
    ("fwd_data_share", Shape::Number),
    ("bytes_per_packet", Shape::Number),
    ("continued", Shape::Number),
];

/// Number of columns.
const WIDTH: usize = METERED + FURTHER.len();

/// The values of one flow, in the order of [`COLUMNS`]; `NaN` where there is none.
pub type Row = [f32; WIDTH];

/// The columns of a row: the flow meter's, then what generalises from the rest of a record. No
/// address, no name, no time of day.
pub const COLUMNS: [(&str, Shape); WIDTH] = all();

const fn all() -> [(&'static str, Shape); WIDTH] {
    let mut columns = [("", Shape::Number); WIDTH];
    let mut at = 0;
    while at < METERED {
        columns[at].0 = FEATURES[at].name;
        at += 1;
    }
    while at < WIDTH {
        columns[at] = FURTHER[at - METERED];
        at += 1;
    }
    columns
}

/// Columns that the anomaly model sees: few that say much each. Many that say nearly the same would be
/// asked again and again.
pub const SITE_COLUMNS: [&str; 26] = [
    "flow_duration_us",
    "fwd_packets",
    "bwd_packets",
    "fwd_payload_bytes",
    "bwd_payload_bytes",
    "fwd_packet_length_max",
    "bwd_packet_length_max",
    "fwd_packet_length_mean",
    "bwd_packet_length_mean",
    "packet_length_std",
    "flow_iat_mean",
    "flow_iat_max",
    "fwd_psh_flags",
    "fin_flag_count",
    "syn_flag_count",
    "rst_flag_count",
    "down_up_ratio",
    "fwd_data_packets",
    "transport",
    "conn_state",
    "service",
    "port_class",
    "rtt_us",
    "retransmissions",
    "fwd_byte_share",
    "bytes_per_packet",
];

/// The words of `conn_state`, in the order of [`ConnState`].
const STATES: [&str; 13] =
    ["S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"];

/// The words of `service`: what a recognised protocol is for.
const CLASSES: [&str; 11] = [
    "unknown",
    "name",
    "encrypted",
    "web",
    "remote",
    "file",
    "mail",
    "directory",
    "network",
    "database",
    "media",
];

/// The columns as a table for training has them.
pub fn columns() -> Vec<Column> {
    columns_of(|_| true)
}

/// Those columns whose name is wanted, in their order.
pub fn columns_of(wanted: impl Fn(&str) -> bool) -> Vec<Column> {
    let column = |&(name, shape): &(&str, Shape)| Column {
        name: name.to_owned(),
        kind: match shape {
            Shape::Number => ColumnKind::Number,
            Shape::Words(words) => {
                ColumnKind::Category(words.iter().map(|&word| word.to_owned()).collect())
            }
        },
    };
    COLUMNS.iter().filter(|(name, _)| wanted(name)).map(column).collect()
}

/// True for flows that are scored: packets of both sides, at least four together. Scans and floods
/// are mostly below that; counting finds them.
pub const fn is_scored(record: &FlowRecord) -> bool {
    record.orig.packets > 0
        && record.resp.packets > 0
        && record.orig.packets + record.resp.packets >= PACKETS_MIN
}

/// The columns of these names, in their order; a name that is none is left out.
pub fn columns_named(names: &[&str]) -> Vec<Column> {
    let named = |name: &&str| columns_of(|known| known == *name).pop();
    names.iter().filter_map(named).collect()
}

/// What models see of a flow; `metered` is its feature vector.
#[allow(clippy::cast_possible_truncation)] // 24 bits are enough for trees
pub fn row(record: &FlowRecord, metered: &Vector) -> Row {
    let mut row = [f32::NAN; WIDTH];
    for (cell, value) in row.iter_mut().zip(&metered[..METERED]) {
        *cell = *value as f32;
    }
    let (orig, resp) = (&record.orig, &record.resp);
    let tuple = &record.tuple;
    let packets = (orig.packets + resp.packets).max(1) as f32;
    let bytes = (orig.bytes + resp.bytes) as f32;
    let payload = (orig.payload + resp.payload) as f32;
    let with_data = metered[DATA_PACKETS] as f32;
    let further = [
        transport(tuple.proto),
        state(record.conn_state),
        class(record.app),
        port_class(tuple.proto, tuple.dst_port),
        port_class(tuple.proto, tuple.src_port),
        record.rtt_ns.map_or(f32::NAN, |ns| (ns / 1_000) as f32),
        (orig.retransmissions + resp.retransmissions) as f32,
        (orig.missed + resp.missed) as f32,
        if payload > 0.0 { orig.payload as f32 / payload } else { f32::NAN },
        if orig.packets > 0 { with_data / orig.packets as f32 } else { f32::NAN },
        bytes / packets,
        f32::from(u8::from(record.continued)),
    ];
    row[METERED..].copy_from_slice(&further);
    row
}

/// Where `fwd_data_packets` stands in the vector.
const DATA_PACKETS: usize = place("fwd_data_packets");

/// Where a column stands; the number of columns for a name that is none.
pub(crate) const fn place(name: &str) -> usize {
    let mut at = 0;
    while at < WIDTH {
        if same(COLUMNS[at].0, name) {
            return at;
        }
        at += 1;
    }
    at
}

/// True for equal texts, also at compile time.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

fn transport(proto: u8) -> f32 {
    match proto {
        6 => 0.0,
        17 | 136 => 1.0,
        1 | 58 => 2.0,
        _ => 3.0,
    }
}

fn state(state: ConnState) -> f32 {
    f32::from(state as u8)
}

fn port_class(proto: u8, port: u16) -> f32 {
    match (proto, port) {
        (1 | 58, _) | (_, 0) => 0.0,
        (_, ..SYSTEM_PORTS) => 1.0,
        (_, ..DYNAMIC_PORTS) => 2.0,
        _ => 3.0,
    }
}

/// What a protocol is for; one that has no class of its own counts as not recognised.
fn class(app: AppProto) -> f32 {
    use AppProto as App;
    match app {
        App::Dns | App::Mdns | App::Llmnr | App::Nbns | App::Nbds => 1.0,
        App::Tls | App::Dtls | App::Quic => 2.0,
        App::Http | App::Http2 => 3.0,
        App::Ssh | App::Telnet | App::Rdp | App::Vnc => 4.0,
        App::Ftp | App::Smb | App::Dcerpc | App::Tftp => 5.0,
        App::Smtp | App::Imap | App::Pop3 | App::Nntp => 6.0,
        App::Kerberos | App::Ldap | App::Radius => 7.0,
        App::Dhcp | App::Dhcpv6 | App::Ntp | App::Snmp | App::Ssdp | App::Wsd | App::Syslog => 8.0,
        App::Mysql | App::Postgres | App::Tds | App::Redis | App::Mongo | App::Memcached => 9.0,
        App::Sip | App::Rtp | App::Rtcp | App::Rtsp | App::Stun => 10.0,
        _ => 0.0,
    }
}
