//! A server over a store of its own, without sockets.

use crate::auth::secret;
use crate::control::*;
use crate::route::Route;
use crate::state::AppState;
use crate::{Control, Hub, Options, app, clock};
use anomalyzer_engine::alert::{Suppression, suppress::Scope};
use anomalyzer_store::control::{NewSession, NewToken, NewUser, Role};
use anomalyzer_store::{Range, SourceId, Store};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A password that is accepted.
pub(super) const PASSWORD: &str = "teapots drift over copper hills";

/// A program that watches nothing.
#[derive(Default)]
pub(super) struct Nothing {
    /// Storage is full.
    pub(super) full: AtomicBool,
    /// Panic when asked for the state.
    pub(super) panics: AtomicBool,
}

fn missing<T>() -> Answer<T> {
    Err(Refusal { message: "there is no such thing".into(), place: None, missing: true })
}

impl Control for Nothing {
    fn status(&self) -> Status {
        assert!(!self.panics.load(Ordering::Relaxed), "asked at the wrong moment");
        let mut status = Status { version: "9.9.9".into(), ..Default::default() };
        if self.full.load(Ordering::Relaxed) {
            status.problems.push(Problem {
                id: "storage_full".into(),
                level: "error".into(),
                text: "the disk is full".into(),
            });
        }
        status
    }
    fn interfaces(&self) -> Answer<Vec<Interface>> {
        let addresses = vec!["192.0.2.7/24".into(), "fe80::1%lan0".into()];
        Ok(vec![Interface { name: "lan0".into(), addresses, ..Default::default() }])
    }
    fn watch(&self, _: &[String]) -> Answer<()> {
        Ok(())
    }
    fn settings(&self) -> Answer<SettingsView> {
        Ok(SettingsView { version: 1, core: Vec::new(), detectors: Vec::new() })
    }
    fn change_settings(&self, _: &SettingsChange, _: &str) -> Answer<i64> {
        Ok(2)
    }
    fn back_test(
        &self,
        _: &SettingsChange,
        _: SourceId,
        _: Option<Range>,
    ) -> Answer<BacktestAnswer> {
        Ok(BacktestAnswer::default())
    }
    fn lists(&self, _: ListKind) -> Answer<Vec<ListInfo>> {
        Ok(Vec::new())
    }
    fn list(&self, _: ListKind, _: &str) -> Answer<ListText> {
        missing()
    }
    fn put_list(&self, _: ListKind, _: &str, _: &str, _: Option<i64>, _: &str) -> Answer<ListInfo> {
        missing()
    }
    fn enable_list(&self, _: ListKind, _: &str, _: bool, _: &str) -> Answer<()> {
        missing()
    }
    fn remove_list(&self, _: ListKind, _: &str, _: &str) -> Answer<()> {
        missing()
    }
    fn suppressions(&self) -> Answer<Vec<SuppressionInfo>> {
        Ok(Vec::new())
    }
    fn preview_suppression(&self, _: &Scope) -> Answer<(u64, Vec<String>)> {
        Ok((0, Vec::new()))
    }
    fn suppress(&self, _: &Suppression, _: &str) -> Answer<String> {
        missing()
    }
    fn unsuppress(&self, _: &str, _: &str) -> Answer<()> {
        missing()
    }
    fn judge(&self, _: SourceId, _: &[String], _: bool, _: &str) -> Answer<()> {
        Ok(())
    }
    fn analyse(&self, _: &Path, _: &str) -> Answer<SourceId> {
        missing()
    }
    fn remove_source(&self, _: SourceId) -> Answer<()> {
        missing()
    }
    fn evidence(&self, _: SourceId, _: &str, _: bool) -> Answer<Vec<EvidencePacket>> {
        missing()
    }
    fn evidence_file(&self, _: SourceId, _: &str) -> Answer<Vec<u8>> {
        missing()
    }
    fn model_changed(&self, _: &str) {}
    fn reload(&self) -> Answer<Vec<String>> {
        Ok(Vec::new())
    }
    fn last_reload(&self) -> Option<LastReload> {
        None
    }
}

/// Options for loopback without TLS.
pub(super) fn options() -> Options {
    Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        certificate: None,
        tls: false,
        insecure_http: false,
        host_names: vec!["Sensor.example".into()],
        trusted_proxies: Vec::new(),
        demo: false,
        session_idle: Duration::from_mins(30),
        session_max: Duration::from_hours(12),
        geo: Vec::new(),
        upload_max: 1 << 20,
    }
}

/// A server without sockets.
pub(super) struct Site {
    pub(super) state: AppState,
    pub(super) router: Router,
    pub(super) table: Vec<Route>,
    pub(super) control: Arc<Nothing>,
    pub(super) _dir: TempDir,
}

/// A session with its secrets.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with(options())
    }

    pub(super) fn with(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &anomalyzer_store::Options::default()).unwrap();
        let control = Arc::new(Nothing::default());
        let state =
            AppState::new(options, store, Hub::default(), Arc::clone(&control) as _).unwrap();
        let (router, table) = app::build(&state);
        Self { state, router, table, control, _dir: dir }
    }

    /// A user with the password, or with none.
    pub(super) fn user(&self, name: &str, role: Role, password: Option<&str>) -> i64 {
        let password = password.map(|p| crate::auth::password::hash_now(p).unwrap());
        let user = NewUser { name: name.into(), role, password: password.unwrap_or_default() };
        self.state.store.control().add_user(&user, clock::now()).unwrap()
    }

    /// A session that began so many seconds ago.
    pub(super) fn session(&self, user: i64, ago: i64) -> Pass {
        let (secret, csrf) = (secret::secret().unwrap(), secret::secret().unwrap());
        let new = NewSession {
            hash: secret::hash(&secret),
            user,
            peer: "127.0.0.1".into(),
            agent: "test".into(),
            csrf: csrf.clone(),
        };
        self.state.store.control().add_session(&new, clock::now() - ago).unwrap();
        Pass { cookie: format!("anomalyzer-0={secret}"), csrf }
    }

    /// A token that holds for so many seconds.
    pub(super) fn token(&self, user: i64, role: Role) -> (i64, String) {
        let token = secret::api_token().unwrap();
        let now = clock::now();
        let new = NewToken {
            hash: secret::hash(&token),
            user,
            name: "test".into(),
            prefix: token[..10].into(),
            role,
            expires: now + 100,
        };
        (self.state.store.control().add_token(&new, now).unwrap(), token)
    }

    /// Sends a request; the answer before its body was read.
    pub(super) async fn send(&self, ask: Ask) -> axum::response::Response {
        self.router.clone().oneshot(ask.request()).await.unwrap()
    }

    /// Sends a request.
    pub(super) async fn ask(&self, ask: Ask) -> Told {
        let response = self.send(ask).await;
        let (parts, body) = response.into_parts();
        // A stream has no end; what it says is the business of other tests.
        let stream = parts.headers.get("content-type").is_some_and(|t| t == "text/event-stream");
        let body = if stream {
            drop(body);
            Vec::new()
        } else {
            body.collect().await.unwrap().to_bytes().into()
        };
        Told { status: parts.status, headers: parts.headers, body }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: SocketAddr,
}

impl Ask {
    pub(super) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            path: path.into(),
            headers: vec![("host".into(), "localhost:8080".into())],
            body: Vec::new(),
            peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
        }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name || name == "cookie");
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// As the console would: cookie, CSRF token.
    pub(super) fn pass(self, pass: &Pass) -> Self {
        self.header("cookie", &pass.cookie).header("x-csrf-token", &pass.csrf)
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn json(self, body: &serde_json::Value) -> Self {
        let mut ask = self.header("content-type", "application/json");
        ask.body = body.to_string().into();
        ask
    }

    pub(super) fn body(self, body: &str) -> Self {
        self.bytes(body.as_bytes())
    }

    pub(super) fn bytes(mut self, body: &[u8]) -> Self {
        self.body = body.to_owned();
        self
    }

    pub(super) fn from(mut self, peer: &str) -> Self {
        self.peer = SocketAddr::new(peer.parse().unwrap(), 50_000);
        self
    }

    fn request(self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if !self.body.is_empty() {
            request = request.header("content-length", self.body.len());
        }
        let mut request = request.body(Body::from(self.body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Told {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The kind of a problem: `login`, `role`...
    pub(super) fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or("").to_owned();
        kind.rsplit(':').next().unwrap_or("").to_owned()
    }

    /// The session cookie that an answer sets, as a browser sends it back.
    pub(super) fn cookie(&self) -> String {
        let set = self.headers.get("set-cookie").expect("a cookie").to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    /// Cookie and CSRF token of a log-in.
    pub(super) fn pass(&self) -> Pass {
        Pass { cookie: self.cookie(), csrf: self.json()["csrf"].as_str().unwrap().to_owned() }
    }
}
