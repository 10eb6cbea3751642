//! The table of devices, and which address belongs to which.

use super::{ADDRESSES_MAX, Device, DeviceId, Learned, NameSource};
use crate::count::Table;
use crate::detect::hardware;
use ahash::RandomState;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp};
use hashbrown::HashMap;

/// An address stays with the device that had it until that was silent for so long: who claims it
/// before is a matter for `arp-spoof`. In nanoseconds of packet time.
const CONTEST_NANOS: i64 = 300_000_000_000;
/// Hardware addresses known to speak for others.
const ROUTERS_MAX: usize = 1_024;
/// Clients of DHCP that asked and have not been seen otherwise.
const WAITING_MAX: usize = 1_024;
/// IPv6 addresses that flows give to one hardware address: link-local, stable and temporary ones.
const FLOW_V6_MAX: usize = 8;

/// What a DHCP client said of itself.
type Said = Vec<(NameSource, HostileStr)>;

/// Devices of the site.
#[derive(Debug)]
pub struct Inventory {
    devices: Table<DeviceId, Device>,
    owners: HashMap<Addr, DeviceId, RandomState>,
    routers: Table<Mac, ()>,
    waiting: Table<Mac, Said>,
    revision: u64,
}

impl Inventory {
    /// An inventory for at most `capacity` devices; `seed` keys its hash tables.
    pub(crate) fn new(capacity: usize, seed: u64) -> Self {
        Self {
            devices: Table::new(capacity, seed, Device::is_telling),
            owners: HashMap::with_hasher(RandomState::with_seeds(seed, 0x6465, 0x7669, 0x6365)),
            routers: Table::new(ROUTERS_MAX, seed, |()| false),
            waiting: Table::new(WAITING_MAX, seed, |_| false),
            revision: 0,
        }
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Devices that changed behind a revision; 0 gives all. In the order of their places.
    pub fn changed_since(&self, revision: u64) -> impl Iterator<Item = &Device> {
        self.devices.iter().map(|(_, device)| device).filter(move |d| d.revision > revision)
    }

    /// The device that has an address.
    pub fn at(&self, addr: Addr) -> Option<&Device> {
        self.devices.get(self.owners.get(&addr)?)
    }

    /// Devices held.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// True when nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Devices that had to make room for others.
    pub fn evictions(&self) -> u64 {
        self.devices.evictions()
    }

    /// True when an address belongs to a device.
    pub(crate) fn knows(&self, addr: Addr) -> bool {
        self.owners.contains_key(&addr)
    }

    /// Changes the device that has an address; `change` says whether anything is different.
    pub(super) fn change(&mut self, addr: Addr, change: impl FnOnce(&mut Device) -> bool) {
        let Some(id) = self.owners.get(&addr) else { return };
        let Some(device) = self.devices.get_mut(id) else { return };
        if change(device) {
            self.revision += 1;
            device.revision = self.revision;
        }
    }

    /// The hardware address speaks for addresses outside of the site.
    pub(super) fn routes(&mut self, mac: Mac) {
        if hardware::is_device(mac) && self.routers.get_mut(&mac).is_none() {
            self.routers.entry(mac, || ());
        }
    }

    /// A message of the link itself says that the hardware address has the address.
    pub(super) fn bind(&mut self, mac: Mac, addr: Addr, how: Learned, now: Timestamp) {
        if !addr.is_unicast() {
            return;
        }
        if !hardware::is_device(mac) {
            // A virtual router's address is shared by several devices.
            return self.own(DeviceId::Addr(addr), addr, how, now);
        }
        let id = DeviceId::Mac(mac);
        let contested = self.owners.get(&addr).is_some_and(|owner| {
            matches!(owner, DeviceId::Mac(_))
                && *owner != id
                && self.devices.get(owner).is_some_and(|d| now.since(d.last) < CONTEST_NANOS)
        });
        if !contested {
            self.own(id, addr, how, now);
        }
    }

    /// Both sides of an exchange were seen, and this address of the site is one of them.
    pub(super) fn shook(&mut self, addr: Addr, mac: Option<Mac>, now: Timestamp) {
        if self.knows(addr) {
            return self.change(addr, |device| {
                device.last = device.last.max(now);
                true
            });
        }
        let id = match mac {
            Some(mac) if self.may_have(mac, addr) => DeviceId::Mac(mac),
            _ => DeviceId::Addr(addr),
        };
        self.own(id, addr, Learned::Handshake, now);
    }

    /// What a DHCP client says of itself: kept until it is known otherwise.
    pub(super) fn said(&mut self, mac: Mac, names: Said) {
        if !hardware::is_device(mac) || names.is_empty() {
            return;
        }
        let id = DeviceId::Mac(mac);
        if let Some(device) = self.devices.get_mut(&id) {
            let mut news = false;
            for (source, name) in names {
                news |= device.name(source, name);
            }
            if news {
                self.revision += 1;
                device.revision = self.revision;
            }
        } else if let (Some(said), _) = self.waiting.entry(mac, Vec::new) {
            *said = names;
        }
    }

    /// True when flows may give the address to the hardware address.
    fn may_have(&self, mac: Mac, addr: Addr) -> bool {
        if !hardware::is_device(mac) || self.routers.get(&mac).is_some() {
            return false;
        }
        let most = if addr.is_v4() { 1 } else { FLOW_V6_MAX };
        self.devices.get(&DeviceId::Mac(mac)).is_none_or(|device| {
            device.addresses.iter().filter(|(a, _)| a.is_v4() == addr.is_v4()).count() < most
        })
    }

    /// Gives an address to a device, which is made when it is new.
    fn own(&mut self, id: DeviceId, addr: Addr, how: Learned, now: Timestamp) {
        let before = self.owners.get(&addr).copied();
        let taken = before.filter(|owner| *owner != id).and_then(|owner| self.lose(owner, addr));
        let make = || Device {
            id,
            addresses: Vec::new(),
            names: Vec::new(),
            first: now,
            last: now,
            services: Vec::new(),
            learned: how,
            bytes: [0; 2],
            flows: 0,
            revision: 0,
        };
        let said = match id {
            DeviceId::Mac(mac) => self.waiting.remove(&mac),
            DeviceId::Addr(_) => None,
        };
        let (device, evicted) = self.devices.entry(id, make);
        let Some(device) = device else { return };
        self.revision += 1;
        device.revision = self.revision;
        device.last = device.last.max(now);
        device.addresses.retain(|(known, _)| *known != addr);
        device.addresses.insert(0, (addr, now));
        let dropped = device.addresses.split_off(device.addresses.len().min(ADDRESSES_MAX));
        for (source, name) in said.into_iter().flatten() {
            device.name(source, name);
        }
        if let Some(other) = taken {
            absorb(device, other);
        }
        for (addr, _) in evicted.iter().flat_map(|(_, gone)| &gone.addresses).chain(&dropped) {
            self.owners.remove(addr);
        }
        self.owners.insert(addr, id);
    }

    /// Takes an address from its owner. A device that was known by this address only is gone with
    /// it: it comes back.
    fn lose(&mut self, owner: DeviceId, addr: Addr) -> Option<Device> {
        if owner == DeviceId::Addr(addr) {
            return self.devices.remove(&owner);
        }
        let device = self.devices.get_mut(&owner)?;
        device.addresses.retain(|(known, _)| *known != addr);
        self.revision += 1;
        device.revision = self.revision;
        None
    }
}

/// What was known by the address alone belongs to the device that has it.
fn absorb(device: &mut Device, other: Device) {
    device.first = device.first.min(other.first);
    device.flows += other.flows;
    for (sum, more) in device.bytes.iter_mut().zip(other.bytes) {
        *sum += more;
    }
    for (source, name) in other.names {
        device.name(source, name);
    }
    for service in other.services {
        device.service(service.proto, service.port, service.app, service.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([0x00, 0x25, 0xb3, 0, 0, 1]);
    const OTHER: Mac = Mac([0x00, 0x25, 0xb3, 0, 0, 2]);

    fn addr(n: u8) -> Addr {
        Addr::v4([10, 0, 0, n])
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_secs_nanos(s, 0)
    }

    fn ids(inventory: &Inventory) -> Vec<String> {
        let mut ids: Vec<_> = inventory.changed_since(0).map(|d| d.id.to_string()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn an_address_becomes_a_hardware_address_with_all_that_is_known() {
        let mut inventory = Inventory::new(16, 1);
        inventory.shook(addr(1), None, at(0));
        inventory.change(addr(1), |d| d.service(6, 22, AppProto::Ssh, at(0)));
        inventory.bind(MAC, addr(1), Learned::Arp, at(5));
        assert_eq!(ids(&inventory), ["mac:00:25:b3:00:00:01"]);
        let device = inventory.at(addr(1)).unwrap();
        assert_eq!((device.first, device.services.len()), (at(0), 1));
        assert!(device.vendor().is_some());
    }

    #[test]
    fn an_address_in_use_cannot_be_taken() {
        let mut inventory = Inventory::new(16, 1);
        inventory.bind(MAC, addr(1), Learned::Arp, at(0));
        inventory.bind(OTHER, addr(1), Learned::Arp, at(10));
        assert_eq!(inventory.at(addr(1)).unwrap().mac(), Some(MAC));
        inventory.bind(OTHER, addr(1), Learned::Dhcp, at(400));
        assert_eq!(inventory.at(addr(1)).unwrap().mac(), Some(OTHER));
        assert_eq!(inventory.changed_since(0).count(), 2);
    }

    #[test]
    fn a_router_is_not_all_that_is_behind_it() {
        let mut inventory = Inventory::new(300, 1);
        inventory.bind(MAC, addr(1), Learned::Arp, at(0));
        inventory.routes(MAC);
        for n in 2..=200 {
            inventory.shook(addr(n), Some(MAC), at(1));
        }
        assert_eq!(inventory.len(), 200);
        assert_eq!(inventory.at(addr(1)).unwrap().addresses.len(), 1);
        // An inner router, which is not known as one, gets one address at most.
        for n in 0..200 {
            inventory.shook(Addr::v4([10, 1, 0, n]), Some(OTHER), at(2));
        }
        assert_eq!(inventory.at(Addr::v4([10, 1, 0, 0])).unwrap().mac(), Some(OTHER));
        assert_eq!(inventory.at(Addr::v4([10, 1, 0, 1])).unwrap().mac(), None);
    }

    #[test]
    fn limits_hold_and_no_address_points_to_what_is_gone() {
        let mut inventory = Inventory::new(64, 1);
        for n in 0..5_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            let mac = Mac([0, 0x25, 0xb3, b, c, d % 100]);
            inventory.bind(mac, Addr::v4([10, b, c, d]), Learned::Arp, at(i64::from(n) * 400));
        }
        assert_eq!(inventory.len(), 64);
        assert!(inventory.evictions() > 0);
        let addresses: usize = inventory.changed_since(0).map(|d| d.addresses.len()).sum();
        assert_eq!(addresses, inventory.owners.len());
        assert!(inventory.owners.values().all(|id| inventory.devices.get(id).is_some()));
        assert!(inventory.changed_since(0).all(|d| d.addresses.len() <= ADDRESSES_MAX));
    }

    #[test]
    fn only_what_changed_is_given() {
        let mut inventory = Inventory::new(16, 1);
        inventory.bind(MAC, addr(1), Learned::Arp, at(0));
        let seen = inventory.revision();
        inventory.bind(OTHER, addr(2), Learned::Arp, at(0));
        assert_eq!(inventory.changed_since(seen).count(), 1);
        let seen = inventory.revision();
        inventory.change(addr(1), |_| false);
        assert_eq!(inventory.changed_since(seen).count(), 0);
    }

    #[test]
    fn what_a_client_says_waits_until_it_is_known() {
        let mut inventory = Inventory::new(16, 1);
        let name = HostileStr::from(b"laptop\x1b[31m".as_slice());
        inventory.said(MAC, vec![(NameSource::Dhcp, name.clone())]);
        assert!(inventory.is_empty());
        inventory.bind(MAC, addr(1), Learned::Dhcp, at(0));
        assert_eq!(inventory.at(addr(1)).unwrap().names, [(NameSource::Dhcp, name)]);
    }

    use anomalyzer_wire::app::AppProto;
}
