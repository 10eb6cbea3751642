//! Which alerts become one story, and which do not.

use super::*;
use crate::alert::testing::{alert, at, inside, outside, stranger};

const HOUR: i64 = 3_600;

fn join(mut alerts: Vec<Alert>) -> Incidents {
    alerts.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
    incidents(&alerts, Joining { gap: 4 * HOUR * 1_000_000_000 }, &|addr| addr.is_private())
}

/// Link names of the only incident's story.
fn links(alerts: Vec<Alert>) -> Vec<&'static str> {
    let all = join(alerts);
    assert_eq!(all.list.len(), 1, "{all:#?}");
    all.list[0].story.iter().map(|step| step.link.name()).collect()
}

fn intrusion() -> Vec<Alert> {
    let (insider, server) = (inside(5), inside(9));
    vec![
        alert("host-sweep", insider, inside(1), 0),
        alert("port-scan", insider, server, 100),
        alert("brute-force", insider, server, 300),
        alert("exfiltration", insider, outside(7), 3_000),
    ]
}

#[test]
fn one_source_is_one_story_in_time_order() {
    let all = join(intrusion().into_iter().rev().collect());
    let incident = &all.list[0];
    let told: Vec<_> = incident.story.iter().map(|step| step.detector).collect();
    assert_eq!(told, ["host-sweep", "port-scan", "brute-force", "exfiltration"]);
    assert_eq!(incident.stages, [Stage::Reconnaissance, Stage::Access, Stage::Exfiltration]);
    assert_eq!(incident.severity, Severity::Critical);
    assert!(incident.explanation.contains("because reconnaissance and exfiltration came together"));
    assert_eq!((incident.first, incident.last), (at(0), at(3_060)));
    assert_eq!(incident.attackers, [inside(5)]);
    assert_eq!(incident.victims, [inside(1), inside(9), inside(5)]);
    assert_eq!(incident.title, "10.0.0.5: reconnaissance, access, exfiltration in 4 alerts",);
    assert_eq!(links(intrusion()), ["begins", "same-source", "same-source", "same-source"]);
}

#[test]
fn a_weak_last_step_joins_its_attacker_and_counts_behind_an_attempt_to_get_in() {
    let weak = |mut alerts: Vec<Alert>| {
        alerts.last_mut().unwrap().severity = Severity::Low;
        alerts
    };
    let incident = &join(weak(intrusion())).list[0];
    assert_eq!((incident.alerts, incident.severity), (4, Severity::Critical));
    let scanner_that_uploads: Vec<Alert> =
        weak(intrusion()).into_iter().filter(|a| a.detector != "brute-force").collect();
    let incident = &join(scanner_that_uploads).list[0];
    assert_eq!((incident.alerts, incident.severity), (3, Severity::Medium));
    // Alone, or with a stranger's attack, it is nothing.
    let mut upload = alert("exfiltration", inside(8), outside(7), 3_000);
    upload.severity = Severity::Low;
    let scan = alert("port-scan", inside(5), inside(9), 0);
    assert_eq!(join(vec![scan, upload.clone(), upload]).list, []);
}

#[test]
fn the_id_stays_while_the_incident_grows() {
    let mut alerts = intrusion();
    let grown = join(alerts.clone());
    alerts.truncate(2);
    let early = join(alerts);
    assert_eq!(early.list[0].id, grown.list[0].id);
    assert_eq!(early.list[0].id.len(), 16);
    assert_eq!(early.list[0].severity, Severity::Medium);
}

#[test]
fn an_alert_alone_and_two_strangers_are_no_incident() {
    let scan = alert("port-scan", outside(1), inside(9), 0);
    let other = alert("port-scan", outside(2), inside(9), 10);
    assert_eq!(join(vec![scan.clone()]).list, []);
    assert_eq!(join(vec![scan, other]).list, []);
}

#[test]
fn the_same_source_beyond_the_gap_is_another_story() {
    let with = |second| {
        let again = alert("port-scan", outside(1), inside(8), second);
        join(vec![alert("port-scan", outside(1), inside(9), 0), again]).list.len()
    };
    assert_eq!(with(60 + 4 * HOUR), 1);
    assert_eq!(with(61 + 4 * HOUR), 0);
}

#[test]
fn a_victim_that_attacks_is_linked_as_a_hypothesis() {
    let alerts = vec![
        alert("port-scan", outside(1), inside(9), 0),
        alert("brute-force", outside(1), inside(9), 100),
        alert("beacon", inside(9), outside(7), 900),
        alert("host-sweep", inside(9), inside(3), 1_200),
    ];
    assert_eq!(links(alerts.clone()), ["begins", "same-source", "hand-over", "same-source"]);
    let incident = &join(alerts).list[0];
    assert!(incident.explanation.contains("10.0.0.9 was attacked by 203.0.113.1 before and may"));
    assert_eq!(incident.severity, Severity::Critical);
    assert_eq!(incident.attackers, [outside(1), inside(9)]);
}

#[test]
fn no_hand_over_without_access_before_it() {
    // Being scanned takes nobody over.
    let scanned = vec![
        alert("port-scan", outside(1), inside(9), 0),
        alert("beacon", inside(9), outside(7), 900),
    ];
    assert_eq!(join(scanned).list, []);
    // Who attacked before being attacked was not taken over by that.
    let before = vec![
        alert("beacon", inside(9), outside(7), 0),
        alert("brute-force", outside(1), inside(9), 900),
    ];
    assert_eq!(join(before).list, []);
    // A host on the Internet that the site's user attacks is not the site's to take over.
    let abroad = vec![
        alert("brute-force", inside(5), outside(1), 0),
        alert("port-scan", outside(1), inside(8), 900),
    ];
    assert_eq!(join(abroad).list, []);
}

#[test]
fn of_several_attackers_the_most_severe_then_latest_one_is_held_to_be_behind() {
    let mut severe = alert("keyword", outside(2), inside(9), 50);
    severe.severity = Severity::High;
    let alerts = vec![
        alert("brute-force", outside(1), inside(9), 0),
        severe,
        alert("brute-force", outside(3), inside(9), 100),
        alert("exfiltration", inside(9), outside(7), 900),
    ];
    let all = join(alerts);
    assert_eq!(all.list.len(), 1);
    assert_eq!(all.list[0].attackers, [outside(2), inside(9)]);
}

#[test]
fn a_call_back_to_a_scanner_is_linked() {
    let alerts = vec![
        alert("port-scan", outside(1), inside(9), 0),
        alert("beacon", inside(9), outside(1), 900),
    ];
    assert_eq!(links(alerts), ["begins", "calls-back"]);
    // Answers that look like a scan are no call.
    let answers = vec![
        alert("port-scan", outside(1), inside(9), 0),
        alert("port-scan", inside(9), outside(1), 10),
    ];
    assert_eq!(join(answers).list, []);
}

#[test]
fn two_hosts_that_attack_each_other_end_in_one_incident() {
    let alerts = vec![
        alert("brute-force", inside(1), inside(2), 0),
        alert("brute-force", inside(2), inside(1), 0),
    ];
    assert_eq!(links(alerts), ["begins", "calls-back"]);
}

#[test]
fn forged_sources_join_nothing() {
    let mut flood = alert("ddos", outside(1), inside(9), 0);
    flood.subject.src = None;
    flood.src = (1..=20).map(outside).collect();
    flood.src_count = crate::Tally::exact(5_000);
    let scan = alert("port-scan", outside(1), inside(9), 30);
    assert_eq!(join(vec![flood, scan]).list, []);
}

#[test]
fn statistics_are_context_and_join_nothing() {
    let mut alerts = intrusion();
    for (nth, host) in [(0, inside(5)), (1, inside(9)), (2, inside(77))] {
        let mut noisy = alert("noisy-host", host, inside(200), 200 + nth);
        noisy.severity = Severity::Info;
        alerts.push(noisy);
    }
    let mut later = alert("rare-port", inside(5), outside(200), 9_000);
    later.severity = Severity::Low;
    alerts.push(later);
    let all = join(alerts);
    assert_eq!(all.list.len(), 1);
    assert_eq!(all.list[0].context, [("noisy-host", 2)]);
    assert_eq!((all.list[0].alerts, all.list[0].severity), (4, Severity::Critical));
}

#[test]
fn false_alarms_join_nothing() {
    let mut alerts = intrusion();
    for alert in alerts.iter_mut().skip(1) {
        let verdict = crate::alert::Verdict::FalseAlarm;
        alert.feedback =
            Some(crate::alert::Feedback { verdict, reason: "ours".into(), given: None });
    }
    assert_eq!(join(alerts).list, []);
}

#[test]
fn the_source_is_who_acts_not_whom_the_alert_is_about() {
    let mut knock = alert("threat-list", outside(1), inside(9), 10);
    knock.subject.src = Some(inside(9));
    let scan = alert("port-scan", outside(1), inside(9), 0);
    assert_eq!(links(vec![scan, knock]), ["begins", "same-source"]);
}

#[test]
fn control_from_abroad_is_no_stage() {
    // A listed address that scans and guesses is not under anybody's control here.
    let alerts = vec![
        alert("port-scan", outside(1), inside(9), 0),
        alert("threat-list", outside(1), inside(9), 1),
    ];
    let all = join(alerts);
    assert_eq!(all.list[0].severity, Severity::Medium);
    assert_eq!(all.list[0].stages, [Stage::Reconnaissance]);
}

#[test]
fn many_alerts_keep_the_steps_that_differ() {
    let mut alerts: Vec<Alert> =
        (0..200).map(|n| alert("port-scan", inside(5), inside(n), i64::from(n))).collect();
    alerts.extend(intrusion().into_iter().filter(|alert| alert.detector != "port-scan"));
    let all = join(alerts);
    let incident = &all.list[0];
    assert_eq!((incident.alerts, incident.story.len()), (203, STEPS_MAX));
    assert_eq!((incident.steps_left_out, all.steps_left_out), (153, 153));
    for detector in ["host-sweep", "brute-force", "exfiltration"] {
        assert!(incident.story.iter().any(|step| step.detector == detector), "{detector}");
    }
    assert!(incident.story.is_sorted_by_key(|step| step.first));
    assert_eq!(incident.victims.len(), 20);
}

#[test]
fn more_incidents_than_fit_are_counted() {
    let mut alerts = Vec::new();
    for (n, second) in (0..INCIDENTS_MAX + 5).zip(0_i64..) {
        let source = stranger(n);
        alerts.push(alert("port-scan", source, inside(1), second));
        let then = if n > 1_000 { "brute-force" } else { "host-sweep" };
        alerts.push(alert(then, source, inside(1), second + 5));
    }
    let all = join(alerts);
    assert_eq!((all.list.len(), all.left_out), (INCIDENTS_MAX, 5));
    assert!(all.list.is_sorted_by_key(|incident| incident.first));
    let high = all.list.iter().filter(|incident| incident.severity == Severity::High).count();
    assert_eq!(high, 4, "the severe ones are kept although they came last");
}
