//! Heads and streams as honest and odd peers write them.

use super::*;
use proptest::prelude::*;

fn request_of(text: &[u8]) -> HttpRequest {
    parse_request(text).fact().unwrap()
}

#[test]
fn a_request() {
    let text = b"POST /a?b=c HTTP/1.1\r\nHost: example.org\r\nUSER-AGENT:  curl/8 \r\n\
        Authorization: Basic am9lOnNlY3JldA==\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
    let Parsed::Fact { fact, consumed } = parse_request(text) else { panic!("a request") };
    assert_eq!(consumed, text.len() - 5);
    assert_eq!(fact.method.as_bytes(), b"POST");
    assert_eq!(fact.target.as_bytes(), b"/a?b=c");
    assert_eq!(fact.user_agent.as_ref().unwrap().as_bytes(), b"curl/8");
    assert_eq!(fact.authorization_scheme.as_ref().unwrap().as_bytes(), b"Basic");
    assert!(!format!("{fact:?}").contains("am9l"), "credentials are never kept");
    assert_eq!((fact.content_length, fact.header_count), (Some(5), 5));
    assert_eq!((fact.minor_version, fact.bare_line_feed), (Some(1), false));
    for cut in 0..consumed {
        assert_eq!(parse_request(&text[..cut]).fact(), None, "cut at {cut}");
    }
}

#[test]
fn bare_secrets_are_not_schemes() {
    let fact = request_of(b"GET / HTTP/1.1\r\nAuthorization: 0123456789abcdef\r\n\r\n");
    assert!(fact.authorization_scheme.unwrap().is_empty());
}

#[test]
fn odd_requests_are_read() {
    let fact = request_of(b"GET /x.php?id=1' OR '1'='1 HTTP/1.0\nHost : a\nno colon\n\n");
    assert_eq!(fact.target.as_bytes(), b"/x.php?id=1' OR '1'='1");
    assert!(fact.bare_line_feed && fact.minor_version == Some(0));
    assert_eq!((fact.host.unwrap().as_bytes(), fact.header_count), (&b"a"[..], 2));
    let old = request_of(b"GET /index.html\r\n");
    assert_eq!((old.target.as_bytes(), old.minor_version), (&b"/index.html"[..], None));
    let long = [b"GET /", &[b'a'; 5000][..], b" HTTP/1.1\r\n\r\n"].concat();
    let fact = request_of(&long);
    assert_eq!((fact.target.as_bytes().len(), fact.target_len), (2048, 5001));
    assert_eq!(parse_request(b"\x16\x03\x01"), Parsed::NotThis);
}

#[test]
fn a_response() {
    let text = b"HTTP/1.1 301 Moved Permanently\r\nServer: nginx\r\nLocation: /b\r\n\
        WWW-Authenticate: Digest realm=\"x\"\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    let fact = parse_response(text).fact().unwrap();
    assert_eq!((fact.status, fact.minor_version, fact.chunked), (301, 1, true));
    assert_eq!(fact.reason.as_bytes(), b"Moved Permanently");
    assert_eq!(fact.location.unwrap().as_bytes(), b"/b");
    assert_eq!(fact.authenticate_scheme.unwrap().as_bytes(), b"Digest");
    assert_eq!(parse_response(b"HTTP/1.1 abc\r\n\r\n"), Parsed::NotThis);
    assert_eq!(parse_response(b"HTTP/1"), Parsed::NeedMore);
}

fn heads(side: HttpSide, chunks: &[&[u8]]) -> (Vec<HttpHead>, bool) {
    let (mut stream, mut out) = (HttpStream::new(side), Vec::new());
    for chunk in chunks {
        stream.feed(chunk, &mut |head| out.push(head));
    }
    (out, stream.gave_up())
}

const REQUESTS: &[u8] = b"POST /1 HTTP/1.1\r\nContent-Length: 7\r\n\r\nGET / x\
    \r\nPOST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n\
    0\r\nT: v\r\n\r\nGET /3 HTTP/1.1\n\n";
const RESPONSES: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n\
    HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 304 Same\r\nContent-Length: 5\r\n\
    \r\nHTTP/1.1 200 OK\r\n\r\nuntil close";

#[test]
fn heads_of_a_kept_alive_connection() {
    let (found, gave_up) = heads(HttpSide::Client, &[REQUESTS]);
    let targets: Vec<_> = found
        .iter()
        .map(|head| match head {
            HttpHead::Request(request) => request.target.as_bytes().to_vec(),
            HttpHead::Response(_) => Vec::new(),
        })
        .collect();
    assert_eq!(targets, [b"/1", b"/2", b"/3"]);
    assert!(!gave_up);
    let (found, gave_up) = heads(HttpSide::Server, &[RESPONSES]);
    let status: Vec<_> = found
        .iter()
        .map(|head| match head {
            HttpHead::Response(response) => response.status,
            HttpHead::Request(_) => 0,
        })
        .collect();
    // The 200 with 900 bytes answers a HEAD: a head follows where its body would be.
    assert_eq!(status, [100, 200, 404, 304, 200]);
    assert!(gave_up);
}

#[test]
fn gaps_within_bodies_are_survived() {
    let mut stream = HttpStream::new(HttpSide::Client);
    let mut count = 0;
    stream.feed(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", &mut |_| count += 1);
    stream.skip(999);
    stream.feed(b"xGET / HTTP/1.1\r\n\r\n", &mut |_| count += 1);
    assert_eq!((count, stream.gave_up()), (2, false));
    stream.skip(1);
    assert!(stream.gave_up());
}

#[test]
fn endless_heads_are_given_up() {
    let mut stream = HttpStream::new(HttpSide::Client);
    stream.feed(b"GET / HTTP/1.1\r\n", &mut |_| panic!("no head"));
    for _ in 0..2000 {
        stream.feed(b"A: bbbbbbbb\r\n", &mut |_| panic!("no head"));
    }
    assert!(stream.gave_up());
}

/// Bytes of heads, bodies and the rest of a client's direction that comes in chunks.
fn parts(chunks: &[&[u8]]) -> [Vec<u8>; 3] {
    let (mut stream, mut out) = (HttpStream::new(HttpSide::Client), [const { Vec::new() }; 3]);
    for chunk in chunks {
        stream.feed_parts(chunk, &mut |part| match part {
            HttpPart::Head(_, bytes) => out[0].extend_from_slice(bytes),
            HttpPart::Body(bytes) => out[1].extend_from_slice(bytes),
            HttpPart::Rest(bytes) => out[2].extend_from_slice(bytes),
        });
    }
    out[0].extend_from_slice(stream.unfinished());
    out
}

#[test]
fn parts_hold_every_byte_but_the_framing() {
    let [heads, bodies, rest] = parts(&[REQUESTS, b"GET /half"]);
    assert_eq!(bodies, b"GET / xhello0123456789");
    assert!(heads.starts_with(b"POST /1 HTTP/1.1\r\n") && heads.ends_with(b"GET /half"));
    assert!(rest.is_empty());
    let long = [b"GET / HTTP/1.1\r\nA: ".to_vec(), vec![b'a'; 40_000]].concat();
    assert_eq!(parts(&[&long])[2], long);
    assert_eq!(parts(&[REQUESTS, b"\0no request"])[2], b"\0no request");
}

proptest! {
    #[test]
    fn parts_do_not_depend_on_segments(cuts in proptest::collection::vec(1usize..40, 0..40)) {
        let text = [REQUESTS, b"GET /4 HTTP/1.0\r\n\r\n\0odd bytes"].concat();
        let (mut chunks, mut left) = (Vec::new(), text.as_slice());
        for cut in &cuts {
            let (chunk, after) = left.split_at((*cut).min(left.len()));
            chunks.push(chunk);
            left = after;
        }
        chunks.push(left);
        prop_assert_eq!(parts(&chunks), parts(&[&text]));
    }

    #[test]
    fn segments_do_not_matter(cuts in proptest::collection::vec(1usize..40, 0..40)) {
        for (side, text) in [(HttpSide::Client, REQUESTS), (HttpSide::Server, &RESPONSES[..RESPONSES.len() - 12])] {
            let whole = heads(side, &[text]);
            let (mut chunks, mut rest) = (Vec::new(), text);
            for cut in &cuts {
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            let cut_up = heads(side, &chunks);
            // A response to HEAD is told by the bytes that follow, so it needs seven of them.
            if side == HttpSide::Client {
                prop_assert_eq!(&cut_up, &whole);
            } else {
                prop_assert!(cut_up.0.len() >= 2);
            }
        }
    }
}
