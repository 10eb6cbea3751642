//! A week of series: every tenth second of it has traffic.

use super::DAY;
use anomalyzer_store::series::{Dimension, Row, Sums};
use anomalyzer_store::{Range, SourceId, Store};
use anomalyzer_wire::Timestamp;
use std::time::Instant;

pub(super) const APPS: u64 = 20;
pub(super) const PORTS: u64 = 60;
pub(super) const DEVICES: u64 = 100;
const DAYS: i64 = 7;
/// Seconds between two with traffic.
const EVERY: i64 = 10;
/// Seconds with traffic that are written.
pub(super) const SECONDS: f64 = (DAYS * 86_400 / EVERY) as f64;

pub(super) fn range() -> Range {
    let at = |days: i64| Timestamp::from_secs_nanos(DAY + days * 86_400, 0);
    Range { from: at(0), to: at(DAYS) }
}

/// Writes the week; seconds that it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub(super) fn fill(store: &Store) -> Result<f64, String> {
    let begin = Instant::now();
    store
        .series()
        .watched(SourceId::SENSOR, DAY, DAY + DAYS * 86_400)
        .map_err(|e| e.to_string())?;
    for n in 0..DAYS * 86_400 / EVERY {
        let second = DAY + n * EVERY;
        store.series().append(SourceId::SENSOR, &rows(second)).map_err(|e| e.to_string())?;
    }
    Ok(begin.elapsed().as_secs_f64())
}

fn rows(second: i64) -> Vec<Row> {
    let row = |dimension, key: String, n: u64| {
        let bytes = 1_000 + n * 37 + second.unsigned_abs() % 997;
        let sums = Sums { packets: bytes / 500, bytes, flows: 1, bytes_sent: bytes / 3 };
        Row { second, dimension, key, sums }
    };
    let mut rows = vec![row(Dimension::Total, String::new(), 1_000)];
    rows.extend(["tcp", "udp", "icmp"].map(|key| row(Dimension::Protocol, key.to_owned(), 300)));
    rows.extend((0..APPS).map(|n| row(Dimension::App, format!("app-{n}"), n)));
    rows.extend((0..PORTS).map(|n| row(Dimension::Port, format!("{}/tcp", n * 13), n)));
    rows.extend((0..DEVICES).map(|n| row(Dimension::Device, format!("10.0.0.{n}"), n)));
    rows
}
