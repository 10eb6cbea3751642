//! Pages of alerts and incidents: escalated first, then latest first.
//!
//! A cursor is the place of the last row: pages stay right while alerts come in at the front.

use super::rows::{ALERT, INCIDENT, alert_of, incident_of, severity_number};
use super::{AlertPage, AlertQuery, AlertState, IncidentRow};
use crate::control::{Control, limits};
use crate::{Result, SourceId, StoreError};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};
use std::fmt::Write;

/// Conditions of a query with their values.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition; each `?` in it stands for the same value.
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let condition = condition.replace('?', &format!("?{}", self.values.len()));
        self.add_plain(&condition);
    }

    fn add_plain(&mut self, condition: &str) {
        let joint = if self.sql.is_empty() { "WHERE " } else { " AND " };
        self.sql.push_str(joint);
        self.sql.push_str(condition);
    }

    /// What alerts and incidents have in common, for a table `x`.
    fn common(query: &AlertQuery, x: char) -> Self {
        let mut all = Self::default();
        if let Some(source) = query.source {
            all.add(&format!("{x}.source = ?"), source.0);
        }
        if let Some(range) = query.range {
            all.add(&format!("{x}.last >= ?"), range.from.nanos());
            all.add(&format!("{x}.last < ?"), range.to.nanos());
        }
        if !query.states.is_empty() {
            let numbers: Vec<String> =
                query.states.iter().map(|s| AlertState::number(*s).to_string()).collect();
            all.add_plain(&format!("{x}.state IN ({})", numbers.join(", ")));
        }
        if severity_number(query.severity) > 0 {
            all.add(&format!("{x}.severity >= ?"), severity_number(query.severity));
        }
        all
    }

    fn of_alerts(query: &AlertQuery) -> Self {
        let mut all = Self::common(query, 'a');
        if !query.suppressed {
            all.add_plain("a.suppressed IS NULL");
        }
        if let Some(detector) = &query.detector {
            all.add("a.detector = ?", detector.clone());
        }
        if let Some(incident) = &query.incident {
            all.add("a.incident = ?", incident.clone());
        }
        if let Some(address) = query.address {
            all.add("(instr(a.src, ?) OR instr(a.dst, ?))", format!(" {address} "));
        }
        for word in limits::words(query.text.as_deref()) {
            all.add("(instr(lower(a.title), ?) OR instr(lower(r.record), ?))", word);
        }
        all
    }

    fn of_incidents(query: &AlertQuery) -> Self {
        let mut all = Self::common(query, 'i');
        if !query.suppressed {
            all.add_plain("NOT i.hidden");
        }
        if let Some(address) = query.address {
            let steps = "EXISTS (SELECT 1 FROM alert a WHERE a.source = i.source \
                         AND a.incident = i.id AND (instr(a.src, ?) OR instr(a.dst, ?)))";
            all.add(steps, format!(" {address} "));
        }
        for word in limits::words(query.text.as_deref()) {
            all.add("(instr(lower(i.title), ?) OR instr(lower(i.record), ?))", word);
        }
        all
    }

    /// Only what comes behind a cursor.
    fn behind(&mut self, x: char, place: Place) {
        let mut condition = format!("({x}.escalated, {x}.last, {x}.key) < (");
        for (n, value) in [place.escalated, place.last, place.key].into_iter().enumerate() {
            self.values.push(Value::Integer(value));
            let comma = if n == 0 { "" } else { ", " };
            // Writing to a string does not fail.
            let _ = write!(condition, "{comma}?{}", self.values.len());
        }
        condition.push(')');
        self.add_plain(&condition);
    }
}

/// The place of a row in the order.
#[derive(Clone, Copy)]
struct Place {
    escalated: i64,
    last: i64,
    key: i64,
}

impl Place {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || StoreError::Invalid("this cursor is none of ours; begin anew".into());
        let mut parts = text.split('.').map(|p| p.parse::<i64>().map_err(|_| wrong()));
        let mut next = || parts.next().unwrap_or_else(|| Err(wrong()));
        Ok(Self { escalated: next()?, last: next()?, key: next()? })
    }

    fn text(self) -> String {
        format!("{}.{}.{}", self.escalated, self.last, self.key)
    }
}

impl Control {
    /// A page of alerts. Words of a text must all be in title or record, whatever the case of
    /// ASCII letters; at most 8 are looked at.
    pub fn alerts(&self, query: &AlertQuery) -> Result<AlertPage> {
        let place = query.cursor.as_deref().map(Place::parse).transpose()?;
        let limit = query.limit.clamp(1, limits::PAGE);
        self.db.read("reading alerts", |db| {
            let mut all = Conditions::of_alerts(query);
            // The records are needed to look for words only.
            let join = if limits::words(query.text.as_deref()).is_empty() {
                ""
            } else {
                "LEFT JOIN alert_record r ON r.alert = a.key"
            };
            let sql = format!("SELECT count(*) FROM alert a {join} {}", all.sql);
            let total: i64 = db
                .prepare_cached(&sql)?
                .query_row(params_from_iter(&all.values), |row| row.get(0))?;
            if let Some(place) = place {
                all.behind('a', place);
            }
            let sql = format!(
                "SELECT {ALERT} FROM alert a LEFT JOIN alert_record r ON r.alert = a.key {}
                 ORDER BY a.escalated DESC, a.last DESC, a.key DESC LIMIT {}",
                all.sql,
                limit + 1
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&all.values), alert_of)?;
            let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|kept| {
                let last = kept.row.alert.last.nanos();
                Place { escalated: kept.row.escalated.into(), last, key: kept.key }.text()
            });
            let rows = rows.into_iter().map(|kept| kept.row).collect();
            Ok(AlertPage { rows, next, total: limits::uint(total) })
        })
    }

    /// A page of incidents, by the same query (detector and incident are not looked at): rows,
    /// where the next page begins, how many there are in all.
    pub fn incidents(&self, query: &AlertQuery) -> Result<(Vec<IncidentRow>, Option<String>, u64)> {
        let place = query.cursor.as_deref().map(Place::parse).transpose()?;
        let limit = query.limit.clamp(1, limits::PAGE);
        self.db.read("reading incidents", |db| {
            let mut all = Conditions::of_incidents(query);
            let sql = format!("SELECT count(*) FROM incident i {}", all.sql);
            let total: i64 = db
                .prepare_cached(&sql)?
                .query_row(params_from_iter(&all.values), |row| row.get(0))?;
            if let Some(place) = place {
                all.behind('i', place);
            }
            let sql = format!(
                "SELECT {INCIDENT} FROM incident i {}
                 ORDER BY i.escalated DESC, i.last DESC, i.key DESC LIMIT {}",
                all.sql,
                limit + 1
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&all.values), incident_of)?;
            let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|(key, row)| {
                let last = row.incident.last.nanos();
                Place { escalated: row.escalated.into(), last, key: *key }.text()
            });
            let rows = rows.into_iter().map(|(_, row)| row).collect();
            Ok((rows, next, limits::uint(total)))
        })
    }

    /// One incident.
    pub fn incident(&self, source: SourceId, id: &str) -> Result<IncidentRow> {
        self.db.read("reading an incident", |db| {
            let sql =
                format!("SELECT {INCIDENT} FROM incident i WHERE i.source = ?1 AND i.id = ?2");
            let mut query = db.prepare_cached(&sql)?;
            let found = query.query_row(params![source.0, id], incident_of).optional()?;
            Ok(found.ok_or(StoreError::Missing("incident"))?.1)
        })
    }
}
