//! Takes indicators from readers, refuses what the guard refuses, and builds the table.

use super::guard::Guard;
use super::indicator::{Hint, Kind, Read, Reason, Value, read};
use super::ranges::Ranges;
use super::report::Report;
use super::spec::{Format, ListSpec};
use super::store::{
    Entry, FROM_URL, Indicators, ListInfo, NO_CONFIDENCE, WITH_ID, hash, network_bytes, upper,
    value_of,
};
use super::{csv, json, lines};
use crate::config::{ConfigError, Fault, Prefix};
use ahash::RandomState;
use hashbrown::HashMap;
use std::io::{BufRead, Read as _};
use std::sync::Arc;

/// Most bytes of one list that are read: a bundle of a million indicators has about 500 MB.
pub const FILE_BYTES_MAX: u64 = 1 << 30;
/// Most indicators of all lists together: about 300 MiB.
pub const INDICATORS_MAX: usize = 4 << 20;
/// Most lists.
pub const LISTS_MAX: usize = 256;
/// Most descriptions that differ; later ones are left out.
const NOTES_MAX: usize = 65_536;
/// Longest description in bytes.
const NOTE_MAX: usize = 120;
/// Most entries for one indicator over all lists, so that a look-up stays short.
const SAME_MAX: usize = 8;

/// What a list says about an indicator beside its value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meta<'a> {
    /// Line, or number of the object.
    pub(super) place: u32,
    /// When it was listed, in seconds since 1970.
    pub(super) since: Option<i64>,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
    /// Percent.
    pub(super) confidence: Option<u8>,
    pub(super) note: &'a str,
    /// The number of a description that is known already, where `note` is empty.
    pub(super) note_number: u32,
    pub(super) id: Option<[u8; 16]>,
}

/// Descriptions, each kept once; number 0 is the empty one.
#[derive(Debug)]
pub(super) struct Notes(Vec<Arc<str>>);

impl Notes {
    pub(super) fn get(&self, number: u32) -> Arc<str> {
        self.0.get(number as usize).map_or_else(|| Arc::from(""), Arc::clone)
    }

    pub(super) fn bytes(&self) -> usize {
        // Two counters stand before the text of an `Arc`.
        let text = self.0.iter().map(|note| note.len() + 2 * size_of::<usize>());
        self.0.capacity() * size_of::<Arc<str>>() + text.sum::<usize>()
    }
}

/// Reads lists one after the other, then makes the table.
#[derive(Debug)]
pub struct Builder {
    hasher: RandomState,
    guard: Guard,
    /// The time of reading in seconds, to count what has expired.
    now: Option<i64>,
    entries: Vec<Entry>,
    networks: Vec<(Prefix, Entry)>,
    arena: Vec<u8>,
    notes: Vec<Arc<str>>,
    known_notes: HashMap<Arc<str>, u32, RandomState>,
    lists: Vec<ListInfo>,
    reports: Vec<Report>,
    labels_max: usize,
}

impl Builder {
    /// Nothing read yet. `seed` keys the hashes; `own` are the site's networks.
    pub fn new(seed: u64, own: &[Prefix]) -> Self {
        let hasher = RandomState::with_seeds(seed, 0x1157, seed.rotate_left(17), 0x7412);
        Self {
            hasher: hasher.clone(),
            guard: Guard::new(own),
            now: None,
            entries: Vec::new(),
            networks: Vec::new(),
            arena: Vec::new(),
            notes: vec![Arc::from("")],
            known_notes: HashMap::with_hasher(hasher),
            lists: Vec::new(),
            reports: Vec::new(),
            labels_max: 0,
        }
    }

    /// The time by which expired indicators are counted (they are kept: packet time decides).
    #[must_use]
    pub fn at(mut self, seconds: i64) -> Self {
        self.now = Some(seconds);
        self
    }

    /// Reads a list. Entries that cannot be used are counted in its report; an error is a file
    /// that cannot be read, breaks off, holds no indicator or goes beyond a limit.
    pub fn list(&mut self, spec: &ListSpec, reader: &mut dyn BufRead) -> Result<(), ConfigError> {
        let fault = |line: Option<usize>, text: String| ConfigError {
            faults: vec![Fault { origin: spec.path.clone(), line, key: String::new(), text }],
        };
        if self.lists.len() >= LISTS_MAX {
            return Err(fault(None, format!("more than {LISTS_MAX} threat lists")));
        }
        let mut reader = reader.take(FILE_BYTES_MAX + 1);
        let format = match spec.format {
            Some(format) => format,
            None => guess(&mut reader).map_err(|e| fault(None, e.to_string()))?,
        };
        let name = self.unique(&spec.name);
        let info = ListInfo { name: name.as_str().into(), severity: spec.severity, format };
        let list = u16::try_from(self.lists.len()).unwrap_or(u16::MAX);
        self.lists.push(info);
        let report = Report::new(name, spec.path.clone(), format);
        let mut sink = Sink { builder: self, report, list, unguarded: spec.unguarded, full: false };
        let read = match format {
            Format::Lines => lines::read(&mut sink, &mut reader),
            Format::Csv => csv::read(&mut sink, &mut reader),
            Format::Json => json::read(&mut sink, &mut reader),
        };
        let (report, full) = (sink.report, sink.full);
        if full {
            let text = format!("more than {INDICATORS_MAX} indicators in all lists together");
            return Err(fault(None, text));
        }
        if reader.limit() == 0 {
            return Err(fault(None, format!("larger than {FILE_BYTES_MAX} bytes")));
        }
        read.map_err(|wrong| fault(wrong.line, wrong.text))?;
        if report.total() == 0 {
            return Err(fault(report.first_line(), report.nothing()));
        }
        self.reports.push(report);
        Ok(())
    }

    /// A name that no list has yet.
    fn unique(&self, name: &str) -> String {
        let taken = |name: &str| self.lists.iter().any(|list| &*list.name == name);
        if !taken(name) {
            return name.to_owned();
        }
        let mut numbered = (2..=LISTS_MAX + 1).map(|n| format!("{name}-{n}"));
        numbered.find(|n| !taken(n)).unwrap_or_else(|| name.to_owned())
    }

    /// The table, and a report for each list.
    pub fn finish(mut self) -> (Indicators, Vec<Report>) {
        self.known_notes.clear();
        self.known_notes.shrink_to_fit();
        self.entries.sort_unstable_by_key(|e| (e.hash, e.kind & !WITH_ID, e.list, e.place));
        let (arena, reports) = (&self.arena, &mut self.reports);
        let mut last: Option<(Entry, usize)> = None;
        self.entries.retain(|entry| {
            let same = |e: &Entry| {
                e.kind() == entry.kind() && value_of(arena, e) == value_of(arena, entry)
            };
            retain(entry, &mut last, same, reports)
        });
        self.networks.sort_unstable_by_key(|(p, e)| (p.network(), p.len128(), e.list, e.place));
        let mut last: Option<((Prefix, Entry), usize)> = None;
        self.networks.retain(|(prefix, entry)| {
            let mut inner = last.filter(|((p, _), _)| p == prefix).map(|((_, e), n)| (e, n));
            let keep = retain(entry, &mut inner, |_| true, reports);
            last = inner.map(|(e, n)| ((*prefix, e), n));
            keep
        });
        self.table()
    }

    fn table(mut self) -> (Indicators, Vec<Report>) {
        self.arena.shrink_to_fit();
        // Shrinking copies: not for a few per cent, since the peak would be twice the table.
        if self.entries.capacity() - self.entries.len() > self.entries.len() / 8 {
            self.entries.shrink_to_fit();
        }
        self.notes.shrink_to_fit();
        let mut counts = [0; Kind::ALL.len()];
        for entry in self.entries.iter().chain(self.networks.iter().map(|(_, e)| e)) {
            if let Some(count) = counts.get_mut(entry.kind() as usize) {
                *count += 1;
            }
        }
        let (bucket_bits, buckets) = Indicators::index(&self.entries);
        let indicators = Indicators {
            hasher: self.hasher,
            entries: self.entries,
            buckets,
            bucket_bits,
            ranges: Ranges::new(self.networks),
            arena: self.arena,
            notes: Notes(self.notes),
            lists: self.lists,
            counts,
            labels_max: self.labels_max,
        };
        (indicators, self.reports)
    }

    fn note(&mut self, text: &str) -> u32 {
        let text = text.trim();
        if text.is_empty() {
            return 0;
        }
        let shown = anomalyzer_wire::HostileStr::capped(text.as_bytes(), NOTE_MAX).escaped();
        if let Some(number) = self.known_notes.get(shown.as_str()) {
            return *number;
        }
        let number = self.push_note(shown.as_str().into());
        if number > 0 {
            self.known_notes.insert(shown.into(), number);
        }
        number
    }

    fn push_note(&mut self, note: Arc<str>) -> u32 {
        if self.notes.len() >= NOTES_MAX {
            return 0;
        }
        self.notes.push(note);
        u32::try_from(self.notes.len() - 1).unwrap_or(0)
    }

    fn push(&mut self, list: u16, read: Read, meta: &Meta<'_>) {
        let network = match read.value {
            Value::Network(prefix) => Some(prefix),
            _ => None,
        };
        let (kind, bytes): (Kind, Vec<u8>) = match read.value {
            Value::Address(addr) => (Kind::Address, addr.to_bits().to_be_bytes().to_vec()),
            Value::Network(p) => (Kind::Network, network_bytes(p.network(), p.len128()).to_vec()),
            Value::Name(name) => {
                let labels = 1 + name.bytes().filter(|b| *b == b'.').count();
                self.labels_max = self.labels_max.max(labels);
                (Kind::Name, name.into_bytes())
            }
            Value::Fingerprint(kind, bytes) => (kind, bytes),
        };
        let note =
            if meta.note.trim().is_empty() { meta.note_number } else { self.note(meta.note) };
        let entry = Entry {
            hash: upper(hash(&self.hasher, kind, &bytes)),
            value: u32::try_from(self.arena.len()).unwrap_or(u32::MAX),
            place: meta.place,
            note,
            since: second(meta.since, 0),
            from: second(meta.from, 0),
            until: second(meta.until, u32::MAX),
            list,
            kind: kind as u8 | if meta.id.is_some() { WITH_ID } else { 0 },
            marks: meta.confidence.unwrap_or(NO_CONFIDENCE).min(NO_CONFIDENCE)
                | if read.from_url { FROM_URL } else { 0 },
        };
        // A name has at most 253 bytes, all else is shorter.
        self.arena.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        self.arena.extend_from_slice(&bytes);
        self.arena.extend_from_slice(meta.id.as_ref().map_or(&[], |id| id.as_slice()));
        match network {
            Some(prefix) => self.networks.push((prefix, entry)),
            None => self.entries.push(entry),
        }
    }
}

/// Seconds since 1970 in 32 bits; times before that and beyond 2106 are as far as these reach.
fn second(time: Option<i64>, none: u32) -> u32 {
    time.map_or(none, |t| u32::try_from(t.clamp(1, i64::from(u32::MAX - 1))).unwrap_or(none))
}

/// Decides about an entry behind `last`, the last one that was kept and how many are like it.
fn retain(
    entry: &Entry,
    last: &mut Option<(Entry, usize)>,
    same: impl Fn(&Entry) -> bool,
    reports: &mut [Report],
) -> bool {
    let before = last.filter(|(e, _)| e.hash == entry.hash && same(e));
    let repeats = before.is_some_and(|(e, _)| {
        (e.list, e.from, e.until) == (entry.list, entry.from, entry.until)
            && e.marks & FROM_URL <= entry.marks & FROM_URL
    });
    let known = before.map_or(0, |(_, n)| n);
    if repeats || known >= SAME_MAX {
        if let Some(report) = reports.get_mut(usize::from(entry.list)) {
            report.duplicates += 1;
        }
        return false;
    }
    *last = Some((*entry, known + 1));
    true
}

/// By the first bytes: JSON begins with a bracket, CSV has a comma, a semicolon or a tab and
/// quotes or a header in its first lines; everything else is lines.
fn guess(reader: &mut impl BufRead) -> std::io::Result<Format> {
    let start = reader.fill_buf()?;
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.iter().find(|b| !b.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) {
        // An IPv6 address in brackets begins a list of lines.
        let json = start.iter().take(4_096).any(|b| matches!(b, b'"' | b'{'));
        return Ok(if json { Format::Json } else { Format::Lines });
    }
    Ok(if csv::looks_like(&String::from_utf8_lossy(start)) { Format::Csv } else { Format::Lines })
}

/// Why a list could not be read.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl From<std::io::Error> for Wrong {
    fn from(error: std::io::Error) -> Self {
        Self { line: None, text: error.to_string() }
    }
}

/// Where a reader puts what it has read.
pub(super) struct Sink<'a> {
    builder: &'a mut Builder,
    pub(super) report: Report,
    list: u16,
    unguarded: bool,
    full: bool,
}

impl Sink<'_> {
    /// Takes an indicator, or counts why not. False when there is no more room.
    pub(super) fn add(&mut self, text: &str, hint: Hint, meta: &Meta<'_>) -> bool {
        match self.check(text, hint) {
            Ok(read) => self.take(read, meta),
            Err(reason) => {
                self.report.skip(meta.place, reason, text);
                true
            }
        }
    }

    fn check(&self, text: &str, hint: Hint) -> Result<Read, Reason> {
        let read = read(text, hint)?;
        match self.builder.guard.refuses(&read.value) {
            Some(reason) if !self.unguarded => Err(reason),
            _ => Ok(read),
        }
    }

    fn take(&mut self, read: Read, meta: &Meta<'_>) -> bool {
        let builder = &mut *self.builder;
        if builder.entries.len() + builder.networks.len() >= INDICATORS_MAX {
            self.full = true;
            return false;
        }
        let kind = read.kind();
        if let Some(taken) = self.report.taken.get_mut(kind as usize) {
            *taken += 1;
        }
        self.report.from_urls += u64::from(read.from_url);
        let expired = builder.now.zip(meta.until).is_some_and(|(now, until)| until <= now);
        self.report.expired += u64::from(expired);
        builder.push(self.list, read, meta);
        true
    }

    /// Counts an entry that cannot be used.
    pub(super) fn skip(&mut self, place: u32, reason: Reason, text: &str) {
        self.report.skip(place, reason, text);
    }

    /// A description that will be known later: its number.
    pub(super) fn reserve_note(&mut self) -> u32 {
        self.builder.push_note("".into())
    }

    /// Writes a description that was reserved.
    pub(super) fn write_note(&mut self, number: u32, text: &str) {
        let shown = anomalyzer_wire::HostileStr::capped(text.trim().as_bytes(), NOTE_MAX).escaped();
        if number > 0
            && let Some(note) = self.builder.notes.get_mut(number as usize)
        {
            *note = shown.into();
        }
    }
}
