use super::*;
use crate::detect::testing::{ip, record, tcp};
use crate::flow::ConnState;
use crate::flow::features::NAMES;
use anomalyzer_learn::data::{NORMAL, Row as About, Table};
use anomalyzer_learn::train::{FitOptions, fit};
use anomalyzer_wire::Timestamp;
use anomalyzer_wire::app::AppProto;
use std::sync::Arc;

fn flow(payload: u64) -> crate::FlowRecord {
    let flow = tcp(ip("10.0.0.1"), 50_000, ip("10.0.0.2"), 443);
    let mut record = record(flow, Timestamp::from_nanos(0), ConnState::Rsto);
    (record.orig.packets, record.orig.payload, record.orig.bytes) = (6, payload, payload + 400);
    (record.resp.packets, record.resp.payload, record.resp.bytes) = (4, 3 * payload, 3 * payload);
    record.app = AppProto::Tls;
    record.rtt_ns = Some(1_500_000);
    record
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small whole numbers
#[test]
fn a_row_is_what_the_record_says() {
    let record = flow(100);
    let mut vector = [0.0; NAMES.len()];
    for (value, n) in vector.iter_mut().zip(0_u8..) {
        *value = f64::from(n);
    }
    let row = row(&record, &vector);
    assert_eq!(row[..76], vector[..76].iter().map(|v| *v as f32).collect::<Vec<_>>());
    let value = |name: &str| {
        let at = COLUMNS.iter().position(|(known, _)| *known == name).unwrap();
        match COLUMNS[at].1 {
            Shape::Number => row[at].to_string(),
            Shape::Words(words) => words[row[at] as usize].to_owned(),
        }
    };
    for (name, expected) in [
        ("transport", "tcp"),
        ("conn_state", record.conn_state.name()),
        ("service", "encrypted"),
        ("port_class", "system"),
        ("src_port_class", "dynamic"),
        ("rtt_us", "1500"),
        ("fwd_byte_share", "0.25"),
        ("bytes_per_packet", "80"),
        ("continued", "0"),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    assert!(COLUMNS.iter().all(|(name, _)| !name.contains("addr") && !name.contains("ip")));
}

#[test]
fn flows_of_one_side_or_of_three_packets_are_not_scored() {
    let with = |orig, resp| {
        let mut record = flow(1);
        (record.orig.packets, record.resp.packets) = (orig, resp);
        is_scored(&record)
    };
    assert!(with(3, 1) && with(1, 3));
    assert!(!with(9, 0) && !with(0, 9) && !with(2, 1));
}

/// A model that knows large flows for attacks; of few columns.
pub(crate) fn model() -> Arc<anomalyzer_learn::model::Model> {
    let wanted = |name: &str| ["conn_state", "bytes_per_packet"].contains(&name);
    let mut table = Table::new(columns_of(wanted));
    table.kinds.push("large".into());
    for n in 0..400_u16 {
        let kind = if n % 4 == 0 { 1 } else { NORMAL };
        let bytes = f32::from(n) / 10.0 + if kind == NORMAL { 50.0 } else { 900.0 };
        table.push(About { kind, group: n.into() }, &[6.0, bytes]);
    }
    Arc::new(fit(&table, &FitOptions::new(SCHEMA), &mut ()).unwrap().model)
}

#[test]
fn a_scorer_reads_the_columns_of_its_model_and_says_why() {
    let mut scorer = Scorer::new(&model()).unwrap();
    let mut score = |payload| {
        let record = flow(payload);
        scorer.score(&row(&record, &record.features.vector()))
    };
    let (small, large) = (score(50), score(2_500));
    assert!(small.suspicion.is_none() && small.probability < 0.5, "{small:?}");
    let why = large.suspicion.unwrap();
    assert!(large.probability >= why.threshold);
    assert!(why.reasons[0].starts_with("bytes_per_packet is 1040"), "{why:?}");
}

#[test]
fn a_model_of_other_records_is_refused() {
    let column = |name: &str| anomalyzer_learn::data::Column {
        name: name.into(),
        kind: anomalyzer_learn::data::ColumnKind::Number,
    };
    let mut table = Table::new(vec![column("elsewhere")]);
    table.kinds.push("x".into());
    for n in 0..100_u16 {
        table.push(About { kind: n % 2, group: n.into() }, &[f32::from(n % 2)]);
    }
    let model = Arc::new(fit(&table, &FitOptions::new(SCHEMA), &mut ()).unwrap().model);
    assert!(Scorer::new(&model).unwrap_err().to_string().contains("elsewhere"));
}

/// What scoring costs, with `cargo test --release -p anomalyzer-engine --lib cost -- --ignored
/// --nocapture`.
#[allow(clippy::disallowed_methods)] // measures
#[test]
#[ignore = "a measurement; only a release build tells"]
fn cost_of_both_models_for_a_flow() {
    let mut table = Table::new(columns_named(&SITE_COLUMNS));
    for n in 0..4_096_u64 {
        let value = |at: usize| (mixed(n * 31 + at as u64) % 5_000) as f32;
        let values: Vec<f32> = (0..SITE_COLUMNS.len()).map(value).collect();
        table.push(About { kind: NORMAL, group: n }, &values);
    }
    let isolation = anomalyzer_learn::train::Algorithm::Isolation;
    let options = FitOptions { algorithm: isolation, ..FitOptions::new(SCHEMA) };
    let site = Arc::new(fit(&table, &options, &mut ()).unwrap().model);
    let attack = anomalyzer_learn::built_in::model(SCHEMA).unwrap();
    for (name, model) in [("attack", &attack), ("anomaly", &site)] {
        let mut scorer = Scorer::new(model).unwrap();
        let flows: Vec<_> = (0..512).map(|n| flow(mixed(n) % 90_000)).collect();
        let rows: Vec<_> = flows.iter().map(|f| row(f, &f.features.vector())).collect();
        let begun = std::time::Instant::now();
        let mut sum = 0.0;
        for _ in 0..100 {
            for row in &rows {
                scorer.reading.row(row, &mut scorer.values);
                sum += scorer.model.score(&scorer.values).probability;
            }
        }
        let each = begun.elapsed().as_nanos() / (100 * rows.len() as u128);
        println!("{name}: {each} ns a flow (sum {sum})");
    }
}

/// The `n`-th random number (SplitMix64).
const fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 27)
}
