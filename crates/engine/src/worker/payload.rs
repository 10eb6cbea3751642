//! What is done with payload: TCP streams in order, datagrams, keywords, application facts.

mod search;

use super::WorkerCounters;
use crate::app_facts::{self, AppState, FactSink};
use crate::config::{Config, StreamSettings};
use crate::flow::{Flow, Placement, Side};
use crate::keyword::{Matcher, Place, RawHit, RequestParts, RequestScan, ScanContext, ScanState};
use crate::observation::{AppSeen, Observation, Seen};
use crate::stream::{Piece, StreamSide, Streams};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Icmp, IpPacket, Mac, Tcp, TcpFlags, Timestamp, Udp};
use search::context;
use std::sync::Arc;

/// Flows of ICMP echo messages that are looked into at a time, by all workers together: 1.5 KiB
/// each, 12 MiB.
const ECHOES: usize = 8_192;

/// Reads payloads of all flows of a worker.
pub(super) struct Payload {
    matcher: Arc<Matcher>,
    settings: StreamSettings,
    /// Bytes that wait behind gaps or in half-read messages of all streams, and how many may.
    waiting: usize,
    waiting_max: usize,
    /// Flows of echo messages that are looked into, and how many may be.
    echoes: usize,
    echoes_max: usize,
    /// The payload part of the worker's counters.
    pub(super) counters: WorkerCounters,
    hits: Vec<RawHit>,
    /// Requests of the segment at hand; kept for its memory.
    parts: RequestParts,
}

/// The occasion of what is read: where observations go, and with which place in the order.
pub(super) struct Occasion<'a> {
    pub(super) seq: u64,
    pub(super) now: Timestamp,
    pub(super) seen: &'a mut Vec<Seen>,
}

impl Occasion<'_> {
    fn push(&mut self, what: Observation) {
        self.seen.push(Seen { seq: self.seq, time: self.now, what });
    }
}

impl Payload {
    pub(super) fn new(config: &Config, matcher: &Arc<Matcher>, of: usize) -> Self {
        Self {
            matcher: Arc::clone(matcher),
            settings: config.stream,
            waiting: 0,
            waiting_max: config.limits.stream_bytes / of,
            echoes: 0,
            echoes_max: ECHOES / of,
            counters: WorkerCounters::default(),
            hits: Vec::new(),
            parts: RequestParts::default(),
        }
    }

    /// Searches with other lists from now on; see [`Self::resume`].
    pub(super) fn replace_matcher(&mut self, matcher: &Arc<Matcher>) {
        self.matcher = Arc::clone(matcher);
    }

    /// Goes on with the present lists in a flow that others have searched so far: what was kept of
    /// its directions is searched again, so that a keyword on the border is found. Of a request's
    /// body the search begins anew; heads are searched whole.
    pub(super) fn resume(&self, flow: &mut Flow) {
        let Some(mut streams) = flow.streams.take() else { return };
        for side in 0..2 {
            let Some(own) = streams.sides.get_mut(side) else { continue };
            self.matcher.resume_scan(&mut own.scan, &context(flow, side, own.offset));
            own.requests = RequestScan::default();
        }
        flow.streams = Some(streams);
    }

    /// Bytes that wait behind gaps or in half-read messages.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes an ICMP message, of which echo messages are looked into. A flow's first one only
    /// begins it: floods from spoofed sources have no second.
    pub(super) fn echo(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        side: Side,
        icmp: &Icmp,
        ip: &IpPacket<'_>,
    ) {
        if !icmp.is_echo_request() && !icmp.is_echo_reply() {
            return;
        }
        if flow.streams.is_none() {
            if self.echoes >= self.echoes_max || !flow.had_packets() {
                return;
            }
            self.echoes += 1;
            app_facts::begin_echo(flow);
        }
        if let Some(fact) = app_facts::echo(flow, side, on.now, icmp, ip) {
            push_facts(
                on,
                flow,
                flow.orig,
                None,
                FactSink { facts: vec![fact], ..FactSink::default() },
            );
        }
    }

    /// Takes a UDP datagram (without `udp`: the payload of another protocol).
    pub(super) fn datagram(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        side: Side,
        udp: Option<(Udp, Option<Mac>)>,
        payload: &[u8],
    ) {
        if let Some((udp, src_mac)) = udp {
            let mut sink = FactSink::default();
            app_facts::datagram(flow, side, udp, payload, &mut sink);
            push_facts(on, flow, side, src_mac, sink);
        }
        let bytes = payload.len() as u64;
        if flow.app.is_encrypted_payload() {
            self.counters.encrypted_bytes += bytes;
            return;
        }
        if !self.matcher.wants(flow.tuple().proto) {
            self.counters.unwanted_bytes += bytes;
            return;
        }
        let searched = flow.searched(side);
        if *searched >= self.settings.depth {
            self.counters.beyond_depth_bytes += bytes;
            return;
        }
        *searched += bytes;
        self.counters.searched_bytes += bytes;
        let context = context(flow, side, 0);
        self.matcher.scan_datagram(payload, &context, &mut self.hits);
        self.report_hits(on, flow, side);
    }

    /// Takes a TCP segment with payload that is not old.
    pub(super) fn segment(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        side: Side,
        tcp: &Tcp,
        ip: &IpPacket<'_>,
        placement: Placement,
    ) {
        if flow.streams_closed(side) {
            flow.skip_ahead(side, tcp, ip.payload_len, placement);
            self.count_unread(flow, ip.payload.len());
            return;
        }
        let mut streams = flow.streams.take().unwrap_or_default();
        let captured = u32::try_from(ip.payload.len()).unwrap_or(u32::MAX);
        let cut = ip.payload_len.saturating_sub(captured);
        let start = tcp.seq.wrapping_add(u32::from(tcp.flags.has(TcpFlags::SYN)));
        let held = Held { start, data: ip.payload, cut };
        match placement {
            Placement::Next { skip } => {
                let next = held.behind(skip);
                self.next(on, flow, &mut streams, side, next, tcp.flags.has(TcpFlags::FIN));
            }
            Placement::Ahead { .. } => self.hold(on, flow, &mut streams, side, &held),
            Placement::Nothing | Placement::Old => {}
        }
        self.put_back(on, flow, streams);
    }

    fn count_unread(&mut self, flow: &Flow, bytes: usize) {
        if flow.app.is_encrypted_payload() {
            self.counters.encrypted_bytes += bytes as u64;
        } else {
            self.counters.beyond_depth_bytes += bytes as u64;
        }
    }

    /// Takes a segment that is in order. Where later segments came before it, theirs is the first
    /// copy.
    fn next(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
        next: Held<'_>,
        fin: bool,
    ) {
        let Some(own) = streams.sides.get_mut(side) else { return };
        if !own.overlaps(next.start, next.len()) {
            self.deliver(on, flow, streams, side, next.data, next.cut);
            return self.release(on, flow, streams, side);
        }
        let before = own.waiting_bytes();
        own.fill(next.start, next.data, next.cut);
        self.waiting += own.waiting_bytes() - before;
        flow.expect(side, next.start);
        self.release(on, flow, streams, side);
        let end = next.start.wrapping_add(next.len());
        if fin && flow.expected(side) == Some(end) {
            flow.expect(side, end.wrapping_add(1));
        }
    }

    /// Keeps a segment behind a gap; when there is no room, gives the gaps up.
    fn hold(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
        held: &Held<'_>,
    ) {
        let Some(own) = streams.sides.get_mut(side) else { return };
        let (before, segments) = (own.waiting_bytes(), own.waiting_segments());
        let room = self.waiting + held.data.len() <= self.waiting_max;
        if room && own.hold(held.start, held.data, held.cut) {
            self.waiting += own.waiting_bytes() - before;
            if own.waiting_segments() == segments {
                flow.was_a_copy(side);
            }
            return;
        }
        self.counters.gaps_given_up += 1;
        self.give_up_gaps(on, flow, streams, side);
        let Some(next) = flow.expected(side) else { return };
        // What was given up may have brought us past the beginning of this segment, or all of it.
        let skip = match next.wrapping_sub(held.start) {
            behind if behind < 1 << 31 => behind,
            _ => {
                self.skip_to(on, flow, streams, side, held.start);
                0
            }
        };
        if skip < held.len() {
            flow.expect(side, held.start.wrapping_add(held.len()));
            let rest = held.behind(skip);
            self.deliver(on, flow, streams, side, rest.data, rest.cut);
        }
    }

    /// Hands on what waits and is in order now.
    fn release(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
    ) {
        while let Some(own) = streams.sides.get_mut(side).filter(|own| own.is_waiting()) {
            let Some(mut next) = flow.expected(side) else { return };
            let before = own.waiting_bytes();
            let piece = own.ready(&mut next);
            self.waiting = self.waiting.saturating_sub(before - own.waiting_bytes());
            let Piece::Data(data, cut) = piece else { return };
            flow.expect(side, next);
            self.deliver(on, flow, streams, side, &data, cut);
        }
    }

    /// Gives up one gap after the other, handing on what follows each, until nothing waits.
    fn give_up_gaps(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
    ) {
        while let Some(end) = streams.sides.get(side).and_then(StreamSide::gap_end) {
            self.skip_to(on, flow, streams, side, end);
            let before = streams.sides.get(side).map_or(0, StreamSide::waiting_segments);
            self.release(on, flow, streams, side);
            let after = streams.sides.get(side).map_or(0, StreamSide::waiting_segments);
            if after == before {
                return;
            }
        }
    }

    fn skip_to(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
        to: u32,
    ) {
        let Some(next) = flow.expected(side) else { return };
        let gap = to.wrapping_sub(next);
        if gap == 0 || gap >= 1 << 31 {
            return;
        }
        flow.expect(side, to);
        flow.missed(side, u64::from(gap));
        self.counters.missed_bytes += u64::from(gap);
        self.lose(on, flow, streams, side, gap);
    }

    /// Hands bytes in order to the application parsers and the keyword search.
    fn deliver(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
        data: &[u8],
        cut: u32,
    ) {
        if !data.is_empty() {
            let requests = self.read(on, flow, streams, side, data);
            if let Some(own) = streams.sides.get_mut(side) {
                self.search_requests(on, flow, own, side, requests);
                self.search(on, flow, own, side, data);
            }
        }
        if cut > 0 {
            self.counters.missed_bytes += u64::from(cut);
            self.lose(on, flow, streams, side, cut);
        }
    }

    /// Hands bytes in order to the application parsers; gives the parts of HTTP requests that came
    /// out of them.
    fn read(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        streams: &mut Streams,
        side: Side,
        data: &[u8],
    ) -> RequestParts {
        let mut parts = std::mem::take(&mut self.parts);
        if !streams.app.wants(side) {
            // Where the parser has given up, a server may read on.
            if flow.app == AppProto::Http && side == flow.orig {
                parts.body(data);
            }
            return parts;
        }
        let requests = self.matcher.wants_requests().then_some(parts);
        let mut sink = FactSink { requests, ..FactSink::default() };
        let before = streams.app.held();
        app_facts::stream(flow, &mut streams.app, side, data, &mut sink);
        let parts = sink.requests.take().unwrap_or_default();
        let offset = streams.sides.get(side).map_or(0, |own| own.offset);
        let at = ScanContext { place: Place::Protocol, ..context(flow, side, offset) };
        for sign in sink.signs.drain(..) {
            self.matcher.sign(sign, &at, &mut self.hits);
        }
        push_facts(on, flow, side, None, sink);
        self.report_hits(on, flow, side);
        self.account(&mut streams.app, before);
        parts
    }

    /// Counts what half-read messages hold now; when that is too much, this one is given up.
    fn account(&mut self, app: &mut AppState, before: usize) {
        let held = app.held();
        self.waiting = self.waiting.saturating_sub(before) + held;
        if held > before && self.waiting > self.waiting_max {
            app.done();
            self.waiting = self.waiting.saturating_sub(held);
            self.counters.messages_given_up += 1;
        }
    }

    /// Bytes of a direction are lost: what was half read starts anew behind them.
    fn lose(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &Flow,
        streams: &mut Streams,
        side: Side,
        bytes: u32,
    ) {
        self.search_unfinished(on, flow, streams, side);
        if let Some(own) = streams.sides.get_mut(side) {
            own.offset += u64::from(bytes);
            own.scan = ScanState::default();
            own.requests = RequestScan::default();
        }
        let before = streams.app.held();
        streams.app.lost(side, bytes);
        self.account(&mut streams.app, before);
    }

    /// Puts streams back into their flow, unless nobody wants them any more.
    fn put_back(&mut self, on: &mut Occasion<'_>, flow: &mut Flow, mut streams: Box<Streams>) {
        let mut open = false;
        for side in 0..2 {
            let wants = streams.app.wants(side);
            let Some(own) = streams.sides.get_mut(side) else { continue };
            let deep = own.offset >= self.settings.depth;
            if deep || own.searched && !wants {
                self.finish_search(flow, own, side);
                self.report_hits(on, flow, side);
                self.waiting = self.waiting.saturating_sub(own.waiting_bytes());
                own.clear();
                flow.close_stream(side);
            } else {
                open = true;
            }
        }
        if open {
            flow.streams = Some(streams);
        } else {
            self.waiting = self.waiting.saturating_sub(streams.app.held());
        }
    }

    /// At a flow's end: gives up all gaps, hands on what is left and decides what waited.
    pub(super) fn flush(&mut self, on: &mut Occasion<'_>, flow: &mut Flow) {
        let Some(mut streams) = flow.streams.take() else { return };
        if streams.app.is_echo() {
            self.echoes = self.echoes.saturating_sub(1);
            let facts = streams.app.end_echo(flow.orig).into_iter().collect();
            push_facts(on, flow, flow.orig, None, FactSink { facts, ..FactSink::default() });
            return;
        }
        for side in 0..2 {
            self.give_up_gaps(on, flow, &mut streams, side);
            self.search_unfinished(on, flow, &mut streams, side);
            let Some(own) = streams.sides.get_mut(side) else { continue };
            self.waiting = self.waiting.saturating_sub(own.waiting_bytes());
            own.clear();
            self.finish_search(flow, own, side);
            self.report_hits(on, flow, side);
        }
        self.waiting = self.waiting.saturating_sub(streams.app.held());
    }
}

/// A segment with payload.
#[derive(Clone, Copy)]
struct Held<'a> {
    /// Sequence number of its first byte.
    start: u32,
    data: &'a [u8],
    /// Bytes behind `data` that the capture did not keep.
    cut: u32,
}

impl<'a> Held<'a> {
    /// Bytes, kept or not.
    fn len(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX).saturating_add(self.cut)
    }

    /// What lies behind the first `skip` bytes.
    fn behind(self, skip: u32) -> Held<'a> {
        let kept = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        Held {
            start: self.start.wrapping_add(skip),
            data: self.data.get(skip as usize..).unwrap_or_default(),
            cut: self.cut.saturating_sub(skip.saturating_sub(kept)),
        }
    }
}

fn push_facts(
    on: &mut Occasion<'_>,
    flow: &Flow,
    side: Side,
    src_mac: Option<Mac>,
    sink: FactSink,
) {
    let (id, app, by_originator) = (flow.id, flow.app, flow.orig == side);
    for fact in sink.facts {
        let seen = AppSeen { id, tuple: flow.tuple(), by_originator, src_mac, app, fact };
        on.push(Observation::App(Box::new(seen)));
    }
}
