//! Flows that users called attacks or normal, as training takes them.
//!
//! Stored flow records hold no feature statistics, so of the features of a flow those are taken that
//! follow from a record's counters. A model that was trained on them asks for no others, so it can
//! score flows as they come as well.

use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::SideRecord;
use anomalyzer_learn::data::{Column, ColumnKind, NORMAL, Row, Table};
use anomalyzer_store::control::LabelRow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Schema of such records.
pub(crate) const SCHEMA: &str = "flow";
/// Kinds of attacks that are told apart.
const KINDS_MAX: usize = 256;

/// Features that follow from a record, named as in features.csv.
const COLUMNS: [&str; 15] = [
    "flow_duration_us",
    "fwd_packets",
    "bwd_packets",
    "fwd_payload_bytes",
    "bwd_payload_bytes",
    "fwd_packet_length_mean",
    "bwd_packet_length_mean",
    "flow_bytes_per_s",
    "flow_packets_per_s",
    "fwd_packets_per_s",
    "bwd_packets_per_s",
    "packet_length_mean",
    "down_up_ratio",
    "flow_iat_mean",
    "average_packet_size",
];

/// What a model sees of a flow.
#[expect(clippy::cast_possible_truncation, reason = "values are kept in single precision")]
pub(crate) fn vector(flow: &FlowRecord) -> Vec<f32> {
    let micros = (flow.last.since(flow.first).max(0) / 1_000) as f64;
    let seconds = micros / 1e6;
    let rate = |n: f64| if seconds > 0.0 { n / seconds } else { 0.0 };
    let share = |sum: f64, n: f64| if n > 0.0 { sum / n } else { 0.0 };
    let counts = |side: &SideRecord| (side.packets as f64, side.payload as f64);
    let ((fwd, fwd_bytes), (bwd, bwd_bytes)) = (counts(&flow.orig), counts(&flow.resp));
    let (packets, bytes) = (fwd + bwd, fwd_bytes + bwd_bytes);
    let mean = share(bytes, packets);
    let values: [f64; COLUMNS.len()] = [
        micros,
        fwd,
        bwd,
        fwd_bytes,
        bwd_bytes,
        share(fwd_bytes, fwd),
        share(bwd_bytes, bwd),
        rate(bytes),
        rate(packets),
        rate(fwd),
        rate(bwd),
        mean,
        share(bwd, fwd),
        share(micros, packets - 1.0),
        mean,
    ];
    values.iter().map(|value| *value as f32).collect()
}

/// Labels as a table. Labels whose vectors are of another version are left out.
pub(crate) fn table(labels: &[LabelRow]) -> Table {
    let column = |name: &&str| Column { name: (*name).to_owned(), kind: ColumnKind::Number };
    let mut table = Table::new(COLUMNS.iter().map(column).collect());
    for label in labels.iter().filter(|label| label.vector.len() == COLUMNS.len()) {
        let kind = if label.attack { kind(&mut table, &label.kind) } else { NORMAL };
        let bits: Vec<u32> = label.vector.iter().map(|value| value.to_bits()).collect();
        let group = BuildHasherDefault::<DefaultHasher>::default().hash_one(bits);
        table.push(Row { kind, group }, &label.vector);
    }
    table
}

/// The number of a kind of attack; kinds beyond the limit are the last one.
fn kind(table: &mut Table, name: &str) -> u16 {
    let name = if name.is_empty() { "attack" } else { name };
    let at = table.kinds.iter().skip(1).position(|known| known == name).map(|at| at + 1);
    let at = at.unwrap_or_else(|| {
        if table.kinds.len() <= KINDS_MAX {
            table.kinds.push(name.to_owned());
        }
        table.kinds.len() - 1
    });
    u16::try_from(at).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_engine::flow::features::NAMES;

    #[test]
    fn columns_are_features_of_flows() {
        assert!(COLUMNS.iter().all(|name| NAMES.contains(name)), "{COLUMNS:?}");
    }

    #[test]
    fn labels_become_rows() {
        let label = |attack, kind: &str, width| LabelRow {
            attack,
            kind: kind.into(),
            vector: vec![1.0; width],
        };
        let labels = [
            label(false, "", 15),
            label(true, "flood", 15),
            label(true, "", 15),
            label(true, "flood", 15),
            label(true, "flood", 3),
        ];
        let table = table(&labels);
        assert_eq!(table.kinds, ["normal", "flood", "attack"]);
        let kinds: Vec<u16> = table.rows().iter().map(|row| row.kind).collect();
        assert_eq!(kinds, [0, 1, 2, 1]);
        assert!(table.rows().iter().all(|row| row.group == table.rows()[0].group));
    }
}
