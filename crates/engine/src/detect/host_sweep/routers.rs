//! Which hardware addresses belong to routers.

use crate::count::Table;
use anomalyzer_wire::{Addr, Mac};

/// Hardware addresses remembered.
pub(super) const MACS: usize = 1_024;
/// From this many addresses on, the sender forwards for others: a host has a few of its own.
const ADDRESSES: usize = 4;

/// Recognises routers by the addresses that they send from.
pub(super) struct Routers {
    macs: Table<Mac, [Option<Addr>; ADDRESSES]>,
    last: Option<(Mac, Addr)>,
}

impl Routers {
    pub(super) fn new(seed: u64) -> Self {
        let full = |seen: &[Option<Addr>; ADDRESSES]| seen.iter().all(Option::is_some);
        Self { macs: Table::new(MACS, seed, full), last: None }
    }

    /// A packet from an address came from this hardware address. IPv6 hosts use many addresses
    /// of their own (RFC 8981), so only IPv4 counts.
    pub(super) fn sends(&mut self, mac: Mac, addr: Addr) {
        if self.last == Some((mac, addr)) || !addr.is_v4() {
            return;
        }
        self.last = Some((mac, addr));
        let (Some(seen), _) = self.macs.entry(mac, || [None; ADDRESSES]) else { return };
        for place in seen {
            match place {
                Some(known) if *known == addr => return,
                Some(_) => {}
                None => {
                    *place = Some(addr);
                    return;
                }
            }
        }
    }

    /// The address asked or answered by ARP from this hardware address.
    pub(super) fn asks(&mut self, mac: Mac, addr: Addr) {
        self.sends(mac, addr);
    }

    /// True when it forwards for several addresses.
    pub(super) fn is_router(&self, mac: Mac) -> bool {
        self.macs.get(&mac).is_some_and(|seen| seen.iter().all(Option::is_some))
    }

    pub(super) fn len(&self) -> usize {
        self.macs.len()
    }
}
