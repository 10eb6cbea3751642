//! Flow records: counters, states, ends, limits.

use crate::support::{Run, at, conversation, peer, run, tcp};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::{ConnState, FlowEnd};
use anomalyzer_scenario::{Frame, build};
use anomalyzer_wire::app::AppProto;

fn http() -> (Vec<u8>, Vec<u8>) {
    let request = b"GET /a HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: test\r\n\r\n".to_vec();
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    (request, response)
}

#[test]
fn a_whole_connection() {
    let (client, server) = (peer("192.168.1.5", 40_000), peer("198.51.100.7", 80));
    let (request, response) = http();
    let frames = conversation(0, &client, &server, &request, &response);
    let bytes: usize = frames.iter().map(|f| f.data.len()).sum();
    let out = run(frames);
    let [flow] = &out.flows[..] else { panic!("{:?}", out.flows) };
    assert_eq!((flow.tuple.src_port, flow.tuple.dst_port), (40_000, 80));
    assert_eq!((flow.orig.packets, flow.resp.packets), (5, 3));
    assert_eq!(flow.orig.bytes + flow.resp.bytes, bytes as u64);
    assert_eq!(
        (flow.orig.payload, flow.resp.payload),
        (request.len() as u64, response.len() as u64)
    );
    assert_eq!((flow.conn_state, flow.end), (ConnState::Sf, FlowEnd::Closed));
    assert_eq!(flow.history, "ShADdFf");
    assert_eq!(flow.rtt_ns, Some(20_000_000));
    assert_eq!(flow.app, AppProto::Http);
    let names = flow.names.as_ref().unwrap();
    assert_eq!(names.http_host.as_ref().unwrap().as_bytes(), b"www.example.org");
    assert_eq!(names.http_target.as_ref().unwrap().as_bytes(), b"GET /a");
    assert_eq!(names.http_status, 200);
    assert!((flow.duration_s() - 0.07).abs() < 1e-9);
}

#[test]
fn a_syn_ack_first_still_names_the_client_as_originator() {
    let (client, server) = (peer("10.0.0.9", 1_025), peer("10.0.0.1", 50_000));
    let out = run([
        at(0, tcp(&server, &client, "SA", 5, 11, b"")),
        at(1, tcp(&client, &server, "S", 10, 0, b"")),
        at(2, tcp(&client, &server, "A", 11, 6, b"")),
    ]);
    let [flow] = &out.flows[..] else { panic!() };
    assert_eq!((flow.tuple.src_port, flow.tuple.dst_port), (1_025, 50_000));
    assert_eq!((flow.orig.packets, flow.resp.packets), (2, 1));
}

#[test]
fn a_late_syn_turns_the_flow_round() {
    let (client, server) = (peer("10.0.0.9", 1_025), peer("10.0.0.1", 50_000));
    let out = run([
        at(0, tcp(&client, &server, "PA", 11, 6, b"early")),
        at(1, tcp(&client, &server, "S", 10, 0, b"")),
    ]);
    let [flow] = &out.flows[..] else { panic!() };
    assert_eq!((flow.tuple.src_port, flow.orig.packets), (1_025, 2));
    assert!(flow.history.contains('^'), "{}", flow.history);
}

#[test]
fn a_port_used_again_is_a_new_flow() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80));
    let mut frames = conversation(0, &client, &server, b"a", b"b");
    frames.push(at(500, tcp(&client, &server, "S", 77_777, 0, b"")));
    frames.push(at(510, tcp(&server, &client, "RA", 0, 77_778, b"")));
    let out = run(frames);
    let states: Vec<ConnState> = out.flows.iter().map(|f| f.conn_state).collect();
    assert_eq!(states, [ConnState::Sf, ConnState::Rej]);
}

#[test]
fn silence_and_length_end_records() {
    let (a, b) = (peer("10.0.0.9", 5_000), peer("10.0.0.1", 6_000));
    let datagram = |s: i64| at(s * 1_000, build::udp::datagram(&a, &b, 1, b"x"));
    let out = run([datagram(0), datagram(30), datagram(200)]);
    let ends: Vec<_> = out.flows.iter().map(|f| (f.end, f.orig.packets)).collect();
    assert_eq!(ends, [(FlowEnd::Idle, 2), (FlowEnd::InputEnd, 1)]);
    let long: Vec<Frame> = (0..250).map(|i| datagram(i * 20)).collect();
    let out = run(long);
    let ends: Vec<_> = out.flows.iter().map(|f| f.end).collect();
    assert_eq!(ends, [FlowEnd::Active, FlowEnd::InputEnd]);
    assert_eq!(out.flows.iter().map(|f| f.orig.packets).sum::<u64>(), 250);
}

#[test]
fn a_full_table_spares_conversations() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80));
    let mut frames = conversation(0, &client, &server, b"first half", b"");
    let rest = frames.split_off(4);
    for i in 0..5_000_u16 {
        let spoofed = peer(&format!("198.18.{}.{}", i / 250, i % 250 + 1), 1_024 + i);
        frames.push(at(40, tcp(&spoofed, &server, "S", 1, 0, b"")));
    }
    frames.extend(rest.into_iter().map(|f| Frame { time: f.time.plus_nanos(50_000_000), ..f }));
    let mut run = Run::default();
    run.config.limits.flows = 256;
    let out = run.frames(frames);
    let kept: Vec<&FlowRecord> = out.flows.iter().filter(|f| f.tuple.src_port == 40_000).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].orig.packets, kept[0].resp.packets), (5, 3));
    assert_eq!(out.flows.len(), 5_001);
    let evicted = out.summary.counters.iter().find(|(n, _)| *n == "flows_evicted_one_way").unwrap();
    assert!(evicted.1 >= 5_000 - 256, "{evicted:?}");
}

#[test]
fn fragments_become_their_datagram() {
    let (a, b) = (peer("10.0.0.9", 5_000), peer("10.0.0.1", 6_000));
    let whole = build::udp::datagram(&a, &b, 7, &[b'z'; 4_000]);
    let parts = build::ip::fragment_ipv4(&whole, 1_500);
    assert!(parts.len() > 2);
    let out = run(parts.into_iter().zip(0..).map(|(data, i)| at(i, data)));
    let flow = out.flows.iter().find(|f| f.tuple.dst_port == 6_000).unwrap();
    assert_eq!(flow.orig.payload, 4_000);
    let packets: u64 = out.flows.iter().map(|f| f.orig.packets).sum();
    assert_eq!(packets, out.summary.packets);
}

#[test]
fn echo_is_one_two_way_flow_with_types_for_ports() {
    let (a, b) = (peer("10.0.0.9", 0), peer("10.0.0.1", 0));
    let out = run([
        at(0, build::icmp::echo(&a, &b, false, 9, 1, b"abcdefgh")),
        at(3, build::icmp::echo(&b, &a, true, 9, 1, b"abcdefgh")),
    ]);
    let [flow] = &out.flows[..] else { panic!() };
    assert_eq!((flow.tuple.src_port, flow.tuple.dst_port), (8, 0));
    assert_eq!((flow.conn_state, flow.rtt_ns), (ConnState::Sf, Some(3_000_000)));
}

#[test]
fn hostile_times_are_survived() {
    let (a, b) = (peer("10.0.0.9", 5_000), peer("10.0.0.1", 6_000));
    let datagram = build::udp::datagram(&a, &b, 1, b"x");
    let times = [0, i64::MAX, i64::MIN, -1, 1 << 62, 5, 1_772_528_400_000_000_000];
    let out = run(times.map(|ns| Frame {
        time: anomalyzer_wire::Timestamp::from_nanos(ns),
        data: datagram.clone(),
        label: 0,
    }));
    assert_eq!(out.summary.packets, 7);
    for flow in &out.flows {
        assert!((0.0..=10.0 * 365.25 * 86_400.0).contains(&flow.duration_s()), "{flow:?}");
    }
}
