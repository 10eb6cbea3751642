//! What one source did to many hosts, by one technique.

use super::{GRACE_NANOS, ROUTER_FACTOR, SETTLE_NANOS, SPEC, Settings, Technique, Who};
use crate::alert::Severity;
use crate::count::{Distinct, LinearCounter, PortSet, Recent};
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Failed targets remembered of a source; thresholds go up to this.
const REMEMBERED: usize = 64;
/// With so many remembered, only each 16th new one is held against the thresholds.
const SELDOM: u8 = 16;
/// Ports over which a worm's hosts are counted together.
const FEW_PORTS: usize = 8;
/// An attempt on another port belongs to the sweep when it follows within this: 10 s.
const LULL_NANOS: i64 = 10_000_000_000;
/// Hosts and flows named in a finding.
const NAMED: usize = 20;

/// A host and the port tried there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) dst: Addr,
    pub(super) port: u16,
}

impl Target {
    fn item(self) -> u128 {
        self.dst.to_bits() ^ u128::from(self.port) << 64
    }
}

/// When and by which settings a sweep is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    /// Nothing more is to be waited for.
    pub(super) end: bool,
    pub(super) settings: &'a Settings,
}

/// What crossed a threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossed {
    hosts: usize,
    threshold: usize,
    window: i64,
}

/// One source's attempts that have not succeeded.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    failing: Recent<Target, REMEMBERED>,
    /// All targets tried and those that answered, lately; made when there is a second target.
    ratio: Option<Box<Ratio>>,
    /// TCP: first contacts that worked since the oldest failed one that is remembered.
    good_long: u32,
    /// New targets since the memory is full.
    beyond: u8,
    /// ARP: the source is a router.
    pub(super) routes: bool,
    pub(super) sweep: Option<Box<Sweep>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ratio {
    tried: LinearCounter,
    good: LinearCounter,
}

/// A sweep, from the moment it may be one.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    hosts: Distinct,
    named: Vec<Addr>,
    ports: PortSet,
    attempts: u64,
    answered: u64,
    first: Timestamp,
    last: Timestamp,
    last_dst: Option<Addr>,
    began: Timestamp,
    flows: Vec<String>,
    confirmed: Option<Crossed>,
    reported_attempts: u64,
}

impl Sweep {
    /// True when it has grown to twice of what was told.
    pub(super) fn doubled(&self) -> bool {
        self.confirmed.is_some() && self.attempts >= self.reported_attempts.saturating_mul(2)
    }

    /// True for the first attempt behind a report.
    pub(super) fn resumed(&self) -> bool {
        self.confirmed.is_some() && self.attempts == self.reported_attempts + 1
    }

    /// True when an attempt belongs to the sweep: to one of its ports, or right behind the last and
    /// to the next host. What else the source does is another matter, such as a scan of one host.
    fn goes_on(&self, target: Target, now: Timestamp) -> bool {
        let next = now.since(self.last) <= LULL_NANOS && self.last_dst != Some(target.dst);
        self.ports.contains(target.port) || next
    }

    fn add(&mut self, target: Target) {
        self.attempts += 1;
        self.last_dst = Some(target.dst);
        self.ports.insert(target.port);
        if self.hosts.insert(target.dst.to_bits()) && self.named.len() < NAMED {
            self.named.push(target.dst);
        }
    }

    fn untold(&self) -> bool {
        self.attempts > self.reported_attempts
    }
}

impl Source {
    /// True when the source should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        self.sweep.is_some() || self.failing.len() >= 4
    }

    /// Counts an attempt; true when its target was not among the failing ones and the thresholds
    /// are worth a look.
    pub(super) fn attempt(
        &mut self,
        who: Who,
        target: Target,
        id: impl FnOnce() -> String,
        at: Moment<'_>,
    ) -> bool {
        let full = self.failing.len() >= REMEMBERED;
        let new = self.failing.touch(target, at.now);
        self.beyond = if full { (self.beyond + u8::from(new)) % SELDOM } else { 0 };
        if self.ratio.is_none() && self.failing.len() > 1 {
            self.ratio = Some(Box::default());
        }
        if let Some(ratio) = &mut self.ratio {
            ratio.tried.insert(target.item(), at.now, at.settings.limit(who.technique).1);
        }
        if let Some(sweep) = self.sweep.as_mut().filter(|sweep| sweep.goes_on(target, at.now)) {
            sweep.add(target);
            sweep.last = at.now;
            if sweep.flows.len() < NAMED && who.technique != Technique::Arp {
                sweep.flows.push(id());
            }
        }
        new && self.beyond == 0
    }

    /// An attempt was answered; whether anything comes of it is still open.
    pub(super) fn answered(&mut self, target: Target) {
        if self.failing.remove(target)
            && let Some(sweep) = &mut self.sweep
        {
            sweep.answered += 1;
        }
    }

    /// An attempt turned out to be good.
    pub(super) fn worked(&mut self, target: Target, now: Timestamp, window: i64) {
        self.answered(target);
        self.good_long = if self.failing.is_empty() { 0 } else { self.good_long.saturating_add(1) };
        if let Some(ratio) = &mut self.ratio {
            ratio.good.insert(target.item(), now, window);
        }
    }

    /// A connection ended without a byte in either direction.
    pub(super) fn silent_end(&mut self, target: Target, now: Timestamp) {
        self.failing.touch(target, now);
    }

    /// The threshold that the failed targets cross, with `slack` nanoseconds added to the window.
    pub(super) fn crossed(&self, who: Who, at: Moment<'_>, slack: i64) -> Option<Crossed> {
        let (limit, window) = at.settings.limit(who.technique);
        let factor = if self.routes { ROUTER_FACTOR } else { 1 };
        let threshold = limit * factor;
        let few = at.settings.few_ports;
        let (long, _) = at.settings.long;
        if self.failing.len() < threshold.min(few).min(long).min(REMEMBERED) {
            return None;
        }
        let recent: Vec<Target> = self
            .failing
            .within(at.now, window.saturating_add(slack))
            .map(|(target, _)| target)
            .collect();
        if self.routes {
            return self.router_crossed(&recent, threshold, window);
        }
        if recent.len() < threshold.min(few) || !self.mostly_fails(who) {
            return self.patient(who, at, slack);
        }
        let hosts = on_one_port(&recent);
        if hosts >= threshold {
            return Some(Crossed { hosts, threshold, window });
        }
        let (hosts, ports) = hosts_and_ports(&recent);
        let few_ports = ports <= FEW_PORTS && hosts >= few && hosts >= ports * FEW_PORTS;
        if few_ports {
            return Some(Crossed { hosts, threshold: few, window });
        }
        self.patient(who, at, slack)
    }

    /// A sweep without haste: the same port of host after host, and most do not work.
    fn patient(&self, who: Who, at: Moment<'_>, slack: i64) -> Option<Crossed> {
        let (threshold, window) = at.settings.long;
        if who.technique != Technique::Tcp || self.failing.len() < threshold {
            return None;
        }
        let recent = self.failing.within(at.now, window.saturating_add(slack));
        let recent: Vec<Target> = recent.map(|(target, _)| target).collect();
        let hosts = on_one_port(&recent);
        let good = usize::try_from(self.good_long).unwrap_or(usize::MAX);
        (hosts >= threshold && recent.len() >= good.saturating_mul(2)).then_some(Crossed {
            hosts,
            threshold,
            window,
        })
    }

    /// More addresses than are remembered are estimated.
    fn router_crossed(&self, recent: &[Target], threshold: usize, window: i64) -> Option<Crossed> {
        let ratio = self.ratio.as_ref()?;
        let hosts = ratio.tried.estimate() - ratio.good.estimate();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small estimate
        let hosts = hosts.max(0.0) as usize;
        (recent.len() >= REMEMBERED && hosts >= threshold).then_some(Crossed {
            hosts,
            threshold,
            window,
        })
    }

    /// TCP and UDP: failures are at least twice the successes.
    fn mostly_fails(&self, who: Who) -> bool {
        if !matches!(who.technique, Technique::Tcp | Technique::Udp) {
            return true;
        }
        self.ratio.as_ref().is_some_and(|r| {
            let good = r.good.estimate();
            r.tried.estimate() - good >= 2.0 * good
        })
    }

    /// Begins to count everything, because this may be a sweep: up to `exact` hosts exactly.
    pub(super) fn begin(&mut self, now: Timestamp, exact: usize) {
        let mut sweep = Sweep {
            hosts: Distinct::new(exact),
            named: Vec::new(),
            ports: PortSet::default(),
            attempts: 0,
            answered: 0,
            first: now,
            last: now,
            last_dst: None,
            began: now,
            flows: Vec::new(),
            confirmed: None,
            reported_attempts: 0,
        };
        for (target, time) in self.failing.iter() {
            sweep.add(*target);
            sweep.first = sweep.first.min(*time);
        }
        self.sweep = Some(Box::new(sweep));
    }

    /// Judges, reports or forgets the sweep; tells when to look again, `None` when it is over.
    pub(super) fn tend(
        &mut self,
        who: Who,
        at: Moment<'_>,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let began = self.sweep.as_ref()?.began;
        let due = began.plus_nanos(GRACE_NANOS);
        if self.sweep.as_ref()?.confirmed.is_none() {
            if at.now < due && !at.end {
                return Some(due);
            }
            let crossed = self.crossed(who, at, at.now.since(began));
            let Some(sweep) = self.sweep.as_mut().filter(|_| crossed.is_some()) else {
                self.sweep = None;
                return None;
            };
            sweep.confirmed = crossed;
            self.report(who, out);
        }
        let last = self.sweep.as_ref()?.last;
        let (settle, over) = (last.plus_nanos(SETTLE_NANOS), last.plus_nanos(at.settings.quiet));
        if at.end || at.now >= settle {
            self.report(who, out);
        }
        if at.now >= over {
            self.sweep = None;
            return None;
        }
        let untold = self.sweep.as_ref().is_some_and(|s| s.untold());
        Some(if untold { settle } else { over })
    }

    /// Tells of the sweep when there is something new to tell.
    pub(super) fn report(&mut self, who: Who, out: &mut Reporter<'_>) {
        let Some(sweep) = &mut self.sweep else { return };
        let Some(crossed) = sweep.confirmed else { return };
        if sweep.untold() {
            sweep.reported_attempts = sweep.attempts;
            out.report(finding(who, sweep, crossed));
        }
    }
}

/// The most hosts that share a port.
fn on_one_port(targets: &[Target]) -> usize {
    let mut ports: Vec<u16> = targets.iter().map(|t| t.port).collect();
    ports.sort_unstable();
    ports.chunk_by(|a, b| a == b).map(<[u16]>::len).max().unwrap_or(0)
}

fn hosts_and_ports(targets: &[Target]) -> (usize, usize) {
    let mut hosts: Vec<Addr> = targets.iter().map(|t| t.dst).collect();
    let mut ports: Vec<u16> = targets.iter().map(|t| t.port).collect();
    hosts.sort_unstable();
    hosts.dedup();
    ports.sort_unstable();
    ports.dedup();
    (hosts.len(), ports.len())
}

fn finding(who: Who, sweep: &Sweep, crossed: Crossed) -> Finding {
    let hosts = sweep.hosts.tally();
    let (technique, what) = match who.technique {
        Technique::Tcp => ("tcp", "TCP"),
        Technique::Udp => ("udp", "UDP"),
        Technique::Icmp => ("icmp", "ICMP"),
        Technique::Arp => ("arp", "ARP"),
        Technique::Dns => ("dns", "Reverse look-up"),
    };
    let has_ports = matches!(who.technique, Technique::Tcp | Technique::Udp);
    let ports = if has_ports { sweep.ports.first(50) } else { Vec::new() };
    let (limit, window) = (crossed.threshold, crossed.window);
    let seconds = sweep.last.since(sweep.first).max(0) as f64 / 1e9;
    let on = match ports.as_slice() {
        [] => String::new(),
        [one] => format!(" on port {one}"),
        _ => format!(" on {}", text::counted(sweep.ports.len() as u64, "port")),
    };
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { src: Some(who.src), other: technique.to_owned(), ..Subject::default() },
        severity: match who.technique {
            // Whoever shows names instead of addresses does this too.
            Technique::Dns => Some(Severity::Low),
            _ => (hosts.value >= 250).then_some(Severity::High),
        },
        confidence: if hosts.value >= 100 { 0.99 } else { 0.85 },
        title: format!("{what} sweep of {} by {}", text::counted(hosts.value, "host"), who.src),
        explanation: format!(
            "{} tried {}{on} within {} ({}); {} came. At least {} gave no answer within {}; a host \
             that behaves leaves fewer than {limit} unanswered in that time.",
            who.src,
            text::counted(hosts.value, "host"),
            text::duration(seconds),
            text::addresses(&sweep.named, hosts.value),
            text::counted_or_no(sweep.answered, "answer"),
            text::counted(crossed.hosts as u64, "host"),
            text::duration(window as f64 / 1e9),
        ),
        src: vec![who.src],
        src_count: Tally::exact(1),
        dst: sweep.named.clone(),
        dst_count: hosts,
        dst_port_count: Tally::exact(if has_ports { sweep.ports.len() as u64 } else { 0 }),
        dst_ports: ports,
        first: sweep.first,
        last: sweep.last,
        count: sweep.attempts,
        evidence: vec![
            Evidence::exceeded(
                "unanswered_hosts",
                crossed.hosts as f64,
                crossed.threshold as f64,
                crossed.window as f64 / 1e9,
            ),
            Evidence::value("distinct_hosts", hosts.value as f64),
            Evidence::value("answers", sweep.answered as f64),
        ],
        flows: sweep.flows.clone(),
    }
}
