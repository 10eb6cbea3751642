//! packets.csv: one row for each frame.

use super::sheet::Sheet;
use crate::names;
use anomalyzer_wire::{Addr, Body, Packet, Transport};
use std::borrow::Cow;
use std::io;

const HEADER: [&str; 7] =
    ["timestamp", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "packet_size"];

/// Writes packets.csv.
pub struct Packets<W: io::Write>(Sheet<W>);

impl<W: io::Write> Packets<W> {
    /// Begins the file.
    pub fn new(out: W) -> io::Result<Self> {
        Sheet::new(out, HEADER).map(Self)
    }

    /// Adds a frame. What is not IP has no ports; ARP's addresses are its sender's and target's.
    pub fn row(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let sheet = &mut self.0;
        sheet.time(packet.time);
        let addrs = addrs(packet);
        sheet.addr(addrs.map(|(src, _)| src));
        sheet.addr(addrs.map(|(_, dst)| dst));
        if let Some((src, dst)) = ports(packet) {
            sheet.number(src);
            sheet.number(dst);
        } else {
            sheet.plain("");
            sheet.plain("");
        }
        sheet.plain(&protocol(packet));
        sheet.number(packet.wire_len);
        sheet.end()
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

fn addrs(packet: &Packet<'_>) -> Option<(Addr, Addr)> {
    match &packet.body {
        Body::Ip(ip) => Some((ip.src, ip.dst)),
        Body::Arp(arp) => Some((arp.sender_ip, arp.target_ip)),
        Body::Other { .. } | Body::UnknownLink => None,
    }
}

fn ports(packet: &Packet<'_>) -> Option<(u16, u16)> {
    let Body::Ip(ip) = &packet.body else { return None };
    match ip.transport {
        Transport::Tcp(tcp) => Some((tcp.src_port, tcp.dst_port)),
        Transport::Udp(udp) => Some((udp.src_port, udp.dst_port)),
        Transport::Sctp { src_port, dst_port } => Some((src_port, dst_port)),
        Transport::Icmp(_) | Transport::Fragment | Transport::Other => None,
    }
}

fn protocol(packet: &Packet<'_>) -> Cow<'static, str> {
    match &packet.body {
        Body::Ip(ip) => names::protocol(ip.proto),
        Body::Arp(_) => "arp".into(),
        Body::Other { ether_type: 0 } | Body::UnknownLink => "unknown".into(),
        Body::Other { ether_type } => format!("0x{ether_type:04x}").into(),
    }
}
