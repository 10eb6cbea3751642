//! `dns-tunnel`: data carried in names and answers of name resolution.
//!
//! Decides which names count and for whom: the client under one registered zone, the client over
//! all zones, and the zone over all clients. The sums of one of those are in [`carrier`], what
//! makes them a tunnel and how it is told in [`verdict`]. Names that merely fail are left to
//! `dga`.

mod carrier;
mod settings;
#[cfg(test)]
mod tests;
mod verdict;

use super::{Backtest, Detector, Reporter, Spec};
use crate::alert::Severity;
use crate::config::{PerHost, Section};
use crate::count::Table;
use crate::dns::{Asked, Carried, Name, NameCache, Readable, is_known, text_bytes};
use crate::observation::{FirstPacket, FlowStarted, Kinds, Observation, Seen};
use ahash::RandomState;
use anomalyzer_wire::app::dns::{DnsMessage, Rdata, Record};
use anomalyzer_wire::{Addr, Timestamp};
use carrier::{Carrier, Key, Scope, Sums};
use settings::{SETTINGS, Settings};
use verdict::{Around, Verdict};

/// Pairs of client and zone.
const PAIRS: usize = 8_192;
/// Clients over all zones and zones over all clients together.
const AGGREGATES: usize = 2_048;
/// Names remembered, to tell new ones from repeated ones.
const NAMES: usize = 65_536;
/// Addresses that encoded names resolved to, to see whether anybody connects to them.
const REACH: usize = 8_192;
/// Clients whose encoded names resolved, and whether they open connections at all.
const CLIENTS: usize = 2_048;
/// Hosts that answer name queries: resolvers, behind which the real client stands.
const SERVERS: usize = 1_024;
/// Carriers with an alarm that may have more to tell.
const ALARMS: usize = 1_024;
/// The same name asked again within this time is one look-up: another type, or a repetition.
const LOOKUP_NANOS: i64 = 5_000_000_000;
/// How long a growing tunnel waits before it is told again.
const SETTLE_NANOS: i64 = 60_000_000_000;
/// Bytes from which a name counts for client and zone as a whole: 24 hex digits, Maltrail's
/// length of a suspicious label.
const HEAVY: u16 = 12;
/// Bytes below which a name of an ordinary type says nothing (`www`, `static-assets`).
const LIGHT: u16 = 2;
/// Answers under names of services (DKIM, DMARC, ACME) that a zone may give before they count.
const SERVICE_ANSWERS: u32 = 8;
/// Data of the types that carry anything, too short to be a message.
const SHORT: u32 = 8;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "dns-tunnel",
    summary: "Data or commands carried in DNS names and answers",
    about: include_str!("about.md"),
    advice: "See which program on the client asks for these names; block the zone at the resolver \
             and let clients ask no other name server.",
    severity: Severity::Medium,
    techniques: &["tunnel", "commands", "slow", "spread"],
    attack: &["T1071.004", "T1048", "T1572"],
    sees: Kinds::APP.and(Kinds::FLOW_STARTED),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: PAIRS + AGGREGATES + NAMES + REACH + CLIENTS + SERVERS + ALARMS,
    build: |section, seed| Box::new(DnsTunnel::new(section, seed)),
};

/// What is remembered of a name that a client asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Remembered {
    last: Timestamp,
    /// Estimated bytes that it carries.
    bytes: u16,
    /// It counts: it carries something, or its type may.
    counts: bool,
    service: bool,
    /// Hash of the last answer.
    answer: u64,
}

/// An address that an encoded name resolved to.
#[derive(Clone, Copy, Debug)]
struct Reached {
    zone: Key,
    /// Answers that wait for a connection.
    waiting: u32,
    connected: bool,
}

struct DnsTunnel {
    settings: PerHost<Settings>,
    readable: Readable,
    state: RandomState,
    /// Names that do not count, as most do not.
    plain: NameCache<()>,
    /// Names that count, by client.
    names: Table<u64, Remembered>,
    pairs: Table<Key, Carrier>,
    aggregates: Table<Key, Carrier>,
    reach: Table<(Addr, Addr), Reached>,
    /// True when the client opened a connection since: the capture would show others.
    connects: Table<Addr, bool>,
    servers: Table<Addr, ()>,
    alarms: Vec<Key>,
}

impl DnsTunnel {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            readable: Readable::new(),
            state: RandomState::with_seeds(seed, !seed, seed.rotate_left(17), 0xd45),
            plain: NameCache::new(seed),
            names: Table::new(NAMES, seed, |_| false),
            pairs: Table::new(PAIRS, seed, Carrier::outlasts),
            aggregates: Table::new(AGGREGATES, seed, Carrier::outlasts),
            reach: Table::new(REACH, seed, |_| false),
            connects: Table::new(CLIENTS, seed, |connects| *connects),
            servers: Table::new(SERVERS, seed, |()| false),
            alarms: Vec::new(),
        }
    }

    fn message(&mut self, asked: &Asked<'_>, now: Timestamp, out: &mut Reporter<'_>) {
        let free = carries_anything(asked.question.qtype);
        let (wire, readable) = (&asked.question.name, &self.readable);
        let plain = || (!look(&Name::new(wire), free, readable).counts).then_some(());
        if self.plain.get_or(wire, free, plain).is_some() {
            return;
        }
        let name = Name::new(wire);
        let hash = self.state.hash_one((asked.client, name.text(), free));
        let before = self.names.get_mut(&hash).copied();
        let settings = *self.settings.of(asked.client);
        let mut sums = [Sums::default(); 2];
        let remembered = before.unwrap_or_else(|| look(&name, free, &self.readable));
        let silent = before.map_or(i64::MAX, |b| now.since(b.last));
        let mut kept = Remembered { last: now, ..remembered };
        let carried = if silent > settings.window {
            Carried::of(&name, &self.readable)
        } else {
            Carried { service: remembered.service, ..Carried::default() }
        };
        for (sum, window) in sums.iter_mut().zip([settings.window, settings.window_slow]) {
            sum.asked(asked.message.response, silent, window, &carried, free);
        }
        if asked.message.response {
            let key = self.key(asked.client, name.zone());
            let told = self.answered(asked, key, &mut kept);
            for sum in &mut sums {
                sum.add(&told);
            }
        }
        if let (Some(slot), _) = self.names.entry(hash, Remembered::default) {
            *slot = kept;
        }
        self.count(asked, &name, kept, sums, now, out);
    }

    fn key(&self, client: Addr, zone: &[u8]) -> Key {
        Key { scope: Scope::Pair, client, zone: self.state.hash_one(zone) }
    }

    /// What a response adds.
    fn answered(&mut self, asked: &Asked<'_>, zone: Key, kept: &mut Remembered) -> Sums {
        let message = asked.message;
        self.servers.entry(asked.server, || ());
        let failed = message.rcode != 0 || message.answers.is_empty();
        let mut sums = Sums { answered: 1, failed: u32::from(failed), ..Sums::default() };
        let answer = self.state.hash_one(Digest(message));
        let same = std::mem::replace(&mut kept.answer, answer) == answer;
        let mut resolved = false;
        for record in &message.answers {
            if let Rdata::A(addr) | Rdata::Aaaa(addr) = record.data {
                if kept.bytes >= HEAVY / 2 {
                    self.resolves(asked.client, addr, zone, !resolved, &mut sums);
                    resolved = true;
                }
            } else if !same {
                self.free_data(record, kept.service, &mut sums);
            }
        }
        sums
    }

    /// An encoded name resolved to an address.
    fn resolves(&mut self, client: Addr, addr: Addr, zone: Key, first: bool, sums: &mut Sums) {
        self.connects.entry(client, || false);
        if is_nowhere(addr) {
            sums.resolved += u32::from(first);
            return;
        }
        let known = self.reach.get(&(client, addr)).is_some();
        if !known {
            sums.address_bytes += if addr.is_v4() { 4 } else { 16 };
        }
        sums.resolved += u32::from(first);
        let fresh = || Reached { zone, waiting: 0, connected: false };
        let (Some(reached), _) = self.reach.entry((client, addr), fresh) else { return };
        if reached.connected {
            sums.reached += u32::from(first);
        } else {
            reached.waiting = reached.waiting.saturating_add(u32::from(first));
        }
    }

    /// What a record of a type that carries anything holds.
    fn free_data(&self, record: &Record, service: bool, sums: &mut Sums) {
        let (bytes, encoded) = match &record.data {
            Rdata::Txt(text) => text_bytes(text.as_bytes()),
            Rdata::Cname(n)
            | Rdata::Ns(n)
            | Rdata::Ptr(n)
            | Rdata::Mx { exchange: n, .. }
            | Rdata::Srv { target: n, .. } => {
                let name = Name::new(n);
                if is_known(&name) {
                    return;
                }
                let carried = Carried::of(&name, &self.readable);
                (carried.bytes, carried.bytes >= SHORT)
            }
            Rdata::Other { len } if holds_data(record.rtype) => {
                (u32::from(*len), u32::from(*len) >= SHORT)
            }
            _ => return,
        };
        if encoded && service {
            sums.service_answers += 1;
            sums.service_bytes += u64::from(bytes);
        } else if encoded {
            sums.answers += 1;
            sums.down += u64::from(bytes);
        }
    }

    /// Adds to the carriers and judges them.
    fn count(
        &mut self,
        asked: &Asked<'_>,
        name: &Name,
        kept: Remembered,
        sums: [Sums; 2],
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        let pair = self.key(asked.client, name.zone());
        let resolver = self.servers.get(&asked.client).is_some();
        // What is told of the client under this zone is not told again of either.
        let told = self.pairs.get(&pair).is_some_and(|c| c.told.is_some());
        let wider = kept.bytes >= HEAVY && !resolver && !told;
        let keys = [Some(pair), wider.then_some(pair.of_client()), wider.then_some(pair.of_zone())];
        let news = sums.iter().any(|s| s.names + s.answers > 0);
        for key in keys.into_iter().flatten() {
            let settings = *self.settings.of(asked.client);
            let table =
                if key.scope == Scope::Pair { &mut self.pairs } else { &mut self.aggregates };
            let (carrier, _) = table.entry(key, || {
                let text = if key.scope == Scope::Client { &[][..] } else { name.zone() };
                Carrier::new(text, now, settings.window, settings.window_slow)
            });
            let Some(carrier) = carrier else { continue };
            if key.scope == Scope::Client {
                carrier.zones.touch(pair.zone, now);
            }
            carrier.add(asked, name, &sums, now);
            if news {
                self.judge(key, now, false, out);
            }
        }
    }

    fn carrier(&mut self, key: Key) -> Option<&mut Carrier> {
        let table = if key.scope == Scope::Pair { &mut self.pairs } else { &mut self.aggregates };
        table.get_mut(&key)
    }

    /// Holds a carrier against the thresholds and tells of it; `all` also when it has grown but
    /// little.
    fn judge(&mut self, key: Key, now: Timestamp, all: bool, out: &mut Reporter<'_>) {
        let settings = *self.settings.of(key.client);
        let around = Around {
            connects: self.connects.get(&key.client).copied().unwrap_or(false),
            resolver: self.servers.get(&key.client).is_some(),
        };
        let Some(carrier) = self.carrier(key) else { return };
        let verdict = match (carrier.told, all) {
            (Some(told), false) if carrier.sums.weight() < told.saturating_mul(2) => return,
            (Some(told), true) if carrier.sums.weight() == told => return,
            _ => Verdict::of(key, carrier, around, &settings, now),
        };
        let Some(verdict) = verdict else { return };
        let first = carrier.told.is_none();
        carrier.told = Some(carrier.sums.weight());
        out.report(verdict.finding(key, carrier, around));
        if first && self.alarms.len() < ALARMS {
            self.alarms.push(key);
        }
        out.wake_at(now.plus_nanos(SETTLE_NANOS));
    }

    fn settle(&mut self, now: Timestamp, end: bool, out: &mut Reporter<'_>) {
        for key in std::mem::take(&mut self.alarms) {
            self.judge(key, now, true, out);
            let window = self.settings.of(key.client).window_slow;
            let lives = self.carrier(key).is_some_and(|c| now.since(c.last) <= window);
            if lives && !end {
                self.alarms.push(key);
            }
        }
        if !self.alarms.is_empty() {
            out.wake_at(now.plus_nanos(SETTLE_NANOS));
        }
    }

    /// A connection to an address that an encoded name resolved to.
    fn started(&mut self, flow: &FlowStarted, now: Timestamp) {
        let opens = matches!(flow.first, FirstPacket::Syn | FirstPacket::Udp);
        let t = &flow.tuple;
        if self.connects.is_empty() || !opens || !flow.by_originator || t.dst_port == 53 {
            return;
        }
        let Some(connects) = self.connects.get_mut(&t.src) else { return };
        *connects = true;
        let Some(reached) = self.reach.get_mut(&(t.src, t.dst)) else { return };
        reached.connected = true;
        let sums = Sums { reached: std::mem::take(&mut reached.waiting), ..Sums::default() };
        let zone = reached.zone;
        for key in [zone, zone.of_client(), zone.of_zone()] {
            if let Some(carrier) = self.carrier(key) {
                carrier.add_sums(&[sums, sums], now);
            }
        }
    }
}

impl Detector for DnsTunnel {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::FlowStarted(flow) = &seen.what {
            self.started(flow, seen.time);
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
        let tables = self.pairs.len() + self.aggregates.len() + self.names.len();
        tables + self.reach.len() + self.connects.len() + self.servers.len() + self.alarms.len()
    }

    fn evictions(&self) -> u64 {
        let tables = self.pairs.evictions() + self.aggregates.evictions();
        tables + self.names.evictions() + self.reach.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

/// What a name is by itself: how much it carries, and whether that counts.
fn look(name: &Name, free: bool, readable: &Readable) -> Remembered {
    if is_known(name) {
        return Remembered::default();
    }
    let carried = Carried::of(name, readable);
    let bytes = u16::try_from(carried.bytes).unwrap_or(u16::MAX);
    // A name of a type for free data counts by its type, save at the zone itself, where the
    // records of mail and of ownership are.
    let counts = bytes >= LIGHT || (free && name.below().next().is_some());
    Remembered { bytes, counts, service: carried.service, ..Remembered::default() }
}

/// Types that clients seldom ask for and whose answers hold free data or names: CNAME, NULL, MX,
/// TXT, KEY, SRV, CERT, OPENPGPKEY, SPF and those for private use.
const fn carries_anything(qtype: u16) -> bool {
    matches!(qtype, 5 | 10 | 15 | 16 | 25 | 33 | 37 | 61 | 99 | 65_280..=65_534)
}

/// Types whose data is not read further: the length tells what it may carry.
const fn holds_data(rtype: u16) -> bool {
    matches!(rtype, 10 | 16 | 25 | 37 | 61 | 99 | 65_280..=65_534)
}

/// Addresses that nobody can connect to: bots take them for "nothing to do".
fn is_nowhere(addr: Addr) -> bool {
    addr.is_unspecified() || !addr.is_unicast()
}

/// The content of the answers, for a hash.
struct Digest<'a>(&'a DnsMessage);

impl std::hash::Hash for Digest<'_> {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        for record in &self.0.answers {
            match &record.data {
                Rdata::Txt(text) => text.as_bytes().hash(h),
                Rdata::Cname(n)
                | Rdata::Ns(n)
                | Rdata::Ptr(n)
                | Rdata::Mx { exchange: n, .. }
                | Rdata::Srv { target: n, .. } => n.hash(h),
                _ => (record.rtype, record.data_len).hash(h),
            }
        }
        // An empty answer is told from none.
        1_u8.hash(h);
    }
}
