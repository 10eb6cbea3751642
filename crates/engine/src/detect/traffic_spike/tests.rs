//! Spikes are told once, and ordinary traffic is quiet.

use super::*;
use crate::detect::testing::{Script, ip, many, subjects, tcp, udp};

/// One second of traffic from one host to one port.
fn second(script: &mut Script, packets: u32, bytes: u64) {
    script.one_way(tcp(ip("10.0.0.1"), 40_000, ip("10.0.0.2"), 443), packets, bytes);
    totals(script, u64::from(packets), bytes);
}

fn totals(script: &mut Script, packets: u64, bytes: u64) {
    let second = script.now().secs();
    let totals = SecondTotals { second, packets, bytes, ..SecondTotals::default() };
    script.see(Observation::Second(totals)).pass(1.0);
}

#[test]
fn a_burst_is_one_finding_for_the_total_the_source_and_the_port() {
    let mut script = Script::new(&SPEC);
    for n in 0..60 {
        second(&mut script, 100 + n % 7, 100_000);
    }
    for _ in 0..5 {
        second(&mut script, 20_000, 20_000_000);
    }
    for n in 0..60 {
        second(&mut script, 100 + n % 7, 100_000);
    }
    let findings = script.finish();
    let subjects = subjects(&findings);
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    let first = &findings[0];
    assert_eq!((first.technique.as_str(), first.subject.other.as_str()), ("sigma", "total"));
    assert!((first.evidence[0].value - 20_000.0).abs() < 1.0 || first.evidence[0].value > 1e6);
    let start = Timestamp::from_secs_nanos(1_760_000_060, 0);
    assert!(findings.iter().all(|f| f.first == start), "neighbours join");
}

#[test]
fn a_slow_rise_is_told_by_the_moving_mean_at_most() {
    let mut script = Script::new(&SPEC);
    for n in 0..600 {
        second(&mut script, 1_000 + n * 10, 1_000_000 + u64::from(n) * 10_000);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn a_new_level_that_falls_back_spikes_again_against_the_moving_mean() {
    let mut script = Script::with(&SPEC, |section| {
        section.set("per_host", 0.0);
        section.set("per_port", 0.0);
    });
    // Loud in the first minute, so mean and deviation of all seconds are wide; quiet for long.
    for n in 0..60 {
        second(&mut script, if n % 2 == 0 { 9_000 } else { 1_000 }, 1_000_000);
    }
    for _ in 0..120 {
        second(&mut script, 50, 5_000);
    }
    second(&mut script, 6_000, 100_000);
    let findings = script.finish();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].technique, "ewma");
}

#[test]
fn small_traffic_and_steady_traffic_are_quiet() {
    for (usual, burst) in [(1, 400), (1_000, 2_000), (50_000, 60_000)] {
        let mut script = Script::new(&SPEC);
        for n in 0..200 {
            let packets = if n == 100 { burst } else { usual };
            second(&mut script, packets, u64::from(packets) * 100);
        }
        assert_eq!(script.finish(), [], "{usual} {burst}");
    }
}

#[test]
fn a_short_input_is_judged_in_hindsight() {
    for length in [8_u32, 20] {
        let mut script = Script::new(&SPEC);
        for n in 0..length {
            second(&mut script, if n == 3 { 5_000 } else { 100 + n }, 90_000);
        }
        let findings = script.finish();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].first, Timestamp::from_secs_nanos(1_760_000_003, 0));
        assert!(findings[0].explanation.contains("all other seconds"));
    }
}

#[test]
fn tables_stay_bounded_and_few_are_told_a_second() {
    let mut script = Script::new(&SPEC);
    for n in 0..40 {
        for host in 0..20_000 {
            let packets = if n == 39 { 10_000 } else { 1 };
            script.one_way(udp(many(host), 1, ip("10.0.0.1"), 53), packets, 100);
        }
        totals(&mut script, 20_000, 2_000_000);
        assert!(script.detector().entries() <= SPEC.max_entries);
    }
    assert!(script.finish().len() <= 1 + 2 * TOLD);
}

/// Days in which a backup at 22 o'clock moves as much in a second as nothing else does.
fn days(script: &mut Script, days: i64) {
    for hour in 0..days * 24 {
        let loud = script.now().secs() / 3_600 % 24 == 22;
        for n in 0..40 {
            second(script, 100 + n % 7, 100_000);
        }
        if loud {
            second(script, 30_000, 40_000_000 + u64::try_from(hour).unwrap() * 10_000);
        }
        script.pass(3_600.0 - if loud { 41.0 } else { 40.0 });
    }
}

#[test]
fn the_backup_of_each_night_is_learned_and_survives_a_restart() {
    let mut script = Script::new(&SPEC);
    days(&mut script, 10);
    let told = script.findings().len();
    assert!(told > 0, "unknown at first");
    days(&mut script, 5);
    assert_eq!(script.findings().len(), told, "{:#?}", script.findings().last());
    script.finish();
    let saved = script.detector().save().unwrap();
    let mut second_run = Script::new(&SPEC);
    second_run.detector().restore(&saved).unwrap();
    assert_eq!(second_run.detector().save().unwrap(), saved);
    days(&mut second_run, 2);
    assert_eq!(second_run.findings(), []);
    // By day the same is a spike, from the first second on.
    let mut noon = Script::new(&SPEC);
    noon.detector().restore(&saved).unwrap();
    while noon.now().secs() / 3_600 % 24 != 12 {
        noon.pass(3_600.0);
    }
    second(&mut noon, 30_000, 40_000_000);
    let findings = noon.finish();
    assert!(findings.iter().any(|f| f.explanation.contains("this hour on other days")));
}
