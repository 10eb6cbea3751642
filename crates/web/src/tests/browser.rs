//! What protects browsers: origins, CSRF tokens, headers, names of hosts.

use super::access::Users;
use super::fixture::{Ask, Site, Told, options};
use crate::{Options, app, frame};
use anomalyzer_store::control::Role;
use axum::Router;
use axum::routing::get;
use serde_json::json;
use std::sync::atomic::Ordering;

/// Headers of every answer, and their values.
const EXPECTED: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src \
         'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
         require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

fn assert_headers(told: &Told, place: &str) {
    for (name, value) in EXPECTED {
        assert_eq!(told.headers.get(name).map(|v| v.to_str().unwrap()), Some(value), "{place}");
    }
    assert!(told.headers["x-request-id"].to_str().unwrap().starts_with("req-"), "{place}");
    assert!(!told.headers.contains_key("access-control-allow-origin"), "{place}");
    assert!(!told.headers.contains_key("server"), "{place}");
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let long = "x".repeat(5_000);
    let asks = [
        (200, Ask::get("/")),
        (200, Ask::get("/healthz")),
        (200, Ask::get("/api/v1/status").pass(&pass)),
        (200, Ask::get("/api/v1/events").pass(&pass)),
        (400, Ask::new("POST", "/api/v1/session").json(&json!({}))),
        (401, Ask::get("/api/v1/status")),
        (403, Ask::get("/api/v1/users").pass(&pass)),
        (404, Ask::get("/api/v1/nothing")),
        (404, Ask::get("/nothing.js")),
        (405, Ask::new("PUT", "/healthz")),
        (413, Ask::new("POST", "/api/v1/session").json(&json!({ "name": long }))),
        (415, Ask::new("POST", "/api/v1/session").header("content-type", "text/plain")),
        (421, Ask::get("/").header("host", "evil.test")),
    ];
    for (status, ask) in asks {
        let place = format!("{ask:?}");
        let told = site.ask(ask).await;
        assert_eq!(told.status, status, "{place}: {}", told.text());
        assert_headers(&told, &place);
        if status >= 400 {
            assert_problem(&told, &place);
        }
    }
}

fn assert_problem(told: &Told, place: &str) {
    assert_eq!(told.headers["content-type"], "application/problem+json", "{place}");
    let problem = told.json();
    assert_eq!(problem["status"], told.status.as_u16(), "{place}");
    assert_eq!(problem["instance"], told.headers["x-request-id"].to_str().unwrap(), "{place}");
    assert!(problem["detail"].as_str().unwrap().len() > 5, "{place}");
}

async fn fails() -> &'static str {
    panic!("a secret of the inside")
}

#[tokio::test]
async fn failures_tell_nothing_of_the_inside() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    site.control.panics.store(true, Ordering::Relaxed);
    let told = site.ask(Ask::get("/api/v1/status").pass(&pass)).await;
    assert_eq!(told.status, 500);
    assert_problem(&told, "a panic behind the trait");
    assert!(!told.text().contains("wrong moment") && !told.text().contains(".rs"));
    let router = app::layered(Router::new().route("/", get(fails)), &site.state);
    let site = Site { router, ..site };
    let told = site.ask(Ask::get("/")).await;
    assert_eq!(told.status, 500);
    assert_headers(&told, "a panic in a handler");
    assert_problem(&told, "a panic in a handler");
    assert!(!told.text().contains("secret"));
    let _ = frame::on_panic(Box::new("text"));
}

#[tokio::test]
async fn hsts_comes_with_tls_only() {
    let with = |tls| Site::with(Options { tls, ..options() });
    let told = with(true).ask(Ask::get("/")).await;
    assert_eq!(told.headers["strict-transport-security"], "max-age=31536000");
    let told = with(false).ask(Ask::get("/")).await;
    assert!(!told.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn only_own_names_are_answered() {
    let site = Site::new();
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:8080",
        "[::1]:8080",
        "sensor.example:443",
        "192.0.2.7",
        "[fe80::1]:8080",
        "sensor.example.",
    ] {
        let told = site.ask(Ask::get("/healthz").header("host", host)).await;
        assert_eq!(told.status, 200, "{host}");
    }
    for host in [
        "evil.test",
        "localhost.evil.test",
        "192.0.2.8",
        "0.0.0.0",
        "evil.test@localhost",
        "localhost:8080:80",
        "",
        "[::2]",
        "2130706433",
        "127.1",
    ] {
        let told = site.ask(Ask::get("/healthz").header("host", host)).await;
        assert_eq!(told.status, 421, "{host}");
    }
    assert_eq!(site.ask(Ask::get("/healthz").without("host")).await.status, 421);
    let absolute = Ask::get("http://evil.test/healthz");
    assert_eq!(site.ask(absolute).await.status, 421);
}

#[tokio::test]
async fn what_changes_something_needs_the_csrf_token() {
    let site = Site::new();
    let users = Users::of(&site);
    let unsafe_routes: Vec<_> = site
        .table
        .iter()
        .filter(|route| route.method != "GET" && route.rule.least.is_some())
        .collect();
    assert!(unsafe_routes.len() > 15);
    for route in unsafe_routes {
        let pass = site.session(users.admin, 0);
        let ask = super::access::ask(route).header("cookie", &pass.cookie);
        let place = format!("{} {}", route.method, route.path);
        let other = site.session(users.admin, 0).csrf;
        for ask in [
            ask.clone(),
            ask.clone().header("x-csrf-token", ""),
            ask.clone().header("x-csrf-token", &other),
        ] {
            let told = site.ask(ask).await;
            assert_eq!(told.status, 403, "{place}");
            assert!(told.text().contains("X-CSRF-Token"), "{place}");
        }
        let right = ask.header("x-csrf-token", &pass.csrf);
        for (header, value) in [
            ("origin", "http://evil.test"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let told = site.ask(right.clone().header(header, value)).await;
            assert_eq!(told.status, 403, "{place} {header}: {value}");
            assert!(told.text().contains("another site"), "{place}");
        }
    }
}

#[tokio::test]
async fn a_log_in_cannot_be_forced_by_another_site() {
    let site = Site::new();
    site.user("anna", Role::Viewer, None);
    let ask = Ask::new("POST", "/api/v1/session").json(&json!({ "name": "anna", "password": "x" }));
    let told = site.ask(ask.clone().header("origin", "http://evil.test")).await;
    assert_eq!(told.status, 403);
    let told = site.ask(ask.header("origin", "http://localhost:8080")).await;
    assert_eq!(told.status, 401);
}

#[tokio::test]
async fn forms_are_no_json() {
    let site = Site::new();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let ask = Ask::new("POST", "/api/v1/session").body("{}").header("content-type", kind);
        assert_eq!(site.ask(ask).await.status, 415, "{kind}");
    }
}

#[tokio::test]
async fn readiness_names_what_is_in_the_way() {
    let site = Site::new();
    let told = site.ask(Ask::get("/readyz")).await;
    assert_eq!((told.status.as_u16(), told.text().as_str()), (200, "ready\n"));
    site.control.full.store(true, Ordering::Relaxed);
    let told = site.ask(Ask::get("/readyz")).await;
    assert_eq!((told.status.as_u16(), told.text().as_str()), (503, "storage_full\n"));
}
