//! What is kept of one host's contact with one indicator, and how much it matters.

use super::Limits;
use crate::alert::Severity;
use crate::flow::FlowId;
use crate::observation::{Contact, ListedSeen};
use crate::threat::{Kind, Listed};
use anomalyzer_wire::{Addr, HostileStr, Timestamp};

/// Ports, addresses and flows named for one pair.
const NAMED: usize = 20;

/// A host's contact with an indicator.
pub(super) struct Pair {
    pub(super) listed: Listed,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) severity: Severity,
    /// The contact that decided the severity; of equals the one that went furthest.
    pub(super) contact: Contact,
    /// The other end of that contact's flow, and the name or address as it was seen.
    pub(super) peer: Addr,
    pub(super) seen_as: HostileStr,
    /// Flows with contact.
    pub(super) flows_seen: u64,
    /// Flows in which the contact came about.
    pub(super) answered: u64,
    /// Contacts when the last finding was made; 0 before the first.
    pub(super) told: u64,
    pub(super) told_severity: Option<Severity>,
    /// Listed addresses that were met: one, or several of a network.
    pub(super) addresses: Vec<Addr>,
    pub(super) ports: Vec<u16>,
    pub(super) flows: Vec<String>,
    last_flow: Option<FlowId>,
    last_answered: Option<FlowId>,
}

impl Pair {
    /// `None` when the indicator is unknown to its own lists, which cannot be.
    pub(super) fn new(time: Timestamp, seen: &ListedSeen) -> Option<Self> {
        Some(Self {
            listed: seen.lists.listed(seen.hit)?,
            first: time,
            last: time,
            severity: Severity::Info,
            contact: seen.contact,
            peer: super::other_side(seen),
            seen_as: seen.seen_as.clone(),
            flows_seen: 0,
            answered: 0,
            told: 0,
            told_severity: None,
            addresses: Vec::new(),
            ports: Vec::new(),
            flows: Vec::new(),
            last_flow: None,
            last_answered: None,
        })
    }

    /// Adds a contact; true when it is worse than all before and worth telling at once.
    pub(super) fn add(&mut self, time: Timestamp, seen: &ListedSeen, severity: Severity) -> bool {
        self.last = self.last.max(time);
        // Several facts of one flow are one contact.
        if self.last_flow != Some(seen.id) && !self.is_later_news(seen) {
            self.flows_seen = self.flows_seen.saturating_add(1);
            self.last_flow = Some(seen.id);
        }
        if came_about(seen.contact) && self.last_answered != Some(seen.id) {
            self.answered = self.answered.saturating_add(1);
            self.last_answered = Some(seen.id);
        }
        self.name_it(seen);
        if (severity, seen.contact) > (self.severity, self.contact) {
            self.contact = seen.contact;
            self.peer = super::other_side(seen);
            self.seen_as.clone_from(&seen.seen_as);
        }
        let worse = severity > self.severity;
        self.severity = self.severity.max(severity);
        worse && self.severity >= Severity::Medium
    }

    /// True for news about a flow whose beginning was counted, though others came in between.
    fn is_later_news(&self, seen: &ListedSeen) -> bool {
        self.flows_seen > 0 && matches!(seen.contact, Contact::Reached | Contact::Talked)
    }

    fn name_it(&mut self, seen: &ListedSeen) {
        let is_address = matches!(self.listed.kind, Kind::Address | Kind::Network);
        let peer = super::other_side(seen);
        let at_peer = !matches!(seen.contact, Contact::Asked | Contact::Resolved | Contact::Named)
            || !is_address && seen.contact == Contact::Named;
        if at_peer && self.addresses.len() < NAMED && !self.addresses.contains(&peer) {
            self.addresses.push(peer);
        }
        if let Err(at) = self.ports.binary_search(&seen.tuple.dst_port)
            && self.ports.len() < NAMED
            && matches!(seen.tuple.proto, 6 | 17 | 132)
        {
            self.ports.insert(at, seen.tuple.dst_port);
        }
        if self.flows.len() < NAMED {
            let flow = crate::flow::community_id(&seen.tuple);
            if !self.flows.contains(&flow) {
                self.flows.push(flow);
            }
        }
    }
}

/// True when both sides took part, or the host named what is listed.
fn came_about(contact: Contact) -> bool {
    !matches!(contact, Contact::Knocked | Contact::Tried | Contact::Resolved)
}

/// How much a contact matters: the list's severity (medium without one) when it came about or the
/// host asked for it; one step less where the indicator is shared with harmless things (a
/// fingerprint of a hello, a host of which a page is listed); low for attempts, for names that
/// somebody outside says to a server of the site, and where the list itself is not sure.
pub(super) fn severity(pair: &Pair, contact: Contact, outsider: bool, limits: Limits) -> Severity {
    let listed = &pair.listed;
    let full = listed.severity.unwrap_or(super::SPEC.severity);
    let unsure = listed.confidence.is_some_and(|confidence| confidence < limits.confidence);
    if unsure || outsider {
        return full.min(Severity::Low);
    }
    match contact {
        Contact::Knocked | Contact::Tried | Contact::Resolved => full.min(Severity::Low),
        Contact::Fingerprint => below(full),
        Contact::Asked | Contact::Named | Contact::Certificate if listed.from_url => below(full),
        _ => full,
    }
}

fn below(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}
