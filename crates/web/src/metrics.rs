//! Counters of the server itself.

use axum::http::StatusCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram of request times, in milliseconds.
pub(crate) const BUCKETS_MS: [u64; 8] = [5, 10, 25, 50, 100, 300, 1_000, 10_000];

/// How many requests were answered, and how long they took.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// By first digit of the status: 1xx to 5xx.
    classes: [AtomicU64; 5],
    buckets: [AtomicU64; BUCKETS_MS.len()],
    micros: AtomicU64,
}

/// A reading of [`Requests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// By first digit of the status: 1xx to 5xx.
    pub(crate) classes: [u64; 5],
    /// Requests that took at most [`BUCKETS_MS`], each including those before.
    pub(crate) buckets: [u64; BUCKETS_MS.len()],
    /// Time of all requests.
    pub(crate) micros: u64,
}

impl Requests {
    /// Counts an answer. Streams count when they begin.
    pub(crate) fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        let millis = took.as_millis();
        if let Some(at) = BUCKETS_MS.iter().position(|bound| millis <= u128::from(*bound)) {
            self.buckets[at].fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The counters now.
    pub(crate) fn read(&self) -> Reading {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut sum = 0;
        let buckets = self.buckets.each_ref().map(|counter| {
            sum += load(counter);
            sum
        });
        Reading { classes: self.classes.each_ref().map(load), buckets, micros: load(&self.micros) }
    }
}
