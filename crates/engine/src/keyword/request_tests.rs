//! Requests are searched as they come and as a server reads them, however they are cut.

use super::*;
use crate::flow::{FiveTuple, FlowId};
use crate::keyword::List;
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;
use proptest::prelude::*;

fn matcher(patterns: &str) -> Matcher {
    let text = format!("[list]\nname = 'test'\n{patterns}");
    Matcher::new(&[List::parse(&text, "test.toml").unwrap()]).unwrap()
}

fn context() -> ScanContext {
    let tuple = FiveTuple {
        src: Addr::v4([10, 0, 0, 1]),
        dst: Addr::v4([10, 0, 0, 2]),
        src_port: 40_000,
        dst_port: 80,
        proto: 6,
    };
    ScanContext { app: AppProto::Http, tuple, to_server: true, offset: 0, place: Place::Stream }
}

/// Pattern, place, decoded, repeats of all hits of the calls, each with its own parts.
fn search(matcher: &Matcher, calls: &[RequestParts]) -> Vec<(String, Place, bool, u32)> {
    let (mut scan, mut all) = (RequestScan::default(), Vec::new());
    for parts in calls {
        let mut hits = Vec::new();
        matcher.scan_requests(&mut scan, parts, &context(), &mut hits);
        all.append(&mut hits);
    }
    let mut hits = Vec::new();
    matcher.finish_requests(&mut scan, &context(), &mut hits);
    all.append(&mut hits);
    all.into_iter()
        .map(|hit| {
            let hit = matcher.describe(hit, FlowId(1), context().tuple, true);
            (hit.pattern.to_string(), hit.place, hit.decoded, hit.repeats)
        })
        .collect()
}

fn head(text: &str) -> RequestParts {
    let mut parts = RequestParts::default();
    parts.head(text.as_bytes());
    parts
}

const PASSWD: &str = "[[pattern]]\nname = 'passwd'\nwhere = 'http-request'\ntext = '/etc/passwd'\n";

#[test]
fn each_part_says_where_it_was_found_and_how() {
    let m = matcher(PASSWD);
    for (request, place, decoded) in [
        ("GET /etc/passwd HTTP/1.1\r\nA: b\r\n\r\n", Place::RequestTarget, false),
        ("GET /%65tc%2fpasswd HTTP/1.1\r\n\r\n", Place::RequestTarget, true),
        ("GET /%2565tc%252fpass%2500wd HTTP/1.1\r\n\r\n", Place::RequestTarget, true),
        ("GET / HTTP/1.1\r\nA: %c0%afetc%c0%afpasswd\r\n\r\n", Place::RequestHeaders, true),
        ("GET / HTTP/1.1\r\nA: /ETC/passwd\r\n\r\n", Place::RequestHeaders, false),
    ] {
        assert_eq!(
            search(&m, &[head(request)]),
            [("passwd".into(), place, decoded, 0)],
            "{request}"
        );
    }
}

#[test]
fn found_in_both_forms_is_told_once_and_repeats_are_counted() {
    let m = matcher(PASSWD);
    let request = head("GET /etc/passwd?x=%41 HTTP/1.1\r\nA: /etc/passwd\r\n\r\n");
    assert_eq!(search(&m, &[request]), [("passwd".into(), Place::RequestTarget, false, 1)]);
}

#[test]
fn places_narrow_and_a_pattern_does_not_reach_over_their_borders() {
    let m = matcher(&PASSWD.replace("http-request", "http-body"));
    assert_eq!(search(&m, &[head("GET /etc/passwd HTTP/1.1\r\nA: /etc/passwd\r\n\r\n")]), []);
    let mut body = RequestParts::default();
    body.body(b"f=%2fetc");
    let mut rest = RequestParts::default();
    rest.body(b"%2fpasswd&x");
    assert_eq!(search(&m, &[body, rest])[0].1, Place::RequestBody);
    let mut broken = RequestParts::default();
    broken.body(b"/etc/pas");
    broken.head(b"GET / HTTP/1.1\r\n\r\n");
    broken.body(b"swd");
    assert_eq!(search(&m, &[broken]), []);
}

#[test]
fn a_plus_sign_is_a_blank_except_in_headers() {
    let m = matcher("[[pattern]]\nname = 'drop'\nwhere = 'http-request'\ntext = 'drop table'\n");
    assert_eq!(search(&m, &[head("GET /?drop+table HTTP/1.1\r\n\r\n")]).len(), 1);
    assert_eq!(search(&m, &[head("GET / HTTP/1.1\r\nA: drop+table%20\r\n\r\n")]).len(), 0);
    assert_eq!(search(&m, &[head("GET / HTTP/1.1\r\nA: drop%20table\r\n\r\n")]).len(), 1);
}

#[test]
fn the_memory_of_a_body_is_bounded() {
    let m = matcher(PASSWD);
    let mut parts = RequestParts::default();
    parts.body(&b"%25".repeat(100_000));
    let mut scan = RequestScan::default();
    m.scan_requests(&mut scan, &parts, &context(), &mut Vec::new());
    assert!(size_of::<Body>() < 256, "{}", size_of::<Body>());
    assert_eq!(size_of::<RequestScan>(), 8);
}

proptest! {
    /// However a body is cut, the same patterns are found; encoding does not hide them.
    #[test]
    fn bodies_may_be_cut_anywhere(
        before in "[a-z%+=&]{0,20}",
        encode in prop::collection::vec(0_u8..4, 11),
        cuts in prop::collection::vec(0_usize..90, 0..6),
    ) {
        let m = matcher(PASSWD);
        let mut text = format!("{before}.").into_bytes();
        for (byte, how) in b"/etc/passwd".iter().zip(&encode) {
            match how {
                0 => text.push(*byte),
                1 => text.extend(format!("%{byte:02x}").bytes()),
                2 => text.extend(format!("%25{byte:02X}").bytes()),
                _ => text.extend(format!("%u00{byte:02x}").bytes()),
            }
        }
        text.extend(b".&end");
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let calls: Vec<RequestParts> = cuts.windows(2).map(|w| {
            let mut parts = RequestParts::default();
            parts.body(&text[w[0]..w[1]]);
            parts
        }).collect();
        let found = search(&m, &calls);
        prop_assert!(!found.is_empty(), "{}", String::from_utf8_lossy(&text));
        prop_assert!(found.iter().all(|hit| hit.0 == "passwd"));
    }
}
