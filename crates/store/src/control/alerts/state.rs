//! What people make of alerts, and the story of that.

use super::rows::{ALERT, KeptAlert, alert_of, severity_number};
use super::write::kept;
use super::{AlertRow, AlertState, Happened};
use crate::control::db::Step;
use crate::control::revision::Revision;
use crate::control::text::text;
use crate::control::{Control, limits};
use crate::{Result, SourceId, StoreError};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeSet;

/// Alerts whose state can be changed at once.
const AT_ONCE: usize = 10_000;
/// Bytes of a note.
const NOTE: usize = 4_096;
/// Bytes of the name of whoever did something.
const ACTOR: usize = 128;

/// Something to be told in the story of an alert.
pub(super) struct Told<'a> {
    /// Wall clock, seconds.
    pub(super) at: i64,
    /// Who.
    pub(super) actor: &'a str,
    /// What.
    pub(super) what: &'a str,
}

impl Control {
    /// One alert.
    pub fn alert(&self, source: SourceId, id: &str) -> Result<AlertRow> {
        self.db.read("reading an alert", |db| {
            let sql = format!(
                "SELECT {ALERT} FROM alert a LEFT JOIN alert_record r ON r.alert = a.key
                 WHERE a.source = ?1 AND a.id = ?2"
            );
            let mut query = db.prepare_cached(&sql)?;
            let found = query.query_row(params![source.0, id], alert_of).optional()?;
            Ok(found.ok_or(StoreError::Missing("alert"))?.row)
        })
    }

    /// Changes the state of alerts, all or none; unknown ids are missing. Returns what they were.
    /// At most 10,000 at once; a note is cut at 4 KiB. What is as it was changes nothing.
    #[expect(clippy::too_many_arguments, reason = "what is `None` stays as it is")]
    pub fn set_alert_state(
        &self,
        source: SourceId,
        ids: &[String],
        state: Option<AlertState>,
        escalated: Option<bool>,
        note: Option<&str>,
        actor: &str,
        now: i64,
    ) -> Result<Vec<AlertRow>> {
        if ids.len() > AT_ONCE {
            let what = format!("{} alerts at once, at most {AT_ONCE}", ids.len());
            return Err(self.counters.refuse(what));
        }
        let note = note.map(|n| self.counters.cut(n, NOTE));
        let actor = self.counters.cut(actor, ACTOR);
        self.db.write_small("changing alerts", |tx| {
            let mut revision = Revision::begin(tx)?;
            let mut before = Vec::with_capacity(ids.len());
            let mut incidents = BTreeSet::new();
            for id in ids {
                let old = kept(tx, source, id)?.ok_or(StoreError::Missing("alert"))?;
                let mut new = AlertRow {
                    state: state.unwrap_or(old.row.state),
                    escalated: escalated.unwrap_or(old.row.escalated),
                    note: note.unwrap_or(&old.row.note).to_owned(),
                    ..old.row.clone()
                };
                let what = difference(&old.row, &new);
                if !what.is_empty() {
                    new.revision = revision.next();
                    new.changed = Some((actor.to_owned(), now));
                    change(tx, &old, &new, &Told { at: now, actor, what: &what })?;
                    incidents.extend(new.incident);
                }
                before.push(old.row);
            }
            revision.end(tx)?;
            for incident in &incidents {
                super::incidents::refresh(tx, source, incident)?;
            }
            Ok(before)
        })
    }

    /// What was done to an alert, in order; the latest 200.
    pub fn alert_story(&self, source: SourceId, id: &str) -> Result<Vec<Happened>> {
        self.db.read("reading the story of an alert", |db| {
            let mut query = db.prepare_cached(
                "SELECT s.at, s.actor, s.what FROM story s JOIN alert a ON a.key = s.alert
                 WHERE a.source = ?1 AND a.id = ?2 ORDER BY s.id",
            )?;
            let rows = query.query_map(params![source.0, id], |row| {
                Ok(Happened { at: row.get(0)?, actor: text(row, 1)?, what: text(row, 2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Open alerts by severity (info to critical), and open incidents; without what suppressions
    /// hide, and without what somebody has acknowledged.
    pub fn open_alerts(&self, source: SourceId) -> Result<([u64; 5], u64)> {
        self.db.read("counting open alerts", |db| {
            let mut counts = [0; 5];
            let mut query = db.prepare_cached(
                "SELECT severity, count(*) FROM alert
                 WHERE source = ?1 AND state = 0 AND suppressed IS NULL GROUP BY severity",
            )?;
            let mut rows = query.query([source.0])?;
            while let Some(row) = rows.next()? {
                let slot = usize::try_from(row.get::<_, i64>(0)?).ok();
                if let Some(count) = slot.and_then(|s| counts.get_mut(s)) {
                    *count = limits::uint(row.get(1)?);
                }
            }
            let sql =
                "SELECT count(*) FROM incident WHERE source = ?1 AND state = 0 AND NOT hidden";
            let incidents = db.prepare_cached(sql)?.query_row([source.0], |row| row.get(0))?;
            Ok((counts, limits::uint(incidents)))
        })
    }
}

/// Writes a change with its part of the story.
fn change(tx: &Transaction<'_>, old: &KeptAlert, new: &AlertRow, told: &Told<'_>) -> Step<()> {
    write(tx, old.key, new)?;
    // An alert that was settled already keeps the severity at which that was.
    let settled = match (new.state.settled(), old.row.state == new.state) {
        (true, true) => old.settled.or(Some(new.alert.severity)),
        (true, false) => Some(new.alert.severity),
        (false, _) => None,
    };
    tx.prepare_cached("UPDATE alert SET settled_severity = ?2 WHERE key = ?1")?
        .execute(params![old.key, settled.map(severity_number)])?;
    tell(tx, old.key, told)
}

/// Writes state, escalation, note and revision of an alert.
pub(super) fn write(tx: &Transaction<'_>, key: i64, row: &AlertRow) -> Step<()> {
    let (by, at) = row.changed.as_ref().map(|(by, at)| (by, at)).unzip();
    tx.prepare_cached(
        "UPDATE alert SET state = ?2, escalated = ?3, note = ?4, changed_by = ?5, changed_at = ?6,
           revision = ?7, settled_severity = NULL WHERE key = ?1",
    )?
    .execute(params![
        key,
        row.state.number(),
        row.escalated,
        row.note,
        by,
        at,
        row.revision
    ])?;
    Ok(())
}

/// Adds to the story of an alert, whose oldest parts go.
pub(super) fn tell(tx: &Transaction<'_>, key: i64, told: &Told<'_>) -> Step<()> {
    tx.prepare_cached("INSERT INTO story (alert, at, actor, what) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, told.at, told.actor, told.what])?;
    tx.prepare_cached(
        "DELETE FROM story WHERE alert = ?1 AND id NOT IN
           (SELECT id FROM story WHERE alert = ?1 ORDER BY id DESC LIMIT ?2)",
    )?
    .execute([key, limits::STORY])?;
    Ok(())
}

/// In words, what a person changed; empty: nothing.
fn difference(old: &AlertRow, new: &AlertRow) -> String {
    let mut parts = Vec::new();
    if old.state != new.state {
        parts.push(format!("{}, was {}", new.state.name(), old.state.name()));
    }
    match (old.escalated, new.escalated) {
        (false, true) => parts.push("escalated".to_owned()),
        (true, false) => parts.push("no longer escalated".to_owned()),
        _ => {}
    }
    if old.note != new.note {
        parts.push(if new.note.is_empty() {
            "note removed".to_owned()
        } else {
            format!("note: {}", new.note)
        });
    }
    parts.join("; ")
}
