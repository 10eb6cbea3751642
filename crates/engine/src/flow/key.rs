//! The key of a flow: the same for both directions.

use super::FiveTuple;
use anomalyzer_wire::{Addr, Icmp, IpPacket, Quoted, Transport, Tunnel, TunnelKind};

/// Canonical key of a flow: the lower (address, port) pair first.
///
/// ICMP has no ports: echo, timestamp and the like are keyed by their request type, other messages
/// by type and code, and errors by the addresses they quote too, because these decide which worker
/// sees them. A flow inside a tunnel is keyed by the outermost pair and tunnel id too, so equal
/// private addresses in two tunnels stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowKey {
    lo: Addr,
    hi: Addr,
    lo_port: u16,
    hi_port: u16,
    proto: u8,
    context: u32,
}

/// Which side of a [`FlowKey`] sent a packet: 0 the lower, 1 the higher.
pub(crate) type Side = usize;

impl FlowKey {
    /// Key of a packet and the side that sent it.
    #[inline]
    pub(crate) fn of(ip: &IpPacket<'_>) -> (Self, Side) {
        let (src_port, dst_port) = match ip.transport {
            Transport::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
            Transport::Udp(udp) => (udp.src_port, udp.dst_port),
            Transport::Sctp { src_port, dst_port } => (src_port, dst_port),
            Transport::Icmp(icmp) => {
                let (lo_port, hi_port) = icmp_ports(&icmp);
                let context = icmp_context(&icmp, ip.tunnel.as_ref());
                return Self::sorted_by_address(
                    ip.src, ip.dst, lo_port, hi_port, ip.proto, context,
                );
            }
            Transport::Fragment | Transport::Other => (0, 0),
        };
        Self::sorted(ip.src, ip.dst, src_port, dst_port, ip.proto, context(ip.tunnel.as_ref()))
    }

    /// Key of the packet that an ICMP error quotes and the side that had sent it.
    pub(crate) fn quoted(quoted: &Quoted, tunnel: Option<&Tunnel>) -> (Self, Side) {
        let Quoted { src, dst, proto, src_port, dst_port } = *quoted;
        // ICMP that is answered by an error is an echo request, but for curiosities.
        let (lo_port, hi_port) = match proto {
            1 => (8, 0),
            58 => (128, 129),
            _ => return Self::sorted(src, dst, src_port, dst_port, proto, context(tunnel)),
        };
        Self::sorted_by_address(src, dst, lo_port, hi_port, proto, context(tunnel))
    }

    fn sorted(
        src: Addr,
        dst: Addr,
        src_port: u16,
        dst_port: u16,
        proto: u8,
        context: u32,
    ) -> (Self, Side) {
        if (src, src_port) <= (dst, dst_port) {
            (Self { lo: src, hi: dst, lo_port: src_port, hi_port: dst_port, proto, context }, 0)
        } else {
            (Self { lo: dst, hi: src, lo_port: dst_port, hi_port: src_port, proto, context }, 1)
        }
    }

    fn sorted_by_address(
        src: Addr,
        dst: Addr,
        lo_port: u16,
        hi_port: u16,
        proto: u8,
        context: u32,
    ) -> (Self, Side) {
        let side = usize::from(src > dst);
        let (lo, hi) = if side == 0 { (src, dst) } else { (dst, src) };
        (Self { lo, hi, lo_port, hi_port, proto, context }, side)
    }

    /// Originator, responder and ports, given the originator's side and (for ICMP) the type and
    /// code to show as ports.
    pub(crate) fn tuple(&self, orig: Side, icmp: Option<(u16, u16)>) -> FiveTuple {
        let (src, dst) = if orig == 0 { (self.lo, self.hi) } else { (self.hi, self.lo) };
        let (src_port, dst_port) = icmp.unwrap_or(if orig == 0 {
            (self.lo_port, self.hi_port)
        } else {
            (self.hi_port, self.lo_port)
        });
        FiveTuple { src, dst, src_port, dst_port, proto: self.proto }
    }
}

/// Key ports of an ICMP message: request type for pairs of request and reply, else type and code.
const fn icmp_ports(icmp: &Icmp) -> (u16, u16) {
    match icmp_request(icmp) {
        Some((request, reply)) => (request, reply),
        None => (icmp.kind as u16, icmp.code as u16),
    }
}

/// Request and reply type of the pair that a message belongs to.
pub(crate) const fn icmp_request(icmp: &Icmp) -> Option<(u16, u16)> {
    Some(match (icmp.v6, icmp.kind) {
        (false, 8 | 0) => (8, 0),
        (false, 13 | 14) => (13, 14),
        (false, 15 | 16) => (15, 16),
        (false, 17 | 18) => (17, 18),
        (false, 10 | 9) => (10, 9),
        (true, 128 | 129) => (128, 129),
        (true, 133 | 134) => (133, 134),
        (true, 135 | 136) => (135, 136),
        (true, 139 | 140) => (139, 140),
        _ => return None,
    })
}

/// The lower half.
#[allow(clippy::cast_possible_truncation)] // that is the point
const fn low64(bits: u128) -> u64 {
    bits as u64
}

/// A number that tells tunnels apart; 0 without one. Equal for both directions.
fn context(tunnel: Option<&Tunnel>) -> u32 {
    tunnel.map_or(0, |t| {
        // Each end of GTP-U picks the identifier of the direction towards it.
        let id = if t.kind == TunnelKind::GtpU { 0 } else { t.id };
        mixed_pair(t.outer_src, t.outer_dst, u64::from(id))
    })
}

/// The same for an ICMP message: errors about different pairs are different flows.
fn icmp_context(icmp: &Icmp, tunnel: Option<&Tunnel>) -> u32 {
    let outer = context(tunnel);
    match icmp.quoted.filter(|_| icmp.is_error()) {
        Some(quoted) => mixed_pair(quoted.src, quoted.dst, u64::from(outer)),
        None => outer,
    }
}

/// A number, never 0, that stands for a pair of addresses in either order.
fn mixed_pair(a: Addr, b: Addr, seed: u64) -> u32 {
    let (lo, hi) = if a <= b { (a.to_bits(), b.to_bits()) } else { (b.to_bits(), a.to_bits()) };
    let halves = [low64(lo), low64(lo >> 64), low64(hi), low64(hi >> 64)];
    let mixed = halves.iter().fold(seed, |sum, half| {
        let x = (sum.rotate_left(29) ^ half).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^ (x >> 32)
    });
    (mixed >> 32) as u32 | 1
}
