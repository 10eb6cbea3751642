//! The report of a period, as JSON and as a page.

use crate::audit;
use crate::auth::Caller;
use crate::data;
use crate::data::stream::file;
use crate::error::Problem;
use crate::extract::Query;
use crate::report::{self, Contents, Report};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use crate::times;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer().heavy(), routes!(json_report));
    routes.add(Rule::analyst().heavy(), routes!(html_report));
}

/// Which period.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Of which source; 1 when absent.
    #[param(value_type = Option<i64>)]
    source: Option<String>,
    /// From when; `-1d` when absent.
    from: Option<String>,
    /// Until when; `now` when absent.
    to: Option<String>,
}

fn contents(app: &AppState, params: &Params) -> Result<Contents, Problem> {
    let source = data::source(params.source.as_deref())?;
    let (from, to) = (params.from.as_deref(), params.to.as_deref());
    let (source, range) = times::range(app, source, from, to, "-1d")?;
    report::collect(app, source, range)
}

/// The numbers of a period.
#[utoipa::path(get, path = "/api/v1/report", tag = "reports", params(Params),
    responses((status = 200, body = Report)))]
async fn json_report(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Report>, Problem> {
    blocking(&state, move |app| Ok(Json(contents(app, &params)?.report))).await
}

/// The same as one page that needs nothing else: to keep, to mail, to print.
#[utoipa::path(get, path = "/api/v1/report.html", tag = "reports", params(Params),
    responses((status = 200, body = String, content_type = "text/html")))]
async fn html_report(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<Params>,
) -> Result<Response, Problem> {
    blocking(&state, move |app| {
        let contents = contents(app, &params)?;
        let detail = json!({ "from": contents.report.from, "to": contents.report.to });
        audit::done(app, &caller, "export.report", &contents.report.source.to_string(), detail)?;
        Ok(answer(&contents))
    })
    .await
}

fn answer(contents: &Contents) -> Response {
    let body = Body::from(report::page(contents));
    let mut response = file("report.html", "text/html; charset=utf-8", body);
    let day = contents.report.to.get(..10).unwrap_or("period");
    let headers = response.headers_mut();
    // Shown, and saved under this name.
    let name = format!("inline; filename=\"report-{day}.html\"");
    if let Ok(value) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&(report::policy() + "; frame-ancestors 'none'")) {
        headers.insert(CONTENT_SECURITY_POLICY, value);
    }
    response
}
