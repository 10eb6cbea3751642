//! The words of `arp-spoof`.

use super::contest::{Claimant, Contest, Verdict};
use super::{Limits, SPEC};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Mac, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Addresses of a side in a finding.
const LISTED: usize = 20;

/// Sums over everything a device claims.
struct Sums {
    unasked: u32,
    announced: u32,
    requested: u32,
    returns: u32,
    mismatched: u32,
    claims: u32,
    first: Timestamp,
    last: Timestamp,
}

impl Sums {
    fn of(all: &[(Addr, &Contest)]) -> Self {
        let sum = |value: fn(&Contest) -> u32| {
            all.iter().map(|(_, c)| value(c)).fold(0, u32::saturating_add)
        };
        Self {
            unasked: sum(|c| c.unasked),
            announced: sum(|c| c.announced),
            requested: sum(|c| c.requested),
            returns: sum(|c| c.returns),
            mismatched: sum(|c| c.mismatched),
            claims: sum(Contest::claims),
            first: all.iter().map(|(_, c)| c.first).min().unwrap_or_default(),
            last: all.iter().map(|(_, c)| c.last).max().unwrap_or_default(),
        }
    }
}

/// A device that claims addresses of others.
pub(super) fn spoof(
    mac: Mac,
    who: Claimant,
    verdict: Verdict,
    addr: Addr,
    all: &[(Addr, &Contest)],
    limits: &Limits,
) -> Finding {
    let sums = Sums::of(all);
    let mut claimed: Vec<Addr> = all.iter().map(|(a, _)| *a).collect();
    claimed.sort_unstable_by_key(|a| (*a != addr, *a));
    let victims: BTreeSet<Addr> =
        all.iter().flat_map(|(_, c)| c.victims.iter().map(|(victim, _)| *victim)).collect();
    let told: Vec<Addr> = victims.iter().copied().collect();
    let mut dst = told.clone();
    dst.extend(claimed.iter().copied().filter(|a| !victims.contains(a)));
    let name = who.own.map_or_else(|| mac.to_string(), |own| format!("{own} ({mac})"));
    let claims = text::addresses(&claimed[..claimed.len().min(1)], claimed.len() as u64);
    let replies = verdict == Verdict::Replies;
    let both = who.both_sides;
    Finding {
        detector: SPEC.id,
        technique: if replies { "reply" } else { "gratuitous" }.to_owned(),
        subject: Subject { other: mac.to_string(), ..Subject::default() },
        severity: both.then_some(Severity::High),
        confidence: if both || who.asked { 0.95 } else { 0.85 },
        title: format!("ARP spoofing: {name} claims to be {claims}"),
        explanation: explanation(mac, who, addr, all, &sums, &told, limits),
        src: who.own.into_iter().collect(),
        src_count: Tally::exact(1),
        dst_count: Tally::exact(dst.len() as u64),
        dst: dst.into_iter().take(LISTED).collect(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: sums.first,
        last: sums.last,
        count: u64::from(sums.claims.max(1)),
        evidence: evidence(&sums, claimed.len(), limits),
        flows: Vec::new(),
    }
}

fn evidence(sums: &Sums, addresses: usize, limits: &Limits) -> Vec<Evidence> {
    let window = limits.window as f64 / 1e9;
    vec![
        Evidence::exceeded(
            "unasked_replies",
            f64::from(sums.unasked),
            f64::from(limits.replies),
            window,
        ),
        Evidence::exceeded(
            "announcements",
            f64::from(sums.announced),
            f64::from(limits.claims),
            window,
        ),
        Evidence::exceeded(
            "holder_uses",
            f64::from(sums.returns),
            f64::from(limits.returns),
            window,
        ),
        Evidence::value("addresses_claimed", addresses as f64),
        Evidence::value("false_frame_source", f64::from(sums.mismatched)),
    ]
}

fn explanation(
    mac: Mac,
    who: Claimant,
    addr: Addr,
    all: &[(Addr, &Contest)],
    sums: &Sums,
    told: &[Addr],
    limits: &Limits,
) -> String {
    let mut text = format!(
        "{mac} said by ARP that it is {}: {} in {}.",
        text::addresses(&all.iter().map(|(a, _)| *a).collect::<Vec<_>>(), all.len() as u64),
        text::listed(&ways(sums)),
        text::duration(sums.last.since(sums.first) as f64 / 1e9),
    );
    for (claimed, contest) in all.iter().take(3) {
        if let Some(holder) = contest.holder {
            let _ = write!(text, " {claimed} is held by {holder}");
            text.push_str(match contest.returns {
                0 => ".",
                _ => ", which kept using it.",
            });
        }
    }
    if let Some(own) = who.own {
        let _ = write!(text, " Its own address is {own}.");
    }
    if who.asked {
        let _ =
            write!(text, " It also asked who has {addr}, which a device that has it never does.");
    }
    if who.both_sides {
        text.push_str(
            " It claims addresses of different devices, as one does who stands between them.",
        );
    }
    if sums.mismatched > 0 {
        let _ = write!(
            text,
            " In {} the frame came from another hardware address.",
            counted(sums.mismatched, "of them", "of them")
        );
    }
    let _ = write!(
        text,
        " It told this to {}. Expected: a device answers only when asked, and only for addresses \
         that no other holds; fewer than {} or {} within {} are let pass.",
        if told.is_empty() {
            "everybody".to_owned()
        } else {
            text::addresses(told, told.len() as u64)
        },
        counted(limits.replies, "unasked reply", "unasked replies"),
        counted(limits.claims, "announcement", "announcements"),
        text::duration(limits.window as f64 / 1e9),
    );
    text
}

/// The ways in which it was said, without those that did not happen.
fn ways(sums: &Sums) -> Vec<String> {
    [
        (sums.unasked, "reply that nobody asked for", "replies that nobody asked for"),
        (sums.announced, "announcement", "announcements"),
        (sums.requested, "request in that name", "requests in that name"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| counted(n, one, many))
    .collect()
}

fn counted(n: u32, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Two devices use one address; nothing says that one of them lies.
pub(super) fn conflict(addr: Addr, mac: Mac, contest: &Contest, limits: &Limits) -> Finding {
    let holder = contest.holder.unwrap_or_default();
    quiet(
        "conflict",
        addr,
        contest,
        format!("Two devices use the address {addr}: {holder} and {mac}"),
        format!(
            "{holder} and {mac} used {addr} by turns: the second claimed it {}, and the first \
             went on using it {} in between, within {}. One device is expected. Two interfaces of one host, \
             bonding and two hosts set to the same address look like this; so does a spoofer of \
             whom nothing else is known.",
            counted(contest.claims(), "time", "times"),
            counted(contest.returns, "time", "times"),
            text::duration(contest.last.since(contest.first) as f64 / 1e9),
        ),
        vec![Evidence::exceeded(
            "holder_uses",
            f64::from(contest.returns),
            f64::from(limits.returns),
            limits.window as f64 / 1e9,
        )],
    )
}

/// An address that many hosts ask for has another holder.
pub(super) fn moved(addr: Addr, before: Mac, mac: Mac, contest: &Contest) -> Finding {
    quiet(
        "gateway",
        addr,
        contest,
        format!("Address {addr}, a gateway's or server's, moved to {mac}"),
        format!(
            "{addr}, which several hosts ask for, was held by {before}. For {} {mac} has claimed \
             it, and {before} has been silent under that address. That is what a failover or a \
             replaced device looks like.",
            text::duration(contest.last.since(contest.first) as f64 / 1e9),
        ),
        vec![Evidence::value("claims", f64::from(contest.claims()))],
    )
}

/// A finding to look at.
fn quiet(
    technique: &str,
    addr: Addr,
    contest: &Contest,
    title: String,
    explanation: String,
    evidence: Vec<Evidence>,
) -> Finding {
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { dst: Some(addr), other: technique.to_owned(), ..Subject::default() },
        severity: Some(Severity::Low),
        confidence: 0.3,
        title,
        explanation,
        src: Vec::new(),
        src_count: Tally::default(),
        dst: vec![addr],
        dst_count: Tally::exact(1),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: contest.first,
        last: contest.last,
        count: u64::from(contest.claims().max(1)),
        evidence,
        flows: Vec::new(),
    }
}
