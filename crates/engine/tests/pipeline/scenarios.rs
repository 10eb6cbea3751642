//! Every detector has a scenario in which it fires, and an office in which all stay quiet.

use crate::support::{Run, run};
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_engine::keyword::{Matcher, default_lists};
use anomalyzer_engine::threat::{Builder, Indicators, ListSpec};
use anomalyzer_engine::{Config, Severity};
use anomalyzer_scenario::{AttackKind, LISTED, Origin, Plan, generate};
use std::collections::BTreeSet;

/// Kinds that need more time or traffic than a test of minutes gives them.
const LONG: [&str; 1] = ["port-scan-slow"];
/// Kinds that need more than the usual four minutes; a small office goes on around them.
const MINUTES: [(&str, u32); 4] =
    [("beacon", 15), ("beacon-jitter", 12), ("beacon-slow", 55), ("dns-tunnel-slow", 35)];

/// The office with the attack in it.
pub(crate) fn plan(kind: AttackKind) -> Plan {
    match MINUTES.iter().find(|(name, _)| *name == kind.name()) {
        Some((_, minutes)) => {
            let office = Plan { hosts: 6, ..Plan::office(7, *minutes) };
            office.with_at(kind, 20, Origin::Default)
        }
        None => Plan::office(7, 4).with(kind),
    }
}

/// Kinds that are made for a demonstration with a lower floor.
const LOWERED: [(&str, &str, &str); 1] = [("exfiltration-small", "exfiltration.bytes", "20000000")];

/// The run in which the kind is found: the lists it needs, a lower floor where it has one.
pub(crate) fn tuned(kind: AttackKind) -> Run {
    let mut config = Config::default();
    for (_, key, value) in LOWERED.iter().filter(|(name, ..)| *name == kind.name()) {
        config.set(key, value).unwrap();
    }
    let matcher = Matcher::new(&default_lists().unwrap()).unwrap();
    Run { config, matcher, indicators: listed(), ..Run::default() }
}

pub(crate) fn detectors() -> BTreeSet<&'static str> {
    DETECTORS.iter().map(|spec| spec.id).collect()
}

/// A list with the address that the scenario's taken-over workstation calls.
fn listed() -> Indicators {
    let [a, b, c, d] = LISTED;
    let text = format!("{a}.{b}.{c}.{d} # test\n");
    let mut builder = Builder::new(1, &[]);
    builder.list(&ListSpec::parse("test.txt"), &mut text.as_bytes()).unwrap();
    builder.finish().0
}

#[test]
fn each_attack_is_found_by_its_detector_and_each_detector_has_one() {
    let detectors = detectors();
    let mut without: BTreeSet<&str> = detectors.clone();
    // They judge any attack, when a model is there: see below, and the tests beside them.
    without.retain(|id| !["attack-model", "anomaly-model"].contains(id));
    for kind in AttackKind::ALL {
        if !detectors.contains(kind.detector()) || LONG.contains(&kind.name()) {
            continue;
        }
        let out = tuned(*kind).frames(generate(&plan(*kind)));
        let found = out.alerts.iter().any(|alert| {
            alert.detector == kind.detector()
                || alert.folded.iter().any(|(id, _)| *id == kind.detector())
        });
        let told: Vec<_> = out.alerts.iter().map(|a| (a.detector, &a.title)).collect();
        assert!(found, "{}: {told:?}", kind.name());
        without.remove(kind.detector());
    }
    assert!(without.is_empty(), "no scenario in which they fire: {without:?}");
}

#[test]
fn the_model_tells_of_guessing_by_the_host_and_not_of_the_office() {
    let models = |plan: &Plan, workers: usize| {
        let out = Run { scored: true, workers, ..Run::default() }.frames(generate(plan));
        let told = out.alerts.into_iter().filter(|alert| alert.detector == "attack-model");
        let scored = out.flows.iter().filter(|flow| flow.score.is_some()).count();
        (told.map(|a| (a.title, a.severity, a.technique)).collect::<Vec<_>>(), scored)
    };
    let guessing = Plan::office(77, 10).with_at(AttackKind::BruteForceSsh, 60, Origin::Inside);
    let (told, scored) = models(&guessing, 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1 <= Severity::Low && told[0].2.len() == 12);
    assert_eq!((told, scored), models(&guessing, 3));
    let (told, scored) = models(&Plan::office(78, 20), 1);
    assert!(told.is_empty() && scored > 500, "{told:?} {scored}");
}

#[test]
fn guesses_are_told_by_service_and_severity() {
    for kind in AttackKind::ALL.iter().filter(|kind| kind.detector() == "brute-force") {
        let scenario = generate(&Plan::attack_alone(7, *kind, Origin::Default));
        let out = run(scenario);
        let least = match kind.name() {
            "brute-force-breach" => Severity::Critical,
            _ => Severity::Medium,
        };
        let told: Vec<_> = out
            .alerts
            .iter()
            .filter(|a| a.detector == "brute-force")
            .map(|a| (a.severity, a.technique.as_str(), a.title.as_str()))
            .collect();
        let [(severity, technique, _)] = told[..] else { panic!("{}: {told:?}", kind.name()) };
        assert!(severity >= least && technique == kind.technique(), "{}: {told:?}", kind.name());
    }
}

#[test]
fn a_quiet_office_gives_no_attack() {
    for seed in [21, 22] {
        let out = run(generate(&Plan::office(seed, 15)));
        let attacks: Vec<_> = out
            .alerts
            .iter()
            .filter(|a| a.severity >= Severity::Medium)
            .map(|a| &a.title)
            .collect();
        assert!(attacks.is_empty(), "seed {seed}: {attacks:?}");
    }
}

#[test]
fn floods_are_no_tunnels_and_tunnels_no_floods() {
    use AttackKind as Kind;
    for (kinds, wrong) in [
        (
            &[Kind::FloodIcmp, Kind::FloodIcmpV6, Kind::DdosIcmp, Kind::HostSweepIcmp][..],
            "icmp-tunnel",
        ),
        (&[Kind::IcmpTunnel, Kind::IcmpTunnelIp, Kind::IcmpShell], "flood"),
    ] {
        for kind in kinds {
            let out = run(generate(&Plan::office(8, 3).with(*kind)));
            let said: Vec<_> =
                out.alerts.iter().filter(|a| a.detector == wrong).map(|a| &a.title).collect();
            assert!(said.is_empty(), "{}: {said:?}", kind.name());
        }
    }
}
