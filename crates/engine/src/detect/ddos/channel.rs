//! One kind of packets towards one victim.

use super::{GRACE_NANOS, Settings, WINDOW_NANOS};
use crate::count::{PerSecond, SlidingCount, Top, fingerprint};
use anomalyzer_wire::{Addr, Timestamp};

const BUCKETS: usize = 28;
const BUCKET_NANOS: i64 = 125_000_000;
const PER_SECOND: usize = 8;
const GRACE_BUCKETS: usize = 12;
/// Sources told apart within half a window; thresholds go up to this.
const SOURCES: usize = 256;
/// Bytes per packet of an answer that amplifies: more than DNS without EDNS may send (RFC 1035).
pub(super) const LARGE: u64 = 512;
/// Share of the packets that three sources may have in a distributed attack.
pub(super) const FEW_SHARE: f64 = 0.8;

/// Kinds of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Syn,
    Reflection,
    Amplification,
    Udp,
    Icmp,
}

pub(super) const KINDS: [What; 5] =
    [What::Syn, What::Reflection, What::Amplification, What::Udp, What::Icmp];

impl What {
    pub(super) const fn technique(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Reflection => "reflection",
            Self::Amplification => "amplification",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }

    /// What the packets are, for sentences.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Syn => "connection attempts that led to nothing",
            Self::Reflection => "answers to questions it never asked",
            Self::Amplification => "packets from reflectors it never asked",
            Self::Udp => "one-way datagrams",
            Self::Icmp => "unanswered echo requests",
        }
    }
}

/// Packets towards a victim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) what: What,
    pub(super) src: Addr,
    /// The victim's port of SYNs, the sender's of everything else.
    pub(super) port: u16,
    pub(super) n: u32,
    pub(super) bytes: u64,
    pub(super) now: Timestamp,
    /// When the first of them may have come: before `now` for the sum of a second.
    pub(super) since: Timestamp,
}

/// Counts of one kind of packets, in windows.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// Packets that come one by one, with their own times.
    singles: SlidingCount<BUCKETS>,
    /// Packets that come as sums of seconds.
    seconds: PerSecond,
    half: i64,
    /// Fingerprints of sources in this and the last half of the window, sorted.
    sources: [Vec<u64>; 2],
    packets: [u64; 2],
    bytes: [u64; 2],
    pub(super) top: Top<Addr, 32>,
    pub(super) ports: Top<u16, 16>,
    good: u64,
    pub(super) total: u64,
    pub(super) total_bytes: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Set once the channel is part of an attack: the most within a second, and its threshold.
    pub(super) attack: Option<(u64, u64)>,
    /// When the verdict is due.
    due: Option<Timestamp>,
}

impl Channel {
    pub(super) fn new(first: Timestamp) -> Self {
        Self {
            singles: SlidingCount::new(BUCKET_NANOS),
            seconds: PerSecond::default(),
            half: i64::MIN,
            sources: [Vec::new(), Vec::new()],
            packets: [0; 2],
            bytes: [0; 2],
            top: Top::default(),
            ports: Top::default(),
            good: 0,
            total: 0,
            total_bytes: 0,
            first,
            last: first,
            attack: None,
            due: None,
        }
    }

    /// Counts packets; true when a verdict has become due later on.
    pub(super) fn add(&mut self, hit: &Hit, settings: &Settings) -> bool {
        self.turn(hit.now);
        let print = fingerprint(hit.src.to_bits());
        let [sources, _] = &mut self.sources;
        if sources.len() < SOURCES
            && let Err(at) = sources.binary_search(&print)
        {
            sources.insert(at, print);
        }
        self.packets[0] += u64::from(hit.n);
        self.bytes[0] += hit.bytes;
        self.total += u64::from(hit.n);
        self.total_bytes += hit.bytes;
        self.last = hit.now;
        self.top.add(hit.src, u64::from(hit.n));
        self.ports.add(hit.port, u64::from(hit.n));
        match hit.what {
            What::Syn | What::Reflection => self.singles.add(hit.now, hit.n),
            _ => self.seconds.add(hit.now.secs(), u64::from(hit.n)),
        };
        if self.attack.is_some() || self.due.is_some() || !self.reaches(hit.what, settings, true) {
            return false;
        }
        self.due = Some(hit.now.plus_nanos(GRACE_NANOS));
        true
    }

    /// A packet counted at `time` turned out to be part of a conversation.
    pub(super) fn take_back(&mut self, time: Option<Timestamp>) {
        self.good += 1;
        if let Some(time) = time {
            self.singles.take_back(time, 1);
        }
    }

    /// Fingerprints of the sources told apart in the window.
    pub(super) fn sources(&self) -> impl Iterator<Item = u64> {
        self.sources.iter().flatten().copied()
    }

    /// True when a verdict is due or an attack goes on.
    pub(super) fn is_suspect(&self) -> bool {
        self.due.is_some() || self.attack.is_some()
    }

    /// When the verdict is due, if one is.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Gives the verdict; true when this is an attack.
    pub(super) fn judge(&mut self, what: What, settings: &Settings, end: bool) -> bool {
        let Some(due) = self.due.take() else { return false };
        self.singles.slide(due);
        if !end {
            self.seconds.slide(due.secs());
        }
        let mostly_good = self.good * 2 > self.total;
        if mostly_good && (end || what == What::Reflection) {
            return false;
        }
        let reached = match what {
            // Judged over what has aged, not over the newest second.
            What::Syn | What::Reflection => self.peak(what, end) >= Self::floor(what, settings),
            _ => self.reaches(what, settings, end),
        };
        if reached {
            self.attack = Some((self.peak(what, end), Self::floor(what, settings)));
        }
        self.attack.is_some()
    }

    /// True when nothing came for a window and no attack is going on.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        self.attack.is_none() && self.due.is_none() && now.since(self.last) > WINDOW_NANOS
    }

    /// The most packets within a second lately; without `all`, packets whose answer may still
    /// come are left out.
    pub(super) fn peak(&self, what: What, all: bool) -> u64 {
        match what {
            What::Syn | What::Reflection => {
                self.singles.peak(PER_SECOND, if all { 0 } else { GRACE_BUCKETS })
            }
            _ if all => self.seconds.at_most().max(self.seconds.peak(true)),
            _ => self.seconds.peak(false),
        }
    }

    const fn floor(what: What, settings: &Settings) -> u64 {
        match what {
            What::Syn => settings.syn,
            What::Reflection => settings.reflection,
            What::Amplification => settings.amplified,
            What::Udp => settings.udp,
            What::Icmp => settings.icmp,
        }
    }

    fn reaches(&self, what: What, settings: &Settings, all: bool) -> bool {
        let packets = self.packets[0] + self.packets[1];
        let bytes = self.bytes[0] + self.bytes[1];
        let floor = Self::floor(what, settings);
        if packets < floor {
            return false;
        }
        let (needed, fast) = match what {
            What::Amplification if bytes >= LARGE * packets => (settings.reflectors, floor),
            What::Amplification => (settings.sources, floor),
            What::Syn | What::Reflection if all => {
                (settings.sources, self.singles.last(PER_SECOND))
            }
            _ => (settings.sources, self.peak(what, all)),
        };
        fast >= floor && self.has_sources(needed) && self.top.share_of_three() < FEW_SHARE
    }

    /// True when at least `needed` distinct sources came within the window.
    fn has_sources(&self, needed: usize) -> bool {
        let [now, before] = &self.sources;
        if now.len().max(before.len()) >= needed || now.len() + before.len() < needed {
            return now.len().max(before.len()) >= needed;
        }
        let new = now.iter().filter(|p| before.binary_search(p).is_err()).count();
        before.len() + new >= needed
    }

    fn turn(&mut self, now: Timestamp) {
        let half = now.nanos().div_euclid(WINDOW_NANOS / 2);
        if half <= self.half {
            return;
        }
        let next = self.half != i64::MIN && half == self.half.saturating_add(1);
        self.half = half;
        self.sources.swap(0, 1);
        self.packets.swap(0, 1);
        self.bytes.swap(0, 1);
        self.packets[0] = 0;
        self.bytes[0] = 0;
        self.sources[0].clear();
        if !next {
            self.packets[1] = 0;
            self.bytes[1] = 0;
            self.sources[1].clear();
        }
    }
}
