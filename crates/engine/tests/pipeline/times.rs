//! Time-outs, records of flows that go on, captures without flows, seconds without end.

use crate::support::{Run, at, conversation, peer, run, tcp};
use anomalyzer_engine::flow::FlowEnd;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::observation::Outcome;
use anomalyzer_engine::{Config, Pacer, Worker};
use anomalyzer_scenario::{Frame, build};
use anomalyzer_wire::Timestamp;
use std::sync::Arc;

fn datagram(second: i64, last: u8) -> Frame {
    let (a, b) = (peer(&format!("10.0.0.{last}"), 5_000), peer("10.0.1.1", 6_000));
    at(second * 1_000, build::udp::datagram(&a, &b, 1, b"x"))
}

#[test]
fn a_first_pause_ends_flows_too() {
    let out = run([datagram(0, 9), datagram(1_000, 10), datagram(1_001, 10), datagram(1_002, 10)]);
    let ends: Vec<FlowEnd> = out.flows.iter().map(|f| f.end).collect();
    assert_eq!(ends, [FlowEnd::Idle, FlowEnd::InputEnd]);
}

fn short_records() -> Run {
    let mut run = Run::default();
    run.config.flow.active_s = 10;
    run
}

#[test]
fn a_connection_that_goes_on_stays_two_way_and_accepted() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80));
    let mut frames = conversation(0, &client, &server, b"ask", b"answer");
    frames.truncate(5);
    frames.push(at(12_000, tcp(&client, &server, "A", 104, 907, b"")));
    // Longer than a connection that is not established may be silent.
    frames.push(at(120_000, tcp(&client, &server, "A", 104, 907, b"")));
    frames.push(at(121_000, tcp(&server, &client, "R", 907, 0, b"")));
    let out = short_records().frames(frames);
    let ends: Vec<FlowEnd> = out.flows.iter().map(|f| f.end).collect();
    assert_eq!(ends, [FlowEnd::Active, FlowEnd::Active, FlowEnd::Closed]);
    let outcomes: Vec<Outcome> = out.outcomes.iter().map(|o| o.outcome).collect();
    assert_eq!(outcomes, [Outcome::Answered, Outcome::Established, Outcome::Talking]);
}

#[test]
fn a_record_does_not_begin_before_its_stream_time() {
    let late = Frame { time: at(-4_000_000, Vec::new()).time, ..datagram(0, 9) };
    let out = short_records().frames([
        datagram(0, 9),
        datagram(8, 9),
        datagram(22, 10),
        late,
        datagram(23, 9),
        datagram(24, 9),
    ]);
    let records: Vec<_> =
        out.flows.iter().map(|f| (f.end, f.orig.packets, f.duration_s() < 10.0)).collect();
    let (active, end) = (FlowEnd::Active, FlowEnd::InputEnd);
    assert_eq!(records, [(active, 2, true), (end, 1, true), (end, 3, true)]);
}

#[test]
fn a_capture_without_flows_has_a_first_and_a_last_time() {
    let side = |n| build::arp::Side { mac: [2, 0, 0, 0, 0, n], ip: [10, 0, 0, n] };
    let frame = |ms| at(ms, build::arp::request(side(1), [10, 0, 0, 2]));
    let frames = [frame(10), frame(0), frame(90_000), frame(2_000)];
    let expected = (Some(frames[0].time), Some(frames[2].time));
    let out = run(frames);
    assert_eq!((out.summary.first, out.summary.last), expected);
    assert_eq!(out.summary.per_second.span, 91);
}

#[test]
fn digests_of_ended_flows_do_not_wait_for_the_second_to_end() {
    let mut config = Config::default();
    config.limits.flows = 16;
    let mut worker = Worker::new(&Arc::new(config), &Arc::new(Matcher::default()), 1, 1);
    let mut pacer = Pacer::default();
    let (mut most, mut total) = (0, 0);
    for i in 0..140_000_u32 {
        let [_, x, y, z] = i.to_be_bytes();
        let (a, b) = (peer(&format!("10.{x}.{y}.{z}"), 5_000), peer("192.0.2.1", 6_000));
        let frame = at(0, build::udp::datagram(&a, &b, 1, b"x"));
        let paced = pacer.frame(frame.time);
        if let Some(marker) = paced.marker {
            let digests = worker.marker(&marker).digests.len();
            (most, total) = (most.max(digests), total + digests);
        }
        worker.frame(paced.seq, paced.now, &frame.raw());
    }
    let last = worker.marker(&pacer.finish()).digests.len();
    assert_eq!(total + last, 140_000);
    assert!(most <= 65_536 && last < 16_384, "{most} at most, {last} at the end");
}

#[test]
fn a_time_stamp_far_ahead_is_survived() {
    let mut frames = vec![datagram(0, 9)];
    frames.push(Frame { time: Timestamp::from_nanos(i64::MAX), ..datagram(0, 9) });
    frames.push(datagram(1, 9));
    let out = run(frames);
    assert_eq!(out.flows.iter().map(|f| f.orig.packets).sum::<u64>(), 3);
}

#[test]
fn a_closed_connection_ends_seconds_after_its_close() {
    let (client, server) = (peer("10.0.0.9", 40_000), peer("10.0.0.1", 80));
    let closed = conversation(0, &client, &server, b"ask", b"answer");
    let mut worker = Worker::new(&Arc::default(), &Arc::new(Matcher::default()), 1, 1);
    let mut pacer = Pacer::default();
    let mut ended = None;
    // Another host's datagrams let time pass.
    for frame in closed.into_iter().chain((1..30).map(|second| datagram(second, 10))) {
        let paced = pacer.frame(frame.time);
        if let Some(marker) = paced.marker {
            let over = worker.marker(&marker).expired;
            if let Some(flow) = over.iter().find(|e| e.record.tuple.proto == 6) {
                ended = ended.or(Some((marker.time, flow.record.last)));
            }
        }
        worker.frame(paced.seq, paced.now, &frame.raw());
    }
    let (told, last) = ended.expect("the connection's record");
    assert!((5..=8).contains(&(told.since(last) / 1_000_000_000)), "{told} {last}");
}
