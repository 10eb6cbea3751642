//! The table of settings that belong to no detector.

use super::{Config, DEFAULT};
use crate::detect::{Setting, Unit};

/// A setting outside of the detectors: where it stands and how it is read and written.
pub(crate) struct Core {
    /// Name of the TOML table.
    pub(crate) section: &'static str,
    pub(crate) setting: Setting,
    pub(crate) get: fn(&Config) -> f64,
    pub(crate) set: fn(&mut Config, f64),
}

/// One sentence for each section, in the order of the reference.
pub(crate) const SECTIONS: [(&str, &str); 10] = [
    (
        "limits",
        "Sizes of the tables that traffic fills. When one is full, what matters least goes.",
    ),
    ("flow", "When a flow ends, by packet time."),
    ("stream", "How far the payload of each direction is read."),
    ("incidents", "Which alerts are steps of one attack."),
    (
        "risk",
        "How much there is against each host, 0 to 100: each alert counts by its severity and \
         confidence, fades with time, and independent evidence adds up.",
    ),
    ("capture", "How interfaces are watched."),
    ("store", "What a service keeps, and for how long."),
    ("site", "The site itself."),
    ("keywords", "Patterns searched in payloads."),
    ("threat", "Addresses, names and fingerprints that nobody should have contact with."),
];

macro_rules! core {
    ($section:literal, $key:literal, $unit:ident, $range:expr, $about:literal,
     $config:ident . $($field:ident).+ : $type:ty) => {
        Core {
            section: $section,
            setting: Setting {
                key: $key,
                unit: Unit::$unit,
                default: DEFAULT.$($field).+ as f64,
                min: $range.0,
                max: $range.1,
                about: $about,
            },
            get: |$config| $config.$($field).+ as f64,
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within its range
            set: |$config, number| $config.$($field).+ = number as $type,
        }
    };
}

/// Every setting outside of the detectors.
#[rustfmt::skip] // one row is one setting
#[allow(clippy::cast_lossless)] // one macro for fields of several widths
pub(crate) static CORE: [Core; 25] = [
    core!("limits", "flows", Count, (1_024.0, 16_777_216.0),
        "Flows kept at a time, over all workers; half-open flows and those of one packet go first.",
        config.limits.flows: usize),
    core!("limits", "hosts", Count, (1_024.0, 16_777_216.0),
        "Hosts with statistics.", config.limits.hosts: usize),
    core!("limits", "devices", Count, (256.0, 1_048_576.0),
        "Devices of the site that are kept track of; those that tell nothing of themselves go \
         first.", config.limits.devices: usize),
    core!("limits", "alerts", Count, (100.0, 1_000_000.0),
        "Alerts kept; the oldest of the lowest severity goes first.", config.limits.alerts: usize),
    core!("limits", "stream_bytes", Bytes, (1_048_576.0, 17_179_869_184.0),
        "Memory for TCP segments that wait for their turn and beginnings of application messages, \
         over all workers.", config.limits.stream_bytes: usize),
    core!("flow", "tcp_new_s", Seconds, (1.0, 3_600.0),
        "TCP without packets before it is established.", config.flow.tcp_new_s: u32),
    core!("flow", "tcp_idle_s", Seconds, (5.0, 86_400.0),
        "Established TCP without packets.", config.flow.tcp_idle_s: u32),
    core!("flow", "tcp_closed_s", Seconds, (0.0, 300.0),
        "How long a late packet still belongs to a closed TCP connection.",
        config.flow.tcp_closed_s: u32),
    core!("flow", "udp_idle_s", Seconds, (1.0, 3_600.0),
        "UDP and other protocols without packets, when both sides have sent.",
        config.flow.udp_idle_s: u32),
    core!("flow", "one_way_idle_s", Seconds, (1.0, 3_600.0),
        "ICMP, and UDP without an answer.", config.flow.one_way_idle_s: u32),
    core!("flow", "active_s", Seconds, (10.0, 86_400.0),
        "A flow that goes on has a record written at least this often.", config.flow.active_s: u32),
    core!("stream", "depth", Bytes, (0.0, 1_073_741_824.0),
        "Bytes of each direction that are searched for keywords; bytes known to be encrypted are \
         not searched.", config.stream.depth: u64),
    core!("incidents", "gap_s", Seconds, (60.0, 2_592_000.0),
        "Longest time between two alerts of one attack. A day: attackers pause for hours between \
         steps, and the rules of common monitoring products add up risk over 24 hours.",
        config.incidents.gap_s: u32),
    core!("risk", "half_life_s", Seconds, (60.0, 31_536_000.0),
        "Time after which an alert counts half for the risk of its hosts. A day: what nothing \
         followed on is a quarter after two.", config.risk.half_life_s: u32),
    core!("risk", "period_s", Seconds, (1.0, 31_536_000.0),
        "Time within which one detector counts once for a host, so that one long scan is one \
         piece of evidence.", config.risk.period_s: u32),
    core!("capture", "buffer_bytes", Bytes, (1_048_576.0, 2_147_483_648.0),
        "The kernel's ring for each interface: 32 MiB hold 100 ms at 2.5 Gbit/s.",
        config.capture.buffer_bytes: u32),
    core!("capture", "snaplen", Bytes, (64.0, 262_144.0),
        "Bytes kept of each frame. Less saves copying, and keywords behind it are not found.",
        config.capture.snaplen: u32),
    core!("capture", "promiscuous", Flag, (0.0, 1.0),
        "Ask interfaces for frames to other machines too.", config.capture.promiscuous: u8),
    core!("capture", "queues", Count, (1.0, 16.0),
        "Rings that share the frames of each interface by address pair; more than one helps only \
         where one core cannot copy fast enough.", config.capture.queues: u16),
    core!("store", "history_days", Count, (1.0, 3_650.0),
        "Days that flow records are kept, counted back from the latest packet of their source.",
        config.store.history_days: u32),
    core!("store", "history_bytes", Bytes, (67_108_864.0, 17_592_186_044_416.0),
        "Most bytes of flow records; the oldest hours go first.", config.store.history_bytes: u64),
    core!("store", "evidence_bytes", Bytes, (1_048_576.0, 17_592_186_044_416.0),
        "Most bytes of packets that are kept for alerts; the oldest go first.",
        config.store.evidence_bytes: u64),
    core!("store", "evidence_payload", Flag, (0.0, 1.0),
        "Keep the payload of these packets too; without it, headers only.",
        config.store.evidence_payload: u8),
    core!("store", "free_bytes_min", Bytes, (0.0, 1_099_511_627_776.0),
        "Free bytes of the disk below which nothing but alerts is written any more.",
        config.store.free_bytes_min: u64),
    core!("store", "alert_days", Count, (1.0, 3_650.0),
        "Days that closed alerts and the audit trail are kept.", config.store.alert_days: u32),
];
