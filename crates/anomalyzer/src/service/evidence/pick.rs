//! Which packets belong to an alert: by flow where it names its flows, else by hosts, within its
//! time. Of many, the first and the last ones are kept.

use super::ring::PACKET_BYTES;
use anomalyzer_engine::Alert;
use anomalyzer_engine::flow::{FiveTuple, community_id};
use anomalyzer_wire::{
    Addr, Body, IpPacket, LinkType, Packet, RawFrame, Timestamp, Transport, decode,
};
use std::collections::{HashSet, VecDeque};

/// Packets kept of an alert: so many of its first, and as many of its last.
const HALF: usize = 100;
/// Flows listed in an alert when there are more than it lists.
const FLOWS_LISTED: usize = 20;
/// Time around an alert that belongs to it.
const MARGIN_NANOS: i64 = 1_000_000_000;

/// A packet that was picked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Picked {
    pub(super) time: Timestamp,
    pub(super) link: LinkType,
    pub(super) orig_len: u32,
    pub(super) data: Vec<u8>,
}

impl Picked {
    /// A copy of at most 512 bytes; without payload only headers.
    pub(super) fn new(frame: &RawFrame<'_>, payload: bool) -> Self {
        let RawFrame { time, link, orig_len, data } = *frame;
        let headers = if payload { data.len() } else { headers(frame) };
        let data = data.get(..headers.min(PACKET_BYTES)).unwrap_or(data).to_vec();
        Self { time, link, orig_len, data }
    }

    pub(super) fn frame(&self) -> RawFrame<'_> {
        let Self { time, link, orig_len, data } = self;
        RawFrame { time: *time, link: *link, orig_len: *orig_len, data }
    }
}

/// Bytes of a frame before its payload.
fn headers(frame: &RawFrame<'_>) -> usize {
    match decode(frame).body {
        Body::Ip(ip) if !ip.payload.is_empty() => {
            let start = ip.payload.as_ptr().addr().checked_sub(frame.data.as_ptr().addr());
            start.filter(|start| *start <= frame.data.len()).unwrap_or(0)
        }
        _ => frame.data.len(),
    }
}

/// Some packets: the first and the last of those that were offered.
#[derive(Debug, Default)]
struct Ends {
    first: Vec<Picked>,
    last: VecDeque<Picked>,
}

impl Ends {
    fn push(&mut self, packet: Picked) {
        if self.first.len() < HALF {
            self.first.push(packet);
        } else {
            self.last.push_back(packet);
            if self.last.len() > HALF {
                self.last.pop_front();
            }
        }
    }

    fn take(self) -> Vec<Picked> {
        self.first.into_iter().chain(self.last).collect()
    }
}

/// An alert whose packets are wanted.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) id: String,
    src: HashSet<Addr>,
    dst: HashSet<Addr>,
    /// Both sides are listed in full, so that both must fit.
    complete: bool,
    flows: HashSet<String>,
    /// More flows belong to it than are listed.
    more_flows: bool,
    first: Timestamp,
    last: Timestamp,
    by_flow: Ends,
    by_host: Ends,
}

impl Want {
    pub(super) fn new(alert: &Alert) -> Self {
        let listed = |count: &anomalyzer_engine::Tally, addrs: &[Addr]| {
            !addrs.is_empty() && count.value <= addrs.len() as u64
        };
        let complete = listed(&alert.src_count, &alert.src) && listed(&alert.dst_count, &alert.dst);
        Self {
            id: alert.id.clone(),
            src: alert.src.iter().copied().collect(),
            dst: alert.dst.iter().copied().collect(),
            complete,
            flows: alert.flows.iter().cloned().collect(),
            more_flows: alert.flows.is_empty() || alert.flows.len() >= FLOWS_LISTED,
            first: alert.first.plus_nanos(-MARGIN_NANOS),
            last: alert.last.plus_nanos(MARGIN_NANOS),
            by_flow: Ends::default(),
            by_host: Ends::default(),
        }
    }

    fn offer(&mut self, frame: &RawFrame<'_>, who: &Who, payload: bool) {
        if frame.time < self.first || frame.time > self.last || !self.fits(who.src, who.dst) {
            return;
        }
        let named = !self.flows.is_empty()
            && who.tuple.is_some_and(|tuple| self.flows.contains(&community_id(&tuple)));
        if named {
            self.by_flow.push(Picked::new(frame, payload));
        } else if self.more_flows {
            self.by_host.push(Picked::new(frame, payload));
        }
    }

    fn fits(&self, a: Addr, b: Addr) -> bool {
        let pair = |a, b| self.src.contains(&a) && self.dst.contains(&b);
        if self.complete {
            return pair(a, b) || pair(b, a);
        }
        let all = |addr| self.src.contains(&addr) || self.dst.contains(&addr);
        all(a) || all(b)
    }

    /// What was picked, in order of time: of named flows first, then of the hosts as far as there
    /// is room.
    pub(super) fn take(self) -> Vec<Picked> {
        let mut packets = self.by_flow.take();
        let room = (2 * HALF).saturating_sub(packets.len());
        packets.extend(self.by_host.take().into_iter().take(room));
        packets.sort();
        packets
    }
}

/// Alerts whose packets are looked for in one pass.
#[derive(Debug)]
pub(super) struct Wants {
    pub(super) list: Vec<Want>,
    hosts: HashSet<Addr>,
    payload: bool,
}

impl Wants {
    pub(super) fn new<'a>(alerts: impl IntoIterator<Item = &'a Alert>, payload: bool) -> Self {
        let list: Vec<Want> = alerts.into_iter().map(Want::new).collect();
        let hosts = list.iter().flat_map(|w| w.src.iter().chain(&w.dst)).copied().collect();
        Self { list, hosts, payload }
    }

    /// The time within which packets are wanted.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.list.iter().map(|w| w.first).min()?;
        Some((first, self.list.iter().map(|w| w.last).max()?))
    }

    /// Offers a packet to all.
    pub(super) fn offer(&mut self, frame: &RawFrame<'_>) {
        let Some(who) = Who::of(&decode(frame)) else { return };
        if self.hosts.contains(&who.src) || self.hosts.contains(&who.dst) {
            self.list.iter_mut().for_each(|want| want.offer(frame, &who, self.payload));
        }
    }
}

/// Who speaks to whom in a packet.
struct Who {
    src: Addr,
    dst: Addr,
    tuple: Option<FiveTuple>,
}

impl Who {
    fn of(packet: &Packet<'_>) -> Option<Self> {
        match &packet.body {
            Body::Ip(ip) => Some(Self { src: ip.src, dst: ip.dst, tuple: tuple(ip) }),
            Body::Arp(arp) => Some(Self { src: arp.sender_ip, dst: arp.target_ip, tuple: None }),
            _ => None,
        }
    }
}

fn tuple(ip: &IpPacket<'_>) -> Option<FiveTuple> {
    let (src_port, dst_port) = match ip.transport {
        Transport::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
        Transport::Udp(udp) => (udp.src_port, udp.dst_port),
        Transport::Sctp { src_port, dst_port } => (src_port, dst_port),
        Transport::Icmp(icmp) => (u16::from(icmp.kind), u16::from(icmp.code)),
        Transport::Fragment | Transport::Other => return None,
    };
    Some(FiveTuple { src: ip.src, dst: ip.dst, src_port, dst_port, proto: ip.proto })
}
