//! Addresses that look other than they are get nobody in.

use super::access::{Users, ask};
use super::fixture::{Ask, Site, Told};
use crate::route::Route;

/// Ways to write the path of a route differently.
fn tricks(path: &str) -> Vec<String> {
    let last = path.rfind('/').unwrap_or(0);
    let (head, tail) = path.split_at(last);
    let name = tail.trim_start_matches('/');
    let first = name.chars().next().map(|c| format!("%{:02x}", c as u32)).unwrap_or_default();
    let rest: String = name.chars().skip(1).collect();
    vec![
        format!("{head}/.{tail}"),
        format!("{head}/%2e{tail}"),
        format!("{head}/%2E%2E{head}{tail}"),
        format!("{head}/x/..{tail}"),
        format!("{head}/{tail}"),
        format!("/{path}"),
        format!("{path};x"),
        format!("{path};x=1.css"),
        format!("{path}.css"),
        format!("{path}/.css"),
        format!("{path}%00.css"),
        format!("{path}%2f"),
        format!("{path}/"),
        format!("{path}%20"),
        format!("{path}%5c"),
        format!("{head}%2f{name}"),
        format!("{head}/{first}{rest}"),
        path.to_uppercase(),
        format!("/lua/./././{path}"),
        format!("/assets/..{path}"),
        format!("{path}?x=/../../assets/x.css"),
        format!("{path}#.css"),
    ]
}

/// True when the answer is what a browser gets for any unknown route: the page without data.
fn is_page(told: &Told) -> bool {
    told.headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8")
}

fn assert_out(told: &Told, place: &str) {
    let refused = [400, 401, 403, 404, 405].contains(&told.status.as_u16());
    assert!(refused || is_page(told), "{place}: {} {}", told.status, told.text());
    assert!(!told.text().contains("\"items\""), "{place}");
}

fn guarded(site: &Site) -> impl Iterator<Item = &Route> {
    site.table.iter().filter(|route| route.rule.least.is_some())
}

#[tokio::test]
async fn tricks_in_paths_get_nobody_in() {
    let site = Site::new();
    for route in guarded(&site) {
        let path = route.path.replace("{id}", "1").replace("{key}", "1").replace("{name}", "a");
        for trick in tricks(&path) {
            let Ok(_) = trick.parse::<axum::http::Uri>() else { continue };
            let told = site.ask(Ask::new(route.method, &trick).header("accept", "text/json")).await;
            assert_out(&told, &format!("{} {trick}", route.method));
        }
    }
}

#[tokio::test]
async fn tricks_do_not_raise_a_role() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let above =
        guarded(&site).filter(|r| r.rule.least > Some(anomalyzer_store::control::Role::Viewer));
    for route in above {
        let path = route.path.replace("{id}", "1").replace("{key}", "1").replace("{name}", "a");
        for trick in tricks(&path) {
            let Ok(_) = trick.parse::<axum::http::Uri>() else { continue };
            let request = Ask::new(route.method, &trick).pass(&pass).header("accept", "text/json");
            assert_out(&site.ask(request).await, &format!("{} {trick}", route.method));
        }
    }
}

#[tokio::test]
async fn parameters_written_as_such_are_no_way_in() {
    let site = Site::new();
    for route in guarded(&site).filter(|route| route.path.contains('{')) {
        let braces = route.path.replace('{', "%7B").replace('}', "%7D");
        let colons = route.path.replace('{', ":").replace('}', "");
        for path in [braces, colons] {
            let told = site.ask(Ask::new(route.method, &path)).await;
            assert_eq!(told.status, 401, "{} {path}", route.method);
        }
    }
}

#[tokio::test]
async fn methods_cannot_be_overridden() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    for route in guarded(&site).filter(|route| route.method != "GET") {
        for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let path = ask(route);
            let as_get = Ask::get(&path_of(&path)).pass(&pass).header(header, route.method);
            let plain = Ask::get(&path_of(&path)).pass(&pass);
            let (told, expected) = (site.ask(as_get).await, site.ask(plain).await);
            assert_eq!(told.status, expected.status, "{} {}", route.method, route.path);
        }
    }
}

fn path_of(ask: &Ask) -> String {
    ask.path().to_owned()
}

#[tokio::test]
async fn what_is_no_route_of_the_api_is_never_a_page() {
    let site = Site::new();
    for path in
        ["/api", "/api/", "/api/v1", "/API/v1/users", "/api/v2/users", "/Metrics", "/healthz/x"]
    {
        let told = site.ask(Ask::get(path)).await;
        assert_eq!((told.status.as_u16(), is_page(&told)), (404, false), "{path}");
    }
    for path in ["/", "/flows?filter=x", "/devices/mac:00:25:b3:bf:91:ee", "/alerts", "/setup"] {
        let told = site.ask(Ask::get(path).header("accept", "text/html")).await;
        assert_eq!((told.status.as_u16(), is_page(&told)), (200, true), "{path}");
    }
    for path in ["/assets/nothing.js", "/etc/passwd.txt", "/index.html.gz"] {
        assert_eq!(site.ask(Ask::get(path)).await.status, 404, "{path}");
    }
    assert_eq!(site.ask(Ask::new("POST", "/")).await.status, 404);
}
