//! Alerts and what people make of them.

use crate::{Fixture, kind};
use anomalyzer_engine::Severity;
use anomalyzer_store::control::{
    AlertQuery, AlertRow, AlertState, NewAlert, NewSource, SourceKind,
};
use anomalyzer_store::{Control, Range, SourceId};
use anomalyzer_wire::{Addr, Timestamp};

const SENSOR: SourceId = SourceId::SENSOR;

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs_nanos(secs, 0)
}

pub(crate) fn alert(id: &str, severity: Severity, last: i64) -> NewAlert {
    NewAlert {
        id: id.into(),
        detector: "port-scan".into(),
        technique: "syn".into(),
        severity,
        title: format!("Port scan {id}"),
        src: vec![Addr::v4([10, 0, 0, 1])],
        dst: vec![Addr::v4([10, 0, 0, 2]), Addr::v6([0x20; 16])],
        first: at(last - 10),
        last: at(last),
        count: 3,
        record: format!(r#"{{"id":"{id}","what":"Ports of Alpha"}}"#),
        suppressed: None,
    }
}

pub(crate) fn query() -> AlertQuery {
    AlertQuery {
        source: None,
        range: None,
        states: Vec::new(),
        severity: Severity::Info,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: false,
        limit: 100,
        cursor: None,
    }
}

fn ids(rows: &[AlertRow]) -> Vec<&str> {
    rows.iter().map(|r| r.alert.id.as_str()).collect()
}

fn found(control: &Control, query: &AlertQuery) -> Vec<String> {
    let page = control.alerts(query).unwrap();
    assert_eq!(page.total, page.rows.len() as u64, "one page holds all");
    page.rows.into_iter().map(|r| r.alert.id).collect()
}

fn set(control: &Control, id: &str, state: AlertState) -> Vec<AlertRow> {
    control.set_alert_state(SENSOR, &[id.into()], Some(state), None, None, "ann", 500).unwrap()
}

#[test]
fn an_alert_comes_back_as_it_was_put() {
    let f = Fixture::new();
    let c = f.store.control();
    let new = NewAlert { suppressed: Some("s1".into()), ..alert("a", Severity::High, 1_000) };
    let rows = c.put_alerts(SENSOR, std::slice::from_ref(&new)).unwrap();
    assert_eq!(rows.len(), 1);
    let row = c.alert(SENSOR, "a").unwrap();
    assert_eq!(rows[0], row);
    assert_eq!((&row.alert, row.state, row.escalated), (&new, AlertState::Open, false));
    assert_eq!((row.changed, row.incident), (None, None));
    assert_eq!(kind(c.alert(SENSOR, "b")), "missing");
    assert_eq!(kind(c.alert(SourceId(2), "a")), "missing");
    assert_eq!(kind(c.put_alerts(SourceId(9), &[new])), "missing");
}

#[test]
fn what_is_unchanged_keeps_its_revision() {
    let f = Fixture::new();
    let c = f.store.control();
    let all: Vec<_> = (0..5).map(|n| alert(&n.to_string(), Severity::Low, 100 + n)).collect();
    let first = c.put_alerts(SENSOR, &all).unwrap();
    assert!(first.windows(2).all(|w| w[0].revision < w[1].revision));
    assert_eq!(c.put_alerts(SENSOR, &all).unwrap(), []);
    let mut grown = all.clone();
    grown[2].count += 1;
    let changed = c.put_alerts(SENSOR, &grown).unwrap();
    assert_eq!(ids(&changed), ["2"]);
    assert!(changed[0].revision > first[4].revision);
    assert_eq!(c.alert(SENSOR, "1").unwrap().revision, first[1].revision);
    // Also after the program began again.
    let last = changed[0].revision;
    let f = f.again();
    let c = f.store.control();
    assert_eq!(c.put_alerts(SENSOR, &grown).unwrap(), []);
    grown[0].count += 1;
    assert!(c.put_alerts(SENSOR, &grown).unwrap()[0].revision > last);
}

#[test]
fn every_field_of_an_alert_is_told_apart() {
    let f = Fixture::new();
    let c = f.store.control();
    let base = alert("a", Severity::Low, 100);
    let changes: [fn(&mut NewAlert); 10] = [
        |a| a.detector.push('x'),
        |a| a.technique.push('x'),
        |a| a.severity = Severity::Medium,
        |a| a.title.push('x'),
        |a| a.src.push(Addr::v4([1, 1, 1, 1])),
        |a| a.dst.clear(),
        |a| a.first = at(1),
        |a| a.last = at(101),
        |a| a.record.push(' '),
        |a| a.suppressed = Some("s".into()),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        c.put_alerts(SENSOR, std::slice::from_ref(&base)).unwrap();
        let mut new = base.clone();
        change(&mut new);
        let rows = c.put_alerts(SENSOR, std::slice::from_ref(&new)).unwrap();
        assert_eq!(rows.len(), 1, "change {n}");
        assert_eq!(c.alert(SENSOR, "a").unwrap().alert, new, "change {n}");
    }
}

#[test]
fn what_people_made_of_an_alert_stays_when_it_grows() {
    let f = Fixture::new();
    let c = f.store.control();
    for state in AlertState::ALL {
        let id = state.name();
        c.put_alerts(SENSOR, &[alert(id, Severity::Medium, 100)]).unwrap();
        let note = Some("mine");
        c.set_alert_state(SENSOR, &[id.into()], Some(state), Some(true), note, "ann", 7).unwrap();
        let rows = c.put_alerts(SENSOR, &[alert(id, Severity::Medium, 200)]).unwrap();
        let row = c.alert(SENSOR, id).unwrap();
        assert_eq!(rows[0], row);
        assert_eq!((row.state, row.escalated, row.note.as_str()), (state, true, "mine"));
        assert_eq!(row.alert.last, at(200));
        assert_eq!(row.changed, Some(("ann".into(), 7)));
    }
}

#[test]
fn only_a_closed_alert_that_gets_worse_is_open_again() {
    use AlertState::{Acknowledged, Closed, FalseAlarm, Open};
    use Severity::{High, Low, Medium};
    for (state, before, after, expected) in [
        (Closed, Medium, High, Open),
        (Closed, Medium, Medium, Closed),
        (Closed, Medium, Low, Closed),
        (FalseAlarm, Medium, High, FalseAlarm),
        (Acknowledged, Medium, High, Acknowledged),
    ] {
        let f = Fixture::new();
        let c = f.store.control();
        c.put_alerts(SENSOR, &[alert("a", before, 100)]).unwrap();
        set(c, "a", state);
        let rows = c.put_alerts(SENSOR, &[alert("a", after, 200)]).unwrap();
        assert_eq!(rows[0].state, expected, "{state:?} {before:?} {after:?}");
        assert_eq!(c.alert(SENSOR, "a").unwrap(), rows[0]);
        let story = c.alert_story(SENSOR, "a").unwrap();
        assert_eq!(story.len(), 1 + usize::from(expected == Open), "{story:?}");
        if expected == Open {
            assert_eq!(story[1].actor, "system");
            assert!(story[1].what.contains("from medium to high"), "{}", story[1].what);
        }
    }
}

#[test]
fn a_severity_that_falls_and_rises_again_opens_nothing() {
    let f = Fixture::new();
    let c = f.store.control();
    c.put_alerts(SENSOR, &[alert("a", Severity::High, 100)]).unwrap();
    set(c, "a", AlertState::Closed);
    for (severity, last) in [(Severity::Low, 101), (Severity::High, 102)] {
        let rows = c.put_alerts(SENSOR, &[alert("a", severity, last)]).unwrap();
        assert_eq!(rows[0].state, AlertState::Closed);
    }
    // A note does not change at which severity it was closed.
    c.put_alerts(SENSOR, &[alert("a", Severity::Low, 103)]).unwrap();
    c.set_alert_state(SENSOR, &["a".into()], None, None, Some("n"), "ann", 1).unwrap();
    let rows = c.put_alerts(SENSOR, &[alert("a", Severity::High, 104)]).unwrap();
    assert_eq!(rows[0].state, AlertState::Closed);
    let rows = c.put_alerts(SENSOR, &[alert("a", Severity::Critical, 105)]).unwrap();
    assert_eq!(rows[0].state, AlertState::Open);
    // Closed once more, now at critical.
    set(c, "a", AlertState::Closed);
    let rows = c.put_alerts(SENSOR, &[alert("a", Severity::Critical, 106)]).unwrap();
    assert_eq!(rows[0].state, AlertState::Closed);
}

#[test]
fn states_change_together_or_not_at_all() {
    let f = Fixture::new();
    let c = f.store.control();
    let all = [alert("a", Severity::Low, 1), alert("b", Severity::Low, 2)];
    let put = c.put_alerts(SENSOR, &all).unwrap();
    let both = ["a".to_owned(), "b".to_owned()];
    let wrong = ["a".to_owned(), "nothing".to_owned()];
    let closed = Some(AlertState::Closed);
    assert_eq!(kind(c.set_alert_state(SENSOR, &wrong, closed, None, None, "ann", 5)), "missing");
    assert_eq!(c.alert(SENSOR, "a").unwrap(), put[0]);
    let before = c.set_alert_state(SENSOR, &both, closed, None, None, "ann", 5).unwrap();
    assert_eq!(before, put, "what they were");
    for (id, before) in both.iter().zip(&before) {
        let row = c.alert(SENSOR, id).unwrap();
        assert_eq!((row.state, row.changed), (AlertState::Closed, Some(("ann".into(), 5))));
        assert!(row.revision > before.revision.max(put[1].revision));
    }
    // The same again changes nothing.
    let revision = c.alert(SENSOR, "b").unwrap().revision;
    c.set_alert_state(SENSOR, &both, closed, Some(false), Some(""), "bob", 6).unwrap();
    assert_eq!(c.alert(SENSOR, "b").unwrap().revision, revision);
    assert_eq!(c.alert_story(SENSOR, "b").unwrap().len(), 1);
    let many = vec!["a".to_owned(); 10_001];
    assert_eq!(kind(c.set_alert_state(SENSOR, &many, closed, None, None, "x", 1)), "limit");
}

#[test]
fn a_story_tells_who_did_what_in_order() {
    let f = Fixture::new();
    let c = f.store.control();
    c.put_alerts(SENSOR, &[alert("a", Severity::Low, 1)]).unwrap();
    let id = ["a".to_owned()];
    let ack = Some(AlertState::Acknowledged);
    c.set_alert_state(SENSOR, &id, ack, Some(true), None, "ann", 10).unwrap();
    let wrong = Some(AlertState::FalseAlarm);
    c.set_alert_state(SENSOR, &id, wrong, Some(false), Some("a test"), "bob", 20).unwrap();
    c.set_alert_state(SENSOR, &id, None, None, Some(""), "bob", 30).unwrap();
    let story = c.alert_story(SENSOR, "a").unwrap();
    let told: Vec<_> = story.iter().map(|h| (h.at, h.actor.as_str(), h.what.as_str())).collect();
    let expected = [
        (10, "ann", "acknowledged, was open; escalated"),
        (20, "bob", "false-alarm, was acknowledged; no longer escalated; note: a test"),
        (30, "bob", "note removed"),
    ];
    assert_eq!(told, expected);
    for n in 0..250 {
        let escalated = Some(n % 2 == 0);
        c.set_alert_state(SENSOR, &id, None, escalated, None, "bob", 100 + n).unwrap();
    }
    let story = c.alert_story(SENSOR, "a").unwrap();
    assert_eq!((story.len(), story[0].at, story[199].at), (200, 150, 349));
    assert_eq!(c.alert_story(SENSOR, "b").unwrap(), []);
}

#[test]
fn escalated_first_then_latest_and_pages_fit_together() {
    let f = Fixture::new();
    let c = f.store.control();
    let all: Vec<_> =
        (0..25).map(|n| alert(&format!("a{n:02}"), Severity::Low, 100 + n / 3)).collect();
    c.put_alerts(SENSOR, &all).unwrap();
    let old = ["a00".to_owned(), "a05".to_owned()];
    c.set_alert_state(SENSOR, &old, None, Some(true), None, "ann", 5).unwrap();
    let whole = found(c, &query());
    assert_eq!(whole[..3], ["a05", "a00", "a24"]);
    assert!(whole[2..].is_sorted_by(|a, b| a > b));
    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let page = c.alerts(&AlertQuery { limit: 4, cursor, ..query() }).unwrap();
        assert_eq!(page.total, 25);
        assert!(page.rows.len() <= 4);
        paged.extend(page.rows.into_iter().map(|r| r.alert.id));
        // News at the front move nothing.
        let news = alert(&format!("n{}", paged.len()), Severity::Info, 900);
        let news = NewAlert { suppressed: Some("hidden".into()), ..news };
        c.put_alerts(SENSOR, &[news]).unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, whole);
    for wrong in ["", "x", "1.2", "1.2.x", "1.2.99999999999999999999"] {
        let query = AlertQuery { cursor: Some(wrong.into()), ..query() };
        assert_eq!(kind(c.alerts(&query)), "invalid", "{wrong}");
    }
}

#[test]
fn each_condition_of_a_query_leaves_out_what_it_should() {
    let f = Fixture::new();
    let c = f.store.control();
    let file = NewSource { kind: SourceKind::File, name: "x.pcap".into() };
    let other = c.put_source(None, &file, 1).unwrap();
    let beacon = NewAlert {
        detector: "beacon".into(),
        src: vec![Addr::v4([10, 0, 0, 11])],
        title: "Beacon to EVIL.example 100%_".into(),
        ..alert("b", Severity::Critical, 200)
    };
    let hidden = NewAlert { suppressed: Some("s".into()), ..alert("h", Severity::High, 300) };
    c.put_alerts(SENSOR, &[alert("a", Severity::Low, 100), beacon, hidden]).unwrap();
    c.put_alerts(other, &[alert("o", Severity::Medium, 400)]).unwrap();
    set(c, "a", AlertState::Closed);
    let check = |query: AlertQuery, expected: &[&str]| {
        assert_eq!(found(c, &query), expected, "{query:?}");
    };
    check(query(), &["o", "b", "a"]);
    check(AlertQuery { suppressed: true, ..query() }, &["o", "h", "b", "a"]);
    check(AlertQuery { source: Some(SENSOR), ..query() }, &["b", "a"]);
    check(AlertQuery { severity: Severity::Medium, ..query() }, &["o", "b"]);
    check(AlertQuery { states: vec![AlertState::Closed], ..query() }, &["a"]);
    let not_closed = vec![AlertState::Open, AlertState::Acknowledged];
    check(AlertQuery { states: not_closed, ..query() }, &["o", "b"]);
    check(AlertQuery { detector: Some("beacon".into()), ..query() }, &["b"]);
    let range = Some(Range { from: at(200), to: at(400) });
    check(AlertQuery { range, ..query() }, &["b"]);
    let address = |a| AlertQuery { address: Some(a), ..query() };
    check(address(Addr::v4([10, 0, 0, 1])), &["o", "a"]);
    check(address(Addr::v4([10, 0, 0, 11])), &["b"]);
    check(address(Addr::v4([10, 0, 0, 2])), &["o", "b", "a"]);
    check(address(Addr::v6([0x20; 16])), &["o", "b", "a"]);
    check(address(Addr::v4([0, 0, 0, 2])), &[]);
    let text = |t: &str| AlertQuery { text: Some(t.into()), ..query() };
    check(text("evil.EXAMPLE"), &["b"]);
    check(text("100%_"), &["b"]);
    check(text("%"), &["b"]);
    check(text("beacon alpha"), &["b"]);
    check(text("beacon omega"), &[]);
    check(text("  "), &["o", "b", "a"]);
    check(text("' OR 1=1 --"), &[]);
}

#[test]
fn open_alerts_are_counted_by_severity() {
    let f = Fixture::new();
    let c = f.store.control();
    let mut all: Vec<_> =
        (0..10).map(|n| alert(&n.to_string(), Severity::ALL[n % 5], 100)).collect();
    all[4].suppressed = Some("s".into());
    c.put_alerts(SENSOR, &all).unwrap();
    set(c, "0", AlertState::Closed);
    set(c, "1", AlertState::Acknowledged);
    assert_eq!(c.open_alerts(SENSOR).unwrap(), ([1, 1, 2, 2, 1], 0));
    assert_eq!(c.open_alerts(SourceId(5)).unwrap(), ([0; 5], 0));
}

#[test]
fn what_is_too_large_is_cut_or_left_out() {
    let f = Fixture::new();
    let c = f.store.control();
    let long = NewAlert {
        title: "é".repeat(5_000),
        src: (0..2_000_u32).map(|n| Addr::v4(n.to_be_bytes())).collect(),
        count: u64::MAX,
        ..alert("long", Severity::Low, 1)
    };
    let no_id = alert("", Severity::Low, 1);
    let huge = NewAlert { record: " ".repeat((1 << 20) + 1), ..alert("huge", Severity::Low, 1) };
    let all = [long, no_id, huge];
    let rows = c.put_alerts(SENSOR, &all).unwrap();
    assert_eq!(ids(&rows), ["long"]);
    assert_eq!((rows[0].alert.title.len(), rows[0].alert.src.len()), (2_048, 1_024));
    assert_eq!(c.put_alerts(SENSOR, &all).unwrap(), [], "cut alike, so unchanged");
    assert_eq!(c.alert(SENSOR, "long").unwrap(), rows[0]);
    assert!(c.counters().contains(&("alerts_refused", 4)));
}

#[test]
fn a_full_source_throws_out_what_matters_least() {
    let f = Fixture::new();
    let c = f.store.control();
    let many = |from: i64, to: i64, severity| -> Vec<NewAlert> {
        (from..to).map(|n| alert(&format!("a{n}"), severity, 1_000 + n)).collect()
    };
    c.put_alerts(SENSOR, &many(0, 10, Severity::Info)).unwrap();
    c.put_alerts(SENSOR, &many(10, 50_000, Severity::Medium)).unwrap();
    let settled = ["a20".to_owned(), "a30".to_owned()];
    let closed = Some(AlertState::Closed);
    c.set_alert_state(SENSOR, &settled, closed, None, None, "ann", 1).unwrap();
    let up = ["a0".to_owned()];
    c.set_alert_state(SENSOR, &up, None, Some(true), None, "ann", 1).unwrap();
    let gone = |id: &str| c.alert(SENSOR, id).is_err();
    c.put_alerts(SENSOR, &many(50_000, 50_001, Severity::Low)).unwrap();
    assert!(gone("a20") && !gone("a30"), "settled ones first, the oldest of them");
    // What comes itself does not go.
    let mut next = many(50_001, 50_003, Severity::Medium);
    next.push(NewAlert { count: 9, ..alert("a30", Severity::Medium, 1_030) });
    c.put_alerts(SENSOR, &next).unwrap();
    assert!(!gone("a30") && gone("a1") && gone("a2") && !gone("a3"));
    assert_eq!(c.alert(SENSOR, "a30").unwrap().state, AlertState::Closed);
    // 7 of info, one closed and one of low are left; then nothing more of medium gets in.
    let rows = c.put_alerts(SENSOR, &many(60_000, 60_020, Severity::Medium)).unwrap();
    assert_eq!(rows.len(), 9);
    assert!(!gone("a0"), "escalated");
    let rows = c.put_alerts(SENSOR, &many(70_000, 70_001, Severity::Critical)).unwrap();
    assert_eq!(rows.len(), 1);
    assert!(gone("a10"));
    assert_eq!(c.alerts(&query()).unwrap().total, 50_000);
    assert!(c.counters().contains(&("alerts_evicted", 13)));
    assert!(c.counters().contains(&("alerts_refused", 11)));
}
