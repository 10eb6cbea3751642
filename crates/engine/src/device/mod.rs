//! Devices of the site: what passing traffic tells of them. Nothing is ever sent.
//!
//! A device is learned from ARP, from DHCP, or from an exchange both of whose sides were seen,
//! never from a bare source address, which anybody can forge. It goes by its hardware address where
//! that is known. A router's hardware address stands for all the addresses behind it: flows give at
//! most one IPv4 address to a hardware address, and none to one that speaks for addresses outside of
//! the site; further addresses need ARP or DHCP, else they are devices of their own. Names are what
//! devices or servers said: hints for people, never a reason to trust.

mod inventory;
mod names;
mod vendor;
mod watch;

pub use inventory::Inventory;
pub use vendor::vendor;

use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp};
use std::fmt;

/// Most addresses of a device.
pub const ADDRESSES_MAX: usize = 16;
/// Most names of a device.
pub const NAMES_MAX: usize = 8;
/// Most services of a device.
pub const SERVICES_MAX: usize = 64;

/// What a device goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceId {
    /// Its hardware address.
    Mac(Mac),
    /// Its address, where no hardware address is known.
    Addr(Addr),
}

/// `mac:00:25:b3:bf:91:ee` or `ip:10.0.0.1`.
impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => write!(f, "mac:{mac}"),
            Self::Addr(addr) => write!(f, "ip:{addr}"),
        }
    }
}

/// How a device was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Learned {
    /// It sent an ARP message.
    Arp,
    /// A DHCP server gave it an address.
    Dhcp,
    /// Both sides of an exchange were seen.
    Handshake,
}

impl Learned {
    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arp => "arp",
            Self::Dhcp => "dhcp",
            Self::Handshake => "handshake",
        }
    }
}

/// Where a name was seen; the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameSource {
    /// The host name that it told a DHCP server.
    Dhcp,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
    /// NetBIOS name service.
    Nbns,
    /// An answer of a name server.
    Dns,
    /// The vendor class that it told a DHCP server: a kind of system, not a name.
    DhcpClass,
}

impl NameSource {
    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Mdns => "mdns",
            Self::Llmnr => "llmnr",
            Self::Nbns => "nbns",
            Self::Dns => "dns",
            Self::DhcpClass => "dhcp-class",
        }
    }
}

/// A port that a device answers on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// IP protocol number.
    pub proto: u8,
    /// Port.
    pub port: u16,
    /// What is spoken there, as far as it was recognised.
    pub app: AppProto,
    /// Packet time of the last answer.
    pub last: Timestamp,
}

/// A device as it is known now.
#[derive(Clone, Debug)]
pub struct Device {
    /// What it goes by; stays as it is.
    pub id: DeviceId,
    /// Addresses with the time at which each was last bound, latest first, at most
    /// [`ADDRESSES_MAX`].
    pub addresses: Vec<(Addr, Timestamp)>,
    /// Names, the most telling source first, at most [`NAMES_MAX`].
    pub names: Vec<(NameSource, HostileStr)>,
    /// Packet time of the first sight.
    pub first: Timestamp,
    /// Packet time of the last one.
    pub last: Timestamp,
    /// Ports that it answers on, latest found last, at most [`SERVICES_MAX`].
    pub services: Vec<Service>,
    /// How it was learned.
    pub learned: Learned,
    /// Bytes sent and received since it is known.
    pub bytes: [u64; 2],
    /// Flows since it is known.
    pub flows: u64,
    /// [`Inventory::revision`] of its last change.
    pub revision: u64,
}

impl Device {
    /// Its hardware address.
    pub const fn mac(&self) -> Option<Mac> {
        match self.id {
            DeviceId::Mac(mac) => Some(mac),
            DeviceId::Addr(_) => None,
        }
    }

    /// Who made it, by its hardware address.
    pub fn vendor(&self) -> Option<String> {
        self.mac().and_then(vendor)
    }

    /// True when it has told more than an address: such a device outlasts others.
    fn is_telling(&self) -> bool {
        !self.names.is_empty() || !self.services.is_empty()
    }

    /// Notes a name; true when it is new. One of a full list is replaced when its source tells
    /// less.
    fn name(&mut self, source: NameSource, name: HostileStr) -> bool {
        if name.is_empty() || self.names.iter().any(|known| *known == (source, name.clone())) {
            return false;
        }
        if self.names.len() >= NAMES_MAX {
            match self.names.last() {
                Some((least, _)) if *least >= source => self.names.pop(),
                _ => return false,
            };
        }
        let at = self.names.partition_point(|(known, _)| *known < source);
        self.names.insert(at, (source, name));
        true
    }

    /// Notes a port that it answers on; true when that is news. Of too many the one that was
    /// silent longest goes.
    fn service(&mut self, proto: u8, port: u16, app: AppProto, now: Timestamp) -> bool {
        let known = self.services.iter_mut().find(|s| (s.proto, s.port) == (proto, port));
        if let Some(known) = known {
            known.last = known.last.max(now);
            let news = app != AppProto::Unknown && known.app != app;
            if news {
                known.app = app;
            }
            return news;
        }
        if self.services.len() >= SERVICES_MAX {
            let oldest = self.services.iter().enumerate().min_by_key(|(_, s)| s.last);
            if let Some((at, _)) = oldest {
                self.services.remove(at);
            }
        }
        self.services.push(Service { proto, port, app, last: now });
        true
    }
}
