//! What is kept of a flow when it has ended.

use super::features::{FlowFeatures, Vector};
use crate::score::FlowScore;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp, Tunnel};

/// Identity of a flow within one run: the sequence number of its first frame (with a sub-index
/// where one frame begins two flows). The same for any number of workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// Originator, responder and protocol of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiveTuple {
    /// Originator's address.
    pub src: Addr,
    /// Responder's address.
    pub dst: Addr,
    /// Originator's port; of ICMP the type of the originator's message; else 0.
    pub src_port: u16,
    /// Responder's port; of ICMP the code (or the counterpart type); else 0.
    pub dst_port: u16,
    /// IP protocol number.
    pub proto: u8,
}

/// Zeek's connection states (`conn_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConnState {
    /// Connection attempt seen, no reply.
    S0,
    /// Connection established, not terminated.
    S1,
    /// Normal establishment and termination.
    Sf,
    /// Connection attempt rejected.
    Rej,
    /// Established, close attempt by originator seen, no reply from responder.
    S2,
    /// Established, close attempt by responder seen, no reply from originator.
    S3,
    /// Established, originator aborted (RST).
    Rsto,
    /// Responder sent RST.
    Rstr,
    /// Originator sent SYN followed by RST, no SYN-ACK seen.
    Rstos0,
    /// Responder sent SYN-ACK followed by RST, no SYN seen.
    Rstrh,
    /// Originator sent SYN followed by FIN, no SYN-ACK seen.
    Sh,
    /// Responder sent SYN-ACK followed by FIN, no SYN seen.
    Shr,
    /// No SYN seen, midstream traffic.
    Oth,
}

impl ConnState {
    /// The name as Zeek writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::Sf => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}

/// Why a flow's record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlowEnd {
    /// Both sides closed, or a reset.
    Closed,
    /// No packet for the idle time-out.
    Idle,
    /// It lasted longer than the active time-out; the next record continues it.
    Active,
    /// The flow table was full.
    Evicted,
    /// The input ended.
    InputEnd,
}

impl FlowEnd {
    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Evicted => "evicted",
            Self::InputEnd => "input-end",
        }
    }
}

/// Counters of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideRecord {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire (whole frames).
    pub bytes: u64,
    /// Bytes of IP packets.
    pub ip_bytes: u64,
    /// Payload bytes as the headers say.
    pub payload: u64,
    /// Retransmitted TCP segments.
    pub retransmissions: u32,
    /// TCP segments that came out of order.
    pub out_of_order: u32,
    /// Bytes missing in the TCP stream (gaps that were never filled).
    pub missed: u64,
    /// TTL or hop limit of the first packet of this direction; 0 when there was none.
    pub ttl: u8,
    /// Union of the TCP flags seen.
    pub flags: u8,
}

/// A finished flow (or a part of one that reached the active time-out).
#[derive(Clone, Debug)]
pub struct FlowRecord {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Packet time of the first packet.
    pub first: Timestamp,
    /// Packet time of the last packet.
    pub last: Timestamp,
    /// Why it ended.
    pub end: FlowEnd,
    /// It goes on from an earlier record, which ended by the active time-out: `first` is not when
    /// the flow began.
    pub continued: bool,
    /// Counters of the originator.
    pub orig: SideRecord,
    /// Counters of the responder.
    pub resp: SideRecord,
    /// Zeek's connection state. For UDP and others: S0 one-way, SF two-way, SHR only answers.
    pub conn_state: ConnState,
    /// Zeek's history letters; at most 22.
    pub history: String,
    /// Round-trip time in nanoseconds: TCP handshake (SYN to SYN-ACK plus SYN-ACK to ACK as seen
    /// from the capture point), other protocols first packet to first answer.
    pub rtt_ns: Option<u64>,
    /// Application protocol, recognised by content.
    pub app: AppProto,
    /// Outer VLAN id, 0 without.
    pub vlan: u16,
    /// The outermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// Hardware address of the originator's side, where the link type has one.
    pub src_mac: Option<Mac>,
    /// Hardware address of the responder's side, where the link type has one.
    pub dst_mac: Option<Mac>,
    /// Names and fingerprints learned from the application protocol.
    pub names: Option<Box<FlowNames>>,
    /// Flow features, named by [`crate::flow::features::NAMES`].
    pub features: FlowFeatures,
    /// What the attack model said; `None` without a model, and for flows that are not scored.
    pub score: Option<FlowScore>,
}

/// Names and fingerprints of a flow.
#[derive(Clone, Debug, Default)]
pub struct FlowNames {
    /// TLS or QUIC server name indication.
    pub sni: Option<HostileStr>,
    /// First ALPN protocol offered.
    pub alpn: Option<HostileStr>,
    /// JA3 (MD5 in hex).
    pub ja3: Option<String>,
    /// JA4.
    pub ja4: Option<String>,
    /// JA3S (MD5 in hex).
    pub ja3s: Option<String>,
    /// Negotiated TLS version (0x0303 is TLS 1.2), 0 when unknown.
    pub tls_version: u16,
    /// Subject common name of the server's certificate.
    pub certificate: Option<HostileStr>,
    /// HTTP Host of the first request.
    pub http_host: Option<HostileStr>,
    /// HTTP method and target of the first request.
    pub http_target: Option<HostileStr>,
    /// HTTP User-Agent of the first request.
    pub user_agent: Option<HostileStr>,
    /// Status of the first HTTP response, 0 when unknown.
    pub http_status: u16,
    /// Name of the first DNS question.
    pub dns_query: Option<HostileStr>,
    /// Software in the SSH banners: originator's and responder's.
    pub ssh: [Option<HostileStr>; 2],
    /// The name by which the responder was resolved in DNS before, joined by the correlator.
    pub resolved: Option<HostileStr>,
}

impl FlowRecord {
    /// Duration from first to last packet in seconds, never negative.
    pub fn duration_s(&self) -> f64 {
        self.last.since(self.first).max(0) as f64 / 1e9
    }

    /// A number over the 5-tuple, counters, state and feature vector: equal for equal records,
    /// whatever the run. Not a hash to trust against an adversary.
    pub(crate) fn digest(&self, features: &Vector) -> u64 {
        let mut sum = Sum(0x243f_6a88_85a3_08d3);
        let t = &self.tuple;
        for addr in [t.src, t.dst] {
            for half in addr.to_bits().to_be_bytes().chunks_exact(8) {
                sum.add(half.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
            }
        }
        sum.add(u64::from(t.src_port) << 32 | u64::from(t.dst_port) << 8 | u64::from(t.proto));
        for side in [&self.orig, &self.resp] {
            sum.add(side.packets);
            sum.add(side.bytes);
            sum.add(side.payload);
            sum.add(u64::from(side.retransmissions) << 8 | u64::from(side.flags));
        }
        sum.add(self.first.nanos().cast_unsigned());
        sum.add(self.last.nanos().cast_unsigned());
        sum.add(self.conn_state as u64);
        for value in features {
            sum.add(value.to_bits());
        }
        sum.0
    }

    /// Community ID v1 (seed 0) of the flow.
    pub fn community_id(&self) -> String {
        super::community_id::community_id(&self.tuple)
    }
}

/// A running mix of numbers (the multiplier is that of SplitMix64).
struct Sum(u64);

impl Sum {
    #[inline]
    fn add(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
}
