//! ICMP (RFC 792), ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861).

use std::net::{IpAddr, Ipv6Addr};

use super::ip::{self, Peer};

/// Echo request or reply in the version that the addresses have.
pub fn echo(src: &Peer, dst: &Peer, reply: bool, id: u16, seq: u16, payload: &[u8]) -> Vec<u8> {
    let (protocol, kind) = match (src.ip.is_ipv4(), reply) {
        (true, false) => (ip::ICMP, 8),
        (true, true) => (ip::ICMP, 0),
        (false, false) => (ip::ICMPV6, 128),
        (false, true) => (ip::ICMPV6, 129),
    };
    let [a, b, c, d] = pair(id, seq);
    message(src, dst, protocol, [kind, 0], [a, b, c, d], payload)
}

/// Destination unreachable with `code` (3 is "port unreachable") quoting the IPv4 frame `cause`.
pub fn unreachable(src: &Peer, dst: &Peer, code: u8, cause: &[u8]) -> Vec<u8> {
    let length = usize::from(u16::from_be_bytes([cause[16], cause[17]]));
    let quoted = &cause[ip::ETHERNET..ip::ETHERNET + length.min(28)];
    message(src, dst, ip::ICMP, [3, code], [0; 4], quoted)
}

/// Neighbour solicitation for `target`, multicast to its solicited-node group.
pub fn neighbour_solicitation(src: &Peer, target: Ipv6Addr) -> Vec<u8> {
    let [.., a, b, c] = target.octets();
    let group =
        Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
    let dst = Peer::group_v6(group, 0);
    neighbour(&Peer { ttl: 255, ..*src }, &dst, 135, [0; 4], target, (1, src.mac))
}

/// Solicited neighbour advertisement of `src` to `dst`.
pub fn neighbour_advertisement(src: &Peer, dst: &Peer, target: Ipv6Addr) -> Vec<u8> {
    neighbour(&Peer { ttl: 255, ..*src }, dst, 136, [0x60, 0, 0, 0], target, (2, src.mac))
}

/// Router advertisement to all nodes with one /64 prefix (RFC 4861 section 4.2).
pub fn router_advertisement(router: &Peer, prefix: Ipv6Addr) -> Vec<u8> {
    let dst = Peer::group_v6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 0);
    let mut rest = vec![0; 8];
    rest.extend_from_slice(&[1, 1]);
    rest.extend_from_slice(&router.mac);
    rest.extend_from_slice(&[3, 4, 64, 0xc0, 0, 0x27, 0x8d, 0, 0, 0x09, 0x3a, 0x80, 0, 0, 0, 0]);
    rest.extend_from_slice(&prefix.octets());
    let src = Peer { ttl: 255, ..*router };
    message(&src, &dst, ip::ICMPV6, [134, 0], [64, 0, 0x07, 0x08], &rest)
}

/// Multicast listener report version 2 that joins `group` (RFC 3810 section 5.2).
pub fn listener_report(src: &Peer, group: Ipv6Addr) -> Vec<u8> {
    let dst = Peer::group_v6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16), 0);
    let mut frame = ip::begin(&Peer { ttl: 1, ..*src }, &dst, 0, 0, 40);
    // Hop-by-hop header with the router alert that RFC 3810 asks for.
    frame.extend_from_slice(&[ip::ICMPV6, 0, 5, 2, 0, 0, 1, 0]);
    let start = frame.len();
    frame.extend_from_slice(&[143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0]);
    frame.extend_from_slice(&group.octets());
    let length = frame.len() - start;
    let total = super::checksum::pseudo_header(src.ip, dst.ip, ip::ICMPV6, length)
        + super::checksum::sum(&frame[start..]);
    let value = super::checksum::finish(total);
    frame[start + 2..start + 4].copy_from_slice(&value.to_be_bytes());
    ip::finish(frame, src, &dst, 0)
}

fn neighbour(
    src: &Peer,
    dst: &Peer,
    kind: u8,
    flags: [u8; 4],
    target: Ipv6Addr,
    (option, mac): (u8, [u8; 6]),
) -> Vec<u8> {
    let mut rest = target.octets().to_vec();
    rest.extend_from_slice(&[option, 1]);
    rest.extend_from_slice(&mac);
    message(src, dst, ip::ICMPV6, [kind, 0], flags, &rest)
}

/// Any message: type and code, the four bytes after the checksum, the rest.
pub fn message(
    src: &Peer,
    dst: &Peer,
    protocol: u8,
    [kind, code]: [u8; 2],
    word: [u8; 4],
    rest: &[u8],
) -> Vec<u8> {
    let mut frame = ip::begin(src, dst, protocol, 0, 8 + rest.len());
    frame.extend_from_slice(&[kind, code, 0, 0]);
    frame.extend_from_slice(&word);
    frame.extend_from_slice(rest);
    ip::finish(frame, src, dst, protocol)
}

fn pair(a: u16, b: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (a.to_be_bytes(), b.to_be_bytes());
    [a, b, c, d]
}

/// The link-local address that a hardware address gives (RFC 4291 appendix A).
pub fn link_local(mac: [u8; 6]) -> IpAddr {
    let [a, b, c, d, e, f] = mac;
    IpAddr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}
