//! What detectors see: facts derived from packets, never packets.

use crate::finding::Finding;
use crate::flow::{FiveTuple, FlowId, FlowRecord};
use crate::keyword::KeywordHit;
use crate::threat::{Hit, Indicators};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::dhcp::{DhcpMessage, Dhcpv6Message};
use anomalyzer_wire::app::dns::{DnsMessage, NbnsMessage};
use anomalyzer_wire::app::http::{HttpRequest, HttpResponse};
use anomalyzer_wire::app::kerberos::KerberosMessage;
use anomalyzer_wire::app::quic::QuicHello;
use anomalyzer_wire::app::rdp::RdpRequest;
use anomalyzer_wire::app::smb::SmbMessage;
use anomalyzer_wire::app::ssh::{SshBanner, SshEvent};
use anomalyzer_wire::app::text::TextEvent;
use anomalyzer_wire::app::tls::{ClientHello, ServerFlight};
use anomalyzer_wire::{Addr, Arp, HostileStr, Mac, Malformed, Quoted, Timestamp};
use std::sync::Arc;

/// One observation with its place in the order of everything that happened.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Sequence number of the frame (counted by the reader) that caused it.
    pub seq: u64,
    /// Packet time of that frame, clamped so that it never runs back.
    pub time: Timestamp,
    /// What was observed.
    pub what: Observation,
}

/// Everything that detectors can be told.
#[derive(Clone, Debug)]
pub enum Observation {
    /// The first packet of a flow.
    FlowStarted(FlowStarted),
    /// A flow's fate became known: answered, refused, talking. At most one of each per flow.
    FlowOutcome(FlowOutcome),
    /// A flow ended: closed, timed out, evicted or the input ended.
    FlowEnded(Box<FlowRecord>),
    /// One flow's traffic within one second; sent at the end of the second, or earlier when the
    /// flow has ended.
    Traffic(TrafficDigest),
    /// Totals of one second; sent behind the second's [`Observation::Traffic`].
    Second(SecondTotals),
    /// A fact of an application protocol.
    App(Box<AppSeen>),
    /// An ARP message.
    Arp(ArpSeen),
    /// An ICMP error that quotes another packet.
    IcmpError(IcmpError),
    /// A keyword was found in a payload or stream.
    Keyword(Box<KeywordHit>),
    /// A packet that is not as its standards say.
    Malformed(MalformedSeen),
    /// Contact with something on a threat list; made by the correlator.
    Listed(Box<ListedSeen>),
    /// Fragments: more than one copy of the same bytes, or an impossible layout.
    External(Box<Finding>),
}

/// A set of observation kinds, for [`crate::detect::Spec::sees`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub u16);

impl Kinds {
    /// [`Observation::FlowStarted`].
    pub const FLOW_STARTED: Self = Self(1);
    /// [`Observation::FlowOutcome`].
    pub const FLOW_OUTCOME: Self = Self(1 << 1);
    /// [`Observation::FlowEnded`].
    pub const FLOW_ENDED: Self = Self(1 << 2);
    /// [`Observation::Traffic`].
    pub const TRAFFIC: Self = Self(1 << 3);
    /// [`Observation::Second`].
    pub const SECOND: Self = Self(1 << 4);
    /// [`Observation::App`].
    pub const APP: Self = Self(1 << 5);
    /// [`Observation::Arp`].
    pub const ARP: Self = Self(1 << 6);
    /// [`Observation::IcmpError`].
    pub const ICMP_ERROR: Self = Self(1 << 7);
    /// [`Observation::Keyword`].
    pub const KEYWORD: Self = Self(1 << 8);
    /// [`Observation::Malformed`].
    pub const MALFORMED: Self = Self(1 << 9);
    /// [`Observation::External`].
    pub const EXTERNAL: Self = Self(1 << 10);

    /// [`Observation::Listed`].
    pub const LISTED: Self = Self(1 << 11);

    /// The union of two sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when the sets share a kind.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Observation {
    /// The kind, as a set of one.
    pub const fn kind(&self) -> Kinds {
        match self {
            Self::FlowStarted(_) => Kinds::FLOW_STARTED,
            Self::FlowOutcome(_) => Kinds::FLOW_OUTCOME,
            Self::FlowEnded(_) => Kinds::FLOW_ENDED,
            Self::Traffic(_) => Kinds::TRAFFIC,
            Self::Second(_) => Kinds::SECOND,
            Self::App(_) => Kinds::APP,
            Self::Arp(_) => Kinds::ARP,
            Self::IcmpError(_) => Kinds::ICMP_ERROR,
            Self::Keyword(_) => Kinds::KEYWORD,
            Self::Malformed(_) => Kinds::MALFORMED,
            Self::External(_) => Kinds::EXTERNAL,
            Self::Listed(_) => Kinds::LISTED,
        }
    }
}

/// A flow and where it begins.
#[derive(Clone, Copy, Debug)]
pub struct FlowStarted {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// What the first packet was.
    pub first: FirstPacket,
    /// The first packet was sent by the originator (false when the flow was first seen by an
    /// answer: SYN-ACK, or a packet from a service port).
    pub by_originator: bool,
    /// Source hardware address of the first packet, where the link type has one.
    pub src_mac: Option<Mac>,
    /// IP length of the first packet in bytes.
    pub ip_len: u32,
    /// Payload bytes of the first packet.
    pub payload_len: u32,
    /// TTL or hop limit of the first packet.
    pub ttl: u8,
    /// The flow runs inside a tunnel.
    pub tunnelled: bool,
}

/// What the first packet of a flow was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstPacket {
    /// SYN without ACK.
    Syn,
    /// SYN and ACK: the answer to a SYN that was not seen.
    SynAck,
    /// FIN without ACK (a FIN scan's probe).
    Fin,
    /// No flags at all.
    Null,
    /// FIN, PSH and URG without ACK.
    Xmas,
    /// ACK alone, without payload.
    Ack,
    /// RST, with or without ACK.
    Rst,
    /// FIN and ACK.
    FinAck,
    /// ACK with payload: the middle of a connection.
    Data,
    /// Another combination of TCP flags.
    OddTcp,
    /// UDP.
    Udp,
    /// ICMP or ICMPv6 with its type and code.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
    /// SCTP.
    Sctp,
    /// Another IP protocol.
    Other,
}

/// What became of a flow.
#[derive(Clone, Copy, Debug)]
pub struct FlowOutcome {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// What the flow's first packet was.
    pub first: FirstPacket,
    /// When the flow started.
    pub started: Timestamp,
    /// Hardware addresses of the originator's and the responder's side, as far as frames of both
    /// were seen; none of a flow inside a tunnel.
    pub macs: [Option<Mac>; 2],
    /// The news.
    pub outcome: Outcome,
}

/// News about a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// TCP: SYN answered by SYN-ACK. UDP, ICMP and others: the first packet of the other side.
    Answered,
    /// TCP: the three-way handshake is complete (the originator acknowledged).
    Established,
    /// TCP: the responder sent RST before any payload of its own.
    Refused,
    /// An ICMP error (unreachable of any kind) came back.
    Unreachable {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
    },
    /// Both sides have sent payload (TCP after the handshake; UDP).
    Talking,
}

/// One flow's traffic within one second.
#[derive(Clone, Copy, Debug)]
pub struct TrafficDigest {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Application protocol as far as it is recognised by the end of the second.
    pub app: AppProto,
    /// The flow has seen packets of both sides (at any time so far).
    pub two_way: bool,
    /// Packets within this second: by originator, by responder.
    pub packets: [u32; 2],
    /// Bytes on the wire within this second: by originator, by responder.
    pub bytes: [u64; 2],
    /// SYN-without-ACK packets within this second by the originator.
    pub syns: u32,
    /// SYN-ACK packets within this second by the responder.
    pub syn_acks: u32,
    /// RST packets within this second: by originator, by responder.
    pub rsts: [u32; 2],
    /// Packets within this second that were put together from fragments or are fragments.
    pub fragments: u32,
}

/// Totals of one second (or of the part of it that the capture holds).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondTotals {
    /// The second, in seconds since 1970-01-01 UTC.
    pub second: i64,
    /// Frames.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// TCP packets.
    pub tcp: u64,
    /// UDP packets.
    pub udp: u64,
    /// ICMP and ICMPv6 packets.
    pub icmp: u64,
    /// ARP messages.
    pub arp: u64,
    /// Everything else.
    pub other: u64,
    /// Flows that started.
    pub flows: u64,
    /// Bytes on the wire by protocol, in the order of the packets above: TCP, UDP, ICMP, ARP,
    /// everything else.
    pub protocol_bytes: [u64; 5],
}

/// A fact of an application protocol with the flow it belongs to.
#[derive(Clone, Debug)]
pub struct AppSeen {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Sent by the originator of the flow.
    pub by_originator: bool,
    /// Source hardware address, where the link type has one.
    pub src_mac: Option<Mac>,
    /// Application protocol of the flow.
    pub app: AppProto,
    /// The fact.
    pub fact: AppFact,
}

/// Facts of application protocols.
#[derive(Clone, Debug)]
pub enum AppFact {
    /// DNS, mDNS or LLMNR message.
    Dns(DnsMessage),
    /// NetBIOS name service message.
    Nbns(NbnsMessage),
    /// TLS ClientHello.
    TlsClient(Box<ClientHello>),
    /// TLS ServerHello with the server's certificate, where it is in the clear.
    TlsServer(Box<ServerFlight>),
    /// ClientHello out of QUIC Initial packets.
    Quic(Box<QuicHello>),
    /// HTTP/1 request head.
    HttpRequest(Box<HttpRequest>),
    /// HTTP/1 response head.
    HttpResponse(Box<HttpResponse>),
    /// DHCPv4 message.
    Dhcp(Box<DhcpMessage>),
    /// DHCPv6 message.
    Dhcpv6(Box<Dhcpv6Message>),
    /// SSH banner.
    Ssh(SshBanner),
    /// What the sizes of encrypted SSH packets tell.
    SshEvent(SshEvent),
    /// A command or reply of a line-based protocol (FTP, SMTP, POP3, IMAP, Telnet).
    Text(Box<TextEvent>),
    /// An SMB message.
    Smb(SmbMessage),
    /// A Kerberos message.
    Kerberos(KerberosMessage),
    /// An RDP connection request.
    Rdp(RdpRequest),
    /// What ICMP echo messages of a flow carried: at most once a second, and only when it was more
    /// than the fill of a ping program. The occasion is a later message, or the flow's end.
    Echo(Box<EchoDigest>),
}

/// What the ICMP echo messages of a flow carried since the last digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EchoDigest {
    /// Time of the first message counted.
    pub first: Timestamp,
    /// Time of the last one.
    pub last: Timestamp,
    /// Echo requests.
    pub requests: u32,
    /// Echo replies.
    pub replies: u32,
    /// Replies that returned the data of a request, or its beginning.
    pub mirrored: u32,
    /// Replies whose data is not that of their request, and no pattern.
    pub differing: u32,
    /// Replies with new data for which no request was seen, while there were others.
    pub unasked: u32,
    /// Messages, by originator and responder, whose data behind a time stamp was new and no
    /// pattern. Replies that return a request's data are not counted.
    pub fresh: [u32; 2],
    /// Bytes of those.
    pub fresh_bytes: [u64; 2],
    /// Of those, messages that hold an IP packet.
    pub packets_inside: u32,
    /// Source and destination of the last such packet.
    pub inner: Option<(Addr, Addr)>,
    /// Payload bytes of the largest message.
    pub bytes_max: u32,
}

/// An ARP message and the frame that carried it.
#[derive(Clone, Copy, Debug)]
pub struct ArpSeen {
    /// The message.
    pub arp: Arp,
    /// Source hardware address of the frame.
    pub frame_src: Option<Mac>,
    /// Outer VLAN id, 0 without.
    pub vlan: u16,
}

/// An ICMP error.
#[derive(Clone, Copy, Debug)]
pub struct IcmpError {
    /// Who sent the error.
    pub from: Addr,
    /// Who is told.
    pub to: Addr,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// True for ICMPv6.
    pub v6: bool,
    /// The packet it is about.
    pub quoted: Quoted,
}

/// A malformed packet.
#[derive(Clone, Copy, Debug)]
pub struct MalformedSeen {
    /// Sender, as far as the IP header could be read.
    pub src: Option<Addr>,
    /// Receiver, as far as the IP header could be read.
    pub dst: Option<Addr>,
    /// What was wrong.
    pub what: Malformed,
}

/// Contact with something on a threat list.
#[derive(Clone, Debug)]
pub struct ListedSeen {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Who had the contact: the other side than the listed one.
    pub host: Addr,
    /// How far it went.
    pub contact: Contact,
    /// The address or name as it was seen; it may lie within a listed network or below a listed
    /// name. Empty for fingerprints.
    pub seen_as: HostileStr,
    /// The indicator, to be asked of `lists`.
    pub hit: Hit,
    /// The lists that held when it was seen.
    pub lists: Arc<Indicators>,
}

/// How far a contact with something listed went, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contact {
    /// The listed address sent something to the host.
    Knocked,
    /// A DNS answer to the host holds the listed address or leads to the listed name.
    Resolved,
    /// The host sent something to the listed address.
    Tried,
    /// A hello of the host, or of a server that it called, has the listed fingerprint.
    Fingerprint,
    /// The listed address called, and both sides have sent payload.
    Talked,
    /// The host asked for the listed name in DNS.
    Asked,
    /// The host named the listed name to a server (TLS, QUIC, HTTP).
    Named,
    /// A server that the host called showed the listed certificate, or one for the listed name.
    Certificate,
    /// The host called the listed address, which answered.
    Reached,
}
