use super::*;
use crate::detect::testing::{Script, ip, many, subjects, tcp};
use crate::flow::{FiveTuple, FlowId};
use crate::threat::{Builder, Indicators, ListSpec};
use anomalyzer_wire::HostileStr;
use std::sync::Arc;

const LIST: &str = "indicator,first_seen,confidence,malware\n\
    203.0.113.66,2026-01-02,90,Cobalt Strike\n\
    198.51.100.0/24,,,\n\
    evil.example,,,\n\
    http://pages.example/x,,,\n\
    e7d705a3286e19ea42f587b344ee6865,,,\n\
    203.0.113.99,,10,\n";

fn lists(words: &str) -> Arc<Indicators> {
    let mut builder = Builder::new(1, &[]);
    builder.list(&ListSpec::parse(&format!("{words}c2.csv")), &mut LIST.as_bytes()).unwrap();
    Arc::new(builder.finish().0)
}

/// A contact as the correlator makes it.
fn contact(
    lists: &Arc<Indicators>,
    id: u64,
    tuple: FiveTuple,
    contact: Contact,
    seen_as: &str,
) -> Observation {
    let now = Timestamp::from_secs_nanos(1_772_528_400, 0);
    let hit = match seen_as.parse::<std::net::IpAddr>() {
        Ok(ip) => lists.address(ip.into(), now),
        Err(_) if contact == Contact::Fingerprint => {
            let digits = |at: usize| u8::from_str_radix(&seen_as[at..at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..16).map(|n| digits(2 * n)).collect();
            lists.fingerprint(crate::threat::Kind::Ja3, &bytes, now)
        }
        Err(_) => lists.name(seen_as.as_bytes(), now),
    };
    let inbound = matches!(contact, Contact::Knocked | Contact::Talked);
    Observation::Listed(Box::new(ListedSeen {
        id: FlowId(id),
        tuple,
        host: if inbound { tuple.dst } else { tuple.src },
        contact,
        seen_as: HostileStr::from(seen_as.as_bytes()),
        hit: hit.unwrap(),
        lists: Arc::clone(lists),
    }))
}

fn to(addr: &str) -> FiveTuple {
    tcp(ip("10.0.0.5"), 40_000, ip(addr), 443)
}

fn from(addr: &str) -> FiveTuple {
    tcp(ip(addr), 40_000, ip("10.0.0.9"), 22)
}

/// The last finding after these contacts in one flow.
fn after(words: &str, tuple: FiveTuple, seen_as: &str, contacts: &[Contact]) -> crate::Finding {
    let lists = lists(words);
    let mut script = Script::new(&SPEC);
    for what in contacts {
        script.see(contact(&lists, 1, tuple, *what, seen_as)).pass(0.01);
    }
    let findings = script.finish();
    assert_eq!(subjects(&findings).len(), 1);
    findings.last().unwrap().clone()
}

#[test]
fn severity_follows_how_far_it_went() {
    use Contact::{
        Asked, Certificate, Fingerprint, Knocked, Named, Reached, Resolved, Talked, Tried,
    };
    let check = |words: &str, tuple: FiveTuple, seen: &str, contacts: &[Contact], severity| {
        let finding = after(words, tuple, seen, contacts);
        assert_eq!(finding.severity, Some(severity), "{words} {seen} {contacts:?}");
        assert_eq!(finding.count, 1);
        assert!(finding.title.ends_with("on threat list c2"), "{}", finding.title);
    };
    let listed = "203.0.113.66";
    let ja3 = "e7d705a3286e19ea42f587b344ee6865";
    check("", to(listed), listed, &[Tried], Severity::Low);
    check("", to(listed), listed, &[Tried, Reached, Reached], Severity::Medium);
    check("high:", to(listed), listed, &[Tried, Reached], Severity::High);
    check("high:", to(listed), listed, &[Tried], Severity::Low);
    check("info:", to(listed), listed, &[Tried, Reached], Severity::Info);
    check("", from(listed), listed, &[Knocked], Severity::Low);
    check("", from(listed), listed, &[Knocked, Talked], Severity::Medium);
    check("", to("198.51.100.7"), "198.51.100.7", &[Tried, Reached], Severity::Medium);
    check("", to("10.0.0.1"), listed, &[Resolved], Severity::Low);
    check("", to("10.0.0.1"), "a.evil.example", &[Asked], Severity::Medium);
    check("", to("192.0.2.9"), "evil.example", &[Named], Severity::Medium);
    check("", to("192.0.2.9"), "evil.example", &[Certificate], Severity::Medium);
    check("", to("192.0.2.9"), "pages.example", &[Named], Severity::Low);
    check("high:", to("192.0.2.9"), "pages.example", &[Named], Severity::Medium);
    check("", to("192.0.2.9"), ja3, &[Fingerprint], Severity::Low);
    check("high:", to("192.0.2.9"), ja3, &[Fingerprint], Severity::Medium);
    check("", to("203.0.113.99"), "203.0.113.99", &[Tried, Reached], Severity::Low);
    // Somebody outside names a listed host to a server of the site.
    check("", from("192.0.2.1"), "evil.example", &[Named], Severity::Low);
}

#[test]
fn the_explanation_names_list_line_and_reason() {
    let finding =
        after("", to("203.0.113.66"), "203.0.113.66", &[Contact::Tried, Contact::Reached]);
    assert_eq!(finding.title, "10.0.0.5 talked with 203.0.113.66, on threat list c2");
    assert_eq!(finding.technique, "c2");
    assert_eq!((finding.src, finding.dst), (vec![ip("10.0.0.5")], vec![ip("203.0.113.66")]));
    assert_eq!(
        finding.explanation,
        "10.0.0.5 called 203.0.113.66 port 443, which answered. The address 203.0.113.66 is on the \
         threat list c2, line 2, listed since 2026-01-02: \"Cobalt Strike\". 1 contact in all, 1 of \
         which came about; none is expected."
    );
    let finding = after("", from("203.0.113.66"), "203.0.113.66", &[Contact::Knocked]);
    assert_eq!((finding.src, finding.dst), (vec![ip("203.0.113.66")], vec![ip("10.0.0.9")]));
}

#[test]
fn contacts_of_a_host_with_an_indicator_are_one_alert_that_grows() {
    let lists = lists("");
    let mut script = Script::new(&SPEC);
    for n in 0..100 {
        let addr = format!("198.51.100.{n}");
        script.see(contact(&lists, n, to(&addr), Contact::Tried, &addr));
        script.see(contact(&lists, n, to(&addr), Contact::Reached, &addr)).pass(1.0);
    }
    assert!(script.findings().len() < 15, "{}", script.findings().len());
    let findings = script.finish();
    assert_eq!(subjects(&findings).len(), 1);
    let last = findings.last().unwrap();
    assert_eq!((last.count, last.dst.len(), last.flows.len()), (100, 20, 20));
}

#[test]
fn settings_ask_for_more_contacts_and_leave_knocking_alone() {
    let lists = lists("");
    let mut script = Script::with(&SPEC, |section| {
        section.set("contacts", 3.0);
        section.set("inbound", 0.0);
    });
    for n in 0..3 {
        assert!(script.findings().is_empty());
        let addr = "203.0.113.66";
        script.see(contact(&lists, n, from(addr), Contact::Knocked, addr)).pass(40.0);
        script.see(contact(&lists, n, to(addr), Contact::Tried, addr));
        script.see(contact(&lists, n, to(addr), Contact::Reached, addr));
    }
    let findings = script.finish();
    assert_eq!(subjects(&findings).len(), 1);
    assert_eq!(findings.last().unwrap().count, 3);
}

#[test]
fn the_table_stays_bounded_and_contact_that_came_about_outlasts_knocking() {
    let lists = lists("");
    let mut script = Script::new(&SPEC);
    let listed = "203.0.113.66";
    script.see(contact(&lists, 0, to(listed), Contact::Reached, listed));
    for n in 1..20_000 {
        let tuple = tcp(ip(listed), 40_000, many(n), 22);
        script.see(contact(&lists, u64::from(n), tuple, Contact::Knocked, listed));
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
    script.see(contact(&lists, 30_000, to(listed), Contact::Tried, listed));
    let last = script.finish().into_iter().rfind(|f| f.src == [ip("10.0.0.5")]).unwrap();
    assert_eq!(last.count, 2);
}
