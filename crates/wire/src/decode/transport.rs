//! Transport headers: TCP (RFC 9293), UDP (RFC 768), UDP-Lite (RFC 3828), SCTP (RFC 9260); and
//! the choice of what an IP protocol number means.

use super::ip6::Behind;
use super::numbers::proto;
use super::view::len16;
use super::{Decoder, Head, View};
use crate::{Layer, MalformedKind, Tcp, TcpFlags, Transport, Udp};

const TCP_HEADER_LEN: usize = 20;
const UDP_HEADER_LEN: usize = 8;
const SCTP_HEADER_LEN: usize = 12;

impl<'a> Decoder<'a, '_> {
    /// Decodes what an IP header carries.
    #[inline(always)]
    pub(super) fn transport(&mut self, head: Head, view: View<'a>) {
        match head.proto {
            proto::TCP => self.tcp(head, view),
            proto::UDP => self.udp(head, view),
            _ => self.rare_transport(head, view),
        }
    }

    #[inline(never)]
    fn rare_transport(&mut self, head: Head, view: View<'a>) {
        let (transport, payload) = match (head.proto, head.version) {
            (proto::ICMP, 4) => self.icmp(false, view),
            (proto::ICMPV6, 6) => self.icmp(true, view),
            (proto::SCTP, _) => self.sctp(view),
            (proto::UDP_LITE, _) => self.udp_lite(view),
            (proto::AH, 4) => return self.behind_ah(head, view),
            (proto::GRE | proto::IPV4 | proto::IPV6, _) => {
                if self.ip_tunnel(&head, view) {
                    return;
                }
                (Transport::Other, view)
            }
            _ => (Transport::Other, view),
        };
        self.finish(head, transport, payload);
    }

    /// What is behind the authentication header of an IPv4 packet.
    fn behind_ah(&mut self, mut head: Head, view: View<'a>) {
        match self.extensions(proto::AH, view) {
            // Only headers of IPv6 may repeat; one authentication header is opened.
            Behind::Upper(proto, payload) if proto != proto::AH => {
                head.proto = proto;
                self.transport(head, payload);
            }
            _ => self.finish(head, Transport::Other, view),
        }
    }

    /// The header is written to its place first and its options then added there: a packet that
    /// is built elsewhere and copied costs twice as much.
    #[inline(always)]
    fn tcp(&mut self, head: Head, view: View<'a>) {
        let Some(header) = view.head::<TCP_HEADER_LEN>() else { return self.tcp_cut(head, view) };
        let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = header;
        let header_len = (offset >> 4) * 4;
        let len = usize::from(header_len);
        // No payload is where a header claims to end inside itself.
        let payload = view.skip(if len < TCP_HEADER_LEN { view.len } else { len });
        let tcp = Tcp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(flags),
            window: u16::from_be_bytes([w0, w1]),
            mss: None,
            window_scale: None,
            sack_permitted: false,
            timestamps: None,
            header_len,
        };
        self.finish(head, Transport::Tcp(tcp), payload);
        if len < TCP_HEADER_LEN || impossible(TcpFlags(flags)) {
            self.bad_tcp(view, len, flags);
        }
        if len > TCP_HEADER_LEN {
            self.tcp_options(view, len);
        }
    }

    #[cold]
    fn bad_tcp(&mut self, view: View<'a>, len: usize, flags: u8) {
        if impossible(TcpFlags(flags)) {
            self.note(Layer::Tcp, MalformedKind::Flags, view, 0, usize::from(flags));
        } else {
            self.note(Layer::Tcp, MalformedKind::Length, view, TCP_HEADER_LEN, len);
        }
    }

    /// A header of which fewer than 20 bytes were captured. When the capture is at fault and the
    /// flags are still there, ports, numbers and flags are told; the window is then 0.
    #[cold]
    fn tcp_cut(&mut self, head: Head, view: View<'a>) {
        self.short(Layer::Tcp, view, TCP_HEADER_LEN);
        let Some(&[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags]) = view.head()
        else {
            return self.finish(head, Transport::Other, view);
        };
        let header_len = (offset >> 4) * 4;
        if view.len < TCP_HEADER_LEN || usize::from(header_len) < TCP_HEADER_LEN {
            return self.finish(head, Transport::Other, view);
        }
        let tcp = Tcp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(flags),
            window: 0,
            mss: None,
            window_scale: None,
            sack_permitted: false,
            timestamps: None,
            header_len,
        };
        self.finish(head, Transport::Tcp(tcp), view.skip(usize::from(header_len)));
    }

    #[inline]
    fn udp(&mut self, head: Head, view: View<'a>) {
        let Some((&[s0, s1, d0, d1, l0, l1, _, _], rest)) = view.split::<UDP_HEADER_LEN>() else {
            self.short(Layer::Udp, view, UDP_HEADER_LEN);
            return self.finish(head, Transport::Other, view);
        };
        let udp = Udp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
            len: u16::from_be_bytes([l0, l1]),
        };
        let payload = self.udp_payload(view, rest, len16([l0, l1]));
        if self.udp_tunnel(&head, udp, payload) {
            return;
        }
        self.finish(head, Transport::Udp(udp), payload);
    }

    /// The payload by the length field. 0 stands for "as IP says" in jumbograms (RFC 2675) and
    /// under segmentation offload.
    #[inline]
    fn udp_payload(&mut self, view: View<'a>, rest: View<'a>, len: usize) -> View<'a> {
        if len == 0 {
            return rest;
        }
        if len < UDP_HEADER_LEN || len > view.len {
            self.note(Layer::Udp, MalformedKind::Length, view, len.max(UDP_HEADER_LEN), view.len);
            return rest;
        }
        rest.limit(len - UDP_HEADER_LEN)
    }

    /// UDP-Lite has a checksum coverage where UDP has its length, so the length is that of IP.
    fn udp_lite(&mut self, view: View<'a>) -> (Transport, View<'a>) {
        let Some((&[s0, s1, d0, d1, c0, c1, _, _], rest)) = view.split::<UDP_HEADER_LEN>() else {
            self.short(Layer::Udp, view, UDP_HEADER_LEN);
            return (Transport::Other, view);
        };
        let coverage = len16([c0, c1]);
        if coverage > view.len || (1..UDP_HEADER_LEN).contains(&coverage) {
            self.note(Layer::Udp, MalformedKind::Length, view, coverage, view.len);
        }
        let udp = Udp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
            len: u16::try_from(view.len).unwrap_or(u16::MAX),
        };
        (Transport::Udp(udp), rest)
    }

    fn sctp(&mut self, view: View<'a>) -> (Transport, View<'a>) {
        if view.data.len() < SCTP_HEADER_LEN {
            self.short(Layer::Sctp, view, SCTP_HEADER_LEN);
        }
        let Some(&[s0, s1, d0, d1]) = view.head() else { return (Transport::Other, view) };
        let transport = Transport::Sctp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
        };
        (transport, view.skip(SCTP_HEADER_LEN))
    }
}

/// Flags that ask to open and to close at once. Scans without SYN (NULL, FIN, XMAS) are left to
/// those who look for scans.
#[inline]
const fn impossible(flags: TcpFlags) -> bool {
    flags.has(TcpFlags::SYN) && flags.any(TcpFlags::FIN | TcpFlags::RST)
}
