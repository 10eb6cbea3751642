use super::SPEC;
use crate::alert::Severity;
use crate::detect::testing::{Script, echo, ip, many, subjects};
use crate::finding::Finding;
use crate::observation::{AppFact, EchoDigest};

/// A second of ordinary use of a tunnel with packets inside.
fn tunnel() -> EchoDigest {
    EchoDigest {
        requests: 5,
        replies: 5,
        differing: 5,
        fresh: [5, 5],
        fresh_bytes: [1_500, 3_000],
        packets_inside: 10,
        inner: Some((ip("10.95.1.1"), ip("10.95.1.2"))),
        bytes_max: 1_000,
        ..EchoDigest::default()
    }
}

/// What is said about so many seconds of the same.
fn seconds(count: u32, digest: &EchoDigest) -> Vec<Finding> {
    let mut script = Script::new(&SPEC);
    for _ in 0..count {
        second(&mut script, 5, digest);
    }
    script.finish()
}

fn second(script: &mut Script, host: u32, digest: &EchoDigest) {
    let tuple = echo(many(host), ip("203.0.113.7"));
    let first = script.now();
    let digest = EchoDigest { first, last: first.plus_nanos(900_000_000), ..digest.clone() };
    script.app(tuple, AppFact::Echo(Box::new(digest))).pass(1.0);
}

#[test]
fn packets_inside_are_a_tunnel() {
    let found = seconds(100, &tunnel());
    assert_eq!(subjects(&found).len(), 1);
    let last = found.last().unwrap();
    assert_eq!((last.technique.as_str(), last.severity), ("ip", Some(Severity::High)));
    assert_eq!((last.src[0], last.dst[0]), (many(5), ip("203.0.113.7")));
    assert!(found.len() < 12, "reports grow by doubling: {}", found.len());
    assert!(last.explanation.contains("10.95.1.1"));
}

#[test]
fn replies_of_their_own_are_a_tunnel() {
    let differing = EchoDigest { packets_inside: 0, inner: None, ..tunnel() };
    assert_eq!(seconds(1, &differing), []);
    let found = seconds(3, &differing);
    assert_eq!(found[0].technique, "reply");
    assert_eq!(found[0].severity, None);
    // Replies that nobody asked for.
    let unasked = EchoDigest { differing: 0, unasked: 5, ..differing };
    assert_eq!(seconds(3, &unasked)[0].technique, "reply");
}

#[test]
fn a_damaged_line_is_no_tunnel() {
    let damaged = EchoDigest {
        requests: 50,
        replies: 50,
        mirrored: 49,
        differing: 1,
        fresh: [0, 1],
        fresh_bytes: [0, 64],
        ..EchoDigest::default()
    };
    assert_eq!(seconds(90, &damaged), []);
}

#[test]
fn new_data_that_comes_back_is_worth_a_look() {
    let data = EchoDigest {
        requests: 4,
        replies: 4,
        mirrored: 4,
        fresh: [4, 0],
        fresh_bytes: [4_000, 0],
        ..EchoDigest::default()
    };
    assert_eq!(seconds(20, &data), []);
    let found = seconds(30, &data);
    assert!(!found.is_empty() && found.iter().all(|f| f.severity == Some(Severity::Low)));
}

#[test]
fn a_flood_with_random_data_is_not_a_tunnel() {
    let flood = EchoDigest {
        requests: 5_000,
        replies: 2_000,
        mirrored: 500,
        unasked: 1_500,
        fresh: [5_000, 1_500],
        fresh_bytes: [280_000, 84_000],
        ..EchoDigest::default()
    };
    assert_eq!(seconds(60, &flood), []);
}

#[test]
fn what_is_old_fades() {
    let mut script = Script::new(&SPEC);
    let rare = EchoDigest { packets_inside: 1, differing: 1, replies: 1, ..EchoDigest::default() };
    for _ in 0..40 {
        second(&mut script, 5, &rare);
        script.pass(3_700.0);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn the_table_stays_bounded() {
    let mut script = Script::new(&SPEC);
    for host in 0..10_000 {
        let tuple = echo(many(host), many(!host));
        script.app(tuple, AppFact::Echo(Box::new(EchoDigest { unasked: 1, ..tunnel() })));
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
}
