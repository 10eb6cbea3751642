//! A packet in a line: `12  09:00:01.234567  192.0.2.1:443 > 192.0.2.2:50000  TCP SYN ACK  60 B`.

use anomalyzer_report::protocol;
use anomalyzer_wire::{Addr, Arp, Body, IpPacket, Packet, TcpFlags, Transport};
use std::fmt::Write as _;

/// Describes a packet. Nothing in it is text from the wire.
pub(crate) fn line(number: u64, packet: &Packet<'_>) -> String {
    let time = packet.time.to_string();
    let time = time.get(11..26).unwrap_or(&time);
    let mut line = format!("{number:>6}  {time}  {}  {} B", body(packet), packet.wire_len);
    if let Some(wrong) = packet.malformed {
        let _ = write!(line, "  malformed {}: {}", wrong.layer.name(), wrong.kind.name());
    }
    line
}

fn body(packet: &Packet<'_>) -> String {
    match &packet.body {
        Body::Ip(ip) => ip_line(ip),
        Body::Arp(arp) => arp_line(arp),
        Body::Other { ether_type } => format!("ethertype {ether_type:#06x}"),
        Body::UnknownLink => "link type not decoded".into(),
    }
}

fn ip_line(ip: &IpPacket<'_>) -> String {
    let name = protocol(ip.proto).to_uppercase();
    let pair = |src: u16, dst: u16| format!("{} > {}", host(ip.src, src), host(ip.dst, dst));
    let bare = || format!("{} > {}", ip.src, ip.dst);
    match ip.transport {
        Transport::Tcp(tcp) => {
            format!("{}  TCP{}", pair(tcp.src_port, tcp.dst_port), flags(tcp.flags))
        }
        Transport::Udp(udp) => format!("{}  UDP", pair(udp.src_port, udp.dst_port)),
        Transport::Sctp { src_port, dst_port } => format!("{}  SCTP", pair(src_port, dst_port)),
        Transport::Icmp(icmp) => {
            format!("{}  {name} type {} code {}", bare(), icmp.kind, icmp.code)
        }
        Transport::Fragment => format!("{}  {name} fragment", bare()),
        Transport::Other => format!("{}  {name}", bare()),
    }
}

fn host(addr: Addr, port: u16) -> String {
    if addr.is_v4() { format!("{addr}:{port}") } else { format!("[{addr}]:{port}") }
}

fn arp_line(arp: &Arp) -> String {
    match arp.operation {
        1 => format!("ARP who has {}? tell {}", arp.target_ip, arp.sender_ip),
        2 => format!("ARP {} is at {}", arp.sender_ip, arp.sender_mac),
        operation => format!("ARP operation {operation} of {}", arp.sender_ip),
    }
}

fn flags(flags: TcpFlags) -> String {
    const NAMES: [(u8, &str); 8] = [
        (TcpFlags::SYN, " SYN"),
        (TcpFlags::FIN, " FIN"),
        (TcpFlags::RST, " RST"),
        (TcpFlags::PSH, " PSH"),
        (TcpFlags::ACK, " ACK"),
        (TcpFlags::URG, " URG"),
        (TcpFlags::ECE, " ECE"),
        (TcpFlags::CWR, " CWR"),
    ];
    NAMES.iter().filter(|(bit, _)| flags.has(*bit)).map(|(_, name)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_scenario::{Plan, generate};
    use anomalyzer_wire::decode;

    #[test]
    fn every_packet_of_an_office_has_a_line() {
        let frames: Vec<_> = generate(&Plan::office(3, 1)).take(2_000).collect();
        let lines: Vec<String> = frames.iter().map(|f| line(7, &decode(&f.raw()))).collect();
        assert!(lines.iter().all(|l| l.starts_with("     7  09:0") && l.ends_with(" B")));
        assert!(lines.iter().any(|l| l.contains(":443  TCP SYN ") || l.contains(":80  TCP SYN ")));
        assert!(lines.iter().any(|l| l.contains("UDP")));
    }
}
