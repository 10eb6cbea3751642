//! Every route, every kind of caller, against the committed matrix.

use super::fixture::{Ask, Site, Told};
use crate::clock;
use crate::route::Route;
use anomalyzer_store::control::Role;
use std::fmt::Write as _;
use std::path::Path;

/// Callers, in the order of the matrix' columns.
const CALLERS: [&str; 9] =
    ["none", "viewer", "analyst", "admin", "stale", "expired", "ended", "token-v", "token-m"];

/// Users of all roles.
pub(super) struct Users {
    pub(super) viewer: i64,
    pub(super) analyst: i64,
    pub(super) admin: i64,
}

impl Users {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            viewer: site.user("vera", Role::Viewer, None),
            analyst: site.user("anna", Role::Analyst, None),
            admin: site.user("adam", Role::Admin, None),
        }
    }
}

/// A request to a route with names that nothing has.
pub(super) fn ask(route: &Route) -> Ask {
    let path = route.path.replace("{id}", "999999").replace("{key}", "9-9-9");
    let path = path.replace("{name}", "nothing");
    let ask = Ask::new(route.method, &path).header("accept", "application/json");
    match route.method {
        "GET" => ask,
        _ => ask.json(&serde_json::json!({})),
    }
}

/// What came of the guard: `-` nobody is known, `role`, `confirm`, `csrf`, or `in`.
fn verdict(told: &Told) -> &'static str {
    if told.status.is_success() || told.status.as_u16() >= 500 {
        return "in";
    }
    let problem = told.problem();
    match (told.status.as_u16(), problem.as_str()) {
        (401, "login") => "-",
        (403, "role") => "role",
        (403, "confirm") => "confirm",
        (403, _) if told.text().contains("X-CSRF-Token") => "csrf",
        (403, _) if told.text().contains("a token cannot") => "session",
        _ => "in",
    }
}

async fn decide(site: &Site, users: &Users, route: &Route, caller: &str) -> &'static str {
    let request = ask(route);
    // Each request has a session of its own: some of them end it.
    let of = |user, ago| request.clone().pass(&site.session(user, ago));
    let request = match caller {
        "viewer" => of(users.viewer, 0),
        "analyst" => of(users.analyst, 0),
        "admin" => of(users.admin, 0),
        "stale" => of(users.admin, 600),
        "expired" => of(users.admin, 1_801),
        "ended" => {
            let (id, token) = site.token(users.admin, Role::Admin);
            site.state.store.control().remove_token(id).unwrap();
            request.bearer(&token)
        }
        "token-v" => request.bearer(&site.token(users.admin, Role::Viewer).1),
        "token-m" => request.bearer(&site.token(users.admin, Role::Admin).1),
        _ => request,
    };
    verdict(&site.ask(request).await)
}

#[tokio::test]
async fn every_route_answers_every_caller_as_the_matrix_says() {
    let site = Site::new();
    let users = Users::of(&site);
    let mut matrix = format!("{:44} {:8} {}\n", "route", "least", CALLERS.map(pad).concat());
    for route in &site.table {
        let mut row = String::new();
        for caller in CALLERS {
            for (_, token) in
                site.state.store.control().tokens(None).unwrap().iter().map(|t| (0, t.id))
            {
                site.state.store.control().remove_token(token).unwrap();
            }
            let verdict = decide(&site, &users, route, caller).await;
            check_rule(route, caller, verdict);
            row.push_str(&pad(verdict));
        }
        let name = format!("{} {}", route.method, route.path);
        let _ = writeln!(matrix, "{name:44} {:8} {}", route.rule.role_name(), row.trim_end());
    }
    golden("crates/web/src/tests/matrix.txt", &matrix);
}

fn pad(text: &str) -> String {
    format!("{text:9}")
}

/// What must hold whatever the matrix says.
fn check_rule(route: &Route, caller: &str, verdict: &str) {
    let place = format!("{} {} as {caller}", route.method, route.path);
    let Some(least) = route.rule.least else { return };
    let role = match caller {
        "none" | "expired" | "ended" => return assert_eq!(verdict, "-", "{place}"),
        "viewer" | "token-v" => Role::Viewer,
        "analyst" => Role::Analyst,
        _ => Role::Admin,
    };
    if role < least {
        assert_eq!(verdict, "role", "{place}");
    } else if route.rule.confirm && caller == "stale" {
        assert_eq!(verdict, "confirm", "{place}");
    } else if route.rule.confirm && caller.starts_with("token") {
        assert_eq!(verdict, "session", "{place}");
    } else {
        assert!(["in", "role", "session"].contains(&verdict), "{place}: {verdict}");
    }
}

/// Compares with a committed file; `UPDATE_GOLDEN=1` writes it anew.
pub(super) fn golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (known, new)) in (1..).zip(known.lines().zip(text.lines())) {
        assert_eq!(known, new, "{file}:{line}; if that is meant: UPDATE_GOLDEN=1");
    }
    assert_eq!(known, text, "{file} is not as it should be; if that is meant: UPDATE_GOLDEN=1");
}

#[tokio::test]
async fn a_token_is_not_accepted_in_an_address() {
    let site = Site::new();
    let users = Users::of(&site);
    let (_, token) = site.token(users.admin, Role::Admin);
    for path in ["status?token=", "status?access_token=", "status?authorization=Bearer%20"] {
        let told = site.ask(Ask::get(&format!("/api/v1/{path}{token}"))).await;
        assert_eq!(told.status, 401, "{path}");
    }
    let told = site.ask(Ask::get("/api/v1/status").bearer(&token)).await;
    assert_eq!(told.status, 200);
}

#[tokio::test]
async fn a_bad_token_does_not_fall_back_to_the_cookie() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.admin, 0);
    let told = site.ask(Ask::get("/api/v1/status").pass(&pass).bearer("anz_wrong")).await;
    assert_eq!((told.status.as_u16(), told.problem().as_str()), (401, "login"));
    let told = site.ask(Ask::get("/api/v1/status").pass(&pass).header("authorization", "x")).await;
    assert_eq!(told.status, 401);
}

#[tokio::test]
async fn a_token_has_at_most_the_role_of_its_user() {
    let site = Site::new();
    let users = Users::of(&site);
    let (_, token) = site.token(users.analyst, Role::Analyst);
    let other = site.user("other", Role::Admin, None);
    site.state.store.control().change_user(users.analyst, Some(Role::Viewer), None).unwrap();
    let told = site.ask(Ask::get("/api/v1/status").bearer(&token)).await;
    // The store ends tokens above the new role.
    assert_eq!(told.status, 401);
    let (_, token) = site.token(other, Role::Viewer);
    let told = site.ask(Ask::get("/api/v1/users").bearer(&token)).await;
    assert_eq!(told.problem(), "role");
}

#[tokio::test]
async fn sessions_end_when_idle_and_when_old() {
    let site = Site::new();
    let users = Users::of(&site);
    let control = site.state.store.control();
    for (ago, expected) in [(1_700, 200), (1_801, 401), (43_300, 401)] {
        let told =
            site.ask(Ask::get("/api/v1/status").pass(&site.session(users.viewer, ago))).await;
        assert_eq!(told.status, expected, "{ago}");
    }
    // Used all the time, and too old all the same.
    let pass = site.session(users.viewer, 43_300);
    let secret = pass.cookie.split_once('=').unwrap().1;
    let hash = crate::auth::secret::hash(secret);
    control.session(&hash, clock::now() - 10, i64::MAX, i64::MAX).unwrap().unwrap();
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&pass)).await.status, 401);
}
