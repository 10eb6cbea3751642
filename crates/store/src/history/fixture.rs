//! Random flow records for tests.

use crate::room::Room;
use crate::{Filter, Options, Range, SourceId};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::features::FlowFeatures;
use anomalyzer_engine::flow::{FiveTuple, FlowId, FlowNames, SideRecord};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp, Tunnel};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

use super::History;
use super::row::{ENDS, STATES, TUNNELS};

/// 2026-11-21T00:00:00Z in seconds.
pub(crate) const DAY: i64 = 1_795_219_200;

/// Options that let tests write on any disk.
pub(crate) fn options() -> Options {
    Options { free_bytes_min: 0, ..Options::default() }
}

/// A history in a directory of its own.
pub(crate) fn history() -> (tempfile::TempDir, History) {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path());
    (dir, history)
}

/// The history of a directory.
pub(crate) fn open(dir: &Path) -> History {
    let room = Arc::new(Room::new(dir, &options()));
    History::open(dir, &options(), room).unwrap()
}

/// All of time.
pub(crate) const EVER: Range = Range { from: Timestamp::MIN, to: Timestamp::MAX };

/// Everything that is stored of the sensor, by [`History::scan`].
pub(crate) fn all(history: &History) -> Vec<FlowRecord> {
    let mut found = Vec::new();
    let scan = history.scan(SourceId::SENSOR, EVER, &Filter::default(), &mut |flow| {
        found.push(flow.record);
        true
    });
    scan.unwrap();
    found
}

/// A plain flow that ended at a second.
pub(crate) fn plain(n: u32, last_s: i64) -> FlowRecord {
    let [_, _, a, b] = n.to_be_bytes();
    FlowRecord {
        id: FlowId(n.into()),
        tuple: FiveTuple {
            src: Addr::v4([10, 0, a, b]),
            dst: Addr::v4([192, 0, 2, b]),
            src_port: 40_000,
            dst_port: 443,
            proto: 6,
        },
        first: Timestamp::from_secs_nanos(last_s - 2, 0),
        last: Timestamp::from_secs_nanos(last_s, i64::from(n)),
        end: ENDS[0],
        continued: false,
        orig: SideRecord { packets: 3, bytes: 300 + u64::from(n), ..SideRecord::default() },
        resp: SideRecord { packets: 2, bytes: 2_000, ..SideRecord::default() },
        conn_state: STATES[2],
        history: "ShAdDaFf".to_owned(),
        rtt_ns: Some(1_000_000),
        app: AppProto::Tls,
        vlan: 0,
        tunnel: None,
        src_mac: None,
        dst_mac: None,
        names: None,
        features: FlowFeatures::default(),
        score: None,
    }
}

fn addr() -> BoxedStrategy<Addr> {
    prop_oneof![
        6 => (0..4_u8, 0..6_u8).prop_map(|(a, b)| Addr::v4([10, 0, a, b])),
        2 => (0..3_u8).prop_map(|b| Addr::v4([192, 0, 2, b])),
        1 => any::<[u8; 16]>().prop_map(Addr::v6),
        1 => (0..3_u8).prop_map(|b| Addr::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b])),
    ]
    .boxed()
}

fn side() -> BoxedStrategy<SideRecord> {
    let counts = prop_oneof![0..2_000_u64, any::<u64>()];
    (
        counts.clone(),
        counts.clone(),
        counts.clone(),
        counts,
        any::<(u32, u32, u64)>(),
        any::<(u8, u8, bool)>(),
    )
        .prop_map(|(packets, bytes, ip_bytes, payload, loss, (ttl, flags, lossy))| SideRecord {
            packets,
            bytes,
            ip_bytes,
            payload,
            retransmissions: if lossy { loss.0 } else { 0 },
            out_of_order: if lossy { loss.1 } else { 0 },
            missed: if lossy { loss.2 } else { 0 },
            ttl,
            flags,
        })
        .boxed()
}

fn hostile() -> BoxedStrategy<Option<HostileStr>> {
    prop_oneof![
        3 => Just(None),
        2 => "(www|mail|cdn)\\.(example|test)\\.(org|com)".prop_map(|s| Some(HostileStr::from(s.as_bytes()))),
        1 => any::<Vec<u8>>().prop_map(|bytes| Some(HostileStr::from(bytes))),
    ]
    .boxed()
}

fn names() -> BoxedStrategy<FlowNames> {
    let text = proptest::option::of("[0-9a-f]{32}");
    (
        (hostile(), hostile(), hostile(), hostile(), hostile(), hostile(), hostile()),
        (hostile(), hostile(), hostile()),
        (text.clone(), text.clone(), text),
        any::<(u16, u16)>(),
    )
        .prop_map(|(a, b, c, numbers)| FlowNames {
            sni: a.0,
            alpn: a.1,
            certificate: a.2,
            http_host: a.3,
            http_target: a.4,
            user_agent: a.5,
            dns_query: a.6,
            ssh: [b.0, b.1],
            resolved: b.2,
            ja3: c.0,
            ja4: c.1,
            ja3s: c.2,
            tls_version: numbers.0,
            http_status: numbers.1,
        })
        .boxed()
}

fn tunnel() -> BoxedStrategy<Tunnel> {
    (0..TUNNELS.len(), addr(), addr(), any::<u32>(), any::<u8>())
        .prop_map(|(kind, outer_src, outer_dst, id, depth)| Tunnel {
            kind: TUNNELS[kind],
            outer_src,
            outer_dst,
            id,
            depth,
        })
        .boxed()
}

/// Any record at all: times from a window of three hours, or any.
pub(crate) fn record() -> BoxedStrategy<FlowRecord> {
    let window = DAY * 1_000_000_000..(DAY + 3 * 3_600) * 1_000_000_000;
    let time = prop_oneof![20 => window, 1 => any::<i64>()];
    let port = prop_oneof![Just(443_u16), Just(53), Just(22), 0..2_000_u16, any::<u16>()];
    let proto = prop_oneof![Just(6_u8), Just(17), Just(1), any::<u8>()];
    let tuple = (addr(), addr(), port.clone(), port, proto)
        .prop_map(|(src, dst, src_port, dst_port, proto)| FiveTuple {
            src,
            dst,
            src_port,
            dst_port,
            proto,
        })
        .boxed();
    let duration = prop_oneof![0..10_000_000_000_i64, any::<i64>()];
    (
        (any::<u64>(), tuple, time, duration, 0..ENDS.len(), any::<bool>()),
        (side(), side(), 0..STATES.len(), "[A-Za-z]{0,22}", proptest::option::of(any::<u64>())),
        (0..AppProto::ALL.len(), any::<u16>(), proptest::option::of(tunnel())),
        (proptest::option::of(any::<[u8; 6]>()), proptest::option::of(any::<[u8; 6]>())),
        proptest::option::of(names()),
    )
        .prop_map(|(head, sums, rest, macs, names)| FlowRecord {
            id: FlowId(head.0),
            tuple: head.1,
            first: Timestamp::from_nanos(head.2.wrapping_sub(head.3)),
            last: Timestamp::from_nanos(head.2),
            end: ENDS[head.4],
            continued: head.5,
            orig: sums.0,
            resp: sums.1,
            conn_state: STATES[sums.2],
            history: sums.3,
            rtt_ns: sums.4,
            app: AppProto::ALL[rest.0],
            vlan: rest.1,
            tunnel: rest.2,
            src_mac: macs.0.map(Mac),
            dst_mac: macs.1.map(Mac),
            names: names.map(Box::new),
            features: FlowFeatures::default(),
            score: None,
        })
        .boxed()
}
