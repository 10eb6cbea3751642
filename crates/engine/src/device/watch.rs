//! What the inventory makes of observations.

use super::{Inventory, Learned, names};
use crate::flow::{FiveTuple, FlowRecord};
use crate::observation::{
    ArpSeen, FirstPacket, FlowOutcome, FlowStarted, Observation, Outcome, Seen, TrafficDigest,
};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, Timestamp};

/// Protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// UDP ports from here on are rarely those of a service, and which side is the server is a guess.
const UDP_SERVICES: u16 = 32_768;

impl Inventory {
    /// Takes an observation. `site` says whether an address belongs to the site.
    pub(crate) fn observe(&mut self, seen: &Seen, site: &dyn Fn(Addr) -> bool) {
        match &seen.what {
            Observation::Arp(arp) => self.arp(arp, seen.time),
            Observation::FlowStarted(flow) => self.started(flow, site),
            Observation::FlowOutcome(flow) => self.outcome(flow, seen.time, site),
            Observation::Traffic(digest) => self.traffic(digest, seen.time),
            Observation::FlowEnded(record) => self.ended(record),
            Observation::App(app) => names::learn(self, app, seen.time),
            _ => {}
        }
    }

    /// The frame must come from whom the message names.
    fn arp(&mut self, seen: &ArpSeen, now: Timestamp) {
        let arp = &seen.arp;
        if arp.tunnel.is_none() && seen.frame_src.is_none_or(|mac| mac == arp.sender_mac) {
            self.bind(arp.sender_mac, arp.sender_ip, Learned::Arp, now);
        }
    }

    fn started(&mut self, flow: &FlowStarted, site: &dyn Fn(Addr) -> bool) {
        let tuple = &flow.tuple;
        let sender = if flow.by_originator { tuple.src } else { tuple.dst };
        if let Some(mac) = flow.src_mac
            && !flow.tunnelled
            // Not the address of somebody who has none yet.
            && sender.is_unicast()
            && !site(sender)
        {
            self.routes(mac);
        }
        for addr in [tuple.src, tuple.dst] {
            self.change(addr, |device| {
                device.flows += 1;
                true
            });
        }
    }

    /// Both sides were seen: of TCP the whole handshake.
    fn outcome(&mut self, flow: &FlowOutcome, now: Timestamp, site: &dyn Fn(Addr) -> bool) {
        let tuple = &flow.tuple;
        let shaken = match flow.outcome {
            Outcome::Established => true,
            Outcome::Answered => tuple.proto != TCP,
            _ => false,
        };
        if !shaken {
            return;
        }
        for (addr, mac) in [tuple.src, tuple.dst].into_iter().zip(flow.macs) {
            if addr.is_unicast() && site(addr) {
                let known = self.knows(addr);
                self.shook(addr, mac, now);
                if !known {
                    self.change(addr, |device| {
                        device.flows += 1;
                        true
                    });
                }
            } else if let Some(mac) = mac
                && addr.is_unicast()
            {
                self.routes(mac);
            }
        }
        if is_service(tuple, flow.first) {
            self.answers(tuple, AppProto::Unknown, now);
        }
    }

    fn traffic(&mut self, digest: &TrafficDigest, now: Timestamp) {
        let tuple = &digest.tuple;
        for (addr, sent, received) in [(tuple.src, 0, 1), (tuple.dst, 1, 0)] {
            let bytes = [digest.bytes[sent], digest.bytes[received]];
            self.change(addr, |device| {
                for (sum, more) in device.bytes.iter_mut().zip(bytes) {
                    *sum = sum.saturating_add(more);
                }
                // What it receives, others may have sent to nobody.
                if digest.packets[sent] > 0 && digest.two_way {
                    device.last = device.last.max(now);
                }
                true
            });
        }
        if digest.two_way && digest.app != AppProto::Unknown {
            self.spoken(tuple, digest.app, now);
        }
    }

    fn ended(&mut self, record: &FlowRecord) {
        if record.app != AppProto::Unknown && record.resp.packets > 0 {
            self.spoken(&record.tuple, record.app, record.last);
        }
    }

    fn answers(&mut self, tuple: &FiveTuple, app: AppProto, now: Timestamp) {
        self.change(tuple.dst, |device| device.service(tuple.proto, tuple.dst_port, app, now));
    }

    /// What a known service speaks.
    fn spoken(&mut self, tuple: &FiveTuple, app: AppProto, now: Timestamp) {
        self.change(tuple.dst, |device| {
            let (proto, port) = (tuple.proto, tuple.dst_port);
            let known = device.services.iter().any(|s| (s.proto, s.port) == (proto, port));
            known && device.service(proto, port, app, now)
        });
    }
}

/// True when the responder's port is surely that of a service.
fn is_service(tuple: &FiveTuple, first: FirstPacket) -> bool {
    match tuple.proto {
        TCP => matches!(first, FirstPacket::Syn | FirstPacket::SynAck),
        UDP => tuple.dst_port < UDP_SERVICES && tuple.dst_port < tuple.src_port,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::digest;
    use crate::flow::FlowId;
    use anomalyzer_wire::Mac;

    fn tuple(src: [u8; 4], dst: [u8; 4], dst_port: u16, proto: u8) -> FiveTuple {
        FiveTuple { src: Addr::v4(src), dst: Addr::v4(dst), src_port: 50_000, dst_port, proto }
    }

    fn tell(inventory: &mut Inventory, what: Observation) {
        let seen = Seen { seq: 0, time: Timestamp::from_secs_nanos(9, 0), what };
        inventory.observe(&seen, &|addr| addr.is_private());
    }

    fn outcome(tuple: FiveTuple, outcome: Outcome) -> Observation {
        let macs = [Some(Mac([0, 0x25, 0xb3, 0, 0, 7])), Some(Mac([0, 0x25, 0xb3, 0, 0, 1]))];
        let (id, first, started) = (FlowId(1), FirstPacket::Syn, Timestamp::default());
        Observation::FlowOutcome(FlowOutcome { id, tuple, first, started, macs, outcome })
    }

    #[test]
    fn a_source_address_alone_is_no_device() {
        let mut inventory = Inventory::new(64, 1);
        let scan = tuple([10, 0, 0, 7], [10, 0, 0, 1], 22, TCP);
        for news in [Outcome::Answered, Outcome::Refused] {
            tell(&mut inventory, outcome(scan, news));
        }
        tell(&mut inventory, Observation::Traffic(digest(scan)));
        assert!(inventory.is_empty());
    }

    #[test]
    fn a_handshake_makes_devices_with_services_and_bytes() {
        let mut inventory = Inventory::new(64, 1);
        let ssh = tuple([10, 0, 0, 7], [10, 0, 0, 1], 22, TCP);
        tell(&mut inventory, outcome(ssh, Outcome::Established));
        let traffic = TrafficDigest {
            two_way: true,
            app: AppProto::Ssh,
            bytes: [100, 30],
            packets: [1, 1],
            ..digest(ssh)
        };
        tell(&mut inventory, Observation::Traffic(traffic));
        let server = inventory.at(ssh.dst).unwrap();
        assert_eq!(server.id.to_string(), "mac:00:25:b3:00:00:01");
        assert_eq!((server.bytes, server.flows), ([30, 100], 1));
        let [service] = server.services.as_slice() else { panic!("{:?}", server.services) };
        assert_eq!((service.port, service.app), (22, AppProto::Ssh));
        assert!(inventory.at(ssh.src).unwrap().services.is_empty());
    }

    #[test]
    fn who_is_outside_is_no_device_and_its_frames_come_from_a_router() {
        let mut inventory = Inventory::new(64, 1);
        let web = tuple([10, 0, 0, 7], [192, 0, 2, 1], 443, TCP);
        tell(&mut inventory, outcome(web, Outcome::Established));
        assert_eq!(inventory.len(), 1);
        // A host behind the same router is not the router.
        let inner = tuple([10, 0, 0, 7], [10, 9, 0, 1], 443, TCP);
        tell(&mut inventory, outcome(inner, Outcome::Established));
        assert_eq!(inventory.at(inner.dst).unwrap().mac(), None);
    }
}
