//! What ends sessions, tokens and streams; accounts and the audit trail.

use super::access::Users;
use super::fixture::{Ask, PASSWORD, Pass, Site, Told};
use anomalyzer_store::control::Role;
use serde_json::{Value, json};

const OTHER: &str = "nine lanterns under the bridge";

async fn status(site: &Site, pass: &Pass) -> u16 {
    site.ask(Ask::get("/api/v1/status").pass(pass)).await.status.as_u16()
}

async fn post(site: &Site, pass: &Pass, path: &str, body: &Value) -> Told {
    site.ask(Ask::new("POST", path).pass(pass).json(body)).await
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_and_tokens() {
    let site = Site::new();
    let anna = site.user("anna", Role::Analyst, Some(PASSWORD));
    let (this, other) = (site.session(anna, 0), site.session(anna, 0));
    let (_, token) = site.token(anna, Role::Viewer);
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let path = "/api/v1/me/password";
    assert_eq!(post(&site, &this, path, &change("wrong", OTHER)).await.status, 403);
    let told = post(&site, &this, path, &change(PASSWORD, "password12345")).await;
    assert_eq!((told.status.as_u16(), &told.json()["errors"][0]["field"]), (400, &json!("new")));
    assert_eq!(post(&site, &this, path, &change(PASSWORD, OTHER)).await.status, 204);
    assert_eq!((status(&site, &this).await, status(&site, &other).await), (200, 401));
    let told = site.ask(Ask::get("/api/v1/status").bearer(&token)).await;
    assert_eq!(told.status, 401);
    let body = json!({ "name": "anna", "password": OTHER });
    assert_eq!(site.ask(Ask::new("POST", "/api/v1/session").json(&body)).await.status, 200);
}

#[tokio::test]
async fn the_own_sessions_are_listed_and_ended() {
    let site = Site::new();
    let users = Users::of(&site);
    let (this, other, third) = (
        site.session(users.viewer, 0),
        site.session(users.viewer, 0),
        site.session(users.viewer, 0),
    );
    let strange = site.session(users.admin, 0);
    let list = site.ask(Ask::get("/api/v1/me/sessions").pass(&this)).await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let own = current[0]["id"].as_i64().unwrap();
    let another = items.iter().find(|item| item["id"] != own).unwrap()["id"].as_i64().unwrap();
    let delete = |path: String| site.ask(Ask::new("DELETE", &path).pass(&this));
    assert_eq!(delete(format!("/api/v1/me/sessions/{another}")).await.status, 204);
    assert_eq!(delete("/api/v1/me/sessions/999999".into()).await.status, 404);
    let strangers = site.state.store.control().sessions(users.admin).unwrap()[0].id;
    assert_eq!(delete(format!("/api/v1/me/sessions/{strangers}")).await.status, 404);
    assert_eq!(delete("/api/v1/me/sessions".into()).await.status, 204);
    let after = [&this, &other, &third, &strange];
    let mut statuses = Vec::new();
    for pass in after {
        statuses.push(status(&site, pass).await);
    }
    assert_eq!(statuses, [200, 401, 401, 200]);
}

#[tokio::test]
async fn accounts_need_the_password_entered_lately() {
    let site = Site::new();
    let adam = site.user("adam", Role::Admin, Some(PASSWORD));
    let pass = site.session(adam, 600);
    let new = json!({ "name": "anna", "role": "viewer", "password": OTHER });
    assert_eq!(post(&site, &pass, "/api/v1/users", &new).await.problem(), "confirm");
    let confirm = |password: &str| json!({ "password": password });
    let told = post(&site, &pass, "/api/v1/session/confirm", &confirm("wrong")).await;
    assert_eq!(
        (told.status.as_u16(), told.problem().as_str()),
        (403, "about:blank".rsplit(':').next().unwrap())
    );
    let told = post(&site, &pass, "/api/v1/session/confirm", &confirm(PASSWORD)).await;
    assert_eq!(told.status, 204);
    let told = post(&site, &pass, "/api/v1/users", &new).await;
    assert_eq!((told.status.as_u16(), &told.json()["role"]), (201, &json!("viewer")));
    assert_eq!(post(&site, &pass, "/api/v1/users", &new).await.problem(), "conflict");
    for (field, value) in [("name", "a b"), ("name", "system"), ("name", ""), ("password", "short")]
    {
        let mut new = json!({ "name": "otto", "role": "viewer", "password": OTHER });
        new[field] = json!(value);
        let told = post(&site, &pass, "/api/v1/users", &new).await;
        assert_eq!(
            (told.status.as_u16(), &told.json()["errors"][0]["field"]),
            (400, &json!(field))
        );
    }
}

#[tokio::test]
async fn changes_of_a_user_end_his_sessions() {
    let site = Site::new();
    let users = Users::of(&site);
    let admin = site.session(users.admin, 0);
    let path = format!("/api/v1/users/{}", users.analyst);
    for change in
        [json!({ "role": "viewer" }), json!({ "password": OTHER }), json!({ "disabled": true })]
    {
        let pass = site.session(users.analyst, 0);
        assert_eq!(status(&site, &pass).await, 200);
        let told = site.ask(Ask::new("PATCH", &path).pass(&admin).json(&change)).await;
        assert_eq!(told.status, 200, "{}", told.text());
        assert_eq!(status(&site, &pass).await, 401, "{change}");
    }
    let told = site.ask(Ask::new("DELETE", &path).pass(&admin)).await;
    assert_eq!(told.status, 204);
    let own = format!("/api/v1/users/{}", users.admin);
    let told = site.ask(Ask::new("DELETE", &own).pass(&admin)).await;
    assert_eq!(told.status, 400, "the last admin stays: {}", told.text());
}

#[tokio::test]
async fn tokens_are_shown_once_and_belong_to_somebody() {
    let site = Site::new();
    let users = Users::of(&site);
    let viewer = site.session(users.viewer, 0);
    let new = |role: &str, days: u32| json!({ "name": "script", "role": role, "days": days });
    let path = "/api/v1/tokens";
    assert_eq!(post(&site, &viewer, path, &new("admin", 1)).await.problem(), "role");
    assert_eq!(post(&site, &viewer, path, &new("viewer", 366)).await.status, 400);
    assert_eq!(post(&site, &viewer, path, &new("viewer", 0)).await.status, 400);
    let told = post(&site, &viewer, path, &new("viewer", 365)).await;
    assert_eq!(told.status, 201);
    let (id, token) = (told.json()["id"].as_i64().unwrap(), told.json()["token"].clone());
    let token = token.as_str().unwrap();
    assert!(token.starts_with("anz_") && token.len() == 4 + 64);
    assert_eq!(site.ask(Ask::get("/api/v1/status").bearer(token)).await.status, 200);
    let list = site.ask(Ask::get(path).pass(&viewer)).await;
    assert!(!list.text().contains(token), "it is shown once");
    let item = &list.json()["items"][0];
    assert_eq!((&item["user"], &item["prefix"]), (&json!("vera"), &json!(token[..10])));
    assert_eq!(item["used"]["from"], "127.0.0.1");
    let told = site.ask(Ask::get("/api/v1/tokens?all=true").pass(&viewer)).await;
    assert_eq!(told.problem(), "role");
    let delete = format!("{path}/{id}");
    let analyst = site.session(users.analyst, 0);
    assert_eq!(site.ask(Ask::new("DELETE", &delete).pass(&analyst)).await.status, 404);
    let admin = site.session(users.admin, 0);
    assert_eq!(site.ask(Ask::new("DELETE", &delete).pass(&admin)).await.status, 204);
    assert_eq!(site.ask(Ask::get("/api/v1/status").bearer(token)).await.status, 401);
}

#[tokio::test]
async fn preferences_are_kept() {
    let site = Site::new();
    let users = Users::of(&site);
    let pass = site.session(users.viewer, 0);
    let put =
        |body: Value| site.ask(Ask::new("PUT", "/api/v1/me/preferences").pass(&pass).json(&body));
    assert_eq!(put(json!({ "theme": "dark" })).await.status, 204);
    assert_eq!(put(json!(["no object"])).await.status, 400);
    assert_eq!(put(json!({ "long": "x".repeat(70_000) })).await.status, 413);
    let view = site.ask(Ask::get("/api/v1/session").pass(&pass)).await.json();
    assert_eq!(view["user"]["preferences"], json!({ "theme": "dark" }));
}

#[tokio::test]
async fn what_was_done_is_in_the_trail() {
    let site = Site::new();
    let adam = site.user("adam", Role::Admin, Some(PASSWORD));
    let pass = site.session(adam, 0);
    let new = json!({ "name": "anna", "role": "viewer", "password": OTHER });
    post(&site, &pass, "/api/v1/users", &new).await;
    post(&site, &pass, "/api/v1/tokens", &json!({ "name": "t", "role": "viewer", "days": 1 }))
        .await;
    post(&site, &pass, "/api/v1/config/reload", &json!({})).await;
    post(&site, &pass, "/api/v1/session/confirm", &json!({ "password": "wrong" })).await;
    let list = site.ask(Ask::get("/api/v1/audit?limit=3").pass(&pass)).await.json();
    let actions: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["session.confirm", "config.reload", "token.add"]);
    assert_eq!(list["items"][0]["result"], "wrong password");
    assert_eq!(
        (&list["items"][0]["actor"], &list["items"][0]["peer"]),
        (&json!("adam"), &json!("127.0.0.1"))
    );
    let before = list["next"].as_str().unwrap();
    let rest = site.ask(Ask::get(&format!("/api/v1/audit?before={before}")).pass(&pass)).await;
    assert_eq!(rest.json()["items"][0]["action"], "user.add");
    assert!(!rest.text().contains("argon2") && !rest.text().contains(OTHER), "no secrets");
    let told = site.ask(Ask::get("/api/v1/audit/verify").pass(&pass)).await.json();
    assert_eq!((&told["ok"], &told["entries"]), (&json!(true), &json!(4)));
}

#[tokio::test]
async fn a_user_has_at_most_four_heavy_requests() {
    let site = Site::new();
    let users = Users::of(&site);
    let held: Vec<_> = (0..4).map(|_| site.state.limits.heavy(users.admin).unwrap()).collect();
    let ask = || Ask::get("/api/v1/audit/verify").pass(&site.session(users.admin, 0));
    let told = site.ask(ask()).await;
    assert_eq!((told.status.as_u16(), told.problem().as_str()), (429, "busy"));
    assert_eq!(told.headers["retry-after"], "2");
    drop(held);
    assert_eq!(site.ask(ask()).await.status, 200);
    // The place is held until the answer has been sent.
    let place = site.state.limits.heavy(users.admin).unwrap();
    let response = place.hold(axum::response::Response::new(axum::body::Body::from("x")));
    assert_eq!(site.state.limits.running(users.admin), 1);
    drop(response);
    assert_eq!(site.state.limits.running(users.admin), 0);
}
