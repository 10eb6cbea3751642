//! Traffic over time as charts need it: every interval has a point, unless nobody watched.

use super::{Limits, Names, Slice, Talker, band, key_address, label, slice, talker};
use crate::error::Problem;
use crate::state::AppState;
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{AlertQuery, AlertRow};
use anomalyzer_store::series::{Dimension, Point, SeriesAnswer, SeriesQuery, Sums};
use anomalyzer_store::{Range, SourceId};
use anomalyzer_wire::Addr;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Key of the sum of several series.
pub(crate) const AGGREGATE: &str = "*";
/// Most alerts that are marked in a chart.
const ANOMALIES_MAX: usize = 200;
/// Alerts looked at for that.
const ALERTS_MAX: usize = 1_000;

/// Start of the interval in seconds since 1970; bytes, packets, flows in it; the highest bytes and
/// packets a second within.
pub(crate) type ChartPoint = (i64, u64, u64, u64, u64, u64);

/// Sums over a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Total {
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    /// Packets.
    pub(crate) packets: u64,
    /// Flows that started.
    pub(crate) flows: u64,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Series {
    /// What it is about; `*` for the sum of all in the answer.
    pub(crate) key: String,
    /// The same for people.
    pub(crate) label: String,
    /// Sums over the range.
    pub(crate) total: Total,
    /// `[t, bytes, packets, flows, peak bytes/s, peak packets/s]` for each interval that somebody
    /// watched.
    #[schema(value_type = Vec<(i64, u64, u64, u64, u64, u64)>)]
    pub(crate) points: Vec<ChartPoint>,
    /// What was to be expected of each point.
    pub(crate) limits: Option<Limits>,
}

/// An alert as a mark in a chart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Anomaly {
    /// When it began, or the beginning of the range; seconds since 1970.
    pub(crate) t: i64,
    /// The alert's id.
    pub(crate) id: String,
    /// Detector.
    pub(crate) detector: String,
    /// Severity.
    pub(crate) severity: &'static str,
    /// One line.
    pub(crate) title: String,
    /// The device that it is about; of all traffic, its first source or destination.
    pub(crate) address: Option<String>,
}

/// The lines of an answer of the store.
pub(crate) fn lines(
    answer: &SeriesAnswer,
    range: Range,
    dimension: Dimension,
    limits: bool,
    names: &Names,
) -> Vec<Series> {
    let phase = phase(answer, range);
    let line = |(key, points): &(String, Vec<Point>)| {
        let label = label(dimension, key, names);
        series(key.clone(), label, dense(points, answer, range, phase), limits)
    };
    answer.series.iter().map(line).collect()
}

/// The sum of several lines, with limits learned from the sum. What peaks at different moments
/// within an interval is not known to peak together: the peak is at least the highest of one.
pub(crate) fn aggregate(lines: &[Series], limits: bool) -> Series {
    let mut sums: BTreeMap<i64, ChartPoint> = BTreeMap::new();
    for point in lines.iter().flat_map(|line| &line.points) {
        let sum = sums.entry(point.0).or_insert((point.0, 0, 0, 0, 0, 0));
        sum.1 = sum.1.saturating_add(point.1);
        sum.2 = sum.2.saturating_add(point.2);
        sum.3 = sum.3.saturating_add(point.3);
        sum.4 = sum.4.max(point.4);
        sum.5 = sum.5.max(point.5);
    }
    let points = sums.into_values().collect();
    series(AGGREGATE.to_owned(), format!("sum of {}", lines.len()), points, limits)
}

fn series(key: String, label: String, points: Vec<ChartPoint>, limits: bool) -> Series {
    let mut total = Total::default();
    for point in &points {
        total.bytes = total.bytes.saturating_add(point.1);
        total.packets = total.packets.saturating_add(point.2);
        total.flows = total.flows.saturating_add(point.3);
    }
    let limits = limits.then(|| learned(&points)).flatten();
    Series { key, label, total, points, limits }
}

fn learned(points: &[ChartPoint]) -> Option<Limits> {
    let of = |value: fn(&ChartPoint) -> u64| {
        band(&points.iter().map(|point| value(point) as f64).collect::<Vec<_>>())
    };
    Some(Limits { bytes: of(|point| point.1)?, packets: of(|point| point.2)? })
}

/// Where intervals begin within the step.
fn phase(answer: &SeriesAnswer, range: Range) -> i64 {
    let step = answer.step.max(1);
    let first = answer.series.iter().find_map(|(_, points)| points.first());
    let start = first.map_or(range.from.secs() - range.from.secs().rem_euclid(step), |p| p.start);
    start.rem_euclid(step)
}

/// Points with zeros where there was no traffic; intervals that nobody watched stay absent.
fn dense(points: &[Point], answer: &SeriesAnswer, range: Range, phase: i64) -> Vec<ChartPoint> {
    let step = answer.step.max(1);
    let (from, to) = (range.from.secs(), range.to.plus_nanos(-1).secs());
    let before = (from - phase).rem_euclid(step);
    let first = points.first().map_or(i64::MAX, |point| point.start).min(from - before);
    let mut known = points.iter().peekable();
    let mut out = Vec::new();
    let mut start = first;
    // The store gives at most 1,000 points; twice that ends a loop over a step that does not fit.
    while start <= to && out.len() < 2_000 {
        while known.peek().is_some_and(|point| point.start < start) {
            known.next();
        }
        match known.peek().filter(|point| point.start == start) {
            Some(point) => out.push(chart_point(point)),
            None if in_gap(&answer.gaps, start, start + step) => {}
            None => out.push((start, 0, 0, 0, 0, 0)),
        }
        start += step;
    }
    out
}

fn in_gap(gaps: &[(i64, i64)], from: i64, to: i64) -> bool {
    gaps.iter().any(|(start, end)| *start <= from && to <= *end)
}

fn chart_point(point: &Point) -> ChartPoint {
    let Sums { bytes, packets, flows, .. } = point.sums;
    (point.start, bytes, packets, flows, point.peak.bytes, point.peak.packets)
}

/// The points of an answer about all traffic.
pub(crate) fn total_points(answer: &SeriesAnswer, range: Range) -> Vec<ChartPoint> {
    let points = answer.series.first().map_or(&[][..], |(_, points)| points.as_slice());
    dense(points, answer, range, phase(answer, range))
}

/// Asks the store for the points of a chart.
pub(crate) fn query(
    app: &AppState,
    source: SourceId,
    range: Range,
    dimension: Dimension,
    keys: Vec<String>,
    top: usize,
    points: usize,
) -> Result<SeriesAnswer, Problem> {
    let query = SeriesQuery { source, range, dimension, keys, top, points };
    Ok(app.store.series().query(&query)?)
}

/// The largest shares by one dimension.
pub(crate) fn shares(
    app: &AppState,
    source: SourceId,
    range: Range,
    dimension: Dimension,
    top: usize,
    names: &Names,
) -> Result<Vec<Slice>, Problem> {
    let totals = app.store.series().totals(source, range, dimension, top)?;
    Ok(totals.iter().map(|(key, sums)| slice(dimension, key, *sums, names)).collect())
}

/// The hosts that talk most.
pub(crate) fn talkers(
    app: &AppState,
    source: SourceId,
    range: Range,
    top: usize,
    names: &Names,
) -> Result<Vec<Talker>, Problem> {
    // What is not told apart is no host.
    let totals = app.store.series().totals(source, range, Dimension::Device, top + 1)?;
    let hosts = totals.iter().filter(|(key, _)| key_address(key).is_some()).take(top);
    Ok(hosts.map(|(key, sums)| talker(key, *sums, &app.data.known, names)).collect())
}

/// Alerts to mark in a chart: those of the range, or of these addresses in it; the most severe when
/// there are too many.
pub(crate) fn anomalies(
    app: &AppState,
    source: SourceId,
    range: Range,
    about: Option<&[Addr]>,
) -> Result<Vec<Anomaly>, Problem> {
    let query = AlertQuery {
        source: Some(source),
        range: Some(range),
        limit: ALERTS_MAX,
        ..super::all_alerts()
    };
    let page = app.store.control().alerts(&query)?;
    let mut found: Vec<(Severity, Anomaly)> =
        page.rows.iter().filter_map(|row| anomaly(row, range, about)).collect();
    found.sort_by(|(a, x), (b, y)| b.cmp(a).then(y.t.cmp(&x.t)));
    found.truncate(ANOMALIES_MAX);
    let mut marks: Vec<Anomaly> = found.into_iter().map(|(_, mark)| mark).collect();
    marks.sort_by(|a, b| (a.t, &a.id).cmp(&(b.t, &b.id)));
    Ok(marks)
}

fn anomaly(row: &AlertRow, range: Range, about: Option<&[Addr]>) -> Option<(Severity, Anomaly)> {
    let alert = &row.alert;
    let mut named = alert.src.iter().chain(&alert.dst);
    let address = match about {
        Some(addrs) => Some(named.find(|addr| addrs.contains(addr))?),
        None => named.next(),
    };
    let mark = Anomaly {
        t: alert.first.max(range.from).secs(),
        id: alert.id.clone(),
        detector: alert.detector.clone(),
        severity: alert.severity.name(),
        title: alert.title.clone(),
        address: address.map(ToString::to_string),
    };
    Some((alert.severity, mark))
}

/// The addresses that keys are.
pub(crate) fn addresses<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<Addr> {
    keys.filter_map(key_address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_wire::Timestamp;

    fn point(start: i64, bytes: u64) -> Point {
        let sums = Sums { bytes, packets: 1, ..Sums::default() };
        Point { start, sums, peak: sums }
    }

    fn range(from: i64, to: i64) -> Range {
        let at = |secs| Timestamp::from_secs_nanos(secs, 0);
        Range { from: at(from), to: at(to) }
    }

    fn starts(points: &[ChartPoint]) -> Vec<i64> {
        points.iter().map(|point| point.0).collect()
    }

    #[test]
    fn silence_is_zero_and_what_nobody_watched_is_absent() {
        let points = vec![point(1_010, 5), point(1_030, 7)];
        let answer = SeriesAnswer {
            step: 10,
            series: vec![(String::new(), points)],
            gaps: vec![(1_040, 1_065)],
        };
        let lines = lines(&answer, range(1_003, 1_080), Dimension::Total, true, &Names::default());
        let points = &lines[0].points;
        assert_eq!(starts(points), [1_000, 1_010, 1_020, 1_030, 1_060, 1_070]);
        assert_eq!(points[1], (1_010, 5, 1, 0, 5, 1));
        assert_eq!(points[2].1, 0);
        assert_eq!(lines[0].total.bytes, 12);
        let limits = lines[0].limits.as_ref().unwrap();
        assert_eq!(limits.bytes.upper.len(), points.len());
    }

    #[test]
    fn steps_that_do_not_divide_the_clock_keep_their_phase() {
        let points = vec![point(1_003, 1), point(1_010, 2)];
        let answer = SeriesAnswer { step: 7, series: vec![("k".into(), points)], gaps: Vec::new() };
        let lines = lines(&answer, range(1_000, 1_024), Dimension::App, false, &Names::default());
        assert_eq!(starts(&lines[0].points), [996, 1_003, 1_010, 1_017]);
        assert_eq!(lines[0].limits, None);
    }

    #[test]
    fn the_aggregate_learns_from_the_sum() {
        let line = |key: &str, values: [u64; 4]| {
            let points: Vec<Point> =
                values.iter().zip(0..).map(|(bytes, i)| point(i * 10, *bytes)).collect();
            (key.to_owned(), points)
        };
        let answer = SeriesAnswer {
            step: 10,
            series: vec![line("a", [100, 0, 100, 0]), line("b", [0, 100, 0, 100])],
            gaps: Vec::new(),
        };
        let lines = lines(&answer, range(0, 40), Dimension::App, true, &Names::default());
        let sum = aggregate(&lines, true);
        assert_eq!(sum.points.iter().map(|p| p.1).collect::<Vec<_>>(), [100; 4]);
        assert_eq!((sum.key.as_str(), sum.total.bytes), ("*", 400));
        let (own, all) = (lines[0].limits.as_ref().unwrap(), sum.limits.as_ref().unwrap());
        assert!(
            all.bytes.upper[3] < own.bytes.upper[3] * 2.0,
            "the sum is steadier than its parts"
        );
        assert!((all.bytes.mean[3] - 100.0).abs() < 1e-9);
    }
}
