//! Traffic over time, with control limits and what was found.

use crate::data;
use crate::data::traffic::{self, Anomaly, Series};
use crate::error::Problem;
use crate::extract::Pairs;
use crate::json::stamp;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_store::series::Dimension;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most lines of a chart.
const SERIES_MAX: usize = 20;
/// Most points of a line.
const POINTS_MAX: usize = 1_000;
/// Most bytes of a key.
const KEY_MAX: usize = 64;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(series));
}

/// What is drawn.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read from pairs, since `key` may be repeated")]
struct Params {
    /// Of which source; 1 when absent.
    source: Option<i64>,
    /// RFC 3339, unix seconds, `now`, or back from the source's now: `-15m`. `-1h` when absent.
    from: Option<String>,
    /// The same; `now` when absent.
    to: Option<String>,
    /// `total`, `protocol`, `app`, `port` or `device`.
    by: Option<String>,
    /// Only these keys, at most 20.
    key: Option<Vec<String>>,
    /// When no key is named: how many of the largest, 1 to 20.
    top: Option<usize>,
    /// Most points of a line, 2 to 1,000.
    points: Option<usize>,
    /// With control limits.
    limits: Option<bool>,
    /// Also the sum of the lines, with limits learned from the sum.
    aggregate: Option<bool>,
}

/// A chart.
#[derive(Serialize, ToSchema)]
struct SeriesView {
    from: String,
    to: String,
    /// Seconds of each interval.
    step: i64,
    /// By what.
    by: &'static str,
    /// The lines, most bytes first; the sum of all, if asked for, is the first.
    series: Vec<Series>,
    /// Times when nobody watched: seconds from, to.
    gaps: Vec<(i64, i64)>,
    /// Alerts of the range, of devices only those that name one of them; at most 200.
    anomalies: Vec<Anomaly>,
}

/// What was asked for, checked.
struct Asked {
    source: Option<i64>,
    by: &'static str,
    dimension: Dimension,
    keys: Vec<String>,
    top: usize,
    points: usize,
    limits: bool,
    aggregate: bool,
}

/// Traffic over time.
#[utoipa::path(get, path = "/api/v1/series", tag = "traffic", params(Params),
    responses((status = 200, body = SeriesView)))]
async fn series(State(state): State<AppState>, pairs: Pairs) -> Result<Json<SeriesView>, Problem> {
    blocking(&state, move |app| view(app, &pairs).map(Json)).await
}

fn view(app: &AppState, pairs: &Pairs) -> Result<SeriesView, Problem> {
    let asked = asked(pairs)?;
    let (from, to) = (pairs.first("from"), pairs.first("to"));
    let (source, range) = times::range(app, asked.source, from, to, "-1h")?;
    let names = app.data.known.names(app.store.control(), source)?;
    let answer =
        traffic::query(app, source, range, asked.dimension, asked.keys, asked.top, asked.points)?;
    let mut series = traffic::lines(&answer, range, asked.dimension, asked.limits, &names);
    let keys = || series.iter().map(|line| line.key.as_str());
    let about = (asked.dimension == Dimension::Device).then(|| traffic::addresses(keys()));
    let anomalies = traffic::anomalies(app, source, range, about.as_deref())?;
    if asked.aggregate {
        series.insert(0, traffic::aggregate(&series, asked.limits));
    }
    Ok(SeriesView {
        from: stamp(range.from),
        to: stamp(range.to),
        step: answer.step,
        by: asked.by,
        series,
        gaps: answer.gaps,
        anomalies,
    })
}

fn asked(pairs: &Pairs) -> Result<Asked, Problem> {
    let (by, dimension) = data::choice(
        "by",
        pairs.first("by"),
        &[
            ("total", ("total", Dimension::Total)),
            ("protocol", ("protocol", Dimension::Protocol)),
            ("app", ("app", Dimension::App)),
            ("port", ("port", Dimension::Port)),
            ("device", ("device", Dimension::Device)),
        ],
    )?;
    let keys = pairs.all("key");
    if keys.len() > SERIES_MAX {
        return Err(Problem::field("key", format!("expected at most {SERIES_MAX} keys")));
    }
    if keys.iter().any(|key| key.is_empty() || key.len() > KEY_MAX) {
        let message = "expected what series are about, such as `tcp`, `dns`, `443/tcp`, 10.0.0.1";
        return Err(Problem::field("key", message));
    }
    Ok(Asked {
        source: data::source(pairs.first("source"))?,
        by,
        dimension,
        // The total has one line, whose key is empty.
        keys: if dimension == Dimension::Total { Vec::new() } else { keys },
        top: data::bounded("top", pairs.first("top"), 8, 1..=SERIES_MAX)?,
        points: data::bounded("points", pairs.first("points"), 600, 2..=POINTS_MAX)?,
        limits: data::flag("limits", pairs.first("limits"), true)?,
        aggregate: data::flag("aggregate", pairs.first("aggregate"), false)?,
    })
}
