//! Logging in: limits, links, the first set-up.

use super::fixture::{Ask, PASSWORD, Pass, Site, Told, options};
use crate::auth::links;
use crate::{Options, accounts, clock};
use anomalyzer_store::control::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn log_in(site: &Site, name: &str, password: &str, from: &str) -> Told {
    let body = json!({ "name": name, "password": password });
    site.ask(Ask::new("POST", "/api/v1/session").json(&body).from(from)).await
}

fn actions(site: &Site) -> Vec<(String, String)> {
    let entries = site.state.store.control().audit_entries(None, None, 100).unwrap();
    entries.into_iter().rev().map(|entry| (entry.action, entry.result)).collect()
}

#[tokio::test]
async fn a_log_in_gives_a_session() {
    let site = Site::new();
    site.user("Anna", Role::Analyst, Some(PASSWORD));
    let before = site.ask(Ask::get("/api/v1/session")).await.json();
    assert_eq!(before["user"], Value::Null);
    assert_eq!((&before["version"], &before["csrf"]), (&json!(""), &Value::Null));
    let told = log_in(&site, "anna", PASSWORD, "127.0.0.1").await;
    assert_eq!(told.status, 200, "{}", told.text());
    let cookie = told.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    let pass = told.pass();
    let view = site.ask(Ask::get("/api/v1/session").pass(&pass)).await.json();
    assert_eq!((&view["user"]["name"], &view["user"]["role"]), (&json!("Anna"), &json!("analyst")));
    assert_eq!(view["csrf"], pass.csrf);
    assert_eq!(view["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&pass)).await.status, 200);
    let told = site.ask(Ask::new("DELETE", "/api/v1/session").pass(&pass)).await;
    assert_eq!(told.status, 204);
    assert!(told.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&pass)).await.status, 401);
    let ok = |action: &str| (action.to_owned(), "ok".to_owned());
    assert_eq!(actions(&site), [ok("login"), ok("logout")]);
}

#[tokio::test]
async fn a_password_hashed_anew_ends_no_other_session() {
    let site = Site::new();
    let anna = site.user("anna", Role::Analyst, Some(PASSWORD));
    let control = site.state.store.control();
    control.set_password(anna, &crate::auth::password::weak(PASSWORD), None).unwrap();
    let elsewhere = site.session(anna, 0);
    assert_eq!(log_in(&site, "anna", PASSWORD, "127.0.0.1").await.status, 200);
    assert!(control.user(anna).unwrap().password.contains("m=19456,t=2"));
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&elsewhere)).await.status, 200);
}

#[tokio::test]
async fn a_session_cannot_be_fixed() {
    let site = Site::new();
    let anna = site.user("anna", Role::Analyst, Some(PASSWORD));
    let planted = "0123456789abcdef".repeat(4);
    let body = json!({ "name": "anna", "password": PASSWORD });
    let ask = Ask::new("POST", "/api/v1/session").json(&body);
    let told = site.ask(ask.clone().header("cookie", &format!("anomalyzer-0={planted}"))).await;
    assert!(!told.cookie().contains(&planted));
    let with_planted =
        Ask::get("/api/v1/status").header("cookie", &format!("anomalyzer-0={planted}"));
    assert_eq!(site.ask(with_planted).await.status, 401);
    // The session that the browser came with ends.
    let old = site.session(anna, 0);
    let told = site.ask(ask.header("cookie", &old.cookie)).await;
    assert_ne!(told.cookie(), old.cookie);
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&old)).await.status, 401);
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&told.pass())).await.status, 200);
}

#[tokio::test]
async fn whoever_fails_too_often_has_to_wait() {
    let site = Site::new();
    site.user("anna", Role::Viewer, Some(PASSWORD));
    let mut texts = Vec::new();
    for name in ["anna", "nobody"] {
        for _ in 0..5 {
            let told = log_in(&site, name, "wrong wrong wrong", "198.51.100.1").await;
            assert_eq!((told.status.as_u16(), told.problem().as_str()), (401, "login"));
            texts.push(told.json()["detail"].clone());
        }
        let told = log_in(&site, name, PASSWORD, "198.51.100.1").await;
        assert_eq!((told.status.as_u16(), told.problem().as_str()), (429, "busy"), "{name}");
        let wait: u64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((29..=31).contains(&wait), "{wait}");
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "words tell who exists");
    let told = log_in(&site, "anna", PASSWORD, "198.51.100.2").await;
    assert_eq!(told.status, 200, "the right password from elsewhere");
    assert_eq!(actions(&site).iter().filter(|(_, result)| result.starts_with("wrong")).count(), 10);
}

#[tokio::test]
async fn attempts_at_the_same_time_do_not_get_around_the_limit() {
    let site = std::sync::Arc::new(Site::new());
    site.user("anna", Role::Viewer, None);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let site = std::sync::Arc::clone(&site);
            tokio::spawn(async move { log_in(&site, "anna", "x", "198.51.100.1").await.status })
        })
        .collect();
    let mut looked_at = 0;
    for task in tasks {
        looked_at += u32::from(task.await.unwrap() == 401);
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn disabled_users_and_users_without_password_do_not_get_in() {
    let site = Site::new();
    let anna = site.user("anna", Role::Viewer, Some(PASSWORD));
    site.user("empty", Role::Viewer, None);
    let pass = log_in(&site, "anna", PASSWORD, "127.0.0.1").await.pass();
    site.state.store.control().change_user(anna, None, Some(true)).unwrap();
    assert_eq!(site.ask(Ask::get("/api/v1/status").pass(&pass)).await.status, 401);
    assert_eq!(log_in(&site, "anna", PASSWORD, "127.0.0.1").await.status, 401);
    assert_eq!(log_in(&site, "empty", "", "127.0.0.1").await.status, 401);
}

/// Half of the time of a hash apart would tell unknown users; the median hides what else the machine
/// does.
#[tokio::test]
async fn unknown_users_take_as_long_as_known_ones() {
    let site = Site::new();
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..11 {
        let known = format!("user{round}");
        site.user(&known, Role::Viewer, Some(PASSWORD));
        for (times, name) in times.iter_mut().zip([known, format!("nobody{round}")]) {
            let peer = format!("198.51.100.{round}");
            let begin: Instant = clock::instant();
            assert_eq!(log_in(&site, &name, "wrong wrong wrong", &peer).await.status, 401);
            times.push(begin.elapsed());
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[5].as_secs_f64()
    });
    let ratio = unknown / known;
    assert!((0.6..1.7).contains(&ratio), "known {known} s, unknown {unknown} s");
}

#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    let trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
    let site = Site::with(Options { trusted_proxies, ..options() });
    let body = json!({ "name": "anna", "password": "x" });
    let ask = |proxy: &str, client: &str| {
        let ask = Ask::new("POST", "/api/v1/session").json(&body).from(proxy);
        site.ask(ask.header("x-forwarded-for", client))
    };
    for i in 0..6 {
        let status = ask("10.0.0.2", &format!("203.0.113.{i}")).await.status;
        assert_eq!(status, if i < 5 { 401 } else { 429 }, "anybody may claim an address");
        let status = ask("10.0.0.1", &format!("203.0.113.{i}")).await.status;
        assert_eq!(status, 401, "each client of the proxy for itself");
    }
}

fn setup(token: &str, password: &str) -> Ask {
    let body = json!({ "token": token, "name": "adam", "password": password, "interfaces": [] });
    Ask::new("POST", "/api/v1/setup").json(&body)
}

#[tokio::test]
async fn the_first_browser_with_the_link_makes_the_admin() {
    let site = Site::new();
    let now = clock::now();
    let token = links::add_setup(&site.state.store, now).unwrap();
    assert!(token.len() * 4 >= 128);
    assert_eq!(site.ask(Ask::get("/api/v1/session")).await.json()["setup_needed"], true);
    let wrong = site.ask(setup("wrong", PASSWORD)).await;
    assert_eq!((wrong.status.as_u16(), wrong.problem().as_str()), (401, "login"));
    assert_eq!(site.ask(setup(&token, "password1234")).await.status, 400);
    let told = site.ask(Ask::get(&format!("/api/v1/setup/interfaces?token={token}"))).await;
    assert_eq!(told.json()["items"][0]["name"], "lan0");
    let told = site.ask(setup(&token, PASSWORD)).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let users = site.ask(Ask::get("/api/v1/users").pass(&told.pass())).await.json();
    assert_eq!(
        (&users["items"][0]["name"], &users["items"][0]["role"]),
        (&json!("adam"), &json!("admin"))
    );
    // Used up, and nothing to set up any more.
    assert_eq!(site.ask(setup(&token, PASSWORD)).await.status, 409);
    let told = site.ask(Ask::get(&format!("/api/v1/setup/interfaces?token={token}"))).await;
    assert_eq!(told.status, 409);
    assert_eq!(site.ask(Ask::get("/api/v1/session")).await.json()["setup_needed"], false);
}

#[tokio::test]
async fn the_link_of_the_set_up_expires() {
    let site = Site::new();
    let token = links::add_setup(&site.state.store, clock::now() - 901).unwrap();
    let told = site.ask(setup(&token, PASSWORD)).await;
    assert_eq!(told.status, 401);
    assert!(told.text().contains("expired"));
    assert!(site.state.store.control().users().unwrap().is_empty());
    let kept = site.state.store.control().value("setup.token").unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(&token), "only the hash is kept");
}

async fn by_link(site: &Site, token: &str) -> Told {
    site.ask(Ask::new("POST", "/api/v1/session/link").json(&json!({ "token": token }))).await
}

#[tokio::test]
async fn a_users_link_works_once() {
    let site = Site::new();
    site.user("anna", Role::Analyst, Some(PASSWORD));
    let link = accounts::login_link(&site.state.store, "Anna").unwrap();
    let token = link.strip_prefix("/link#token=").unwrap();
    let told = by_link(&site, token).await;
    assert_eq!((told.status.as_u16(), &told.json()["user"]["name"]), (200, &json!("anna")));
    assert_eq!(by_link(&site, token).await.status, 401);
    assert_eq!(by_link(&site, "wrong").await.status, 401);
    let store = &site.state.store;
    let late = links::add(store, 1, false, clock::now() - 901).unwrap();
    assert_eq!(by_link(&site, &late).await.status, 401);
    assert!(accounts::login_link(&site.state.store, "nobody").is_err());
}

#[tokio::test]
async fn the_demonstration_logs_in_by_its_link() {
    let site = Site::with(Options { demo: true, ..options() });
    let addr = "127.0.0.1:4711".parse().unwrap();
    let link = accounts::first_link(&site.state, addr).unwrap();
    let token = link.strip_prefix("http://127.0.0.1:4711/link#token=").unwrap();
    let view = site.ask(Ask::get("/api/v1/session")).await.json();
    assert_eq!((&view["demo"], &view["setup_needed"]), (&json!(true), &json!(false)));
    for _ in 0..2 {
        let told = by_link(&site, token).await;
        assert_eq!(
            (&told.json()["user"]["name"], &told.json()["user"]["role"]),
            (&json!("demo"), &json!("admin"))
        );
        let pass: Pass = told.pass();
        assert_eq!(site.ask(Ask::get("/api/v1/users").pass(&pass)).await.status, 200);
    }
    assert_eq!(log_in(&site, "demo", "", "127.0.0.1").await.status, 401);
}
