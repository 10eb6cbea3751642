//! Counters for Prometheus. No addresses and no names of hosts: only what the program itself is and
//! does.

use crate::control::Status;
use crate::error::Problem;
use crate::metrics::{BUCKETS_MS, Reading};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use std::fmt::{Display, Write as _};
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::viewer(), routes!(metrics));
}

/// Counters in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    let text = blocking(&state, |app| {
        let incidents = app.store.control().open_alerts(anomalyzer_store::SourceId::SENSOR)?.1;
        let mut page = Page::default();
        program(&mut page, &app.control.status(), incidents);
        let (clients, dropped) = app.hub.counts();
        server(&mut page, &app.requests.read(), clients, dropped);
        Ok(page.0)
    });
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.await?))
}

/// What the program tells of itself.
fn program(page: &mut Page, status: &Status, incidents: u64) {
    let mode = escaped(&status.mode);
    let version = escaped(&status.version);
    page.family("build_info", "gauge", "What is running");
    page.sample("build_info", &format!("version=\"{version}\",mode=\"{mode}\""), 1);
    page.single("uptime_seconds", "gauge", "Seconds since the start", status.uptime_s);
    page.single("flows_active", "gauge", "Flows in the table", status.flows_active);
    page.single("incidents_open", "gauge", "Open incidents of this sensor", incidents);
    page.single(
        "ingest_lag_seconds",
        "gauge",
        "Seconds between a packet and its way to the console",
        status.lag_s,
    );
    page.family("memory_bytes", "gauge", "Memory");
    page.sample("memory_bytes", "component=\"resident\"", status.memory_bytes);
    page.family("store_bytes", "gauge", "Bytes of the stores");
    for (name, bytes) in ["control", "series", "history", "evidence"].iter().zip(status.store_bytes)
    {
        page.sample("store_bytes", &format!("store=\"{name}\""), bytes);
    }
    page.single("disk_free_bytes", "gauge", "Free bytes of the disk", status.disk_free_bytes);
    page.family("problems", "gauge", "Things that are not well");
    for problem in &status.problems {
        let (id, level) = (escaped(&problem.id), escaped(&problem.level));
        page.sample("problems", &format!("id=\"{id}\",level=\"{level}\""), 1);
    }
    page.family("alerts_total", "counter", "Alerts made");
    for (detector, severity, count) in &status.alerts {
        let (detector, severity) = (escaped(detector), escaped(severity));
        let labels = format!("detector=\"{detector}\",severity=\"{severity}\"");
        page.sample("alerts_total", &labels, count);
    }
    interfaces(page, status);
    counters(page, status);
}

fn interfaces(page: &mut Page, status: &Status) {
    page.family("capture_packets_total", "counter", "Frames that came");
    for interface in &status.interfaces {
        let labels = format!("iface=\"{}\"", escaped(&interface.name));
        page.sample("capture_packets_total", &labels, interface.received);
    }
    page.family("capture_drops_total", "counter", "Frames that were lost");
    for interface in &status.interfaces {
        let name = escaped(&interface.name);
        for (place, count) in
            [("kernel", interface.dropped), ("interface", interface.interface_dropped)]
        {
            let labels = format!("iface=\"{name}\",where=\"{place}\"");
            page.sample("capture_drops_total", &labels, count);
        }
    }
}

/// Counters of the engine, under the names that it gives them.
fn counters(page: &mut Page, status: &Status) {
    page.family("events_total", "counter", "Counters of the engine, by name");
    for (name, count) in &status.counters {
        page.sample("events_total", &format!("name=\"{}\"", escaped(name)), count);
    }
}

/// What the server counts.
fn server(page: &mut Page, requests: &Reading, clients: usize, dropped: u64) {
    page.single("sse_clients", "gauge", "Live streams", clients);
    page.single("sse_dropped_total", "counter", "Events that browsers were too slow for", dropped);
    page.family("http_responses_total", "counter", "Answers by class of status");
    for (class, count) in (1..).zip(requests.classes) {
        page.sample("http_responses_total", &format!("class=\"{class}xx\""), count);
    }
    let name = "http_request_duration_seconds";
    page.family(name, "histogram", "Time until the answer began");
    let total: u64 = requests.classes.iter().sum();
    for (bound, count) in BUCKETS_MS.iter().zip(requests.buckets) {
        let labels = format!("le=\"{}\"", *bound as f64 / 1e3);
        page.sample(&format!("{name}_bucket"), &labels, count);
    }
    page.sample(&format!("{name}_bucket"), "le=\"+Inf\"", total);
    page.sample(&format!("{name}_sum"), "", requests.micros as f64 / 1e6);
    page.sample(&format!("{name}_count"), "", total);
}

/// A page of metrics. Writing to a string does not fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ =
            write!(self.0, "# HELP anomalyzer_{name} {help}.\n# TYPE anomalyzer_{name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "anomalyzer_{name} {value}")
        } else {
            writeln!(self.0, "anomalyzer_{name}{{{labels}}} {value}")
        };
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, "", value);
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::InterfaceState;
    use crate::metrics::Requests;
    use axum::http::StatusCode;
    use std::time::Duration;

    #[test]
    fn the_page_reads_as_prometheus_writes_it() {
        let requests = Requests::default();
        for millis in [1, 20, 99_999] {
            requests.count(StatusCode::OK, Duration::from_millis(millis));
        }
        let interface =
            InterfaceState { name: "e\"th\\0\n".into(), received: 7, ..Default::default() };
        let status = Status { interfaces: vec![interface], ..Default::default() };
        let mut page = Page::default();
        program(&mut page, &status, 3);
        server(&mut page, &requests.read(), 2, 5);
        for line in [
            "anomalyzer_capture_packets_total{iface=\"e\\\"th\\\\0\\n\"} 7",
            "anomalyzer_incidents_open 3",
            "anomalyzer_sse_dropped_total 5",
            "anomalyzer_http_request_duration_seconds_bucket{le=\"0.005\"} 1",
            "anomalyzer_http_request_duration_seconds_bucket{le=\"0.025\"} 2",
            "anomalyzer_http_request_duration_seconds_bucket{le=\"+Inf\"} 3",
            "anomalyzer_http_request_duration_seconds_count 3",
        ] {
            assert!(page.0.lines().any(|found| found == line), "{line}\n{}", page.0);
        }
        for line in page.0.lines() {
            assert!(line.starts_with("anomalyzer_") || line.starts_with("# "), "{line}");
        }
    }
}
