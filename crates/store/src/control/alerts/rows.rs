//! Alerts and incidents as rows.

use super::{AlertRow, AlertState, IncidentRow, NewAlert, NewIncident};
use crate::SourceId;
use crate::control::limits::uint;
use crate::control::text::{text, text_or_none};
use anomalyzer_engine::Severity;
use anomalyzer_wire::{Addr, Timestamp};
use rusqlite::Row;
use std::fmt::Write;
use std::net::IpAddr;

/// Columns of [`alert_of`], for tables `a` (alert) and `r` (its record).
pub(super) const ALERT: &str = "a.key, a.source, a.id, a.severity, a.state, a.escalated, \
     a.suppressed, a.first, a.last, a.count, a.revision, a.incident, a.detector, a.technique, \
     a.title, a.src, a.dst, a.note, a.changed_by, a.changed_at, r.record, a.settled_severity";

/// Columns of [`incident_of`], for a table `i`.
pub(super) const INCIDENT: &str = "i.key, i.source, i.id, i.severity, i.state, i.escalated, \
     i.first, i.last, i.title, i.alerts, i.record";

/// An alert, with what only this module needs.
pub(super) struct KeptAlert {
    /// The row's key.
    pub(super) key: i64,
    /// The severity at which it was settled.
    pub(super) settled: Option<Severity>,
    /// The alert.
    pub(super) row: AlertRow,
}

/// An alert of a row of [`ALERT`].
pub(super) fn alert_of(row: &Row<'_>) -> rusqlite::Result<KeptAlert> {
    let changed_by = text_or_none(row, 18)?;
    let alert = NewAlert {
        id: text(row, 2)?,
        detector: text(row, 12)?,
        technique: text(row, 13)?,
        severity: severity_of(row.get(3)?),
        title: text(row, 14)?,
        src: addresses_of(&text(row, 15)?),
        dst: addresses_of(&text(row, 16)?),
        first: Timestamp::from_nanos(row.get(7)?),
        last: Timestamp::from_nanos(row.get(8)?),
        count: uint(row.get(9)?),
        record: text(row, 20)?,
        suppressed: text_or_none(row, 6)?,
    };
    let changed = changed_by.zip(row.get(19)?);
    Ok(KeptAlert {
        key: row.get(0)?,
        settled: row.get::<_, Option<i64>>(21)?.map(severity_of),
        row: AlertRow {
            source: SourceId(row.get(1)?),
            alert,
            state: AlertState::of_number(row.get(4)?),
            escalated: row.get(5)?,
            note: text(row, 17)?,
            changed,
            incident: text_or_none(row, 11)?,
            revision: row.get(10)?,
        },
    })
}

/// An incident of a row of [`INCIDENT`], with its key.
pub(super) fn incident_of(row: &Row<'_>) -> rusqlite::Result<(i64, IncidentRow)> {
    let key = row.get(0)?;
    let alerts = serde_json::from_str(&text(row, 9)?).unwrap_or_default();
    let incident = NewIncident {
        id: text(row, 2)?,
        severity: severity_of(row.get(3)?),
        title: text(row, 8)?,
        first: Timestamp::from_nanos(row.get(6)?),
        last: Timestamp::from_nanos(row.get(7)?),
        alerts,
        record: text(row, 10)?,
    };
    let row = IncidentRow {
        source: SourceId(row.get(1)?),
        incident,
        state: AlertState::of_number(row.get(4)?),
        escalated: row.get(5)?,
    };
    Ok((key, row))
}

/// A severity as it is kept: info is 0, critical 4.
pub(super) fn severity_number(severity: Severity) -> i64 {
    severity as i64
}

pub(super) fn severity_of(number: i64) -> Severity {
    let index = usize::try_from(number).unwrap_or(0);
    Severity::ALL.get(index).copied().unwrap_or_default()
}

/// Addresses as text with a space before and behind each, so that one is found by searching.
pub(super) fn addresses_text(addresses: &[Addr]) -> String {
    let mut text = String::with_capacity(1 + 16 * addresses.len());
    text.push(' ');
    for address in addresses {
        // Writing to a string does not fail.
        let _ = write!(text, "{address} ");
    }
    text
}

fn addresses_of(text: &str) -> Vec<Addr> {
    text.split_whitespace().filter_map(|a| a.parse::<IpAddr>().ok()).map(Addr::from).collect()
}
