//! One worker: decode, flows, streams, keywords. Everything that costs per packet is here.

mod flows;
mod payload;
#[cfg(test)]
mod tests;
mod totals;

pub use totals::{Volume, WorkerCounters, WorkerTotals};

use crate::config::Config;
use crate::flow::{FlowId, FlowRecord, FlowTable, Slot};
use crate::keyword::Matcher;
use crate::observation::{ArpSeen, MalformedSeen, Observation, SecondTotals, Seen, TrafficDigest};
use crate::score::Scorer;
use anomalyzer_wire::{
    Body, Defragmenter, MalformedKind, Packet, RawFrame, Timestamp, Transport, decode,
    decode_datagram,
};
use payload::Payload;
use std::sync::Arc;

/// Room for observations that a new epoch begins with.
const SEEN_MIN: usize = 16;
const SEEN_MAX: usize = 4_096;
/// Datagrams out of fragments inside each other that are put together.
const FRAGMENT_DEPTH: u8 = 3;

/// A cut in the stream of frames, sent in-band to every worker.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// Number of the epoch that it ends, from 0.
    pub epoch: u64,
    /// Sequence number: every frame before it has a smaller one.
    pub seq: u64,
    /// Stream time: the time of the first frame behind the marker (or of the last at the end).
    pub time: Timestamp,
    /// The second of stream time that the frames before it lie in.
    pub second: i64,
    /// The input has ended.
    pub end: bool,
}

impl Marker {
    /// True when the second ends with it.
    pub const fn ends_second(&self) -> bool {
        self.end || self.time.secs() != self.second
    }
}

/// What one worker saw within an epoch.
#[derive(Debug, Default)]
pub struct EpochBatch {
    /// Observations, ordered by sequence number.
    pub seen: Vec<Seen>,
    /// Flows that expired at the marker, ordered by flow id.
    pub expired: Vec<Expired>,
    /// Digests ordered by flow id: at the end of a second of all flows that had traffic in it,
    /// before that of those that have ended.
    pub digests: Vec<TrafficDigest>,
    /// When its frames were captured.
    pub times: Option<Times>,
    /// Totals of the second that the marker ended.
    pub second: Option<SecondTotals>,
    /// Totals of everything, at the end of the input.
    pub totals: Option<Box<WorkerTotals>>,
}

/// Packet times of some frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Sequence number of the first of them.
    pub seq: u64,
    /// Packet time of that one.
    pub first: Timestamp,
    /// The latest packet time.
    pub last: Timestamp,
}

impl Times {
    /// Takes further frames.
    pub fn merge(&mut self, other: Self) {
        if other.seq < self.seq {
            (self.seq, self.first) = (other.seq, other.first);
        }
        self.last = self.last.max(other.last);
    }
}

/// A flow that expired.
#[derive(Debug)]
pub struct Expired {
    /// What its streams still held and what was found in it.
    pub seen: Vec<Seen>,
    /// Its record.
    pub record: Box<FlowRecord>,
}

/// Decodes frames and keeps their flows.
pub struct Worker {
    config: Arc<Config>,
    payload: Payload,
    defrag: Defragmenter,
    table: FlowTable,
    seen: Vec<Seen>,
    dirty: Vec<(Slot, FlowId)>,
    orphans: Vec<TrafficDigest>,
    times: Option<Times>,
    second: SecondTotals,
    totals: WorkerTotals,
    scorer: Option<Scorer>,
}

impl Worker {
    /// Worker one of `of`; `seed` keys its hash tables.
    pub fn new(config: &Arc<Config>, matcher: &Arc<Matcher>, of: usize, seed: u64) -> Self {
        let of = of.max(1);
        Self {
            config: Arc::clone(config),
            payload: Payload::new(config, matcher, of),
            defrag: Defragmenter::default(),
            table: FlowTable::new(config.limits.flows / of, config.flow, seed),
            seen: Vec::new(),
            dirty: Vec::new(),
            orphans: Vec::new(),
            times: None,
            second: SecondTotals::default(),
            totals: WorkerTotals::default(),
            scorer: None,
        }
    }

    /// Takes one frame. `now` is its stream time: its own time stamp, clamped so that it never
    /// runs back.
    pub fn frame(&mut self, seq: u64, now: Timestamp, frame: &RawFrame<'_>) {
        let packet = decode(frame);
        let times = Times { seq, first: frame.time, last: frame.time };
        self.times.get_or_insert(times).merge(times);
        self.totals.frame(frame.link, &packet, &mut self.second);
        match &packet.body {
            Body::Ip(ip) if matches!(ip.transport, Transport::Fragment) => {
                self.fragment(seq, now, &packet, FRAGMENT_DEPTH);
            }
            Body::Ip(ip) => self.ip(seq, now, &packet, ip),
            Body::Arp(arp) => {
                let vlan = packet.link.vlan[0];
                let seen = ArpSeen { arp: *arp, frame_src: packet.link.src, vlan };
                self.push(seq, now, Observation::Arp(seen));
            }
            Body::Other { .. } | Body::UnknownLink => {}
        }
        self.note_malformed(seq, now, &packet);
    }

    /// Takes a fragment. What is put together may itself be a fragment of something larger.
    fn fragment(&mut self, seq: u64, now: Timestamp, packet: &Packet<'_>, depth: u8) {
        let Body::Ip(ip) = &packet.body else { return };
        if !matches!(ip.transport, Transport::Fragment) || depth == 0 {
            return self.ip(seq, now, packet, ip);
        }
        let pushed = self.defrag.push(packet);
        if let Some(what) = pushed.note {
            let (src, dst) = (Some(ip.src), Some(ip.dst));
            self.push(seq, now, Observation::Malformed(MalformedSeen { src, dst, what }));
        }
        let Some(datagram) = pushed.datagram else { return self.ip(seq, now, packet, ip) };
        self.totals.counters.defragmented += 1;
        let whole = decode_datagram(packet, &datagram);
        match &whole.body {
            Body::Ip(_) => self.fragment(seq, now, &whole, depth - 1),
            _ => self.ip(seq, now, packet, ip),
        }
        self.note_malformed(seq, now, &whole);
    }

    fn note_malformed(&mut self, seq: u64, now: Timestamp, packet: &Packet<'_>) {
        let Some(what) = packet.malformed else { return };
        if what.kind == MalformedKind::Snapped {
            return;
        }
        let (src, dst) = match &packet.body {
            Body::Ip(ip) => (Some(ip.src), Some(ip.dst)),
            _ => (None, None),
        };
        self.push(seq, now, Observation::Malformed(MalformedSeen { src, dst, what }));
    }

    fn push(&mut self, seq: u64, time: Timestamp, what: Observation) {
        self.seen.push(Seen { seq, time, what });
    }

    /// Searches with other keyword lists from here on. To be called behind the same marker in
    /// every worker: then the result does not depend on their number. No frame is lost, and
    /// counters go on. A keyword that had begun is still found when both the old and the new lists
    /// hold it, since its first bytes were kept and are searched again; one that only the new
    /// lists hold is found from here on.
    pub fn replace_keywords(&mut self, matcher: &Arc<Matcher>) {
        self.payload.replace_matcher(matcher);
        for flow in self.table.flows_mut() {
            self.payload.resume(flow);
        }
    }

    /// Scores finished flows by another model from here on, or by none. To be called behind the
    /// same marker in every worker, as [`Self::replace_keywords`].
    pub fn replace_scorer(&mut self, scorer: Option<Scorer>) {
        self.scorer = scorer;
    }

    /// Ends an epoch: expires flows, closes seconds, hands over what was seen.
    pub fn marker(&mut self, marker: &Marker) -> EpochBatch {
        let mut batch = EpochBatch::default();
        // The next epoch will see about as much: room for it at once spares growing by steps.
        let room = self.seen.len().clamp(SEEN_MIN, SEEN_MAX);
        batch.seen = std::mem::replace(&mut self.seen, Vec::with_capacity(room));
        batch.times = self.times.take();
        if marker.ends_second() {
            batch.expired = self.expire(marker);
            batch.digests = self.digests();
            let second = std::mem::take(&mut self.second);
            batch.second =
                (second.packets > 0).then_some(SecondTotals { second: marker.second, ..second });
        } else if !self.orphans.is_empty() {
            batch.digests = self.digests_of_the_ended();
        }
        if marker.end {
            batch.totals = Some(Box::new(self.take_totals()));
        }
        batch
    }

    fn digests(&mut self) -> Vec<TrafficDigest> {
        let mut digests = std::mem::take(&mut self.orphans);
        digests.reserve(self.dirty.len());
        for (slot, id) in self.dirty.drain(..) {
            if let Some(flow) = self.table.get_mut(slot)
                && flow.dirty
                && flow.id == id
            {
                digests.push(flow.take_digest());
            }
        }
        digests.sort_unstable_by_key(|d| d.id);
        digests
    }

    /// Within a second: however many flows it sees end, their digests do not pile up.
    fn digests_of_the_ended(&mut self) -> Vec<TrafficDigest> {
        let table = &mut self.table;
        self.dirty.retain(|&(slot, id)| {
            table.get_mut(slot).is_some_and(|flow| flow.dirty && flow.id == id)
        });
        let mut digests = std::mem::take(&mut self.orphans);
        digests.sort_unstable_by_key(|d| d.id);
        digests
    }

    fn take_totals(&mut self) -> WorkerTotals {
        let evictions = self.table.evictions();
        self.totals.counters.evicted_one_way = evictions.one_way;
        self.totals.counters.evicted_two_way = evictions.two_way;
        self.totals.counters.merge(&self.payload.counters);
        std::mem::take(&mut self.totals)
    }
}
