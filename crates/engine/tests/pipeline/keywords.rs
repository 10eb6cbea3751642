//! Keywords planted in streams, split, retransmitted, overlapping and out of order, amid office
//! traffic: every one is found, and little else.

use crate::support::{Run, at, conversation, peer};
use anomalyzer_engine::keyword::{List, Matcher, Place, default_lists};
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

fn list(name: &str, texts: &[&str]) -> Matcher {
    let mut text = format!("[list]\nname = \"{name}\"\n");
    for (i, pattern) in texts.iter().enumerate() {
        let _ = write!(text, "[[pattern]]\nname = \"p{i}\"\ntext = '{pattern}'\n");
    }
    Matcher::new(&[List::parse(&text, "test").unwrap()]).unwrap()
}

#[test]
fn lists_change_at_a_marker_for_any_number_of_workers_alike() {
    let patterns = patterns();
    let start = Timestamp::from_secs_nanos(1_772_528_400, 0);
    let frames: Vec<_> = PlantPlan::new(3, start, patterns.clone()).generate().collect();
    let run = |workers: usize, swap: Option<u64>| {
        let swap = swap.map(|epoch| (epoch, matcher(&patterns)));
        let run = Run { matcher: matcher(&patterns), workers, swap, ..Run::default() };
        let out = run.frames(frames.clone());
        (out.summary.keywords.clone(), format!("{:?}", out.summary.counters), out.flows.len())
    };
    // The same lists again, in the middle of everything: nothing is lost and nothing told twice.
    let plain = run(1, None);
    let epochs = [100, 333, 500, 777];
    for epoch in epochs {
        assert_eq!(run(1, Some(epoch)), plain, "at epoch {epoch}");
    }
    for workers in [2, 4] {
        assert_eq!(run(workers, Some(epochs[1])), plain, "{workers} workers");
    }
}

#[test]
fn a_keyword_on_the_border_between_two_lists_is_found() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 8_080));
    let mut frames = conversation(0, &client, &server, b"needle-in", b"ok");
    frames[4] = at(140, crate::support::tcp(&client, &server, "PA", 110, 901, b"-hay and new-one"));
    for frame in frames.iter_mut().skip(5) {
        frame.time = frame.time.plus_nanos(200_000_000);
    }
    let run = |old: &[&str], new: &[&str]| {
        let swap = Some((0, list("new", new)));
        let out = Run { matcher: list("old", old), swap, ..Run::default() }.frames(frames.clone());
        out.hits.iter().map(|hit| format!("{} {}", hit.list, hit.pattern)).collect::<Vec<_>>()
    };
    assert_eq!(run(&["needle-in-hay"], &["new-one", "needle-in-hay"]), ["new p1", "new p0"]);
    assert_eq!(run(&["needle-in-hay"], &["new-one"]), ["new p0"]);
    assert_eq!(run(&["needle"], &["needle"]), ["old p0"], "not told again");
}

/// Patterns of the default lists that are found in a request, each with its place.
fn attacks(request: &[u8], size: usize) -> Vec<(String, Place, bool)> {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 8_080));
    let mut frames = conversation(0, &client, &server, b"", b"");
    frames.truncate(3);
    let mut seq = 101;
    for (i, piece) in (0..).zip(request.chunks(size)) {
        let data = crate::support::tcp(&client, &server, "PA", seq, 901, piece);
        frames.push(at(40 + i, data));
        seq += u32::try_from(piece.len()).unwrap();
    }
    let matcher = Matcher::new(&default_lists().unwrap()).unwrap();
    let out = Run { matcher, ..Run::default() }.frames(frames);
    out.hits.iter().map(|h| (h.pattern.to_string(), h.place, h.decoded)).collect()
}

#[test]
fn evasions_are_seen_through_however_requests_are_cut() {
    let (line, headers, body) = (Place::RequestTarget, Place::RequestHeaders, Place::RequestBody);
    let post = |body: &str| {
        let n = body.len();
        format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {n}\r\n\r\n{body}")
    };
    let chunked = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                   6\r\n<?php \r\n8\r\n@eval($_\r\n9\r\nPOST[1]);\r\n0\r\n\r\n";
    for (request, pattern, place, decoded) in [
        (
            "GET /?f=%252e%252e%252f%252e%252e%252f%252e%252e%252fx HTTP/1.1\r\n\r\n".into(),
            "traversal",
            line,
            true,
        ),
        ("GET /..%c0%af..%c0%af..%c0%afwinnt HTTP/1.1\r\n\r\n".into(), "traversal", line, true),
        (
            "GET /?id=1'UnIoN/**/sElEcT/**/null,null HTTP/1.1\r\n\r\n".into(),
            "sql-union-select",
            line,
            false,
        ),
        (
            "GET /?id=1%27uni%00on%0asel%00ect+null HTTP/1.1\r\n\r\n".into(),
            "sql-union-select",
            line,
            true,
        ),
        ("GET /?q=%u003cScRiPt%3e HTTP/1.1\r\n\r\n".into(), "xss-script", line, true),
        (
            "GET / HTTP/1.1\r\nUser-Agent: ${${lower:j}ndi:ldap://x/a}\r\n\r\n".into(),
            "log4shell-nested",
            headers,
            false,
        ),
        (
            "GET / HTTP/1.1\r\nReferer: $%7Bjndi:ldap://x/a}\r\n\r\n".into(),
            "log4shell",
            headers,
            true,
        ),
        (post("a=1&b=1%27+or+1%3d1--+"), "sql-or-number", body, true),
        (chunked.to_owned(), "php-code", body, false),
        // The head never ends.
        ("GET /?f=../../../x HTTP/1.1\r\nHost:".into(), "traversal", line, false),
    ] {
        for size in [1_400, 7, 1] {
            let found = attacks(request.as_bytes(), size);
            let expected = (pattern.to_owned(), place, decoded);
            assert!(found.contains(&expected), "{request} by {size}: {found:?}");
        }
    }
}

#[test]
fn ordinary_requests_and_answers_with_markup_are_quiet() {
    for request in [
        "GET /search?q=union+station+select+seats HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /blog HTTP/1.1\r\nHost: x\r\nContent-Length: 53\r\n\r\ntext=%3Cscript%20src=a.js%3E%3C/script%3E see ../../..",
        "GET /a?x=%2e%2e/b HTTP/1.1\r\nUser-Agent: Mozilla/5.0\r\n\r\n",
    ] {
        assert_eq!(attacks(request.as_bytes(), 1_400), [], "{request}");
    }
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80));
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n<script>alert(1)</script> /etc/passwd ' or 1=1 ../../../../";
    let frames = conversation(0, &client, &server, b"GET / HTTP/1.1\r\n\r\n", answer);
    let matcher = Matcher::new(&default_lists().unwrap()).unwrap();
    let out = Run { matcher, ..Run::default() }.frames(frames);
    assert!(out.hits.is_empty(), "{:?}", out.hits);
}

/// A heartbeat in the clear, as the exploits of 2014 send it behind the server's hello.
#[test]
fn heartbleed_is_told_by_lengths() {
    let record = |kind: u8, body: &[u8]| {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 3, 2], &len[..], body].concat()
    };
    let hello =
        |kind: u8| record(22, &[&[kind, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0, 47, 0]].concat());
    let beat = |kind: u8, claimed: u16, rest: usize| {
        record(24, &[&[kind][..], &claimed.to_be_bytes(), &vec![65; rest]].concat())
    };
    let matcher = || Matcher::new(&default_lists().unwrap()).unwrap();
    let found = |asked: Vec<u8>, answered: Vec<u8>| {
        let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 443));
        let (hello, answer) = (hello(1), [hello(2), answered].concat());
        let request = [hello, asked].concat();
        let frames = conversation(0, &client, &server, &request, &answer);
        let out = Run { matcher: matcher(), ..Run::default() }.frames(frames);
        out.hits.iter().map(|h| h.pattern.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(beat(1, 0x4000, 0), vec![]), ["heartbleed"]);
    assert_eq!(
        found(beat(1, 0x4000, 0), beat(2, 0x4000, 2_000)),
        ["heartbleed", "heartbleed-answered"]
    );
    assert!(found(beat(1, 100, 116), beat(2, 100, 116)).is_empty());
    assert!(found(vec![], vec![]).is_empty());
}
