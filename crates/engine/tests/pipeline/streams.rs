//! Sequence numbers, streams in order and what is read out of them.

use crate::support::{Outcome, Run, at, conversation, peer, run, tcp};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::observation::AppFact;
use anomalyzer_scenario::Frame;
use anomalyzer_scenario::build::ip::Peer;
use anomalyzer_wire::HostileStr;

fn ends() -> (Peer, Peer) {
    (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80))
}

fn only(out: &Outcome) -> &FlowRecord {
    let [flow] = &out.flows[..] else { panic!("{:?}", out.flows) };
    flow
}

/// A handshake, then the client's segments: offset in the stream and length.
fn segments(of: &[(u32, usize)]) -> Vec<Frame> {
    let (client, server) = ends();
    let mut frames = conversation(0, &client, &server, b"", b"");
    frames.truncate(3);
    for (&(offset, len), ms) in of.iter().zip(100..) {
        frames.push(at(ms, tcp(&client, &server, "PA", 101 + offset, 901, &vec![b'#'; len])));
    }
    frames
}

/// Retransmissions, segments out of order, bytes missed.
fn counts(of: &[(u32, usize)]) -> (u32, u32, u64) {
    let out = run(segments(of));
    let side = only(&out).orig;
    (side.retransmissions, side.out_of_order, side.missed)
}

#[test]
fn late_segments_are_counted_and_not_those_before_them() {
    assert_eq!(counts(&[(0, 10), (20, 10), (30, 10), (40, 10), (10, 10), (50, 10)]), (0, 1, 0));
    assert_eq!(counts(&[(0, 10), (0, 10), (10, 10)]), (1, 0, 0));
}

#[test]
fn a_copy_behind_a_gap_is_a_retransmission() {
    assert_eq!(counts(&[(0, 10), (20, 10), (20, 10), (30, 10), (20, 10)]), (2, 0, 10));
}

#[test]
fn a_stream_that_nobody_reads_is_counted_like_one_that_is_read() {
    let after = |base: u32| {
        let mut all: Vec<(u32, usize)> = (0..base / 1_000).map(|i| (i * 1_000, 1_000)).collect();
        all.extend([(20, 10), (30, 10), (10, 10), (30, 10), (0, 10)].map(|(o, l)| (base + o, l)));
        counts(&all)
    };
    // The stream's depth is 65,536 bytes.
    assert_eq!(after(100_000), after(1_000));
    assert_eq!(after(1_000), (1, 2, 0));
}

#[test]
fn a_new_attempt_with_a_new_sequence_number_is_read_from_its_own_beginning() {
    let (client, server) = ends();
    let request = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
    for first in [5_000_000, 3_000_000_000] {
        let mut frames = conversation(0, &client, &server, request, b"");
        frames.insert(0, at(-1_000, tcp(&client, &server, "S", first, 0, b"")));
        let out = run(frames);
        let flow = only(&out);
        let host = flow.names.as_ref().and_then(|n| n.http_host.as_ref()).map(HostileStr::as_bytes);
        assert_eq!((host, flow.orig.missed), (Some(&b"www.example.org"[..]), 0));
        assert_eq!((flow.orig.retransmissions, flow.orig.out_of_order), (0, 0));
        // The round trip is that of the attempt that was answered.
        assert_eq!(flow.rtt_ns, Some(20_000_000));
    }
}

#[test]
fn a_segment_longer_than_what_is_kept_loses_nothing() {
    let (client, server) = ends();
    let mut first = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n".to_vec();
    first.resize(first.len() + 30_000, b'b');
    let second = b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut frames = conversation(0, &client, &server, &first, b"");
    frames.truncate(4);
    let seq = 101 + u32::try_from(first.len()).unwrap();
    frames.push(at(60, tcp(&client, &server, "PA", seq, 901, second)));
    let out = run(frames);
    let requests: Vec<&[u8]> = out
        .facts
        .iter()
        .filter_map(|f| match &f.fact {
            AppFact::HttpRequest(request) => Some(request.target.as_bytes()),
            _ => None,
        })
        .collect();
    assert_eq!(requests, [&b"/a"[..], b"/b"]);
}

#[test]
fn content_tells_who_the_client_is() {
    // No handshake, and the service has the higher port.
    let (client, server) = (peer("10.0.0.9", 1_025), peer("10.0.0.1", 8_080));
    let request = b"GET /a HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
    let response = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let len = u32::try_from(request.len()).unwrap();
    let ask = || at(0, tcp(&client, &server, "PA", 101, 901, request));
    let answer = || at(10, tcp(&server, &client, "PA", 901, 101 + len, response));
    for frames in [vec![ask(), answer()], vec![answer(), ask()]] {
        let out = run(frames);
        let flow = only(&out);
        assert_eq!((flow.tuple.src_port, flow.tuple.dst_port), (1_025, 8_080));
        let names = flow.names.as_ref().unwrap();
        assert_eq!(names.http_target.as_ref().unwrap().as_bytes(), b"GET /a");
        assert_eq!(names.http_status, 404);
        assert!(flow.history.contains('^'), "{}", flow.history);
    }
}

#[test]
fn odd_flags_have_zeeks_letters() {
    let (client, server) = ends();
    let history = |flags: &str| {
        let out = run([at(0, tcp(&client, &server, flags, 1, 0, b""))]);
        only(&out).history.clone()
    };
    // Q: SYN with FIN or RST; I: FIN with RST.
    assert!(history("SF").starts_with('Q'), "{}", history("SF"));
    assert!(history("SR").starts_with('Q'), "{}", history("SR"));
    assert!(history("FRA").starts_with('I'), "{}", history("FRA"));
}

#[test]
fn half_read_messages_share_the_budget_of_waiting_segments() {
    let half = {
        let mut hello = vec![22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb, 3, 3];
        hello.resize(12_000, 0);
        hello
    };
    let frames = |n: u16| {
        (0..n).flat_map(|i| {
            let (client, server) = (peer("10.0.0.9", 10_000 + i), peer("10.0.0.1", 443));
            conversation(0, &client, &server, &half, b"").into_iter().take(4).collect::<Vec<_>>()
        })
    };
    let given_up = |n: u16| {
        let mut run = Run::default();
        run.config.limits.stream_bytes = 1 << 20;
        let counters = run.frames(frames(n)).summary.counters;
        counters.iter().find(|(name, _)| *name == "messages_given_up").unwrap().1
    };
    assert_eq!(given_up(87), 0);
    assert_eq!(given_up(187), 100);
}

#[test]
fn segments_whose_payload_was_not_captured_have_their_place() {
    let mut frames = segments(&[(0, 10), (20, 10), (30, 10), (20, 10)]);
    for frame in &mut frames {
        frame.data.truncate(54);
    }
    let out = run(frames);
    let side = only(&out).orig;
    assert_eq!(
        (side.payload, side.retransmissions, side.out_of_order, side.missed),
        (40, 1, 0, 10)
    );
}
