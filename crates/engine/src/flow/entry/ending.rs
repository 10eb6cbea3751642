//! What a flow hands over: its digest of a second, its record, its next beginning.

use super::{Flow, PROTO_TCP, spoke};
use crate::flow::tcp::conn_state;
use crate::flow::{ConnState, FlowEnd, FlowId, FlowRecord, SideRecord};
use crate::observation::TrafficDigest;
use anomalyzer_wire::{Mac, Timestamp};

impl Flow {
    /// Takes the traffic since the last digest, by originator and responder.
    pub(crate) fn take_digest(&mut self) -> TrafficDigest {
        let d = std::mem::take(&mut self.digest);
        self.dirty = false;
        let (o, r) = (self.orig & 1, 1 - (self.orig & 1));
        TrafficDigest {
            id: self.id,
            tuple: self.tuple(),
            app: self.app,
            two_way: self.two_way(),
            packets: [d.packets[o], d.packets[r]],
            bytes: [d.bytes[o], d.bytes[r]],
            syns: d.syns,
            syn_acks: d.syn_acks,
            rsts: [d.rsts[o], d.rsts[r]],
            fragments: d.fragments,
        }
    }

    /// Hardware addresses of originator and responder; of a flow inside a tunnel they would be
    /// those of the tunnel's ends.
    pub(crate) fn macs(&self) -> [Option<Mac>; 2] {
        let (o, r) = (self.orig & 1, 1 - (self.orig & 1));
        if self.tunnel.is_some() { [None; 2] } else { [self.macs[o], self.macs[r]] }
    }

    /// The record of what happened so far.
    pub(crate) fn record(&mut self, end: FlowEnd) -> FlowRecord {
        let (o, r) = (self.orig & 1, 1 - (self.orig & 1));
        FlowRecord {
            id: self.id,
            tuple: self.tuple(),
            first: self.first,
            last: self.last,
            end,
            continued: self.continued,
            orig: self.sides[o],
            resp: self.sides[r],
            conn_state: self.conn_state(),
            history: self.history.text(self.orig),
            rtt_ns: self.rtt_ns,
            app: self.app,
            vlan: self.vlan,
            tunnel: self.tunnel.as_deref().copied(),
            src_mac: self.macs[o],
            dst_mac: self.macs[r],
            names: if end == FlowEnd::Active { self.names.clone() } else { self.names.take() },
            features: self.features.take(self.orig),
            score: None,
        }
    }

    /// Begins the next record of a flow that reached the active time-out: counters start anew,
    /// what is known of the connection stays.
    pub(crate) fn restart(&mut self, id: FlowId, now: Timestamp) {
        self.id = id;
        (self.first, self.last) = (now, now);
        self.continued = true;
        self.sides = [SideRecord::default(); 2];
    }

    fn conn_state(&self) -> ConnState {
        let (orig, resp) = (self.orig & 1, 1 - (self.orig & 1));
        let (os, rs) = (self.spoke[orig], self.spoke[resp]);
        if self.key.tuple(0, None).proto == PROTO_TCP {
            let payload = (os | rs) & spoke::PAYLOAD != 0;
            return conn_state(self.ends[orig].state, self.ends[resp].state, payload);
        }
        match (os != 0, rs != 0) {
            (true, true) => ConnState::Sf,
            (true, false) => ConnState::S0,
            (false, true) => ConnState::Shr,
            (false, false) => ConnState::Oth,
        }
    }
}
