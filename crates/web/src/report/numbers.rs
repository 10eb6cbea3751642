//! The numbers of a period. Traffic comes from the series, counts from the control store.

use crate::data::traffic::{self, total_points};
use crate::data::{self, Slice, Talker, schema};
use crate::error::Problem;
use crate::json::{Raw, alert_item, device_item, incident_item, seconds, stamp};
use crate::state::AppState;
use crate::{clock, times};
use anomalyzer_engine::Severity;
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_store::control::{AlertQuery, AlertRow, DeviceQuery, DeviceRow, IncidentRow};
use anomalyzer_store::series::{Dimension, Sums};
use anomalyzer_store::{Range, SourceId};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Points of the chart: as many as a page of paper shows.
const POINTS: usize = 240;
/// Rows of the lists of traffic.
const ROWS: usize = 10;
/// Incidents and alerts that are told.
const TOLD: usize = 20;
/// Rows that those are chosen from.
const CHOSEN_FROM: usize = 500;
/// New devices that are told.
const DEVICES: usize = 50;

/// The highest rate.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Peak {
    /// When, seconds since 1970: the start of the interval of the chart.
    pub(crate) t: i64,
    /// Bytes a second.
    pub(crate) bytes_per_s: u64,
}

/// Traffic of the period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Traffic {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    /// Flows that started.
    pub(crate) flows: u64,
    /// The highest second; null without traffic.
    pub(crate) peak: Option<Peak>,
    /// Seconds of each interval of the chart.
    pub(crate) step: i64,
    /// Start of the interval, bytes, packets. Intervals that nobody watched are absent.
    pub(crate) points: Vec<(i64, u64, u64)>,
}

/// How many alerts a detector made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DetectorCount {
    /// Id of the detector.
    pub(crate) key: String,
    /// Alerts.
    pub(crate) count: u64,
}

/// Alerts of the period, of any state; not those that rules hide.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// How many of each severity.
    pub(crate) by_severity: BTreeMap<&'static str, u64>,
    /// How many of each detector, most first.
    pub(crate) by_detector: Vec<DetectorCount>,
    /// The most severe incidents, at most 20.
    #[schema(value_type = Vec<schema::Incident>)]
    pub(crate) incidents: Vec<Raw>,
    /// The most severe alerts, at most 20.
    #[schema(value_type = Vec<schema::Alert>)]
    pub(crate) top: Vec<Raw>,
}

/// Devices of the source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Devices {
    /// All that are known.
    pub(crate) total: u64,
    /// Those that were first seen in the period, at most 50.
    #[schema(value_type = Vec<schema::Device>)]
    pub(crate) new: Vec<Raw>,
}

/// The report of a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    pub(crate) source: i64,
    pub(crate) from: String,
    pub(crate) to: String,
    /// When it was made, wall clock.
    pub(crate) generated: String,
    pub(crate) traffic: Traffic,
    pub(crate) protocols: Vec<Slice>,
    pub(crate) apps: Vec<Slice>,
    pub(crate) talkers: Vec<Talker>,
    pub(crate) ports: Vec<Slice>,
    pub(crate) alerts: Alerts,
    pub(crate) devices: Devices,
}

/// A report with the rows that its records are made of, for the page.
pub(crate) struct Contents {
    pub(crate) report: Report,
    pub(crate) source_name: String,
    pub(crate) range: Range,
    pub(crate) incidents: Vec<IncidentRow>,
    pub(crate) incidents_total: u64,
    pub(crate) alerts: Vec<AlertRow>,
    pub(crate) devices: Vec<DeviceRow>,
}

/// Collects the numbers of a period. Blocks.
pub(crate) fn collect(app: &AppState, source: SourceId, range: Range) -> Result<Contents, Problem> {
    let names = app.data.known.names(app.store.control(), source)?;
    let shares = |dimension| traffic::shares(app, source, range, dimension, ROWS, &names);
    let traffic = traffic_of(app, source, range)?;
    let (incidents, incidents_total) = incidents(app, source, range)?;
    let alerts = top_alerts(app, source, range)?;
    let (_, now) = times::source_now(app, Some(source.0))?;
    let (devices, total) = new_devices(app, source, range)?;
    let open = |row: &DeviceRow| Some(names.open_alerts(&row.device.addresses));
    let report = Report {
        source: source.0,
        from: stamp(range.from),
        to: stamp(range.to),
        generated: seconds(clock::now()),
        traffic,
        protocols: shares(Dimension::Protocol)?,
        apps: shares(Dimension::App)?,
        talkers: traffic::talkers(app, source, range, ROWS, &names)?,
        ports: shares(Dimension::Port)?,
        alerts: Alerts {
            by_severity: by_severity(app, source, range)?,
            by_detector: by_detector(app, source, range)?,
            incidents: incidents.iter().map(incident_item).collect(),
            top: alerts.iter().map(alert_item).collect(),
        },
        devices: Devices {
            total,
            new: devices.iter().map(|row| device_item(row, now, open(row))).collect(),
        },
    };
    let source_name = app.store.control().source(source).map(|source| source.name);
    let source_name = source_name.unwrap_or_default();
    Ok(Contents { report, source_name, range, incidents, incidents_total, alerts, devices })
}

/// Traffic over time.
fn traffic_of(app: &AppState, source: SourceId, range: Range) -> Result<Traffic, Problem> {
    let answer = traffic::query(app, source, range, Dimension::Total, Vec::new(), 1, POINTS)?;
    let points = total_points(&answer, range);
    let totals = app.store.series().totals(source, range, Dimension::Total, 1)?;
    let sums = totals.first().map_or(Sums::default(), |(_, sums)| *sums);
    let peak = points.iter().max_by_key(|point| (point.4, std::cmp::Reverse(point.0)));
    let peak = peak.filter(|point| point.4 > 0).map(|p| Peak { t: p.0, bytes_per_s: p.4 });
    let traffic = Traffic {
        bytes: sums.bytes,
        packets: sums.packets,
        flows: sums.flows,
        peak,
        step: answer.step,
        points: points.iter().map(|point| (point.0, point.1, point.2)).collect(),
    };
    Ok(traffic)
}

fn query(source: SourceId, range: Range) -> AlertQuery {
    AlertQuery { source: Some(source), range: Some(range), limit: 1, ..data::all_alerts() }
}

/// The most severe incidents, and how many there are.
fn incidents(
    app: &AppState,
    source: SourceId,
    range: Range,
) -> Result<(Vec<IncidentRow>, u64), Problem> {
    let query = AlertQuery { limit: CHOSEN_FROM, ..query(source, range) };
    let (mut rows, _, total) = app.store.control().incidents(&query)?;
    rows.sort_by(|a, b| {
        let (a, b) = (&a.incident, &b.incident);
        b.severity.cmp(&a.severity).then(b.last.cmp(&a.last)).then_with(|| a.id.cmp(&b.id))
    });
    rows.truncate(TOLD);
    Ok((rows, total))
}

/// The most severe alerts; within a severity the latest.
fn top_alerts(app: &AppState, source: SourceId, range: Range) -> Result<Vec<AlertRow>, Problem> {
    let mut rows: Vec<AlertRow> = Vec::new();
    for severity in Severity::ALL.into_iter().rev() {
        // The list holds those of the severities above already, so each query adds one.
        let query = AlertQuery { severity, limit: CHOSEN_FROM, ..query(source, range) };
        rows = app.store.control().alerts(&query)?.rows;
        if rows.len() >= TOLD {
            break;
        }
    }
    rows.sort_by(|a, b| {
        let (a, b) = (&a.alert, &b.alert);
        b.severity.cmp(&a.severity).then(b.last.cmp(&a.last)).then_with(|| a.id.cmp(&b.id))
    });
    rows.truncate(TOLD);
    Ok(rows)
}

/// How many alerts there are of each severity: a query counts those at least so severe.
fn by_severity(
    app: &AppState,
    source: SourceId,
    range: Range,
) -> Result<BTreeMap<&'static str, u64>, Problem> {
    let (mut counts, mut above) = (BTreeMap::new(), 0);
    for severity in Severity::ALL.into_iter().rev() {
        let query = AlertQuery { severity, ..query(source, range) };
        let total = app.store.control().alerts(&query)?.total;
        counts.insert(severity.name(), total.saturating_sub(above));
        above = total;
    }
    Ok(counts)
}

fn by_detector(
    app: &AppState,
    source: SourceId,
    range: Range,
) -> Result<Vec<DetectorCount>, Problem> {
    let mut counts = Vec::new();
    for spec in DETECTORS {
        let query = AlertQuery { detector: Some(spec.id.to_owned()), ..query(source, range) };
        let count = app.store.control().alerts(&query)?.total;
        if count > 0 {
            counts.push(DetectorCount { key: spec.id.to_owned(), count });
        }
    }
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
    Ok(counts)
}

/// Devices that were first seen in the period, the latest first, and how many are known.
fn new_devices(
    app: &AppState,
    source: SourceId,
    range: Range,
) -> Result<(Vec<DeviceRow>, u64), Problem> {
    let query = DeviceQuery {
        source,
        sort: "first".to_owned(),
        descending: true,
        limit: CHOSEN_FROM,
        ..DeviceQuery::default()
    };
    let (rows, total) = app.store.control().devices(&query)?;
    let within = |row: &DeviceRow| row.device.first >= range.from && row.device.first < range.to;
    Ok((rows.into_iter().filter(within).take(DEVICES).collect(), total))
}
