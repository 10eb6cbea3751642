//! What a frame was understood to be: borrowed views of its layers.

use crate::{Addr, Mac, Timestamp};

/// A decoded frame. Tunnels are opened: `body` is the innermost packet that was understood, and
/// [`IpPacket::tunnel`] names the outermost pair.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    /// Capture time.
    pub time: Timestamp,
    /// Length of the whole frame on the wire in bytes.
    pub wire_len: u32,
    /// Hardware addresses and VLAN tags of the outermost link layer.
    pub link: LinkInfo,
    /// The innermost understood network layer.
    pub body: Body<'a>,
    /// The first thing that was wrong with the frame, if anything.
    pub malformed: Option<Malformed>,
}

/// Facts of the link layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkInfo {
    /// Source hardware address where the link type has one.
    pub src: Option<Mac>,
    /// Destination hardware address where the link type has one.
    pub dst: Option<Mac>,
    /// Outer and inner VLAN id (12 bits); 0 where absent.
    pub vlan: [u16; 2],
    /// How many VLAN tags there were (may exceed the two kept).
    pub vlan_tags: u8,
    /// EtherType (or its equivalent) of what the link layer carries; 0 when unknown.
    pub ether_type: u16,
}

/// The innermost understood network layer.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// IPv4 or IPv6.
    Ip(IpPacket<'a>),
    /// ARP (or RARP) for IPv4 over Ethernet-like hardware.
    Arp(Arp),
    /// Something else, named by its EtherType (0 when not even that is known).
    Other {
        /// EtherType, or 0.
        ether_type: u16,
    },
    /// A link type that is counted and named but not decoded.
    UnknownLink,
}

/// An ARP message (RFC 826).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1 request, 2 reply, others as IANA numbers them.
    pub operation: u16,
    /// Sender hardware address.
    pub sender_mac: Mac,
    /// Sender protocol address.
    pub sender_ip: Addr,
    /// Target hardware address.
    pub target_mac: Mac,
    /// Target protocol address.
    pub target_ip: Addr,
    /// Set when the message was carried inside a tunnel; [`Packet::link`] then tells of the
    /// outside and says nothing about this message.
    pub tunnel: Option<Tunnel>,
}

/// An IPv4 or IPv6 packet with what is inside.
#[derive(Clone, Debug)]
pub struct IpPacket<'a> {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// 4 or 6.
    pub version: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Traffic class byte (DSCP and ECN).
    pub tos: u8,
    /// IP protocol number of the payload, after IPv6 extension headers.
    pub proto: u8,
    /// Length of this IP packet in bytes as its header says.
    pub total_len: u32,
    /// Set when this is a fragment of a larger packet; `transport` is then [`Transport::Fragment`].
    pub fragment: Option<Fragment>,
    /// The transport header.
    pub transport: Transport,
    /// Captured bytes behind the transport header (of a fragment: behind the IP header).
    pub payload: &'a [u8],
    /// Length of the payload in bytes as the headers say; `payload` may be shorter (snap length).
    pub payload_len: u32,
    /// Set when the packet was carried inside a tunnel.
    pub tunnel: Option<Tunnel>,
}

/// Where a fragment belongs in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Identification (16 bits in IPv4, 32 in IPv6).
    pub id: u32,
    /// Offset of the fragment's payload in bytes.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
}

/// The transport layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP (RFC 9293).
    Tcp(Tcp),
    /// UDP or UDP-Lite.
    Udp(Udp),
    /// ICMP or ICMPv6.
    Icmp(Icmp),
    /// SCTP (RFC 9260): ports only.
    Sctp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
    },
    /// A fragment that has not been put together.
    Fragment,
    /// Another protocol, or a transport header that was cut short.
    Other,
}

/// A TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flags.
    pub flags: TcpFlags,
    /// Window as sent, unscaled.
    pub window: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub window_scale: Option<u8>,
    /// SACK permitted option.
    pub sack_permitted: bool,
    /// Timestamps option: value and echo reply.
    pub timestamps: Option<(u32, u32)>,
    /// Header length in bytes.
    pub header_len: u8,
}

/// TCP flags, the low eight bits of the flags field (CWR ECE URG ACK PSH RST SYN FIN).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Acknowledgement field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent pointer is significant.
    pub const URG: u8 = 0x20;
    /// ECN echo.
    pub const ECE: u8 = 0x40;
    /// Congestion window reduced.
    pub const CWR: u8 = 0x80;

    /// True when all of `bits` are set.
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits == bits
    }

    /// True when any of `bits` is set.
    pub const fn any(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

/// A UDP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Length field: header and payload.
    pub len: u16,
}

/// An ICMP or ICMPv6 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// True for ICMPv6.
    pub v6: bool,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Identifier of echo messages; 0 elsewhere.
    pub id: u16,
    /// Sequence number of echo messages; 0 elsewhere.
    pub seq: u16,
    /// The packet that an error message quotes.
    pub quoted: Option<Quoted>,
}

impl Icmp {
    /// True for an echo request of either version.
    pub const fn is_echo_request(&self) -> bool {
        if self.v6 { self.kind == 128 } else { self.kind == 8 }
    }

    /// True for an echo reply of either version.
    pub const fn is_echo_reply(&self) -> bool {
        if self.v6 { self.kind == 129 } else { self.kind == 0 }
    }

    /// True for a message that reports an error about another packet.
    pub const fn is_error(&self) -> bool {
        if self.v6 { self.kind < 128 } else { matches!(self.kind, 3 | 4 | 5 | 11 | 12) }
    }
}

/// The head of the packet that an ICMP error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Source of the quoted packet.
    pub src: Addr,
    /// Destination of the quoted packet.
    pub dst: Addr,
    /// Its IP protocol.
    pub proto: u8,
    /// Its source port; 0 when not quoted or without ports.
    pub src_port: u16,
    /// Its destination port; 0 when not quoted or without ports.
    pub dst_port: u16,
}

/// The outermost tunnel around a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// What kind of tunnel.
    pub kind: TunnelKind,
    /// Source of the outermost IP header.
    pub outer_src: Addr,
    /// Destination of the outermost IP header.
    pub outer_dst: Addr,
    /// VNI, TEID, GRE key or 0.
    pub id: u32,
    /// How many tunnels were opened.
    pub depth: u8,
}

/// Kinds of tunnels that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TunnelKind {
    /// Generic Routing Encapsulation, ERSPAN included (RFC 2784, RFC 2890).
    Gre,
    /// VXLAN (RFC 7348).
    Vxlan,
    /// GENEVE (RFC 8926).
    Geneve,
    /// GTP-U (3GPP TS 29.281).
    GtpU,
    /// IPv4 in IPv4 (RFC 2003), IPv6 in IPv6 or IPv4 in IPv6 (RFC 2473).
    IpInIp,
    /// IPv6 in IPv4, protocol 41 (RFC 4213).
    SixInFour,
    /// Teredo (RFC 4380).
    Teredo,
}

/// What was wrong with a frame, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The layer that could not be read as its standard says.
    pub layer: Layer,
    /// What was wrong.
    pub kind: MalformedKind,
    /// Offset in the frame in bytes where that layer begins.
    pub offset: u32,
    /// Bytes (or, for values, the value) needed.
    pub needed: u32,
    /// Bytes (or the value) there were.
    pub had: u32,
}

/// Ways to be malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MalformedKind {
    /// The frame on the wire ends before the header does.
    Short,
    /// The capture's snap length cut the header: no fault of the sender.
    Snapped,
    /// A version field holds a value that the layer cannot have.
    Version,
    /// A length field contradicts the header or the bytes there are.
    Length,
    /// An option or extension header is damaged.
    Option,
    /// A combination of values that no honest sender uses (such as SYN with FIN).
    Flags,
    /// More layers inside each other than are opened.
    TooDeep,
    /// Fragments overlap, exceed 64 KiB or come in an impossible order.
    Fragment,
}

/// Layers, for [`Malformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Link layer of any type.
    Link,
    /// VLAN tag.
    Vlan,
    /// MPLS label stack.
    Mpls,
    /// PPPoE or PPP.
    Ppp,
    /// ARP.
    Arp,
    /// IPv4 header.
    Ipv4,
    /// IPv6 header or extension headers.
    Ipv6,
    /// TCP header.
    Tcp,
    /// UDP header.
    Udp,
    /// ICMP or ICMPv6.
    Icmp,
    /// SCTP header.
    Sctp,
    /// GRE, VXLAN, GENEVE, GTP-U, Teredo header.
    Tunnel,
}

impl Layer {
    /// Name as the field writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Vlan => "vlan",
            Self::Mpls => "mpls",
            Self::Ppp => "ppp",
            Self::Arp => "arp",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Sctp => "sctp",
            Self::Tunnel => "tunnel",
        }
    }
}

impl MalformedKind {
    /// One word for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Snapped => "snapped",
            Self::Version => "version",
            Self::Length => "length",
            Self::Option => "option",
            Self::Flags => "flags",
            Self::TooDeep => "too-deep",
            Self::Fragment => "fragment",
        }
    }
}

impl TunnelKind {
    /// Name as the field writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gre => "gre",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::GtpU => "gtp-u",
            Self::IpInIp => "ip-in-ip",
            Self::SixInFour => "6in4",
            Self::Teredo => "teredo",
        }
    }
}
