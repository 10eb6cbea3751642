//! How long things are kept and what they take.

use crate::control::{SettingsView, Status};
use crate::error::Problem;
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use anomalyzer_store::{Options, SourceId};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Hours of history below which no rate can be told.
const HOURS_MIN: f64 = 1.0;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(retention));
}

/// Bytes of the stores.
#[derive(Serialize, ToSchema)]
#[schema(as = StoreBytes)]
struct Used {
    control: u64,
    series: u64,
    history: u64,
    evidence: u64,
}

/// How long things are kept. Changed by the settings `store.*`.
#[derive(Serialize, ToSchema)]
struct Retention {
    /// Days that flow records are kept.
    history_days: u64,
    /// Most bytes of flow records.
    history_bytes: u64,
    /// Days that closed alerts and the audit trail are kept.
    alert_days: u64,
    used: Used,
    /// Free bytes of the disk.
    free: u64,
    /// Days of flow records that will be kept at the rate so far, by age, size and disk; null
    /// while there is less than an hour.
    projected_days: Option<f64>,
}

/// How long things are kept, and what they take.
#[utoipa::path(get, path = "/api/v1/retention", tag = "settings",
    responses((status = 200, body = Retention)))]
async fn retention(State(state): State<AppState>) -> Result<Json<Retention>, Problem> {
    blocking(&state, |app| {
        let span = app.store.series().span(SourceId::SENSOR)?;
        let seconds = span.map_or(0, |(first, last)| last.saturating_sub(first));
        Ok(Json(told(&app.control.settings()?, &app.control.status(), seconds)))
    })
    .await
}

fn told(settings: &SettingsView, status: &Status, seconds: i64) -> Retention {
    let defaults = Options::default();
    let set = |key: &str, default: u64| number(settings, key).unwrap_or(default);
    let [control, series, history, evidence] = status.store_bytes;
    let mut retention = Retention {
        history_days: set("store.history_days", u64::from(defaults.history_days)),
        history_bytes: set("store.history_bytes", defaults.history_bytes),
        alert_days: set("store.alert_days", u64::from(defaults.alert_days)),
        used: Used { control, series, history, evidence },
        free: status.disk_free_bytes,
        projected_days: None,
    };
    retention.projected_days = projected(&retention, seconds as f64);
    retention
}

/// The days that fit, at the bytes a day that came so far.
fn projected(retention: &Retention, seconds: f64) -> Option<f64> {
    let days = seconds / 86_400.0;
    if days * 24.0 < HOURS_MIN || retention.used.history == 0 {
        return None;
    }
    let rate = retention.used.history as f64 / days.min(retention.history_days as f64);
    let disk = retention.used.history.saturating_add(retention.free);
    let room = retention.history_bytes.min(disk) as f64;
    let fit = (room / rate).min(retention.history_days as f64);
    Some((fit * 10.0).round() / 10.0)
}

/// A number among the settings; TOML allows `_` between digits.
fn number(settings: &SettingsView, key: &str) -> Option<u64> {
    let setting = settings.core.iter().find(|setting| setting.key == key)?;
    setting.value.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Setting;

    fn settings(key: &str, value: &str) -> SettingsView {
        let setting = Setting {
            key: key.into(),
            value: value.into(),
            default: String::new(),
            origin: "file".into(),
            unit: "bytes".into(),
            summary: String::new(),
            range: None,
            kind: "number".into(),
            restart: false,
        };
        SettingsView { version: 1, core: vec![setting], detectors: Vec::new() }
    }

    #[test]
    fn the_days_that_fit() {
        let status = |history| Status {
            store_bytes: [1, 2, history, 4],
            disk_free_bytes: 1 << 40,
            ..Status::default()
        };
        let small = settings("store.history_bytes", "10_000_000");
        let day = 86_400;
        // A million bytes a day, ten million at most: ten days.
        let retention = told(&small, &status(2_000_000), 2 * day);
        assert_eq!((retention.history_bytes, retention.history_days), (10_000_000, 30));
        assert_eq!(retention.projected_days, Some(10.0));
        // As many days as the age allows.
        assert_eq!(told(&small, &status(20_000), 2 * day).projected_days, Some(30.0));
        assert_eq!(told(&small, &status(2_000), 60).projected_days, None);
        assert_eq!(told(&small, &status(0), 2 * day).projected_days, None);
    }
}
