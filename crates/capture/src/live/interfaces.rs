//! The interfaces there are, and which of them to look at when none is named.

use std::net::IpAddr;

use super::LiveError;
use crate::filter::reason;

/// The name that stands for all interfaces.
pub const ANY: &str = "any";

/// An interface that can be captured from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveInterface {
    /// Name, such as `eth0`; `any` stands for all of them.
    pub name: String,
    /// Description, where the system has one.
    pub description: Option<String>,
    /// IPv4 and IPv6 addresses.
    pub addresses: Vec<IpAddr>,
    /// True when it is switched on.
    pub up: bool,
    /// True for the loopback interface.
    pub loopback: bool,
    /// Bytes received and sent since the start of the system; 0 where that is not known.
    pub bytes: u64,
}

/// All network interfaces and `any`. Other things that libpcap can capture from, such as USB
/// buses, are left out.
pub fn interfaces() -> Result<Vec<LiveInterface>, LiveError> {
    let devices =
        pcap::Device::list().map_err(|error| LiveError::NoList { reason: reason(&error) })?;
    let table = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let counted = traffic(&table);
    let known = |name: &str| counted.iter().find(|(counted, _)| *counted == name);
    let network = |device: &pcap::Device| device.name == ANY || known(&device.name).is_some();
    let describe = |device: pcap::Device| LiveInterface {
        bytes: known(&device.name).map_or(0, |(_, bytes)| *bytes),
        addresses: device.addresses.iter().map(|address| address.addr).collect(),
        up: device.flags.is_up(),
        loopback: device.flags.is_loopback(),
        description: device.desc,
        name: device.name,
    };
    Ok(devices.into_iter().filter(network).map(describe).collect())
}

/// The name of the interface that has carried most traffic and is up. The loopback interface is
/// chosen only when no other is up.
pub fn default_interface() -> Result<String, LiveError> {
    let all = interfaces()?;
    busiest(&all).map(|chosen| chosen.name.clone()).ok_or(LiveError::NoInterface)
}

fn busiest(interfaces: &[LiveInterface]) -> Option<&LiveInterface> {
    let candidates = interfaces.iter().filter(|interface| interface.up && interface.name != ANY);
    // The first of equals.
    candidates.rev().max_by_key(|interface| (!interface.loopback, interface.bytes))
}

/// Names and bytes, received and sent, of the table `/proc/net/dev`.
fn traffic(table: &str) -> Vec<(&str, u64)> {
    let line = |line| -> Option<(&str, u64)> {
        let (name, counters) = str::split_once(line, ':')?;
        let mut counters = counters.split_ascii_whitespace().map(|field| field.parse().ok());
        let received: u64 = counters.next()??;
        let sent: u64 = counters.nth(7)??;
        Some((name.trim(), received.saturating_add(sent)))
    };
    table.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, up: bool, bytes: u64) -> LiveInterface {
        LiveInterface {
            name: name.to_owned(),
            description: None,
            addresses: Vec::new(),
            up,
            loopback: name == "lo",
            bytes,
        }
    }

    #[test]
    fn the_busiest_that_is_up_is_the_default() {
        let check = |interfaces: &[LiveInterface], chosen: Option<&str>| {
            assert_eq!(busiest(interfaces).map(|interface| &*interface.name), chosen);
        };
        let (lo, any) = (interface("lo", true, 900), interface("any", true, 1_000));
        let eth = |up, bytes| interface("eth0", up, bytes);
        let wlan = |bytes| interface("wlan0", true, bytes);
        check(&[lo.clone(), eth(true, 5), wlan(7), any.clone()], Some("wlan0"));
        check(&[lo.clone(), eth(true, 5), wlan(5)], Some("eth0"));
        check(&[lo.clone(), eth(false, 9), wlan(7)], Some("wlan0"));
        check(&[lo.clone(), eth(false, 9), any.clone()], Some("lo"));
        check(&[eth(false, 9), any], None);
    }

    #[test]
    fn traffic_is_read_from_the_table() {
        let table = "Inter-|   Receive                 |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n    \
            lo:    1500      10    0    0    0     0          0         0     1500      10\n\
            eth0:100 1 0 0 0 0 0 0 23 1 0 0 0 0 0 0\nbroken: 1 2\n";
        assert_eq!(traffic(table), [("lo", 3_000), ("eth0", 123)]);
    }
}
