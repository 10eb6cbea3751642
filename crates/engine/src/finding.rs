//! What a detector says.

use anomalyzer_wire::{Addr, Timestamp};

/// A detector's statement: who did what to whom, and the numbers that prove it.
///
/// It has no id and no state: the alert book gives those. A detector reports the same subject
/// again, with cumulative numbers, when its picture has grown; the book keeps one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Id of the detector, such as `port-scan`.
    pub detector: &'static str,
    /// The variant, one of the detector's technique values (a list name for `keyword`).
    pub technique: String,
    /// What makes two findings the same alert.
    pub subject: Subject,
    /// Severity, when it differs from the detector's default.
    pub severity: Option<crate::Severity>,
    /// How sure the detector is: 0 to 1.
    pub confidence: f64,
    /// One line, at most 120 characters.
    pub title: String,
    /// What was seen against what was expected, in sentences.
    pub explanation: String,
    /// Sources; the book keeps the first 20.
    pub src: Vec<Addr>,
    /// How many sources there are.
    pub src_count: Tally,
    /// Destinations; the book keeps the first 20.
    pub dst: Vec<Addr>,
    /// How many destinations there are.
    pub dst_count: Tally,
    /// Destination ports, ascending; the book keeps the first 50.
    pub dst_ports: Vec<u16>,
    /// How many destination ports there are.
    pub dst_port_count: Tally,
    /// Packet time of the first observation that belongs to it.
    pub first: Timestamp,
    /// Packet time of the last one.
    pub last: Timestamp,
    /// Observations that belong to it (probes, packets, hits).
    pub count: u64,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// Community ids of flows that belong to it; the book keeps the first 20.
    pub flows: Vec<String>,
}

/// What an alert is about: findings of one detector with equal subjects are one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The attacker, where there is one.
    pub src: Option<Addr>,
    /// The victim, where there is one.
    pub dst: Option<Addr>,
    /// A service port, where it matters.
    pub port: Option<u16>,
    /// Anything else that tells alerts apart (technique, list name, prefix).
    pub other: String,
}

/// A named value of an alert's evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Name in snake case, such as `distinct_ports`.
    pub name: &'static str,
    /// The observed value.
    pub value: f64,
    /// The threshold it is held against.
    pub threshold: Option<f64>,
    /// The window in seconds it was counted in.
    pub window_s: Option<f64>,
    /// Baseline mean, where there is one.
    pub mean: Option<f64>,
    /// Distance from the baseline in standard deviations, where there is one.
    pub z: Option<f64>,
}

impl Evidence {
    /// A value alone.
    pub const fn value(name: &'static str, value: f64) -> Self {
        Self { name, value, threshold: None, window_s: None, mean: None, z: None }
    }

    /// A value against a threshold within a window.
    pub const fn exceeded(name: &'static str, value: f64, threshold: f64, window_s: f64) -> Self {
        Self {
            name,
            value,
            threshold: Some(threshold),
            window_s: Some(window_s),
            mean: None,
            z: None,
        }
    }
}

/// A count that is exact, or estimated by a sketch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number.
    pub value: u64,
    /// True when `value` is an estimate.
    pub estimated: bool,
}

impl Tally {
    /// An exact count.
    pub const fn exact(value: u64) -> Self {
        Self { value, estimated: false }
    }
}
