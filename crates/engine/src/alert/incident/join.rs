//! Which alerts belong together.
//!
//! Alerts of one source that follow each other within the gap are a chain. A chain hangs on an
//! earlier alert when that one tells how its source may have been taken over. So there are as many
//! links to look for as there are chains, not pairs of alerts.

use super::{Claim, Link, Stage};
use anomalyzer_wire::Addr;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One alert of a group: its place among the claims and why it is there.
pub(super) type Member = (usize, Link);

/// Groups of claims that belong together, each in the order of the claims.
pub(super) fn groups(
    claims: &[Claim<'_>],
    gap: i64,
    site: &dyn Fn(Addr) -> bool,
) -> Vec<Vec<Member>> {
    let chains = chains(claims, gap);
    let mut links: Vec<Link> = vec![Link::Begins; claims.len()];
    let mut sets = Sets::new(claims.len());
    for (source, chain) in &chains {
        for pair in chain.windows(2) {
            if let [before, at] = *pair {
                sets.join(before, at);
                set(&mut links, at, Link::SameSource(*source));
            }
        }
    }
    let attacks = Attacks::new(claims, site);
    for (source, chain) in &chains {
        let Some((from, at, link)) = attacks.parent(*source, chain, gap) else { continue };
        sets.join(from, at);
        if chain.first() == Some(&at) || matches!(link, Link::CallsBack { .. }) {
            set(&mut links, at, link);
        }
    }
    let mut groups: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
    for (at, link) in links.into_iter().enumerate() {
        let group = groups.entry(sets.root(at)).or_default();
        let link = if group.is_empty() { Link::Begins } else { link };
        group.push((at, link));
    }
    groups.into_values().collect()
}

fn set(links: &mut [Link], at: usize, link: Link) {
    if let Some(place) = links.get_mut(at) {
        *place = link;
    }
}

/// Claims of each source, cut where nothing happened for longer than the gap.
fn chains(claims: &[Claim<'_>], gap: i64) -> Vec<(Addr, Vec<usize>)> {
    let mut by_source: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
    for (at, claim) in claims.iter().enumerate() {
        if let Some(source) = claim.actor {
            by_source.entry(source).or_default().push(at);
        }
    }
    let mut chains = Vec::with_capacity(by_source.len());
    for (source, all) in by_source {
        let mut chain: Vec<usize> = Vec::new();
        let mut end = None;
        for at in all {
            let Some(claim) = claims.get(at) else { continue };
            if end.is_some_and(|end| claim.alert.first.since(end) > gap) {
                chains.push((source, std::mem::take(&mut chain)));
                end = None;
            }
            end = end.max(Some(claim.alert.last));
            chain.push(at);
        }
        chains.push((source, chain));
    }
    chains
}

/// Attacks by the hosts that they were made on.
struct Attacks<'c, 'a> {
    claims: &'c [Claim<'a>],
    /// Attempts to get into a host of the site.
    access: BTreeMap<Addr, Vec<usize>>,
    /// The first attack of any kind by one host on another.
    pairs: BTreeMap<(Addr, Addr), usize>,
}

impl<'c, 'a> Attacks<'c, 'a> {
    fn new(claims: &'c [Claim<'a>], site: &dyn Fn(Addr) -> bool) -> Self {
        let mut access: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
        let mut pairs = BTreeMap::new();
        for (at, claim) in claims.iter().enumerate() {
            let Some(attacker) = claim.actor else { continue };
            for &victim in claim.alert.dst.iter().filter(|victim| claim.attacks(**victim)) {
                pairs.entry((attacker, victim)).or_insert(at);
                if claim.stage == Some(Stage::Access) && victim != attacker && site(victim) {
                    access.entry(victim).or_default().push(at);
                }
            }
        }
        Self { claims, access, pairs }
    }

    /// The alert that a chain hangs on, the alert of the chain that shows it, and how.
    fn parent(&self, source: Addr, chain: &[usize], gap: i64) -> Option<(usize, usize, Link)> {
        let back = chain.iter().find_map(|at| {
            let (from, by) = self.attacker_called_back(source, *at, gap)?;
            let alert = self.claims.get(from)?.alert.id.clone();
            Some((from, *at, Link::CallsBack { host: source, by, alert }))
        });
        back.or_else(|| {
            let at = *chain.first()?;
            let from = self.taken_over_by(source, at, gap)?;
            let claim = self.claims.get(from)?;
            let (by, alert) = (claim.actor?, claim.alert.id.clone());
            Some((from, at, Link::HandOver { host: source, by, alert }))
        })
    }

    /// The first attack on `source` by a host that the alert `at` has it connect to.
    fn attacker_called_back(&self, source: Addr, at: usize, gap: i64) -> Option<(usize, Addr)> {
        let claim = self.claims.get(at)?;
        // A scan of the attacker would be an answer to its probes, not a call.
        if !claim.stage.is_some_and(|stage| stage == Stage::Access || stage.by_victim()) {
            return None;
        }
        let attackers = claim.alert.dst.iter().filter(|by| **by != source);
        attackers
            .filter_map(|by| Some((*self.pairs.get(&(*by, source))?, *by)))
            .filter(|(from, _)| *from != at && self.precedes(*from, at, gap))
            .min()
    }

    /// The attack on `source` before the alert `at` that most likely took it over: the most
    /// severe, then the latest one.
    fn taken_over_by(&self, source: Addr, at: usize, gap: i64) -> Option<usize> {
        let candidates = self.access.get(&source)?.iter().copied();
        let rank = |from: &usize| {
            let alert = self.claims.get(*from).map(|claim| claim.alert);
            alert.map(|alert| (alert.severity, alert.first, Reverse(&alert.id)))
        };
        candidates.filter(|from| *from != at && self.precedes(*from, at, gap)).max_by_key(rank)
    }

    /// True when the attack began before the alert and ended no more than the gap before it.
    fn precedes(&self, from: usize, at: usize, gap: i64) -> bool {
        let (Some(from), Some(at)) = (self.claims.get(from), self.claims.get(at)) else {
            return false;
        };
        from.alert.first <= at.alert.first && at.alert.first.since(from.alert.last) <= gap
    }
}

/// Disjoint sets with path halving; the smallest member is the root, so roots do not depend on
/// the order of joining.
struct Sets(Vec<usize>);

impl Sets {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn above(&self, at: usize) -> usize {
        self.0.get(at).copied().unwrap_or(at)
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.above(at) != at {
            let up = self.above(self.above(at));
            if let Some(place) = self.0.get_mut(at) {
                *place = up;
            }
            at = up;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(place) = self.0.get_mut(a.max(b)) {
            *place = a.min(b);
        }
    }
}
