//! What is done with payload: TCP streams in order, datagrams, keywords, application facts.

use super::Worker;
use crate::app_facts::{self, FactSink};
use crate::flow::{Flow, Placement, Side, Slot};
use crate::keyword::{RawHit, ScanContext, ScanState};
use crate::observation::{AppSeen, Observation};
use crate::stream::{Piece, StreamSide, Streams};
use anomalyzer_wire::{IpPacket, Packet, Tcp, TcpFlags, Timestamp, Transport};

impl Worker {
    /// Takes the payload of a packet that was added to its flow.
    #[allow(clippy::too_many_arguments)] // a packet, its flow and its place in the stream
    #[inline]
    pub(super) fn payload(
        &mut self,
        seq: u64,
        now: Timestamp,
        slot: Slot,
        side: Side,
        packet: &Packet<'_>,
        ip: &IpPacket<'_>,
        placement: Placement,
    ) {
        match &ip.transport {
            Transport::Tcp(tcp) => {
                if !Self::is_nothing(placement) {
                    self.segment(seq, now, slot, side, tcp, ip, placement);
                }
            }
            Transport::Udp(_) | Transport::Sctp { .. } | Transport::Icmp(_)
                if !ip.payload.is_empty() =>
            {
                self.datagram(seq, now, slot, side, packet, ip);
            }
            _ => {}
        }
    }

    fn datagram(
        &mut self,
        seq: u64,
        now: Timestamp,
        slot: Slot,
        side: Side,
        packet: &Packet<'_>,
        ip: &IpPacket<'_>,
    ) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        if let Transport::Udp(udp) = ip.transport {
            let mut sink = FactSink::default();
            app_facts::datagram(flow, side, &udp, ip.payload, &mut sink);
            let (id, tuple, by_originator) = (flow.id, flow.tuple(), flow.orig == side);
            let src_mac = packet.link.src;
            for fact in sink.facts {
                let seen = AppSeen { id, tuple, by_originator, src_mac, fact };
                self.push(seq, now, Observation::App(Box::new(seen)));
            }
        }
        self.search_datagram(seq, now, slot, side, ip.payload);
    }

    fn search_datagram(
        &mut self,
        seq: u64,
        now: Timestamp,
        slot: Slot,
        side: Side,
        payload: &[u8],
    ) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let counters = &mut self.totals.counters;
        if flow.app.is_encrypted_payload() {
            counters.encrypted_bytes += payload.len() as u64;
            return;
        }
        let searched = flow.searched(side);
        if *searched >= self.config.stream.depth {
            counters.beyond_depth_bytes += payload.len() as u64;
            return;
        }
        *searched += payload.len() as u64;
        counters.searched_bytes += payload.len() as u64;
        let context = ScanContext {
            app: flow.app,
            tuple: flow.tuple(),
            to_server: side == flow.orig,
            offset: 0,
        };
        let mut hits = Vec::new();
        self.matcher.scan_datagram(payload, &context, &mut hits);
        self.report_hits(seq, now, slot, side, hits);
    }

    #[allow(clippy::too_many_arguments)]
    fn segment(
        &mut self,
        seq: u64,
        now: Timestamp,
        slot: Slot,
        side: Side,
        tcp: &Tcp,
        ip: &IpPacket<'_>,
        placement: Placement,
    ) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        if flow.streams_closed(side) {
            flow.skip_ahead(side, tcp, ip.payload_len, placement);
            let counters = &mut self.totals.counters;
            if flow.app.is_encrypted_payload() {
                counters.encrypted_bytes += ip.payload.len() as u64;
            } else {
                counters.beyond_depth_bytes += ip.payload.len() as u64;
            }
            return;
        }
        let mut streams = flow.streams.take().unwrap_or_default();
        let cut =
            ip.payload_len.saturating_sub(u32::try_from(ip.payload.len()).unwrap_or(u32::MAX));
        let start = tcp.seq.wrapping_add(u32::from(tcp.flags.has(TcpFlags::SYN)));
        let run = Run { seq, now, slot, side };
        match placement {
            Placement::Next { skip } => {
                let data = ip.payload.get(skip as usize..).unwrap_or_default();
                self.deliver(run, &mut streams, data, cut);
                self.release(run, &mut streams);
            }
            Placement::Ahead { .. } => self.hold(run, &mut streams, start, ip.payload, cut),
            Placement::Nothing | Placement::Old => {}
        }
        self.put_back(slot, streams);
    }

    /// Keeps a segment behind a gap; when there is no room, gives the gap up.
    fn hold(&mut self, run: Run, streams: &mut Streams, start: u32, data: &[u8], cut: u32) {
        let Some(own) = streams.sides.get_mut(run.side) else { return };
        let before = own.waiting_bytes();
        let room = self.waiting_bytes + data.len() <= self.waiting_max;
        if room && own.hold(start, data, cut) {
            self.waiting_bytes += own.waiting_bytes() - before;
            return;
        }
        self.totals.counters.gaps_given_up += 1;
        self.give_up_gap(run, streams);
        self.skip_to(run, streams, start);
        self.deliver(run, streams, data, cut);
        let end = start.wrapping_add(u32::try_from(data.len()).unwrap_or(0)).wrapping_add(cut);
        if let Some(flow) = self.table.get_mut(run.slot) {
            flow.expect(run.side, end);
        }
    }

    /// Hands on what waits and is in order now.
    fn release(&mut self, run: Run, streams: &mut Streams) {
        loop {
            let Some(own) = streams.sides.get_mut(run.side) else { return };
            if !own.is_waiting() {
                return;
            }
            let Some(mut next) = self.table.get_mut(run.slot).and_then(|f| f.expected(run.side))
            else {
                return;
            };
            let before = own.waiting_bytes();
            let piece = own.ready(&mut next);
            self.waiting_bytes = self.waiting_bytes.saturating_sub(before - own.waiting_bytes());
            let Piece::Data(data, cut) = piece else { return };
            if let Some(flow) = self.table.get_mut(run.slot) {
                flow.expect(run.side, next);
            }
            self.deliver(run, streams, &data, cut);
        }
    }

    /// Gives up the first gap of a direction, then hands on what follows it, until nothing waits.
    fn give_up_gap(&mut self, run: Run, streams: &mut Streams) {
        while let Some(end) = streams.sides.get(run.side).and_then(StreamSide::gap_end) {
            self.skip_to(run, streams, end);
            self.release(run, streams);
        }
    }

    fn skip_to(&mut self, run: Run, streams: &mut Streams, to: u32) {
        let Some(flow) = self.table.get_mut(run.slot) else { return };
        let Some(next) = flow.expected(run.side) else { return };
        let gap = to.wrapping_sub(next);
        if gap == 0 || gap >= 1 << 31 {
            return;
        }
        flow.expect(run.side, to);
        flow.missed(run.side, u64::from(gap));
        self.totals.counters.missed_bytes += u64::from(gap);
        lose(streams, run.side, gap);
    }

    /// Hands bytes in order to the application parsers and the keyword search.
    fn deliver(&mut self, run: Run, streams: &mut Streams, data: &[u8], cut: u32) {
        if !data.is_empty() {
            self.facts(run, streams, data);
            self.search_stream(run, streams, data);
        }
        if cut > 0 {
            self.totals.counters.missed_bytes += u64::from(cut);
            lose(streams, run.side, cut);
        }
    }

    fn facts(&mut self, run: Run, streams: &mut Streams, data: &[u8]) {
        let Some(flow) = self.table.get_mut(run.slot) else { return };
        if !streams.app.wants(run.side) {
            return;
        }
        let mut sink = FactSink::default();
        app_facts::stream(flow, &mut streams.app, run.side, data, &mut sink);
        let (id, tuple, by_originator) = (flow.id, flow.tuple(), flow.orig == run.side);
        for fact in sink.facts {
            let seen = AppSeen { id, tuple, by_originator, src_mac: None, fact };
            self.push(run.seq, run.now, Observation::App(Box::new(seen)));
        }
    }

    fn search_stream(&mut self, run: Run, streams: &mut Streams, data: &[u8]) {
        let Some(flow) = self.table.get_mut(run.slot) else { return };
        let Some(own) = streams.sides.get_mut(run.side) else { return };
        let offset = own.offset;
        own.offset += data.len() as u64;
        if own.searched {
            return;
        }
        if flow.app.is_encrypted_payload() {
            self.totals.counters.encrypted_bytes += data.len() as u64;
            own.searched = true;
            return;
        }
        let left = usize::try_from(self.config.stream.depth.saturating_sub(offset)).unwrap_or(0);
        let searched = data.get(..left).unwrap_or(data);
        self.totals.counters.searched_bytes += searched.len() as u64;
        self.totals.counters.beyond_depth_bytes += (data.len() - searched.len()) as u64;
        own.searched = searched.len() < data.len();
        let context = ScanContext {
            app: flow.app,
            tuple: flow.tuple(),
            to_server: run.side == flow.orig,
            offset,
        };
        let mut hits = Vec::new();
        self.matcher.scan(&mut own.scan, searched, &context, &mut hits);
        self.report_hits(run.seq, run.now, run.slot, run.side, hits);
    }

    fn report_hits(&mut self, seq: u64, now: Timestamp, slot: Slot, side: Side, hits: Vec<RawHit>) {
        if hits.is_empty() {
            return;
        }
        let Some(flow) = self.table.get_mut(slot) else { return };
        let (id, tuple, by_originator) = (flow.id, flow.tuple(), flow.orig == side);
        for hit in hits {
            let hit = self.matcher.describe(hit, id, tuple, by_originator);
            self.push(seq, now, Observation::Keyword(Box::new(hit)));
        }
    }

    /// Puts streams back into their flow, unless nobody wants them any more.
    fn put_back(&mut self, slot: Slot, mut streams: Box<Streams>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let mut open = false;
        for (side, own) in streams.sides.iter_mut().enumerate() {
            let deep = own.offset >= self.config.stream.depth;
            if (own.searched || deep) && (deep || !streams.app.wants(side)) {
                self.waiting_bytes = self.waiting_bytes.saturating_sub(own.waiting_bytes());
                own.clear();
                flow.close_stream(side);
            } else {
                open = true;
            }
        }
        if open {
            flow.streams = Some(streams);
        }
    }

    /// At a flow's end: gives up all gaps and hands on what is left.
    pub(super) fn flush_streams(&mut self, seq: u64, now: Timestamp, flow: &mut Flow) {
        let Some(mut streams) = flow.streams.take() else { return };
        for side in 0..2 {
            let Some(own) = streams.sides.get_mut(side) else { continue };
            if !own.is_waiting() {
                continue;
            }
            // The flow is out of the table: it goes back in for the last time, under its own key.
            self.waiting_bytes = self.waiting_bytes.saturating_sub(own.waiting_bytes());
            self.flush_side(seq, now, flow, &mut streams, side);
        }
    }

    fn flush_side(
        &mut self,
        seq: u64,
        now: Timestamp,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
    ) {
        let Some(mut next) = flow.expected(side) else { return };
        loop {
            let Some(own) = streams.sides.get_mut(side) else { return };
            let Some(end) = own.gap_end() else { return };
            let gap = end.wrapping_sub(next);
            if gap > 0 && gap < 1 << 31 {
                flow.missed(side, u64::from(gap));
                self.totals.counters.missed_bytes += u64::from(gap);
                next = end;
                lose(streams, side, gap);
            }
            let Some(own) = streams.sides.get_mut(side) else { return };
            let Piece::Data(data, _) = own.ready(&mut next) else { continue };
            if own.searched || flow.app.is_encrypted_payload() {
                continue;
            }
            let context = ScanContext {
                app: flow.app,
                tuple: flow.tuple(),
                to_server: side == flow.orig,
                offset: own.offset,
            };
            own.offset += data.len() as u64;
            let mut hits = Vec::new();
            self.matcher.scan(&mut own.scan, &data, &context, &mut hits);
            self.totals.counters.searched_bytes += data.len() as u64;
            for hit in hits {
                let hit = self.matcher.describe(hit, flow.id, flow.tuple(), flow.orig == side);
                self.push(seq, now, Observation::Keyword(Box::new(hit)));
            }
        }
    }
}

/// The packet that is being worked on.
#[derive(Clone, Copy)]
struct Run {
    seq: u64,
    now: Timestamp,
    slot: Slot,
    side: Side,
}

/// Bytes of a direction are lost: what was half read starts anew behind them.
fn lose(streams: &mut Streams, side: Side, bytes: u32) {
    if let Some(own) = streams.sides.get_mut(side) {
        own.offset += u64::from(bytes);
        own.scan = ScanState::default();
    }
    streams.app.lost(side, bytes);
}
