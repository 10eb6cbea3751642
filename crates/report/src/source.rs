//! What a report is about.

use anomalyzer_engine::series::Series;
use anomalyzer_engine::{Alert, HostRisk, Incident, Summary};
use anomalyzer_wire::HostileStr;

/// An input that was read: a capture file, standard input or an interface.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name; file names may hold any bytes.
    pub name: HostileStr,
    /// Its format in words, such as `pcap, gzip`.
    pub format: String,
    /// What was wrong with it, when only a part could be read.
    pub damage: Option<String>,
}

/// Everything that a report for people shows.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was read.
    pub sources: &'a [Source],
    /// The facts.
    pub summary: &'a Summary,
    /// Traffic over time.
    pub series: &'a Series,
    /// What was found, ordered by first time.
    pub alerts: &'a [Alert],
    /// Alerts that belong together, ordered by first time.
    pub incidents: &'a [Incident],
    /// Hosts by risk, highest first.
    pub hosts: &'a [HostRisk],
}
