#![allow(clippy::cast_possible_truncation)] // small numbers of tests

use super::SPEC;
use crate::alert::Severity;
use crate::detect::testing::{Script, ip, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::observation::{AppFact, FirstPacket};
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::dns::{DnsMessage, parse_udp};

const CLIENT: &str = "192.168.1.9";

fn message(name: &str, qtype: u8, rcode: Option<u8>, addr: Option<[u8; 4]>) -> DnsMessage {
    let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, u8::from(addr.is_some()), 0, 0, 0, 0];
    if let Some(code) = rcode {
        (bytes[2], bytes[3]) = (0x81, 0x80 | code);
    }
    for label in name.split('.').filter(|l| !l.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, qtype, 0, 1]);
    if let Some(addr) = addr {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        bytes.extend(addr);
    }
    parse_udp(&bytes).fact().unwrap()
}

fn say(s: &mut Script, client: Addr, message: DnsMessage) {
    let tuple = udp(client, 40_000, ip("192.168.1.1"), 53);
    let by_originator = !message.response;
    let fact = AppFact::Dns(message);
    s.says(crate::flow::FlowId(1), tuple, (AppProto::Dns, by_originator), fact);
}

/// A query and its response: no such name.
fn fails(s: &mut Script, name: &str) {
    say(s, ip(CLIENT), message(name, 1, None, None));
    say(s, ip(CLIENT), message(name, 1, Some(3), None));
}

/// A query and its response: an address.
fn resolves(s: &mut Script, name: &str, addr: [u8; 4]) {
    say(s, ip(CLIENT), message(name, 1, None, None));
    say(s, ip(CLIENT), message(name, 1, Some(0), Some(addr)));
}

/// A word by chance, the same for the same `n`.
fn random(n: u64, len: usize) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        char::from(b'a' + (state >> 33) as u8 % 26)
    };
    (0..len).map(letter).collect()
}

const WORDS: [&str; 16] = [
    "morning", "silver", "garden", "captain", "winter", "letter", "bridge", "orange", "market",
    "doctor", "little", "summer", "forest", "mother", "yellow", "window",
];

fn words(n: usize) -> String {
    format!("{}{}", WORDS[n % 16], WORDS[n / 16 % 16])
}

fn found(play: impl FnOnce(&mut Script)) -> Vec<Finding> {
    let mut s = Script::new(&SPEC);
    play(&mut s);
    s.finish()
}

/// The last finding of the only alert, which names the client.
fn only(findings: &[Finding]) -> &Finding {
    assert_eq!(subjects(findings).len(), 1, "{:?}", subjects(findings));
    let last = findings.last().unwrap();
    assert_eq!(last.src, [ip(CLIENT)]);
    assert!(last.title.chars().count() <= 120 && last.explanation.ends_with('.'));
    last
}

#[test]
fn random_names_that_fail() {
    for (len, pause, n) in [(8, 1.0, 25), (12, 30.0, 60), (20, 0.1, 200)] {
        let findings = found(|s| {
            for i in 0..n {
                let top = ["com", "net", "biz", "ddns.net"][i as usize % 4];
                fails(s, &format!("{}.{top}", random(i, len)));
                s.pass(pause);
            }
        });
        let last = only(&findings);
        assert_eq!(last.technique, "random");
        assert!(last.severity >= Some(Severity::Medium));
    }
}

#[test]
fn the_name_that_answers_is_told_and_a_connection_raises_it() {
    let play = |connect: bool| {
        found(|s| {
            for i in 0..30 {
                fails(s, &format!("{}.info", random(i, 12)));
                s.pass(1.0);
            }
            let name = format!("{}.info", random(99, 12));
            resolves(s, &name, [203, 0, 113, 5]);
            s.pass(0.5);
            if connect {
                s.started(tcp(ip(CLIENT), 1_000, ip("203.0.113.5"), 443), FirstPacket::Syn);
            }
        })
    };
    let (answered, connected) = (play(false), play(true));
    assert!(only(&answered).title.contains(&random(99, 12)));
    assert_eq!(only(&answered).dst, [ip("203.0.113.5")]);
    assert_eq!(only(&connected).severity, Some(Severity::High));
    assert!(only(&connected).explanation.contains("connected to 203.0.113.5"));
}

#[test]
fn without_responses_and_in_a_sinkhole() {
    let silent = found(|s| {
        for i in 0..60 {
            say(s, ip(CLIENT), message(&format!("{}.org", random(i, 11)), 1, None, None));
            s.pass(1.0);
        }
    });
    assert_eq!(only(&silent).technique, "random");
    let sinkhole = found(|s| {
        for i in 0..60 {
            resolves(s, &format!("{}.org", random(i, 11)), [192, 0, 2, 1]);
            s.pass(1.0);
        }
    });
    assert_eq!(only(&sinkhole).technique, "random");
}

#[test]
fn words_that_fail_are_told_with_less_confidence() {
    let play = |works: bool| {
        found(|s| {
            for n in 0..100 {
                if works && n % 10 == 0 {
                    resolves(s, &format!("site-{n}-{}.com", words(n)), [192, 0, 2, 1]);
                }
                fails(s, &format!("{}.net", words(n)));
                s.pass(2.0);
            }
        })
    };
    let (works, broken) = (play(true), play(false));
    assert_eq!(only(&works).technique, "words");
    assert_eq!(only(&works).severity, Some(Severity::Medium));
    assert_eq!(only(&broken).severity, Some(Severity::Low), "resolution is broken");
}

#[test]
fn look_alikes_stay_quiet() {
    let quiet = |what: &str, play: &dyn Fn(&mut Script)| {
        let findings = found(play);
        assert_eq!(findings, [], "{what}");
    };
    quiet("probes of a browser", &|s| {
        for n in 0..60 {
            fails(s, &random(n, 10));
            fails(s, &format!("{}.corp.example.com", random(n, 10)));
            s.pass(60.0);
        }
    });
    quiet("search suffixes, wpad and typing errors", &|s| {
        for n in 0..300 {
            fails(s, &format!("{}.com.corp.example.com", words(n)));
            fails(s, "wpad.corp.example.com");
            fails(s, "isatap.local");
            if n % 30 == 0 {
                fails(s, &format!("{}.com", random(n as u64, 9)));
            }
            resolves(s, &format!("{}.com", words(n)), [192, 0, 2, 1]);
            s.pass(10.0);
        }
    });
    quiet("a mail filter", &|s| {
        for n in 0..500 {
            let name = format!("{}.com", random(n, 10));
            for qtype in [15, 16] {
                say(s, ip(CLIENT), message(&name, qtype, None, None));
                say(s, ip(CLIENT), message(&name, qtype, Some(3), None));
            }
            fails(s, &format!("{n}.2.0.192.dnsbl.example.com"));
        }
    });
    quiet("a resolver of many, some names of which are gone", &|s| {
        for n in 0..5_000_usize {
            resolves(s, &format!("{}{n}.com", words(n)), [192, 0, 2, 1]);
            if n % 100 == 0 {
                fails(s, &format!("{}.ru", random(n as u64, 9)));
                fails(s, &format!("{}{n}.ru", words(n)));
            }
            s.pass(0.1);
        }
    });
}

#[test]
fn tables_stay_bounded() {
    let mut s = Script::new(&SPEC);
    for n in 0..120_000_u32 {
        let name = format!("{}.com", random(u64::from(n), 12));
        let client = many(n % 30_000);
        say(&mut s, client, message(&name, 1, None, None));
        say(&mut s, client, message(&name, 1, Some(3), None));
        assert!(s.detector().entries() <= SPEC.max_entries);
    }
    assert!(s.detector().evictions() > 0);
}
