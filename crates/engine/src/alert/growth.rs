//! One alert as it grows: the findings of one detector about one subject, merged.

use super::{Alert, Severity, suppress};
use crate::detect::Spec;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text::{counted, duration, hex};
use anomalyzer_wire::{Addr, Mac, Timestamp};
use sha1::{Digest, Sha1};

/// Most addresses of a side in an alert.
const ADDRESSES: usize = 20;
/// Most destination ports in an alert.
const PORTS: usize = 50;
/// Most flows in an alert.
const FLOWS: usize = 20;
/// Most named values in an alert.
const EVIDENCE: usize = 32;
/// Most characters of a title.
const TITLE: usize = 120;
/// Most characters of an explanation.
const EXPLANATION: usize = 4_000;

/// An alert that may still grow.
///
/// A detector reports cumulative numbers, so a finding that begins within the alert's current
/// episode replaces that episode's numbers. A finding that begins behind the episode's end (but
/// within the re-open gap) starts another episode of the same alert: counts add up, and the
/// text of the larger episode stays.
#[derive(Debug)]
pub(super) struct Growth {
    spec: &'static Spec,
    id: String,
    severity: Severity,
    first: Timestamp,
    last: Timestamp,
    /// Observations of episodes that are over.
    before: u64,
    /// Observations of the episode that `told` describes.
    told_count: u64,
    /// Observations of the current episode.
    current: u64,
    /// The finding whose text is shown; lists are merged and capped.
    told: Finding,
    /// Why it was held back first; a sentence, or empty.
    held: String,
    /// The book's revision of its last change.
    pub(super) revision: u64,
}

impl Growth {
    pub(super) fn new(mut finding: Finding, spec: &'static Spec, severity: Severity) -> Self {
        cap(&mut finding);
        Self {
            spec,
            id: id(spec.id, &finding.subject, finding.first),
            severity,
            first: finding.first.min(finding.last),
            last: finding.last.max(finding.first),
            before: 0,
            told_count: finding.count,
            current: finding.count,
            told: finding,
            held: String::new(),
            revision: 0,
        }
    }

    /// An alert of several episodes that were held back until there were enough; `severity` is
    /// the worst of them. `None` when there is none.
    pub(super) fn of_repeats(
        episodes: Vec<Finding>,
        spec: &'static Spec,
        severity: Severity,
        window: i64,
    ) -> Option<Self> {
        let times = episodes.len();
        let mut episodes = episodes.into_iter();
        let mut growth = Self::new(episodes.next()?, spec, severity);
        episodes.for_each(|finding| growth.update(finding, severity));
        growth.held = format!(
            " It is told because it happened {} within {}, as `repeat` asks for.",
            counted(times as u64, "time"),
            duration(window as f64 / 1e9),
        );
        Some(growth)
    }

    /// True when the finding belongs to this alert and not to a new one.
    pub(super) fn continues(&self, finding: &Finding, gap: i64) -> bool {
        finding.first.since(self.last) <= gap && self.first.since(finding.last) <= gap
    }

    pub(super) fn update(&mut self, mut finding: Finding, severity: Severity) {
        cap(&mut finding);
        let new_episode = finding.first > self.last;
        if new_episode {
            self.before = self.before.saturating_add(self.current);
            self.current = finding.count;
        } else {
            self.current = self.current.max(finding.count);
        }
        self.severity = self.severity.max(severity);
        self.first = self.first.min(finding.first);
        self.last = self.last.max(finding.last);
        if new_episode && finding.count < self.told_count {
            merge_lists(&mut self.told, &finding);
        } else {
            self.told_count = finding.count;
            merge_lists(&mut finding, &self.told);
            self.told = finding;
        }
    }

    pub(super) fn severity(&self) -> Severity {
        self.severity
    }

    pub(super) fn detector(&self) -> &'static str {
        self.spec.id
    }

    pub(super) fn key(&self) -> (&'static str, Subject) {
        (self.spec.id, self.told.subject.clone())
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn finding(&self) -> &Finding {
        &self.told
    }

    /// First and last packet time.
    pub(super) fn span(&self) -> (Timestamp, Timestamp) {
        (self.first, self.last)
    }

    /// The alert that the operator sees.
    pub(super) fn alert(
        &self,
        folded: Vec<(&'static str, u64)>,
        macs: &dyn Fn(Addr) -> Option<Mac>,
    ) -> Alert {
        let told = &self.told;
        Alert {
            id: self.id.clone(),
            detector: self.spec.id,
            technique: told.technique.clone(),
            severity: self.severity,
            confidence: told.confidence,
            title: told.title.clone(),
            explanation: format!("{}{}", told.explanation, self.held),
            advice: self.advice(),
            subject: told.subject.clone(),
            src: told.src.clone(),
            src_count: told.src_count,
            src_mac: hardware(&told.src, macs),
            dst: told.dst.clone(),
            dst_count: told.dst_count,
            dst_mac: hardware(&told.dst, macs),
            dst_ports: told.dst_ports.clone(),
            dst_port_count: told.dst_port_count,
            first: self.first,
            last: self.last,
            count: self.before.saturating_add(self.current),
            evidence: told.evidence.clone(),
            flows: told.flows.clone(),
            attack: self.spec.attack,
            folded,
            feedback: None,
        }
    }

    /// The table's advice, how to tune the detector, and how to hide or judge the alert.
    fn advice(&self) -> String {
        let id = self.spec.id;
        let subject = &self.told.subject;
        let tune = match subject.src.or(subject.dst) {
            Some(host) => format!("raise the limits for {host} in `[[detect.{id}.host]]`"),
            None => format!("change the settings in `[detect.{id}]`"),
        };
        let mut scope = format!("--detector {id}");
        let told = &self.told;
        let ends = [("--src", subject.src, &told.src), ("--dst", subject.dst, &told.dst)];
        for (option, about, listed) in ends {
            if let Some(addr) = suppress::sole(about, listed) {
                scope = format!("{scope} {option} {addr}");
            }
        }
        format!(
            "{} If this is expected, {tune}, hide it with `anomalyzer suppress --state FILE add \
             {scope} --reason WHY`, or switch the detector off with `detect.{id}.enabled = false`.",
            self.spec.advice
        )
    }
}

/// Adds what `more` lists to `kept`, whose own entries come first; counts never shrink.
fn merge_lists(kept: &mut Finding, more: &Finding) {
    union(&mut kept.src, &more.src, ADDRESSES);
    union(&mut kept.dst, &more.dst, ADDRESSES);
    union(&mut kept.flows, &more.flows, FLOWS);
    union(&mut kept.dst_ports, &more.dst_ports, PORTS);
    kept.dst_ports.sort_unstable();
    kept.src_count = larger(kept.src_count, more.src_count, kept.src.len());
    kept.dst_count = larger(kept.dst_count, more.dst_count, kept.dst.len());
    kept.dst_port_count = larger(kept.dst_port_count, more.dst_port_count, kept.dst_ports.len());
    kept.confidence = kept.confidence.max(more.confidence);
}

fn union<T: Clone + PartialEq>(kept: &mut Vec<T>, more: &[T], cap: usize) {
    for item in more {
        if kept.len() >= cap {
            return;
        }
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
}

/// The larger of two counts, and at least the number of entries listed.
fn larger(a: Tally, b: Tally, listed: usize) -> Tally {
    let most = if b.value > a.value { b } else { a };
    let listed = listed as u64;
    if listed > most.value { Tally { value: listed, ..most } } else { most }
}

/// Cuts every list and text of a finding to what an alert may hold.
pub(super) fn cap(finding: &mut Finding) {
    finding.src.truncate(ADDRESSES);
    finding.dst.truncate(ADDRESSES);
    finding.dst_ports.sort_unstable();
    finding.dst_ports.dedup();
    finding.dst_ports.truncate(PORTS);
    finding.flows.truncate(FLOWS);
    finding.evidence.truncate(EVIDENCE);
    finding.evidence.retain(is_finite);
    shorten(&mut finding.title, TITLE);
    shorten(&mut finding.explanation, EXPLANATION);
    finding.confidence =
        if finding.confidence.is_finite() { finding.confidence.clamp(0.0, 1.0) } else { 0.0 };
}

/// A number that is none would break JSON; it is a detector's fault, and debug builds say so.
fn is_finite(evidence: &Evidence) -> bool {
    let finite = evidence.value.is_finite()
        && [evidence.threshold, evidence.window_s, evidence.mean, evidence.z]
            .into_iter()
            .flatten()
            .all(f64::is_finite);
    debug_assert!(finite, "evidence `{}` holds a number that is none", evidence.name);
    finite
}

fn shorten(text: &mut String, most: usize) {
    if let Some((cut, _)) = text.char_indices().nth(most) {
        let keep = text.char_indices().nth(most - 1).map_or(cut, |(at, _)| at);
        text.truncate(keep);
        text.push('…');
    }
}

fn hardware(addrs: &[Addr], macs: &dyn Fn(Addr) -> Option<Mac>) -> Vec<Mac> {
    let mut known = Vec::new();
    for mac in addrs.iter().filter_map(|addr| macs(*addr)) {
        if !known.contains(&mac) {
            known.push(mac);
        }
    }
    known
}

/// 16 hex digits of SHA-1 over detector, subject and the first `first` that was reported.
fn id(detector: &str, subject: &Subject, first: Timestamp) -> String {
    let mut hash = Sha1::new();
    for text in [detector, subject.other.as_str()] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    for addr in [subject.src, subject.dst] {
        hash.update([u8::from(addr.is_some())]);
        hash.update(addr.unwrap_or_default().to_bits().to_be_bytes());
    }
    hash.update([u8::from(subject.port.is_some())]);
    hash.update(subject.port.unwrap_or_default().to_be_bytes());
    hash.update(first.nanos().to_be_bytes());
    let digest: [u8; 20] = hash.finalize().into();
    hex(digest.get(..8).unwrap_or_default())
}
