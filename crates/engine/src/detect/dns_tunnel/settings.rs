//! The numbers that can be changed, with their reasons.

use crate::config::Values;
use crate::detect::{Setting, Unit};

const fn count(key: &'static str, default: f64, max: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Count, default, min: 1.0, max, about }
}

const fn bytes(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Bytes, default, min: 16.0, max: 1e12, about }
}

const fn window(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Seconds, default, min: 10.0, max: 604_800.0, about }
}

pub(super) static SETTINGS: &[Setting] = &[
    count(
        "names",
        100.0,
        1e6,
        "Distinct names of one client under one zone within `window`; RITA begins at 100.",
    ),
    bytes(
        "upstream",
        1_000.0,
        "Bytes of information in distinct names within `window`: as much as 50 host names made of \
         a SHA-1 sum, more than one client needs of one zone.",
    ),
    bytes(
        "downstream",
        2_000.0,
        "Encoded bytes in answers within `window`, in at least 5 answers: as much as five keys of \
         DKIM, more than one client needs of one zone.",
    ),
    count(
        "answers",
        10.0,
        1e6,
        "Distinct encoded answers of types that carry free data within `window`: a zone has a \
         handful of such records at most.",
    ),
    window("window", 3_600.0, "The window; it slides by half its length."),
    window("window_slow", 86_400.0, "The window for slow tunnels; RITA looks at a day."),
    Setting {
        key: "slow_factor",
        unit: Unit::Ratio,
        default: 4.0,
        min: 1.0,
        max: 1_000.0,
        about: "How much more is needed within `window_slow`: a day holds 24 hours, of which a \
                person works a third.",
    },
    Setting {
        key: "spread_factor",
        unit: Unit::Ratio,
        default: 4.0,
        min: 1.0,
        max: 1_000.0,
        about: "How much more is needed of one client over all zones, and of one zone over all \
                clients: the sums of many ordinary users.",
    },
    count(
        "signs",
        3.0,
        10.0,
        "Independent signs that must agree, one of which is none of a content network's; each \
         alone has an innocent reason.",
    ),
    count(
        "label_length",
        24.0,
        63.0,
        "Mean length of the longest label from which it is a sign; Maltrail uses 24.",
    ),
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) names: f64,
    pub(super) upstream: f64,
    pub(super) downstream: f64,
    pub(super) answers: f64,
    pub(super) window: i64,
    pub(super) window_slow: i64,
    pub(super) slow_factor: f64,
    pub(super) spread_factor: f64,
    pub(super) signs: u64,
    pub(super) label_length: f64,
}

impl Settings {
    pub(super) fn from(values: &Values) -> Self {
        Self {
            names: values.number("names"),
            upstream: values.number("upstream"),
            downstream: values.number("downstream"),
            answers: values.number("answers"),
            window: values.nanos("window"),
            window_slow: values.nanos("window_slow"),
            slow_factor: values.number("slow_factor"),
            spread_factor: values.number("spread_factor"),
            signs: values.count("signs"),
            label_length: values.number("label_length"),
        }
    }
}
