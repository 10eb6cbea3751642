//! The control store when things go wrong: damage, kills, many readers, a full disk, backups that
//! are none.

// Helpers of tests may panic as tests may; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backup;
mod crash;
mod crowd;
mod damage;
mod disk;
mod faults;
mod opening;

use anomalyzer_engine::Severity;
use anomalyzer_store::control::{
    AlertQuery, DeviceQuery, DocumentKind, ModelOrigin, NewAlert, NewAudit, NewDevice, NewIncident,
    NewLabel, NewModel, NewSession, NewSource, NewToken, NewUser, Role, SourceKind,
};
use anomalyzer_store::{Control, Options, SourceId, Store, StoreError};
use anomalyzer_wire::{Addr, Timestamp};
use std::path::Path;
use std::time::{Duration, Instant};

const SENSOR: SourceId = SourceId::SENSOR;
const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

fn open(dir: &Path) -> Store {
    Store::open(dir, &Options::default()).unwrap()
}

/// Runs something and says how long it took.
#[expect(clippy::disallowed_methods, reason = "what takes long is measured")]
fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let answer = f();
    (answer, start.elapsed())
}

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap()
    }
}

fn alert(n: i64) -> NewAlert {
    NewAlert {
        id: format!("a{n}"),
        detector: "port-scan".into(),
        technique: "syn".into(),
        severity: Severity::ALL[usize::try_from(n).unwrap() % 5],
        title: format!("Port scan number {n}"),
        src: vec![Addr::v4([10, 0, 0, 1])],
        dst: vec![Addr::v4([10, 0, 0, 2])],
        first: Timestamp::from_secs_nanos(n, 0),
        last: Timestamp::from_secs_nanos(n + 10, 0),
        count: 3,
        record: format!(r#"{{"id":"a{n}","what":"{}"}}"#, "seen and expected ".repeat(60)),
        suppressed: None,
    }
}

fn audit(n: i64) -> NewAudit {
    NewAudit {
        at: n,
        actor: "ann".into(),
        peer: "10.0.0.7".into(),
        action: "test".into(),
        target: n.to_string(),
        detail: "{}".into(),
        result: "ok".into(),
    }
}

fn new_sensor() -> NewSource {
    NewSource { kind: SourceKind::Live, name: "eth0".into() }
}

fn sensor(control: &Control) {
    control.put_source(Some(SENSOR), &new_sensor(), 1).unwrap();
}

fn user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.into(), role, password: PHC.into() }
}

/// Something of every kind.
fn fill(control: &Control) {
    sensor(control);
    let admin = control.add_user(&user("admin", Role::Admin), 1).unwrap();
    for n in 0..20 {
        control.add_user(&user(&format!("user {n}"), Role::Viewer), 1).unwrap();
    }
    let session = NewSession {
        hash: [1; 32],
        user: admin,
        peer: "::1".into(),
        agent: "x".into(),
        csrf: "c".into(),
    };
    control.add_session(&session, 1).unwrap();
    let token = NewToken {
        hash: [2; 32],
        user: admin,
        name: "t".into(),
        prefix: "anz_".into(),
        role: Role::Admin,
        expires: 1 << 40,
    };
    control.add_token(&token, 1).unwrap();
    for (n, kind) in KINDS.into_iter().enumerate() {
        let text = format!("text {n}\n").repeat(500);
        control.put_document(kind, "one", &text, true, None, "ann", 1).unwrap();
        control.put_document(kind, "one", &text, false, Some(1), "ann", 1).unwrap();
    }
    let alerts: Vec<_> = (0..300).map(alert).collect();
    control.put_alerts(SENSOR, &alerts).unwrap();
    let ids = ["a1".to_owned(), "a2".to_owned()];
    control.set_alert_state(SENSOR, &ids, None, Some(true), Some("note"), "ann", 5).unwrap();
    let incident = NewIncident {
        id: "i".into(),
        severity: Severity::High,
        title: "Incident".into(),
        first: Timestamp::from_secs_nanos(1, 0),
        last: Timestamp::from_secs_nanos(9, 0),
        alerts: ids.to_vec(),
        record: "{}".into(),
    };
    control.put_incidents(SENSOR, &[incident]).unwrap();
    let devices: Vec<_> = (0..100_u8)
        .map(|n| NewDevice {
            id: format!("ip:10.0.0.{n}"),
            addresses: vec![Addr::v4([10, 0, 0, n])],
            names: vec![("dhcp".into(), format!("host {n}"))],
            ..NewDevice::default()
        })
        .collect();
    control.put_devices(SENSOR, &devices).unwrap();
    for n in 0..200 {
        control.audit(&audit(n)).unwrap();
    }
    control.put_value("secret.csrf", &[7; 32]).unwrap();
    for n in 0..2 {
        control.add_model(&model(n), 1).unwrap();
    }
    control.promote_model(&model(0).id).unwrap();
    let label = NewLabel {
        flow: "1-x-1".into(),
        attack: true,
        kind: "flood".into(),
        vector: vec![1.5, f32::NAN],
    };
    control.put_labels(SENSOR, &[label], "ann", 1).unwrap();
    control.add_prediction(admin, "{}", 1).unwrap();
}

fn model(n: u8) -> NewModel {
    NewModel {
        id: format!("{n:012x}"),
        schema: "form".into(),
        kind: "gbdt".into(),
        origin: ModelOrigin::Trained,
        actor: "ann".into(),
        rows: 100,
        digest: "ab".repeat(32),
        threshold: 0.5,
        metrics: "{}".into(),
        card: "A model.".into(),
        file: vec![n; 5_000],
        held: Some(vec![n; 300]),
    }
}

const KINDS: [DocumentKind; 5] = [
    DocumentKind::Settings,
    DocumentKind::Keywords,
    DocumentKind::ThreatList,
    DocumentKind::Suppression,
    DocumentKind::SavedView,
];

fn every_alert() -> AlertQuery {
    AlertQuery {
        source: None,
        range: None,
        states: Vec::new(),
        severity: Severity::Info,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: true,
        limit: 1_000,
        cursor: None,
    }
}

/// Reads everything; the first error is the answer.
fn read_all(control: &Control) -> Result<(), StoreError> {
    for user in control.users()? {
        control.sessions(user.id)?;
    }
    control.tokens(None)?;
    control.sources()?;
    for kind in KINDS {
        for document in control.documents(kind)? {
            control.document_versions(kind, &document.name)?;
        }
    }
    for row in control.alerts(&every_alert())?.rows {
        control.alert_story(row.source, &row.alert.id)?;
    }
    control.incidents(&every_alert())?;
    control.open_alerts(SENSOR)?;
    let devices = DeviceQuery { source: SENSOR, limit: 1_000, ..DeviceQuery::default() };
    control.devices(&devices)?;
    control.device_at(SENSOR, Addr::v4([10, 0, 0, 1]))?;
    control.audit_entries(None, Some("ann"), 1_000)?;
    for model in control.models()? {
        control.model_file(&model.id)?;
        control.model_held(&model.id)?;
    }
    control.labels()?;
    // Whether the chain holds is another matter.
    let _ = control.verify_audit()?;
    Ok(())
}
