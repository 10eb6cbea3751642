//! Repeated exceedance: an alert only when a threshold was exceeded several times within a window.
//!
//! Holds the findings of subjects that are not yet an alert. Findings of one episode replace each
//! other, as a detector's numbers are cumulative; a finding that begins behind the end of the one
//! before begins another episode. Once enough episodes lie within the window they leave together
//! and become one alert. What an alert does with later findings is the book's affair.

use crate::finding::{Finding, Subject};
use ahash::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Most findings held, over all subjects: some 20 MB at their largest usual size. When they are
/// full, the subject that has waited longest is forgotten.
const HELD_MAX: usize = 10_000;

/// What the settings ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Episodes that make an alert; 1 is every finding.
    pub(super) times: u64,
    /// The window that they must lie in, in nanoseconds: from the first one's first packet to the
    /// last one's.
    pub(super) window: i64,
}

type Key = (&'static str, Subject);

/// Findings of subjects that are not yet an alert.
#[derive(Debug)]
pub(super) struct Waiting {
    ages: HashMap<Key, u64, RandomState>,
    by_age: BTreeMap<u64, (Key, Vec<Finding>)>,
    held: usize,
    next: u64,
    forgotten: u64,
}

impl Waiting {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            ages: HashMap::with_hasher(RandomState::with_seeds(seed, 0x4e9e, 0xa7ed, 2)),
            by_age: BTreeMap::new(),
            held: 0,
            next: 0,
            forgotten: 0,
        }
    }

    /// Takes a finding; gives the episodes, in order, once there are enough.
    pub(super) fn admit(
        &mut self,
        key: &Key,
        mut finding: Finding,
        rule: Rule,
    ) -> Option<Vec<Finding>> {
        super::growth::cap(&mut finding);
        let mut episodes = self.take(key);
        match episodes.last_mut() {
            Some(last) if finding.first <= last.last => {
                let first = last.first.min(finding.first);
                *last = Finding { first, ..finding };
            }
            _ => episodes.push(finding),
        }
        let newest = episodes.last().map(|finding| finding.first).unwrap_or_default();
        episodes.retain(|episode| newest.since(episode.first) <= rule.window);
        if episodes.len() as u64 >= rule.times {
            return Some(episodes);
        }
        self.put_back(key, episodes);
        None
    }

    /// Findings that wait.
    pub(super) fn held(&self) -> u64 {
        self.held as u64
    }

    /// Findings that were forgotten because there was no more room.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn take(&mut self, key: &Key) -> Vec<Finding> {
        let age = self.ages.remove(key);
        let (_, episodes) = age.and_then(|age| self.by_age.remove(&age)).unwrap_or_default();
        self.held -= episodes.len();
        episodes
    }

    fn put_back(&mut self, key: &Key, episodes: Vec<Finding>) {
        self.held += episodes.len();
        self.ages.insert(key.clone(), self.next);
        self.by_age.insert(self.next, (key.clone(), episodes));
        self.next += 1;
        while self.held > HELD_MAX {
            let Some((_, (key, episodes))) = self.by_age.pop_first() else { return };
            self.ages.remove(&key);
            self.held -= episodes.len();
            self.forgotten += episodes.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::testing::{at, inside, stranger};
    use crate::finding::Tally;
    use anomalyzer_wire::Addr;

    const RULE: Rule = Rule { times: 3, window: 100_000_000_000 };

    fn finding(src: Addr, first: i64, last: i64) -> (Key, Finding) {
        let subject = Subject { src: Some(src), ..Subject::default() };
        let finding = Finding {
            detector: "port-scan",
            technique: String::new(),
            subject: subject.clone(),
            severity: None,
            confidence: 1.0,
            title: String::new(),
            explanation: String::new(),
            src: vec![src],
            src_count: Tally::exact(1),
            dst: Vec::new(),
            dst_count: Tally::default(),
            dst_ports: Vec::new(),
            dst_port_count: Tally::default(),
            first: at(first),
            last: at(last),
            count: 1,
            evidence: Vec::new(),
            flows: Vec::new(),
        };
        (("port-scan", subject), finding)
    }

    /// Enters findings about one host; gives the number of episodes that left each time.
    fn left(findings: &[(i64, i64)]) -> Vec<usize> {
        let mut waiting = Waiting::new(1);
        let mut admit = |(first, last)| {
            let (key, finding) = finding(inside(1), first, last);
            waiting.admit(&key, finding, RULE).map_or(0, |episodes| episodes.len())
        };
        findings.iter().map(|span| admit(*span)).collect()
    }

    #[test]
    fn separate_episodes_within_the_window_count() {
        assert_eq!(left(&[(0, 5), (10, 15), (20, 25)]), [0, 0, 3]);
        // One that grows is one episode, however often it is told.
        assert_eq!(
            left(&[(0, 5), (0, 9), (5, 12), (13, 14), (13, 20), (30, 31)]),
            [0, 0, 0, 0, 0, 3]
        );
        // What is older than the window does not count.
        assert_eq!(left(&[(0, 1), (50, 51), (101, 102), (140, 141)]), [0, 0, 0, 3]);
        assert_eq!(left(&[(0, 1), (200, 201), (400, 401), (600, 601)]), [0, 0, 0, 0]);
    }

    #[test]
    fn after_an_alert_counting_begins_anew() {
        assert_eq!(left(&[(0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11)]), [0, 0, 3, 0, 0, 3]);
    }

    #[test]
    fn what_waits_is_bounded_and_counted() {
        let mut waiting = Waiting::new(1);
        for n in 0..HELD_MAX + 5 {
            let (key, finding) = finding(stranger(n), 0, 1);
            assert!(waiting.admit(&key, finding, RULE).is_none());
        }
        assert_eq!((waiting.held(), waiting.forgotten()), (HELD_MAX as u64, 5));
        assert_eq!(waiting.ages.len(), waiting.by_age.len());
    }
}
