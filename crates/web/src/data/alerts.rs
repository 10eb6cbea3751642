//! Which alerts are asked for, and the inbox: incidents, and alerts that belong to none.

use crate::data::{self, ID_MAX, TEXT_MAX};
use crate::error::Problem;
use crate::json::{Raw, alert_item, incident_item, raw};
use crate::state::AppState;
use crate::times;
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{AlertQuery, AlertRow, AlertState, IncidentRow};
use anomalyzer_store::{Range, SourceId};
use anomalyzer_wire::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// Most rows of a page.
pub(crate) const LIMIT_MAX: usize = 1_000;
/// Pages of alerts read for one page of the inbox, since steps of incidents are left out.
const PAGES_MAX: usize = 10;
/// Rows of each.
const PAGE: usize = 500;
/// Most bytes of a cursor.
const CURSOR_MAX: usize = 1_024;

/// Every alert that no rule hides.
pub(crate) fn all_alerts() -> AlertQuery {
    AlertQuery {
        source: None,
        range: None,
        states: Vec::new(),
        severity: Severity::Info,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: false,
        limit: 100,
        cursor: None,
    }
}

/// Which alerts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertParams {
    /// Of which source; all when absent.
    #[param(value_type = Option<i64>)]
    pub(crate) source: Option<String>,
    /// Whose last observation is not before this.
    pub(crate) from: Option<String>,
    /// Whose last observation is before this.
    pub(crate) to: Option<String>,
    /// States, separated by commas; `all`.
    pub(crate) state: Option<String>,
    /// Least severity.
    pub(crate) severity: Option<String>,
    /// Id of a detector.
    pub(crate) detector: Option<String>,
    /// An address among sources or destinations.
    pub(crate) address: Option<String>,
    /// Words in title or record.
    pub(crate) text: Option<String>,
    /// Steps of this incident.
    pub(crate) incident: Option<String>,
    /// Also alerts that rules hide.
    #[param(value_type = Option<bool>)]
    pub(crate) suppressed: Option<String>,
    /// Most rows, 1 to 1,000; 100 when absent.
    #[param(value_type = Option<usize>)]
    pub(crate) limit: Option<String>,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
}

impl AlertParams {
    /// The query; what is absent is as in `defaults`. Blocks.
    pub(crate) fn query(
        &self,
        app: &AppState,
        defaults: &AlertQuery,
    ) -> Result<AlertQuery, Problem> {
        let source = data::source(self.source.as_deref())?;
        let text = |field, value: &Option<String>| data::text(field, value.as_deref(), TEXT_MAX);
        Ok(AlertQuery {
            source: source.map(SourceId).or(defaults.source),
            range: self.range(app, source)?,
            states: data::states(self.state.as_deref(), &defaults.states)?,
            severity: data::severity(self.severity.as_deref(), defaults.severity)?,
            detector: text("detector", &self.detector)?,
            address: data::address("address", self.address.as_deref())?,
            text: text("text", &self.text)?,
            incident: data::text("incident", self.incident.as_deref(), ID_MAX)?,
            suppressed: data::flag("suppressed", self.suppressed.as_deref(), defaults.suppressed)?,
            limit: data::bounded("limit", self.limit.as_deref(), defaults.limit, 1..=LIMIT_MAX)?,
            cursor: data::text("cursor", self.cursor.as_deref(), CURSOR_MAX)?,
        })
    }

    fn range(&self, app: &AppState, source: Option<i64>) -> Result<Option<Range>, Problem> {
        if self.from.is_none() && self.to.is_none() {
            return Ok(None);
        }
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        times::range(app, source, from, to, "0").map(|(_, range)| Some(range))
    }
}

/// What the inbox shows when nothing else is said.
pub(crate) fn inbox_defaults() -> AlertQuery {
    AlertQuery {
        states: vec![AlertState::Open, AlertState::Acknowledged],
        severity: Severity::Medium,
        ..all_alerts()
    }
}

/// Where a list goes on: the page that the next row is on, and the row's number in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The page's cursor.
    page: Option<String>,
    /// Rows of it that were given.
    skip: usize,
    /// Nothing is left.
    done: bool,
}

/// Where both lists go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    incidents: Place,
    alerts: Place,
}

impl Cursor {
    fn read(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::default()) };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| {
            Problem::field("cursor", "is none of ours; take `next` of the page before")
        })
    }

    fn write(&self) -> Option<String> {
        if self.incidents.done && self.alerts.done {
            return None;
        }
        serde_json::to_vec(self).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A row with the place behind it, and what it is ordered by.
struct Ranked<T> {
    row: T,
    after: Place,
    escalated: bool,
    last: Timestamp,
}

/// A page of the inbox: escalated first, then latest first.
pub(crate) fn inbox(
    app: &AppState,
    query: &AlertQuery,
) -> Result<(Vec<Raw>, Option<String>), Problem> {
    let mut cursor = Cursor::read(query.cursor.as_deref())?;
    let (incidents, incidents_end) = incidents(app, query, &cursor.incidents)?;
    let (alerts, alerts_end) = loose_alerts(app, query, &cursor.alerts)?;
    let mut items = Vec::new();
    let (mut incidents, mut alerts) =
        (incidents.into_iter().peekable(), alerts.into_iter().peekable());
    while items.len() < query.limit {
        let incident_first = match (incidents.peek(), alerts.peek()) {
            (Some(a), Some(b)) => (a.escalated, a.last) >= (b.escalated, b.last),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        if incident_first {
            let Some(next) = incidents.next() else { break };
            cursor.incidents = next.after;
            items.push(entry_of_incident(&next.row));
        } else {
            let Some(next) = alerts.next() else { break };
            cursor.alerts = next.after;
            items.push(entry_of_alert(&next.row));
        }
    }
    if incidents.peek().is_none() {
        cursor.incidents = incidents_end;
    }
    if alerts.peek().is_none() {
        cursor.alerts = alerts_end;
    }
    Ok((items, cursor.write()))
}

fn incidents(
    app: &AppState,
    query: &AlertQuery,
    from: &Place,
) -> Result<(Vec<Ranked<IncidentRow>>, Place), Problem> {
    if from.done || query.incident.is_some() || query.detector.is_some() {
        return Ok((Vec::new(), Place { done: true, ..Place::default() }));
    }
    let mut rows = Vec::new();
    let mut place = from.clone();
    while rows.len() < query.limit && !place.done {
        let asked = AlertQuery { limit: PAGE, cursor: place.page.clone(), ..query.clone() };
        let (page, next, _) = app.store.control().incidents(&asked)?;
        for (at, row) in page.into_iter().enumerate().skip(place.skip) {
            let after = Place { page: place.page.clone(), skip: at + 1, done: false };
            let (escalated, last) = (row.escalated, row.incident.last);
            rows.push(Ranked { row, after, escalated, last });
        }
        place = Place { done: next.is_none(), page: next, skip: 0 };
    }
    Ok((rows, place))
}

/// Alerts that belong to no incident, or, when some of one incident are asked for, those.
fn loose_alerts(
    app: &AppState,
    query: &AlertQuery,
    from: &Place,
) -> Result<(Vec<Ranked<AlertRow>>, Place), Problem> {
    let mut rows = Vec::new();
    let mut place = from.clone();
    for _ in 0..PAGES_MAX {
        if rows.len() >= query.limit || place.done {
            break;
        }
        let asked = AlertQuery { limit: PAGE, cursor: place.page.clone(), ..query.clone() };
        let page = app.store.control().alerts(&asked)?;
        for (at, row) in page.rows.into_iter().enumerate().skip(place.skip) {
            if row.incident.is_some() && query.incident.is_none() {
                continue;
            }
            let after = Place { page: place.page.clone(), skip: at + 1, done: false };
            let (escalated, last) = (row.escalated, row.alert.last);
            rows.push(Ranked { row, after, escalated, last });
        }
        place = Place { done: page.next.is_none(), page: page.next, skip: 0 };
    }
    Ok((rows, place))
}

#[derive(Serialize)]
struct IncidentEntry {
    kind: &'static str,
    incident: Raw,
}

#[derive(Serialize)]
struct AlertEntry {
    kind: &'static str,
    alert: Raw,
}

fn entry_of_incident(row: &IncidentRow) -> Raw {
    raw(&IncidentEntry { kind: "incident", incident: incident_item(row) })
}

fn entry_of_alert(row: &AlertRow) -> Raw {
    raw(&AlertEntry { kind: "alert", alert: alert_item(row) })
}
