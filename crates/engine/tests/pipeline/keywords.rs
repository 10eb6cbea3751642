//! Keywords planted in streams, split, retransmitted, overlapping and out of order, amid office
//! traffic: every one is found, and little else.

use crate::support::{Run, at, conversation, peer};
use anomalyzer_engine::keyword::{List, Matcher};
use anomalyzer_scenario::plant::{PlantPlan, Planted};
use anomalyzer_wire::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Two hundred patterns that no office says.
fn patterns() -> Vec<Vec<u8>> {
    (0..200_u32)
        .map(|i| {
            let word = i.wrapping_mul(2_654_435_761) ^ 0x5bd1_e995;
            format!("zq{i:03}-{word:08x}").into_bytes()
        })
        .collect()
}

fn matcher(patterns: &[Vec<u8>]) -> Matcher {
    let mut text = String::from("[list]\nname = \"planted\"\nabout = \"test\"\n");
    for (i, pattern) in patterns.iter().enumerate() {
        let hex: String = pattern.iter().fold(String::new(), |mut hex, b| {
            let _ = write!(hex, "{b:02x}");
            hex
        });
        let _ = write!(
            text,
            "[[pattern]]\nname = \"p{i}\"\nhex = \"{hex}\"\nseverity = \"medium\"\nreason = \"planted\"\n"
        );
    }
    Matcher::new(&[List::parse(&text, "test").unwrap()]).unwrap()
}

#[test]
fn two_hundred_planted_patterns_are_found_and_decoys_are_not() {
    let patterns = patterns();
    let start = Timestamp::from_secs_nanos(1_772_528_400, 0);
    let plan = PlantPlan::new(3, start, patterns.clone());
    let ledger = plan.ledger();
    let out = Run { matcher: matcher(&patterns), ..Run::default() }.frames(plan.generate());
    let found = |row: &Planted| {
        let name = patterns.iter().position(|p| *p == row.pattern).map(|i| format!("p{i}"));
        out.hits.iter().any(|hit| {
            let t = &hit.tuple;
            ((t.src, t.src_port), (t.dst, t.dst_port)) == (row.client, row.server)
                && t.proto == row.protocol
                && Some(hit.pattern.as_ref()) == name.as_deref()
        })
    };
    let (decoys, planted): (Vec<_>, Vec<_>) = ledger.iter().partition(|row| row.how.is_decoy());
    let missed: Vec<_> = planted.iter().filter(|row| !found(row)).collect();
    let invented: Vec<_> = decoys.iter().filter(|row| found(row)).collect();
    let connections: BTreeSet<_> =
        planted.iter().map(|row| (row.client, row.server, row.protocol)).collect();
    let stray = out.hits.iter().filter(|hit| {
        let t = &hit.tuple;
        !connections.contains(&((t.src, t.src_port), (t.dst, t.dst_port), t.proto))
    });
    println!("{} planted, {} decoys, {} hits", planted.len(), decoys.len(), out.hits.len());
    assert!(planted.len() >= 200 && decoys.len() >= 50);
    assert!(missed.is_empty(), "{} missed, such as {:?}", missed.len(), missed.first());
    assert!(invented.is_empty(), "{} invented, such as {:?}", invented.len(), invented.first());
    assert_eq!(stray.count(), 0, "hits in connections where nothing was planted");
}

#[test]
fn a_keyword_across_a_lost_segment_is_not_invented() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 8_080));
    let patterns = vec![b"needle-in-hay".to_vec()];
    let mut frames = conversation(0, &client, &server, b"needle-in-hay", b"ok");
    let whole = Run { matcher: matcher(&patterns), ..Run::default() }.frames(frames.clone());
    assert_eq!(whole.hits.len(), 1);
    // "needle-" and "in-hay" with five bytes lost between them.
    frames[3] = at(30, crate::support::tcp(&client, &server, "PA", 101, 901, b"needle-"));
    frames[4] = at(40, crate::support::tcp(&client, &server, "PA", 113, 901, b"in-hay"));
    let broken = Run { matcher: matcher(&patterns), ..Run::default() }.frames(frames);
    assert_eq!(broken.hits.len(), 0);
}
