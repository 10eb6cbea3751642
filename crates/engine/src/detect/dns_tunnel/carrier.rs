//! The sums of what was carried by one client under one zone, by one client over all, or under
//! one zone by all.

use super::SERVICE_ANSWERS;
use crate::count::Recent;
use crate::dns::{Asked, Carried, Name};
use crate::flow;
use anomalyzer_wire::{Addr, HostileStr, Timestamp};

/// Names and flows shown in a finding.
const SHOWN: usize = 3;
const FLOWS: usize = 20;
/// Clients named of a zone.
const CLIENTS: usize = 20;
/// Zones told apart of a client.
const ZONES: usize = 16;
/// Characters shown of a name.
const SHOWN_LEN: usize = 80;

/// Whose sums they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Pair,
    Client,
    Zone,
}

/// Scope, client (unspecified for a zone) and hash of the zone (0 for a client).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) scope: Scope,
    pub(super) client: Addr,
    pub(super) zone: u64,
}

impl Key {
    pub(super) fn of_client(self) -> Self {
        Self { scope: Scope::Client, zone: 0, ..self }
    }

    pub(super) fn of_zone(self) -> Self {
        Self { scope: Scope::Zone, client: Addr::v4([0; 4]), ..self }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Query messages, or responses whose query was not seen.
    pub(super) queries: u32,
    /// Names not seen before within the window, and look-ups of those that were.
    pub(super) names: u32,
    pub(super) repeats: u32,
    /// Queries of types that carry anything.
    pub(super) rare: u32,
    /// Of the new names: bytes carried, those not made of words, those with bytes that host names
    /// do not have, the lengths of their longest labels.
    pub(super) up: u64,
    pub(super) random: u32,
    pub(super) raw: u32,
    pub(super) lengths: u64,
    /// Responses, and those without an answer.
    pub(super) answered: u32,
    pub(super) failed: u32,
    /// Encoded answers and their bytes; those under names of services apart.
    pub(super) answers: u32,
    pub(super) down: u64,
    pub(super) service_answers: u32,
    pub(super) service_bytes: u64,
    /// Encoded names that resolved to an address, those of them where a connection was opened to
    /// it, and the bytes of the addresses.
    pub(super) resolved: u32,
    pub(super) reached: u32,
    pub(super) address_bytes: u64,
}

impl Sums {
    /// Counts a message's name, which was last seen `silent` nanoseconds ago.
    pub(super) fn asked(
        &mut self,
        response: bool,
        silent: i64,
        window: i64,
        carried: &Carried,
        free: bool,
    ) {
        let fresh = silent > window;
        if !response || fresh {
            self.queries = 1;
            self.rare = u32::from(free && !carried.service);
        }
        if fresh {
            self.names = 1;
            self.up = u64::from(carried.bytes);
            self.random = u32::from(carried.random);
            self.raw = u32::from(carried.raw);
            self.lengths = u64::from(carried.longest);
        } else if !response && silent > super::LOOKUP_NANOS {
            self.repeats = 1;
        }
    }

    pub(super) fn add(&mut self, more: &Self) {
        macro_rules! add {
            ($($field:ident)*) => { $(self.$field = self.$field.saturating_add(more.$field);)* };
        }
        add!(queries names repeats rare up random raw lengths answered failed answers down);
        add!(service_answers service_bytes resolved reached address_bytes);
    }

    /// How much there is to tell.
    pub(super) fn weight(&self) -> u64 {
        u64::from(self.names) + u64::from(self.answers)
    }

    /// Encoded answers and their bytes, with those of services once they are too many.
    pub(super) fn free_answers(&self) -> (u32, u64) {
        if self.service_answers > SERVICE_ANSWERS {
            (self.answers + self.service_answers, self.down + self.service_bytes)
        } else {
            (self.answers, self.down)
        }
    }
}

/// Sums over a window that slides by half its length: between half of it and the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    half: i64,
    newest: i64,
    now: Sums,
    before: Sums,
}

impl Window {
    fn new(length: i64) -> Self {
        let half = (length / 2).max(1);
        Self { half, newest: i64::MIN, now: Sums::default(), before: Sums::default() }
    }

    fn add(&mut self, sums: &Sums, now: Timestamp) {
        self.slide(now);
        self.now.add(sums);
    }

    /// The sums of the window that ends now.
    pub(super) fn sums(&mut self, now: Timestamp) -> Sums {
        self.slide(now);
        let mut sums = self.before;
        sums.add(&self.now);
        sums
    }

    fn slide(&mut self, now: Timestamp) {
        let half = now.nanos().div_euclid(self.half);
        if half <= self.newest {
            return;
        }
        let passed = half.saturating_sub(self.newest);
        self.before = if passed == 1 { self.now } else { Sums::default() };
        self.now = Sums::default();
        self.newest = half;
    }
}

/// One carrier.
pub(super) struct Carrier {
    /// The zone; empty for a client's or where there is no top-level domain.
    pub(super) zone: Box<[u8]>,
    pub(super) fast: Window,
    pub(super) slow: Window,
    /// Everything since `first`.
    pub(super) sums: Sums,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) server: Option<(Addr, u16)>,
    pub(super) clients: Recent<Addr, CLIENTS>,
    /// Of a client: hashes of zones.
    pub(super) zones: Recent<u64, ZONES>,
    /// Weight of what was told last.
    pub(super) told: Option<u64>,
    pub(super) shown: Vec<String>,
    pub(super) flows: Vec<String>,
    slow_nanos: i64,
}

impl Carrier {
    pub(super) fn new(zone: &[u8], now: Timestamp, window: i64, slow: i64) -> Self {
        Self {
            zone: zone.into(),
            fast: Window::new(window),
            slow: Window::new(slow),
            sums: Sums::default(),
            first: now,
            last: now,
            server: None,
            clients: Recent::default(),
            zones: Recent::default(),
            told: None,
            shown: Vec::new(),
            flows: Vec::new(),
            slow_nanos: slow,
        }
    }

    /// True when the carrier should outlast others in a full table.
    pub(super) fn outlasts(&self) -> bool {
        self.told.is_some() || self.sums.names + self.sums.answers >= 8
    }

    pub(super) fn add(&mut self, asked: &Asked<'_>, name: &Name, sums: &[Sums; 2], now: Timestamp) {
        if now.since(self.last) > self.slow_nanos {
            *self = Self::new(&self.zone, now, self.fast.half * 2, self.slow_nanos);
        }
        self.last = self.last.max(now);
        self.server = Some((asked.server, asked.port));
        self.clients.touch(asked.client, now);
        self.add_sums(sums, now);
        let [fast, _] = sums;
        if fast.names == 0 || self.sums.names < 3 {
            return;
        }
        // The first names of a zone may be its ordinary ones.
        if self.shown.len() < SHOWN {
            let text = HostileStr::capped(name.text(), SHOWN_LEN).escaped();
            self.shown.push(text);
        }
        if self.flows.len() < FLOWS {
            let id = flow::community_id(&asked.seen.tuple);
            if self.flows.last() != Some(&id) {
                self.flows.push(id);
            }
        }
    }

    pub(super) fn add_sums(&mut self, [fast, slow]: &[Sums; 2], now: Timestamp) {
        self.fast.add(fast, now);
        self.slow.add(slow, now);
        self.sums.add(fast);
    }
}
