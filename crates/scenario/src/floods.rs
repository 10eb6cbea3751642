//! The flood that must not fill memory: millions of packets from as many sources against one host,
//! amid legitimate two-way flows whose exact counts are known.
//!
//! Made by a template per kind of packet and incremental checksums, without the event queue, because
//! tens of millions of packets are asked for at once.

use std::net::IpAddr;

use anomalyzer_wire::{Addr, Timestamp};

use crate::build::checksum;
use crate::build::ip::{self, Peer};
use crate::build::tcp::{self, ACK, FIN, PSH, SYN, Segment};
use crate::build::udp;
use crate::frame::Frame;
use crate::rng::Rng;

/// The host that is flooded.
pub const VICTIM: [u8; 4] = [192, 168, 10, 11];
/// Where the legitimate servers are.
const SERVER: [u8; 4] = [192, 168, 10, 4];

/// What flood to make.
#[derive(Clone, Copy, Debug)]
pub struct FloodPlan {
    /// Seed of all randomness.
    pub seed: u64,
    /// Time of the first frame.
    pub start: Timestamp,
    /// Packets of the flood, without the legitimate ones.
    pub packets: u64,
    /// Distinct sources, at most 2^28; they are taken from 240.0.0.0/4, which no host has. Every
    /// source appears before any appears twice.
    pub sources: u32,
    /// Legitimate flows: complete TCP connections spread over the whole time.
    pub legitimate: u32,
    /// Flood packets per second of packet time.
    pub rate: u64,
}

/// Counts of one direction of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets.
    pub packets: u64,
    /// Bytes of the frames.
    pub frame_bytes: u64,
    /// Bytes from the IP header on, padding not counted.
    pub ip_bytes: u64,
    /// Bytes of TCP payload.
    pub payload_bytes: u64,
}

/// What one legitimate flow consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegitimateFlow {
    /// Client address and port.
    pub client: (Addr, u16),
    /// Server address and port.
    pub server: (Addr, u16),
    /// What the client sends.
    pub sent: Tally,
    /// What the server sends.
    pub received: Tally,
}

/// Frames of a flood in time order.
pub struct Flood {
    plan: FloodPlan,
    rng: Rng,
    syn: Vec<u8>,
    datagram: Vec<u8>,
    sent: u64,
    legitimate_sent: u64,
    legitimate_total: u64,
}

/// Exchanges of request and response per legitimate flow.
const EXCHANGES: u64 = 4;
/// Packets per legitimate flow: handshake, exchanges of data and acknowledgement, close.
const FLOW_PACKETS: u64 = 3 + EXCHANGES * 3 + 3;

impl FloodPlan {
    /// Ten million packets of ten million sources amid 1,000 flows, 200,000 packets a second.
    pub const fn ten_million(seed: u64, start: Timestamp) -> Self {
        let (packets, sources) = (10_000_000, 10_000_000);
        Self { seed, start, packets, sources, legitimate: 1_000, rate: 200_000 }
    }

    /// Starts generating.
    pub fn generate(&self) -> Flood {
        let from = Peer { mac: [0, 0x0d, 0xb9, 1, 2, 3], ip: source(0), port: 0, ttl: 50 };
        let segment = Segment { flags: SYN, window: 64_240, ..Segment::default() };
        let (tcp_to, udp_to) = (victim(443), victim(53));
        Flood {
            plan: *self,
            rng: Rng::stream(self.seed, "flood"),
            syn: tcp::segment(&from, &tcp_to, 0, &segment, &[]),
            datagram: udp::datagram(&from, &udp_to, 0, &[0; 32]),
            sent: 0,
            legitimate_sent: 0,
            legitimate_total: u64::from(self.legitimate) * FLOW_PACKETS,
        }
    }

    /// The exact content of the legitimate flows.
    pub fn ledger(&self) -> Vec<LegitimateFlow> {
        (0..u64::from(self.legitimate)).map(legitimate_flow).collect()
    }
}

impl Flood {
    /// Writes the next frame into `data` and returns its time: as `next`, without an allocation.
    pub fn next_into(&mut self, data: &mut Vec<u8>) -> Option<Timestamp> {
        let flood_left = self.sent < self.plan.packets;
        // The legitimate packets keep step with the flood.
        let behind = u128::from(self.legitimate_sent) * u128::from(self.plan.packets.max(1))
            <= u128::from(self.sent) * u128::from(self.legitimate_total);
        data.clear();
        if self.legitimate_sent < self.legitimate_total && (behind || !flood_left) {
            let (step, flow) = turn(self.legitimate_sent, u64::from(self.plan.legitimate));
            data.extend_from_slice(&legitimate(flow, step).frame(flow));
            self.legitimate_sent += 1;
        } else if flood_left {
            self.flood_frame(data);
            self.sent += 1;
        } else {
            return None;
        }
        let total = self.sent + self.legitimate_sent;
        let nanos = i128::from(total) * 1_000_000_000 / i128::from(self.plan.rate.max(1));
        Some(self.plan.start.plus_nanos(nanos as i64))
    }

    /// One packet of the flood: three SYNs to one datagram.
    fn flood_frame(&mut self, data: &mut Vec<u8>) {
        let index = (self.sent % u64::from(self.plan.sources.max(1))) as u32;
        let random = self.rng.next_u64();
        let address = source_bits(index).to_be_bytes();
        let port = ((random >> 48) as u16 | 1_024).to_be_bytes();
        let is_udp = random.is_multiple_of(4);
        data.extend_from_slice(if is_udp { &self.datagram } else { &self.syn });
        patch(data, 26, &address, &[24, if is_udp { 40 } else { 50 }]);
        patch(data, 34, &port, &[if is_udp { 40 } else { 50 }]);
        if !is_udp {
            patch(data, 38, &(random as u32).to_be_bytes(), &[50]);
        }
    }
}

impl Iterator for Flood {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let mut data = Vec::with_capacity(ip::FRAME_MIN + 16);
        let sent = self.sent;
        let time = self.next_into(&mut data)?;
        Some(Frame { time, data, label: u16::from(self.sent > sent) })
    }
}

/// Step and flow of the legitimate packet number `sent`: each flow's handshake in one go, since
/// an answer takes milliseconds, then round robin, so that all stay open during the whole flood.
const fn turn(sent: u64, flows: u64) -> (u64, u64) {
    const HANDSHAKE: u64 = 3;
    if sent < HANDSHAKE * flows {
        (sent % HANDSHAKE, sent / HANDSHAKE)
    } else {
        (sent / flows, sent % flows)
    }
}

/// Overwrites `new` at `at` and corrects the checksums that stand at `sums` (RFC 1624).
fn patch(frame: &mut [u8], at: usize, new: &[u8], sums: &[usize]) {
    let old = checksum::sum(&frame[at..at + new.len()]);
    frame[at..at + new.len()].copy_from_slice(new);
    for sum in sums {
        let field = u16::from_be_bytes([frame[*sum], frame[sum + 1]]);
        let total = u32::from(!field) + (0xffff ^ old) + checksum::sum(new);
        let value = match checksum::finish(checksum::sum(&total.to_be_bytes())) {
            0 if *sum == 40 => 0xffff,
            value => value,
        };
        frame[*sum..sum + 2].copy_from_slice(&value.to_be_bytes());
    }
}

/// Source number `index`: a bijection on the 28 bits below 240.0.0.0/4.
const fn source_bits(index: u32) -> u32 {
    0xf000_0000 | (index.wrapping_mul(0x9e3_79b1) & 0x0fff_ffff)
}

fn source(index: u32) -> IpAddr {
    IpAddr::from(source_bits(index).to_be_bytes())
}

fn victim(port: u16) -> Peer {
    Peer { mac: [0x52, 0x54, 0, 9, 9, 9], ip: IpAddr::from(VICTIM), port, ttl: 64 }
}

/// What flow `flow` consists of.
fn legitimate_flow(flow: u64) -> LegitimateFlow {
    let (client, server) = ends(flow);
    let mut tallies = [Tally::default(); 2];
    for step in 0..FLOW_PACKETS {
        let packet = legitimate(flow, step);
        let tally = &mut tallies[usize::from(packet.by_server)];
        let ip_bytes = 40 + packet.payload as u64;
        tally.packets += 1;
        tally.ip_bytes += ip_bytes;
        tally.frame_bytes += (ip_bytes + 14).max(ip::FRAME_MIN as u64);
        tally.payload_bytes += packet.payload as u64;
    }
    LegitimateFlow {
        client: (Addr::from(client.ip), client.port),
        server: (Addr::from(server.ip), server.port),
        sent: tallies[0],
        received: tallies[1],
    }
}

/// One packet of a legitimate flow.
struct Legitimate {
    by_server: bool,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: usize,
}

/// Packet `step` of flow `flow`: the sizes depend on the flow's number alone.
fn legitimate(flow: u64, step: u64) -> Legitimate {
    let (request, response) = (80 + flow as u32 % 300, 200 + flow as u32 * 7 % 1_200);
    let (client, server) = (1_000_u32, 5_000_u32);
    let packet = |by_server, flags, seq, ack, payload: u32| Legitimate {
        by_server,
        flags,
        seq,
        ack,
        payload: payload as usize,
    };
    let all = EXCHANGES as u32;
    let (client_end, server_end) = (client + 1 + all * request, server + 1 + all * response);
    match step {
        0 => packet(false, SYN, client, 0, 0),
        1 => packet(true, SYN | ACK, server, client + 1, 0),
        2 => packet(false, ACK, client + 1, server + 1, 0),
        step if step < 3 + EXCHANGES * 3 => {
            let round = (step as u32 - 3) / 3;
            let (c, s) = (client + 1 + round * request, server + 1 + round * response);
            match (step - 3) % 3 {
                0 => packet(false, PSH | ACK, c, s, request),
                1 => packet(true, PSH | ACK, s, c + request, response),
                _ => packet(false, ACK, c + request, s + response, 0),
            }
        }
        step if step == FLOW_PACKETS - 3 => packet(false, FIN | ACK, client_end, server_end, 0),
        step if step == FLOW_PACKETS - 2 => packet(true, FIN | ACK, server_end, client_end + 1, 0),
        _ => packet(false, ACK, client_end + 1, server_end + 1, 0),
    }
}

impl Legitimate {
    fn frame(&self, flow: u64) -> Vec<u8> {
        let (client, server) = ends(flow);
        let (from, to) = if self.by_server { (server, client) } else { (client, server) };
        let (seq, ack, flags) = (self.seq, self.ack, self.flags);
        let segment = Segment { seq, ack, flags, window: 64_000, options: &[] };
        tcp::segment(&from, &to, flow as u16, &segment, &vec![b'.'; self.payload])
    }
}

/// Client and server of a legitimate flow; 240 clients with their own ports for each flow.
fn ends(flow: u64) -> (Peer, Peer) {
    let last = 10 + (flow % 240) as u8;
    let client = Peer {
        mac: [0x3c, 0x52, 0x82, 0, 0, last],
        ip: IpAddr::from([192, 168, 20, last]),
        port: 20_000 + (flow / 240) as u16,
        ttl: 64,
    };
    let mac = [0x52, 0x54, 0, 4, 4, 4];
    (client, Peer { mac, ip: IpAddr::from(SERVER), port: 9_000, ttl: 64 })
}
