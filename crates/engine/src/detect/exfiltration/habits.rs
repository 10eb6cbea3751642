//! What is remembered: how much each host usually sends, and which places were sent to.

use super::{Exceeded, Settings, Window};
use crate::alert::Severity;
use crate::count::{Clock, Expected, Habits, Hour, Table};
use anomalyzer_wire::{Addr, Timestamp};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Hosts with a baseline.
const HOSTS: usize = 8_192;
/// Places outside that were sent something.
const PLACES: usize = 16_384;
/// Entries in both.
pub(super) const ENTRIES: usize = HOSTS + PLACES;
/// Days of learning from which a place that is not known is rare: a week has seen what is weekly.
const HISTORY_DAYS: i64 = 7;
/// Hours of learning that there must be as well.
const HISTORY_HOURS: u64 = 24;
/// A place is new for a day.
const NEW_NANOS: i64 = 86_400_000_000_000;

/// A place outside that was sent something.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: Timestamp,
    /// The first host that sent something there.
    by: Addr,
    /// Another one did too.
    shared: bool,
}

pub(super) struct Memory {
    clock: Clock,
    usual: Habits<Addr>,
    places: Table<Addr, Place>,
}

impl Memory {
    pub(super) fn new(seed: u64) -> Self {
        let places = Table::new(PLACES, seed, |place: &Place| place.shared);
        Self { clock: Clock::default(), usual: Habits::new(HOSTS, seed), places }
    }

    pub(super) fn entries(&self) -> usize {
        self.usual.len() + self.places.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.usual.evictions() + self.places.evictions()
    }

    /// The hour that has ended, when another one has begun.
    pub(super) fn turns(&mut self, now: Timestamp) -> Option<Hour> {
        self.clock.turns(now)
    }

    /// The hour that is going on, as far as it was seen.
    pub(super) fn last_hour(&mut self) -> Hour {
        self.clock.last_hour()
    }

    /// Takes what a host sent within an hour. Of an hour that was seen in part, the rest is taken
    /// to be alike; of too small a part nothing is learned.
    pub(super) fn learn(&mut self, host: Addr, hour: &Hour, sent: u64) {
        if let Some(share) = hour.share() {
            self.usual.learn(host, true, hour.start, sent as f64 / share);
        }
    }

    /// Notes that a host sends to a place.
    pub(super) fn sends(&mut self, by: Addr, to: Addr, now: Timestamp) {
        let (place, _) = self.places.entry(to, || Place { first: now, by, shared: false });
        if let Some(place) = place {
            place.shared |= place.by != by;
        }
    }

    /// New since less than a day, known to one host alone, after a week of learning.
    fn is_rare(&self, place: Addr, now: Timestamp) -> bool {
        let known = self.clock.known(now);
        let enough = known.days >= HISTORY_DAYS && known.hours >= HISTORY_HOURS;
        let new = |place: &Place| !place.shared && now.since(place.first) < NEW_NANOS;
        enough && self.places.get(&place).is_none_or(new)
    }

    /// Says how serious a volume above its floor is; `None` when it is usual for the host.
    pub(super) fn weigh(
        &self,
        about: Exceeded,
        host: Addr,
        place: Option<Addr>,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Exceeded> {
        let rare = place.is_some_and(|place| self.is_rare(place, now));
        let usual = self.usual(host, about.window, settings, now);
        if usual.is_some_and(|(_, limit)| about.host as f64 <= limit) {
            return None;
        }
        let far = place.is_some() && about.bytes[0] as f64 >= settings.far * about.floor as f64;
        let severity = match usual {
            Some(_) if rare => Severity::High,
            Some(_) => Severity::Medium,
            None if rare || far => Severity::Medium,
            None => Severity::Low,
        };
        Some(Exceeded { usual, rare, severity, ..about })
    }

    /// What the host usually sends within the window that ends now, and its limit.
    ///
    /// Of a day it is the sum of its hours with one deviation each: that all of them are above
    /// the usual at once is as rare as one that is far above it.
    fn usual(
        &self,
        host: Addr,
        window: Window,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<(Expected, f64)> {
        let this = self.usual.expect(&host, now)?;
        let hour = |back: i64| self.usual.expect(&host, now.plus_secs(-3_600 * back));
        let limit = match window {
            Window::Hour => this.limit(settings.sigma),
            Window::Day => (0..24).filter_map(hour).map(|e| e.limit(settings.sigma / 3.0)).sum(),
        };
        Some((this, limit))
    }

    pub(super) fn save(&self) -> Value {
        let places = self.places.iter().map(|(addr, place)| {
            let Place { first, by, shared } = place;
            json!([addr.to_string(), first.secs(), by.to_string(), shared])
        });
        json!({
            "clock": self.clock.save(),
            "usual": self.usual.save(ToString::to_string),
            "places": places.collect::<Vec<_>>(),
        })
    }

    pub(super) fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let part = |name: &str| saved.get(name).ok_or_else(|| format!("it has no `{name}`"));
        self.clock.restore(part("clock")?)?;
        self.usual.restore(part("usual")?, address)?;
        let places = part("places")?.as_array().ok_or("its places are no list")?;
        for row in places.iter().take(PLACES) {
            let (addr, place) = read(row).ok_or("one of its places is damaged")?;
            self.places.entry(addr, || place);
        }
        Ok(())
    }
}

fn address(text: &str) -> Option<Addr> {
    text.parse::<IpAddr>().ok().map(Addr::from)
}

fn read(row: &Value) -> Option<(Addr, Place)> {
    let [addr, first, by, shared] = row.as_array()?.as_slice() else { return None };
    let place = Place {
        first: Timestamp::from_secs_nanos(first.as_i64()?, 0),
        by: address(by.as_str()?)?,
        shared: shared.as_bool()?,
    };
    Some((address(addr.as_str()?)?, place))
}
