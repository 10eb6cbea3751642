//! The record of the prediction form: who sent how much to whom. Small enough to be typed in.
//!
//! Training files hold the same fields with a time stamp and `is_anomaly`. The time is not used:
//! a single record has none.

mod features;
mod record;

pub use record::{Flag, Protocol, Record};

use super::{Field, Header, Kind, LabelColumn, LabelRule, Layout, Schema, UNNAMED_ATTACK, label};

/// Most bytes of a packet.
const PACKET_BYTES_MAX: f64 = 65_535.0;
/// Most bytes of a record: a year at 400 Gbit/s is not more.
const BYTES_MAX: f64 = 1e18;

pub(super) const SCHEMA: Schema = Schema {
    id: "form",
    title: "Traffic record",
    summary: "A record of who sent how much to whom, as typed into the prediction form, or as a \
              CSV file with timestamp and is_anomaly besides.",
    fields: FIELDS,
    header: Header::Required,
    label: LabelRule {
        columns: &[
            LabelColumn {
                names: &["is_anomaly", "anomaly", "is_attack", "label"],
                optional: false,
            },
            LabelColumn { names: &["kind", "attack_type", "attack_kind"], optional: true },
        ],
        read: kind,
    },
    layout: Layout::Derived { columns: features::columns, values: features::values },
};

/// Normal, or the attack's kind where a column names it.
fn kind<'a>(cells: &[&'a str]) -> Result<&'a str, String> {
    let kind = cells.get(1).copied().unwrap_or_default();
    let calm = kind.is_empty() || label::yes_or_no(kind) == Some(false);
    match label::yes_or_no(cells.first().copied().unwrap_or_default()) {
        None => Err("is not a label: expected 0 (normal) or 1 (anomaly)".into()),
        Some(false) => Ok(label::NORMAL),
        Some(true) if calm => Ok(UNNAMED_ATTACK),
        Some(true) => Ok(kind),
    }
}

/// Fields in the order of [`Place`].
const FIELDS: &[Field] = &[
    Field::new(Kind::Address, "source_ip", "address that sent").or(&["src_ip", "source"]),
    Field::new(Kind::Address, "destination_ip", "address that received").or(&[
        "dst_ip",
        "dest_ip",
        "destination",
    ]),
    Field::category("protocol", "transport protocol").or(&["proto"]).of(record::PROTOCOLS),
    Field::number("packet_size", "bytes", "size of a packet").up_to(PACKET_BYTES_MAX),
    Field::number("bytes_sent", "bytes", "bytes from source to destination")
        .or(&["src_bytes"])
        .up_to(BYTES_MAX),
    Field::number("bytes_received", "bytes", "bytes from destination to source")
        .or(&["dst_bytes"])
        .up_to(BYTES_MAX),
    Field::category("flag", "TCP flag; may be empty for UDP and ICMP")
        .or(&["flags", "tcp_flag", "tcp_flags"])
        .of(record::FLAGS),
];

/// Places of the fields.
#[derive(Clone, Copy)]
enum Place {
    SourceIp,
    DestinationIp,
    Protocol,
    PacketSize,
    BytesSent,
    BytesReceived,
    Flag,
}

#[cfg(test)]
mod tests;
