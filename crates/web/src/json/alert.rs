//! Alerts and incidents: the stored record with what people made of it.

use super::{Raw, seconds, splice};
use anomalyzer_store::control::{AlertRow, AlertState, IncidentRow};
use serde::Serialize;

#[derive(Serialize)]
struct Changed<'a> {
    by: &'a str,
    at: String,
}

#[derive(Serialize)]
struct AlertExtra<'a> {
    source: i64,
    state: &'static str,
    escalated: bool,
    note: &'a str,
    changed: Option<Changed<'a>>,
    incident: Option<&'a str>,
    suppressed: Option<&'a str>,
    revision: i64,
}

#[derive(Serialize)]
struct IncidentExtra {
    source: i64,
    state: &'static str,
    escalated: bool,
}

/// The name of a state in the API.
pub(crate) const fn state_name(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => "open",
        AlertState::Acknowledged => "acknowledged",
        AlertState::Closed => "closed",
        AlertState::FalseAlarm => "false-alarm",
    }
}

/// `AlertItem`.
pub(crate) fn alert_item(row: &AlertRow) -> Raw {
    let changed = row.changed.as_ref().map(|(by, at)| Changed { by, at: seconds(*at) });
    let extra = AlertExtra {
        source: row.source.0,
        state: state_name(row.state),
        escalated: row.escalated,
        note: &row.note,
        changed,
        incident: row.incident.as_deref(),
        suppressed: row.alert.suppressed.as_deref(),
        revision: row.revision,
    };
    splice(&row.alert.record, super::raw(&extra).get())
}

/// `IncidentItem`.
pub(crate) fn incident_item(row: &IncidentRow) -> Raw {
    let extra = IncidentExtra {
        source: row.source.0,
        state: state_name(row.state),
        escalated: row.escalated,
    };
    splice(&row.incident.record, super::raw(&extra).get())
}
