//! Flows of a capture for tests of application facts: datagrams of each direction and the
//! beginning of each TCP direction in order. Simple on purpose; the real reassembly is in the
//! engine crate.

use std::collections::BTreeMap;

use anomalyzer_wire::{
    Addr, Body, Datagram, DefragLimits, Defragmenter, Packet, RawFrame, Transport, Udp,
};
use anomalyzer_wire::{decode, decode_datagram};

/// The most bytes of a direction that are put in order.
const PREFIX_MAX: usize = 64 * 1024;

/// One end of a flow.
pub(crate) type End = (Addr, u16);

/// A direction of a TCP connection.
#[derive(Default)]
pub(crate) struct Direction {
    first_seq: Option<u32>,
    segments: Vec<(usize, Vec<u8>)>,
}

impl Direction {
    fn add(&mut self, seq: u32, syn: bool, payload: &[u8]) {
        let first = *self.first_seq.get_or_insert(seq.wrapping_add(u32::from(syn)));
        let data_seq = seq.wrapping_add(u32::from(syn));
        let offset = usize::try_from(data_seq.wrapping_sub(first)).unwrap();
        if !payload.is_empty() && offset < PREFIX_MAX {
            self.segments.push((offset, payload.to_vec()));
        }
    }

    /// The bytes up to the first gap.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut segments: Vec<_> = self.segments.iter().collect();
        segments.sort_by_key(|(offset, _)| *offset);
        for (offset, payload) in segments {
            let Some(known) = bytes.len().checked_sub(*offset) else { break };
            bytes.extend_from_slice(payload.get(known..).unwrap_or_default());
        }
        bytes
    }
}

/// All flows of a capture.
#[derive(Default)]
pub(crate) struct Flows {
    /// Directions by sender and receiver.
    pub(crate) tcp: BTreeMap<(End, End), Direction>,
    /// Datagrams in order with sender and receiver.
    pub(crate) udp: Vec<(End, End, Vec<u8>)>,
    /// Who sent the first packet of a TCP connection, SYN without ACK preferred.
    pub(crate) originators: BTreeMap<(End, End), bool>,
}

impl Flows {
    pub(crate) fn of<'a>(frames: impl Iterator<Item = RawFrame<'a>>) -> Self {
        let mut flows = Self::default();
        let mut fragments = Defragmenter::new(DefragLimits::default());
        for frame in frames {
            let packet = decode(&frame);
            match fragments.push(&packet).datagram {
                Some(datagram) => flows.put_together(&packet, &datagram),
                None => flows.packet(&packet),
            }
        }
        flows
    }

    fn put_together(&mut self, last: &Packet<'_>, datagram: &Datagram) {
        self.packet(&decode_datagram(last, datagram));
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let Body::Ip(ip) = &packet.body else { return };
        match ip.transport {
            Transport::Tcp(tcp) => {
                let key = ((ip.src, tcp.src_port), (ip.dst, tcp.dst_port));
                let syn = tcp.flags.has(2);
                if !self.originators.contains_key(&(key.1, key.0)) {
                    self.originators.entry(key).or_insert(true);
                }
                self.tcp.entry(key).or_default().add(tcp.seq, syn, ip.payload);
            }
            Transport::Udp(Udp { src_port, dst_port, .. }) => {
                self.udp.push(((ip.src, src_port), (ip.dst, dst_port), ip.payload.to_vec()));
            }
            _ => {}
        }
    }
}
