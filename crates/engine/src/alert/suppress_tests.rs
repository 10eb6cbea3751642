//! What a rule hides, and what it must not.

use super::*;
use crate::alert::testing::{alert, at, inside, outside};
use crate::finding::Tally;

fn net(text: &str) -> Option<Prefix> {
    Prefix::parse(text).ok()
}

fn rule(scope: Scope) -> Suppression {
    Suppression::new(scope, "our scanner", None, None).unwrap()
}

fn scan() -> Alert {
    let mut scan = alert("port-scan", inside(5), inside(9), 0);
    scan.technique = "syn".into();
    scan.dst_ports = vec![22];
    scan.dst_port_count = Tally::exact(1);
    scan.subject.other = "x".into();
    scan
}

#[test]
fn every_condition_that_is_given_must_fit() {
    let some = |text: &str| Some(text.to_owned());
    let scope = Scope::default;
    for (fits, scope) in [
        (true, Scope { detector: some("port-scan"), ..scope() }),
        (false, Scope { detector: some("flood"), ..scope() }),
        (true, Scope { technique: some("syn"), ..scope() }),
        (false, Scope { technique: some("fin"), ..scope() }),
        (true, Scope { src: net("10.0.0.0/24"), ..scope() }),
        (false, Scope { src: net("10.0.0.6"), ..scope() }),
        (true, Scope { dst: net("10.0.0.9"), ..scope() }),
        (false, Scope { dst: net("10.0.0.5"), ..scope() }),
        (true, Scope { port: Some(22), ..scope() }),
        (false, Scope { port: Some(23), ..scope() }),
        (true, Scope { name: some("x"), ..scope() }),
        (true, Scope { name: some("syn"), ..scope() }),
        (false, Scope { name: some("y"), ..scope() }),
        (false, Scope { detector: some("port-scan"), src: net("10.0.0.6"), ..scope() }),
        (true, Scope::of(&scan())),
    ] {
        assert_eq!(rule(scope.clone()).hides(&scan()), fits, "{scope}");
    }
}

#[test]
fn what_is_only_partly_in_scope_stays() {
    let mut many = scan();
    many.src.push(outside(3));
    many.src_count = Tally::exact(2);
    assert!(!rule(Scope { src: net("10.0.0.5"), ..Scope::default() }).hides(&many));
    let mut ports = scan();
    ports.dst_ports.push(80);
    ports.dst_port_count = Tally::exact(2);
    assert!(!rule(Scope { port: Some(22), ..Scope::default() }).hides(&ports));
    let mut nameless = scan();
    (nameless.src, nameless.subject.src) = (Vec::new(), None);
    assert!(!rule(Scope { src: net("0.0.0.0/0"), ..Scope::default() }).hides(&nameless));
}

#[test]
fn an_alert_about_its_victim_can_be_hidden_too() {
    let mut knock = alert("keyword", outside(1), inside(9), 10);
    knock.subject.src = Some(inside(9));
    assert!(rule(Scope::of(&knock)).hides(&knock));
    assert_eq!(Scope::of(&knock).src, None);
}

#[test]
fn the_scope_of_an_alert_hides_it_and_no_other() {
    let exact = rule(Scope::of(&scan()));
    assert!(exact.hides(&Alert { first: at(-5), count: 9, ..scan() }), "it may grow");
    let mut port = scan();
    port.subject.port = Some(22);
    let mut other = scan();
    other.subject.other = "z".into();
    let victim = alert("port-scan", inside(5), inside(8), 0);
    for another in [port, other, victim, alert("host-sweep", inside(5), inside(9), 0)] {
        assert!(!exact.hides(&another), "{another:?}");
    }
}

#[test]
fn an_alert_that_goes_on_beyond_the_expiry_comes_back() {
    let until = |time| Suppression { expires: Some(time), ..rule(Scope::of(&scan())) };
    assert!(until(scan().last).hides(&scan()));
    assert!(!until(scan().last.plus_nanos(-1)).hides(&scan()));
}

#[test]
fn what_is_hidden_is_counted_for_its_rule() {
    let sweep = alert("host-sweep", inside(5), inside(9), 0);
    let rules = [
        rule(Scope { detector: Some("flood".into()), ..Scope::default() }),
        rule(Scope { src: net("10.0.0.5"), ..Scope::default() }),
        rule(Scope { detector: Some("host-sweep".into()), ..Scope::default() }),
    ];
    let stranger = alert("port-scan", outside(1), inside(9), 0);
    let (shown, hidden) = apply(&rules, vec![scan(), sweep, stranger.clone()]);
    assert_eq!(shown, [stranger]);
    assert_eq!(hidden.len(), 1);
    assert_eq!((hidden[0].alerts, &hidden[0].rule), (2, &rules[1].id()));
    assert_eq!(
        (hidden[0].scope.as_str(), hidden[0].reason.as_str()),
        ("src 10.0.0.5/32", "our scanner")
    );
}

#[test]
fn wrong_rules_are_refused_with_words() {
    let refused =
        |scope: Scope, reason: &str| Suppression::new(scope, reason, None, None).unwrap_err();
    assert!(refused(Scope::default(), "x").contains("would hide every alert"));
    let scan = || Scope { detector: Some("portscan".into()), ..Scope::default() };
    assert!(refused(scan(), "x").contains("did you mean `port-scan`?"));
    let named = || Scope { name: Some("n".into()), ..Scope::default() };
    assert!(refused(named(), "  ").contains("a reason"));
    assert!(refused(named(), &"x".repeat(501)).contains("1 to 500"));
    let long = Scope { name: Some("n".repeat(501)), ..Scope::default() };
    assert!(refused(long, "x").contains("`name` is longer"));
}

#[test]
fn expiries_are_times_or_durations() {
    let created = Some(at(0));
    let check = |text: &str, expected: Option<Timestamp>| {
        assert_eq!(expiry(text, created).ok(), expected, "{text}");
    };
    check("30d", Some(at(30 * 86_400)));
    check("12h", Some(at(12 * 3_600)));
    check("2w", Some(at(14 * 86_400)));
    check("90m", Some(at(5_400)));
    check("5s", Some(at(5)));
    check("2027-01-31T12:00:00Z", Timestamp::parse("2027-01-31T12:00:00Z"));
    for wrong in
        ["", "d", "30", "-1d", "1.5d", "30 d", "9999999999999d", "2027-13-01T00:00:00Z", "30y"]
    {
        check(wrong, None);
    }
    assert!(expiry("30d", None).unwrap_err().contains("`created`"));
}

#[test]
fn rules_survive_the_state_and_unknown_conditions_do_not_widen_them() {
    let mut kept = rule(Scope::of(&scan()));
    kept.expires = Some(at(7));
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Suppression>(&json).unwrap(), kept);
    let more = json.replace("\"detector\"", "\"vlan\":7,\"detector\"");
    assert!(serde_json::from_str::<Suppression>(&more).is_err());
}
