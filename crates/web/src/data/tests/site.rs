//! A site whose stores hold what the engine made of a scenario, behind the whole service.

use super::machine::Machine;
use crate::state::AppState;
use crate::{Hub, Options, app, auth};
use anomalyzer_engine::keyword::{Matcher, default_lists};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::{
    Alert, Config, Correlator, FlowRecord, Incident, Marker, Output, Pacer, Worker,
};
use anomalyzer_report::ndjson;
use anomalyzer_scenario::{AttackKind, Frame, Plan, generate};
use anomalyzer_store::control::{
    NewAlert, NewDevice, NewIncident, NewSource, NewToken, NewUser, Role, Source, SourceKind,
};
use anomalyzer_store::{SourceId, Store};
use anomalyzer_wire::Timestamp;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// What the engine made.
pub(super) struct Made {
    pub(super) frames: Vec<(Timestamp, usize)>,
    pub(super) flows: Vec<FlowRecord>,
    pub(super) rows: Vec<Row>,
    pub(super) alerts: Vec<Alert>,
    pub(super) incidents: Vec<Incident>,
    pub(super) devices: Vec<NewDevice>,
}

/// An office of ten minutes with an intruder in it, and somebody who guesses passwords.
pub(super) static MADE: LazyLock<Made> = LazyLock::new(|| {
    let guess = AttackKind::ALL.iter().find(|kind| kind.name() == "brute-force-ftp");
    let plan = Plan::office(31, 10).with_intrusion();
    make(generate(&guess.map_or(plan.clone(), |kind| plan.with(*kind))))
});

#[derive(Default)]
struct Out {
    flows: Vec<FlowRecord>,
    rows: Vec<Row>,
}

impl Output for Out {
    fn flow(&mut self, record: &FlowRecord) {
        self.flows.push(record.clone());
    }

    fn second(&mut self, _: &SecondTotals, rows: &[Row]) {
        self.rows.extend_from_slice(rows);
    }
}

fn make(frames: impl Iterator<Item = Frame>) -> Made {
    let config = Arc::new(Config::default());
    let matcher = Arc::new(Matcher::new(&default_lists().unwrap()).unwrap());
    let mut worker = Worker::new(&config, &matcher, 1, 1);
    let mut correlator = Correlator::new(&config, 1).live();
    let (mut pacer, mut out, mut seen) = (Pacer::default(), Out::default(), Vec::new());
    let cut = |worker: &mut Worker, correlator: &mut Correlator, out: &mut Out, marker: Marker| {
        let batch = worker.marker(&marker);
        correlator.epoch(&marker, vec![batch], out);
    };
    for frame in frames {
        let raw = frame.raw();
        seen.push((raw.time, raw.data.len()));
        let paced = pacer.frame(raw.time);
        if let Some(marker) = paced.marker {
            cut(&mut worker, &mut correlator, &mut out, marker);
        }
        worker.frame(paced.seq, paced.now, &raw);
    }
    let marker = pacer.finish();
    cut(&mut worker, &mut correlator, &mut out, marker);
    let view = correlator.view();
    let devices = correlator.devices().unwrap().changed_since(0).map(device).collect();
    Made {
        frames: seen,
        flows: out.flows,
        rows: out.rows,
        alerts: view.alerts,
        incidents: view.incidents.list,
        devices,
    }
}

fn device(device: &anomalyzer_engine::device::Device) -> NewDevice {
    NewDevice {
        id: device.id.to_string(),
        mac: device.mac(),
        vendor: device.vendor(),
        addresses: device.addresses.iter().map(|(addr, _)| *addr).collect(),
        names: device.names.iter().map(|(from, n)| (from.name().into(), n.escaped())).collect(),
        first: device.first,
        last: device.last,
        services: device
            .services
            .iter()
            .map(|s| (s.proto, s.port, s.app.name().to_owned(), s.last))
            .collect(),
        learned: device.learned.name().to_owned(),
        bytes: device.bytes,
        flows: device.flows,
    }
}

/// An alert as the program keeps it.
pub(super) fn kept(alert: &Alert) -> NewAlert {
    let mut record = Vec::new();
    ndjson::alert(&mut record, alert, None);
    NewAlert {
        id: alert.id.clone(),
        detector: alert.detector.to_owned(),
        technique: alert.technique.clone(),
        severity: alert.severity,
        title: alert.title.clone(),
        src: alert.src.clone(),
        dst: alert.dst.clone(),
        first: alert.first,
        last: alert.last,
        count: alert.count,
        record: String::from_utf8(record).unwrap().trim_end().to_owned(),
        suppressed: None,
    }
}

fn kept_incident(incident: &Incident) -> NewIncident {
    let mut record = Vec::new();
    ndjson::incident(&mut record, incident, None);
    NewIncident {
        id: incident.id.clone(),
        severity: incident.severity,
        title: incident.title.clone(),
        first: incident.first,
        last: incident.last,
        alerts: incident.story.iter().map(|step| step.alert.clone()).collect(),
        record: String::from_utf8(record).unwrap().trim_end().to_owned(),
    }
}

/// The service over a store of its own.
pub(super) struct Site {
    pub(super) state: AppState,
    pub(super) machine: Arc<Machine>,
    router: Router,
    tokens: [String; 3],
    _dir: TempDir,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Site {
    /// A store without anything but users.
    pub(super) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &anomalyzer_store::Options::default()).unwrap();
        let tokens = [Role::Viewer, Role::Analyst, Role::Admin].map(|role| token(&store, role));
        let machine = Arc::new(Machine::new(&store));
        let state =
            AppState::new(options(), store, Hub::default(), Arc::clone(&machine) as _).unwrap();
        let (router, _) = app::build(&state);
        Self { state, machine, router, tokens, _dir: dir }
    }

    /// With what the engine made of the office, as the demonstration.
    pub(super) fn office() -> Self {
        let site = Self::empty();
        site.fill(&MADE);
        site
    }

    fn fill(&self, made: &Made) {
        let control = self.state.store.control();
        let new = NewSource { kind: SourceKind::Demo, name: "office <b>".into() };
        let id = control.put_source(Some(SourceId::SENSOR), &new, 1_000).unwrap();
        let (first, last) = (made.frames[0].0, made.frames[made.frames.len() - 1].0);
        control
            .update_source(&Source {
                id,
                kind: new.kind,
                name: new.name,
                created: 1_000,
                first: Some(first),
                last: Some(last),
                packets: made.frames.len() as u64,
                bytes: made.frames.iter().map(|(_, len)| *len as u64).sum(),
                state: "done".into(),
                problem: None,
            })
            .unwrap();
        let store = &self.state.store;
        store.history().append(id, &made.flows).unwrap();
        store.history().flush().unwrap();
        store.series().append(id, &made.rows).unwrap();
        store.series().watched(id, first.secs(), last.secs() + 1).unwrap();
        let alerts: Vec<NewAlert> = made.alerts.iter().map(kept).collect();
        control.put_alerts(id, &alerts).unwrap();
        let incidents: Vec<NewIncident> = made.incidents.iter().map(kept_incident).collect();
        control.put_incidents(id, &incidents).unwrap();
        control.put_devices(id, &made.devices).unwrap();
    }

    /// Asks as somebody with this role.
    pub(super) async fn ask(&self, role: Role, method: &str, path: &str, body: Body) -> Answer {
        let token = &self.tokens[role as usize];
        let kind = if method == "POST" && path.contains("/sources") {
            "application/octet-stream"
        } else {
            "application/json"
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", kind)
            .body(body)
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// `GET` as an analyst.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Role::Analyst, "GET", path, Body::empty()).await
    }

    /// `GET` as an analyst: what comes back as JSON.
    pub(super) async fn json(&self, path: &str) -> Value {
        self.get(path).await.json()
    }

    /// Sends JSON.
    pub(super) async fn send(&self, role: Role, method: &str, path: &str, body: Value) -> Answer {
        self.ask(role, method, path, Body::from(body.to_string())).await
    }
}

fn token(store: &Store, role: Role) -> String {
    let control = store.control();
    let name = role.name().to_owned();
    let user = NewUser { name: name.clone(), role, password: String::new() };
    let user = control.add_user(&user, 1_000).unwrap();
    let token = format!("anz_{name}_0123456789abcdef");
    let new = NewToken {
        hash: auth::secret::hash(&token),
        user,
        name,
        prefix: "anz_".into(),
        role,
        expires: i64::MAX / 4,
    };
    control.add_token(&new, 1_000).unwrap();
    token
}

fn options() -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        certificate: None,
        tls: false,
        insecure_http: false,
        host_names: Vec::new(),
        trusted_proxies: Vec::new(),
        demo: false,
        session_idle: Duration::from_mins(30),
        session_max: Duration::from_hours(12),
        geo: Vec::new(),
        upload_max: 4 << 20,
    }
}

/// The items of a list.
pub(super) fn items(value: &Value) -> &Vec<Value> {
    value["items"].as_array().unwrap()
}

/// The whole time of the office.
pub(super) const ALL: &str = "from=-1d&to=now";
