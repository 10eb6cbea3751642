//! Ethernet, IPv4 and IPv6 headers around a transport, with lengths and checksums filled in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum;

/// Length of an Ethernet header in bytes.
pub const ETHERNET: usize = 14;
/// Shortest Ethernet frame without its check sequence; shorter ones are padded.
pub const FRAME_MIN: usize = 60;
/// IP protocol numbers.
pub const ICMP: u8 = 1;
/// See [`ICMP`].
pub const TCP: u8 = 6;
/// See [`ICMP`].
pub const UDP: u8 = 17;
/// See [`ICMP`].
pub const ICMPV6: u8 = 58;

/// One side of a packet: hardware address on the captured segment, address, port and the hop limit
/// with which its packets arrive there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Hardware address on the captured segment (the gateway's for hosts beyond it).
    pub mac: [u8; 6],
    /// Network address.
    pub ip: IpAddr,
    /// Port; unused by ICMP.
    pub port: u16,
    /// TTL or hop limit of this side's packets where they are captured.
    pub ttl: u8,
}

impl Peer {
    /// This peer on another port.
    #[must_use]
    pub const fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// This peer with another address.
    #[must_use]
    pub const fn at(self, ip: IpAddr) -> Self {
        Self { ip, ..self }
    }

    /// An IPv4 multicast group as receiver (RFC 1112 section 6.4).
    pub fn group_v4(group: [u8; 4], port: u16) -> Self {
        let [_, b, c, d] = group;
        let mac = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
        Self { mac, ip: IpAddr::V4(Ipv4Addr::from(group)), port, ttl: 1 }
    }

    /// An IPv6 multicast group as receiver (RFC 2464 section 7).
    pub fn group_v6(group: Ipv6Addr, port: u16) -> Self {
        let [.., a, b, c, d] = group.octets();
        Self { mac: [0x33, 0x33, a, b, c, d], ip: IpAddr::V6(group), port, ttl: 1 }
    }

    /// An IPv4 broadcast address as receiver.
    pub fn broadcast(ip: [u8; 4], port: u16) -> Self {
        Self { mac: [0xff; 6], ip: IpAddr::V4(Ipv4Addr::from(ip)), port, ttl: 64 }
    }
}

/// Starts a frame: Ethernet and IP header with lengths and checksum still empty; the transport
/// follows and [`finish`] completes it. `reserve` is the expected length of what follows.
pub fn begin(src: &Peer, dst: &Peer, protocol: u8, id: u16, reserve: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity((ETHERNET + 40 + reserve).max(FRAME_MIN));
    frame.extend_from_slice(&dst.mac);
    frame.extend_from_slice(&src.mac);
    match (src.ip, dst.ip) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend_from_slice(&[0x08, 0x00, 0x45, 0, 0, 0]);
            frame.extend_from_slice(&id.to_be_bytes());
            frame.extend_from_slice(&[0x40, 0, src.ttl, protocol, 0, 0]);
            frame.extend_from_slice(&from.octets());
            frame.extend_from_slice(&to.octets());
        }
        (from, to) => {
            frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, protocol, src.ttl]);
            frame.extend_from_slice(&six(from).octets());
            frame.extend_from_slice(&six(to).octets());
        }
    }
    frame
}

/// Completes a frame of [`begin`]: lengths, header checksum, transport checksum and padding.
pub fn finish(mut frame: Vec<u8>, src: &Peer, dst: &Peer, protocol: u8) -> Vec<u8> {
    let v4 = src.ip.is_ipv4() && dst.ip.is_ipv4();
    let transport = if v4 { ETHERNET + 20 } else { ETHERNET + 40 };
    let length = frame.len() - transport;
    if v4 {
        frame[16..18].copy_from_slice(&((length + 20) as u16).to_be_bytes());
        seal_ipv4(&mut frame);
    } else {
        frame[18..20].copy_from_slice(&(length as u16).to_be_bytes());
    }
    let pseudo = match protocol {
        ICMP => 0,
        _ => checksum::pseudo_header(src.ip, dst.ip, protocol, length),
    };
    if let Some(at) = checksum_offset(protocol).filter(|at| at + 2 <= length) {
        let total = pseudo + checksum::sum(&frame[transport..]);
        let value = match (checksum::finish(total), protocol) {
            // RFC 768: an all-zero UDP checksum means "none", so zero is sent as all ones.
            (0, UDP) => 0xffff,
            (value, _) => value,
        };
        frame[transport + at..transport + at + 2].copy_from_slice(&value.to_be_bytes());
    }
    pad(frame)
}

/// Computes the IPv4 header checksum of an Ethernet frame anew.
pub fn seal_ipv4(frame: &mut [u8]) {
    frame[24..26].fill(0);
    let header = ETHERNET + usize::from(frame[ETHERNET] & 15) * 4;
    let value = checksum::finish(checksum::sum(&frame[ETHERNET..header]));
    frame[24..26].copy_from_slice(&value.to_be_bytes());
}

/// Pads a short frame with zeros, as senders do.
pub fn pad(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() < FRAME_MIN {
        frame.resize(FRAME_MIN, 0);
    }
    frame
}

/// A whole packet of any IP protocol whose payload needs no checksum.
pub fn datagram(src: &Peer, dst: &Peer, protocol: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = begin(src, dst, protocol, id, payload.len());
    frame.extend_from_slice(payload);
    finish(frame, src, dst, protocol)
}

/// Cuts an IPv4 frame of [`finish`] into fragments of at most `mtu` bytes (RFC 791 section 3.2).
pub fn fragment_ipv4(frame: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
    let (header, payload) = frame[..ETHERNET + length].split_at(ETHERNET + 20);
    let step = (mtu - 20) / 8 * 8;
    let count = payload.len().div_ceil(step);
    let cut = |(index, part): (usize, &[u8])| {
        let mut piece = Vec::with_capacity(FRAME_MIN.max(header.len() + part.len()));
        piece.extend_from_slice(header);
        piece.extend_from_slice(part);
        piece[16..18].copy_from_slice(&((part.len() + 20) as u16).to_be_bytes());
        let more = if index + 1 < count { 0x2000 } else { 0 };
        piece[20..22].copy_from_slice(&(more | (index * step / 8) as u16).to_be_bytes());
        seal_ipv4(&mut piece);
        pad(piece)
    };
    payload.chunks(step).enumerate().map(cut).collect()
}

/// Where the checksum stands in the transport header.
const fn checksum_offset(protocol: u8) -> Option<usize> {
    match protocol {
        TCP => Some(16),
        UDP => Some(6),
        ICMP | ICMPV6 => Some(2),
        _ => None,
    }
}

fn six(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
