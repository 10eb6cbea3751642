//! `rare-port`: responder ports that are hardly ever used.
//!
//! Counts connections that came about, for each protocol and port; attempts that failed belong to
//! the scan detectors.

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::observation::{FlowOutcome, Kinds, Observation, Outcome, Seen};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};
use std::collections::BTreeSet;

/// Ports counted, of all protocols together.
const PORTS: usize = 8_192;
/// Hosts named for one window.
const LISTED: usize = 20;
/// Ports listed for one window.
const PORTS_LISTED: usize = 50;
/// Flows named for one window.
const FLOWS_LISTED: usize = 20;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "rare-port",
    summary: "Connections to ports that are hardly ever used",
    about: include_str!("rare_port.md"),
    advice: "Look for ports that you cannot explain: back doors and tunnels like to listen where \
             nobody else does.",
    severity: Severity::Info,
    techniques: &["tcp", "udp"],
    attack: &["T1571"],
    sees: Kinds::FLOW_OUTCOME,
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: PORTS,
    build: |section, seed| Box::new(RarePort::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 60.0,
        max: 604_800.0,
        about: "Ports are compared by their connections within this time.",
    },
    Setting {
        key: "connections",
        unit: Unit::Count,
        default: 2.0,
        min: 1.0,
        max: 1_000.0,
        about: "A port with at most this many connections within the window is rare.",
    },
    Setting {
        key: "connections_all",
        unit: Unit::Count,
        default: 200.0,
        min: 10.0,
        max: 1e9,
        about: "Connections of one protocol to all ports below which nothing is rare: rarity needs \
                something to be measured against.",
    },
    Setting {
        key: "ports",
        unit: Unit::Count,
        default: 20.0,
        min: 1.0,
        max: 65_536.0,
        about: "With more rare ports than this in a window, rarity means nothing (file sharing, \
                calls between hosts) and none is told.",
    },
];

/// The settings.
struct Limits {
    window: i64,
    connections: u64,
    connections_all: u64,
    ports: usize,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let values = &section.values;
        Self {
            window: values.nanos("window").max(1),
            connections: values.count("connections"),
            connections_all: values.count("connections_all"),
            ports: usize::try_from(values.count("ports")).unwrap_or(usize::MAX),
        }
    }
}

struct RarePort {
    limits: Limits,
    ports: Table<(u8, u16), Port>,
    began: Option<Timestamp>,
    /// Connections of TCP and of UDP within the window.
    connections: [u64; 2],
}

/// The connections to a port within the window; details of the first one.
struct Port {
    connections: u64,
    first: Timestamp,
    last: Timestamp,
    src: Addr,
    dst: Addr,
    flow: crate::flow::FiveTuple,
}

const PROTOCOLS: [(u8, &str); 2] = [(6, "tcp"), (17, "udp")];

impl RarePort {
    fn new(section: &Section, seed: u64) -> Self {
        let ports = Table::new(PORTS, seed, |port: &Port| port.connections > 2);
        Self { limits: Limits::new(section), ports, began: None, connections: [0; 2] }
    }

    fn connection(&mut self, time: Timestamp, flow: &FlowOutcome, out: &mut Reporter<'_>) {
        let tuple = flow.tuple;
        let came_about = match tuple.proto {
            6 => flow.outcome == Outcome::Established,
            17 => flow.outcome == Outcome::Answered,
            _ => false,
        };
        if !came_about || tuple.dst_port == 0 {
            return;
        }
        if self.began.is_none() {
            self.began = Some(time);
            out.wake_at(time.plus_nanos(self.limits.window));
        }
        if let Some(sum) = self.connections.get_mut(usize::from(tuple.proto == 17)) {
            *sum += 1;
        }
        let (port, _) = self.ports.entry((tuple.proto, tuple.dst_port), || Port {
            connections: 0,
            first: flow.started,
            last: time,
            src: tuple.src,
            dst: tuple.dst,
            flow: tuple,
        });
        if let Some(port) = port {
            port.connections += 1;
            port.last = port.last.max(time);
        }
    }

    fn window_ends(&mut self, out: &mut Reporter<'_>) {
        if self.began.take().is_none() {
            return;
        }
        for ((proto, name), all) in PROTOCOLS.into_iter().zip(self.connections) {
            if all < self.limits.connections_all || self.ports.evictions() > 0 {
                continue;
            }
            let mut rare: Vec<(u16, &Port)> = self
                .ports
                .iter()
                .filter(|((p, _), port)| *p == proto && port.connections <= self.limits.connections)
                .map(|((_, number), port)| (*number, port))
                .collect();
            rare.sort_by_key(|(number, _)| *number);
            if !rare.is_empty() && rare.len() <= self.limits.ports {
                out.report(finding(&self.limits, name, &rare, all));
            }
        }
        self.ports.retain(|_, _| false);
        self.connections = [0; 2];
    }
}

impl Detector for RarePort {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::FlowOutcome(flow) = &seen.what {
            self.connection(seen.time, flow, out);
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        match self.began {
            Some(began) if now.since(began) < self.limits.window => {
                out.wake_at(began.plus_nanos(self.limits.window));
            }
            _ => self.window_ends(out),
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.window_ends(out);
    }

    fn entries(&self) -> usize {
        self.ports.len()
    }

    fn evictions(&self) -> u64 {
        self.ports.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

fn finding(limits: &Limits, protocol: &str, rare: &[(u16, &Port)], all: u64) -> Finding {
    let src: BTreeSet<Addr> = rare.iter().map(|(_, port)| port.src).collect();
    let dst: BTreeSet<Addr> = rare.iter().map(|(_, port)| port.dst).collect();
    let count = rare.iter().map(|(_, port)| port.connections).sum();
    let ports = text::counted(rare.len() as u64, "rarely used port");
    let named: Vec<String> = rare
        .iter()
        .take(PORTS_LISTED)
        .map(|(number, port)| format!("{number} ({} to {})", port.src, port.dst))
        .collect();
    let first = rare.iter().map(|(_, port)| port.first).min().unwrap_or_default();
    let last = rare.iter().map(|(_, port)| port.last).max().unwrap_or_default();
    let kept = |addrs: &BTreeSet<Addr>| addrs.iter().copied().take(LISTED).collect();
    Finding {
        detector: SPEC.id,
        technique: protocol.to_owned(),
        subject: Subject { other: protocol.to_owned(), ..Subject::default() },
        severity: None,
        confidence: 0.3,
        title: format!("{ports} ({protocol})"),
        explanation: format!(
            "Of {} {} connections within {}, {} at most {}: {}.",
            text::thousands(all),
            protocol.to_uppercase(),
            text::duration(limits.window as f64 / 1e9),
            if rare.len() == 1 { "one port had" } else { "each of these ports had" },
            limits.connections,
            named.join(", ")
        ),
        src: kept(&src),
        src_count: Tally::exact(src.len() as u64),
        dst: kept(&dst),
        dst_count: Tally::exact(dst.len() as u64),
        dst_ports: rare.iter().map(|(number, _)| *number).take(PORTS_LISTED).collect(),
        dst_port_count: Tally::exact(rare.len() as u64),
        first,
        last,
        count,
        evidence: vec![
            Evidence::value("rare_ports", rare.len() as f64),
            Evidence {
                window_s: Some(limits.window as f64 / 1e9),
                ..Evidence::value("connections_all", all as f64)
            },
        ],
        flows: rare
            .iter()
            .take(FLOWS_LISTED)
            .map(|(_, port)| crate::flow::community_id(&port.flow))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, ip, tcp};
    use crate::observation::FirstPacket;

    fn connect(script: &mut Script, port: u16, times: u16) {
        for n in 0..times {
            script.talks(tcp(ip("10.0.0.1"), 20_000 + n, ip("10.0.0.2"), port)).pass(0.1);
        }
    }

    #[test]
    fn rare_ports_of_a_window_are_one_finding() {
        let mut script = Script::new(&SPEC);
        connect(&mut script, 443, 300);
        connect(&mut script, 22, 5);
        connect(&mut script, 4_444, 1);
        connect(&mut script, 31_337, 2);
        script.pass(3_600.0);
        let findings = script.finish();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].dst_ports, [4_444, 31_337]);
        assert_eq!(findings[0].count, 3);
    }

    #[test]
    fn quiet_without_a_crowd_with_refusals_and_with_many_rare_ports() {
        let mut script = Script::new(&SPEC);
        connect(&mut script, 443, 50);
        connect(&mut script, 4_444, 1);
        assert_eq!(script.finish(), []);
        let mut script = Script::new(&SPEC);
        connect(&mut script, 443, 300);
        for port in 1..100 {
            let flow = tcp(ip("10.0.0.9"), 1, ip("10.0.0.2"), port);
            script.refused(flow, FirstPacket::Syn);
        }
        assert_eq!(script.finish(), []);
        let mut script = Script::new(&SPEC);
        connect(&mut script, 443, 300);
        for port in 50_000..50_100 {
            connect(&mut script, port, 1);
        }
        assert_eq!(script.finish(), []);
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut script = Script::new(&SPEC);
        for port in 1..20_000 {
            script.talks(tcp(ip("10.0.0.9"), 1, ip("10.0.0.2"), port));
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
        assert_eq!(script.finish(), []);
    }
}
