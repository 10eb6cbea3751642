//! The live stream through the whole server.

use super::access::Users;
use super::fixture::{Ask, Pass, Site};
use crate::control::Status;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_store::SourceId;
use anomalyzer_store::control::Role;
use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(site: &Site, path: &str, pass: &Pass) -> Self {
        let response = site.send(Ask::get(path).pass(pass)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event: number, kind, data. `None` at the end.
    async fn next(&mut self) -> Option<(u64, String, serde_json::Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                if event.starts_with(':') {
                    continue;
                }
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_owned()
                };
                let data = serde_json::from_str(&field("data: ")).unwrap();
                return Some((field("id: ").parse().unwrap_or(0), field("event: "), data));
            }
            let frame = timeout(Duration::from_secs(20), self.body.frame()).await.expect("silence");
            let bytes = frame?.ok()?.into_data().ok()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

fn publish(site: &Site, second: i64) {
    let totals = SecondTotals { second, packets: 1, ..Default::default() };
    site.state.hub.second(SourceId(1), &totals, &[]);
}

#[tokio::test]
async fn events_come_as_they_happen_and_again_after_a_break() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let mut stream = Stream::open(&site, "/api/v1/events", &pass).await;
    let (_, kind, hello) = stream.next().await.unwrap();
    assert_eq!(kind, "hello");
    assert!(hello["now"].as_str().unwrap().ends_with('Z'));
    for second in 1..=3 {
        publish(&site, second);
    }
    let (first, kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["t"], &data["packets"]), ("second", &json!(1), &json!(1)));
    assert_eq!(first, hello["id"].as_u64().unwrap() + 1);
    drop(stream);
    let again = format!("/api/v1/events?last={first}");
    let mut stream = Stream::open(&site, &again, &pass).await;
    assert_eq!(stream.next().await.unwrap().1, "hello");
    let (id, _, data) = stream.next().await.unwrap();
    assert_eq!((id, &data["t"]), (first + 1, &json!(2)));
}

#[tokio::test]
async fn only_the_kinds_and_source_that_were_asked_for_come() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let mut stream = Stream::open(&site, "/api/v1/events?kinds=status&source=2", &pass).await;
    assert_eq!(stream.next().await.unwrap().1, "hello");
    publish(&site, 1);
    site.state.hub.status(&Status::default());
    assert_eq!(stream.next().await.unwrap().1, "status");
    let told = site.ask(Ask::get("/api/v1/events?kinds=nonsense").pass(&pass)).await;
    assert_eq!(told.status, 400);
    let header =
        Ask::get("/api/v1/events").pass(&pass).header("last-event-id", "99999999999999999");
    let mut stream = Stream { body: site.send(header).await.into_body(), text: String::new() };
    assert_eq!(stream.next().await.unwrap().1, "hello");
    assert_eq!(stream.next().await.unwrap().1, "gap", "a number of another life of the program");
}

#[tokio::test]
async fn streams_end_within_a_second_with_what_they_were_opened_by() {
    let site = Site::new();
    let users = Users::of(&site);
    let admin = site.session(users.admin, 0);
    let control = site.state.store.control();
    let patch = |body: serde_json::Value| {
        let path = format!("/api/v1/users/{}", users.analyst);
        site.ask(Ask::new("PATCH", &path).pass(&admin).json(&body))
    };
    let endings: [&str; 5] = ["role", "password", "logout", "token", "elsewhere"];
    for ending in endings {
        let pass = site.session(users.analyst, 0);
        let (token, secret) = site.token(users.analyst, Role::Viewer);
        let ask = match ending {
            "token" => Ask::get("/api/v1/events").bearer(&secret),
            _ => Ask::get("/api/v1/events").pass(&pass),
        };
        let mut stream = Stream { body: site.send(ask).await.into_body(), text: String::new() };
        assert_eq!(stream.next().await.unwrap().1, "hello");
        let begin = Instant::now();
        let status = match ending {
            "role" => patch(json!({ "role": "viewer" })).await.status.as_u16(),
            "password" => {
                patch(json!({ "password": "nine lanterns under the bridge" })).await.status.as_u16()
            }
            "logout" => {
                site.ask(Ask::new("DELETE", "/api/v1/session").pass(&pass)).await.status.as_u16()
            }
            "token" => {
                let path = format!("/api/v1/tokens/{token}");
                site.ask(Ask::new("DELETE", &path).pass(&admin)).await.status.as_u16()
            }
            // As the command line does, in another process: nobody tells this one.
            _ => {
                control.change_user(users.analyst, None, Some(true)).unwrap();
                200
            }
        };
        assert!(status < 300, "{ending}: {status}");
        while stream.next().await.is_some() {}
        let took = begin.elapsed();
        assert!(took < Duration::from_millis(1_500), "{ending}: {took:?}");
    }
}

#[tokio::test]
async fn places_are_limited_by_session_and_come_back() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Stream::open(&site, "/api/v1/events", &pass).await);
    }
    let told = site.ask(Ask::get("/api/v1/events").pass(&pass)).await;
    assert_eq!((told.status.as_u16(), told.problem().as_str()), (429, "busy"));
    let other = site.session(users.viewer, 0);
    let mut open = Stream::open(&site, "/api/v1/events", &other).await;
    assert_eq!(site.state.hub.counts().0, 9);
    streams.clear();
    let begin = Instant::now();
    while site.state.hub.counts().0 > 1 {
        assert!(begin.elapsed() < Duration::from_secs(5), "places do not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    site.state.hub.close();
    while open.next().await.is_some() {}
}

#[tokio::test]
async fn a_browser_that_does_not_read_is_told_what_it_missed() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let mut stalled = Stream::open(&site, "/api/v1/events", &pass).await;
    let mut healthy = Stream::open(&site, "/api/v1/events", &pass).await;
    assert_eq!(healthy.next().await.unwrap().1, "hello");
    for second in 0..1_000 {
        publish(&site, second);
        let (_, kind, data) = healthy.next().await.unwrap();
        assert_eq!((kind.as_str(), &data["t"]), ("second", &json!(second)));
    }
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 1_000 {
        match stalled.next().await.unwrap() {
            (_, kind, data) if kind == "gap" => missed += data["missed"].as_u64().unwrap(),
            (_, kind, _) => seen += u64::from(kind == "second"),
        }
    }
    assert!(missed >= 512 && seen + missed == 1_000, "{seen} seen, {missed} missed");
    assert_eq!(site.state.hub.counts().1, missed);
}
