//! Settings: what the user wrote, checked against the tables, resolved with defaults.

pub(crate) mod read;
mod section;

pub use read::{ConfigError, Fault};
pub use section::{PerHost, Prefix, Section, Values};

use crate::detect::{DETECTORS, Spec};
use anomalyzer_wire::Addr;

/// Resolved settings of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Table sizes.
    pub limits: Limits,
    /// Flow time-outs.
    pub flow: FlowSettings,
    /// TCP streams and payload search.
    pub stream: StreamSettings,
    /// The site's networks; empty means the private ranges.
    pub home: Vec<Prefix>,
    /// One section for each row of [`DETECTORS`], in that order.
    pub detect: Vec<Section>,
}

/// Sizes of tables keyed by traffic.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Flows kept at a time, over all workers.
    pub flows: usize,
    /// Hosts with statistics.
    pub hosts: usize,
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
    /// Bytes of each direction kept for application parsers.
    pub prefix: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits {
                flows: 262_144,
                hosts: 65_536,
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
            stream: StreamSettings { depth: 65_536, prefix: 16_384 },
            home: Vec::new(),
            detect: DETECTORS.iter().map(|spec| Section::defaults(spec)).collect(),
        }
    }
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
