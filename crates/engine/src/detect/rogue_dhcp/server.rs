//! One DHCP server and what it gives.

use anomalyzer_wire::{Addr, Mac, Timestamp};

/// Networks remembered for a server; the oldest goes.
const NETWORKS: usize = 16;
/// Addresses given that are listed.
const LISTED: usize = 20;

/// Which server: its identifier (in DHCPv6 its address) and hardware address; none behind a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) addr: Addr,
    pub(super) mac: Option<Mac>,
}

/// What a client is told besides its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gives {
    pub(super) router: Option<Addr>,
    pub(super) dns: [Option<Addr>; 2],
}

impl Gives {
    /// True when the gateway is another one, or no name server is in both lists. What one of the
    /// two does not say is not held against it.
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.other_router(other) || self.other_dns(other)
    }

    pub(super) fn other_router(&self, other: &Self) -> bool {
        self.router.is_some() && other.router.is_some() && self.router != other.router
    }

    pub(super) fn other_dns(&self, other: &Self) -> bool {
        let mine = self.dns.iter().flatten();
        let both = self.dns.iter().any(Option::is_some) && other.dns.iter().any(Option::is_some);
        both && mine.into_iter().all(|addr| !other.dns.contains(&Some(*addr)))
    }
}

/// One message that gives an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) by: Key,
    pub(super) xid: u32,
    pub(super) client: u64,
    pub(super) given: Option<Addr>,
    /// It confirms a lease.
    pub(super) confirms: bool,
    pub(super) gives: Gives,
    pub(super) v6: bool,
}

impl Offer {
    /// The network of the address that is given: 24 leading bits in IPv4, 64 in IPv6.
    pub(super) fn network(&self) -> Option<u128> {
        self.given.map(|addr| addr.to_bits() & (u128::MAX << if addr.is_v4() { 8 } else { 64 }))
    }
}

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) messages: u64,
    /// Leases that it confirmed.
    pub(super) leases: u64,
    /// Known from an earlier run.
    pub(super) known: bool,
    /// Some of the addresses that it gave.
    pub(super) given: Vec<Addr>,
    networks: Vec<(u128, Gives)>,
    /// Messages told so far, and whether as a rogue.
    told: u64,
    accused: bool,
}

impl Server {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            first: now,
            last: now,
            messages: 0,
            leases: 0,
            known: false,
            given: Vec::new(),
            networks: Vec::new(),
            told: 0,
            accused: false,
        }
    }

    /// A server known from an earlier run.
    pub(super) fn known(first: Timestamp) -> Self {
        Self { known: true, ..Self::new(first) }
    }

    pub(super) fn add(&mut self, offer: &Offer, now: Timestamp) {
        self.last = self.last.max(now);
        self.messages += 1;
        self.leases += u64::from(offer.confirms);
        if let Some(addr) = offer.given
            && self.given.len() < LISTED
            && !self.given.contains(&addr)
        {
            self.given.push(addr);
        }
        let Some(network) = offer.network() else { return };
        if let Some((_, gives)) = self.networks.iter_mut().find(|(n, _)| *n == network) {
            *gives = offer.gives;
            return;
        }
        if self.networks.len() >= NETWORKS {
            self.networks.remove(0);
        }
        self.networks.push((network, offer.gives));
    }

    /// What it gives in a network, when it serves it.
    pub(super) fn gives_in(&self, network: u128) -> Option<Gives> {
        self.networks.iter().find(|(n, _)| *n == network).map(|(_, gives)| *gives)
    }

    /// True once it was reported as a rogue.
    pub(super) fn is_accused(&self) -> bool {
        self.accused
    }

    /// True when there is something to tell: it turned out to differ, or has doubled its messages.
    pub(super) fn news(&mut self, differs: bool) -> bool {
        let worse = differs && !self.accused;
        if !worse && (self.accused != differs || self.messages < self.told.saturating_mul(2).max(1))
        {
            return false;
        }
        self.accused |= differs;
        self.told = self.messages;
        true
    }
}
