//! Alerts of whole captures become incidents, and hosts at risk.

use crate::support::{Run, run};
use anomalyzer_engine::Severity;
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_scenario::{Plan, generate};
use std::collections::BTreeSet;

fn plan() -> Plan {
    Plan::office(31, 10).with_intrusion()
}

#[test]
fn an_intrusion_is_one_story_of_its_steps() {
    let out = run(generate(&plan()));
    assert_eq!(out.incidents.len(), 1, "{:#?}", out.incidents);
    let incident = &out.incidents[0];
    let told: BTreeSet<&str> = incident.story.iter().map(|step| step.detector).collect();
    let steps = ["host-sweep", "port-scan", "brute-force", "exfiltration"];
    for step in steps.iter().filter(|id| DETECTORS.iter().any(|spec| spec.id == **id)) {
        assert!(told.contains(step), "{step} is missing: {incident:#?}");
    }
    assert!(incident.story.is_sorted_by_key(|step| step.first));
    assert_eq!(incident.attackers.len(), 1);
    if told.contains("brute-force") {
        assert!(incident.severity >= Severity::High, "{incident:#?}");
    }
    if told.contains("exfiltration") {
        assert_eq!(incident.severity, Severity::Critical);
    }
    assert_eq!(out.hosts[0].addr, incident.attackers[0], "the attacker is the host most at risk");
    let ids: BTreeSet<&String> = out.alerts.iter().map(|alert| &alert.id).collect();
    assert!(incident.story.iter().all(|step| ids.contains(&step.alert)));
}

#[test]
fn incidents_and_risk_do_not_depend_on_the_number_of_workers() {
    let one = run(generate(&plan()));
    let four = Run { workers: 4, seed: 99, ..Run::default() }.frames(generate(&plan()));
    assert_eq!(one.incidents, four.incidents);
    assert_eq!(one.hosts, four.hosts);
}

#[test]
fn a_quiet_office_has_no_incident() {
    let out = run(generate(&Plan::office(33, 15)));
    assert_eq!(out.incidents, []);
    assert!(out.hosts.iter().all(|host| host.score < 20.0), "{:?}", out.hosts.first());
}
