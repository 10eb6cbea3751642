//! The flow table: fixed capacity, expiry by packet time, eviction that spares real conversations.
//!
//! Flows live in a slab; a hash table maps keys to slots. Expiry is a lazy timer wheel: a flow sits
//! in the bucket of the second at which it may expire at the earliest and is moved on when it
//! turns out to have been busy since, so a packet costs the wheel nothing. When the table is full,
//! a clock hand walks the slab and takes the first flow that only one side has spoken in (a
//! half-open connection or a lone datagram); only if it meets none among [`LOOK`] slots does the
//! longest silent one of them go. A flood of spoofed sources so evicts itself, in order of arrival.

use super::FlowId;
use super::entry::{Flow, Phase};
use super::key::FlowKey;
use crate::config::FlowSettings;
use ahash::RandomState;
use anomalyzer_wire::Timestamp;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Seconds that the wheel spans; longer time-outs go round more than once.
const WHEEL: usize = 4_096;
const WHEEL_SECS: i64 = 4_096;
/// Slots looked at for a victim.
const LOOK: usize = 64;
const NONE: u32 = u32::MAX;

/// Index of a flow in the table.
pub(crate) type Slot = u32;

struct Cell {
    flow: Option<Flow>,
    next: Slot,
    prev: Slot,
    bucket: u32,
}

/// Flows by key.
pub(crate) struct FlowTable {
    map: HashTable<Slot>,
    slots: Vec<Cell>,
    free: Vec<Slot>,
    buckets: Vec<Slot>,
    wheel_now: Option<i64>,
    hand: usize,
    capacity: usize,
    hasher: RandomState,
    timeouts: FlowSettings,
    evicted: Evictions,
}

/// Flows that were evicted because the table was full.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evictions {
    /// Only one side had spoken.
    pub(crate) one_way: u64,
    /// Both sides had spoken.
    pub(crate) two_way: u64,
}

impl FlowTable {
    pub(crate) fn new(capacity: usize, timeouts: FlowSettings, seed: u64) -> Self {
        let capacity = capacity.clamp(16, NONE as usize - 1);
        Self {
            map: HashTable::with_capacity(capacity.min(1 << 16)),
            // Reserved, not touched: memory becomes resident as flows come.
            slots: Vec::with_capacity(capacity),
            free: Vec::new(),
            buckets: vec![NONE; WHEEL],
            wheel_now: None,
            hand: 0,
            capacity,
            hasher: RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 0x5151),
            timeouts,
            evicted: Evictions::default(),
        }
    }

    #[inline]
    pub(crate) fn find(&self, key: &FlowKey) -> Option<Slot> {
        let hash = self.hasher.hash_one(key);
        self.map.find(hash, |&slot| self.key_of(slot) == Some(key)).copied()
    }

    #[inline]
    fn key_of(&self, slot: Slot) -> Option<&FlowKey> {
        self.slots.get(slot as usize)?.flow.as_ref().map(|f| &f.key)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize)?.flow.as_mut()
    }

    /// The flows there are, to be changed; in no order that means anything.
    pub(crate) fn flows_mut(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.slots.iter_mut().filter_map(|cell| cell.flow.as_mut())
    }

    /// The flows there are.
    #[cfg(test)]
    pub(crate) fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.slots.iter().filter_map(|cell| cell.flow.as_ref())
    }

    pub(crate) fn evictions(&self) -> Evictions {
        self.evicted
    }

    /// Inserts a flow whose key is not in the table. Returns its slot, and the flow that had to
    /// make room for it, if any.
    pub(crate) fn insert(&mut self, flow: Flow, now: Timestamp) -> (Slot, Option<Flow>) {
        let victim = if self.map.len() >= self.capacity { self.evict() } else { None };
        self.wheel_now.get_or_insert(now.secs());
        let deadline = now.secs().saturating_add(i64::from(timeout(&self.timeouts, &flow)));
        let hash = self.hasher.hash_one(flow.key);
        let key = flow.key;
        let entry = Cell { flow: Some(flow), next: NONE, prev: NONE, bucket: NONE };
        let slot = if let Some(slot) = self.free.pop() {
            if let Some(place) = self.slots.get_mut(slot as usize) {
                *place = entry;
            }
            slot
        } else {
            self.slots.push(entry);
            Slot::try_from(self.slots.len() - 1).unwrap_or(NONE)
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        let key_at = |s: Slot| slots.get(s as usize).and_then(|e| e.flow.as_ref()).map(|f| &f.key);
        let vacant = self.map.entry(
            hash,
            |&s| key_at(s) == Some(&key),
            |&s| key_at(s).map_or(0, |k| hasher.hash_one(k)),
        );
        if let Entry::Vacant(vacant) = vacant {
            vacant.insert(slot);
        }
        self.link(slot, deadline);
        (slot, victim)
    }

    /// A flow may have been closed: then it ends after its short time-out, not at the time that was
    /// set when it was open.
    pub(crate) fn closing(&mut self, slot: Slot) {
        let Some(flow) = self.slots.get(slot as usize).and_then(|c| c.flow.as_ref()) else {
            return;
        };
        if flow.phase() == Phase::Over {
            let timeout = i64::from(self.timeouts.tcp_closed_s);
            let deadline = flow.last.secs().saturating_add(timeout).saturating_add(1);
            self.unlink(slot);
            self.link(slot, deadline);
        }
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Flow> {
        self.unlink(slot);
        let flow = self.slots.get_mut(slot as usize)?.flow.take()?;
        let hash = self.hasher.hash_one(flow.key);
        if let Ok(entry) = self.map.find_entry(hash, |&s| s == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(flow)
    }

    /// True when a flow has been silent for its time-out.
    pub(crate) fn is_idle(&self, slot: Slot, now: Timestamp) -> bool {
        let flow = self.slots.get(slot as usize).and_then(|c| c.flow.as_ref());
        flow.is_some_and(|flow| {
            let limit = i64::from(timeout(&self.timeouts, flow)).saturating_mul(1_000_000_000);
            now.since(flow.last) > limit
        })
    }

    /// Slots of the flows whose time-out has passed at `now`, in the order of their ids.
    pub(crate) fn expired(&mut self, now: Timestamp) -> Vec<Slot> {
        let mut expired = Vec::new();
        let to = now.secs();
        let from = self.wheel_now.replace(to).unwrap_or(to);
        let turns = to.saturating_sub(from).clamp(0, WHEEL_SECS);
        for second in (to - turns)..to {
            let Some(head) = self.buckets.get_mut(bucket_of(second)) else { continue };
            let mut slot = std::mem::replace(head, NONE);
            while slot != NONE {
                let next = self.slots.get(slot as usize).map_or(NONE, |e| e.next);
                self.due(slot, now, &mut expired);
                slot = next;
            }
        }
        sorted(expired)
    }

    /// One flow of a bucket that was taken off the wheel: expired, or linked in again.
    fn due(&mut self, slot: Slot, now: Timestamp, expired: &mut Vec<(FlowId, Slot)>) {
        let Some(entry) = self.slots.get_mut(slot as usize) else { return };
        (entry.next, entry.prev, entry.bucket) = (NONE, NONE, NONE);
        let Some(flow) = entry.flow.as_ref() else { return };
        let timeout = i64::from(timeout(&self.timeouts, flow));
        let deadline = flow.last.secs().saturating_add(timeout).saturating_add(1);
        if deadline <= now.secs() {
            expired.push((flow.id, slot));
        } else {
            self.link(slot, deadline);
        }
    }

    /// Slots of all flows, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Slot> {
        let flows = (0..).zip(&self.slots);
        sorted(flows.filter_map(|(slot, c)| Some((c.flow.as_ref()?.id, slot))).collect())
    }

    fn evict(&mut self) -> Option<Flow> {
        let mut oldest: Option<(Timestamp, usize)> = None;
        let mut chosen = None;
        for _ in 0..LOOK.min(self.slots.len()) {
            let at = self.hand;
            self.hand = if at + 1 >= self.slots.len() { 0 } else { at + 1 };
            let Some(flow) = self.slots.get(at).and_then(|e| e.flow.as_ref()) else { continue };
            if !flow.two_way() {
                chosen = Some(at);
                break;
            }
            if oldest.is_none_or(|(t, _)| flow.last < t) {
                oldest = Some((flow.last, at));
            }
        }
        let slot = Slot::try_from(chosen.or(oldest.map(|(_, at)| at))?).ok()?;
        if chosen.is_some() {
            self.evicted.one_way += 1;
        } else {
            self.evicted.two_way += 1;
        }
        self.remove(slot)
    }

    fn link(&mut self, slot: Slot, deadline: i64) {
        let bucket = bucket_of(deadline);
        let Some(head) = self.buckets.get_mut(bucket) else { return };
        let old = std::mem::replace(head, slot);
        if let Some(entry) = self.slots.get_mut(slot as usize) {
            entry.next = old;
            entry.prev = NONE;
            entry.bucket = u32::try_from(bucket).unwrap_or(NONE);
        }
        if let Some(next) = self.slots.get_mut(old as usize) {
            next.prev = slot;
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let Some(entry) = self.slots.get_mut(slot as usize) else { return };
        let (prev, next) = (entry.prev, entry.next);
        let bucket = std::mem::replace(&mut entry.bucket, NONE);
        if bucket == NONE {
            return;
        }
        (entry.prev, entry.next) = (NONE, NONE);
        if let Some(before) = self.slots.get_mut(prev as usize) {
            before.next = next;
        } else if let Some(head) = self.buckets.get_mut(bucket as usize) {
            *head = next;
        }
        if let Some(after) = self.slots.get_mut(next as usize) {
            after.prev = prev;
        }
    }
}

/// Slots by flow id.
fn sorted(mut flows: Vec<(FlowId, Slot)>) -> Vec<Slot> {
    flows.sort_unstable();
    flows.into_iter().map(|(_, slot)| slot).collect()
}

/// Idle time-out of a flow in seconds.
fn timeout(timeouts: &FlowSettings, flow: &Flow) -> u32 {
    match flow.phase() {
        Phase::Opening => timeouts.tcp_new_s,
        Phase::Open => timeouts.tcp_idle_s,
        Phase::Over => timeouts.tcp_closed_s,
        Phase::TwoWay => timeouts.udp_idle_s,
        Phase::OneWay => timeouts.one_way_idle_s,
    }
}

/// The bucket of a second.
fn bucket_of(second: i64) -> usize {
    usize::try_from(second.rem_euclid(WHEEL_SECS)).unwrap_or(0)
}
