//! `threat-list`: contact with addresses, names and fingerprints of lists that the user loads.
//!
//! The search itself is in [`crate::threat`] and the correlator; this gathers contacts into one
//! finding for each host and indicator and says how much it matters. What belongs on a list is
//! left to the lists.

mod pair;
mod words;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::{REOPEN_GAP_NANOS, Severity};
use crate::config::{PerHost, Section};
use crate::count::Table;
use crate::observation::{Contact, Kinds, ListedSeen, Observation, Seen};
use anomalyzer_wire::{Addr, Timestamp};
use pair::Pair;

/// Pairs of a host and an indicator. Of listed sources that only knock there may be many more;
/// those pairs go first.
const PAIRS: usize = 8_192;
/// How long contacts may go untold when they only repeat what was said: 30 s, in nanoseconds.
const LATER: i64 = 30_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "threat-list",
    summary: "Contact with an address, name or fingerprint of a threat list",
    about: include_str!("about.md"),
    advice: "Find the program on the host that made the contact; when nobody can explain it, take \
             the host off the network before you look further.",
    severity: Severity::Medium,
    techniques: &[],
    attack: &["T1071"],
    sees: Kinds::LISTED,
    settings: SETTINGS,
    backtest: Backtest::Flows,
    max_entries: PAIRS,
    build: |section, seed| Box::new(ThreatList::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "contacts",
        unit: Unit::Count,
        default: 1.0,
        min: 1.0,
        max: 1_000_000.0,
        about: "Flows of one host with one indicator that make an alert; one, since nobody should \
                have contact with what is listed.",
    },
    Setting {
        key: "inbound",
        unit: Unit::Flag,
        default: 1.0,
        min: 0.0,
        max: 1.0,
        about: "Tells of listed addresses that only knock at a host without getting to talk; \
                switch it off where a server is open to the Internet, which is probed all day.",
    },
    Setting {
        key: "confidence",
        unit: Unit::Ratio,
        default: 0.3,
        min: 0.0,
        max: 1.0,
        about: "Indicators whose list gives them less confidence than this make alerts of severity \
                low at most; below 30 percent the scale of STIX 2.1 calls confidence low.",
    },
];

/// The settings of a host.
#[derive(Clone, Copy)]
struct Limits {
    contacts: u64,
    inbound: bool,
    confidence: f64,
}

fn limits(section: &Section) -> PerHost<Limits> {
    section.resolve(|values| Limits {
        contacts: values.count("contacts"),
        inbound: values.flag("inbound"),
        confidence: values.number("confidence"),
    })
}

struct ThreatList {
    limits: PerHost<Limits>,
    pairs: Table<(Addr, u64), Pair>,
}

impl ThreatList {
    fn new(section: &Section, seed: u64) -> Self {
        let pairs = Table::new(PAIRS, seed, |pair: &Pair| pair.severity >= Severity::Medium);
        Self { limits: limits(section), pairs }
    }

    fn contact(&mut self, time: Timestamp, seen: &ListedSeen, out: &mut Reporter<'_>) {
        let limits = *self.limits.of(seen.host);
        if seen.contact == Contact::Knocked && !limits.inbound {
            return;
        }
        let key = (seen.host, seen.hit.key());
        if self.pairs.get(&key).is_some_and(|pair| time.since(pair.last) > REOPEN_GAP_NANOS) {
            // It was told when it was new, and later by a deadline.
            self.pairs.remove(&key);
        }
        if self.pairs.get(&key).is_none() {
            let Some(pair) = Pair::new(time, seen) else { return };
            let (_, evicted) = self.pairs.entry(key, || pair);
            if let Some(((host, _), mut pair)) = evicted {
                words::tell(*self.limits.of(host), host, &mut pair, out);
            }
        }
        let outsider = !out.is_local(seen.host) && out.is_local(other_side(seen));
        let Some(pair) = self.pairs.get_mut(&key) else { return };
        let news = pair.add(time, seen, pair::severity(pair, seen.contact, outsider, limits));
        if news || pair.flows_seen >= pair.told.saturating_mul(2).max(1) && pair.told > 0 {
            words::tell(limits, seen.host, pair, out);
        } else {
            out.wake_at(time.plus_nanos(LATER));
        }
    }

    fn tell_all(&mut self, out: &mut Reporter<'_>) {
        for ((host, _), pair) in self.pairs.iter_mut() {
            words::tell(*self.limits.of(*host), *host, pair, out);
        }
    }
}

/// The other end of the flow.
fn other_side(seen: &ListedSeen) -> Addr {
    if seen.host == seen.tuple.src { seen.tuple.dst } else { seen.tuple.src }
}

impl Detector for ThreatList {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::Listed(listed) = &seen.what {
            self.contact(seen.time, listed, out);
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
        self.limits = limits(section);
    }
}

#[cfg(test)]
mod tests;
