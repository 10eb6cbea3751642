//! What one client asked for: domains by their fate and their looks.

use super::{Fate, SPEC, Settings};
use crate::alert::Severity;
use crate::dns::{Asked, Name};
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{self, FiveTuple};
use crate::text;
use anomalyzer_wire::{Addr, HostileStr, Timestamp};
use std::fmt::Write as _;

/// Names and flows shown in a finding.
const SHOWN: usize = 5;
const FLOWS: usize = 20;
/// Characters shown of a domain.
const SHOWN_LEN: usize = 60;
/// Top-level domains counted of a client.
const SUFFIXES: usize = 8;
/// Share of the failing domains under the four commonest suffixes that a generator has.
const SUFFIX_SHARE: f64 = 0.8;
/// Generators use few suffixes.
const FEW_SUFFIXES: usize = 4;
/// How many times the threshold makes an alert high.
const MUCH: f64 = 10.0;

/// What a message tells of a domain.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    /// Not asked for within the window.
    pub(super) fresh: bool,
    pub(super) random: bool,
    pub(super) was: Fate,
    pub(super) fate: Fate,
}

/// Distinct domains.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    asked: u32,
    random: u32,
    failed: u32,
    failed_random: u32,
    resolved: u32,
}

impl Sums {
    fn plus(self, more: Self) -> Self {
        Self {
            asked: self.asked.saturating_add(more.asked),
            random: self.random.saturating_add(more.random),
            failed: self.failed.saturating_add(more.failed),
            failed_random: self.failed_random.saturating_add(more.failed_random),
            resolved: self.resolved.saturating_add(more.resolved),
        }
    }
}

/// Where the search led.
#[derive(Clone, Debug)]
struct Found {
    name: String,
    addresses: Vec<Addr>,
    connected: Option<Addr>,
}

/// One client.
pub(super) struct Client {
    half: i64,
    newest: i64,
    sums: [Sums; 2],
    /// Suffixes of failing domains and how many each; the rarest gives way.
    suffixes: Vec<(u64, u32)>,
    first: Timestamp,
    pub(super) last: Timestamp,
    server: Option<(Addr, u16)>,
    shown: Vec<String>,
    flows: Vec<String>,
    found: Option<Found>,
    /// Failing domains since `first`.
    total: u64,
    /// `total` when it was last told; what it led to counts as one more.
    pub(super) told: Option<u64>,
}

/// What crossed which threshold.
struct Crossed {
    technique: &'static str,
    name: &'static str,
    value: f64,
    limit: f64,
    confidence: f64,
    severity: Severity,
}

impl Client {
    pub(super) fn new(window: i64, now: Timestamp) -> Self {
        Self {
            half: (window / 2).max(1),
            newest: i64::MIN,
            sums: [Sums::default(); 2],
            suffixes: Vec::new(),
            first: now,
            last: now,
            server: None,
            shown: Vec::new(),
            flows: Vec::new(),
            found: None,
            total: 0,
            told: None,
        }
    }

    /// True when the client should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        let [a, b] = self.sums;
        self.told.is_some() || a.failed + b.failed >= 3
    }

    fn slide(&mut self, now: Timestamp) {
        let half = now.nanos().div_euclid(self.half);
        if half <= self.newest {
            return;
        }
        let [newer, _] = self.sums;
        if half.saturating_sub(self.newest) > 1 {
            *self = Self {
                newest: half,
                told: self.told,
                total: self.total,
                ..Self::new(self.half.saturating_mul(2), now)
            };
        } else {
            self.sums = [Sums::default(), newer];
            self.newest = half;
        }
    }

    /// Counts what a message tells.
    pub(super) fn count(&mut self, asked: &Asked<'_>, name: &Name, news: News, now: Timestamp) {
        self.slide(now);
        self.last = self.last.max(now);
        self.server = Some((asked.server, asked.port));
        let random = u32::from(news.random);
        let mut more = Sums::default();
        if news.fresh {
            (more.asked, more.random) = (1, random);
        }
        if news.fate == Fate::Failed && news.was == Fate::Open {
            (more.failed, more.failed_random) = (1, random);
            self.failed(asked, name, news.random);
        }
        if news.fate == Fate::Resolved {
            more.resolved = 1;
        } else if news.fresh && news.random && news.fate == Fate::Open {
            self.total += 1;
        }
        if let Some(newest) = self.sums.first_mut() {
            *newest = newest.plus(more);
        }
    }

    fn failed(&mut self, asked: &Asked<'_>, name: &Name, random: bool) {
        self.total += 1;
        let suffix = crate::count::fingerprint(bits(name.suffix()));
        let room = self.suffixes.len() < SUFFIXES;
        match self.suffixes.iter_mut().find(|(s, _)| *s == suffix) {
            Some((_, n)) => *n += 1,
            None if room => self.suffixes.push((suffix, 1)),
            None => {
                if let Some(rarest) = self.suffixes.iter_mut().min_by_key(|(_, n)| *n) {
                    *rarest = (suffix, 1);
                }
            }
        }
        if random || self.shown.is_empty() {
            if self.shown.len() < SHOWN {
                self.shown.push(shown(name));
            }
            if self.flows.len() < FLOWS {
                self.flows.push(flow::community_id(&asked.seen.tuple));
            }
        }
    }

    /// A random name resolved: the latest is the one that the search ended with.
    pub(super) fn leads_to(&mut self, name: &Name, addresses: Vec<Addr>) {
        if self.found.as_ref().is_none_or(|f| f.connected.is_none()) {
            self.found = Some(Found { name: shown(name), addresses, connected: None });
            self.total += 1;
        }
    }

    /// The client opened a connection to such an address.
    pub(super) fn connected(&mut self, tuple: &FiveTuple, now: Timestamp) {
        self.last = self.last.max(now);
        if let Some(found) = &mut self.found {
            found.connected = Some(tuple.dst);
            self.total += 1;
            self.flows.truncate(FLOWS - 1);
            self.flows.push(flow::community_id(tuple));
        }
    }

    /// The finding, when a threshold is crossed and there is something new; `all` tells of small
    /// news too.
    pub(super) fn judge(
        &mut self,
        addr: Addr,
        settings: &Settings,
        now: Timestamp,
        all: bool,
    ) -> Option<Finding> {
        self.slide(now);
        match self.told {
            Some(told) if told == self.total => return None,
            Some(told) if !all && self.total < told.saturating_mul(2) => return None,
            _ => {}
        }
        let [a, b] = self.sums;
        let sums = a.plus(b);
        let crossed = self.crossed(sums, settings)?;
        self.told = Some(self.total);
        Some(self.finding(addr, sums, &crossed, settings))
    }

    fn crossed(&self, sums: Sums, settings: &Settings) -> Option<Crossed> {
        let asked = f64::from(sums.asked.max(1));
        let failed = f64::from(sums.failed);
        let failing = f64::from(sums.failed_random);
        let random = f64::from(sums.random);
        if failing >= settings.failing
            && failing >= settings.random_share * failed
            && failing >= settings.failing_share * asked
        {
            let much = failing >= settings.failing * MUCH;
            return Some(Crossed {
                technique: "random",
                name: "random_failing_domains",
                value: failing,
                limit: settings.failing,
                confidence: if much { 0.95 } else { 0.85 },
                severity: if much { Severity::High } else { Severity::Medium },
            });
        }
        if random >= settings.asked && random >= settings.random_share * asked {
            return Some(Crossed {
                technique: "random",
                name: "random_domains",
                value: random,
                limit: settings.asked,
                confidence: 0.7,
                severity: Severity::Medium,
            });
        }
        if failed >= settings.failing_words
            && failed >= settings.words_share * asked
            && self.few_suffixes()
        {
            // Where nothing resolves at all, name resolution itself is broken.
            let works = sums.resolved > 0;
            return Some(Crossed {
                technique: "words",
                name: "failing_domains",
                value: failed,
                limit: settings.failing_words,
                confidence: if works { 0.6 } else { 0.3 },
                severity: if works { Severity::Medium } else { Severity::Low },
            });
        }
        None
    }

    fn few_suffixes(&self) -> bool {
        let mut counts: Vec<u32> = self.suffixes.iter().map(|(_, n)| *n).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let all: u32 = counts.iter().sum();
        let most: u32 = counts.iter().take(FEW_SUFFIXES).sum();
        f64::from(most) >= SUFFIX_SHARE * f64::from(all)
    }

    fn finding(&self, addr: Addr, sums: Sums, crossed: &Crossed, settings: &Settings) -> Finding {
        let window = settings.window as f64 / 1e9;
        let reached = self.found.as_ref().and_then(|f| f.connected);
        let mut evidence = vec![
            Evidence::exceeded(crossed.name, crossed.value, crossed.limit, window),
            Evidence::value("domains", f64::from(sums.asked)),
            Evidence::value("failing_domains_all", f64::from(sums.failed)),
            Evidence::value("random_domains_all", f64::from(sums.random)),
            Evidence::value("resolving_domains", f64::from(sums.resolved)),
        ];
        evidence.dedup_by_key(|e| e.name);
        let dst: Vec<Addr> = match (reached, &self.found) {
            (Some(addr), _) => vec![addr],
            (None, Some(found)) => found.addresses.clone(),
            (None, None) => self.server.into_iter().map(|(addr, _)| addr).collect(),
        };
        let ports: Vec<u16> = self.server.into_iter().map(|(_, port)| port).collect();
        Finding {
            detector: SPEC.id,
            technique: crossed.technique.to_owned(),
            subject: Subject { src: Some(addr), ..Subject::default() },
            severity: Some(if reached.is_some() { Severity::High } else { crossed.severity }),
            confidence: crossed.confidence,
            title: self.title(addr, crossed),
            explanation: self.explanation(addr, sums, crossed, settings),
            src: vec![addr],
            src_count: Tally::exact(1),
            dst_count: Tally::exact(dst.len() as u64),
            dst,
            dst_port_count: Tally::exact(ports.len() as u64),
            dst_ports: ports,
            first: self.first,
            last: self.last,
            count: self.total.max(1),
            evidence,
            flows: self.flows.clone(),
        }
    }

    fn title(&self, addr: Addr, crossed: &Crossed) -> String {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
        let domains = text::counted(crossed.value as u64, "domain");
        match (&self.found, crossed.technique) {
            (Some(found), _) => {
                let name: String = found.name.chars().take(40).collect();
                format!("{addr} asked for {domains} made by a generator, {name} answered")
            }
            (None, "words") => format!("{addr} asked for {domains} that do not exist"),
            (None, _) => format!("{addr} asked for {domains} that look made by a generator"),
        }
    }

    fn explanation(
        &self,
        addr: Addr,
        sums: Sums,
        crossed: &Crossed,
        settings: &Settings,
    ) -> String {
        let within = text::duration(settings.window as f64 / 1e9);
        let mut told = format!(
            "{addr} asked for {} within {within}: {}{}. Fewer than {} {} are expected in that \
             time. People and programs ask for names that exist, made of words; malware tries \
             generated names until one is registered.",
            text::counted(u64::from(sums.asked), "domain"),
            split(sums),
            if self.shown.is_empty() {
                String::new()
            } else {
                format!(", such as {}", self.shown.join(", "))
            },
            crossed.limit,
            crossed.name.replace('_', " "),
        );
        if crossed.technique == "words" {
            told.push_str(
                " The names read as words, so only their number speaks for a generator that joins \
                 words; a typing robot or a broken list of links looks the same.",
            );
        }
        if let Some(found) = &self.found {
            let to = text::addresses(&found.addresses, found.addresses.len() as u64);
            let _ = write!(told, " Then {} resolved to {to}", found.name);
            let _ = match found.connected {
                Some(to) => write!(told, ", and {addr} connected to {to}."),
                None => write!(told, "."),
            };
        }
        told
    }
}

/// How many of the domains fail, look random, or both.
fn split(sums: Sums) -> String {
    let failed = format!("{} of them do not exist", sums.failed);
    match (sums.random, sums.failed_random) {
        (0, _) => failed,
        (random, both) => format!(
            "{failed}, {random} look random by their letter pairs and digits, and {both} are both"
        ),
    }
}

fn shown(name: &Name) -> String {
    HostileStr::capped(name.zone(), SHOWN_LEN).escaped()
}

/// The last 16 bytes of a suffix as a number.
fn bits(suffix: &[u8]) -> u128 {
    suffix.iter().rev().take(16).fold(0, |sum, b| sum << 8 | u128::from(*b))
}
