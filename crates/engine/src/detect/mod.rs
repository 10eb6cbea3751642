//! Detectors: one file each, one row of [`DETECTORS`] each.

mod anomaly_model;
mod arp_spoof;
mod attack_model;
mod beacon;
mod brute_force;
mod ddos;
mod dga;
mod dns_tunnel;
mod exfiltration;
mod flood;
pub(crate) mod hardware;
mod host_sweep;
mod icmp_tunnel;
mod keyword;
mod malformed;
mod new_device;
mod noisy_host;
mod port_scan;
mod protocol_scan;
mod rare_port;
mod rogue_dhcp;
mod spec;
mod suspicious;
#[cfg(test)]
pub(crate) mod testing;
mod threat_list;
mod traffic_spike;

use anomalyzer_wire::Timestamp;

pub use spec::{Backtest, Detector, Reporter, Setting, Spec, Unit};

/// Every detector there is. Docs, settings and tests walk this table.
pub static DETECTORS: &[&Spec] = &[
    &port_scan::SPEC,
    &host_sweep::SPEC,
    &protocol_scan::SPEC,
    &flood::SPEC,
    &ddos::SPEC,
    &arp_spoof::SPEC,
    &beacon::SPEC,
    &exfiltration::SPEC,
    &icmp_tunnel::SPEC,
    &brute_force::SPEC,
    &traffic_spike::SPEC,
    &noisy_host::SPEC,
    &rare_port::SPEC,
    &dns_tunnel::SPEC,
    &dga::SPEC,
    &rogue_dhcp::SPEC,
    &new_device::SPEC,
    &keyword::SPEC,
    &malformed::SPEC,
    &threat_list::SPEC,
    &attack_model::SPEC,
    &anomaly_model::SPEC,
];

/// When the first packet of a second's sums may have come: the second's start, but not before
/// the first observation.
fn second_start(now: Timestamp, begun: Option<Timestamp>) -> Timestamp {
    let start = Timestamp::from_secs_nanos(now.secs(), 0);
    begun.map_or(start, |b| b.max(start)).min(now)
}
