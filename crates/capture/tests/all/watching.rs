//! Watching interfaces, as far as loopback can show it; interfaces that come and go are tested
//! with the whole program.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::time::Duration;

use anomalyzer_capture::{LiveOptions, Phase, Sensor, SensorEvent, WatchOptions, Watcher, watch};

/// Watches loopback for datagrams to a port, or says why the test is skipped.
fn look(queues: usize, port: u16) -> Option<(Watcher, Sensor)> {
    let filter = Some(format!("udp dst port {port}"));
    let live = LiveOptions { filter, timeout_ms: 20, ..LiveOptions::default() };
    let (watcher, sensor) = watch(WatchOptions { live, queues }, &["lo".into()]).unwrap();
    let state = watcher.tried().remove(0);
    match state.phase {
        Phase::Watching => Some((watcher, sensor)),
        Phase::NotPermitted | Phase::Down => {
            eprintln!("skipped: {state:?}");
            None
        }
        other => panic!("{other:?} {state:?}"),
    }
}

/// Sends datagrams from many sockets and checks that each comes once, in order of its flow.
fn check(queues: usize) {
    const SOCKETS: usize = 16;
    const EACH: u32 = 200;
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let Some((watcher, mut sensor)) = look(queues, to.port()) else { return };
    // The ring is taken over by whoever reads.
    let mut rounds = 0;
    sensor.pump(&mut |_| {
        rounds += 1;
        rounds < 5
    });
    let senders: Vec<UdpSocket> =
        (0..SOCKETS).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let sending = std::thread::spawn(move || {
        for number in 0..EACH {
            for sender in &senders {
                sender.send_to(&number.to_be_bytes(), to).unwrap();
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let mut next: HashMap<Vec<u8>, u32> = HashMap::new();
    let (mut seen, mut idle, mut backwards, mut latest) = (0, 0, 0, None);
    sensor.pump(&mut |event| {
        match event {
            SensorEvent::Idle => idle += 1,
            SensorEvent::Frame(frame) => {
                let number = frame.data.last_chunk().copied().map_or(0, u32::from_be_bytes);
                let expected = next.entry(frame.data[34..36].to_vec()).or_default();
                assert_eq!(number, *expected, "out of order within a flow");
                *expected += 1;
                backwards += usize::from(latest.is_some_and(|t| frame.time < t));
                latest = Some(frame.time);
                seen += 1;
                idle = 0;
            }
        }
        seen < SOCKETS * EACH as usize && idle < 100
    });
    sending.join().unwrap();
    assert_eq!(seen, SOCKETS * EACH as usize);
    assert!(backwards <= seen / 100, "{backwards} of {seen} frames ran back in time");
    let mut waits = 0;
    sensor.pump(&mut |_| {
        waits += 1;
        waits < 40 && watcher.states()[0].stats.received < 2 * seen as u64
    });
    let stats = watcher.states()[0].stats;
    // Loopback counts a frame once or twice (see `LiveStats::received`).
    assert!(stats.received >= seen as u64 && stats.dropped == 0, "{stats:?}");
}

#[test]
fn one_ring_is_read_without_a_thread() {
    check(1);
}

#[test]
fn frames_of_several_rings_come_once_and_in_order() {
    check(3);
}

#[test]
fn what_is_not_there_is_told_and_the_rest_goes_on() {
    let options = WatchOptions { live: LiveOptions::default(), queues: 1 };
    let names = ["anomalyzer-none".into(), "lo".into(), "lo".into()];
    let (watcher, _sensor) = watch(options, &names).unwrap();
    let states = watcher.tried();
    assert_eq!(states.len(), 2, "{states:?}");
    assert_eq!((states[0].phase, states[0].stats.received), (Phase::Gone, 0));
    watcher.set(&[]);
    assert!(watcher.states().is_empty());
}
