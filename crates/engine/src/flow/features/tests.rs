use super::*;

fn sample(side: u8, micros: u64, payload: u32) -> Sample {
    Sample { side, micros, payload, header: 8, tcp: None }
}

fn flow(packets: &[(u8, u64, u32)]) -> FlowFeatures {
    let mut features = FlowFeatures::default();
    for &(side, micros, payload) in packets {
        features.add(sample(side, micros, payload));
    }
    features
}

fn value(features: &FlowFeatures, name: &str) -> f64 {
    let at = NAMES.iter().position(|n| *n == name).unwrap();
    features.vector()[at]
}

fn check(features: &FlowFeatures, expected: &[(&str, f64)]) {
    for &(name, expected) in expected {
        let is = value(features, name);
        assert!((is - expected).abs() <= expected.abs() * 1e-12, "{name}: {is}, not {expected}");
    }
}

const FIN: u8 = TcpFlags::FIN;
const SYN: u8 = TcpFlags::SYN;
const RST: u8 = TcpFlags::RST;
const PSH: u8 = TcpFlags::PSH;
const ACK: u8 = TcpFlags::ACK;
const URG: u8 = TcpFlags::URG;
const ECE: u8 = TcpFlags::ECE;
const CWR: u8 = TcpFlags::CWR;

/// A TCP connection of 15 packets: forward (0) or backward (1), time in µs, payload bytes, bytes
/// of the TCP header, flags, window.
const CONNECTION: [(u8, u64, u32, u16, u8, u16); 15] = [
    (0, 0, 0, 40, SYN, 64_240),
    (1, 10_000, 0, 40, SYN | ACK, 65_160),
    (0, 20_000, 0, 32, ACK, 502),
    (0, 30_000, 100, 32, PSH | ACK | CWR, 502),
    (1, 50_000, 0, 32, ACK, 509),
    (1, 60_000, 1_000, 32, ACK, 509),
    (1, 61_000, 1_000, 32, ACK, 509),
    (1, 62_000, 1_000, 32, ACK, 509),
    (1, 64_000, 600, 32, PSH | ACK, 509),
    (0, 74_000, 0, 32, ACK, 495),
    (0, 2_074_000, 50, 32, PSH | ACK | URG, 495),
    (1, 2_084_000, 10, 32, PSH | ACK | ECE, 509),
    (0, 9_084_000, 0, 32, FIN | ACK, 495),
    (1, 9_094_000, 0, 32, FIN | ACK, 509),
    (0, 9_104_000, 0, 20, RST, 0),
];

/// The whole vector of [`CONNECTION`], computed by hand:
///
/// - Duration 9,104,000 µs = 9.104 s. Forward 7 packets with 0 0 100 0 50 0 0 bytes: sum 150, sum
///   of squares 12,500, variance (12,500 − 150²/7) / 6. Backward 8 packets with 0 0 1000 1000
///   1000 600 10 0: sum 3,610, squares 3,360,100, variance (3,360,100 − 3,610²/8) / 7.
/// - Pauses of the flow in ms: 10 10 10 20 10 1 1 2 10 2000 10 7000 10 10: 14 with the sum 9,104
///   and the squares 8·100 + 400 + 2·1 + 4 + 4,000,000 + 49,000,000 = 53,001,206.
/// - Pauses forward in ms: 20 10 44 2000 7010 20: 6, sum 9,104, squares 400 + 100 + 1,936 +
///   4,000,000 + 49,140,100 + 400 = 53,142,936.
/// - Pauses backward in ms: 40 10 1 1 2 2020 7010: 7, sum 9,084, squares 1,600 + 100 + 1 + 1 + 4 +
///   4,080,400 + 49,140,100 = 53,222,206.
/// - Headers: forward 40 + 5·32 + 20 = 220, backward 40 + 7·32 = 264.
/// - All lengths: 15 packets, sum 3,760, squares 3,372,600.
/// - Flags: ACK on all but the first and the last.
/// - One bulk, backward, of four packets and 3,600 bytes within 4 ms: 900,000 bytes/s. The 10 bytes
///   two seconds later are no part of it. Forward data never comes four times in a row.
/// - Two pauses above 1 s: three subflows. One above 5 s: active 2,084 ms and 20 ms, whose mean is
///   1,052 and which lie 1,032 from it each; idle 7,000 ms once.
fn by_hand() -> Vec<(&'static str, f64)> {
    [sizes_and_pauses(), counts_and_periods()].concat()
}

/// The standard deviation of `n` values.
fn sd(n: f64, sum: f64, squares: f64) -> f64 {
    ((squares - sum * sum / n) / (n - 1.0)).sqrt()
}

fn sizes_and_pauses() -> Vec<(&'static str, f64)> {
    let ms = 1e3;
    vec![
        ("flow_duration_us", 9_104_000.0),
        ("fwd_packets", 7.0),
        ("bwd_packets", 8.0),
        ("fwd_payload_bytes", 150.0),
        ("bwd_payload_bytes", 3_610.0),
        ("fwd_packet_length_max", 100.0),
        ("fwd_packet_length_min", 0.0),
        ("fwd_packet_length_mean", 150.0 / 7.0),
        ("fwd_packet_length_std", sd(7.0, 150.0, 12_500.0)),
        ("bwd_packet_length_max", 1_000.0),
        ("bwd_packet_length_min", 0.0),
        ("bwd_packet_length_mean", 451.25),
        ("bwd_packet_length_std", sd(8.0, 3_610.0, 3_360_100.0)),
        ("flow_bytes_per_s", 3_760.0 / 9.104),
        ("flow_packets_per_s", 15.0 / 9.104),
        ("flow_iat_mean", 9_104_000.0 / 14.0),
        ("flow_iat_std", sd(14.0, 9_104.0, 53_001_206.0) * ms),
        ("flow_iat_max", 7_000_000.0),
        ("flow_iat_min", 1_000.0),
        ("fwd_iat_total", 9_104_000.0),
        ("fwd_iat_mean", 9_104_000.0 / 6.0),
        ("fwd_iat_std", sd(6.0, 9_104.0, 53_142_936.0) * ms),
        ("fwd_iat_max", 7_010_000.0),
        ("fwd_iat_min", 10_000.0),
        ("bwd_iat_total", 9_084_000.0),
        ("bwd_iat_mean", 9_084_000.0 / 7.0),
        ("bwd_iat_std", sd(7.0, 9_084.0, 53_222_206.0) * ms),
        ("bwd_iat_max", 7_010_000.0),
        ("bwd_iat_min", 1_000.0),
    ]
}

fn counts_and_periods() -> Vec<(&'static str, f64)> {
    let length_sd = sd(15.0, 3_760.0, 3_372_600.0);
    vec![
        ("fwd_psh_flags", 2.0),
        ("bwd_psh_flags", 2.0),
        ("fwd_urg_flags", 1.0),
        ("bwd_urg_flags", 0.0),
        ("fwd_header_bytes", 220.0),
        ("bwd_header_bytes", 264.0),
        ("fwd_packets_per_s", 7.0 / 9.104),
        ("bwd_packets_per_s", 8.0 / 9.104),
        ("packet_length_min", 0.0),
        ("packet_length_max", 1_000.0),
        ("packet_length_mean", 3_760.0 / 15.0),
        ("packet_length_std", length_sd),
        ("packet_length_variance", length_sd * length_sd),
        ("fin_flag_count", 2.0),
        ("syn_flag_count", 2.0),
        ("rst_flag_count", 1.0),
        ("psh_flag_count", 4.0),
        ("ack_flag_count", 13.0),
        ("urg_flag_count", 1.0),
        ("ece_flag_count", 1.0),
        ("cwr_flag_count", 1.0),
        ("down_up_ratio", 8.0 / 7.0),
        ("average_packet_size", 3_760.0 / 15.0),
        ("fwd_segment_size_avg", 150.0 / 7.0),
        ("bwd_segment_size_avg", 451.25),
        ("fwd_bulk_bytes_avg", 0.0),
        ("fwd_bulk_packets_avg", 0.0),
        ("fwd_bulk_rate_avg", 0.0),
        ("bwd_bulk_bytes_avg", 3_600.0),
        ("bwd_bulk_packets_avg", 4.0),
        ("bwd_bulk_rate_avg", 900_000.0),
        ("subflow_fwd_packets", 7.0 / 3.0),
        ("subflow_fwd_bytes", 50.0),
        ("subflow_bwd_packets", 8.0 / 3.0),
        ("subflow_bwd_bytes", 3_610.0 / 3.0),
        ("fwd_init_window_bytes", 64_240.0),
        ("bwd_init_window_bytes", 65_160.0),
        ("fwd_data_packets", 2.0),
        ("fwd_header_bytes_min", 20.0),
        ("active_mean", 1_052_000.0),
        ("active_std", 2.0_f64.sqrt() * 1_032_000.0),
        ("active_max", 2_084_000.0),
        ("active_min", 20_000.0),
        ("idle_mean", 7_000_000.0),
        ("idle_std", 0.0),
        ("idle_max", 7_000_000.0),
        ("idle_min", 7_000_000.0),
        ("version", 2.0),
    ]
}

/// [`CONNECTION`] with its originator on key side `orig`.
fn connection(orig: u8) -> FlowFeatures {
    let mut features = FlowFeatures::default();
    for (direction, micros, payload, header, flags, window) in CONNECTION {
        let tcp = Some((TcpFlags(flags), window));
        let micros = micros + 1_700_000_000_000_000;
        features.add(Sample { side: direction ^ orig, micros, payload, header, tcp });
    }
    features.take(usize::from(orig))
}

#[test]
fn every_column_is_as_computed_by_hand_whichever_side_began() {
    let by_hand = by_hand();
    assert!(by_hand.iter().map(|(name, _)| *name).eq(NAMES));
    for orig in [0, 1] {
        check(&connection(orig), &by_hand);
    }
}

#[test]
fn one_packet_has_lengths_but_no_times() {
    let f = flow(&[(0, 5_000_000, 60)]);
    check(
        &f,
        &[
            ("flow_duration_us", 0.0),
            ("fwd_packets", 1.0),
            ("fwd_packet_length_mean", 60.0),
            ("fwd_packet_length_std", 0.0),
            ("packet_length_mean", 60.0),
            ("packet_length_variance", 0.0),
            ("flow_bytes_per_s", 0.0),
            ("flow_iat_mean", 0.0),
            ("down_up_ratio", 0.0),
            ("subflow_fwd_bytes", 60.0),
            ("fwd_init_window_bytes", -1.0),
            ("fwd_data_packets", 1.0),
            ("fwd_header_bytes_min", 8.0),
            ("active_max", 0.0),
            ("idle_max", 0.0),
        ],
    );
}

#[test]
fn nothing_is_divided_by_a_duration_of_zero() {
    let f = flow(&[(0, 7, 10), (1, 7, 20), (0, 7, 10), (0, 7, 10), (0, 7, 10), (0, 7, 10)]);
    assert!(f.vector().iter().all(|v| v.is_finite()));
    check(
        &f,
        &[
            ("flow_packets_per_s", 0.0),
            ("fwd_bulk_packets_avg", 4.0),
            ("fwd_bulk_rate_avg", 0.0),
            ("bwd_iat_mean", 0.0),
            ("down_up_ratio", 0.2),
        ],
    );
}

#[test]
fn a_flow_of_answers_alone_has_no_forward_side() {
    let mut f = flow(&[(1, 0, 10), (1, 9_000_000, 30)]);
    let f = f.take(0);
    check(
        &f,
        &[
            ("fwd_packets", 0.0),
            ("fwd_packet_length_min", 0.0),
            ("fwd_header_bytes_min", 0.0),
            ("down_up_ratio", 0.0),
            ("packet_length_min", 10.0),
            ("bwd_iat_total", 9_000_000.0),
            ("idle_mean", 9_000_000.0),
            ("active_max", 0.0),
        ],
    );
}

#[test]
fn a_bulk_goes_on_until_the_other_side_sends_data_or_a_second_passes() {
    // Six in a row, an interruption; then five, the last of them late: nine packets in two bulks
    // would be 5 each, the late one is none of a bulk.
    let mut packets: Vec<(u8, u64, u32)> = (0..6).map(|i| (0, i * 1_000, 10)).collect();
    packets.push((1, 7_000, 5));
    packets.extend((0..4).map(|i| (0, 10_000 + i * 2_000, 100)));
    packets.push((0, 2_000_000, 100));
    let f = flow(&packets);
    // Bulks: 6 packets with 60 bytes in 5 ms, 4 packets with 400 bytes in 6 ms.
    check(
        &f,
        &[
            ("fwd_bulk_packets_avg", 5.0),
            ("fwd_bulk_bytes_avg", 230.0),
            ("fwd_bulk_rate_avg", 460.0 / 0.011),
            ("bwd_bulk_packets_avg", 0.0),
        ],
    );
}

#[test]
fn acknowledgements_between_do_not_interrupt_a_bulk() {
    let f = flow(&[(0, 0, 9), (0, 1, 9), (1, 2, 0), (0, 3, 9), (0, 4, 9)]);
    check(&f, &[("fwd_bulk_packets_avg", 4.0)]);
}

#[test]
fn pauses_count_only_above_their_limits() {
    let f = flow(&[(0, 0, 1), (0, 1_000_000, 1), (0, 6_000_000, 1)]);
    check(&f, &[("subflow_fwd_packets", 1.5), ("idle_max", 0.0), ("active_max", 6_000_000.0)]);
    let f = flow(&[(0, 0, 1), (0, 1_000_001, 1), (0, 6_000_002, 1)]);
    check(
        &f,
        &[("subflow_fwd_packets", 1.0), ("idle_max", 5_000_001.0), ("active_max", 1_000_001.0)],
    );
}

#[test]
fn time_never_runs_back() {
    let f = flow(&[(0, 5_000_000, 1), (1, 1, 1)]);
    assert!(f.vector().iter().all(|v| v.is_finite()));
    check(&f, &[("flow_duration_us", 0.0), ("flow_iat_min", 0.0)]);
}

#[test]
fn names_are_unique() {
    let unique: std::collections::BTreeSet<_> = NAMES.iter().collect();
    assert_eq!(unique.len(), COUNT);
    assert!(FEATURES.iter().all(|f| !f.formula.is_empty()));
}
