//! What the first packet of a flow tells: its kind, and who began.

use super::key::icmp_request;
use crate::observation::FirstPacket;
use anomalyzer_wire::{IpPacket, TcpFlags, Transport};

/// What a flow's first packet is.
pub(super) fn classify(ip: &IpPacket<'_>) -> FirstPacket {
    match ip.transport {
        Transport::Tcp(tcp) => classify_tcp(tcp.flags, ip.payload_len),
        Transport::Udp(_) => FirstPacket::Udp,
        Transport::Icmp(icmp) => FirstPacket::Icmp { kind: icmp.kind, code: icmp.code },
        Transport::Sctp { .. } => FirstPacket::Sctp,
        Transport::Fragment | Transport::Other => FirstPacket::Other,
    }
}

fn classify_tcp(flags: TcpFlags, payload: u32) -> FirstPacket {
    // CWR and ECE belong to ECN set-up and say nothing about the kind of packet.
    match flags.0 & !(TcpFlags::CWR | TcpFlags::ECE) {
        TcpFlags::SYN => FirstPacket::Syn,
        f if f == TcpFlags::SYN | TcpFlags::ACK => FirstPacket::SynAck,
        TcpFlags::FIN => FirstPacket::Fin,
        0 => FirstPacket::Null,
        f if f == TcpFlags::FIN | TcpFlags::PSH | TcpFlags::URG => FirstPacket::Xmas,
        f if f & TcpFlags::SYN != 0 => FirstPacket::OddTcp,
        f if f & TcpFlags::RST != 0 => FirstPacket::Rst,
        f if f & TcpFlags::ACK == 0 => FirstPacket::OddTcp,
        _ if payload > 0 => FirstPacket::Data,
        f if f & TcpFlags::FIN != 0 => FirstPacket::FinAck,
        _ => FirstPacket::Ack,
    }
}

/// Whether the sender of a flow's first packet is its originator, and whether that is certain.
/// Without a SYN the ports decide: services have the lower one.
pub(super) fn sent_by_originator(first: FirstPacket, ip: &IpPacket<'_>) -> (bool, bool) {
    match first {
        FirstPacket::Syn | FirstPacket::Fin | FirstPacket::Null | FirstPacket::Xmas => (true, true),
        FirstPacket::SynAck => (false, true),
        FirstPacket::Icmp { .. } => {
            let reply = matches!(ip.transport, Transport::Icmp(i)
                if icmp_request(&i).is_some_and(|(request, _)| request != u16::from(i.kind)));
            (!reply, true)
        }
        _ => match ip.transport {
            Transport::Tcp(tcp) => (tcp.src_port >= tcp.dst_port, false),
            Transport::Udp(udp) => {
                let ports = (udp.src_port, udp.dst_port);
                let dhcp = matches!(ports, (67, 68) | (547, 546));
                let answer = dhcp || udp.src_port < 1_024 && udp.dst_port >= 1_024;
                (!answer, answer)
            }
            _ => (true, true),
        },
    }
}

/// What stands for the ports of an ICMP flow: type and code of the originator's message.
pub(super) fn icmp_ports(ip: &IpPacket<'_>) -> Option<(u16, u16)> {
    let Transport::Icmp(icmp) = ip.transport else { return None };
    Some(icmp_request(&icmp).unwrap_or((u16::from(icmp.kind), u16::from(icmp.code))))
}
