//! `protocol-scan`: one source, many IP protocol numbers of one host.
//!
//! Keeps the protocol numbers beyond TCP, UDP and ICMP that one host sent to another. Ports are
//! left to `port-scan`, packets by the thousand to `flood`.

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::{REOPEN_GAP_NANOS, Severity};
use crate::config::{PerHost, Section, Values};
use crate::count::{Recent, Table};
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{FiveTuple, community_id};
use crate::observation::{FlowStarted, IcmpError, Kinds, Observation, Seen};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Pairs of hosts with a rare protocol. Such pairs are few, so a flood of spoofed ones is the only
/// thing that fills the table.
const PAIRS: usize = 8_192;
/// Protocols remembered for a pair before a scan is seen; also the largest threshold.
const REMEMBERED: usize = 64;
/// Flows named for a scan.
const FLOWS_LISTED: usize = 20;
/// Protocols named in an explanation.
const NAMED: usize = 20;
/// A scan that has stopped growing is told once more after this long.
const SETTLE_NANOS: i64 = 10_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "protocol-scan",
    summary: "One source tries many IP protocol numbers of one host",
    about: include_str!("protocol_scan.md"),
    advice: "If this is not your own scanner, block the source at the border, or isolate it when \
             it is inside, and look for the port scan that usually follows.",
    severity: Severity::Medium,
    techniques: &["ip"],
    attack: &["T1046", "T1595.001"],
    sees: Kinds::FLOW_STARTED.and(Kinds::ICMP_ERROR),
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: PAIRS,
    build: |section, seed| Box::new(ProtocolScan::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "protocols",
        unit: Unit::Count,
        default: 10.0,
        min: 3.0,
        max: REMEMBERED as f64,
        about: "IP protocol numbers besides TCP, UDP and ICMP from one host to another within \
                `window` that make a scan; the busiest ordinary pairs (VPN gateways, routers) use \
                ESP, AH, GRE, IP in IP, SCTP and OSPF.",
    },
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 1.0,
        max: 86_400.0,
        about: "Time within which they count; an ordinary pair does not come by new protocols, so \
                an hour does no harm and finds one probe every six minutes.",
    },
];

#[derive(Clone, Copy)]
struct Settings {
    protocols: usize,
    window: i64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        let protocols = usize::try_from(values.count("protocols")).unwrap_or(REMEMBERED);
        Self { protocols, window: values.nanos("window") }
    }
}

/// A set of protocol numbers.
#[derive(Clone, Copy, Default)]
struct Protocols([u64; 4]);

impl Protocols {
    /// Adds a number; true when it is new.
    fn insert(&mut self, number: u8) -> bool {
        let Some(word) = self.0.get_mut(usize::from(number >> 6)) else { return false };
        let bit = 1 << (number & 63);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(|n| {
            self.0.get(usize::from(n >> 6)).is_some_and(|word| word >> (n & 63) & 1 == 1)
        })
    }
}

/// What one host sent to another.
struct Pair {
    recent: Recent<u8, REMEMBERED>,
    scan: Option<Box<Scan>>,
}

/// A scan from its beginning.
struct Scan {
    first: Timestamp,
    last: Timestamp,
    tried: Protocols,
    refused: Protocols,
    packets: u64,
    /// Protocols told so far.
    told: u32,
    flows: Vec<String>,
}

struct ProtocolScan {
    settings: PerHost<Settings>,
    pairs: Table<(Addr, Addr), Pair>,
}

impl ProtocolScan {
    fn new(section: &Section, seed: u64) -> Self {
        let pairs = Table::new(PAIRS, seed, |pair: &Pair| pair.scan.is_some());
        Self { settings: section.resolve(Settings::from), pairs }
    }

    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let t = &flow.tuple;
        if is_common(t.proto) || !t.dst.is_unicast() || !t.src.is_unicast() || t.src == t.dst {
            return;
        }
        let settings = *self.settings.of(t.src);
        let hosts = (t.src, t.dst);
        let (pair, evicted) =
            self.pairs.entry(hosts, || Pair { recent: Recent::default(), scan: None });
        if let Some((hosts, mut old)) = evicted {
            old.tell(hosts, self.settings.of(hosts.0), out);
        }
        let Some(pair) = pair else { return };
        if pair.scan.as_ref().is_some_and(|s| now.since(s.last) > REOPEN_GAP_NANOS) {
            pair.tell(hosts, &settings, out);
            *pair = Pair { recent: Recent::default(), scan: None };
        }
        pair.recent.touch(t.proto, now);
        match &mut pair.scan {
            Some(scan) => {
                if scan.probe(t, now) && scan.tried.len() >= scan.told.saturating_mul(2) {
                    pair.tell(hosts, &settings, out);
                }
                out.wake_at(now.plus_nanos(SETTLE_NANOS));
            }
            None if pair.recent.within(now, settings.window).count() >= settings.protocols => {
                pair.scan = Some(Box::new(Scan::begin(&pair.recent, t, settings.window, now)));
                out.wake_at(now.plus_nanos(SETTLE_NANOS));
            }
            None => {}
        }
    }

    /// A host says that it does not know a protocol: ICMP code 2 of unreachable, ICMPv6 code 1 of
    /// parameter problem.
    fn refused(&mut self, error: &IcmpError) {
        let unknown_protocol = if error.v6 {
            (error.kind, error.code) == (4, 1)
        } else {
            (error.kind, error.code) == (3, 2)
        };
        let quoted = &error.quoted;
        if !unknown_protocol || is_common(quoted.proto) {
            return;
        }
        if let Some(pair) = self.pairs.get_mut(&(quoted.src, quoted.dst))
            && let Some(scan) = &mut pair.scan
        {
            scan.refused.insert(quoted.proto);
        }
    }

    fn tell_all(&mut self, out: &mut Reporter<'_>) {
        for (hosts, pair) in self.pairs.iter_mut() {
            pair.tell(*hosts, self.settings.of(hosts.0), out);
        }
    }
}

/// TCP, UDP and ICMP: every pair of hosts may use them.
const fn is_common(proto: u8) -> bool {
    matches!(proto, 1 | 6 | 17 | 58)
}

impl Scan {
    /// Begins with the probes remembered.
    fn begin(recent: &Recent<u8, REMEMBERED>, t: &FiveTuple, window: i64, now: Timestamp) -> Self {
        let mut scan = Self {
            first: now,
            last: now,
            tried: Protocols::default(),
            refused: Protocols::default(),
            packets: 0,
            told: 0,
            flows: Vec::new(),
        };
        for (number, time) in recent.within(now, window) {
            scan.first = scan.first.min(time);
            scan.probe(&FiveTuple { proto: number, ..*t }, now);
        }
        scan
    }

    /// Adds a probe; true when its protocol is new.
    fn probe(&mut self, t: &FiveTuple, now: Timestamp) -> bool {
        self.last = self.last.max(now);
        self.packets += 1;
        let new = self.tried.insert(t.proto);
        if new && self.flows.len() < FLOWS_LISTED {
            self.flows.push(community_id(t));
        }
        new
    }
}

impl Pair {
    /// Reports the scan when it has grown since last time.
    fn tell(&mut self, (src, dst): (Addr, Addr), settings: &Settings, out: &mut Reporter<'_>) {
        let Some(scan) = &mut self.scan else { return };
        if scan.tried.len() > scan.told {
            scan.told = scan.tried.len();
            out.report(finding(scan, src, dst, settings));
        }
    }
}

impl Detector for ProtocolScan {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        match &seen.what {
            Observation::FlowStarted(flow) => self.started(flow, seen.time, out),
            Observation::IcmpError(error) => self.refused(error),
            _ => {}
        }
    }

    fn deadline(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.tell_all(out);
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.tell_all(out);
    }

    fn entries(&self) -> usize {
        self.pairs.len()
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

fn finding(scan: &Scan, src: Addr, dst: Addr, settings: &Settings) -> Finding {
    let tried = scan.tried.len();
    let refused = scan.refused.len();
    let window = settings.window as f64 / 1e9;
    let answer = if refused == 0 {
        "No answer that refuses one was seen".to_owned()
    } else {
        format!("{dst} refused {refused} of them as unknown")
    };
    let mut named: Vec<String> =
        scan.tried.iter().take(NAMED).map(|n| text::ip_protocol(n).into_owned()).collect();
    if let Some(more) = usize::try_from(tried).ok().filter(|n| *n > named.len()) {
        let last = named.pop().unwrap_or_default();
        named.push(format!("{last} and {} more", more - named.len() - 1));
    }
    Finding {
        detector: SPEC.id,
        technique: "ip".to_owned(),
        subject: Subject { src: Some(src), dst: Some(dst), ..Subject::default() },
        severity: None,
        // Refusals prove that the host was asked for what it does not speak.
        confidence: if refused > 0 { 0.95 } else { 0.85 },
        title: format!("IP protocol scan: {src} tried {tried} protocols of {dst}"),
        explanation: format!(
            "{src} sent {dst} packets of {tried} IP protocols besides TCP, UDP and ICMP within {}. \
             Ordinary pairs of hosts use one or two; {} within {} are a scan. {answer}. \
             Protocols: {}.",
            text::duration(scan.last.since(scan.first) as f64 / 1e9),
            settings.protocols,
            text::duration(window),
            named.join(", "),
        ),
        src: vec![src],
        src_count: Tally::exact(1),
        dst: vec![dst],
        dst_count: Tally::exact(1),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: scan.first,
        last: scan.last,
        count: scan.packets,
        evidence: vec![
            Evidence::exceeded("ip_protocols", f64::from(tried), settings.protocols as f64, window),
            Evidence::value("protocols_refused", f64::from(refused)),
        ],
        flows: scan.flows.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, echo, ip, subjects, tcp, tuple, udp};
    use crate::observation::FirstPacket;

    fn probe(script: &mut Script, src: &str, dst: &str, proto: u8) {
        let flow = tuple(proto, ip(src), 0, ip(dst), 0);
        script.started(flow, FirstPacket::Other);
    }

    #[test]
    fn a_scan_is_one_finding_that_grows_and_names_refusals() {
        let mut script = Script::new(&SPEC);
        for proto in 0..=255 {
            let flow = tuple(proto, ip("10.0.0.9"), 0, ip("10.0.0.2"), 0);
            script.started(flow, FirstPacket::Other).pass(0.05);
            script.icmp_error(ip("10.0.0.2"), flow, 3, 2);
        }
        let findings = script.finish();
        assert_eq!(subjects(&findings).len(), 1);
        assert!(findings.len() <= 8, "told {} times", findings.len());
        let last = findings.last().unwrap();
        assert_eq!((last.src[0], last.dst[0]), (ip("10.0.0.9"), ip("10.0.0.2")));
        assert!((last.evidence[0].value - 252.0).abs() < 0.5);
        assert!(last.evidence[1].value > 200.0 && last.flows.len() == FLOWS_LISTED);
    }

    #[test]
    fn ipv6_and_a_patient_scan_without_answers() {
        let mut script = Script::new(&SPEC);
        for proto in 140..152 {
            probe(&mut script, "fd00::9", "fd00::2", proto);
            script.pass(300.0);
        }
        assert_eq!(subjects(&script.finish()).len(), 1);
    }

    #[test]
    fn look_alikes_are_quiet() {
        let mut script = Script::new(&SPEC);
        // A VPN gateway, its peer and much else between the two.
        for proto in [50, 51, 47, 4, 41, 89, 132, 108] {
            probe(&mut script, "192.0.2.1", "192.0.2.2", proto);
            probe(&mut script, "192.0.2.2", "192.0.2.1", proto);
        }
        // Routers talk to groups.
        for proto in 80..120 {
            probe(&mut script, "10.0.0.1", "224.0.0.5", proto);
            probe(&mut script, "10.0.0.1", "ff02::5", proto);
        }
        // Ports and echo are not protocols.
        for port in 1..200 {
            script.started(tcp(ip("10.0.0.3"), 1, ip("10.0.0.4"), port), FirstPacket::Syn);
            script.started(udp(ip("10.0.0.3"), 1, ip("10.0.0.4"), port), FirstPacket::Udp);
        }
        script
            .started(echo(ip("10.0.0.3"), ip("10.0.0.4")), FirstPacket::Icmp { kind: 8, code: 0 });
        // A few new protocols a day.
        for proto in 140..200 {
            probe(&mut script, "10.0.0.5", "10.0.0.6", proto);
            script.pass(600.0);
        }
        assert_eq!(script.finish(), []);
    }

    #[test]
    fn the_table_stays_bounded_and_an_evicted_scan_is_told() {
        let mut script = Script::new(&SPEC);
        for proto in 60..90 {
            probe(&mut script, "10.0.0.9", "10.0.0.2", proto);
        }
        for n in 0..60_000 {
            let flow = tuple(99, crate::detect::testing::many(n), 0, ip("10.0.0.2"), 0);
            script.started(flow, FirstPacket::Other);
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
        assert!(script.detector().evictions() > 0);
        assert_eq!(subjects(&script.finish()).len(), 1);
    }

    #[test]
    fn an_override_for_a_scanner() {
        let mut script = Script::with(&SPEC, |section| {
            let own = crate::config::Prefix::parse("10.0.0.9").unwrap();
            section.set_host(own, &[("protocols", 64.0)]);
        });
        for proto in 60..120 {
            probe(&mut script, "10.0.0.9", "10.0.0.2", proto);
        }
        assert_eq!(script.finish(), []);
    }
}
