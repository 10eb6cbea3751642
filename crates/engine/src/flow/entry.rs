//! A running flow.

mod ending;

use super::features::{FlowFeatures, Sample};
use super::first::{classify, icmp_ports, sent_by_originator};
use super::key::{FlowKey, Side};
use super::tcp::{EndState, Endpoint, History, Letter, Placement};
use super::{FiveTuple, FlowId, FlowNames, SideRecord};
use crate::observation::{FirstPacket, Outcome};
use crate::stream::Streams;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{
    IpPacket, LinkInfo, Mac, Packet, Tcp, TcpFlags, Timestamp, Transport, Tunnel,
};

const PROTO_TCP: u8 = 6;
/// Packets of a flow by which its application protocol must be recognised.
const RECOGNISE_PACKETS: u64 = 4;
/// Time stamps that ran back by up to this are believed; older ones are clamped (1 s).
const LATE_NANOS: i64 = 1_000_000_000;

/// A running flow. Counters are kept by key side; the originator is one of the sides and may be
/// corrected when a SYN shows up late.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) key: FlowKey,
    pub(crate) id: FlowId,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) first_packet: FirstPacket,
    pub(crate) orig: Side,
    orig_certain: bool,
    /// An earlier record of this flow was written: [`SideRecord`]s tell only what came since.
    continued: bool,
    /// What each side ever sent: bits of [`spoke`].
    spoke: [u8; 2],
    pub(crate) news: u8,
    pub(crate) dirty: bool,
    pub(crate) app: AppProto,
    icmp: Option<(u16, u16)>,
    vlan: u16,
    sides: [SideRecord; 2],
    ends: [Endpoint; 2],
    history: History,
    syn_at: Option<Timestamp>,
    rtt_ns: Option<u64>,
    digest: Pending,
    features: FlowFeatures,
    macs: [Option<Mac>; 2],
    tunnel: Option<Box<Tunnel>>,
    pub(crate) names: Option<Box<FlowNames>>,
    pub(crate) streams: Option<Box<Streams>>,
    /// Bytes of datagrams that were searched, by side.
    searched: [u64; 2],
    /// Nobody reads the stream of this side any more.
    closed: [bool; 2],
}

/// Traffic since the last digest, by key side.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    packets: [u32; 2],
    bytes: [u64; 2],
    rsts: [u32; 2],
    syns: u32,
    syn_acks: u32,
    fragments: u32,
}

/// Bits of [`Flow::news`]: outcomes that were reported.
pub(crate) mod news {
    pub(crate) const ANSWERED: u8 = 1;
    pub(crate) const ESTABLISHED: u8 = 2;
    pub(crate) const REFUSED: u8 = 4;
    pub(crate) const TALKING: u8 = 8;
    pub(crate) const UNREACHABLE: u8 = 16;
}

/// Bits of [`Flow::spoke`].
mod spoke {
    pub(super) const PACKET: u8 = 1;
    pub(super) const PAYLOAD: u8 = 2;
}

/// What one packet did to its flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    /// Where its TCP payload belongs.
    pub(crate) placement: Placement,
    /// Outcomes that became known with it, in order.
    pub(crate) outcomes: [Option<Outcome>; 2],
}

impl Flow {
    /// A flow that begins with this packet; the packet still has to be [`Flow::add`]ed.
    pub(crate) fn begin(
        key: FlowKey,
        side: Side,
        id: FlowId,
        time: Timestamp,
        link: &LinkInfo,
        ip: &IpPacket<'_>,
    ) -> Self {
        let first_packet = classify(ip);
        let (by_originator, certain) = sent_by_originator(first_packet, ip);
        let orig = if by_originator { side } else { 1 - side };
        Self {
            key,
            id,
            first: time,
            last: time,
            first_packet,
            orig,
            orig_certain: certain,
            continued: false,
            spoke: [0; 2],
            news: 0,
            dirty: false,
            app: AppProto::Unknown,
            icmp: icmp_ports(ip),
            vlan: link.vlan[0],
            sides: [SideRecord::default(); 2],
            ends: [Endpoint::default(); 2],
            history: History::default(),
            syn_at: None,
            rtt_ns: None,
            digest: Pending::default(),
            features: FlowFeatures::default(),
            macs: [None; 2],
            tunnel: ip.tunnel.map(Box::new),
            names: None,
            streams: None,
            searched: [0; 2],
            closed: [false; 2],
        }
    }

    /// True for the first datagrams of a flow: later ones do not change what it is taken for.
    pub(crate) fn may_recognise(&self) -> bool {
        !self.continued && self.sides[0].packets + self.sides[1].packets <= RECOGNISE_PACKETS
    }

    /// True when it had a packet before the last one.
    pub(crate) fn had_packets(&self) -> bool {
        self.continued || self.sides[0].packets + self.sides[1].packets > 1
    }

    /// Bytes of datagrams of a side that were searched for keywords so far.
    pub(crate) fn searched(&mut self, side: Side) -> &mut u64 {
        let [a, b] = &mut self.searched;
        if side == 0 { a } else { b }
    }

    /// True when nobody reads the stream of this side any more.
    pub(crate) fn streams_closed(&self, side: Side) -> bool {
        self.closed.get(side).copied().unwrap_or(true)
    }

    /// Nobody reads the stream of this side any more.
    pub(crate) fn close_stream(&mut self, side: Side) {
        if let Some(closed) = self.closed.get_mut(side) {
            *closed = true;
        }
    }

    /// The next sequence number expected of a side.
    pub(crate) fn expected(&self, side: Side) -> Option<u32> {
        self.ends.get(side)?.next_seq
    }

    /// A stream that nobody reads does not wait for gaps to be filled.
    pub(crate) fn skip_ahead(&mut self, side: Side, tcp: &Tcp, len: u32, placement: Placement) {
        if let Placement::Ahead { gap } = placement {
            let fin = u32::from(tcp.flags.has(TcpFlags::FIN));
            self.expect(side, tcp.seq.wrapping_add(len).wrapping_add(fin));
            self.missed(side, u64::from(gap));
        }
    }

    /// Originator, responder and ports as known now.
    #[inline]
    pub(crate) fn tuple(&self) -> FiveTuple {
        self.key.tuple(self.orig, self.icmp)
    }

    /// True when both sides have sent packets.
    #[inline]
    pub(crate) fn two_way(&self) -> bool {
        self.spoke[0] != 0 && self.spoke[1] != 0
    }

    /// True when both sides have sent payload.
    fn both_said_something(&self) -> bool {
        self.spoke[0] & self.spoke[1] & spoke::PAYLOAD != 0
    }

    /// The time of a packet as the flow takes it: a little late is believed, more is stream time.
    pub(crate) fn believed(now: Timestamp, packet: Timestamp) -> Timestamp {
        if now.since(packet) <= LATE_NANOS { packet } else { now }
    }

    /// Content tells which side is the client. Believed unless a SYN told it before.
    pub(crate) fn client_is(&mut self, side: Side) {
        if !self.orig_certain {
            self.orig_certain = true;
            self.turn_round(side);
        }
    }

    fn turn_round(&mut self, orig: Side) {
        if orig != self.orig {
            self.orig = orig;
            self.history.note(orig, Letter::Flipped);
        }
    }

    /// Takes a packet of this flow that `side` sent; `now` is stream time.
    #[inline]
    pub(crate) fn add(
        &mut self,
        side: Side,
        now: Timestamp,
        packet: &Packet<'_>,
        ip: &IpPacket<'_>,
    ) -> Update {
        let time = Self::believed(now, packet.time);
        if time < self.first && tcp_of(ip).is_none() && !self.orig_certain {
            // Written late: who sent the earlier packet is the originator after all.
            self.orig = side;
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        let (tcp, header) = match &ip.transport {
            Transport::Tcp(tcp) => (Some(tcp), u16::from(tcp.header_len)),
            Transport::Udp(_) | Transport::Icmp(_) => (None, 8),
            Transport::Sctp { .. } => (None, 12),
            Transport::Fragment | Transport::Other => (None, 0),
        };
        self.count(side, packet, ip);
        let micros = u64::try_from(time.micros()).unwrap_or(0);
        self.features.add(Sample {
            side: u8::from(side == 1),
            micros,
            payload: ip.payload_len,
            header,
            tcp: tcp.map(|tcp| (tcp.flags, tcp.window)),
        });
        match tcp {
            Some(tcp) => self.add_tcp(side, time, tcp, ip.payload_len),
            None => self.add_plain(side, time),
        }
    }

    #[inline]
    fn count(&mut self, side: Side, packet: &Packet<'_>, ip: &IpPacket<'_>) {
        let Some(own) = self.sides.get_mut(side) else { return };
        if own.packets == 0 {
            own.ttl = ip.ttl;
            if let Some(mac) = self.macs.get_mut(side) {
                *mac = packet.link.src;
            }
        }
        self.spoke[side & 1] |= spoke::PACKET | if ip.payload_len > 0 { spoke::PAYLOAD } else { 0 };
        own.packets += 1;
        own.bytes += u64::from(packet.wire_len);
        own.ip_bytes += u64::from(ip.total_len);
        own.payload += u64::from(ip.payload_len);
        self.digest.packets[side & 1] += 1;
        self.digest.bytes[side & 1] += u64::from(packet.wire_len);
        self.digest.fragments += u32::from(ip.fragment.is_some());
    }

    fn add_plain(&mut self, side: Side, time: Timestamp) -> Update {
        let answered = side != self.orig && self.two_way();
        let mut outcomes = [None; 2];
        if answered {
            outcomes[0] = self.learn(news::ANSWERED, Outcome::Answered);
            if outcomes[0].is_some() {
                self.rtt_ns = u64::try_from(time.since(self.first)).ok();
            }
        }
        if self.both_said_something() {
            outcomes[1] = self.learn(news::TALKING, Outcome::Talking);
        }
        Update { placement: Placement::Nothing, outcomes }
    }

    fn add_tcp(&mut self, side: Side, time: Timestamp, tcp: &Tcp, payload: u32) -> Update {
        self.settle_originator(side, tcp.flags);
        self.note_flags(side, tcp, payload);
        let [a, b] = &mut self.ends;
        let (own, peer) = if side == 0 { (a, b) } else { (b, a) };
        own.advance(peer, tcp.flags);
        let overtaken = own.note_end(tcp, payload);
        let placement = own.place(tcp, payload);
        self.note_placement(side, placement, payload, overtaken);
        let outcomes = self.handshake(side, time, tcp.flags, payload);
        Update { placement, outcomes }
    }

    /// A pure SYN says who the originator is, also when other packets came first.
    fn settle_originator(&mut self, side: Side, flags: TcpFlags) {
        if !self.orig_certain && flags.has(TcpFlags::SYN) {
            let orig = if flags.has(TcpFlags::ACK) { 1 - side } else { side };
            self.orig_certain = true;
            self.turn_round(orig);
        }
    }

    fn note_flags(&mut self, side: Side, tcp: &Tcp, payload: u32) {
        let flags = tcp.flags;
        if let Some(own) = self.sides.get_mut(side) {
            own.flags |= flags.0;
        }
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        if syn && flags.any(TcpFlags::FIN | TcpFlags::RST) {
            self.history.note(side, Letter::Multi);
        }
        if flags.has(TcpFlags::FIN | TcpFlags::RST) {
            self.history.note(side, Letter::Inconsistent);
        }
        match (syn, ack) {
            (true, false) => {
                self.history.note(side, Letter::Syn);
                self.digest.syns += 1;
            }
            (true, true) => {
                self.history.note(side, Letter::SynAck);
                self.digest.syn_acks += 1;
            }
            (false, true) if payload == 0 && !flags.any(TcpFlags::FIN | TcpFlags::RST) => {
                self.history.note(side, Letter::Ack);
            }
            _ => {}
        }
        if payload > 0 {
            self.history.note(side, Letter::Data);
        }
        if flags.has(TcpFlags::FIN) {
            self.history.note(side, Letter::Fin);
        }
        if flags.has(TcpFlags::RST) {
            self.history.note(side, Letter::Reset);
            self.digest.rsts[side & 1] += 1;
        } else if tcp.window == 0 && ack {
            self.history.note(side, Letter::ZeroWindow);
        }
    }

    /// `overtaken`: later bytes of the stream came before this segment.
    fn note_placement(&mut self, side: Side, placement: Placement, payload: u32, overtaken: bool) {
        let Some(own) = self.sides.get_mut(side) else { return };
        match placement {
            // A segment that fills a gap which was given up is late, not sent twice.
            Placement::Old if own.missed >= u64::from(payload) => {
                own.missed -= u64::from(payload);
                own.out_of_order += 1;
            }
            Placement::Old => self.sent_again(side),
            Placement::Next { skip } if skip > 0 => self.sent_again(side),
            Placement::Next { .. } | Placement::Ahead { .. } => {
                own.out_of_order += u32::from(overtaken);
            }
            Placement::Nothing => {}
        }
    }

    fn sent_again(&mut self, side: Side) {
        let Some(own) = self.sides.get_mut(side) else { return };
        own.retransmissions += 1;
        let count = own.retransmissions;
        self.history.note_count(side, Letter::Retransmission, count);
    }

    /// A segment behind a gap, counted as out of order, turned out to be there already.
    pub(crate) fn was_a_copy(&mut self, side: Side) {
        if let Some(own) = self.sides.get_mut(side) {
            own.out_of_order = own.out_of_order.saturating_sub(1);
        }
        self.sent_again(side);
    }

    fn handshake(
        &mut self,
        side: Side,
        time: Timestamp,
        flags: TcpFlags,
        payload: u32,
    ) -> [Option<Outcome>; 2] {
        let mut outcomes = [None; 2];
        let by_orig = side == self.orig;
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        if by_orig && syn && !ack {
            // The round trip is that of the attempt that was answered.
            if self.news & news::ANSWERED == 0 {
                self.syn_at = Some(time);
            }
        } else if !by_orig && syn && ack && self.syn_at.is_some() {
            outcomes[0] = self.learn(news::ANSWERED, Outcome::Answered);
        } else if !by_orig && flags.has(TcpFlags::RST) && self.spoke[side & 1] & spoke::PAYLOAD == 0
        {
            outcomes[0] = self.learn(news::REFUSED, Outcome::Refused);
        } else if by_orig
            && ack
            && !flags.has(TcpFlags::RST)
            && self.news & (news::ANSWERED | news::ESTABLISHED) == news::ANSWERED
        {
            self.rtt_ns = self.syn_at.and_then(|syn| u64::try_from(time.since(syn)).ok());
            outcomes[0] = self.learn(news::ESTABLISHED, Outcome::Established);
        }
        if payload > 0 && self.both_said_something() {
            outcomes[1] = self.learn(news::TALKING, Outcome::Talking);
        }
        outcomes
    }

    fn learn(&mut self, bit: u8, outcome: Outcome) -> Option<Outcome> {
        if self.news & bit != 0 {
            return None;
        }
        self.news |= bit;
        Some(outcome)
    }

    /// An ICMP error came back for this flow; the outcome when it is news.
    pub(crate) fn unreachable(&mut self, kind: u8, code: u8) -> Option<Outcome> {
        self.learn(news::UNREACHABLE, Outcome::Unreachable { kind, code })
    }

    /// True when a pure SYN with this sequence number cannot belong to this connection: it was
    /// closed or reset, and the number is new.
    pub(crate) fn is_over_for(&self, side: Side, tcp: &Tcp) -> bool {
        let closed = |s: EndState| matches!(s, EndState::Closed | EndState::Reset);
        let over = closed(self.ends[0].state) && closed(self.ends[1].state)
            || self.ends.iter().any(|e| e.state == EndState::Reset);
        over && tcp.flags.has(TcpFlags::SYN)
            && !tcp.flags.has(TcpFlags::ACK)
            && self.ends.get(side).and_then(|e| e.isn) != Some(tcp.seq)
    }

    /// True for TCP that was closed by both sides or reset.
    pub(crate) fn is_closed(&self) -> bool {
        self.phase() == Phase::Over
    }

    /// How the TCP connection stands, for its time-out.
    pub(crate) fn phase(&self) -> Phase {
        if self.key.tuple(0, None).proto != PROTO_TCP {
            return if self.two_way() { Phase::TwoWay } else { Phase::OneWay };
        }
        let ends = [self.ends[0].state, self.ends[1].state];
        if ends.contains(&EndState::Reset) || ends == [EndState::Closed; 2] {
            Phase::Over
        } else if self.two_way() && ends != [EndState::SynSent; 2] {
            Phase::Open
        } else {
            Phase::Opening
        }
    }

    /// Bytes that were lost in the stream of `side`.
    pub(crate) fn missed(&mut self, side: Side, bytes: u64) {
        if let Some(own) = self.sides.get_mut(side) {
            own.missed += bytes;
        }
        self.history.note(side, Letter::Gap);
    }

    /// The next sequence number expected of `side` is moved (a gap was given up or filled).
    pub(crate) fn expect(&mut self, side: Side, next: u32) {
        if let Some(end) = self.ends.get_mut(side) {
            end.next_seq = Some(next);
        }
    }
}

/// Classes of time-outs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// TCP that is not established.
    Opening,
    /// TCP with packets of both sides.
    Open,
    /// TCP that was closed by both sides or reset.
    Over,
    /// UDP and others with packets of both sides.
    TwoWay,
    /// UDP and others with packets of one side.
    OneWay,
}

const fn tcp_of<'a>(ip: &'a IpPacket<'_>) -> Option<&'a Tcp> {
    match &ip.transport {
        Transport::Tcp(tcp) => Some(tcp),
        _ => None,
    }
}
