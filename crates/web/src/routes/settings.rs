//! Settings and detectors, and what a change would do before it is made.

use crate::audit;
use crate::auth::Caller;
use crate::control::{BacktestAnswer, DetectorInfo, SettingsChange, SettingsView};
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{self, Path};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use anomalyzer_store::SourceId;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Most keys and host overrides of one change.
const KEYS_MAX: usize = 500;
/// Most bytes of a key, a value or a prefix.
const VALUE_MAX: usize = 4 << 10;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(view));
    routes.add(Rule::admin(), routes!(change));
    routes.add(Rule::analyst().heavy().unhurried(), routes!(back_test));
    routes.add(Rule::viewer(), routes!(detectors));
    routes.add(Rule::viewer(), routes!(detector));
}

/// All settings with their origins.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, body = SettingsView)))]
async fn view(State(state): State<AppState>) -> Result<Json<SettingsView>, Problem> {
    blocking(&state, |app| Ok(Json(app.control.settings()?))).await
}

/// The version that a change made.
#[derive(Serialize, ToSchema)]
struct Version {
    version: i64,
}

/// Changes settings: checked, kept, and in use from the next epoch on. A `place` in a refusal is
/// the key.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings", request_body = SettingsChange,
    responses((status = 200, body = Version)))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(change): extract::Json<SettingsChange>,
) -> Result<Json<Version>, Problem> {
    check(&change)?;
    blocking(&state, move |app| {
        let before = app.control.settings()?;
        if before.version != change.version {
            return Err(Problem::conflict(
                "the settings were changed in between; read them again and repeat the change",
            ));
        }
        let version = app.control.change_settings(&change, caller.name())?;
        let detail = json!({ "before": values(&before, &change), "change": change });
        audit::done(app, &caller, "settings.change", &version.to_string(), detail)?;
        Ok(Json(Version { version }))
    })
    .await
}

/// What the keys of a change were before.
fn values(view: &SettingsView, change: &SettingsChange) -> Vec<(String, String)> {
    let all = view.core.iter().chain(view.detectors.iter().flat_map(|d| &d.settings));
    let named = |key: &String| change.set.iter().any(|(set, _)| set == key);
    all.filter(|s| named(&s.key)).map(|s| (s.key.clone(), s.value.clone())).collect()
}

fn check(change: &SettingsChange) -> Result<(), Problem> {
    let overrides = || change.hosts.iter().flat_map(|(_, hosts)| hosts);
    let values: usize = overrides().map(|host| 1 + host.values.len()).sum();
    if change.set.len() + values > KEYS_MAX {
        let message = format!("expected at most {KEYS_MAX} keys and overrides in one change");
        return Err(Problem::field("set", message));
    }
    let set = change.set.iter().flat_map(|(key, value)| [Some(key), value.as_ref()]);
    let hosts = overrides().flat_map(|host| {
        let values = host.values.iter().flat_map(|(key, value)| [Some(key), Some(value)]);
        values.chain([Some(&host.prefix)])
    });
    if set.chain(hosts).flatten().any(|text| text.len() > VALUE_MAX) {
        return Err(Problem::field("set", "expected keys and values of at most 4 KiB"));
    }
    Ok(())
}

/// A change to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BackTest {
    change: SettingsChange,
    /// Over which source; 1 when absent.
    source: Option<i64>,
    /// From when; as much as there is when absent.
    from: Option<String>,
    /// Until when; `now` when absent.
    to: Option<String>,
}

/// What a change would do to the alerts of a source. Takes some seconds.
#[utoipa::path(post, path = "/api/v1/settings/back-test", tag = "settings",
    request_body = BackTest, responses((status = 200, body = BacktestAnswer)))]
async fn back_test(
    State(state): State<AppState>,
    extract::Json(test): extract::Json<BackTest>,
) -> Result<Json<BacktestAnswer>, Problem> {
    check(&test.change)?;
    blocking(&state, move |app| {
        let source = test.source.map_or(SourceId::SENSOR, SourceId);
        let range = match (&test.from, &test.to) {
            (None, None) => None,
            (from, to) => {
                let (from, to) = (from.as_deref(), to.as_deref());
                Some(times::range(app, test.source, from, to, "0")?.1)
            }
        };
        Ok(Json(app.control.back_test(&test.change, source, range)?))
    })
    .await
}

/// Detectors with their pages and settings.
#[utoipa::path(get, path = "/api/v1/detectors", tag = "settings",
    responses((status = 200, body = Page<DetectorInfo>)))]
async fn detectors(State(state): State<AppState>) -> Result<Json<Page<DetectorInfo>>, Problem> {
    blocking(&state, |app| Ok(Json(Page::whole(app.control.settings()?.detectors)))).await
}

/// One detector.
#[utoipa::path(get, path = "/api/v1/detectors/{id}", tag = "settings",
    params(("id" = String, Path, description = "The detector's id")),
    responses((status = 200, body = DetectorInfo)))]
async fn detector(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<DetectorInfo>, Problem> {
    blocking(&state, move |app| {
        let detectors = app.control.settings()?.detectors;
        let found = detectors.into_iter().find(|detector| detector.id == id);
        found
            .map(Json)
            .ok_or_else(|| Problem::missing("no such detector; GET detectors lists them"))
    })
    .await
}
