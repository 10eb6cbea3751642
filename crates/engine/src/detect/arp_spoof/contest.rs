//! One device's claims of one address, and the judgement of them.

use super::Limits;
use anomalyzer_wire::{Addr, Mac, Timestamp};

/// Victims listed for one address.
const VICTIMS: usize = 20;

/// How an address was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An answer to a request that was seen.
    Answer,
    /// A reply to one host that nobody was seen to ask for.
    Unasked,
    /// An announcement to all.
    Announcement,
    /// A request that names the address as its sender's.
    Request,
}

/// What claims amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Two devices use the address; nothing says that one of them lies.
    Conflict,
    /// Announcements of an address that its holder keeps using.
    Announced,
    /// Unasked replies.
    Replies,
}

/// What else is known about the device that claims.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claimant {
    /// The address that is its own.
    pub(super) own: Option<Addr>,
    /// It asked who has the address that it claims.
    pub(super) asked: bool,
    /// It claims an address of yet another device in the same way.
    pub(super) both_sides: bool,
}

/// Claims of an address by a device that does not hold it, or that nobody asked.
#[derive(Clone, Debug)]
pub(super) struct Contest {
    /// Who holds the address, when it is somebody else.
    pub(super) holder: Option<Mac>,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) unasked: u32,
    pub(super) announced: u32,
    pub(super) requested: u32,
    pub(super) answered: u32,
    /// How often the holder used its address between two claims.
    pub(super) returns: u32,
    /// Claims whose frame came from another hardware address than they name.
    pub(super) mismatched: u32,
    /// Who was told, and how often.
    pub(super) victims: Vec<(Addr, u32)>,
    /// A claim has come since the holder last used its address.
    claimed_since: bool,
    /// Claims told so far.
    pub(super) told: u32,
}

impl Contest {
    pub(super) fn new(holder: Option<Mac>, now: Timestamp) -> Self {
        Self {
            holder,
            first: now,
            last: now,
            unasked: 0,
            announced: 0,
            requested: 0,
            answered: 0,
            returns: 0,
            mismatched: 0,
            victims: Vec::new(),
            claimed_since: false,
            told: 0,
        }
    }

    pub(super) fn claim(&mut self, form: Form, victim: Addr, mismatched: bool, now: Timestamp) {
        self.last = self.last.max(now);
        self.claimed_since = true;
        self.mismatched += u32::from(mismatched);
        let count = match form {
            Form::Answer => &mut self.answered,
            Form::Unasked => &mut self.unasked,
            Form::Announcement => &mut self.announced,
            Form::Request => &mut self.requested,
        };
        *count = count.saturating_add(1);
        if form != Form::Unasked {
            return;
        }
        if let Some((_, times)) = self.victims.iter_mut().find(|(addr, _)| *addr == victim) {
            *times = times.saturating_add(1);
        } else if self.victims.len() < VICTIMS {
            self.victims.push((victim, 1));
        }
    }

    /// The holder uses its address; true when that is news.
    pub(super) fn holder_returns(&mut self) -> bool {
        let news = std::mem::take(&mut self.claimed_since);
        self.returns = self.returns.saturating_add(u32::from(news));
        news
    }

    pub(super) fn claims(&self) -> u32 {
        [self.unasked, self.announced, self.requested, self.answered]
            .into_iter()
            .fold(0, u32::saturating_add)
    }

    /// Judges the claims. An unasked reply is a lie when its sender is known not to hold the
    /// address: because it has one of its own, claims to be several devices, asked for the address
    /// itself, or keeps telling one victim while the holder is alive. An announcement is one only
    /// while the holder keeps using its address: a failover partner would be silent.
    pub(super) fn verdict(&self, who: Claimant, limits: &Limits) -> Option<Verdict> {
        let to_one = self.victims.iter().map(|(_, times)| *times).max().unwrap_or(0);
        let contested = self.holder.is_some();
        if self.unasked > 0 && who.asked {
            return Some(Verdict::Replies);
        }
        if contested && self.unasked >= limits.replies && (who.own.is_some() || who.both_sides) {
            return Some(Verdict::Replies);
        }
        if contested && to_one >= limits.claims && self.returns > 0 {
            return Some(Verdict::Replies);
        }
        if !contested || self.returns < limits.returns {
            return None;
        }
        let told_all = self.announced >= limits.claims && who.own.is_some();
        if told_all || (self.announced >= limits.replies && who.both_sides) {
            return Some(Verdict::Announced);
        }
        (self.claims() >= limits.claims).then_some(Verdict::Conflict)
    }
}
