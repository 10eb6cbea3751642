//! CICFlowMeter's columns, in the spelling of its CSV files of 2017 and with the names of later
//! versions besides. Addresses, source port, times and ids of a file are not used, because they
//! tell who attacked and not what an attack looks like. `Fwd Header Length.1` repeats a column.

use super::{Field, Header, LabelColumn, LabelRule, Layout, Schema, label};

pub(super) const SCHEMA: Schema = Schema {
    id: "cic",
    title: "CICFlowMeter flows",
    summary: "Flows as CICFlowMeter writes them (CICIDS2017, CSE-CIC-IDS2018 and others), or as \
              `analyze --csv` does in features.csv with a label added: 77 columns with a header.",
    fields: FIELDS,
    header: Header::Required,
    label: LabelRule {
        columns: &[LabelColumn { names: &["Label", "Class"], optional: false }],
        read: kind,
    },
    layout: Layout::Direct,
};

/// `BENIGN` or the attack's name.
fn kind<'a>(cells: &[&'a str]) -> Result<&'a str, String> {
    let word = cells.first().copied().unwrap_or_default();
    match label::yes_or_no(word) {
        Some(false) => Ok(label::NORMAL),
        Some(true) => Ok(label::UNNAMED_ATTACK),
        None if word.eq_ignore_ascii_case("label") => Err("is the header again".into()),
        None => Ok(word),
    }
}

/// What the flow's duration divides.
const OVER: &str = "Flow Duration";

const fn packets(name: &'static str, summary: &'static str) -> Field {
    Field::number(name, "packets", summary)
}

const fn bytes(name: &'static str, summary: &'static str) -> Field {
    Field::number(name, "bytes", summary)
}

const fn time(name: &'static str, summary: &'static str) -> Field {
    Field::number(name, "µs", summary)
}

const fn count(name: &'static str, summary: &'static str) -> Field {
    Field::number(name, "", summary)
}

const FIELDS: &[Field] = &[
    count("Destination Port", "port of the destination").or(&["Dst Port"]).up_to(65535.0),
    time("Flow Duration", "from the first packet to the last").or(&["flow_duration_us"]),
    packets("Total Fwd Packets", "packets forward").or(&[
        "fwd_packets",
        "Tot Fwd Pkts",
        "Total Fwd Packet",
    ]),
    packets("Total Backward Packets", "packets back").or(&[
        "bwd_packets",
        "Tot Bwd Pkts",
        "Total Bwd packets",
    ]),
    bytes("Total Length of Fwd Packets", "payload forward").or(&[
        "fwd_payload_bytes",
        "TotLen Fwd Pkts",
        "Total Length of Fwd Packet",
    ]),
    bytes("Total Length of Bwd Packets", "payload back").or(&[
        "bwd_payload_bytes",
        "TotLen Bwd Pkts",
        "Total Length of Bwd Packet",
    ]),
    bytes("Fwd Packet Length Max", "largest payload forward").or(&["Fwd Pkt Len Max"]),
    bytes("Fwd Packet Length Min", "smallest payload forward").or(&["Fwd Pkt Len Min"]),
    bytes("Fwd Packet Length Mean", "mean payload forward").or(&["Fwd Pkt Len Mean"]),
    bytes("Fwd Packet Length Std", "spread of payloads forward").or(&["Fwd Pkt Len Std"]),
    bytes("Bwd Packet Length Max", "largest payload back").or(&["Bwd Pkt Len Max"]),
    bytes("Bwd Packet Length Min", "smallest payload back").or(&["Bwd Pkt Len Min"]),
    bytes("Bwd Packet Length Mean", "mean payload back").or(&["Bwd Pkt Len Mean"]),
    bytes("Bwd Packet Length Std", "spread of payloads back").or(&["Bwd Pkt Len Std"]),
    Field::number("Flow Bytes/s", "bytes/s", "payload per second")
        .or(&["flow_bytes_per_s", "Flow Byts/s"])
        .over(OVER),
    Field::number("Flow Packets/s", "packets/s", "packets per second")
        .or(&["flow_packets_per_s", "Flow Pkts/s"])
        .over(OVER),
    time("Flow IAT Mean", "mean time between packets"),
    time("Flow IAT Std", "spread of times between packets"),
    time("Flow IAT Max", "longest time between packets"),
    time("Flow IAT Min", "shortest time between packets"),
    time("Fwd IAT Total", "from the first to the last packet forward").or(&["Fwd IAT Tot"]),
    time("Fwd IAT Mean", "mean time between packets forward"),
    time("Fwd IAT Std", "spread of times between packets forward"),
    time("Fwd IAT Max", "longest time between packets forward"),
    time("Fwd IAT Min", "shortest time between packets forward"),
    time("Bwd IAT Total", "from the first to the last packet back").or(&["Bwd IAT Tot"]),
    time("Bwd IAT Mean", "mean time between packets back"),
    time("Bwd IAT Std", "spread of times between packets back"),
    time("Bwd IAT Max", "longest time between packets back"),
    time("Bwd IAT Min", "shortest time between packets back"),
    count("Fwd PSH Flags", "PSH forward"),
    count("Bwd PSH Flags", "PSH back"),
    count("Fwd URG Flags", "URG forward"),
    count("Bwd URG Flags", "URG back"),
    bytes("Fwd Header Length", "headers forward").or(&["fwd_header_bytes", "Fwd Header Len"]),
    bytes("Bwd Header Length", "headers back").or(&["bwd_header_bytes", "Bwd Header Len"]),
    Field::number("Fwd Packets/s", "packets/s", "packets forward per second")
        .or(&["fwd_packets_per_s", "Fwd Pkts/s"])
        .over(OVER),
    Field::number("Bwd Packets/s", "packets/s", "packets back per second")
        .or(&["bwd_packets_per_s", "Bwd Pkts/s"])
        .over(OVER),
    bytes("Min Packet Length", "smallest payload").or(&["Pkt Len Min", "Packet Length Min"]),
    bytes("Max Packet Length", "largest payload").or(&["Pkt Len Max", "Packet Length Max"]),
    bytes("Packet Length Mean", "mean payload").or(&["Pkt Len Mean"]),
    bytes("Packet Length Std", "spread of payloads").or(&["Pkt Len Std"]),
    count("Packet Length Variance", "variance of payloads, in bytes squared").or(&["Pkt Len Var"]),
    count("FIN Flag Count", "packets with FIN").or(&["FIN Flag Cnt"]),
    count("SYN Flag Count", "packets with SYN").or(&["SYN Flag Cnt"]),
    count("RST Flag Count", "packets with RST").or(&["RST Flag Cnt"]),
    count("PSH Flag Count", "packets with PSH").or(&["PSH Flag Cnt"]),
    count("ACK Flag Count", "packets with ACK").or(&["ACK Flag Cnt"]),
    count("URG Flag Count", "packets with URG").or(&["URG Flag Cnt"]),
    count("CWE Flag Count", "packets with CWR").or(&["CWR Flag Count"]),
    count("ECE Flag Count", "packets with ECE").or(&["ECE Flag Cnt"]),
    count("Down/Up Ratio", "packets back for each packet forward"),
    bytes("Average Packet Size", "mean payload").or(&["Pkt Size Avg"]),
    bytes("Avg Fwd Segment Size", "mean payload forward")
        .or(&["Fwd Seg Size Avg", "Fwd Segment Size Avg"]),
    bytes("Avg Bwd Segment Size", "mean payload back")
        .or(&["Bwd Seg Size Avg", "Bwd Segment Size Avg"]),
    bytes("Fwd Avg Bytes/Bulk", "mean bytes of a bulk forward").or(&[
        "fwd_bulk_bytes_avg",
        "Fwd Byts/b Avg",
        "Fwd Bytes/Bulk Avg",
    ]),
    packets("Fwd Avg Packets/Bulk", "mean packets of a bulk forward").or(&[
        "fwd_bulk_packets_avg",
        "Fwd Pkts/b Avg",
        "Fwd Packet/Bulk Avg",
    ]),
    Field::number("Fwd Avg Bulk Rate", "bytes/s", "rate of bulks forward")
        .or(&["Fwd Blk Rate Avg", "Fwd Bulk Rate Avg"]),
    bytes("Bwd Avg Bytes/Bulk", "mean bytes of a bulk back").or(&[
        "bwd_bulk_bytes_avg",
        "Bwd Byts/b Avg",
        "Bwd Bytes/Bulk Avg",
    ]),
    packets("Bwd Avg Packets/Bulk", "mean packets of a bulk back").or(&[
        "bwd_bulk_packets_avg",
        "Bwd Pkts/b Avg",
        "Bwd Packet/Bulk Avg",
    ]),
    Field::number("Bwd Avg Bulk Rate", "bytes/s", "rate of bulks back")
        .or(&["Bwd Blk Rate Avg", "Bwd Bulk Rate Avg"]),
    packets("Subflow Fwd Packets", "packets of a subflow forward").or(&["Subflow Fwd Pkts"]),
    bytes("Subflow Fwd Bytes", "payload of a subflow forward").or(&["Subflow Fwd Byts"]),
    packets("Subflow Bwd Packets", "packets of a subflow back").or(&["Subflow Bwd Pkts"]),
    bytes("Subflow Bwd Bytes", "payload of a subflow back").or(&["Subflow Bwd Byts"]),
    bytes("Init_Win_bytes_forward", "first TCP window forward, -1 without one").or(&[
        "fwd_init_window_bytes",
        "Init Fwd Win Byts",
        "FWD Init Win Bytes",
    ]),
    bytes("Init_Win_bytes_backward", "first TCP window back, -1 without one").or(&[
        "bwd_init_window_bytes",
        "Init Bwd Win Byts",
        "Bwd Init Win Bytes",
    ]),
    packets("act_data_pkt_fwd", "packets with payload forward")
        .or(&["fwd_data_packets", "Fwd Act Data Pkts"]),
    bytes("min_seg_size_forward", "smallest header forward")
        .or(&["fwd_header_bytes_min", "Fwd Seg Size Min"]),
    time("Active Mean", "mean time of being active"),
    time("Active Std", "spread of the times of being active"),
    time("Active Max", "longest time of being active"),
    time("Active Min", "shortest time of being active"),
    time("Idle Mean", "mean time of being idle"),
    time("Idle Std", "spread of the times of being idle"),
    time("Idle Max", "longest time of being idle"),
    time("Idle Min", "shortest time of being idle"),
];

#[cfg(test)]
mod tests {
    use super::FIELDS;
    use crate::schema::key;

    /// The columns of our own flow meter, by the page that is made from its table.
    const PAGE: &str = include_str!("../../../../docs/features.md");

    #[test]
    fn columns_of_the_own_flow_meter_are_understood() {
        let columns = PAGE.split("\n## Columns").nth(1).unwrap();
        let rows = columns.lines().filter_map(|line| line.strip_prefix("| `"));
        let names: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let names = names.iter().filter(|name| **name != "version").map(|name| key(name));
        let mut known = 1; // The port, which stands before the features there.
        for name in names {
            let is = |field: &&super::Field| {
                std::iter::once(&field.name).chain(field.aliases).any(|one| key(one) == name)
            };
            assert!(FIELDS.iter().any(|field| is(&field)), "{name}");
            known += 1;
        }
        assert_eq!(known, FIELDS.len());
    }
}
