//! Settings: what the user wrote, checked against the tables, resolved with defaults.

mod capture;
mod core;
mod describe;
mod overlay;
mod parse;
pub(crate) mod read;
mod reference;
mod section;
mod suppress;
mod value;

pub use capture::{CaptureSettings, StoreSettings};
pub use describe::{Described, Form, describe};
pub use overlay::{Overlay, Override};
pub use parse::{ENV_PREFIX, Origin, Shown};
pub use read::{ConfigError, Fault};
pub use reference::reference;
pub use section::{COMMON, PerHost, Prefix, Repeat, Section, Values};

use crate::alert::suppress::Suppression;
use crate::detect::{DETECTORS, Spec};
use crate::keyword::BUILTIN;
use anomalyzer_wire::Addr;
use std::collections::BTreeMap;

/// Resolved settings of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Table sizes.
    pub limits: Limits,
    /// Flow time-outs.
    pub flow: FlowSettings,
    /// TCP streams and payload search.
    pub stream: StreamSettings,
    /// How alerts join to incidents.
    pub incidents: IncidentSettings,
    /// How the risk of hosts is weighed.
    pub risk: RiskSettings,
    /// How interfaces are watched. Not the engine's own: the program reads it.
    pub capture: CaptureSettings,
    /// How long what is kept. Not the engine's own either.
    pub store: StoreSettings,
    /// The site's networks; empty means the private ranges.
    pub home: Vec<Prefix>,
    /// Keyword lists: files, and `builtin:NAME`. Read by the program, since the engine reads no
    /// files.
    pub keywords: Vec<String>,
    /// Threat lists: files, with words before them that say how to read them. Read by the program
    /// too.
    pub threat: Vec<String>,
    /// One section for each row of [`DETECTORS`], in that order.
    pub detect: Vec<Section>,
    /// Rules that hide alerts.
    pub suppress: Vec<Suppression>,
    /// Where values that are not defaults come from, by full key.
    origins: BTreeMap<String, Origin>,
}

/// Numbers that belong to no detector, at their defaults.
struct Defaults {
    limits: Limits,
    flow: FlowSettings,
    stream: StreamSettings,
    incidents: IncidentSettings,
    risk: RiskSettings,
    capture: CaptureSettings,
    store: StoreSettings,
}

const DEFAULT: Defaults = Defaults {
    limits: Limits {
        flows: 262_144,
        hosts: 65_536,
        devices: 16_384,
        alerts: 50_000,
        stream_bytes: 64 << 20,
    },
    flow: FlowSettings {
        tcp_new_s: 60,
        tcp_idle_s: 300,
        tcp_closed_s: 5,
        udp_idle_s: 60,
        one_way_idle_s: 60,
        active_s: 3_600,
    },
    stream: StreamSettings { depth: 65_536 },
    incidents: IncidentSettings { gap_s: 86_400 },
    risk: RiskSettings { half_life_s: 86_400, period_s: 86_400 },
    capture: CaptureSettings {
        buffer_bytes: 32 << 20,
        snaplen: 262_144,
        promiscuous: 1,
        queues: 1,
    },
    store: StoreSettings {
        history_days: 30,
        history_bytes: 10 << 30,
        evidence_bytes: 256 << 20,
        evidence_payload: 1,
        free_bytes_min: 256 << 20,
        alert_days: 365,
    },
};

/// Sizes of tables keyed by traffic.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Flows kept at a time, over all workers.
    pub flows: usize,
    /// Hosts with statistics.
    pub hosts: usize,
    /// Devices of the site in the inventory.
    pub devices: usize,
    /// Alerts kept.
    pub alerts: usize,
    /// Bytes of out-of-order TCP segments and application prefixes buffered, over all workers.
    pub stream_bytes: usize,
}

/// Time-outs by packet time, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct FlowSettings {
    /// TCP before it is established (and after it was reset).
    pub tcp_new_s: u32,
    /// Established TCP without packets.
    pub tcp_idle_s: u32,
    /// Closed TCP: how long a late packet still belongs to it.
    pub tcp_closed_s: u32,
    /// UDP and others, two-way.
    pub udp_idle_s: u32,
    /// ICMP, and one-way UDP.
    pub one_way_idle_s: u32,
    /// A record is written at least this often for a flow that goes on.
    pub active_s: u32,
}

/// How far TCP streams are followed.
#[derive(Clone, Copy, Debug)]
pub struct StreamSettings {
    /// Bytes of each direction that are searched for keywords.
    pub depth: u64,
}

/// How alerts join to incidents.
#[derive(Clone, Copy, Debug)]
pub struct IncidentSettings {
    /// Longest time between two alerts of one attack, in seconds.
    pub gap_s: u32,
}

/// How the risk of hosts is weighed.
#[derive(Clone, Copy, Debug)]
pub struct RiskSettings {
    /// Time after which an alert counts half, in seconds.
    pub half_life_s: u32,
    /// Time within which a detector counts once for a host and role, in seconds.
    pub period_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: DEFAULT.limits,
            flow: DEFAULT.flow,
            stream: DEFAULT.stream,
            incidents: DEFAULT.incidents,
            risk: DEFAULT.risk,
            capture: DEFAULT.capture,
            store: DEFAULT.store,
            home: Vec::new(),
            keywords: default_lists(),
            threat: Vec::new(),
            detect: DETECTORS.iter().map(|spec| Section::defaults(spec)).collect(),
            suppress: Vec::new(),
            origins: BTreeMap::new(),
        }
    }
}

fn default_lists() -> Vec<String> {
    let used = BUILTIN.iter().filter(|list| list.by_default);
    used.map(|list| format!("builtin:{}", list.name)).collect()
}

impl Config {
    /// True when the address belongs to the site: one of its networks, or a private one when none
    /// is configured.
    pub fn is_local(&self, addr: Addr) -> bool {
        if self.home.is_empty() {
            addr.is_private()
        } else {
            self.home.iter().any(|prefix| prefix.contains(addr))
        }
    }

    /// The section of a detector.
    pub fn section(&self, spec: &Spec) -> Option<&Section> {
        self.detect.iter().find(|s| s.id() == spec.id)
    }
}
