//! The same flow on another network: links are faster or slower, messages longer or shorter.
//!
//! What the scenario's generator makes is alike to the byte. A model would learn those bytes; so
//! each flow comes three times, twice with sizes and times stretched by a random factor.

use anomalyzer_engine::flow::features::FEATURES;
use anomalyzer_engine::score::{COLUMNS, Row};
use anomalyzer_scenario::Rng;

/// Copies of a flow, itself included.
const COPIES: u64 = 3;
/// What sizes are multiplied by.
const SIZES: [f32; 6] = [0.5, 0.65, 0.8, 1.25, 1.5, 2.0];
/// What times are multiplied by.
const TIMES: [f32; 6] = [0.25, 0.4, 0.7, 1.4, 2.5, 4.0];

/// A flow, and what it might have been.
pub(crate) struct Varied;

impl Varied {
    /// The row itself, then its copies; the same for the same number.
    pub(crate) fn of(row: &Row, number: u64) -> impl Iterator<Item = Row> {
        let row = *row;
        (0..COPIES).map(move |copy| {
            if copy == 0 {
                return row;
            }
            let mut rng = Rng::stream(number, &format!("copy {copy}"));
            let (size, time) = (*rng.pick(&SIZES), *rng.pick(&TIMES));
            let mut varied = row;
            for (value, (name, _)) in varied.iter_mut().zip(COLUMNS) {
                *value *= factor(name, size, time);
            }
            varied
        })
    }
}

/// What a column is multiplied by.
fn factor(name: &str, size: f32, time: f32) -> f32 {
    let unit = match name {
        "rtt_us" => "µs",
        "bytes_per_packet" | "missed_bytes" => "bytes",
        _ => FEATURES.iter().find(|f| f.name == name).map_or("", |f| f.unit),
    };
    match unit {
        "bytes" => size,
        "bytes²" => size * size,
        "µs" => time,
        "bytes/s" => size / time,
        "packets/s" => 1.0 / time,
        _ => 1.0,
    }
}

/// A number of a row: equal for equal values (FNV-1a).
pub(crate) fn hash(row: &[f32]) -> u64 {
    let bytes = row.iter().flat_map(|value| value.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
