//! Incidents as the engine has them now, and the alerts that are their steps.

use super::rows::{ALERT, INCIDENT, alert_of, incident_of, severity_number};
use super::{AlertRow, IncidentRow, KeptIncidents, NewIncident};
use crate::control::db::Step;
use crate::control::limits::Counters;
use crate::control::revision::Revision;
use crate::control::sources::check_source;
use crate::control::{Control, limits};
use crate::{Result, SourceId};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeSet;

/// Bytes of an id.
const NAME: usize = 128;
/// Bytes of a title.
const TITLE: usize = 2_048;
/// Steps of an incident that are kept.
const STEPS: usize = 10_000;

impl Control {
    /// Writes incidents as they are now, in one transaction. Of the incidents given, alerts belong
    /// to no other; an incident that thereby loses its last alert is gone. Returns what changed:
    /// incidents, and the alerts that joined or left one, as they are now.
    ///
    /// Alerts must be kept before the incidents they are steps of. A source has at most 10,000
    /// incidents; settled ones go first, then the oldest.
    pub fn put_incidents(
        &self,
        source: SourceId,
        incidents: &[NewIncident],
    ) -> Result<KeptIncidents> {
        if incidents.is_empty() {
            return Ok(KeptIncidents::default());
        }
        let shaped: Vec<_> = incidents.iter().filter_map(|i| self.shape_incident(i)).collect();
        self.db.write("keeping incidents", |tx| {
            check_source(tx, source)?;
            let mut revision = Revision::begin(tx)?;
            let mut touched = BTreeSet::new();
            let mut moved = BTreeSet::new();
            let mut changed = Vec::new();
            let mut before = Vec::with_capacity(shaped.len());
            for incident in &shaped {
                let old = find(tx, source, &incident.id)?;
                if old.as_ref().is_none_or(|o| o.incident != *incident) {
                    write(tx, source, incident)?;
                }
                touched.extend(link(tx, source, incident, &mut revision, &mut moved)?);
                before.push(old);
            }
            revision.end(tx)?;
            for id in shaped.iter().map(|i| &i.id).chain(&touched) {
                refresh(tx, source, id)?;
            }
            for (incident, old) in shaped.iter().zip(before) {
                let new = find(tx, source, &incident.id)?;
                if new != old {
                    changed.extend(new);
                }
            }
            remove_empty(tx, source, &touched, &shaped)?;
            self.evict_incidents(tx, source)?;
            let alerts = moved.into_iter().map(|key| of_key(tx, key)).collect::<Step<_>>()?;
            Ok(KeptIncidents { incidents: changed, alerts })
        })
    }

    fn shape_incident(&self, incident: &NewIncident) -> Option<NewIncident> {
        let fits = !incident.id.is_empty() && incident.id.len() <= NAME;
        if !fits || incident.record.len() > limits::RECORD {
            Counters::add(&self.counters.refused, 1);
            return None;
        }
        Some(NewIncident {
            title: self.counters.cut(&incident.title, TITLE).to_owned(),
            alerts: incident.alerts.iter().take(STEPS).cloned().collect(),
            ..incident.clone()
        })
    }

    fn evict_incidents(&self, tx: &Transaction<'_>, source: SourceId) -> Step<()> {
        let sql = "SELECT count(*) FROM incident WHERE source = ?1";
        let count: i64 = tx.prepare_cached(sql)?.query_row([source.0], |row| row.get(0))?;
        if count <= limits::INCIDENTS {
            return Ok(());
        }
        let mut query = tx.prepare_cached(
            "DELETE FROM incident WHERE key IN
               (SELECT key FROM incident WHERE source = ?1
                ORDER BY escalated, state < 2, last LIMIT ?2) RETURNING id",
        )?;
        let gone = query.query_map([source.0, count - limits::INCIDENTS], |row| row.get(0))?;
        let gone = gone.collect::<rusqlite::Result<Vec<String>>>()?;
        for id in &gone {
            tx.prepare_cached(
                "UPDATE alert SET incident = NULL WHERE source = ?1 AND incident = ?2",
            )?
            .execute(params![source.0, id])?;
        }
        Counters::add(&self.counters.incidents_evicted, gone.len() as u64);
        Ok(())
    }
}

fn find(tx: &Transaction<'_>, source: SourceId, id: &str) -> Step<Option<IncidentRow>> {
    let sql = format!("SELECT {INCIDENT} FROM incident i WHERE i.source = ?1 AND i.id = ?2");
    let found =
        tx.prepare_cached(&sql)?.query_row(params![source.0, id], incident_of).optional()?;
    Ok(found.map(|(_, row)| row))
}

fn of_key(tx: &Transaction<'_>, key: i64) -> Step<AlertRow> {
    let sql = format!(
        "SELECT {ALERT} FROM alert a LEFT JOIN alert_record r ON r.alert = a.key WHERE a.key = ?1"
    );
    Ok(tx.prepare_cached(&sql)?.query_row([key], alert_of)?.row)
}

fn write(tx: &Transaction<'_>, source: SourceId, incident: &NewIncident) -> Step<()> {
    tx.prepare_cached(
        "INSERT INTO incident (source, id, severity, first, last, title, alerts, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (source, id) DO UPDATE SET severity = excluded.severity,
           first = excluded.first, last = excluded.last, title = excluded.title,
           alerts = excluded.alerts, record = excluded.record",
    )?
    .execute(params![
        source.0,
        incident.id,
        severity_number(incident.severity),
        incident.first.nanos(),
        incident.last.nanos(),
        incident.title,
        ids(&incident.alerts),
        incident.record,
    ])?;
    Ok(())
}

/// Makes exactly its steps belong to an incident; returns the incidents that lost some, and adds
/// the keys of alerts that joined or left to `moved`.
fn link(
    tx: &Transaction<'_>,
    source: SourceId,
    incident: &NewIncident,
    revision: &mut Revision,
    moved: &mut BTreeSet<i64>,
) -> Step<Vec<String>> {
    let steps = ids(&incident.alerts);
    let mut query = tx.prepare_cached(
        "SELECT key, incident FROM alert
         WHERE source = ?1 AND incident IS NOT ?2 AND id IN (SELECT value FROM json_each(?3))",
    )?;
    let rows = query.query_map(params![source.0, incident.id, steps], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    let joining = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut query = tx.prepare_cached(
        "SELECT key FROM alert
         WHERE source = ?1 AND incident = ?2 AND id NOT IN (SELECT value FROM json_each(?3))",
    )?;
    let rows = query.query_map(params![source.0, incident.id, steps], |row| row.get(0))?;
    let leaving = rows.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut set =
        tx.prepare_cached("UPDATE alert SET incident = ?2, revision = ?3 WHERE key = ?1")?;
    for key in leaving {
        set.execute(params![key, None::<&str>, revision.next()])?;
        moved.insert(key);
    }
    let mut lost = Vec::new();
    for (key, before) in joining {
        set.execute(params![key, incident.id, revision.next()])?;
        moved.insert(key);
        lost.extend(before);
    }
    Ok(lost)
}

/// Makes state, escalation and suppression of an incident those of its steps. One without steps
/// is as it was.
pub(super) fn refresh(tx: &Transaction<'_>, source: SourceId, id: &str) -> Step<()> {
    tx.prepare_cached(
        "UPDATE incident SET (state, escalated, hidden) =
           (SELECT coalesce(min(iif(suppressed IS NULL, state, NULL)), min(state)),
                   max(escalated), min(suppressed IS NOT NULL)
            FROM alert WHERE source = ?1 AND incident = ?2)
         WHERE source = ?1 AND id = ?2
           AND EXISTS (SELECT 1 FROM alert WHERE source = ?1 AND incident = ?2)",
    )?
    .execute(params![source.0, id])?;
    Ok(())
}

/// Removes incidents that lost all their steps to those given.
fn remove_empty(
    tx: &Transaction<'_>,
    source: SourceId,
    touched: &BTreeSet<String>,
    given: &[NewIncident],
) -> Step<()> {
    for id in touched.iter().filter(|id| given.iter().all(|i| i.id != **id)) {
        tx.prepare_cached(
            "DELETE FROM incident WHERE source = ?1 AND id = ?2
               AND NOT EXISTS (SELECT 1 FROM alert WHERE source = ?1 AND incident = ?2)",
        )?
        .execute(params![source.0, id])?;
    }
    Ok(())
}

fn ids(ids: &[String]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}
