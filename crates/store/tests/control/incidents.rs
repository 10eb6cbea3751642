//! Incidents and the alerts that are their steps.

use crate::alerts::{alert, at, query};
use crate::{Fixture, kind};
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{
    AlertQuery, AlertState, IncidentRow, KeptIncidents, NewAlert, NewIncident,
};
use anomalyzer_store::{Control, SourceId};
use anomalyzer_wire::Addr;

const SENSOR: SourceId = SourceId::SENSOR;

fn incident(id: &str, alerts: &[&str]) -> NewIncident {
    NewIncident {
        id: id.into(),
        severity: Severity::High,
        title: format!("Incident {id}"),
        first: at(50),
        last: at(100),
        alerts: alerts.iter().map(|a| (*a).to_owned()).collect(),
        record: format!(r#"{{"id":"{id}"}}"#),
    }
}

fn filled(alerts: &[&str]) -> Fixture {
    let f = Fixture::new();
    let all: Vec<_> = alerts.iter().map(|id| alert(id, Severity::Medium, 100)).collect();
    f.store.control().put_alerts(SENSOR, &all).unwrap();
    f
}

fn of(control: &Control, alert: &str) -> Option<String> {
    control.alert(SENSOR, alert).unwrap().incident
}

fn set(control: &Control, id: &str, state: AlertState, escalated: bool) {
    let ids = [id.to_owned()];
    control.set_alert_state(SENSOR, &ids, Some(state), Some(escalated), None, "ann", 5).unwrap();
}

fn ids(rows: &[IncidentRow]) -> Vec<&str> {
    rows.iter().map(|r| r.incident.id.as_str()).collect()
}

#[test]
fn alerts_know_the_incident_they_are_a_step_of() {
    let f = filled(&["a", "b", "c"]);
    let c = f.store.control();
    let new = incident("i", &["a", "b", "not kept"]);
    let told = c.put_incidents(SENSOR, std::slice::from_ref(&new)).unwrap();
    let joined: Vec<_> =
        told.alerts.iter().map(|a| (&*a.alert.id, a.incident.as_deref())).collect();
    assert_eq!(joined, [("a", Some("i")), ("b", Some("i"))]);
    assert_eq!(told.alerts[0], c.alert(SENSOR, "a").unwrap());
    let rows = told.incidents;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0].incident, rows[0].state, rows[0].escalated),
        (&new, AlertState::Open, false)
    );
    assert_eq!(c.incident(SENSOR, "i").unwrap(), rows[0]);
    assert_eq!(
        (of(c, "a").as_deref(), of(c, "b").as_deref(), of(c, "c")),
        (Some("i"), Some("i"), None)
    );
    assert_eq!(c.put_incidents(SENSOR, &[new]).unwrap(), KeptIncidents::default());
    let page = c.alerts(&AlertQuery { incident: Some("i".into()), ..query() }).unwrap();
    assert_eq!(page.total, 2);
    assert_eq!(kind(c.incident(SENSOR, "x")), "missing");
    // A step that leaves.
    let told = c.put_incidents(SENSOR, &[incident("i", &["b"])]).unwrap();
    assert_eq!((told.alerts.len(), told.alerts[0].incident.as_deref()), (1, None));
    assert_eq!((of(c, "a"), of(c, "b").as_deref()), (None, Some("i")));
}

#[test]
fn an_alert_that_joins_later_belongs_to_it_too() {
    let f = filled(&["a"]);
    let c = f.store.control();
    let both = incident("i", &["a", "b"]);
    c.put_incidents(SENSOR, std::slice::from_ref(&both)).unwrap();
    c.put_alerts(SENSOR, &[alert("b", Severity::Low, 200)]).unwrap();
    c.put_incidents(SENSOR, &[both]).unwrap();
    assert_eq!(of(c, "b").as_deref(), Some("i"));
}

#[test]
fn incidents_that_grow_together_leave_no_empty_one() {
    for order in [[0, 1], [1, 0]] {
        let f = filled(&["a", "b", "c"]);
        let c = f.store.control();
        c.put_incidents(SENSOR, &[incident("i", &["a", "b"]), incident("j", &["c"])]).unwrap();
        // One step moves while both are given, whatever the order.
        let given = [incident("i", &["a"]), incident("j", &["b", "c"])];
        let given = order.map(|n| given[n].clone());
        c.put_incidents(SENSOR, &given).unwrap();
        assert_eq!(of(c, "b").as_deref(), Some("j"), "{order:?}");
        assert_eq!(of(c, "a").as_deref(), Some("i"), "{order:?}");
        let revision = c.alert(SENSOR, "a").unwrap().revision;
        c.put_incidents(SENSOR, &[incident("j", &["a", "b", "c"])]).unwrap();
        assert_eq!(kind(c.incident(SENSOR, "i")), "missing");
        assert_eq!(of(c, "a").as_deref(), Some("j"));
        assert!(c.alert(SENSOR, "a").unwrap().revision > revision);
    }
}

#[test]
fn an_incident_is_as_unsettled_as_its_least_settled_step() {
    use AlertState::{Acknowledged, Closed, FalseAlarm, Open};
    let f = filled(&["a", "b"]);
    let c = f.store.control();
    c.put_incidents(SENSOR, &[incident("i", &["a", "b"])]).unwrap();
    assert_eq!(c.open_alerts(SENSOR).unwrap().1, 1);
    for (a, b, expected) in [
        (Open, Closed, Open),
        (Acknowledged, Closed, Acknowledged),
        (Closed, FalseAlarm, Closed),
        (FalseAlarm, FalseAlarm, FalseAlarm),
        (FalseAlarm, Acknowledged, Acknowledged),
    ] {
        set(c, "a", a, false);
        set(c, "b", b, true);
        let row = c.incident(SENSOR, "i").unwrap();
        assert_eq!((row.state, row.escalated), (expected, true), "{a:?} {b:?}");
    }
    assert_eq!(c.open_alerts(SENSOR).unwrap().1, 0);
    // A new step opens it again, and so does one that gets worse.
    c.put_alerts(SENSOR, &[alert("n", Severity::Low, 1)]).unwrap();
    let rows = c.put_incidents(SENSOR, &[incident("i", &["a", "b", "n"])]).unwrap().incidents;
    assert_eq!(rows[0].state, Open);
    for id in ["a", "b", "n"] {
        set(c, id, Closed, false);
    }
    assert_eq!(c.incident(SENSOR, "i").unwrap().state, Closed);
    c.put_alerts(SENSOR, &[alert("n", Severity::High, 2)]).unwrap();
    assert_eq!(c.incident(SENSOR, "i").unwrap().state, Open);
}

#[test]
fn what_suppressions_hide_does_not_keep_an_incident_open() {
    let f = filled(&["a", "b"]);
    let c = f.store.control();
    c.put_incidents(SENSOR, &[incident("i", &["a", "b"])]).unwrap();
    set(c, "a", AlertState::Closed, false);
    let hidden = |id| NewAlert { suppressed: Some("s".into()), ..alert(id, Severity::Medium, 100) };
    c.put_alerts(SENSOR, &[hidden("b")]).unwrap();
    assert_eq!(c.incident(SENSOR, "i").unwrap().state, AlertState::Closed);
    c.put_alerts(SENSOR, &[hidden("a")]).unwrap();
    assert_eq!(c.incidents(&query()).unwrap().2, 0);
    assert_eq!(c.incidents(&AlertQuery { suppressed: true, ..query() }).unwrap().2, 1);
}

#[test]
fn pages_and_conditions_of_incidents() {
    let f = filled(&["a", "b", "c"]);
    let c = f.store.control();
    let far = NewAlert { src: vec![Addr::v4([9, 9, 9, 9])], ..alert("b", Severity::Medium, 101) };
    c.put_alerts(SENSOR, &[far]).unwrap();
    let all = [
        NewIncident { last: at(10), ..incident("i", &["a"]) },
        NewIncident { last: at(20), severity: Severity::Low, ..incident("j", &["b"]) },
        NewIncident { last: at(30), title: "Theft of Data".into(), ..incident("k", &["c"]) },
    ];
    c.put_incidents(SENSOR, &all).unwrap();
    set(c, "a", AlertState::Closed, true);
    let check = |query: AlertQuery, expected: &[&str]| {
        let (rows, next, total) = c.incidents(&query).unwrap();
        assert_eq!((ids(&rows), next, total), (expected.to_vec(), None, expected.len() as u64));
    };
    check(query(), &["i", "k", "j"]);
    check(AlertQuery { severity: Severity::Medium, ..query() }, &["i", "k"]);
    check(AlertQuery { states: vec![AlertState::Open], ..query() }, &["k", "j"]);
    check(AlertQuery { address: Some(Addr::v4([9, 9, 9, 9])), ..query() }, &["j"]);
    check(AlertQuery { text: Some("data THEFT".into()), ..query() }, &["k"]);
    check(AlertQuery { source: Some(SourceId(4)), ..query() }, &[]);
    let (rows, next, total) = c.incidents(&AlertQuery { limit: 2, ..query() }).unwrap();
    assert_eq!((ids(&rows), total), (vec!["i", "k"], 3));
    let (rows, next, _) = c.incidents(&AlertQuery { limit: 2, cursor: next, ..query() }).unwrap();
    assert_eq!((ids(&rows), next), (vec!["j"], None));
}

#[test]
fn at_most_ten_thousand_incidents() {
    let f = filled(&["a"]);
    let c = f.store.control();
    let first = NewIncident { last: at(1), ..incident("first", &["a"]) };
    c.put_incidents(SENSOR, &[first]).unwrap();
    let many: Vec<_> = (0..10_000).map(|n| incident(&n.to_string(), &[])).collect();
    c.put_incidents(SENSOR, &many).unwrap();
    assert_eq!(c.incidents(&query()).unwrap().2, 10_000);
    assert_eq!(kind(c.incident(SENSOR, "first")), "missing");
    assert_eq!(of(c, "a"), None);
    assert!(c.counters().contains(&("incidents_evicted", 1)));
}
