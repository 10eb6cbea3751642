//! Shares of traffic: by protocol, application, port, and the hosts that talk most.

use super::geo::Place;
use super::known::{Known, Names};
use anomalyzer_store::series::{Dimension, Sums};
use anomalyzer_wire::Addr;
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// A share of the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Slice {
    /// What: `tcp`, `dns`, `443/tcp`, an address.
    pub(crate) key: String,
    /// The same for people.
    pub(crate) label: String,
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    /// Packets.
    pub(crate) packets: u64,
    /// Flows that started.
    pub(crate) flows: u64,
}

/// A host's share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Talker {
    /// Its address.
    pub(crate) key: String,
    /// Its name, or its address.
    pub(crate) label: String,
    /// Bytes sent and received.
    pub(crate) bytes: u64,
    /// Packets.
    pub(crate) packets: u64,
    /// Flows.
    pub(crate) flows: u64,
    /// Its address.
    pub(crate) address: String,
    /// Id of the device that has it.
    pub(crate) device: Option<String>,
    /// The device's name.
    pub(crate) name: Option<String>,
    /// Where it is.
    pub(crate) place: Option<Place>,
}

/// The share of a key.
pub(crate) fn slice(dimension: Dimension, key: &str, sums: Sums, names: &Names) -> Slice {
    Slice {
        key: key.to_owned(),
        label: label(dimension, key, names),
        bytes: sums.bytes,
        packets: sums.packets,
        flows: sums.flows,
    }
}

/// The share of a host.
pub(crate) fn talker(key: &str, sums: Sums, known: &Known, names: &Names) -> Talker {
    let addr = key_address(key);
    let device = addr.and_then(|addr| names.device(addr));
    Talker {
        key: key.to_owned(),
        label: device.map_or_else(|| key.to_owned(), |device| device.name.clone()),
        bytes: sums.bytes,
        packets: sums.packets,
        flows: sums.flows,
        address: key.to_owned(),
        device: device.map(|device| device.id.clone()),
        name: device.map(|device| device.name.clone()).filter(|name| name != key),
        place: addr.and_then(|addr| known.place(addr)).map(|place| (*place).clone()),
    }
}

/// A key for people: `443/tcp https`, a device's name.
pub(crate) fn label(dimension: Dimension, key: &str, names: &Names) -> String {
    match dimension {
        Dimension::Total => "all traffic".to_owned(),
        Dimension::Protocol | Dimension::App => key.to_owned(),
        Dimension::Port => port_label(key),
        Dimension::Device => {
            let device = key_address(key).and_then(|addr| names.device(addr));
            device.map_or_else(|| key.to_owned(), |device| device.name.clone())
        }
    }
}

fn port_label(key: &str) -> String {
    let service = key.split_once('/').and_then(|(port, proto)| {
        let proto = match proto {
            "tcp" => 6,
            "udp" => 17,
            _ => return None,
        };
        anomalyzer_report::service(proto, port.parse().ok()?)
    });
    service.map_or_else(|| key.to_owned(), |service| format!("{key} {service}"))
}

/// The address that a key is.
pub(crate) fn key_address(key: &str) -> Option<Addr> {
    key.parse::<IpAddr>().ok().map(Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_words() {
        let names = Names::default();
        assert_eq!(label(Dimension::Port, "443/tcp", &names), "443/tcp https");
        assert_eq!(label(Dimension::Port, "443/udp", &names), "443/udp quic");
        assert_eq!(label(Dimension::Port, "50000/tcp", &names), "50000/tcp");
        assert_eq!(label(Dimension::Port, "x/y", &names), "x/y");
        assert_eq!(label(Dimension::Device, "10.0.0.1", &names), "10.0.0.1");
        assert_eq!(key_address("::ffff:10.0.0.1").map(|a| a.to_string()).unwrap(), "10.0.0.1");
        assert_eq!(key_address("no"), None);
    }
}
