//! `keyword`: patterns of keyword lists seen in payloads.
//!
//! The search itself is in [`crate::keyword`]; this gathers hits into one finding for each list
//! and pair of hosts. It leaves the choice of patterns and their severity to the lists.

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::{REOPEN_GAP_NANOS, Severity};
use crate::config::{PerHost, Section};
use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::keyword::{KeywordHit, Place};
use crate::observation::{Kinds, Observation, Seen};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

/// Pairs of hosts with hits, for each list.
const PAIRS: usize = 16_384;
/// Lists told apart by name.
const LISTS: usize = 256;
/// Patterns named for one pair.
const PATTERNS: usize = 16;
/// Ports and flows listed for one pair.
const LISTED: usize = 20;
/// How long hits may go untold when they only repeat what was said: 30 s, in nanoseconds.
const LATER: i64 = 30_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "keyword",
    summary: "A pattern of a keyword list in a payload or stream",
    about: include_str!("keyword.md"),
    advice: "Read the excerpt and the flow's packets: an attack in a request matters when the \
             answer shows that it worked.",
    severity: Severity::Low,
    techniques: &[],
    attack: &["T1190", "T1059"],
    sees: Kinds::KEYWORD,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: PAIRS + LISTS,
    build: |section, seed| Box::new(Keyword::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "hits",
        unit: Unit::Count,
        default: 1.0,
        min: 1.0,
        max: 1_000_000.0,
        about: "Hits of one list between two hosts that make an alert; one, since a telling \
                pattern is telling at once.",
    },
    Setting {
        key: "excerpts",
        unit: Unit::Flag,
        default: 1.0,
        min: 0.0,
        max: 1.0,
        about: "Shows the 64 bytes around the most severe hit in the explanation; switch it off \
                where payload must not be kept.",
    },
];

struct Keyword {
    limits: Limits,
    pairs: Table<(u32, Addr, Addr), Pair>,
    /// Names of lists in the order of their first hit; an index stands for the name.
    lists: Vec<Arc<str>>,
}

/// The settings.
struct Limits {
    hits: PerHost<u64>,
    excerpts: bool,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let hits = section.resolve(|values| values.count("hits"));
        Self { hits, excerpts: section.values.flag("excerpts") }
    }
}

/// Hits of one list between two hosts.
struct Pair {
    first: Timestamp,
    last: Timestamp,
    hits: u64,
    /// Hits when the last finding was made; 0 before the first.
    told: u64,
    severity: Severity,
    /// The most severe hit, the first of its kind.
    worst: KeywordHit,
    /// Name and count of each pattern.
    patterns: Vec<(Arc<str>, u64)>,
    ports: Vec<u16>,
    flows: Vec<String>,
}

impl Keyword {
    fn new(section: &Section, seed: u64) -> Self {
        let pairs = Table::new(PAIRS, seed, |pair: &Pair| pair.severity >= Severity::Medium);
        Self { limits: Limits::new(section), pairs, lists: Vec::new() }
    }

    /// A number for the list's name; lists beyond the limit share the last one.
    fn list(&mut self, name: &Arc<str>) -> u32 {
        let found = self.lists.iter().position(|list| list == name);
        let at = found.unwrap_or_else(|| {
            if self.lists.len() < LISTS {
                self.lists.push(Arc::clone(name));
            }
            self.lists.len() - 1
        });
        u32::try_from(at).unwrap_or(0)
    }

    fn hit(&mut self, time: Timestamp, hit: &KeywordHit, out: &mut Reporter<'_>) {
        let (src, dst) = (hit.tuple.src, hit.tuple.dst);
        let key = (self.list(&hit.list), src, dst);
        if self.pairs.get(&key).is_some_and(|pair| time.since(pair.last) > REOPEN_GAP_NANOS) {
            self.pairs.remove(&key);
        }
        let (pair, evicted) = self.pairs.entry(key, || Pair::new(time, hit));
        let news = pair.is_some_and(|pair| pair.add(time, hit));
        if let Some((key, mut pair)) = evicted {
            tell(&self.limits, key, &mut pair, out);
        }
        let limits = &self.limits;
        let Some(pair) = self.pairs.get_mut(&key) else { return };
        if news || pair.hits >= pair.told.saturating_mul(2) {
            tell(limits, key, pair, out);
        } else {
            out.wake_at(time.plus_nanos(LATER));
        }
    }

    fn tell_all(&mut self, out: &mut Reporter<'_>) {
        for (key, pair) in self.pairs.iter_mut() {
            tell(&self.limits, *key, pair, out);
        }
    }
}

impl Detector for Keyword {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::Keyword(hit) = &seen.what {
            self.hit(seen.time, hit, out);
        }
    }

    fn deadline(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.tell_all(out);
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.tell_all(out);
    }

    fn entries(&self) -> usize {
        self.pairs.len() + self.lists.len()
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

impl Pair {
    fn new(time: Timestamp, hit: &KeywordHit) -> Self {
        Self {
            first: time,
            last: time,
            hits: 0,
            told: 0,
            severity: hit.severity,
            worst: hit.clone(),
            patterns: Vec::new(),
            ports: Vec::new(),
            flows: Vec::new(),
        }
    }

    /// Adds a hit; true when it says something new.
    fn add(&mut self, time: Timestamp, hit: &KeywordHit) -> bool {
        let count = 1 + u64::from(hit.repeats);
        self.last = self.last.max(time);
        self.hits = self.hits.saturating_add(count);
        let worse = hit.severity > self.severity;
        if worse {
            self.severity = hit.severity;
            self.worst = hit.clone();
        }
        if self.ports.len() < LISTED && !self.ports.contains(&hit.tuple.dst_port) {
            self.ports.push(hit.tuple.dst_port);
        }
        if self.flows.len() < LISTED {
            let flow = crate::flow::community_id(&hit.tuple);
            if !self.flows.contains(&flow) {
                self.flows.push(flow);
            }
        }
        if let Some((_, n)) = self.patterns.iter_mut().find(|(name, _)| *name == hit.pattern) {
            *n = n.saturating_add(count);
            return worse;
        }
        if self.patterns.len() < PATTERNS {
            self.patterns.push((Arc::clone(&hit.pattern), count));
            return true;
        }
        worse
    }
}

/// Reports a pair, when there is more to say than last time.
fn tell(
    limits: &Limits,
    (_, src, dst): (u32, Addr, Addr),
    pair: &mut Pair,
    out: &mut Reporter<'_>,
) {
    if pair.hits == pair.told || pair.hits < *limits.hits.of(src) {
        return;
    }
    pair.told = pair.hits;
    let list = &pair.worst.list;
    let confidence = match pair.severity {
        Severity::Critical | Severity::High => 0.9,
        Severity::Medium => 0.7,
        Severity::Info | Severity::Low => 0.4,
    };
    out.report(Finding {
        detector: SPEC.id,
        technique: list.to_string(),
        subject: Subject { src: Some(src), dst: Some(dst), port: None, other: list.to_string() },
        severity: Some(pair.severity),
        confidence,
        title: format!("Keyword {} of list {list} between {src} and {dst}", pair.worst.pattern),
        explanation: explain(pair, limits.excerpts),
        src: vec![src],
        src_count: Tally::exact(1),
        dst: vec![dst],
        dst_count: Tally::exact(1),
        dst_ports: pair.ports.clone(),
        dst_port_count: Tally::exact(pair.ports.len() as u64),
        first: pair.first,
        last: pair.last,
        count: pair.hits,
        evidence: vec![
            Evidence::value("hits", pair.hits as f64),
            Evidence::value("distinct_patterns", pair.patterns.len() as f64),
        ],
        flows: pair.flows.clone(),
    });
}

fn explain(pair: &Pair, excerpts: bool) -> String {
    let worst = &pair.worst;
    let mut out = where_found(worst);
    if !worst.reason.is_empty() {
        let _ = write!(out, " {}", worst.reason);
    }
    if let Some(attack) = &worst.attack {
        let _ = write!(out, " This is ATT&CK {attack}.");
    }
    if pair.hits > 1 {
        let named: Vec<String> = pair
            .patterns
            .iter()
            .map(|(name, n)| if *n > 1 { format!("{name} ({n} times)") } else { name.to_string() })
            .collect();
        let _ = write!(out, " {} in all: {}.", text::counted(pair.hits, "hit"), named.join(", "));
    }
    if excerpts {
        let _ = write!(out, " Excerpt: \"{}\".", worst.excerpt.escaped());
    }
    out
}

/// Who sent which pattern to whom, and where in the bytes it stands.
fn where_found(hit: &KeywordHit) -> String {
    let KeywordHit { pattern, list, tuple, place, offset, .. } = hit;
    let ends = [(tuple.src, tuple.src_port), (tuple.dst, tuple.dst_port)];
    let [(sender, _), (receiver, port)] = if hit.by_originator { ends } else { [ends[1], ends[0]] };
    let role = if hit.by_originator { "to the server" } else { "to the client" };
    let place = match place {
        Place::Protocol => "as what the protocol's parser saw".to_owned(),
        Place::Stream if tuple.proto != 6 => format!("at byte {offset} of the datagram"),
        place if hit.decoded => {
            format!("at byte {offset} of {} once decoded", place.words())
        }
        place => format!("at byte {offset} of {}", place.words()),
    };
    format!(
        "{sender} sent the pattern {pattern} of list {list} {role} {receiver} port {port}, {place}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, ip, tcp};
    use crate::flow::FlowId;
    use anomalyzer_wire::HostileStr;

    fn hit(pattern: &str, severity: Severity, dst: &str) -> Observation {
        Observation::Keyword(Box::new(KeywordHit {
            id: FlowId(1),
            tuple: tcp(ip("10.0.0.1"), 40_000, ip(dst), 80),
            by_originator: true,
            list: "web".into(),
            pattern: pattern.into(),
            severity,
            reason: "A reason.".into(),
            attack: Some("T1190".into()),
            place: Place::RequestTarget,
            decoded: true,
            offset: 17,
            repeats: 0,
            excerpt: HostileStr::from(&b"GET /\x1b[2J"[..]),
        }))
    }

    #[test]
    fn hits_of_a_list_between_two_hosts_are_one_finding_that_grows() {
        let mut script = Script::new(&SPEC);
        for pattern in ["a", "b", "a", "a", "a", "a"] {
            script.see(hit(pattern, Severity::Low, "10.0.0.2")).pass(1.0);
        }
        script.see(hit("c", Severity::High, "10.0.0.2"));
        script.see(hit("c", Severity::High, "10.0.0.3"));
        let findings = script.finish();
        assert_eq!(crate::detect::testing::subjects(&findings).len(), 2);
        let last = findings.iter().rfind(|f| f.dst == [ip("10.0.0.2")]).unwrap();
        assert_eq!((last.count, last.severity), (7, Some(Severity::High)));
        assert_eq!(last.technique, "web");
        assert!(last.explanation.contains("a (5 times), b, c."), "{}", last.explanation);
        assert!(last.explanation.contains("GET /\\x1b[2J"), "{}", last.explanation);
        assert!(last.explanation.contains("ATT&CK T1190"));
        let place = "10.0.0.1 sent the pattern c of list web to the server 10.0.0.2 port 80, \
                     at byte 17 of the request line once decoded.";
        assert!(last.explanation.starts_with(place), "{}", last.explanation);
    }

    #[test]
    fn repeats_are_told_later_and_not_one_by_one() {
        let mut script = Script::new(&SPEC);
        for _ in 0..1_000 {
            script.see(hit("a", Severity::Low, "10.0.0.2"));
        }
        assert!(script.findings().len() < 15, "{}", script.findings().len());
        script.pass(31.0);
        assert_eq!(script.findings().last().unwrap().count, 1_000);
        assert_eq!(script.finish().iter().filter(|f| f.count == 1_000).count(), 1);
    }

    #[test]
    fn a_long_silence_begins_anew() {
        let mut script = Script::new(&SPEC);
        script.see(hit("a", Severity::Low, "10.0.0.2")).pass(3_600.0);
        script.see(hit("a", Severity::Low, "10.0.0.2"));
        let findings = script.finish();
        assert_eq!(findings.last().unwrap().count, 1);
    }

    #[test]
    fn settings_ask_for_more_hits_and_hide_excerpts() {
        let mut script = Script::with(&SPEC, |section| {
            section.set("hits", 3.0);
            section.set("excerpts", 0.0);
        });
        script.see(hit("a", Severity::Low, "10.0.0.2")).see(hit("b", Severity::Low, "10.0.0.2"));
        assert!(script.findings().is_empty());
        script.see(hit("c", Severity::Low, "10.0.0.2"));
        let findings = script.finish();
        assert_eq!(findings.len(), 1);
        assert!(!findings[0].explanation.contains("GET"));
    }

    #[test]
    fn tables_stay_bounded() {
        let mut script = Script::new(&SPEC);
        for n in 0..40_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            let dst = format!("10.{b}.{c}.{d}");
            script.see(hit("a", Severity::Low, &dst));
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
        assert!(script.detector().evictions() > 0);
    }
}
