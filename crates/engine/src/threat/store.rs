//! The table of indicators: a million in well under 96 MiB, found in less than 200 ns.
//!
//! Exact indicators are entries of 32 bytes, sorted by a keyed hash and reached by its upper bits;
//! their text stands in one arena and is compared, so there are no false hits. Networks are in
//! [`Ranges`]. Lists, descriptions and names are kept once.

use super::builder::Notes;
use super::indicator::{Kind, NAME_MAX};
use super::ranges::Ranges;
use super::spec::Format;
use crate::alert::Severity;
use ahash::RandomState;
use anomalyzer_wire::{Addr, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

/// Entries in one bucket, on average; a handful lies in two cache lines.
const PER_BUCKET: usize = 4;
/// Most bits of the hash that choose a bucket: 4 M indicators in buckets of four.
const BUCKET_BITS_MAX: u32 = 20;
/// Confidence of an entry whose list gives none.
pub(super) const NO_CONFIDENCE: u8 = 127;
/// Marks of an entry beside its confidence (lower seven bits): the host of a URL.
pub(super) const FROM_URL: u8 = 0x80;
/// Mark beside an entry's kind: an identifier of 16 bytes follows its text.
pub(super) const WITH_ID: u8 = 0x80;
/// Other lists that are named beside the first.
const OTHERS: usize = 3;

/// One indicator of one list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// Upper half of the hash of kind and value.
    pub(super) hash: u32,
    /// Where its text begins in the arena: a length byte before it.
    pub(super) value: u32,
    /// Line or number of the object.
    pub(super) place: u32,
    /// Which description.
    pub(super) note: u32,
    /// When it was listed, in seconds since 1970; 0 when that is not known.
    pub(super) since: u32,
    /// Valid from this second on; 0 from ever.
    pub(super) from: u32,
    /// Valid until before this second; `u32::MAX` for ever.
    pub(super) until: u32,
    pub(super) list: u16,
    /// Number of the [`Kind`], and [`WITH_ID`].
    pub(super) kind: u8,
    /// Confidence in percent, and [`FROM_URL`].
    pub(super) marks: u8,
}

impl Entry {
    pub(super) fn kind(&self) -> Kind {
        Kind::from_number(self.kind & !WITH_ID)
    }

    fn is_valid(&self, second: i64) -> bool {
        (self.from == 0 || second >= i64::from(self.from))
            && (self.until == u32::MAX || second < i64::from(self.until))
    }
}

/// A list that entries point to.
#[derive(Clone, Debug)]
pub(super) struct ListInfo {
    pub(super) name: Arc<str>,
    pub(super) severity: Option<Severity>,
    pub(super) format: Format,
}

/// Where a look-up struck. Means something only to the [`Indicators`] that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    network: bool,
    index: u32,
    /// The same for the same indicator and seed, whatever else is listed.
    key: u64,
}

impl Hit {
    /// Tells indicators apart, also after the lists were read anew.
    pub fn key(self) -> u64 {
        self.key
    }
}

/// Everything that is known of an indicator.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The list; of several the most severe, then the first.
    pub list: Arc<str>,
    /// Names of other lists that hold it, at most three.
    pub others: Vec<Arc<str>>,
    /// The list's own severity.
    pub severity: Option<Severity>,
    /// What it is.
    pub kind: Kind,
    /// Its text in one form.
    pub value: String,
    /// `line 12`, or `object 3 (1e9f...)`.
    pub place: String,
    /// What the list says about it, escaped; empty without.
    pub note: Arc<str>,
    /// When it was listed.
    pub since: Option<Timestamp>,
    /// Confidence that the list gives, 0 to 1.
    pub confidence: Option<f64>,
    /// The list names a page on this host, not the host.
    pub from_url: bool,
}

/// All indicators of all lists, ready to look up.
#[derive(Debug)]
pub struct Indicators {
    pub(super) hasher: RandomState,
    /// Sorted by hash, kind, list, place.
    pub(super) entries: Vec<Entry>,
    /// First entry of each bucket, and the end.
    pub(super) buckets: Vec<u32>,
    pub(super) bucket_bits: u32,
    pub(super) ranges: Ranges,
    pub(super) arena: Vec<u8>,
    pub(super) notes: Notes,
    pub(super) lists: Vec<ListInfo>,
    /// How many indicators there are of each kind.
    pub(super) counts: [u64; Kind::ALL.len()],
    /// Most labels of a listed name: longer ends of a name need not be looked up.
    pub(super) labels_max: usize,
}

impl Default for Indicators {
    fn default() -> Self {
        super::Builder::new(0, &[]).finish().0
    }
}

/// A hash of kind and bytes.
pub(super) fn hash(hasher: &RandomState, kind: Kind, bytes: &[u8]) -> u64 {
    hasher.hash_one((kind as u8, bytes))
}

/// The half of a hash that entries keep.
#[allow(clippy::cast_possible_truncation)] // that is the point
pub(super) const fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Indicators {
    /// True when no list was loaded.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.ranges.len() == 0
    }

    /// How many indicators there are.
    pub fn len(&self) -> usize {
        self.entries.len() + self.ranges.len()
    }

    /// True when there is an indicator of this kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.counts.get(kind as usize).is_some_and(|n| *n > 0)
    }

    /// Bytes that the table holds on the heap.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.buckets.capacity() * size_of::<u32>()
            + self.ranges.bytes()
            + self.arena.capacity()
            + self.notes.bytes()
            + self.lists.capacity() * size_of::<ListInfo>()
    }

    /// Looks an address up, alone and as part of a network.
    pub fn address(&self, addr: Addr, now: Timestamp) -> Option<Hit> {
        let exact = if self.has(Kind::Address) {
            self.exact(Kind::Address, &addr.to_bits().to_be_bytes(), now)
        } else {
            None
        };
        exact.or_else(|| self.network(addr, now))
    }

    fn network(&self, addr: Addr, now: Timestamp) -> Option<Hit> {
        let second = now.secs();
        let holding = self.ranges.holding(addr);
        let valid = holding.filter(|(_, entry)| entry.is_valid(second));
        // Longest network first; of equally severe lists that one is told.
        let (index, _) =
            valid.reduce(
                |best, next| {
                    if self.weight(next.1) > self.weight(best.1) { next } else { best }
                },
            )?;
        let (start, len) = self.ranges.network(index)?;
        let key = hash(&self.hasher, Kind::Network, &network_bytes(start, len));
        Some(Hit { network: true, index, key })
    }

    /// Looks a dotted name in lower case up, and every name above it; the longest wins. A host out
    /// of a URL stands for itself alone.
    pub fn name(&self, name: &[u8], now: Timestamp) -> Option<Hit> {
        if !self.has(Kind::Name) || name.len() > NAME_MAX {
            return None;
        }
        let all = name.split(|b| *b == b'.').count();
        let mut rest = name;
        for labels in (1..=all).rev() {
            if labels <= self.labels_max {
                let whole = rest.len() == name.len();
                let fits = |entry: &Entry| whole || entry.marks & FROM_URL == 0;
                if let Some(hit) = self.find(Kind::Name, rest, now, fits) {
                    return Some(hit);
                }
            }
            let dot = rest.iter().position(|b| *b == b'.')?;
            rest = rest.get(dot + 1..)?;
        }
        None
    }

    /// Looks a fingerprint up: the bytes of a hash, the text of JA4.
    pub fn fingerprint(&self, kind: Kind, bytes: &[u8], now: Timestamp) -> Option<Hit> {
        if self.has(kind) { self.exact(kind, bytes, now) } else { None }
    }

    fn exact(&self, kind: Kind, bytes: &[u8], now: Timestamp) -> Option<Hit> {
        self.find(kind, bytes, now, |_| true)
    }

    fn find(
        &self,
        kind: Kind,
        bytes: &[u8],
        now: Timestamp,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<Hit> {
        let key = hash(&self.hasher, kind, bytes);
        let (first, bucket) = self.bucket(upper(key));
        let mut best: Option<(u32, (Severity, bool))> = None;
        for (index, entry) in (first..).zip(bucket) {
            if entry.hash == upper(key)
                && entry.kind() == kind
                && self.text(entry) == bytes
                && entry.is_valid(now.secs())
                && fits(entry)
                && best.is_none_or(|(_, weight)| self.weight(entry) > weight)
            {
                best = Some((index, self.weight(entry)));
            }
        }
        best.map(|(index, _)| Hit { network: false, index, key })
    }

    /// The entries that may have this hash, and the number of the first.
    fn bucket(&self, hash: u32) -> (u32, &[Entry]) {
        let at = hash.checked_shr(32 - self.bucket_bits).unwrap_or(0) as usize;
        let bounds = self.buckets.get(at).zip(self.buckets.get(at + 1));
        let Some((&first, &end)) = bounds else { return (0, &[]) };
        (first, self.entries.get(first as usize..end as usize).unwrap_or_default())
    }

    /// What decides between several entries for one indicator: the more severe list, then the one
    /// that names the host and not a page of it.
    fn weight(&self, entry: &Entry) -> (Severity, bool) {
        let list = self.lists.get(usize::from(entry.list));
        let severity = list.and_then(|list| list.severity).unwrap_or(Severity::Medium);
        (severity, entry.marks & FROM_URL == 0)
    }

    /// The bytes of an entry's value.
    pub(super) fn text(&self, entry: &Entry) -> &[u8] {
        value_of(&self.arena, entry)
    }

    fn entry(&self, hit: Hit) -> Option<&Entry> {
        let index = hit.index as usize;
        if hit.network { self.ranges.entry(index) } else { self.entries.get(index) }
    }

    /// What is known of an indicator; `None` for a hit of other indicators.
    pub fn listed(&self, hit: Hit) -> Option<Listed> {
        let entry = self.entry(hit)?;
        let list = self.lists.get(usize::from(entry.list))?;
        let confidence = entry.marks & !FROM_URL;
        Some(Listed {
            list: Arc::clone(&list.name),
            others: self.others(hit, entry),
            severity: list.severity,
            kind: entry.kind(),
            value: self.shown(hit, entry),
            place: self.place(entry, list.format),
            note: self.notes.get(entry.note),
            since: (entry.since > 0).then(|| Timestamp::from_secs_nanos(entry.since.into(), 0)),
            confidence: (confidence != NO_CONFIDENCE).then(|| f64::from(confidence) / 100.0),
            from_url: entry.marks & FROM_URL != 0,
        })
    }

    /// Further lists with the same indicator.
    fn others(&self, hit: Hit, entry: &Entry) -> Vec<Arc<str>> {
        let mut lists: Vec<u16> = if hit.network {
            self.ranges.same(hit.index).map(|e| e.list).collect()
        } else {
            let (_, bucket) = self.bucket(entry.hash);
            let same = |e: &&Entry| {
                e.hash == entry.hash && e.kind() == entry.kind() && self.text(e) == self.text(entry)
            };
            bucket.iter().filter(same).map(|e| e.list).collect()
        };
        lists.sort_unstable();
        lists.dedup();
        let others = lists.into_iter().filter(|list| *list != entry.list).take(OTHERS);
        others
            .filter_map(|at| self.lists.get(usize::from(at)).map(|l| Arc::clone(&l.name)))
            .collect()
    }

    fn shown(&self, hit: Hit, entry: &Entry) -> String {
        let text = self.text(entry);
        match entry.kind() {
            Kind::Network => self.ranges.shown(hit.index),
            Kind::Address => {
                <[u8; 16]>::try_from(text).map(Addr::v6).unwrap_or_default().to_string()
            }
            Kind::Name | Kind::Ja4 => String::from_utf8_lossy(text).into_owned(),
            _ => hex(text),
        }
    }

    fn place(&self, entry: &Entry, format: Format) -> String {
        if format != Format::Json {
            return format!("line {}", entry.place);
        }
        let behind = entry.value as usize + 1 + self.text(entry).len();
        let id = self.arena.get(behind..behind + 16).filter(|_| entry.kind & WITH_ID != 0);
        match id {
            Some(id) => format!("object {} ({})", entry.place, uuid(id)),
            None => format!("object {}", entry.place),
        }
    }

    /// Sets the buckets up for sorted entries.
    pub(super) fn index(entries: &[Entry]) -> (u32, Vec<u32>) {
        let wanted = (entries.len() / PER_BUCKET).next_power_of_two();
        let bits = wanted.trailing_zeros().min(BUCKET_BITS_MAX);
        let mut buckets = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0;
        for bucket in 0..(1_u64 << bits) {
            buckets.push(u32::try_from(at).unwrap_or(u32::MAX));
            let of_bucket = |e: &&Entry| (u64::from(e.hash) << bits) >> 32 == bucket;
            at += entries.get(at..).unwrap_or_default().iter().take_while(of_bucket).count();
        }
        buckets.push(u32::try_from(at).unwrap_or(u32::MAX));
        (bits, buckets)
    }
}

/// The bytes that stand for a network when it is hashed.
pub(super) fn network_bytes(start: Addr, len: u8) -> [u8; 17] {
    let mut bytes = [len; 17];
    for (to, from) in bytes.iter_mut().zip(start.to_bits().to_be_bytes()) {
        *to = from;
    }
    bytes
}

/// The bytes of an entry's value in its arena.
pub(super) fn value_of<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let at = entry.value as usize;
    let len = arena.get(at).map_or(0, |len| usize::from(*len));
    arena.get(at + 1..at + 1 + len).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = hex(bytes);
    for at in [20, 16, 12, 8] {
        if at <= text.len() {
            text.insert(at, '-');
        }
    }
    text
}
