//! One host that many sources send to.

use super::channel::{Channel, FEW_SHARE, Hit, KINDS, What};
use super::{QUIET_NANOS, SETTLE_NANOS, SPEC, Settings};
use crate::count::Distinct;
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::FiveTuple;
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Packets of a kind before its channel is made: most hosts never need one.
const UNCOUNTED: u8 = 2;
/// Sources and flows named in a finding.
const NAMED: usize = 20;

/// What comes to one host, by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Victim {
    few: [u8; KINDS.len()],
    channels: [Option<Box<Channel>>; KINDS.len()],
    story: Option<Box<Story>>,
    /// A verdict is due or an attack goes on.
    pub(super) is_watched: bool,
}

/// What is gathered while the host is watched.
#[derive(Clone, Debug)]
struct Story {
    sources: Distinct,
    flows: Vec<String>,
    reported: u64,
    reported_at: Timestamp,
}

impl Victim {
    /// True when the host should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        self.is_watched
    }

    /// Counts packets; true when the host is to be looked at later on.
    pub(super) fn hit(
        &mut self,
        hit: &Hit,
        tuple: &FiveTuple,
        settings: &Settings,
        exact: usize,
    ) -> bool {
        let place = hit.what as usize;
        let (Some(few), Some(channel)) = (self.few.get_mut(place), self.channels.get_mut(place))
        else {
            return false;
        };
        if channel.is_none() && *few < UNCOUNTED && hit.n == 1 {
            *few += 1;
            return false;
        }
        if channel.as_ref().is_some_and(|c| c.is_stale(hit.now)) {
            *channel = None;
        }
        let channel = channel.get_or_insert_with(|| Box::new(Channel::new(hit.since)));
        let due = channel.add(hit, settings);
        let suspect = channel.is_suspect();
        if due && self.story.is_none() {
            self.begin(hit.now, exact);
        }
        self.is_watched |= due;
        let resumes =
            self.attack_total() > 0 && self.attack_total() - u64::from(hit.n) <= self.told();
        if let Some(story) = self.story.as_mut().filter(|_| suspect) {
            story.sources.insert(hit.src.to_bits());
            if story.flows.len() < NAMED {
                story.flows.push(crate::flow::community_id(tuple));
            }
        }
        due || resumes
    }

    /// An attempt counted at `time` became a connection.
    pub(super) fn took_part(&mut self, what: What, time: Timestamp) {
        if let Some(Some(channel)) = self.channels.get_mut(what as usize) {
            channel.take_back(Some(time));
        }
    }

    /// A connection of this host goes on, although its beginning was not seen.
    pub(super) fn goes_on(&mut self) {
        if let Some(Some(channel)) = self.channels.get_mut(What::Reflection as usize) {
            channel.take_back(None);
        }
    }

    /// Judges, reports or forgets; tells when to look again, `None` when it is over.
    pub(super) fn tend(
        &mut self,
        addr: Addr,
        now: Timestamp,
        end: bool,
        settings: &Settings,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        let mut news = false;
        for (what, channel) in KINDS.iter().zip(&mut self.channels) {
            let Some(channel) = channel else { continue };
            match channel.due() {
                Some(due) if now < due && !end => next = Some(next.map_or(due, |n| n.min(due))),
                Some(_) => news |= channel.judge(*what, settings, end),
                None => {}
            }
        }
        let last = self.attacks().map(|(_, c)| c.last).max();
        let Some(last) = last else {
            self.is_watched = next.is_some();
            if next.is_none() {
                self.story = None;
            }
            return next;
        };
        let settle = self.reported_at().plus_nanos(SETTLE_NANOS);
        if news || end || now >= settle {
            self.report(addr, now, out);
        }
        if now >= last.plus_nanos(QUIET_NANOS) {
            *self = Self::default();
            return None;
        }
        let settle = self.reported_at().plus_nanos(SETTLE_NANOS);
        let look =
            if self.attack_total() > self.told() { settle } else { last.plus_nanos(QUIET_NANOS) };
        Some(next.map_or(look, |n| n.min(look)))
    }

    /// Tells of the attack when there is something new to tell.
    pub(super) fn report(&mut self, addr: Addr, now: Timestamp, out: &mut Reporter<'_>) {
        let total = self.attack_total();
        if total > self.told()
            && let Some(finding) = self.finding(addr)
        {
            out.report(finding);
            if let Some(story) = &mut self.story {
                story.reported = total;
                story.reported_at = now;
            }
        }
    }

    fn begin(&mut self, now: Timestamp, exact: usize) {
        let mut sources = Distinct::new(exact);
        for channel in self.channels.iter().flatten().filter(|c| c.is_suspect()) {
            for print in channel.sources() {
                sources.insert_print(print);
            }
        }
        let story = Story { sources, flows: Vec::new(), reported: 0, reported_at: now };
        self.story = Some(Box::new(story));
    }

    fn attacks(&self) -> impl Iterator<Item = (What, &Channel)> {
        let channels = KINDS.iter().zip(&self.channels);
        channels
            .filter_map(|(what, c)| c.as_deref().filter(|c| c.attack.is_some()).map(|c| (*what, c)))
    }

    fn attack_total(&self) -> u64 {
        self.attacks().map(|(_, c)| c.total).sum()
    }

    fn told(&self) -> u64 {
        self.story.as_ref().map_or(0, |s| s.reported)
    }

    fn reported_at(&self) -> Timestamp {
        self.story.as_ref().map_or(Timestamp::MIN, |s| s.reported_at)
    }

    fn finding(&self, addr: Addr) -> Option<Finding> {
        let story = self.story.as_deref()?;
        let attacks: Vec<(What, &Channel)> = self.attacks().collect();
        let (main, channel) = attacks.iter().copied().max_by_key(|(_, c)| c.total)?;
        let technique = if attacks.len() == 1 { main.technique() } else { "mixed" };
        let sources = story.sources.tally();
        let src: Vec<Addr> = channel.top.heaviest(NAMED).iter().map(|(a, _)| *a).collect();
        let first = attacks.iter().map(|(_, c)| c.first).min()?;
        let last = attacks.iter().map(|(_, c)| c.last).max()?;
        let ports: Vec<u16> = channel.ports.heaviest(16).iter().map(|(p, _)| *p).collect();
        let mut dst_ports = if main == What::Syn { ports.clone() } else { Vec::new() };
        dst_ports.sort_unstable();
        Some(Finding {
            detector: SPEC.id,
            technique: technique.to_owned(),
            subject: Subject { dst: Some(addr), ..Subject::default() },
            severity: None,
            confidence: 0.95,
            title: format!("{} of {addr} by {}", name(technique), sources_in_words(sources)),
            explanation: explanation(addr, &attacks, sources, last.since(first)),
            src,
            src_count: sources,
            dst: vec![addr],
            dst_count: Tally::exact(1),
            dst_port_count: Tally::exact(dst_ports.len() as u64),
            dst_ports,
            first,
            last,
            count: self.attack_total(),
            evidence: evidence(&attacks, sources, &ports, main),
            flows: story.flows.clone(),
        })
    }
}

fn name(technique: &str) -> &'static str {
    match technique {
        "syn" => "Distributed SYN flood",
        "udp" => "Distributed UDP flood",
        "reflection" => "Reflection attack",
        "amplification" => "Amplification attack",
        _ => "Distributed flood",
    }
}

fn explanation(addr: Addr, attacks: &[(What, &Channel)], sources: Tally, nanos: i64) -> String {
    let parts: Vec<String> = attacks
        .iter()
        .map(|(what, c)| {
            let (peak, floor) = c.attack.unwrap_or_default();
            let window = if *what == What::Amplification { " in 10 s" } else { "" };
            format!(
                "{} {} ({}; up to {} in a second, limit {}{window})",
                text::thousands(c.total),
                what.noun(),
                text::bytes(c.total_bytes),
                text::thousands(peak),
                text::thousands(floor),
            )
        })
        .collect();
    format!(
        "{addr} received {} within {} from {}.{} The load is spread: even the three busiest sources \
         together send less than {:.0} % of it.",
        text::listed(&parts),
        text::duration(nanos.max(0) as f64 / 1e9),
        sources_in_words(sources),
        reflected_by(attacks),
        FEW_SHARE * 100.0,
    )
}

/// What the provider can filter amplified answers by.
fn reflected_by(attacks: &[(What, &Channel)]) -> String {
    let amplified = attacks.iter().find(|(what, _)| *what == What::Amplification);
    let Some((_, channel)) = amplified else { return String::new() };
    let ports = channel.ports.heaviest(16);
    let Some((port, _)) = ports.iter().find(|(port, _)| *port != 0) else { return String::new() };
    let each = text::bytes(channel.total_bytes / channel.total.max(1));
    format!(" Most come from port {port}; a packet has {each} on average.")
}

/// `about 10,249,934 sources` when a sketch says so.
fn sources_in_words(sources: Tally) -> String {
    let about = if sources.estimated { "about " } else { "" };
    format!("{about}{}", text::counted(sources.value, "source"))
}

fn evidence(
    attacks: &[(What, &Channel)],
    sources: Tally,
    ports: &[u16],
    main: What,
) -> Vec<Evidence> {
    let mut evidence = vec![Evidence::value("sources", sources.value as f64)];
    for (what, channel) in attacks {
        let (peak, floor) = channel.attack.unwrap_or_default();
        let named = match what {
            What::Syn => Evidence::exceeded("half_open_per_second", peak as f64, floor as f64, 1.0),
            What::Reflection => {
                Evidence::exceeded("answers_per_second", peak as f64, floor as f64, 1.0)
            }
            What::Amplification => {
                Evidence::exceeded("amplified_packets", channel.total as f64, floor as f64, 10.0)
            }
            What::Udp => Evidence::exceeded("udp_per_second", peak as f64, floor as f64, 1.0),
            What::Icmp => Evidence::exceeded("icmp_per_second", peak as f64, floor as f64, 1.0),
        };
        evidence.push(named);
    }
    if main == What::Amplification
        && let Some(port) = ports.iter().find(|p| **p != 0)
    {
        evidence.push(Evidence::value("source_port", f64::from(*port)));
    }
    evidence
}
