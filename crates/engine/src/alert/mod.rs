//! Alerts: what the operator sees.

mod book;
mod compare;
mod fold;
mod growth;
pub mod incident;
mod judgement;
mod repeat;
pub mod risk;
mod stage;
pub mod suppress;
#[cfg(test)]
mod testing;

pub use book::{AlertBook, BookCounters, REOPEN_GAP_NANOS};
pub use compare::{Comparison, Found, compare};
pub use incident::{Incident, Incidents, Link, Step};
pub use judgement::{FEEDBACK_MAX, Feedback, Judgement, RECENT_MAX, Remembered, Verdict};
pub use risk::{Contribution, HostRisk, Hosts, Role};
pub use stage::{STAGES, Stage, stage_of};
pub use suppress::{Hidden, Scope, Suppression};

use crate::finding::{Evidence, Subject, Tally};
use anomalyzer_wire::{Addr, Mac, Timestamp};

/// How much an alert matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A statistic to look at.
    #[default]
    Info,
    /// Unusual, rarely an attack.
    Low,
    /// An attack or a breach of policy.
    Medium,
    /// An attack that matters.
    High,
    /// An attack that succeeded or takes a service down.
    Critical,
}

impl Severity {
    /// All, from least to most.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Lower-case name as in the alert record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// Everything there is to tell at one moment: alerts, and what is made from them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Alerts that no rule hides, ordered by first time, then id.
    pub alerts: Vec<Alert>,
    /// What rules hide, for each rule that hides something.
    pub hidden: Vec<Hidden>,
    /// Alerts that belong together.
    pub incidents: Incidents,
    /// Hosts by risk.
    pub hosts: Hosts,
}

impl View {
    /// What was made and what did not fit: name, value, for [`crate::Summary::counters`].
    pub fn counters(&self) -> [(&'static str, u64); 5] {
        [
            ("alerts_suppressed", self.hidden.iter().map(|hidden| hidden.alerts).sum()),
            ("incident_steps_left_out", self.incidents.steps_left_out),
            ("incidents", self.incidents.list.len() as u64),
            ("incidents_left_out", self.incidents.left_out),
            ("risk_hosts_left_out", self.hosts.left_out),
        ]
    }
}

impl Alert {
    /// True when somebody said that it claims what did not happen or is allowed.
    pub fn is_false_alarm(&self) -> bool {
        self.feedback.as_ref().is_some_and(|said| said.verdict == Verdict::FalseAlarm)
    }
}

/// Everything one detector found about one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alert {
    /// Stable while the alert grows: derived from detector, subject and first time.
    pub id: String,
    /// Detector id.
    pub detector: &'static str,
    /// Variant of the detector.
    pub technique: String,
    /// Severity.
    pub severity: Severity,
    /// 0 to 1.
    pub confidence: f64,
    /// One line.
    pub title: String,
    /// What was seen against what was expected.
    pub explanation: String,
    /// What to do, and how to stop seeing it.
    pub advice: String,
    /// What the alert is about; findings with an equal one are the same alert.
    pub subject: Subject,
    /// At most 20 sources.
    pub src: Vec<Addr>,
    /// All sources.
    pub src_count: Tally,
    /// Hardware addresses of `src` where they are known on the segment.
    pub src_mac: Vec<Mac>,
    /// At most 20 destinations.
    pub dst: Vec<Addr>,
    /// All destinations.
    pub dst_count: Tally,
    /// Hardware addresses of `dst` where they are known on the segment.
    pub dst_mac: Vec<Mac>,
    /// At most 50 destination ports, ascending.
    pub dst_ports: Vec<u16>,
    /// All destination ports.
    pub dst_port_count: Tally,
    /// Packet time of the first observation.
    pub first: Timestamp,
    /// Packet time of the last observation.
    pub last: Timestamp,
    /// Observations that belong to it.
    pub count: u64,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// Community ids of at most 20 flows.
    pub flows: Vec<String>,
    /// MITRE ATT&CK technique ids.
    pub attack: &'static [&'static str],
    /// Statistics-level alerts (spike, noisy host, rare port...) that this alert explains:
    /// detector id and how many were folded in.
    pub folded: Vec<(&'static str, u64)>,
    /// What somebody said about it.
    pub feedback: Option<Feedback>,
}
