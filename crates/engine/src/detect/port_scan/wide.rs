//! Scans of many hosts by one source, as one alert.

use super::pair::{Hosts, Scan};
use super::{SPEC, Settings};
use crate::alert::Severity;
use crate::count::{Distinct, PortSet};
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Scans of one source that are alerts of their own; further ones join the common alert.
const ALONE: usize = 3;
/// Scanned hosts counted exactly; only hosts with scans of their own come here.
const HOSTS_EXACT: usize = 1_024;
/// Hosts and flows named in a finding.
const NAMED: usize = 20;

/// What one source has scanned.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    alone: usize,
    hosts: Distinct,
    named: Vec<Addr>,
    ports: PortSet,
    probes: u64,
    first: Timestamp,
    last: Timestamp,
    flows: Vec<String>,
}

impl Default for Wide {
    fn default() -> Self {
        Self {
            alone: 0,
            hosts: Distinct::new(HOSTS_EXACT),
            named: Vec::new(),
            ports: PortSet::default(),
            probes: 0,
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            flows: Vec::new(),
        }
    }
}

impl Wide {
    /// A scan of another host is confirmed; true when it is to join the common alert.
    pub(super) fn joins(&mut self) -> bool {
        let joins = self.alone >= ALONE;
        self.alone += usize::from(!joins);
        joins
    }

    /// A scan that stood alone is over.
    pub(super) fn left(&mut self) {
        self.alone = self.alone.saturating_sub(1);
    }

    /// Takes what a joined scan has grown by.
    pub(super) fn absorb(&mut self, hosts: Hosts, scan: &Scan, new_probes: u64) {
        if self.hosts.insert(hosts.dst.to_bits()) && self.named.len() < NAMED {
            self.named.push(hosts.dst);
        }
        self.ports.extend(&scan.ports);
        self.probes = self.probes.saturating_add(new_probes);
        self.first = self.first.min(scan.first);
        self.last = self.last.max(scan.last);
        let room = NAMED.saturating_sub(self.flows.len()).min(1);
        self.flows.extend(scan.flows.iter().take(room).cloned());
    }

    /// The common alert's finding.
    pub(super) fn finding(&self, src: Addr, technique: &str, settings: &Settings) -> Finding {
        let hosts = self.hosts.tally();
        let ports = self.ports.len() as u64;
        let (fast, window) = settings.fast();
        Finding {
            detector: SPEC.id,
            technique: technique.to_owned(),
            subject: Subject {
                src: Some(src),
                other: "many-hosts".to_owned(),
                ..Subject::default()
            },
            severity: Some(Severity::High),
            confidence: 0.99,
            title: format!("Port scan of many hosts by {src}"),
            explanation: format!(
                "Besides {ALONE} hosts with alerts of their own, {src} tried {} on {} ({}). A host \
                 that behaves leaves fewer than {fast} ports of another without a working \
                 connection in {}.",
                text::counted(ports, "port"),
                text::counted(hosts.value, "host"),
                text::addresses(&self.named, hosts.value),
                text::duration(window),
            ),
            src: vec![src],
            src_count: Tally::exact(1),
            dst: self.named.clone(),
            dst_count: hosts,
            dst_ports: self.ports.first(50),
            dst_port_count: Tally::exact(ports),
            first: self.first,
            last: self.last,
            count: self.probes,
            evidence: vec![
                Evidence::value("hosts", hosts.value as f64),
                Evidence::exceeded("distinct_ports", ports as f64, fast as f64, window),
            ],
            flows: self.flows.clone(),
        }
    }
}
