#![allow(clippy::cast_possible_truncation)] // small numbers of tests

use super::SPEC;
use crate::detect::testing::{Script, ip, many, subjects, tcp, udp};
use crate::finding::Finding;
use crate::flow::FiveTuple;
use crate::observation::{AppFact, FirstPacket};
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::dns::{DnsMessage, parse_udp};

const CLIENT: &str = "192.168.1.9";
const A: u16 = 1;
const NULL: u16 = 10;
const TXT: u16 = 16;

/// A message with one question; a response when there is a code, with one answer when there is
/// data.
fn message(name: &str, qtype: u16, rcode: Option<u8>, data: &[u8]) -> DnsMessage {
    let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, u8::from(!data.is_empty()), 0, 0, 0, 0];
    if let Some(code) = rcode {
        (bytes[2], bytes[3]) = (0x81, 0x80 | code);
    }
    for label in name.split('.').filter(|l| !l.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, u8::try_from(qtype).unwrap(), 0, 1]);
    if !data.is_empty() {
        bytes.extend([0xc0, 12, 0, u8::try_from(qtype).unwrap(), 0, 1, 0, 0, 0, 0]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    parse_udp(&bytes).fact().unwrap()
}

/// A query and its response.
fn ask(s: &mut Script, client: &str, name: &str, qtype: u16, data: &[u8]) {
    let rcode = if data.is_empty() { 3 } else { 0 };
    say(s, client, message(name, qtype, None, &[]));
    say(s, client, message(name, qtype, Some(rcode), data));
}

fn say(s: &mut Script, client: &str, message: DnsMessage) {
    let tuple = udp(ip(client), 40_000, ip("192.168.1.1"), 53);
    let by_originator = !message.response;
    seen(s, tuple, by_originator, message);
}

fn seen(s: &mut Script, tuple: FiveTuple, by_originator: bool, message: DnsMessage) {
    let fact = AppFact::Dns(message);
    s.says(crate::flow::FlowId(1), tuple, (AppProto::Dns, by_originator), fact);
}

/// `len` characters of `alphabet` by chance, the same for the same `n`.
fn word(n: u64, len: usize, alphabet: &[u8]) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    (0..len).map(letter).collect()
}

const HEX: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn text(piece: &str) -> Vec<u8> {
    let mut data = vec![u8::try_from(piece.len()).unwrap()];
    data.extend(piece.as_bytes());
    data
}

fn found(play: impl FnOnce(&mut Script)) -> Vec<Finding> {
    let mut s = Script::new(&SPEC);
    play(&mut s);
    s.finish()
}

/// Technique of the only alert, which names the client.
fn only(findings: &[Finding]) -> &str {
    assert_eq!(subjects(findings).len(), 1, "{:?}", subjects(findings));
    let last = findings.last().unwrap();
    assert_eq!(last.src, [ip(CLIENT)]);
    assert!(last.title.chars().count() <= 120 && last.explanation.ends_with('.'));
    &last.technique
}

#[test]
fn sessions_over_hex_labels_and_over_null() {
    let hex = found(|s| {
        for n in 0..150 {
            let name = format!("{}.{}.t.zone.example", word(n, 60, HEX), word(n + 999, 30, HEX));
            ask(s, CLIENT, &name, TXT, &text(&word(n, 40, HEX)));
            s.pass(0.4);
        }
    });
    assert_eq!(only(&hex), "tunnel");
    let null = found(|s| {
        for n in 0..220 {
            let data: Vec<u8> = word(n, 70, BASE64).into_bytes();
            ask(s, CLIENT, &format!("p{}.zone.example", word(n, 7, BASE32)), NULL, &data);
            s.pass(0.1);
        }
    });
    assert!(!only(&null).is_empty());
    assert_eq!(null[0].dst, [ip("192.168.1.1")]);
}

#[test]
fn names_without_a_zone_and_over_tcp() {
    let findings = found(|s| {
        for n in 0..100 {
            let name = format!("dnscat.{}9", word(n, 59, HEX));
            let tuple = tcp(ip(CLIENT), 40_000, ip("192.168.1.1"), 53);
            seen(s, tuple, true, message(&name, TXT, None, &[]));
            seen(s, tuple, false, message(&name, TXT, Some(0), &text(&word(n, 60, HEX))));
            s.pass(0.2);
        }
    });
    assert_eq!(only(&findings), "tunnel");
}

#[test]
fn commands_in_answers_to_plain_names() {
    let findings = found(|s| {
        for n in 0..14 {
            let piece = text(&word(n, 240, BASE64));
            ask(s, CLIENT, &format!("l.{n}.ns.zone.example"), TXT, &piece);
            s.pass(20.0);
        }
    });
    assert_eq!(only(&findings), "commands");
}

#[test]
fn a_slow_tunnel_shows_within_the_day() {
    let findings = found(|s| {
        for n in 0..100 {
            let name = format!("{}.{}.zone.example", word(n, 62, HEX), word(n + 999, 62, HEX));
            ask(s, CLIENT, &name, A, &[]);
            s.pass(600.0);
        }
    });
    assert_eq!(only(&findings), "slow");
}

#[test]
fn over_many_zones_and_over_many_clients() {
    let zones = found(|s| {
        for n in 0..250 {
            let name = format!("{}.{}.com", word(n, 56, HEX), word(n, 9, BASE32));
            ask(s, CLIENT, &name, TXT, &text(&word(n, 40, HEX)));
            s.pass(1.0);
        }
    });
    assert_eq!(only(&zones), "spread");
    let clients = found(|s| {
        for n in 0..250 {
            let name = format!("{}.zone.example", word(n, 60, HEX));
            ask(s, &format!("192.168.1.{}", 10 + n % 20), &name, A, &[]);
            s.pass(1.0);
        }
    });
    assert_eq!(subjects(&clients).len(), 1);
    assert_eq!(clients.last().unwrap().src.len(), 20);
}

#[test]
fn answers_in_addresses_that_nobody_connects_to() {
    let play = |connect: bool| {
        found(|s| {
            for n in 0..120_u32 {
                let to = Addr::v4([198, 51, (n >> 8) as u8, n as u8]);
                let client = ip(CLIENT);
                s.started(tcp(client, 1_000, many(n), 443), FirstPacket::Syn);
                let name = format!("{}.zone.example", word(u64::from(n), 26, BASE32));
                ask(s, CLIENT, &name, A, &[198, 51, (n >> 8) as u8, n as u8]);
                if connect {
                    s.started(tcp(client, 1_001, to, 443), FirstPacket::Syn);
                }
                s.pass(5.0);
            }
        })
    };
    assert_eq!(only(&play(false)), "tunnel");
    assert_eq!(play(true), [], "hosts that are used");
}

#[test]
fn a_bot_that_reads_addresses_of_nowhere() {
    let findings = found(|s| {
        for n in 0..150 {
            s.started(tcp(ip(CLIENT), 1_000, many(n), 443), FirstPacket::Syn);
            let name = format!("api.{:08x}.19997cf2.zone.example", n.wrapping_mul(0x9e37_79b9));
            ask(s, CLIENT, &name, A, &[0, 0, 0, 0]);
            s.pass(5.0);
        }
    });
    assert_eq!(only(&findings), "tunnel");
}

#[test]
fn a_server_elsewhere_on_the_port_of_neighbours() {
    let findings = found(|s| {
        for n in 0..100 {
            let name = format!("{}.zone.example", word(n, 60, HEX));
            let tuple = udp(ip(CLIENT), 40_000, ip("198.51.100.7"), 5_353);
            seen(s, tuple, true, message(&name, TXT, None, &[]));
            seen(s, tuple, false, message(&name, TXT, Some(0), &text(&word(n, 60, HEX))));
            s.pass(0.2);
        }
    });
    assert_eq!(only(&findings), "tunnel");
    assert_eq!(findings[0].dst_ports, [5_353]);
}

#[test]
fn a_resolver_is_said_to_be_one() {
    let findings = found(|s| {
        // It answers another host first.
        let tuple = udp(ip("192.168.1.50"), 40_000, ip(CLIENT), 53);
        let name = format!("{}.other.example", word(1, 40, HEX));
        seen(s, tuple, false, message(&name, A, Some(0), &[192, 0, 2, 1]));
        for n in 0..100 {
            let name = format!("{}.zone.example", word(n, 60, HEX));
            ask(s, CLIENT, &name, TXT, &text(&word(n, 60, HEX)));
            s.pass(0.2);
        }
    });
    assert!(findings.last().unwrap().explanation.contains("resolver"));
}

#[test]
fn look_alikes_stay_quiet() {
    let quiet = |what: &str, play: &dyn Fn(&mut Script)| {
        let findings = found(play);
        assert_eq!(findings, [], "{what}");
    };
    quiet("hashed host names, few and often", &|s| {
        for n in 0..2_000 {
            let name = format!("d{}.cdn.example", word(n % 30, 13, BASE32));
            ask(s, CLIENT, &name, A, &[192, 0, 2, (n % 200) as u8]);
            s.pass(1.0);
        }
    });
    quiet("a content network in the table", &|s| {
        for n in 0..2_000 {
            let name = format!("d{}.cloudfront.net", word(n, 13, BASE32));
            ask(s, CLIENT, &name, A, &[192, 0, 2, (n % 200) as u8]);
            s.pass(1.0);
        }
    });
    quiet("block lists, listed and not", &|s| {
        for n in 0..2_000_u64 {
            let reversed = format!("{}.{}.113.203", n % 256, n / 256);
            for list in ["zen.spamhaus.org", "dnsbl.mail.example"] {
                ask(s, CLIENT, &format!("{reversed}.{list}"), A, &[]);
            }
            s.pass(0.5);
        }
    });
    quiet("antivirus reputation", &|s| {
        for n in 0..500 {
            let name = format!("{}.{}.w.sophosxl.net", word(n, 40, HEX), word(n, 30, BASE32));
            ask(s, CLIENT, &name, TXT, &text(&word(n, 60, BASE64)));
            s.pass(0.5);
        }
    });
    quiet("reverse look-ups", &|s| {
        for n in 0..3_000 {
            ask(s, CLIENT, &format!("{}.{}.1.10.in-addr.arpa", n % 256, n / 256), 12, &[]);
        }
    });
    quiet("services of a domain", &|s| {
        for n in 0..2_000 {
            let name = ["_ldap._tcp.dc._msdcs.corp.example", "_kerberos._tcp.corp.example"][n % 2];
            ask(s, CLIENT, name, 33, &[0, 0, 0, 0, 1, 0x85, 2, b'd', b'c', 0]);
            s.pass(10.0);
        }
    });
    quiet("keys and policies of mail", &|s| {
        for n in 0..400 {
            let zone = format!("{}.com", word(n, 10, BASE32));
            ask(s, CLIENT, &zone, TXT, &text("v=spf1 include:_spf.mail.example ~all"));
            ask(s, CLIENT, &format!("_dmarc.{zone}"), TXT, &text("v=DMARC1; p=reject"));
            let key = format!("v=DKIM1; k=rsa; p={}", word(n, 200, BASE64));
            ask(s, CLIENT, &format!("s1024._domainkey.{zone}"), TXT, &text(&key));
            s.pass(2.0);
        }
    });
    quiet("telemetry with an id in its name", &|s| {
        for n in 0..40 {
            let name = format!("{}.events.data.example", word(n, 32, HEX));
            ask(s, CLIENT, &name, A, &[192, 0, 2, 1]);
            s.pass(60.0);
        }
    });
}

#[test]
fn many_sites_of_words() {
    let words = ["mail", "shop", "static", "images", "login", "news", "media", "video"];
    let findings = found(|s| {
        for n in 0..4_000_usize {
            let (a, b, c) = (words[n % 8], words[n / 8 % 8], words[n / 64 % 8]);
            ask(s, CLIENT, &format!("{a}.{b}-{}.{c}.com", n % 90), A, &[192, 0, 2, 1]);
            s.pass(0.2);
        }
    });
    assert_eq!(findings, []);
}

#[test]
fn halved_and_doubled_limits_still_tell_a_session() {
    for factor in [0.5, 2.0] {
        let mut s = Script::with(&SPEC, |section| {
            for key in ["names", "upstream", "downstream", "answers"] {
                let value = section.values.number(key);
                section.set(key, value * factor);
            }
        });
        for n in 0..150 {
            let name = format!("{}.t.zone.example", word(n, 60, HEX));
            ask(&mut s, CLIENT, &name, TXT, &text(&word(n, 40, HEX)));
            s.pass(0.4);
        }
        assert_eq!(only(&s.finish()), "tunnel", "{factor}");
    }
}

#[test]
fn tables_stay_bounded() {
    let mut s = Script::new(&SPEC);
    for n in 0..120_000_u64 {
        let client = many(u32::try_from(n % 40_000).unwrap());
        let name = format!("{}.{}.com", word(n, 30, HEX), word(n, 9, BASE32));
        let tuple = udp(client, 40_000, many(u32::try_from(n).unwrap()), 53);
        seen(&mut s, tuple, true, message(&name, A, None, &[]));
        seen(&mut s, tuple, false, message(&name, A, Some(0), &n.to_be_bytes()[4..]));
        assert!(s.detector().entries() <= SPEC.max_entries);
    }
    assert!(s.detector().evictions() > 0);
}
