//! What a capture holds, in numbers.

use crate::alert::Hidden;
use crate::finding::Tally;
use anomalyzer_wire::{Addr, LinkType, Timestamp};
use std::sync::Arc;

/// The facts of everything seen so far.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Frames.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Packet time of the first frame in file order.
    pub first: Option<Timestamp>,
    /// Latest packet time.
    pub last: Option<Timestamp>,
    /// Frames per link type, most first.
    pub link_types: Vec<(LinkType, u64)>,
    /// Frames and bytes per protocol (`tcp`, `udp`, `icmp`, `icmpv6`, `arp`, `sctp`, `ospf`...),
    /// most bytes first.
    pub protocols: Vec<Share>,
    /// Flows and bytes per application protocol, most bytes first.
    pub applications: Vec<Share>,
    /// Sources by bytes sent, most first (at most 100).
    pub top_sources: Vec<HostShare>,
    /// Destinations by bytes received, most first (at most 100).
    pub top_destinations: Vec<HostShare>,
    /// Responder ports by bytes, most first (at most 100).
    pub top_ports: Vec<PortShare>,
    /// Distinct source addresses.
    pub sources: Tally,
    /// Distinct destination addresses.
    pub destinations: Tally,
    /// Distinct responder ports (TCP and UDP apart).
    pub ports: Tally,
    /// Flows so far.
    pub flows: u64,
    /// Packets and bytes per second, over the seconds that had traffic.
    pub per_second: PerSecond,
    /// Keywords that were found, most hits first (at most 1,000 patterns).
    pub keywords: Vec<KeywordShare>,
    /// Counters of the whole engine: name, value; names are stable, in alphabetical order.
    pub counters: Vec<(&'static str, u64)>,
    /// What rules of the site hide, for each rule that hides something.
    pub suppressed: Vec<Hidden>,
    /// Sum over all flow records and their features, the same for any number of workers.
    pub flow_digest: u64,
}

/// How often a keyword was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeywordShare {
    /// Name of the list.
    pub list: Arc<str>,
    /// Name of the pattern within the list.
    pub pattern: Arc<str>,
    /// How often.
    pub hits: u64,
}

/// A named share of the traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Protocol or application name.
    pub name: String,
    /// Packets (of applications: of the flows recognised as such).
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Flows; 0 for protocols without flows.
    pub flows: u64,
}

/// A host's share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostShare {
    /// The host.
    pub addr: Addr,
    /// Packets sent (or received).
    pub packets: u64,
    /// Bytes sent (or received).
    pub bytes: u64,
    /// Flows it took part in as sender (or receiver).
    pub flows: u64,
}

/// A port's share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PortShare {
    /// IP protocol number (6 or 17 or 132).
    pub proto: u8,
    /// Responder port.
    pub port: u16,
    /// Packets both ways.
    pub packets: u64,
    /// Bytes both ways.
    pub bytes: u64,
    /// Flows.
    pub flows: u64,
}

/// Rates over the seconds that had traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerSecond {
    /// Seconds with at least one frame.
    pub active: u64,
    /// Seconds from the first to the last frame, at least 1 when there is a frame.
    pub span: u64,
    /// Mean packets per active second.
    pub packets_mean: f64,
    /// Standard deviation of packets per active second.
    pub packets_sd: f64,
    /// Most packets in a second.
    pub packets_max: u64,
    /// Mean bytes per active second.
    pub bytes_mean: f64,
    /// Standard deviation of bytes per active second.
    pub bytes_sd: f64,
    /// Most bytes in a second.
    pub bytes_max: u64,
    /// The second with most bytes, in seconds since 1970 UTC.
    pub busiest: i64,
}
