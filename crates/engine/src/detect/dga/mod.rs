//! `dga`: a client that asks for many registered names which do not exist.
//!
//! Malware that makes its controllers' names from the date asks for hundreds until one of them
//! answers. Counts registered domains (one label below a public suffix), not names: what fails
//! under one zone is left to `dns-tunnel`. What one client did is in [`client`].

mod client;
#[cfg(test)]
mod tests;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::dns::{Asked, Name, NameCache, Readable, is_known};
use crate::observation::{FirstPacket, FlowStarted, Kinds, Observation, Seen};
use ahash::RandomState;
use anomalyzer_wire::app::dns::{DnsMessage, Rdata};
use anomalyzer_wire::{Addr, Timestamp};
use client::{Client, News};

/// Clients with at least one new domain.
const CLIENTS: usize = 8_192;
/// Domains remembered over all clients.
const DOMAINS: usize = 65_536;
/// Clients with an alarm that may have more to tell.
const ALARMS: usize = 1_024;
/// Addresses that random names of alarmed clients resolved to.
const CONTROLLERS: usize = 1_024;
/// How long a growing search waits before it is told again.
const SETTLE_NANOS: i64 = 60_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "dga",
    summary: "A client asks for many made-up domains that do not exist",
    about: include_str!("about.md"),
    advice: "Look for malware on the client: its names come from a generator, and the one that \
             resolves at last is likely its controller.",
    severity: Severity::Medium,
    techniques: &["random", "words"],
    attack: &["T1568.002", "T1071.004"],
    sees: Kinds::APP.and(Kinds::FLOW_STARTED),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: CLIENTS + DOMAINS + ALARMS + CONTROLLERS,
    build: |section, seed| Box::new(Dga::new(section, seed)),
};

const fn count(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Count, default, min: 2.0, max: 1e6, about }
}

const fn share(key: &'static str, default: f64, about: &'static str) -> Setting {
    Setting { key, unit: Unit::Ratio, default, min: 0.0, max: 1.0, about }
}

static SETTINGS: &[Setting] = &[
    count(
        "failing",
        10.0,
        "Distinct random-looking domains that do not exist, asked for by one client within \
         `window`; Slips tells of 10 names that do not exist.",
    ),
    count(
        "asked",
        30.0,
        "Distinct random-looking domains asked for within `window` that make a search whatever \
         the answers: three times `failing`, for captures without responses and for sinkholes \
         that answer everything.",
    ),
    count(
        "failing_words",
        40.0,
        "Distinct failing domains within `window` whatever they look like: twice the 20 an hour \
         at which Maltrail warns.",
    ),
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 10.0,
        max: 604_800.0,
        about: "The window; it slides by half its length. Slips and Maltrail count by the hour.",
    },
    share(
        "random_share",
        0.5,
        "Share of the failing domains that must look random: of the names people visit one in \
         eleven does.",
    ),
    share(
        "failing_share",
        0.2,
        "Share of all domains asked for that must be failing and random: a busy resolver or mail \
         filter meets some of either kind.",
    ),
    share(
        "words_share",
        0.5,
        "Share of all domains asked for that must fail before names that look like words make a \
         search.",
    ),
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
struct Settings {
    failing: f64,
    asked: f64,
    failing_words: f64,
    window: i64,
    random_share: f64,
    failing_share: f64,
    words_share: f64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        Self {
            failing: values.number("failing"),
            asked: values.number("asked"),
            failing_words: values.number("failing_words"),
            window: values.nanos("window"),
            random_share: values.number("random_share"),
            failing_share: values.number("failing_share"),
            words_share: values.number("words_share"),
        }
    }
}

/// What is remembered of a domain that a client asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Domain {
    last: Timestamp,
    random: bool,
    fate: Fate,
}

/// What became of the question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Open,
    Failed,
    Resolved,
}

/// What a name is by itself: a hash of its registered zone, whose lower bits tell whether the
/// registered label looks random and whether the name is an internal one; 0 without a zone.
#[derive(Clone, Copy, Debug, Default)]
struct Looked(u64);

impl Looked {
    const RANDOM: u64 = 1;
    const INTERNAL: u64 = 2;
    /// Set wherever there is a zone.
    const ZONE: u64 = 4;

    fn at(name: &Name, readable: &Readable, state: &RandomState) -> Self {
        let Some(label) = name.registered() else { return Self::default() };
        let zone = state.hash_one(name.zone()) & !(Self::RANDOM | Self::INTERNAL);
        let random = u64::from(readable.is_random(label)) * Self::RANDOM;
        let internal = u64::from(is_internal(name)) * Self::INTERNAL;
        Self(zone | Self::ZONE | random | internal)
    }

    const fn has_zone(self) -> bool {
        self.0 & Self::ZONE != 0
    }

    const fn is_random(self) -> bool {
        self.0 & Self::RANDOM != 0
    }

    const fn is_internal(self) -> bool {
        self.0 & Self::INTERNAL != 0
    }
}

struct Dga {
    settings: PerHost<Settings>,
    readable: Readable,
    state: RandomState,
    looked: NameCache<Looked>,
    domains: Table<u64, Domain>,
    clients: Table<Addr, Client>,
    /// Client and the address that a random name led to.
    controllers: Table<(Addr, Addr), ()>,
    alarms: Vec<Addr>,
}

impl Dga {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            readable: Readable::new(),
            state: RandomState::with_seeds(seed, !seed, seed.rotate_left(29), 0xd6a),
            looked: NameCache::new(seed),
            domains: Table::new(DOMAINS, seed, |d| d.fate == Fate::Failed),
            clients: Table::new(CLIENTS, seed, Client::outlasts),
            controllers: Table::new(CONTROLLERS, seed, |()| false),
            alarms: Vec::new(),
        }
    }

    fn message(&mut self, asked: &Asked<'_>, now: Timestamp, out: &mut Reporter<'_>) {
        // Only what is asked for to be connected to: mail filters ask for MX and TXT.
        if !matches!(asked.question.qtype, 1 | 28) {
            return;
        }
        let (wire, readable, state) = (&asked.question.name, &self.readable, &self.state);
        let look = || Some(Looked::at(&Name::new(wire), readable, state));
        let Some(looked) = self.looked.get_or(wire, false, look).filter(|l| l.has_zone()) else {
            return;
        };
        let settings = *self.settings.of(asked.client);
        let hash = self.state.hash_one((asked.client, looked.0));
        let before = self.domains.get_mut(&hash);
        let known = before.filter(|d| now.since(d.last) <= settings.window);
        let fresh = known.is_none();
        let domain = match known {
            Some(domain) => {
                domain.last = domain.last.max(now);
                let fate = fate(asked.message, domain.random);
                if fate == Fate::Open || domain.fate == fate || domain.fate == Fate::Resolved {
                    return;
                }
                domain
            }
            None if looked.is_internal() => return,
            None => {
                let new = Domain { last: now, random: looked.is_random(), fate: Fate::Open };
                let (Some(domain), _) = self.domains.entry(hash, || new) else { return };
                *domain = new;
                domain
            }
        };
        let name = Name::new(wire);
        let fate = fate(asked.message, domain.random);
        let news = News { fresh, random: domain.random, was: domain.fate, fate };
        domain.fate = fate;
        let (client, _) = self.clients.entry(asked.client, || Client::new(settings.window, now));
        let Some(client) = client else { return };
        client.count(asked, &name, news, now);
        self.judge(asked.client, now, false, out);
        if fate == Fate::Resolved && news.random {
            self.resolved(asked, &name, now, out);
        }
    }

    /// A random name of a client that searches has resolved at last.
    fn resolved(&mut self, asked: &Asked<'_>, name: &Name, now: Timestamp, out: &mut Reporter<'_>) {
        let Some(client) = self.clients.get_mut(&asked.client).filter(|c| c.told.is_some()) else {
            return;
        };
        let addresses = addresses(asked.message);
        client.leads_to(name, addresses.clone());
        for addr in addresses {
            self.controllers.entry((asked.client, addr), || ());
        }
        self.judge(asked.client, now, true, out);
    }

    fn judge(&mut self, addr: Addr, now: Timestamp, all: bool, out: &mut Reporter<'_>) {
        let settings = *self.settings.of(addr);
        let Some(client) = self.clients.get_mut(&addr) else { return };
        let first = client.told.is_none();
        let Some(finding) = client.judge(addr, &settings, now, all) else { return };
        out.report(finding);
        if first && self.alarms.len() < ALARMS {
            self.alarms.push(addr);
        }
        out.wake_at(now.plus_nanos(SETTLE_NANOS));
    }

    fn settle(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        for addr in std::mem::take(&mut self.alarms) {
            self.judge(addr, now, true, out);
            let window = self.settings.of(addr).window;
            let lives = self.clients.get(&addr).is_some_and(|c| now.since(c.last) <= window);
            if lives && !end {
                self.alarms.push(addr);
            }
        }
        if !self.alarms.is_empty() {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
    }

    /// The client connects to what a random name led to.
    fn started(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let opens = matches!(flow.first, FirstPacket::Syn | FirstPacket::Udp);
        let t = &flow.tuple;
        if self.controllers.is_empty() || !opens || !flow.by_originator {
            return;
        }
        if self.controllers.remove(&(t.src, t.dst)).is_some()
            && let Some(client) = self.clients.get_mut(&t.src)
        {
            client.connected(t, now);
            self.judge(t.src, now, true, out);
        }
    }
}

impl Detector for Dga {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::FlowStarted(flow) = &seen.what {
            self.started(flow, seen.time, out);
        } else if let Some(asked) = Asked::of(seen) {
            self.message(&asked, seen.time, out);
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.settle(now, false, out);
    }

    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.settle(now, true, out);
    }

    fn entries(&self) -> usize {
        self.clients.len() + self.domains.len() + self.controllers.len() + self.alarms.len()
    }

    fn evictions(&self) -> u64 {
        self.clients.evictions() + self.domains.evictions() + self.controllers.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// What a message says of a domain: "no such name" is a failure, an empty answer is not, since
/// there may be one of another type. A server's own failure counts for random names only: names
/// of words fail so when the server is in trouble.
fn fate(message: &DnsMessage, random: bool) -> Fate {
    match (message.response, message.rcode) {
        (true, 3) => Fate::Failed,
        (true, 2 | 5) if random => Fate::Failed,
        (true, 0) if !message.answers.is_empty() => Fate::Resolved,
        _ => Fate::Open,
    }
}

fn addresses(message: &DnsMessage) -> Vec<Addr> {
    let address = |record: &anomalyzer_wire::app::dns::Record| match record.data {
        Rdata::A(addr) | Rdata::Aaaa(addr) if addr.is_unicast() => Some(addr),
        _ => None,
    };
    message.answers.iter().filter_map(address).take(4).collect()
}

/// Names that the site answers itself, or that only look-ups of reputation ask for.
fn is_internal(name: &Name) -> bool {
    const TOPS: [&[u8]; 14] = [
        b"local",
        b"localdomain",
        b"lan",
        b"home",
        b"internal",
        b"intranet",
        b"corp",
        b"private",
        b"workgroup",
        b"test",
        b"invalid",
        b"example",
        b"onion",
        b"arpa",
    ];
    TOPS.contains(&name.tail(1)) || is_known(name)
}
