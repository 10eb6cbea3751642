//! A packet for people: one line, its bytes, and its layers with their fields, for the hex view.
//!
//! The layers are walked from the outside, as the bytes stand; what is inside of a tunnel is told by
//! the line. Everything is read with checks: a packet may be cut or damaged anywhere.

use super::facts;
use crate::output::packet_line;
use anomalyzer_web::control::{EvidencePacket, PacketLayer};
use anomalyzer_wire::{Addr, LinkType, Mac, RawFrame, decode};
use std::fmt::Write as _;

/// Most layers of a packet.
const LAYERS_MAX: usize = 16;
/// EtherTypes.
const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// A packet with its number; without `payload` neither bytes nor what is behind the headers.
pub(super) fn describe(number: u64, frame: &RawFrame<'_>, payload: bool) -> EvidencePacket {
    let mut walk = Walk { data: frame.data, layers: Vec::new(), payload };
    walk.link(frame.link);
    EvidencePacket {
        time: frame.time.to_string(),
        line: packet_line(number, &decode(frame)),
        length: frame.orig_len,
        hex: if payload { hex(frame.data) } else { String::new() },
        layers: walk.layers,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The way through a packet.
struct Walk<'a> {
    data: &'a [u8],
    layers: Vec<PacketLayer>,
    payload: bool,
}

type Fields = Vec<(&'static str, String)>;

impl Walk<'_> {
    fn add(&mut self, name: &str, start: usize, length: usize, fields: Fields) {
        let length = length.min(self.data.len().saturating_sub(start));
        if length == 0 || self.layers.len() >= LAYERS_MAX {
            return;
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let fields = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let (start, length) = (number(start), number(length));
        self.layers.push(PacketLayer { name: name.to_owned(), start, length, fields });
    }

    fn u8(&self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.data.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.data.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn mac(&self, at: usize) -> Option<String> {
        let bytes: [u8; 6] = self.data.get(at..at + 6)?.try_into().ok()?;
        Some(Mac(bytes).to_string())
    }

    fn v4(&self, at: usize) -> Option<String> {
        let bytes: [u8; 4] = self.data.get(at..at + 4)?.try_into().ok()?;
        Some(Addr::v4(bytes).to_string())
    }

    fn v6(&self, at: usize) -> Option<String> {
        let bytes: [u8; 16] = self.data.get(at..at + 16)?.try_into().ok()?;
        Some(Addr::v6(bytes).to_string())
    }

    fn link(&mut self, link: LinkType) {
        let walked = match link.0 {
            1 => self.ethernet(),
            // Linux cooked captures, as `any` gives them.
            113 => self.cooked("Linux cooked", 16, 14),
            276 => self.cooked("Linux cooked v2", 20, 0),
            12 | 14 | 101 => self.raw_ip(0),
            _ => None,
        };
        if walked.is_none() {
            let behind = self.layers.last().map_or(0, |l| (l.start + l.length) as usize);
            self.rest(behind);
        }
    }

    /// What no layer describes.
    fn rest(&mut self, start: usize) {
        if self.payload {
            self.add("payload", start, usize::MAX, Vec::new());
        }
    }

    fn ethernet(&mut self) -> Option<()> {
        let (to, from, mut kind) = (self.mac(0)?, self.mac(6)?, self.u16(12)?);
        let fields = vec![("to", to), ("from", from), ("type", format!("{kind:#06x}"))];
        self.add("Ethernet", 0, 14, fields);
        let mut at = 14;
        while VLANS.contains(&kind) {
            let tag = self.u16(at)?;
            kind = self.u16(at + 2)?;
            let fields = vec![
                ("id", (tag & 0x0fff).to_string()),
                ("priority", (tag >> 13).to_string()),
                ("type", format!("{kind:#06x}")),
            ];
            self.add("VLAN", at, 4, fields);
            at += 4;
        }
        self.network(kind, at)
    }

    fn cooked(&mut self, name: &str, length: usize, kind_at: usize) -> Option<()> {
        let kind = self.u16(kind_at)?;
        self.add(name, 0, length, vec![("type", format!("{kind:#06x}"))]);
        self.network(kind, length)
    }

    fn raw_ip(&mut self, at: usize) -> Option<()> {
        match self.u8(at)? >> 4 {
            4 => self.ipv4(at),
            6 => self.ipv6(at),
            _ => None,
        }
    }

    fn network(&mut self, kind: u16, at: usize) -> Option<()> {
        match kind {
            IPV4 => self.ipv4(at),
            IPV6 => self.ipv6(at),
            ARP => self.arp(at),
            _ => None,
        }
    }

    fn arp(&mut self, at: usize) -> Option<()> {
        let operation = match self.u16(at + 6)? {
            1 => "request".to_owned(),
            2 => "reply".to_owned(),
            other => other.to_string(),
        };
        let fields = vec![
            ("operation", operation),
            ("sender", format!("{} at {}", self.v4(at + 14)?, self.mac(at + 8)?)),
            ("target", format!("{} at {}", self.v4(at + 24)?, self.mac(at + 18)?)),
        ];
        self.add("ARP", at, 28, fields);
        Some(())
    }

    fn ipv4(&mut self, at: usize) -> Option<()> {
        let length = usize::from(self.u8(at)? & 0x0f) * 4;
        let (total, fragment) = (usize::from(self.u16(at + 2)?), self.u16(at + 6)?);
        let proto = self.u8(at + 9)?;
        let mut fields = vec![
            ("from", self.v4(at + 12)?),
            ("to", self.v4(at + 16)?),
            ("protocol", protocol(proto)),
            ("time to live", self.u8(at + 8)?.to_string()),
            ("length", total.to_string()),
            ("identification", format!("{:#06x}", self.u16(at + 4)?)),
        ];
        let offset = usize::from(fragment & 0x1fff) * 8;
        if offset > 0 || fragment & 0x2000 != 0 {
            fields.push(("fragment at", offset.to_string()));
        }
        self.add("IPv4", at, length.max(20), fields);
        // Ethernet pads short frames: what is behind the datagram is no payload.
        if total >= length && at + total < self.data.len() {
            self.data = self.data.get(..at + total)?;
        }
        if offset > 0 {
            self.rest(at + length);
            return Some(());
        }
        self.transport(proto, at + length.max(20))
    }

    fn ipv6(&mut self, at: usize) -> Option<()> {
        let mut next = self.u8(at + 6)?;
        let fields = vec![
            ("from", self.v6(at + 8)?),
            ("to", self.v6(at + 24)?),
            ("next header", protocol(next)),
            ("hop limit", self.u8(at + 7)?.to_string()),
            ("payload length", self.u16(at + 4)?.to_string()),
            ("flow label", format!("{:#07x}", self.u32(at)? & 0x000f_ffff)),
        ];
        self.add("IPv6", at, 40, fields);
        let mut at = at + 40;
        // Hop-by-hop, routing, fragment, destination options.
        while matches!(next, 0 | 43 | 44 | 60) && self.layers.len() < LAYERS_MAX {
            let length = if next == 44 { 8 } else { (usize::from(self.u8(at + 1)?) + 1) * 8 };
            let behind = self.u8(at)?;
            self.add("IPv6 extension", at, length, vec![("next header", protocol(behind))]);
            if next == 44 && self.u16(at + 2)? & 0xfff8 != 0 {
                self.rest(at + length);
                return Some(());
            }
            (next, at) = (behind, at + length);
        }
        self.transport(next, at)
    }

    fn transport(&mut self, proto: u8, at: usize) -> Option<()> {
        match proto {
            6 => self.tcp(at),
            17 => self.udp(at),
            1 | 58 => self.icmp(if proto == 1 { "ICMP" } else { "ICMPv6" }, at),
            4 => self.ipv4(at),
            41 => self.ipv6(at),
            _ => None,
        }
    }

    fn tcp(&mut self, at: usize) -> Option<()> {
        let (from, to) = (self.u16(at)?, self.u16(at + 2)?);
        let length = (usize::from(self.u8(at + 12)? >> 4) * 4).max(20);
        let fields = vec![
            ("from port", from.to_string()),
            ("to port", to.to_string()),
            ("flags", tcp_flags(self.u8(at + 13)?)),
            ("sequence", self.u32(at + 4)?.to_string()),
            ("acknowledged", self.u32(at + 8)?.to_string()),
            ("window", self.u16(at + 14)?.to_string()),
        ];
        self.add("TCP", at, length, fields);
        self.application(at + length, facts::tcp);
        Some(())
    }

    fn udp(&mut self, at: usize) -> Option<()> {
        let (from, to) = (self.u16(at)?, self.u16(at + 2)?);
        let fields = vec![
            ("from port", from.to_string()),
            ("to port", to.to_string()),
            ("length", self.u16(at + 4)?.to_string()),
        ];
        self.add("UDP", at, 8, fields);
        let ports = [from, to];
        self.application(at + 8, |payload| facts::udp(payload, ports));
        Some(())
    }

    fn icmp(&mut self, name: &str, at: usize) -> Option<()> {
        let (kind, code) = (self.u8(at)?, self.u8(at + 1)?);
        let mut fields = vec![("type", kind.to_string()), ("code", code.to_string())];
        if matches!((name, kind), ("ICMP", 0 | 8) | ("ICMPv6", 128 | 129)) {
            fields.push(("identifier", self.u16(at + 4)?.to_string()));
            fields.push(("sequence", self.u16(at + 6)?.to_string()));
        }
        self.add(name, at, 8, fields);
        self.rest(at + 8);
        Some(())
    }

    /// What is behind the transport header, as far as it is understood.
    fn application(
        &mut self,
        at: usize,
        understand: impl FnOnce(&[u8]) -> Option<(&'static str, Fields)>,
    ) {
        let Some(payload) = self.data.get(at..).filter(|p| self.payload && !p.is_empty()) else {
            return;
        };
        match understand(payload) {
            Some((name, fields)) => self.add(name, at, usize::MAX, fields),
            None => self.rest(at),
        }
    }
}

fn protocol(number: u8) -> String {
    format!("{} ({number})", anomalyzer_report::protocol(number))
}

fn tcp_flags(flags: u8) -> String {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = |(bit, _): &(usize, &&str)| flags >> bit & 1 == 1;
    let names: Vec<&str> = NAMES.iter().enumerate().filter(set).map(|(_, name)| *name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_scenario::{AttackKind, Plan, generate};
    use std::collections::BTreeSet;

    #[test]
    fn layers_lie_behind_each_other_and_end_with_the_packet() {
        let plan = Plan::office(3, 2).with(AttackKind::Keyword);
        let mut names = BTreeSet::new();
        for frame in generate(&plan).take(4_000) {
            let raw = frame.raw();
            for cut in [raw.data.len(), raw.data.len() / 2, 15] {
                let data = raw.data.get(..cut).unwrap_or(raw.data);
                let told = describe(1, &RawFrame { data, ..raw }, true);
                let mut at = 0;
                for layer in &told.layers {
                    assert!(layer.start >= at && layer.length > 0, "{told:?}");
                    at = layer.start + layer.length;
                    names.insert(layer.name.clone());
                }
                assert!(at as usize <= data.len(), "{told:?}");
                assert_eq!(told.hex.len(), 2 * data.len());
            }
        }
        for name in ["Ethernet", "ARP", "IPv4", "TCP", "UDP", "DNS", "TLS", "HTTP"] {
            assert!(names.contains(name), "{name} is missing in {names:?}");
        }
    }

    #[test]
    fn without_the_right_to_see_payload_only_headers_are_told() {
        for frame in generate(&Plan::office(3, 1)).take(2_000) {
            let told = describe(1, &frame.raw(), false);
            assert!(told.hex.is_empty());
            let payload = ["payload", "DNS", "TLS", "HTTP"];
            assert!(told.layers.iter().all(|l| !payload.contains(&&*l.name)), "{told:?}");
        }
    }
}
