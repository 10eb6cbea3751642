//! Names of devices, out of what they and name servers say. Hostile text, kept as it came.

use super::{Inventory, Learned, NameSource};
use crate::observation::{AppFact, AppSeen};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::dhcp::DhcpMessage;
use anomalyzer_wire::app::dns::{DnsMessage, DnsName, NbnsKind, NbnsMessage, Rdata};
use anomalyzer_wire::{Addr, HostileStr, Timestamp};

/// Most bytes of a name.
const NAME_MAX: usize = 253;
/// DHCP message type: the server gives the address.
const ACKNOWLEDGE: u8 = 5;
/// Op code of a DHCP client.
const CLIENT: u8 = 1;

/// Learns from a fact of an application protocol.
pub(super) fn learn(inventory: &mut Inventory, seen: &AppSeen, now: Timestamp) {
    match &seen.fact {
        AppFact::Dhcp(message) => dhcp(inventory, message, now),
        AppFact::Dns(message) => dns(inventory, seen, message),
        AppFact::Nbns(message) => nbns(inventory, sender(seen), message),
        _ => {}
    }
}

fn sender(seen: &AppSeen) -> Addr {
    if seen.by_originator { seen.tuple.src } else { seen.tuple.dst }
}

/// A client that asks is nobody yet, since a flood of such questions costs nothing; whom the server
/// gives an address is a device.
fn dhcp(inventory: &mut Inventory, message: &DhcpMessage, now: Timestamp) {
    let mac = message.client_mac;
    if message.op == CLIENT {
        let host = message.hostname.as_ref().or(message.fqdn.as_ref());
        let host = host.map(|name| (NameSource::Dhcp, name.clone()));
        let class = message.vendor_class.clone().map(|name| (NameSource::DhcpClass, name));
        inventory.said(mac, host.into_iter().chain(class).collect());
    } else if let (ACKNOWLEDGE, Some(addr)) = (message.message_type, message.your_ip) {
        inventory.bind(mac, addr, Learned::Dhcp, now);
    }
}

/// Answers of name servers may name any device; what devices say by multicast names themselves.
fn dns(inventory: &mut Inventory, seen: &AppSeen, message: &DnsMessage) {
    if !message.response {
        return;
    }
    let (source, own) = match seen.app {
        AppProto::Mdns => (NameSource::Mdns, true),
        AppProto::Llmnr => (NameSource::Llmnr, true),
        _ => (NameSource::Dns, false),
    };
    let from = sender(seen);
    let question = message.questions.first().filter(|_| !own).map(|question| &question.name);
    for answer in message.answers.iter().chain(&message.additionals) {
        let (addr, name): (Addr, &DnsName) = match &answer.data {
            // A chain of aliases leads to the name that was asked for.
            Rdata::A(addr) | Rdata::Aaaa(addr) => (*addr, question.unwrap_or(&answer.name)),
            Rdata::Ptr(name) => match answer.name.reverse_address() {
                Some(addr) => (addr, name),
                None => continue,
            },
            _ => continue,
        };
        if !own || same_device(inventory, from, addr) {
            note(inventory, addr, source, &name.normalised());
        }
    }
}

/// A station registers its own name, or answers for it.
fn nbns(inventory: &mut Inventory, from: Addr, message: &NbnsMessage) {
    let own = match message.kind {
        NbnsKind::Registration | NbnsKind::Refresh => !message.response,
        NbnsKind::Query => message.response && message.rcode == 0,
        _ => false,
    };
    // 0x00 is the station itself, 0x20 its file server; others are groups and services.
    if own
        && matches!(message.suffix, 0x00 | 0x20)
        && message.address.is_some_and(|addr| same_device(inventory, from, addr))
    {
        note(inventory, from, NameSource::Nbns, &message.name);
    }
}

fn same_device(inventory: &Inventory, a: Addr, b: Addr) -> bool {
    let id = |addr| inventory.at(addr).map(|device| device.id);
    id(a).is_some() && id(a) == id(b)
}

fn note(inventory: &mut Inventory, addr: Addr, source: NameSource, name: &HostileStr) {
    let name = HostileStr::capped(name.as_bytes(), NAME_MAX);
    inventory.change(addr, |device| device.name(source, name));
}
