//! What a model sees of a record: kinds of addresses and how they are related, never which; sizes,
//! their logarithms and ratios.

use super::record::{FLAGS, PROTOCOLS, Record};
use crate::data::{Column, ColumnKind};
use crate::schema::address::{self, CLASSES, DIRECTIONS};
use crate::schema::{Cells, FieldError};

/// Names of the columns, with the words of those that are categories.
const COLUMNS: &[(&str, &[&str])] = &[
    ("source_class", CLASSES),
    ("destination_class", CLASSES),
    ("direction", DIRECTIONS),
    ("ip_version", &[]),
    ("same_subnet", &[]),
    ("same_address", &[]),
    ("source_is_public_resolver", &[]),
    ("destination_is_public_resolver", &[]),
    ("protocol", PROTOCOLS),
    ("flag", FLAGS),
    ("packet_size", &[]),
    ("bytes_sent", &[]),
    ("bytes_received", &[]),
    ("log_packet_size", &[]),
    ("log_bytes_sent", &[]),
    ("log_bytes_received", &[]),
    ("log_bytes_total", &[]),
    ("sent_share", &[]),
    ("log_packets_sent", &[]),
    ("log_packets_received", &[]),
    ("no_answer", &[]),
];

pub(super) fn columns() -> Vec<Column> {
    let column = |(name, words): &(&str, &[&str])| Column {
        name: (*name).into(),
        kind: match words {
            [] => ColumnKind::Number,
            _ => ColumnKind::Category(words.iter().map(ToString::to_string).collect()),
        },
    };
    COLUMNS.iter().map(column).collect()
}

/// Appends the columns of a record of a file.
pub(super) fn values(cells: &Cells<'_>, out: &mut Vec<f32>) -> Result<(), Vec<FieldError>> {
    Record::from_cells(cells)?.append_values(out);
    Ok(())
}

impl Record {
    /// The values of the schema's columns.
    pub fn values(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(COLUMNS.len());
        self.append_values(&mut values);
        values
    }

    #[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
    fn append_values(&self, out: &mut Vec<f32>) {
        let (from, to) = (self.source_ip, self.destination_ip);
        let (from_class, to_class) = (address::class(from), address::class(to));
        let truth = |is: bool| f32::from(u8::from(is));
        let (sent, received) = (self.bytes_sent as f64, self.bytes_received as f64);
        let size = (self.packet_size as f64).max(1.0);
        let log = |value: f64| value.ln_1p() as f32;
        out.extend([
            f32::from(from_class as u8),
            f32::from(to_class as u8),
            address::direction(from_class, to_class) as f32,
            if from.is_ipv4() { 4.0 } else { 6.0 },
            truth(address::same_subnet(from, to)),
            truth(from == to),
            truth(address::is_public_resolver(from)),
            truth(address::is_public_resolver(to)),
            f32::from(self.protocol as u8),
            self.flag.map_or(f32::NAN, |flag| f32::from(flag as u8)),
            self.packet_size as f32,
            sent as f32,
            received as f32,
            log(self.packet_size as f64),
            log(sent),
            log(received),
            log(sent + received),
            share(sent, received) as f32,
            log(sent / size),
            log(received / size),
            truth(self.bytes_sent > 0 && self.bytes_received == 0),
        ]);
    }
}

/// The part of all bytes that was sent; a half when there is none.
fn share(sent: f64, received: f64) -> f64 {
    if sent + received > 0.0 { sent / (sent + received) } else { 0.5 }
}
