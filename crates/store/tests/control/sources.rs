//! Sources.

use crate::alerts::{alert, at};
use crate::{Fixture, kind};
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{NewDevice, NewIncident, NewSource, Source, SourceKind};
use anomalyzer_store::{Options, SourceId, Store};

fn file(name: &str) -> NewSource {
    NewSource { kind: SourceKind::File, name: name.into() }
}

#[test]
fn the_sensor_is_one_and_the_others_never_share_an_id() {
    let f = Fixture::new();
    let c = f.store.control();
    let a = c.put_source(None, &file("a.pcap"), 5).unwrap();
    let b = c.put_source(None, &file("b.pcap"), 6).unwrap();
    assert_eq!((a, b), (SourceId(2), SourceId(3)));
    let ids = |f: &Fixture| -> Vec<i64> {
        f.store.control().sources().unwrap().iter().map(|s| s.id.0).collect()
    };
    assert_eq!(ids(&f), [1, 3, 2]);
    c.remove_source(b).unwrap();
    let f = f.again();
    let c = f.store.control();
    assert_eq!(c.put_source(None, &file("c.pcap"), 7).unwrap(), SourceId(4));
    assert_eq!(ids(&f), [1, 4, 2]);
    let sensor = NewSource { kind: SourceKind::Demo, name: "demo".into() };
    assert_eq!(c.put_source(Some(SourceId::SENSOR), &sensor, 9).unwrap(), SourceId::SENSOR);
    let kept = c.source(SourceId::SENSOR).unwrap();
    assert_eq!((kept.kind, kept.name.as_str(), kept.created), (SourceKind::Demo, "demo", 100));
    assert_eq!(kind(c.put_source(Some(SourceId(77)), &sensor, 9)), "missing");
    assert_eq!(kind(c.source(b)), "missing");
    assert_eq!(kind(c.remove_source(b)), "missing");
}

#[test]
fn a_first_source_of_a_file_is_not_the_sensor() {
    let dir = tempfile::TempDir::new().unwrap();
    let store = Store::open(dir.path(), &Options::default()).unwrap();
    let id = store.control().put_source(None, &file("a.pcap"), 5).unwrap();
    assert_eq!(id, SourceId(2));
}

#[test]
fn times_counts_and_state_are_kept() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.put_source(None, &file("a.pcap"), 5).unwrap();
    let new = c.source(id).unwrap();
    assert_eq!((new.first, new.packets, new.state.as_str()), (None, 0, "stopped"));
    let full = Source {
        first: Some(at(-5)),
        last: Some(at(90)),
        packets: u64::MAX,
        bytes: 7,
        state: "failed".into(),
        problem: Some("cut at byte 12".into()),
        ..new
    };
    c.update_source(&full).unwrap();
    assert_eq!(c.source(id).unwrap(), Source { packets: i64::MAX as u64, ..full.clone() });
    assert_eq!(kind(c.update_source(&Source { id: SourceId(9), ..full })), "missing");
}

#[test]
fn a_source_takes_what_belongs_to_it_along() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.put_source(None, &file("a.pcap"), 5).unwrap();
    for source in [SourceId::SENSOR, id] {
        c.put_alerts(source, &[alert("a", Severity::Low, 1)]).unwrap();
        let incident = NewIncident {
            id: "i".into(),
            severity: Severity::Low,
            title: String::new(),
            first: at(1),
            last: at(1),
            alerts: vec!["a".into()],
            record: String::new(),
        };
        c.put_incidents(source, &[incident]).unwrap();
        let device = NewDevice { id: "d".into(), ..NewDevice::default() };
        c.put_devices(source, &[device]).unwrap();
        let ids = ["a".to_owned()];
        c.set_alert_state(source, &ids, None, Some(true), None, "ann", 1).unwrap();
    }
    c.remove_source(id).unwrap();
    assert_eq!(kind(c.alert(id, "a")), "missing");
    assert_eq!(kind(c.incident(id, "i")), "missing");
    assert_eq!(kind(c.device(id, "d")), "missing");
    assert_eq!(c.alert_story(id, "a").unwrap(), []);
    let sensor = SourceId::SENSOR;
    assert!(c.alert(sensor, "a").is_ok() && c.incident(sensor, "i").is_ok());
    assert_eq!(c.alert_story(sensor, "a").unwrap().len(), 1);
}

#[test]
fn at_most_a_thousand_and_some_sources() {
    let f = Fixture::new();
    let c = f.store.control();
    for n in 1..1_024 {
        c.put_source(None, &file(&n.to_string()), 1).unwrap();
    }
    assert_eq!(kind(c.put_source(None, &file("more"), 1)), "limit");
}
