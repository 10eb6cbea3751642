//! The interfaces: which are watched, how it stands with each, and their rates.

use crate::clock::Stopwatch;
use anomalyzer_capture::{ANY, WatchState, Watcher, interfaces};
use anomalyzer_web::control::Interface;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Time over which rates are told.
const RATE_WINDOW: Duration = Duration::from_secs(3);

/// The interfaces as far as the service is concerned.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    watcher: Mutex<Option<Watcher>>,
    rates: Mutex<Rates>,
    /// Why no interface can be watched, when none was asked for.
    refusal: Mutex<Option<String>>,
}

/// Counters of each interface, now and a while ago.
#[derive(Debug, Default)]
struct Rates {
    samples: Vec<(Stopwatch, HashMap<String, [u64; 2]>)>,
}

impl Capture {
    /// Watches by this from now on.
    pub(super) fn set(&self, watcher: Option<Watcher>) {
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = watcher;
    }

    /// Says why no interface could be chosen.
    pub(super) fn refuse(&self, why: Option<String>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// False when this run has no interfaces, as in a replay.
    pub(crate) fn is_used(&self) -> bool {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// How it stands with each watched interface.
    pub(crate) fn states(&self) -> Vec<WatchState> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.as_ref().map(Watcher::states).unwrap_or_default()
    }

    /// Watches these from now on. False when this run has no interfaces, as in a replay.
    pub(super) fn watch(&self, names: &[String]) -> bool {
        self.refuse(None);
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.as_ref().map(|watcher| watcher.set(names)).is_some()
    }

    /// Takes the system's counters; called each second.
    pub(super) fn sample(&self) {
        let table = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.samples.push((Stopwatch::start(), counters(&table)));
        rates.samples.retain(|(at, _)| at.elapsed() <= RATE_WINDOW + Duration::from_secs(1));
    }

    /// Interfaces that can be watched, with their rates.
    pub(crate) fn interfaces(&self) -> Result<Vec<Interface>, String> {
        let all = interfaces().map_err(|e| e.to_string())?;
        let watched = self.states();
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |i: anomalyzer_capture::LiveInterface| {
            let [bytes_per_second, packets_per_second] = rates.of(&i.name);
            Interface {
                watched: watched.iter().any(|w| w.name == i.name),
                addresses: i.addresses.iter().map(ToString::to_string).collect(),
                description: i.description,
                up: i.up,
                loopback: i.loopback,
                bytes_per_second,
                packets_per_second,
                name: i.name,
            }
        };
        Ok(all.into_iter().map(row).collect())
    }
}

impl Rates {
    /// Bytes and packets a second; of `any` those of all interfaces.
    fn of(&self, name: &str) -> [f64; 2] {
        let (Some((then, before)), Some((now, after))) =
            (self.samples.first(), self.samples.last())
        else {
            return [0.0; 2];
        };
        let seconds = then.elapsed().saturating_sub(now.elapsed()).as_secs_f64();
        if seconds < 0.2 {
            return [0.0; 2];
        }
        let total = |counters: &HashMap<String, [u64; 2]>, at: usize| -> u64 {
            let of = |(_, c): (&String, &[u64; 2])| c.get(at).copied().unwrap_or(0);
            counters.iter().filter(|(n, _)| name == ANY || *n == name).map(of).sum()
        };
        [0, 1].map(|at| total(after, at).saturating_sub(total(before, at)) as f64 / seconds)
    }
}

/// Bytes and packets, received and sent, by interface (proc(5), `net/dev`).
fn counters(table: &str) -> HashMap<String, [u64; 2]> {
    let line = |line: &str| -> Option<(String, [u64; 2])> {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> =
            numbers.split_ascii_whitespace().map_while(|n| n.parse().ok()).collect();
        let get = |at: usize| numbers.get(at).copied();
        Some((name.trim().to_owned(), [get(0)? + get(8)?, get(1)? + get(9)?]))
    };
    table.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_sums_of_both_ways() {
        let table = "Inter-| Receive\n face |bytes packets\n  eth0: 100 2 0 0 0 0 0 0 50 3 0 0 0 0 0 0\nx: 1\n";
        assert_eq!(counters(table), HashMap::from([("eth0".to_owned(), [150, 5])]));
    }
}
