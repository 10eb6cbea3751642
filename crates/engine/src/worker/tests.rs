//! Tables and buffers of a worker stay within their limits after every single frame.

use super::Worker;
use crate::config::Config;
use crate::keyword::Matcher;
use anomalyzer_scenario::build::ip::Peer;
use anomalyzer_scenario::build::tcp::{ACK, FIN, RST, SYN, Segment, segment};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

const FLOWS: usize = 16;

fn peer(last: u8, port: u16) -> Peer {
    let ip = std::net::Ipv4Addr::new(10, 0, 0, last).into();
    Peer { mac: [2, 0, 0, 0, 0, last], ip, port, ttl: 64 }
}

/// Port of the client, who sends, sequence number, flags, length of the payload.
type Sent = (u16, bool, u32, u8, usize);

fn sent() -> impl Strategy<Value = Sent> {
    let seq = prop_oneof![9 => 0..20_000_u32, 1 => any::<u32>()];
    let flags = prop_oneof![8 => Just(ACK), 1 => Just(SYN), 1 => Just(ACK | FIN), 1 => Just(RST)];
    (40_000..40_040_u16, any::<bool>(), seq, flags, 0..1_400_usize)
}

fn frame((port, forward, seq, flags, len): Sent) -> Vec<u8> {
    let (client, server) = (peer(9, port), peer(1, 9_999));
    let (from, to) = if forward { (&client, &server) } else { (&server, &client) };
    let header = Segment { seq, ack: 1, flags, window: 9_000, options: &[] };
    segment(from, to, 1, &header, &vec![b'x'; len])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn limits_hold_after_every_frame(storm in vec(sent(), 1..300), room in 0..20_000_usize) {
        let mut config = Config::default();
        config.limits.flows = FLOWS;
        config.limits.stream_bytes = room;
        let mut worker = Worker::new(&Arc::new(config), &Arc::new(Matcher::default()), 1, 1);
        for (sent, seq) in storm.into_iter().zip(0_u32..) {
            let data = frame(sent);
            let time = Timestamp::from_nanos(i64::from(seq) * 1_000_000);
            let orig_len = u32::try_from(data.len()).unwrap();
            let raw = RawFrame { time, link: LinkType::ETHERNET, orig_len, data: &data };
            worker.frame(u64::from(seq), time, &raw);
            let flows: Vec<_> = worker.table.flows().collect();
            prop_assert!(flows.len() <= FLOWS);
            let streams = flows.iter().filter_map(|flow| flow.streams.as_ref());
            let waiting: usize = streams
                .map(|s| s.app.held() + s.sides[0].waiting_bytes() + s.sides[1].waiting_bytes())
                .sum();
            prop_assert_eq!(waiting, worker.payload.waiting());
            prop_assert!(waiting <= room, "{} of {}", waiting, room);
        }
    }
}
