//! Traffic of each second by protocol, application, port and device, bounded: what series are made of.
//!
//! Bytes and packets come from the digests of flows, which are complete when their second ends, and
//! from the totals of the second, which count frames without a flow too. An application is known
//! once it is recognised: what a flow carried in the seconds before that counts as `unknown`. Of
//! the many keys that a scan or a flood brings, those with most bytes are told; the others are
//! added up under [`OTHER`], so every dimension but ports still sums up to the flows' traffic.

use crate::observation::{FlowStarted, SecondTotals, TrafficDigest};
use ahash::RandomState;
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;
use hashbrown::HashMap;
use std::hash::Hash;

/// The key of everything that is not told apart.
pub const OTHER: &str = "other";
/// Applications told of a second.
const APPS_MAX: usize = 32;
/// Ports told of a second.
const PORTS_MAX: usize = 64;
/// Devices told of a second.
const DEVICES_MAX: usize = 256;
/// Keys added up within a second; flows come oldest first, so a flood's keys are left out first.
const KEYS_MAX: usize = 16_384;

/// What a series is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Everything; the key is empty.
    Total,
    /// Protocol: `tcp`, `udp`, `icmp`, `arp`, `other`.
    Protocol,
    /// Application protocol: `dns`, `tls`... Its flows are those that were recognised and ended.
    App,
    /// Responder port: `443/tcp`.
    Port,
    /// Address of a device of the site.
    Device,
}

/// Sums of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Flows that started.
    pub flows: u64,
    /// Of a device: bytes that it sent; else 0.
    pub bytes_sent: u64,
}

/// One interval of one key, as it is written. Seconds come in order; rows of the same second and
/// key add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The second, since 1970 UTC.
    pub second: i64,
    /// What it is about.
    pub dimension: Dimension,
    /// Which one.
    pub key: String,
    /// The sums.
    pub sums: Sums,
}

impl Sums {
    fn add(&mut self, more: Self) {
        self.packets = self.packets.saturating_add(more.packets);
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.flows = self.flows.saturating_add(more.flows);
        self.bytes_sent = self.bytes_sent.saturating_add(more.bytes_sent);
    }

    const fn flow() -> Self {
        Self { packets: 0, bytes: 0, flows: 1, bytes_sent: 0 }
    }
}

/// Adds up the traffic of the second that goes on.
#[derive(Debug)]
pub(crate) struct Rollup {
    /// Flows by protocol: TCP, UDP, ICMP, everything else.
    flows: [u64; 4],
    apps: Keyed<AppProto>,
    ports: Keyed<(u8, u16)>,
    devices: Keyed<Addr>,
    rows: Vec<Row>,
}

impl Rollup {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            flows: [0; 4],
            apps: Keyed::new(APPS_MAX, seed),
            ports: Keyed::new(PORTS_MAX, seed),
            devices: Keyed::new(DEVICES_MAX, seed),
            rows: Vec::new(),
        }
    }

    /// A flow began; `devices` are those of its addresses that belong to devices.
    pub(crate) fn started(&mut self, flow: &FlowStarted, devices: [bool; 2]) {
        let tuple = &flow.tuple;
        let place = match tuple.proto {
            6 => 0,
            17 => 1,
            1 | 58 => 2,
            _ => 3,
        };
        self.flows[place] += 1;
        if has_ports(tuple.proto, tuple.src_port, tuple.dst_port) {
            self.ports.add((tuple.proto, tuple.dst_port), Sums::flow());
        }
        for (addr, known) in [tuple.src, tuple.dst].into_iter().zip(devices) {
            if known {
                self.devices.add(addr, Sums::flow());
            }
        }
    }

    /// A flow ended whose application is known.
    pub(crate) fn ended(&mut self, app: AppProto) {
        self.apps.add(app, Sums::flow());
    }

    /// A flow's traffic of the second; `devices` as in [`Self::started`].
    pub(crate) fn traffic(&mut self, digest: &TrafficDigest, devices: [bool; 2]) {
        let tuple = &digest.tuple;
        let packets = digest.packets.iter().map(|n| u64::from(*n)).sum();
        let bytes = digest.bytes[0].saturating_add(digest.bytes[1]);
        let sums = Sums { packets, bytes, flows: 0, bytes_sent: 0 };
        self.apps.add(digest.app, sums);
        if has_ports(tuple.proto, tuple.src_port, tuple.dst_port) {
            self.ports.add((tuple.proto, tuple.dst_port), sums);
        }
        let sides = [(tuple.src, digest.bytes[0]), (tuple.dst, digest.bytes[1])];
        for ((addr, bytes_sent), known) in sides.into_iter().zip(devices) {
            if known {
                self.devices.add(addr, Sums { bytes_sent, ..sums });
            }
        }
    }

    /// Ends the second: its rows by dimension, most bytes first.
    pub(crate) fn end(&mut self, totals: &SecondTotals) -> &[Row] {
        self.rows.clear();
        let second = totals.second;
        let SecondTotals { packets, bytes, flows, .. } = *totals;
        let mut push = |dimension, key: String, sums| {
            self.rows.push(Row { second, dimension, key, sums });
        };
        let all = Sums { packets, bytes, flows, bytes_sent: 0 };
        push(Dimension::Total, String::new(), all);
        for (key, sums) in protocols(totals, self.flows) {
            push(Dimension::Protocol, key.to_owned(), sums);
        }
        self.flows = [0; 4];
        self.apps.take(|app, sums| push(Dimension::App, name_or(app, AppProto::name), sums));
        self.ports.take(|port, sums| push(Dimension::Port, name_or(port, port_name), sums));
        self.devices
            .take(|addr, sums| push(Dimension::Device, name_or(addr, |a| a.to_string()), sums));
        &self.rows
    }
}

fn name_or<K, T: Into<String>>(key: Option<K>, name: impl Fn(K) -> T) -> String {
    key.map_or_else(|| OTHER.to_owned(), |key| name(key).into())
}

/// Fragments and packets that are cut short have no ports: both are 0.
const fn has_ports(proto: u8, src_port: u16, dst_port: u16) -> bool {
    matches!(proto, 6 | 17 | 132) && (src_port != 0 || dst_port != 0)
}

/// `443/tcp`.
fn port_name((proto, port): (u8, u16)) -> String {
    format!("{port}/{}", crate::text::ip_protocol(proto))
}

/// The protocols that had packets or flows.
fn protocols(
    totals: &SecondTotals,
    [tcp, udp, icmp, other]: [u64; 4],
) -> impl Iterator<Item = (&'static str, Sums)> {
    let packets = [totals.tcp, totals.udp, totals.icmp, totals.arp, totals.other];
    let names = ["tcp", "udp", "icmp", "arp", OTHER];
    let flows = [tcp, udp, icmp, 0, other];
    let numbers = packets.into_iter().zip(totals.protocol_bytes).zip(flows);
    let sums =
        numbers.map(|((packets, bytes), flows)| Sums { packets, bytes, flows, bytes_sent: 0 });
    names.into_iter().zip(sums).filter(|(_, sums)| *sums != Sums::default())
}

/// Sums by key of the second that goes on.
#[derive(Debug)]
struct Keyed<K> {
    sums: HashMap<K, Sums, RandomState>,
    /// Keys told of a second.
    told: usize,
    /// What came when there was no room.
    rest: Sums,
    order: Vec<(K, Sums)>,
}

impl<K: Copy + Eq + Hash + Ord> Keyed<K> {
    fn new(told: usize, seed: u64) -> Self {
        let hasher = RandomState::with_seeds(seed, 0x726f, 0x6c6c, 0x7570);
        Self { sums: HashMap::with_hasher(hasher), told, rest: Sums::default(), order: Vec::new() }
    }

    fn add(&mut self, key: K, more: Sums) {
        if let Some(sums) = self.sums.get_mut(&key) {
            sums.add(more);
        } else if self.sums.len() < KEYS_MAX {
            self.sums.insert(key, more);
        } else {
            self.rest.add(more);
        }
    }

    /// Hands on the keys with most bytes and forgets all; `None` stands for those left out.
    fn take(&mut self, mut each: impl FnMut(Option<K>, Sums)) {
        self.order.clear();
        self.order.extend(self.sums.drain());
        self.order.sort_unstable_by(|(ka, a), (kb, b)| {
            (b.bytes, b.packets).cmp(&(a.bytes, a.packets)).then(ka.cmp(kb))
        });
        let mut rest = std::mem::take(&mut self.rest);
        for (at, (key, sums)) in self.order.iter().enumerate() {
            if at < self.told {
                each(Some(*key), *sums);
            } else {
                rest.add(*sums);
            }
        }
        if rest != Sums::default() {
            each(None, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::digest;
    use crate::flow::FiveTuple;

    fn tuple(n: u16) -> FiveTuple {
        let (src, dst) = (Addr::v4([10, 0, 0, 1]), Addr::v4([192, 0, 2, 1]));
        FiveTuple { src, dst, src_port: 40_000, dst_port: n, proto: 6 }
    }

    fn of(rows: &[Row], dimension: Dimension) -> Vec<&Row> {
        rows.iter().filter(|row| row.dimension == dimension).collect()
    }

    #[test]
    fn many_ports_are_added_up_and_nothing_is_lost() {
        let mut rollup = Rollup::new(3);
        for n in 1..=40_000_u16 {
            let bytes = [u64::from(n % 500), 7];
            rollup.traffic(
                &TrafficDigest { packets: [1, 1], bytes, ..digest(tuple(n)) },
                [true, false],
            );
        }
        let rows = rollup.end(&SecondTotals { second: 5, ..SecondTotals::default() }).to_vec();
        let ports = of(&rows, Dimension::Port);
        assert_eq!(ports.len(), PORTS_MAX + 1);
        assert!(ports[..PORTS_MAX].is_sorted_by(|a, b| a.sums.bytes >= b.sums.bytes));
        assert_eq!(ports[PORTS_MAX].key, OTHER);
        assert_eq!(ports.iter().map(|row| row.sums.packets).sum::<u64>(), 80_000);
        let devices = of(&rows, Dimension::Device);
        assert_eq!((devices.len(), devices[0].key.as_str()), (1, "10.0.0.1"));
        let Sums { bytes, bytes_sent, .. } = devices[0].sums;
        assert_eq!(bytes - bytes_sent, 7 * 40_000);
        let next = rollup.end(&SecondTotals { second: 6, ..SecondTotals::default() });
        assert_eq!(next.len(), 1, "{next:?}");
    }

    #[test]
    fn protocols_have_names_and_bytes() {
        let mut rollup = Rollup::new(3);
        let totals = SecondTotals {
            second: 5,
            packets: 4,
            bytes: 300,
            tcp: 3,
            arp: 1,
            flows: 1,
            protocol_bytes: [240, 0, 0, 60, 0],
            ..SecondTotals::default()
        };
        let rows = rollup.end(&totals);
        let named: Vec<(&str, u64)> =
            rows.iter().map(|row| (row.key.as_str(), row.sums.bytes)).collect();
        assert_eq!(named, [("", 300), ("tcp", 240), ("arp", 60)]);
        assert_eq!(rows[0].dimension, Dimension::Total);
    }
}
