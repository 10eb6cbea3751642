//! The connections of one source to one place within the window.

use crate::count::Periodicity;
use anomalyzer_wire::{Addr, Timestamp};

/// Connections kept for one pair: the latest ones. At one every two minutes this is more than a
/// day; quartiles of a thousand intervals do not gain from more.
pub(super) const SAMPLES: usize = 1_024;
/// Addresses kept for one pair; names with more alternate among many.
const ADDRESSES: usize = 8;
/// Connections that start within this of each other are one check-in (1 s): RITA counts whole
/// seconds, and several connections at once are one visit.
const TOGETHER: i64 = 1_000_000_000;

/// One check-in: a connection, or several that started together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When it started.
    pub(super) time: Timestamp,
    /// Payload bytes that the source sent.
    pub(super) sent: u32,
    /// Payload bytes of both directions.
    pub(super) bytes: u32,
    /// Port of the source.
    pub(super) port: u16,
    /// Place of the destination in [`Pair::addresses`].
    pub(super) address: u8,
}

/// What is known of one source and one place.
#[derive(Debug)]
pub(super) struct Pair {
    /// Ascending by time.
    samples: Vec<Sample>,
    /// Addresses by which the place was reached.
    addresses: Vec<Addr>,
    /// The name, for people; empty without one.
    pub(super) name: Box<str>,
    /// The place of the name by which an address was last reached.
    pub(super) named: u64,
    /// Check-ins ever.
    pub(super) total: u64,
    /// Check-ins since the pair was last judged.
    pub(super) fresh: u32,
    /// The last connection was of a protocol that is expected to be regular.
    pub(super) usual: Option<&'static str>,
}

impl Pair {
    pub(super) fn new(name: &str) -> Self {
        Self {
            samples: Vec::new(),
            addresses: Vec::new(),
            name: name.into(),
            named: 0,
            total: 0,
            fresh: 0,
            usual: None,
        }
    }

    /// Check-ins held.
    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The check-ins held, ascending by time.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The address of a check-in.
    pub(super) fn address(&self, sample: &Sample) -> Option<Addr> {
        self.addresses.get(usize::from(sample.address)).copied()
    }

    /// The addresses in the order of first use.
    pub(super) fn addresses(&self) -> &[Addr] {
        &self.addresses
    }

    /// Takes a connection; true when it is a check-in of its own. Connections come in the order
    /// in which they end.
    pub(super) fn add(&mut self, mut sample: Sample, to: Addr) -> bool {
        sample.address = self.place_of(to);
        let at = self.samples.partition_point(|s| s.time <= sample.time);
        let near = |s: &Sample| s.time.since(sample.time).saturating_abs() < TOGETHER;
        let before = at.checked_sub(1).filter(|i| self.samples.get(*i).is_some_and(near));
        let joined = before.or_else(|| self.samples.get(at).is_some_and(near).then_some(at));
        if let Some(known) = joined.and_then(|i| self.samples.get_mut(i)) {
            known.time = known.time.min(sample.time);
            known.sent = known.sent.saturating_add(sample.sent);
            known.bytes = known.bytes.saturating_add(sample.bytes);
            return false;
        }
        self.samples.insert(at, sample);
        self.total += 1;
        self.fresh = self.fresh.saturating_add(1);
        true
    }

    #[allow(clippy::cast_possible_truncation)] // at most ADDRESSES
    fn place_of(&mut self, to: Addr) -> u8 {
        let known = self.addresses.iter().position(|a| *a == to);
        let at = known.unwrap_or_else(|| {
            if self.addresses.len() < ADDRESSES {
                self.addresses.push(to);
            }
            ADDRESSES.min(self.addresses.len() - 1)
        });
        at as u8
    }

    /// Forgets the older half; how many check-ins that were.
    pub(super) fn halve(&mut self) -> usize {
        let half = self.samples.len() / 2;
        self.forget(half)
    }

    /// Forgets what started before `since`; how many check-ins that were.
    pub(super) fn forget_before(&mut self, since: Timestamp) -> usize {
        let old = self.samples.partition_point(|s| s.time < since);
        self.forget(old)
    }

    fn forget(&mut self, old: usize) -> usize {
        self.samples.drain(..old.min(self.samples.len()));
        if self.samples.len() * 4 < self.samples.capacity() {
            self.samples.shrink_to_fit();
        }
        old
    }

    /// How regular the check-ins are; `watched`: seconds for which they could have been seen.
    pub(super) fn judge(&self, watched: f64) -> Option<Periodicity> {
        let first = self.samples.first()?.time;
        let seconds = |s: &Sample| s.time.since(first) as f64 / 1e9;
        let times: Vec<f64> = self.samples.iter().map(seconds).collect();
        let mut sizes: Vec<f64> = self.samples.iter().map(|s| f64::from(s.sent)).collect();
        Periodicity::of(&times, &mut sizes, watched)
    }

    /// Seconds from the first to the last check-in.
    pub(super) fn span_s(&self) -> f64 {
        match (self.samples.first(), self.samples.last()) {
            (Some(first), Some(last)) => last.time.since(first.time) as f64 / 1e9,
            _ => 0.0,
        }
    }

    /// The median of the bytes of a check-in.
    pub(super) fn bytes(&self) -> f64 {
        let mut bytes: Vec<f64> = self.samples.iter().map(|s| f64::from(s.bytes)).collect();
        crate::count::median(&mut bytes).unwrap_or(0.0)
    }
}
