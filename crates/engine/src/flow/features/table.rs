//! What each feature is: the one table of which the documentation is made.

use super::COUNT;

/// One feature of the vector.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Name, the column of features.csv.
    pub name: &'static str,
    /// CICFlowMeter's name for it, as its manual writes it; empty when it has none.
    pub cic: &'static str,
    /// Unit; empty for a plain ratio.
    pub unit: &'static str,
    /// How it is computed, in the symbols of docs/features.md.
    pub formula: &'static str,
}

const fn row(
    name: &'static str,
    cic: &'static str,
    unit: &'static str,
    formula: &'static str,
) -> Feature {
    Feature { name, cic, unit, formula }
}

/// The features, in the order of the vector.
pub const FEATURES: [Feature; COUNT] = [
    row(
        "flow_duration_us",
        "Flow duration",
        "µs",
        "`D` = time of the last packet − time of the first",
    ),
    row("fwd_packets", "total Fwd Packet", "packets", "`n(f)`"),
    row("bwd_packets", "total Bwd packets", "packets", "`n(b)`"),
    row("fwd_payload_bytes", "total Length of Fwd Packet", "bytes", "sum of `L(f)`"),
    row("bwd_payload_bytes", "total Length of Bwd Packet", "bytes", "sum of `L(b)`"),
    row("fwd_packet_length_max", "Fwd Packet Length Max", "bytes", "max of `L(f)`"),
    row("fwd_packet_length_min", "Fwd Packet Length Min", "bytes", "min of `L(f)`"),
    row("fwd_packet_length_mean", "Fwd Packet Length Mean", "bytes", "mean of `L(f)`"),
    row("fwd_packet_length_std", "Fwd Packet Length Std", "bytes", "sd of `L(f)`"),
    row("bwd_packet_length_max", "Bwd Packet Length Max", "bytes", "max of `L(b)`"),
    row("bwd_packet_length_min", "Bwd Packet Length Min", "bytes", "min of `L(b)`"),
    row("bwd_packet_length_mean", "Bwd Packet Length Mean", "bytes", "mean of `L(b)`"),
    row("bwd_packet_length_std", "Bwd Packet Length Std", "bytes", "sd of `L(b)`"),
    row("flow_bytes_per_s", "Flow Bytes/s", "bytes/s", "sum of `L(*)` / `D`"),
    row("flow_packets_per_s", "Flow Packets/s", "packets/s", "`n(*)` / `D`"),
    row("flow_iat_mean", "Flow IAT Mean", "µs", "mean of `P(*)`"),
    row("flow_iat_std", "Flow IAT Std", "µs", "sd of `P(*)`"),
    row("flow_iat_max", "Flow IAT Max", "µs", "max of `P(*)`"),
    row("flow_iat_min", "Flow IAT Min", "µs", "min of `P(*)`"),
    row("fwd_iat_total", "Fwd IAT Total", "µs", "sum of `P(f)`"),
    row("fwd_iat_mean", "Fwd IAT Mean", "µs", "mean of `P(f)`"),
    row("fwd_iat_std", "Fwd IAT Std", "µs", "sd of `P(f)`"),
    row("fwd_iat_max", "Fwd IAT Max", "µs", "max of `P(f)`"),
    row("fwd_iat_min", "Fwd IAT Min", "µs", "min of `P(f)`"),
    row("bwd_iat_total", "Bwd IAT Total", "µs", "sum of `P(b)`"),
    row("bwd_iat_mean", "Bwd IAT Mean", "µs", "mean of `P(b)`"),
    row("bwd_iat_std", "Bwd IAT Std", "µs", "sd of `P(b)`"),
    row("bwd_iat_max", "Bwd IAT Max", "µs", "max of `P(b)`"),
    row("bwd_iat_min", "Bwd IAT Min", "µs", "min of `P(b)`"),
    row("fwd_psh_flags", "Fwd PSH flags", "packets", "forward packets with PSH"),
    row("bwd_psh_flags", "Bwd PSH Flags", "packets", "backward packets with PSH"),
    row("fwd_urg_flags", "Fwd URG Flags", "packets", "forward packets with URG"),
    row("bwd_urg_flags", "Bwd URG Flags", "packets", "backward packets with URG"),
    row("fwd_header_bytes", "Fwd Header Length", "bytes", "sum of `H(f)`"),
    row("bwd_header_bytes", "Bwd Header Length", "bytes", "sum of `H(b)`"),
    row("fwd_packets_per_s", "FWD Packets/s", "packets/s", "`n(f)` / `D`"),
    row("bwd_packets_per_s", "Bwd Packets/s", "packets/s", "`n(b)` / `D`"),
    row("packet_length_min", "Packet Length Min", "bytes", "min of `L(*)`"),
    row("packet_length_max", "Packet Length Max", "bytes", "max of `L(*)`"),
    row("packet_length_mean", "Packet Length Mean", "bytes", "mean of `L(*)`"),
    row("packet_length_std", "Packet Length Std", "bytes", "sd of `L(*)`"),
    row("packet_length_variance", "Packet Length Variance", "bytes²", "sd of `L(*)`, squared"),
    row("fin_flag_count", "FIN Flag Count", "packets", "packets with FIN"),
    row("syn_flag_count", "SYN Flag Count", "packets", "packets with SYN"),
    row("rst_flag_count", "RST Flag Count", "packets", "packets with RST"),
    row("psh_flag_count", "PSH Flag Count", "packets", "packets with PSH"),
    row("ack_flag_count", "ACK Flag Count", "packets", "packets with ACK"),
    row("urg_flag_count", "URG Flag Count", "packets", "packets with URG"),
    row("ece_flag_count", "ECE Flag Count", "packets", "packets with ECE"),
    row("cwr_flag_count", "CWE Flag Count", "packets", "packets with CWR"),
    row("down_up_ratio", "down/Up Ratio", "", "`n(b)` / `n(f)`, a real number"),
    row("average_packet_size", "Average Packet Size", "bytes", "sum of `L(*)` / `n(*)`"),
    row("fwd_segment_size_avg", "Fwd Segment Size Avg", "bytes", "sum of `L(f)` / `n(f)`"),
    row("bwd_segment_size_avg", "Bwd Segment Size Avg", "bytes", "sum of `L(b)` / `n(b)`"),
    row(
        "fwd_bulk_bytes_avg",
        "Fwd Bytes/Bulk Avg",
        "bytes",
        "bytes in bulks(f) / number of bulks(f)",
    ),
    row(
        "fwd_bulk_packets_avg",
        "Fwd Packet/Bulk Avg",
        "packets",
        "packets in bulks(f) / number of bulks(f)",
    ),
    row(
        "fwd_bulk_rate_avg",
        "Fwd Bulk Rate Avg",
        "bytes/s",
        "bytes in bulks(f) / duration of bulks(f)",
    ),
    row(
        "bwd_bulk_bytes_avg",
        "Bwd Bytes/Bulk Avg",
        "bytes",
        "bytes in bulks(b) / number of bulks(b)",
    ),
    row(
        "bwd_bulk_packets_avg",
        "Bwd Packet/Bulk Avg",
        "packets",
        "packets in bulks(b) / number of bulks(b)",
    ),
    row(
        "bwd_bulk_rate_avg",
        "Bwd Bulk Rate Avg",
        "bytes/s",
        "bytes in bulks(b) / duration of bulks(b)",
    ),
    row("subflow_fwd_packets", "Subflow Fwd Packets", "packets", "`n(f)` / `S`"),
    row("subflow_fwd_bytes", "Subflow Fwd Bytes", "bytes", "sum of `L(f)` / `S`"),
    row("subflow_bwd_packets", "Subflow Bwd Packets", "packets", "`n(b)` / `S`"),
    row("subflow_bwd_bytes", "Subflow Bwd Bytes", "bytes", "sum of `L(b)` / `S`"),
    row(
        "fwd_init_window_bytes",
        "Fwd Init Win bytes",
        "bytes",
        "TCP window field of the first forward packet, not scaled; −1 without one",
    ),
    row(
        "bwd_init_window_bytes",
        "Bwd Init Win bytes",
        "bytes",
        "TCP window field of the first backward packet, not scaled; −1 without one",
    ),
    row(
        "fwd_data_packets",
        "Fwd Act Data Pkts",
        "packets",
        "forward packets with `L` > 0, the first included, of any protocol",
    ),
    row("fwd_header_bytes_min", "Fwd Seg Size Min", "bytes", "min of `H(f)`"),
    row("active_mean", "Active Mean", "µs", "mean of `A`"),
    row("active_std", "Active Std", "µs", "sd of `A`"),
    row("active_max", "Active Max", "µs", "max of `A`"),
    row("active_min", "Active Min", "µs", "min of `A`"),
    row("idle_mean", "Idle Mean", "µs", "mean of `I`"),
    row("idle_std", "Idle Std", "µs", "sd of `I`"),
    row("idle_max", "Idle Max", "µs", "max of `I`"),
    row("idle_min", "Idle Min", "µs", "min of `I`"),
    row("version", "", "", "version of this set of features: 2"),
];

/// Names of the features, in the order of the vector.
pub const NAMES: [&str; COUNT] = names();

const fn names() -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        names[at] = FEATURES[at].name;
        at += 1;
    }
    names
}
