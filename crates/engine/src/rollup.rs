//! Traffic of each second by protocol, application, port and device, bounded: what series are made of.

/// What a series is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Everything; the key is empty.
    Total,
    /// Protocol: `tcp`, `udp`, `icmp`, `arp`, `other`.
    Protocol,
    /// Application protocol: `dns`, `tls`...
    App,
    /// Responder port: `443/tcp`.
    Port,
    /// Address of a device of the site.
    Device,
}

/// Sums of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Flows that started.
    pub flows: u64,
    /// Of a device: bytes that it sent; else 0.
    pub bytes_sent: u64,
}

/// One interval of one key, as it is written. Seconds come in order; rows of the same second and
/// key add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The second, since 1970 UTC.
    pub second: i64,
    /// What it is about.
    pub dimension: Dimension,
    /// Which one.
    pub key: String,
    /// The sums.
    pub sums: Sums,
}
