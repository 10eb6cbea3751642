//! How often somebody may fail to log in. Two tables, both bounded.
//!
//! An attempt counts as a failure until it succeeds: attempts at the same time cannot get around the
//! limit. The right password from another address is not held up.

use crate::clock;
use crate::error::Problem;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures of an account from one address before it has to wait.
const ACCOUNT_FAILURES: u32 = 5;
/// After this time without a failure an account's failures are forgotten; also the longest wait.
const ACCOUNT_WINDOW: Duration = Duration::from_mins(15);
/// The first wait; each further failure doubles it.
const ACCOUNT_WAIT: Duration = Duration::from_secs(30);
/// Failures of one address within an hour, whatever the account.
const PEER_FAILURES: u32 = 50;
const PEER_WINDOW: Duration = Duration::from_hours(1);
/// Most entries of each table. The least recent tenth goes when it is full.
const ENTRIES_MAX: usize = 10_000;
/// Bytes of an account's name that are looked at.
const NAME_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    failures: u32,
    first: Instant,
    last: Instant,
}

type Account = (String, IpAddr);

#[derive(Debug, Default)]
struct Tables {
    accounts: HashMap<Account, Entry>,
    peers: HashMap<IpAddr, Entry>,
}

/// Failures to log in. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttle(Arc<Mutex<Tables>>);

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Attempt {
    throttle: Throttle,
    account: Account,
}

impl Throttle {
    /// Begins an attempt, or says how long to wait.
    pub(crate) fn begin(&self, name: &str, peer: IpAddr) -> Result<Attempt, Problem> {
        self.begin_at(name, peer, clock::instant())
    }

    fn begin_at(&self, name: &str, peer: IpAddr, now: Instant) -> Result<Attempt, Problem> {
        let account = (account_name(name), network(peer));
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = tables.wait(&account, now);
        if wait > Duration::ZERO {
            return Err(refusal(wait));
        }
        tables.fail(&account, now);
        Ok(Attempt { throttle: self.clone(), account })
    }
}

impl Attempt {
    /// Nobody looked at the password: the attempt was no failure, and shows nothing.
    pub(crate) fn cancelled(self) {
        let mut tables = self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = tables.accounts.get_mut(&self.account) {
            entry.failures = entry.failures.saturating_sub(1);
        }
        if let Some(entry) = tables.peers.get_mut(&self.account.1) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    /// It was the right password: the attempt was no failure.
    pub(crate) fn succeeded(self) {
        let mut tables = self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.accounts.remove(&self.account);
        if let Some(entry) = tables.peers.get_mut(&self.account.1) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }
}

impl Tables {
    fn wait(&mut self, account: &Account, now: Instant) -> Duration {
        let of_account = self.accounts.get(account).map_or(Duration::ZERO, |entry| {
            let Some(beyond) = entry.failures.checked_sub(ACCOUNT_FAILURES) else {
                return Duration::ZERO;
            };
            let wait = ACCOUNT_WAIT.saturating_mul(1 << beyond.min(5)).min(ACCOUNT_WINDOW);
            (entry.last + wait).saturating_duration_since(now)
        });
        let of_peer = self.peers.get(&account.1).map_or(Duration::ZERO, |entry| {
            let full = entry.failures >= PEER_FAILURES;
            let end = entry.first + PEER_WINDOW;
            if full { end.saturating_duration_since(now) } else { Duration::ZERO }
        });
        of_account.max(of_peer)
    }

    fn fail(&mut self, account: &Account, now: Instant) {
        let known = |entry: &Entry| now.saturating_duration_since(entry.last) < ACCOUNT_WINDOW;
        count(&mut self.accounts, account.clone(), now, known);
        let known = |entry: &Entry| now.saturating_duration_since(entry.first) < PEER_WINDOW;
        count(&mut self.peers, account.1, now, known);
    }
}

/// Counts a failure; one that is no longer known begins anew.
fn count<K: Hash + Eq + Clone>(
    table: &mut HashMap<K, Entry>,
    key: K,
    now: Instant,
    known: impl Fn(&Entry) -> bool,
) {
    if table.len() >= ENTRIES_MAX && !table.contains_key(&key) {
        make_room(table);
    }
    let entry = table.entry(key).or_insert(Entry { failures: 0, first: now, last: now });
    if !known(entry) {
        *entry = Entry { failures: 0, first: now, last: now };
    }
    entry.failures = entry.failures.saturating_add(1);
    entry.last = now;
}

fn make_room<K: Hash + Eq + Clone>(table: &mut HashMap<K, Entry>) {
    let mut times: Vec<Instant> = table.values().map(|entry| entry.last).collect();
    let (_, limit, _) = times.select_nth_unstable(ENTRIES_MAX / 10);
    let limit = *limit;
    let mut room = ENTRIES_MAX / 10;
    table.retain(|_, entry| {
        let goes = entry.last <= limit && room > 0;
        room -= usize::from(goes);
        !goes
    });
}

fn account_name(name: &str) -> String {
    let mut name = name.to_lowercase();
    let end = (0..=NAME_MAX.min(name.len())).rev().find(|at| name.is_char_boundary(*at));
    name.truncate(end.unwrap_or(0));
    name
}

/// An IPv6 host has a whole /64 to choose addresses from.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn refusal(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::busy(seconds, format!("too many failed log-ins; try again in {seconds} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "192.0.2.1";

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &Throttle, name: &str, from: &str, now: Instant) -> bool {
        throttle.begin_at(name, peer(from), now).is_ok()
    }

    #[test]
    fn five_failures_and_then_ever_longer_waits() {
        let (throttle, start) = (Throttle::default(), clock::instant());
        assert!((0..5).all(|_| fail(&throttle, "anna", PEER, start)));
        let second = Duration::from_secs(1);
        let mut now = start;
        for wait in [30, 60, 120, 240, 480, 900] {
            assert!(!fail(&throttle, "Anna", PEER, now + second * (wait - 1)), "{wait}");
            now += second * wait;
            assert!(fail(&throttle, "anna", PEER, now), "{wait}");
        }
        assert!(fail(&throttle, "anna", "192.0.2.2", start));
        assert!(fail(&throttle, "otto", PEER, start));
    }

    #[test]
    fn success_forgets_failures_of_the_account() {
        let (throttle, now) = (Throttle::default(), clock::instant());
        for _ in 0..5 {
            assert!((0..4).all(|_| fail(&throttle, "anna", PEER, now)));
            throttle.begin_at("anna", peer(PEER), now).unwrap().succeeded();
        }
        let tables = throttle.0.lock().unwrap();
        assert!(tables.accounts.is_empty());
        assert_eq!(tables.peers[&peer(PEER)].failures, 20, "the address is still remembered");
    }

    #[test]
    fn an_address_may_fail_fifty_times_an_hour() {
        let (throttle, now) = (Throttle::default(), clock::instant());
        let names = (0..51).map(|i| format!("user{i}"));
        let passed = names.filter(|name| fail(&throttle, name, "2001:db8::1", now)).count();
        assert_eq!(passed, 50);
        assert!(!fail(&throttle, "anna", "2001:db8::ffff:1", now));
        assert!(fail(&throttle, "anna", "2001:db8:0:1::1", now));
        assert!(fail(&throttle, "anna", "2001:db8::1", now + PEER_WINDOW));
    }

    #[test]
    fn tables_are_bounded() {
        let (throttle, now) = (Throttle::default(), clock::instant());
        for i in 0..30_000_u32 {
            let from = IpAddr::from((0x0a00_0000 + i).to_be_bytes());
            let _ = throttle.begin_at(&"x".repeat(10_000), from, now);
        }
        let tables = throttle.0.lock().unwrap();
        assert!(tables.accounts.len() <= ENTRIES_MAX && tables.peers.len() <= ENTRIES_MAX);
        assert!(tables.accounts.keys().all(|(name, _)| name.len() <= NAME_MAX));
    }
}
