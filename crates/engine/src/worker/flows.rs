//! The worker's way from a packet to its flow, and from a flow to its end.

use super::payload::Occasion;
use super::{Expired, Marker, Worker};
use crate::flow::{Flow, FlowEnd, FlowId, FlowKey, FlowRecord, Placement, Side, Slot};
use crate::observation::{FlowOutcome, FlowStarted, IcmpError, Observation, Outcome, Seen};
use crate::score;
use anomalyzer_wire::{Icmp, IpPacket, Packet, TcpFlags, Timestamp, Transport};

impl Worker {
    /// Takes an IP packet (whole, or a fragment that completes nothing).
    pub(super) fn ip(&mut self, seq: u64, now: Timestamp, packet: &Packet<'_>, ip: &IpPacket<'_>) {
        let (key, side) = FlowKey::of(ip);
        let slot = match self.table.find(&key) {
            Some(slot) => self.current(seq, now, slot, side, packet, ip),
            None => None,
        };
        let slot = match slot {
            Some(slot) => slot,
            None => self.begin(seq, now, key, side, packet, ip),
        };
        let Some(flow) = self.table.get_mut(slot) else { return };
        let update = flow.add(side, now, packet, ip);
        if !flow.dirty {
            flow.dirty = true;
            let id = flow.id;
            self.dirty.push((slot, id));
        }
        for outcome in update.outcomes.into_iter().flatten() {
            self.seen.push(Seen { seq, time: now, what: flow_outcome(flow, outcome) });
        }
        let on = &mut Occasion { seq, now, seen: &mut self.seen };
        if let Transport::Icmp(icmp) = &ip.transport {
            self.payload.echo(on, flow, side, icmp, ip);
        }
        match &ip.transport {
            // Also when the capture kept none of its payload: these bytes are missing then.
            Transport::Tcp(tcp) if !is_nothing(update.placement) => {
                self.payload.segment(on, flow, side, tcp, ip, update.placement);
            }
            _ if ip.payload.is_empty() => {}
            Transport::Udp(udp) => {
                let udp = Some((*udp, packet.link.src));
                self.payload.datagram(on, flow, side, udp, ip.payload);
            }
            Transport::Icmp(_) | Transport::Sctp { .. } => {
                self.payload.datagram(on, flow, side, None, ip.payload);
            }
            _ => {}
        }
        match ip.transport {
            Transport::Icmp(icmp) => self.icmp_error(seq, now, ip, &icmp),
            Transport::Tcp(tcp) if tcp.flags.any(TcpFlags::FIN | TcpFlags::RST) => {
                self.table.closing(slot);
            }
            _ => {}
        }
    }

    /// The slot, unless the flow in it ended before this packet.
    fn current(
        &mut self,
        seq: u64,
        now: Timestamp,
        slot: Slot,
        side: Side,
        packet: &Packet<'_>,
        ip: &IpPacket<'_>,
    ) -> Option<Slot> {
        let over = self.table.is_idle(slot, now).then_some(FlowEnd::Idle);
        let active = i64::from(self.config.flow.active_s).saturating_mul(1_000_000_000);
        let flow = self.table.get_mut(slot)?;
        let over = over.or_else(|| match ip.transport {
            Transport::Tcp(tcp) => flow.is_over_for(side, &tcp).then_some(FlowEnd::Closed),
            _ => None,
        });
        if let Some(end) = over {
            let flow = self.table.remove(slot)?;
            self.end(seq, now, flow, end);
            return None;
        }
        if now.since(flow.first) > active {
            let mut record = Box::new(flow.record(FlowEnd::Active));
            if flow.dirty {
                let digest = flow.take_digest();
                self.orphans.push(digest);
            }
            flow.restart(FlowId(seq), Flow::believed(now, packet.time));
            self.finished(&mut record);
            self.push(seq, now, Observation::FlowEnded(record));
        }
        Some(slot)
    }

    fn begin(
        &mut self,
        seq: u64,
        now: Timestamp,
        key: FlowKey,
        side: Side,
        packet: &Packet<'_>,
        ip: &IpPacket<'_>,
    ) -> Slot {
        let flow = Flow::begin(key, side, FlowId(seq), now, &packet.link, ip);
        let started = FlowStarted {
            id: flow.id,
            tuple: flow.tuple(),
            first: flow.first_packet,
            by_originator: flow.orig == side,
            src_mac: packet.link.src,
            ip_len: ip.total_len,
            payload_len: ip.payload_len,
            ttl: ip.ttl,
            tunnelled: ip.tunnel.is_some(),
        };
        self.totals.flows += 1;
        self.second.flows += 1;
        let (slot, victim) = self.table.insert(flow, now);
        if let Some(victim) = victim {
            self.end(seq, now, victim, FlowEnd::Evicted);
        }
        self.push(seq, now, Observation::FlowStarted(started));
        slot
    }

    fn icmp_error(&mut self, seq: u64, now: Timestamp, ip: &IpPacket<'_>, icmp: &Icmp) {
        let Some(quoted) = icmp.quoted.filter(|_| icmp.is_error()) else { return };
        let (kind, code) = (icmp.kind, icmp.code);
        let error = IcmpError { from: ip.src, to: ip.dst, kind, code, v6: icmp.v6, quoted };
        self.push(seq, now, Observation::IcmpError(error));
        let unreachable = if icmp.v6 { kind == 1 } else { kind == 3 };
        let (key, _) = FlowKey::quoted(&quoted, ip.tunnel.as_ref());
        if unreachable
            && let Some(slot) = self.table.find(&key)
            && let Some(flow) = self.table.get_mut(slot)
            && let Some(outcome) = flow.unreachable(kind, code)
        {
            self.seen.push(Seen { seq, time: now, what: flow_outcome(flow, outcome) });
        }
    }

    /// Ends a flow with a packet as the occasion.
    pub(super) fn end(&mut self, seq: u64, now: Timestamp, flow: Flow, why: FlowEnd) {
        let record = self.close(seq, now, flow, why);
        self.push(seq, now, Observation::FlowEnded(record));
    }

    fn close(&mut self, seq: u64, now: Timestamp, mut flow: Flow, why: FlowEnd) -> Box<FlowRecord> {
        if flow.streams.is_some() {
            let on = &mut Occasion { seq, now, seen: &mut self.seen };
            self.payload.flush(on, &mut flow);
        }
        if flow.dirty {
            self.orphans.push(flow.take_digest());
        }
        let mut record = Box::new(flow.record(why));
        self.finished(&mut record);
        record
    }

    /// Counts and scores a record.
    fn finished(&mut self, record: &mut FlowRecord) {
        let features = record.features.vector();
        self.totals.flow_digest = self.totals.flow_digest.wrapping_add(record.digest(&features));
        if let Some(scorer) = &mut self.scorer
            && score::is_scored(record)
        {
            record.score = Some(scorer.score(&score::row(record, &features)));
        }
    }

    /// Ends the flows whose time-out has passed (at the end of the input: all).
    pub(super) fn expire(&mut self, marker: &Marker) -> Vec<Expired> {
        let idle = self.table.expired(marker.time);
        let mut ended: Vec<Expired> = idle
            .into_iter()
            .filter_map(|slot| self.end_slot(marker, slot, FlowEnd::Idle))
            .collect();
        if marker.end {
            let open = self.table.all();
            let open = open.into_iter();
            ended.extend(open.filter_map(|slot| self.end_slot(marker, slot, FlowEnd::InputEnd)));
            ended.sort_unstable_by_key(|e| e.record.id);
        }
        ended
    }

    fn end_slot(&mut self, marker: &Marker, slot: Slot, why: FlowEnd) -> Option<Expired> {
        let flow = self.table.remove(slot)?;
        let why = if flow.is_closed() { FlowEnd::Closed } else { why };
        let record = self.close(marker.seq, marker.time, flow, why);
        // Most flows leave nothing behind: the room for the next epoch stays.
        let found = !self.seen.is_empty();
        let seen = if found { std::mem::take(&mut self.seen) } else { Vec::new() };
        Some(Expired { seen, record })
    }
}

/// True when nothing of a segment is to be read.
fn is_nothing(placement: Placement) -> bool {
    matches!(placement, Placement::Nothing | Placement::Old)
}

fn flow_outcome(flow: &Flow, outcome: Outcome) -> Observation {
    Observation::FlowOutcome(FlowOutcome {
        id: flow.id,
        tuple: flow.tuple(),
        first: flow.first_packet,
        started: flow.first,
        macs: flow.macs(),
        outcome,
    })
}
