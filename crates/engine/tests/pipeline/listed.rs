//! Threat lists from frame to alert: every way in which something listed can show.

use crate::support::{Outcome, Run, at, conversation, peer, tcp};
use anomalyzer_engine::Severity;
use anomalyzer_engine::threat::{Builder, Indicators, ListSpec};
use anomalyzer_scenario::build::dns::{self, Record};
use anomalyzer_scenario::build::{http, tls, udp};
use anomalyzer_scenario::{AttackKind, Frame, LISTED, Plan, Rng, generate};
use anomalyzer_wire::app::tls::{Ja4Transport, client_hello};
use std::fmt::Write as _;

fn lists(text: &str) -> Indicators {
    let mut builder = Builder::new(1, &[]);
    builder.list(&ListSpec::parse("feeds/c2.txt"), &mut text.as_bytes()).unwrap();
    builder.finish().0
}

fn listed(text: &str, frames: Vec<Frame>) -> Outcome {
    Run { indicators: lists(text), ..Run::default() }.frames(frames)
}

/// Severities and titles of the alerts of threat lists.
fn told(out: &Outcome) -> Vec<(Severity, String)> {
    let alerts = out.alerts.iter().filter(|a| a.detector == "threat-list");
    alerts.map(|a| (a.severity, a.title.clone())).collect()
}

fn check(list: &str, frames: Vec<Frame>, severity: Severity, title: &str) {
    let title = format!("{title}, on threat list c2");
    assert_eq!(told(&listed(list, frames.clone())), [(severity, title)], "{list}");
    assert_eq!(told(&listed("192.0.2.200\nother.example\n", frames)), []);
}

#[test]
fn flows_by_how_far_they_came() {
    let (host, bad) = (peer("10.0.0.5", 40_000), peer("198.51.100.7", 443));
    let whole = || conversation(0, &host, &bad, b"hello", b"world");
    let list = "198.51.100.0/24\n";
    check(list, whole(), Severity::Medium, "10.0.0.5 talked with 198.51.100.0/24");
    let syn = || vec![at(0, tcp(&host, &bad, "S", 1, 0, b""))];
    check(list, syn(), Severity::Low, "10.0.0.5 called 198.51.100.0/24 in vain");
    let refused = [syn(), vec![at(5, tcp(&bad, &host, "RA", 0, 2, b""))]].concat();
    check(list, refused, Severity::Low, "10.0.0.5 called 198.51.100.0/24 in vain");
    // Somebody forges our host's address: only the listed host's answer comes by.
    let forged = vec![at(0, tcp(&bad, &host, "SA", 9, 2, b""))];
    let out = told(&listed(list, forged));
    assert!(out.iter().all(|(severity, _)| *severity == Severity::Low), "{out:?}");
    let (bad, server) = (peer("198.51.100.7", 40_000), peer("10.0.0.9", 22));
    let probe = vec![
        at(0, tcp(&bad, &server, "S", 1, 0, b"")),
        at(5, tcp(&server, &bad, "SA", 9, 2, b"")),
        at(9, tcp(&bad, &server, "R", 2, 0, b"")),
    ];
    check(list, probe, Severity::Low, "198.51.100.0/24 knocked at 10.0.0.9");
    let login = conversation(0, &bad, &server, b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n");
    check(list, login, Severity::Medium, "198.51.100.0/24 talked with 10.0.0.9");
}

#[test]
fn names_in_dns_tls_and_http() {
    let (host, resolver) = (peer("10.0.0.5", 40_000), peer("10.0.0.1", 53));
    let query = dns::message(7, dns::QUERY, ("WWW.Evil.example", dns::A), &[]);
    let address = Record::address("www.evil.example", [198, 51, 100, 7].into(), 60);
    let answer = dns::message(7, dns::ANSWER, ("www.evil.example", dns::A), &[address]);
    let lookup = || {
        vec![
            at(0, udp::datagram(&host, &resolver, 1, &query)),
            at(9, udp::datagram(&resolver, &host, 2, &answer)),
        ]
    };
    check("evil.example\n", lookup(), Severity::Medium, "10.0.0.5 asked for evil.example");
    check("198.51.100.7\n", lookup(), Severity::Low, "10.0.0.5 was told of 198.51.100.7");
    check(
        "http://www.evil.example/x\n",
        lookup(),
        Severity::Low,
        "10.0.0.5 asked for www.evil.example",
    );
    assert_eq!(told(&listed("http://evil.example/x\n", lookup())), []);
    let web = peer("192.0.2.9", 80);
    let request = http::get("evil.example:80", "/", "agent");
    let visit = conversation(0, &host, &web, &request, b"HTTP/1.1 200 OK\r\n\r\n");
    check("evil.example\n", visit, Severity::Medium, "10.0.0.5 called evil.example");
    let web = peer("192.0.2.9", 443);
    let hello = tls::Hello { name: "cdn.evil.example", tls13: true, alpn: "h2" };
    let hello = tls::client_hello(&mut Rng::new(3), hello);
    let call = || conversation(0, &host, &web, &hello, b"");
    check("evil.example\n", call(), Severity::Medium, "10.0.0.5 called evil.example");
    let fact = client_hello(&hello).fact().unwrap();
    let mut ja3 = String::new();
    let _ = writeln!(ja3, "ja3:{}", fact.ja3());
    check(&ja3, call(), Severity::Low, &format!("10.0.0.5 has hello {}", fact.ja3()));
    let ja4 = fact.ja4(Ja4Transport::Tcp);
    check(&format!("{ja4}\n"), call(), Severity::Low, &format!("10.0.0.5 has hello {ja4}"));
}

#[test]
fn any_number_of_workers_and_any_seed_tell_the_same() {
    let frames: Vec<Frame> = generate(&Plan::office(7, 3).with(AttackKind::ThreatList)).collect();
    let [a, b, c, d] = LISTED;
    let text = format!("{a}.{b}.{c}.{d}\n198.51.100.0/24\nexample.com\n");
    let alerts = |workers, seed| {
        let run = Run { indicators: lists(&text), workers, seed, ..Run::default() };
        let alerts = run.frames(frames.clone()).alerts;
        alerts.into_iter().filter(|a| a.detector == "threat-list").collect::<Vec<_>>()
    };
    let expected = alerts(1, 1);
    assert!(expected.len() > 2, "{}", expected.len());
    for (workers, seed) in [(1, 99), (3, 7), (4, 1)] {
        assert!(alerts(workers, seed) == expected, "{workers} workers, seed {seed}");
    }
}
