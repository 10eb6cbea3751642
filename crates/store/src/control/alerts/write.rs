//! Alerts as the engine has them now.

use super::rows::{ALERT, KeptAlert, addresses_text, alert_of, severity_number};
use super::state::{self, Told};
use super::{AlertRow, AlertState, NewAlert};
use crate::clock;
use crate::control::db::Step;
use crate::control::limits::{Counters, int};
use crate::control::revision::Revision;
use crate::control::sources::check_source;
use crate::control::{Control, limits};
use crate::{Result, SourceId};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeSet;

/// Bytes of an id, a detector, a technique, the name of a suppression.
const NAME: usize = 128;
/// Bytes of a title.
const TITLE: usize = 2_048;

impl Control {
    /// Writes alerts as they are now, in one transaction. Rows whose content is unchanged keep
    /// their revision. Returns the rows that changed.
    ///
    /// What people made of an alert stays: an acknowledged, closed or false alarm that grows stays
    /// what it is. One exception: an alert that was closed, and then rises above the severity at
    /// which it was closed, is open again, and its story says so; a false alarm stays one.
    ///
    /// A source has at most 50,000 alerts. When they are reached, settled alerts make room, oldest
    /// first, then those of `info` and `low`, then those less severe than the worst that comes, none
    /// of them escalated; what then finds no room is left out and counted.
    pub fn put_alerts(&self, source: SourceId, alerts: &[NewAlert]) -> Result<Vec<AlertRow>> {
        if alerts.is_empty() {
            return Ok(Vec::new());
        }
        let shaped: Vec<NewAlert> = alerts.iter().filter_map(|a| self.shape_alert(a)).collect();
        self.db.write("keeping alerts", |tx| {
            check_source(tx, source)?;
            let mut room = self.make_room(tx, source, &shaped)?;
            let mut revision = Revision::begin(tx)?;
            let mut changed = Vec::new();
            let mut incidents = BTreeSet::new();
            for alert in shaped {
                match kept(tx, source, &alert.id)? {
                    Some(old) if old.row.alert == alert => {}
                    Some(old) => {
                        let row = grow(tx, old, alert, revision.next())?;
                        incidents.extend(row.incident.clone());
                        changed.push(row);
                    }
                    None if room <= 0 => Counters::add(&self.counters.alerts_refused, 1),
                    None => {
                        room -= 1;
                        changed.push(insert(tx, source, alert, revision.next())?);
                    }
                }
            }
            revision.end(tx)?;
            for incident in &incidents {
                super::incidents::refresh(tx, source, incident)?;
            }
            Ok(changed)
        })
    }

    /// The alert with its texts cut; none when it cannot be kept at all.
    fn shape_alert(&self, alert: &NewAlert) -> Option<NewAlert> {
        let fits = !alert.id.is_empty() && alert.id.len() <= NAME;
        if !fits || alert.record.len() > limits::RECORD {
            Counters::add(&self.counters.alerts_refused, 1);
            tracing::warn!(id = %alert.id.escape_debug(), bytes = alert.record.len(),
                "an alert is too large to be kept");
            return None;
        }
        let cut = |text: &str, max| self.counters.cut(text, max).to_owned();
        let addresses = |all: &[_]| all.iter().take(limits::ADDRESSES).copied().collect();
        Some(NewAlert {
            id: alert.id.clone(),
            detector: cut(&alert.detector, NAME),
            technique: cut(&alert.technique, NAME),
            severity: alert.severity,
            title: cut(&alert.title, TITLE),
            src: addresses(&alert.src),
            dst: addresses(&alert.dst),
            first: alert.first,
            last: alert.last,
            // Beyond what SQLite counts to, equal is equal.
            count: alert.count.min(i64::MAX as u64),
            record: alert.record.clone(),
            suppressed: alert.suppressed.as_deref().map(|s| cut(s, NAME)),
        })
    }

    /// Room for the alerts that are new, after others went if need be.
    fn make_room(&self, tx: &Transaction<'_>, source: SourceId, new: &[NewAlert]) -> Step<i64> {
        let sql = "SELECT count(*) FROM alert WHERE source = ?1";
        let count: i64 = tx.prepare_cached(sql)?.query_row([source.0], |row| row.get(0))?;
        let room = limits::ALERTS - count;
        if room >= int(new.len() as u64) {
            return Ok(room);
        }
        let ids: Vec<&str> = new.iter().map(|a| a.id.as_str()).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        let sql = "SELECT count(*) FROM alert WHERE source = ?1
                     AND id IN (SELECT value FROM json_each(?2))";
        let known: i64 = tx.query_row(sql, params![source.0, ids], |row| row.get(0))?;
        let missing = int(new.len() as u64) - known - room;
        if missing <= 0 {
            return Ok(room);
        }
        let worst = new.iter().map(|a| severity_number(a.severity)).max().unwrap_or(0);
        let evicted = tx.execute(
            "DELETE FROM alert WHERE key IN (
               SELECT key FROM alert
               WHERE source = ?1 AND NOT escalated AND id NOT IN (SELECT value FROM json_each(?2))
                 AND (state >= 2 OR severity <= 1 OR (state = 0 AND severity < ?3))
               ORDER BY state < 2, severity > 1, last LIMIT ?4)",
            params![source.0, ids, worst, missing],
        )?;
        Counters::add(&self.counters.alerts_evicted, evicted as u64);
        Ok(room + int(evicted as u64))
    }
}

/// The alert as it is kept, if it is.
pub(super) fn kept(tx: &Transaction<'_>, source: SourceId, id: &str) -> Step<Option<KeptAlert>> {
    let sql = format!(
        "SELECT {ALERT} FROM alert a LEFT JOIN alert_record r ON r.alert = a.key
         WHERE a.source = ?1 AND a.id = ?2"
    );
    Ok(tx.prepare_cached(&sql)?.query_row(params![source.0, id], alert_of).optional()?)
}

/// Writes a new alert.
fn insert(
    tx: &Transaction<'_>,
    source: SourceId,
    alert: NewAlert,
    revision: i64,
) -> Step<AlertRow> {
    tx.prepare_cached(
        "INSERT INTO alert (source, id, severity, suppressed, first, last, count, revision,
           detector, technique, title, src, dst)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        source.0,
        alert.id,
        severity_number(alert.severity),
        alert.suppressed,
        alert.first.nanos(),
        alert.last.nanos(),
        int(alert.count),
        revision,
        alert.detector,
        alert.technique,
        alert.title,
        addresses_text(&alert.src),
        addresses_text(&alert.dst),
    ])?;
    tx.prepare_cached("INSERT OR REPLACE INTO alert_record (alert, record) VALUES (?1, ?2)")?
        .execute(params![tx.last_insert_rowid(), alert.record])?;
    Ok(AlertRow {
        source,
        alert,
        state: AlertState::Open,
        escalated: false,
        note: String::new(),
        changed: None,
        incident: None,
        revision,
    })
}

/// Writes an alert that has changed; opens it again when it was closed and is worse now.
fn grow(tx: &Transaction<'_>, old: KeptAlert, alert: NewAlert, revision: i64) -> Step<AlertRow> {
    let KeptAlert { key, settled, row } = old;
    tx.prepare_cached(
        "UPDATE alert SET severity = ?2, suppressed = ?3, first = ?4, last = ?5, count = ?6,
           revision = ?7, detector = ?8, technique = ?9, title = ?10, src = ?11, dst = ?12
         WHERE key = ?1",
    )?
    .execute(params![
        key,
        severity_number(alert.severity),
        alert.suppressed,
        alert.first.nanos(),
        alert.last.nanos(),
        int(alert.count),
        revision,
        alert.detector,
        alert.technique,
        alert.title,
        addresses_text(&alert.src),
        addresses_text(&alert.dst),
    ])?;
    if alert.record != row.alert.record {
        tx.prepare_cached("INSERT OR REPLACE INTO alert_record (alert, record) VALUES (?1, ?2)")?
            .execute(params![key, alert.record])?;
    }
    let before = settled.unwrap_or(row.alert.severity);
    let worse = row.state == AlertState::Closed && alert.severity > before;
    let mut row = AlertRow { alert, revision, ..row };
    if worse {
        let now = clock::now();
        let what = format!(
            "opened again: the severity rose from {} to {}",
            before.name(),
            row.alert.severity.name()
        );
        row.state = AlertState::Open;
        row.changed = Some(("system".to_owned(), now));
        state::write(tx, key, &row)?;
        state::tell(tx, key, &Told { at: now, actor: "system", what: &what })?;
    }
    Ok(row)
}
