//! Alerts and incidents with what people made of them.

mod incidents;
mod query;
mod rows;
mod state;
mod write;

use crate::{Range, SourceId};
use anomalyzer_engine::Severity;
use anomalyzer_wire::{Addr, Timestamp};
use serde::{Deserialize, Serialize};

/// What people made of an alert or incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// Nobody has looked.
    #[default]
    Open,
    /// Somebody is on it.
    Acknowledged,
    /// Done.
    Closed,
    /// It claims what did not happen or is allowed.
    FalseAlarm,
}

impl AlertState {
    /// All, from the least settled to the most.
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Closed, Self::FalseAlarm];

    /// The name as in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
            Self::FalseAlarm => "false-alarm",
        }
    }

    /// True when nobody has to look any more.
    pub const fn settled(self) -> bool {
        matches!(self, Self::Closed | Self::FalseAlarm)
    }

    /// As it is kept: the least settled is the smallest. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Acknowledged => 1,
            Self::Closed => 2,
            Self::FalseAlarm => 3,
        }
    }

    fn of_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|s| s.number() == number).unwrap_or_default()
    }
}

/// An alert as the engine has it now; written again whenever it grows.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlert {
    /// The engine's id.
    pub id: String,
    /// Detector.
    pub detector: String,
    /// Variant.
    pub technique: String,
    /// Severity.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Sources listed.
    pub src: Vec<Addr>,
    /// Destinations listed.
    pub dst: Vec<Addr>,
    /// Packet time of the first observation.
    pub first: Timestamp,
    /// Packet time of the last one.
    pub last: Timestamp,
    /// Observations.
    pub count: u64,
    /// The alert record, JSON.
    pub record: String,
    /// Hidden by a suppression: its id.
    pub suppressed: Option<String>,
}

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// Of which source.
    pub source: SourceId,
    /// What the engine said last.
    pub alert: NewAlert,
    /// What people made of it.
    pub state: AlertState,
    /// Escalated: shown first.
    pub escalated: bool,
    /// Why it is a false alarm, or another note.
    pub note: String,
    /// Who changed the state last, and when (wall clock, seconds).
    pub changed: Option<(String, i64)>,
    /// The incident it is a step of.
    pub incident: Option<String>,
    /// Rises with every change of any alert: the order of news.
    pub revision: i64,
}

/// An incident as the engine has it now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIncident {
    /// The engine's id.
    pub id: String,
    /// Severity.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Packet time of the first observation.
    pub first: Timestamp,
    /// Packet time of the last one.
    pub last: Timestamp,
    /// Ids of the alerts that are its steps.
    pub alerts: Vec<String>,
    /// The incident record, JSON.
    pub record: String,
}

/// An incident as it is kept. Its state is the least settled of its alerts'.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRow {
    /// Of which source.
    pub source: SourceId,
    /// What the engine said last.
    pub incident: NewIncident,
    /// From its alerts.
    pub state: AlertState,
    /// From its alerts.
    pub escalated: bool,
}

/// What changed when incidents were kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptIncidents {
    /// Incidents that changed, in content or state.
    pub incidents: Vec<IncidentRow>,
    /// Alerts that became a step of an incident, or of another one, or left theirs.
    pub alerts: Vec<AlertRow>,
}

/// Which alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertQuery {
    /// Of which source; `None`: all.
    pub source: Option<SourceId>,
    /// Whose last observation lies within.
    pub range: Option<Range>,
    /// In one of these states; empty: all.
    pub states: Vec<AlertState>,
    /// At least so severe.
    pub severity: Severity,
    /// Of this detector.
    pub detector: Option<String>,
    /// With this address among sources or destinations.
    pub address: Option<Addr>,
    /// Words that title or record must hold.
    pub text: Option<String>,
    /// Steps of this incident.
    pub incident: Option<String>,
    /// Also those that suppressions hide.
    pub suppressed: bool,
    /// Most rows, 1 to 1,000.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of alerts: escalated first, then latest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertPage {
    /// The alerts.
    pub rows: Vec<AlertRow>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: u64,
}

/// What was done to an alert, for its story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Wall clock, seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What, in words.
    pub what: String,
}
