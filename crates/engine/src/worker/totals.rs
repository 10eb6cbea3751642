//! What a worker counts over everything it was given.

use crate::observation::SecondTotals;
use anomalyzer_wire::{Body, IpPacket, LinkType, Malformed, MalformedKind, Packet};

/// EtherTypes and link types counted apart; further EtherTypes are counted together.
const KINDS_MAX: usize = 64;

/// Packets and bytes of one protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
}

impl Volume {
    fn add(&mut self, bytes: u32) {
        self.packets += 1;
        self.bytes += u64::from(bytes);
    }

    /// Adds another volume.
    pub fn merge(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// Totals of a worker; those of all workers add up.
#[derive(Clone, Debug)]
pub struct WorkerTotals {
    /// By IP protocol number of the innermost packet.
    pub ip: [Volume; 256],
    /// ARP.
    pub arp: Volume,
    /// Other EtherTypes.
    pub ether: Vec<(u16, Volume)>,
    /// EtherTypes beyond the first 64.
    pub further_ether: Volume,
    /// Frames of a link type that is not decoded.
    pub unknown_link: Volume,
    /// Frames by link type.
    pub links: Vec<(LinkType, Volume)>,
    /// Sum of the flow records' digests.
    pub flow_digest: u64,
    /// Flows begun.
    pub flows: u64,
    /// Named counters.
    pub counters: WorkerCounters,
}

/// Named counters of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerCounters {
    /// Frames with a malformed note, cut ones apart.
    pub malformed: u64,
    /// Frames whose headers the snap length cut.
    pub snapped: u64,
    /// Packets inside tunnels.
    pub tunnelled: u64,
    /// Fragments.
    pub fragments: u64,
    /// Datagrams put together from fragments.
    pub defragmented: u64,
    /// One-way flows evicted because the table was full.
    pub evicted_one_way: u64,
    /// Two-way flows evicted because the table was full.
    pub evicted_two_way: u64,
    /// Payload bytes searched for keywords.
    pub searched_bytes: u64,
    /// Payload bytes not searched because they are encrypted (or media).
    pub encrypted_bytes: u64,
    /// Payload bytes not searched because the stream's depth was reached.
    pub beyond_depth_bytes: u64,
    /// Datagram bytes of a protocol that no keyword is for.
    pub unwanted_bytes: u64,
    /// TCP bytes that were missing in streams that somebody read.
    pub missed_bytes: u64,
    /// Segments that did not fit behind a gap.
    pub gaps_given_up: u64,
    /// Half-read application messages that were given up for want of room.
    pub messages_given_up: u64,
}

impl Default for WorkerTotals {
    fn default() -> Self {
        Self {
            ip: [Volume::default(); 256],
            arp: Volume::default(),
            ether: Vec::new(),
            further_ether: Volume::default(),
            unknown_link: Volume::default(),
            links: Vec::new(),
            flow_digest: 0,
            flows: 0,
            counters: WorkerCounters::default(),
        }
    }
}

impl WorkerTotals {
    /// Counts one frame.
    #[inline]
    pub(super) fn frame(&mut self, link: LinkType, packet: &Packet<'_>, second: &mut SecondTotals) {
        let bytes = packet.wire_len;
        second.packets += 1;
        second.bytes += u64::from(bytes);
        count_kind(&mut self.links, link, bytes);
        match &packet.body {
            Body::Ip(ip) => self.ip(ip, bytes, second),
            Body::Arp(_) => {
                self.arp.add(bytes);
                second.arp += 1;
                second.protocol_bytes[3] += u64::from(bytes);
            }
            Body::Other { ether_type } => {
                if !count_kind(&mut self.ether, *ether_type, bytes) {
                    self.further_ether.add(bytes);
                }
                second.other += 1;
                second.protocol_bytes[4] += u64::from(bytes);
            }
            Body::UnknownLink => {
                self.unknown_link.add(bytes);
                second.other += 1;
                second.protocol_bytes[4] += u64::from(bytes);
            }
        }
        if let Some(note) = packet.malformed {
            self.malformed(note);
        }
    }

    fn ip(&mut self, ip: &IpPacket<'_>, bytes: u32, second: &mut SecondTotals) {
        if let Some(volume) = self.ip.get_mut(usize::from(ip.proto)) {
            volume.add(bytes);
        }
        let (packets, place) = match ip.proto {
            6 => (&mut second.tcp, 0),
            17 => (&mut second.udp, 1),
            1 | 58 => (&mut second.icmp, 2),
            _ => (&mut second.other, 4),
        };
        *packets += 1;
        second.protocol_bytes[place] += u64::from(bytes);
        self.counters.tunnelled += u64::from(ip.tunnel.is_some());
        self.counters.fragments += u64::from(ip.fragment.is_some());
    }

    fn malformed(&mut self, note: Malformed) {
        if note.kind == MalformedKind::Snapped {
            self.counters.snapped += 1;
        } else {
            self.counters.malformed += 1;
        }
    }

    /// Adds the totals of another worker.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.ip.iter_mut().zip(&other.ip) {
            sum.merge(*more);
        }
        self.arp.merge(other.arp);
        self.further_ether.merge(other.further_ether);
        self.unknown_link.merge(other.unknown_link);
        merge_kinds(&mut self.ether, &other.ether);
        merge_kinds(&mut self.links, &other.links);
        self.flow_digest = self.flow_digest.wrapping_add(other.flow_digest);
        self.flows += other.flows;
        self.counters.merge(&other.counters);
    }
}

impl WorkerCounters {
    pub(super) fn merge(&mut self, other: &Self) {
        self.malformed += other.malformed;
        self.snapped += other.snapped;
        self.tunnelled += other.tunnelled;
        self.fragments += other.fragments;
        self.defragmented += other.defragmented;
        self.evicted_one_way += other.evicted_one_way;
        self.evicted_two_way += other.evicted_two_way;
        self.searched_bytes += other.searched_bytes;
        self.encrypted_bytes += other.encrypted_bytes;
        self.beyond_depth_bytes += other.beyond_depth_bytes;
        self.unwanted_bytes += other.unwanted_bytes;
        self.missed_bytes += other.missed_bytes;
        self.gaps_given_up += other.gaps_given_up;
        self.messages_given_up += other.messages_given_up;
    }
}

/// False when there is no room for one more kind.
fn count_kind<K: Copy + PartialEq>(kinds: &mut Vec<(K, Volume)>, kind: K, bytes: u32) -> bool {
    if let Some((_, volume)) = kinds.iter_mut().find(|(k, _)| *k == kind) {
        volume.add(bytes);
    } else if kinds.len() < KINDS_MAX {
        kinds.push((kind, Volume { packets: 1, bytes: u64::from(bytes) }));
    } else {
        return false;
    }
    true
}

fn merge_kinds<K: Copy + PartialEq>(sum: &mut Vec<(K, Volume)>, more: &[(K, Volume)]) {
    for (kind, volume) in more {
        match sum.iter_mut().find(|(k, _)| k == kind) {
            Some((_, total)) => total.merge(*volume),
            None => sum.push((*kind, *volume)),
        }
    }
}
