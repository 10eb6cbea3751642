//! Devices: what is known of the hosts of the site.

mod merge;
mod people;
mod query;
mod write;

use crate::SourceId;
use anomalyzer_wire::{Addr, Mac, Timestamp};
use serde::Serialize;

/// A device as the engine knows it now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewDevice {
    /// `mac:00:25:b3:bf:91:ee`, or `ip:10.0.0.1` where no hardware address is known.
    pub id: String,
    /// Hardware address.
    pub mac: Option<Mac>,
    /// Vendor of the hardware address.
    pub vendor: Option<String>,
    /// Addresses, latest first, at most 16.
    pub addresses: Vec<Addr>,
    /// Names as they were seen, escaped, with where from: (`dhcp`, name), (`mdns`, ...), at most 8.
    pub names: Vec<(String, String)>,
    /// Packet time of the first sight.
    pub first: Timestamp,
    /// Packet time of the last one.
    pub last: Timestamp,
    /// Ports that it answers on: (protocol number, port, application, last seen), at most 64.
    pub services: Vec<(u8, u16, String, Timestamp)>,
    /// How it was learned: `arp`, `dhcp`, `handshake`.
    pub learned: String,
    /// Bytes sent and received so far.
    pub bytes: [u64; 2],
    /// Flows so far.
    pub flows: u64,
}

/// A device as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRow {
    /// Of which source.
    pub source: SourceId,
    /// What the engine said last (bytes and flows add up over runs).
    pub device: NewDevice,
    /// Name given by a user.
    pub name: String,
    /// Owner, tags and notes by a user.
    pub owner: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Notes.
    pub notes: String,
    /// `new`, `known` or `ignored`.
    pub status: String,
}

/// What a user changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceChange {
    /// Name.
    pub name: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Notes.
    pub notes: Option<String>,
    /// Status.
    pub status: Option<String>,
}

/// Which devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeviceQuery {
    /// Of which source.
    pub source: SourceId,
    /// Words in names, addresses, vendor, tags.
    pub text: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// `last` (default), `first`, `name`, `address`, `vendor`, `bytes`.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Most rows, 1 to 1,000.
    pub limit: usize,
    /// Rows to leave out before.
    pub offset: usize,
}
