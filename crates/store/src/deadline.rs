//! How long a query may take. Each kind of query has a limit of its own; whoever asks several for one
//! answer puts a limit around all of them with [`within`].

use crate::error::{Result, StoreError};
use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    /// What [`within`] was called with, on this thread.
    static AROUND: Cell<Option<Deadline>> = const { Cell::new(None) };
}

/// Runs queries on this thread that have so much time together: each is stopped with
/// [`StoreError::Slow`] when it is over. Limits inside of each other: the nearest end holds.
pub fn within<T>(time: Duration, work: impl FnOnce() -> T) -> T {
    /// Puts back what held before, also when `work` panics.
    struct Back(Option<Deadline>);
    impl Drop for Back {
        fn drop(&mut self) {
            AROUND.set(self.0);
        }
    }
    let _back = Back(AROUND.replace(Some(Deadline::after(time))));
    work()
}

/// When a query has taken too long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Instant,
    time: Duration,
}

impl Deadline {
    /// So much time from now on, or what is left of the limit around.
    #[expect(clippy::disallowed_methods, reason = "bounds the time of a query, nothing else")]
    pub(crate) fn after(time: Duration) -> Self {
        let own = Self { end: Instant::now() + time, time };
        AROUND.get().filter(|around| around.end < own.end).unwrap_or(own)
    }

    /// An error when the time is over.
    #[expect(clippy::disallowed_methods, reason = "bounds the time of a query, nothing else")]
    pub(crate) fn check(self) -> Result<()> {
        if Instant::now() < self.end {
            return Ok(());
        }
        Err(StoreError::Slow(self.time.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_end_holds_and_only_inside() {
        let long = Duration::from_mins(10);
        let checked = || Deadline::after(long).check();
        assert!(checked().is_ok());
        let inside = within(Duration::ZERO, || {
            let outer = checked();
            // A longer time inside does not help.
            (outer, within(long, checked))
        });
        assert!(matches!(inside.0, Err(StoreError::Slow(_))), "{inside:?}");
        assert!(matches!(inside.1, Err(StoreError::Slow(_))), "{inside:?}");
        assert!(checked().is_ok());
        let panicked = std::panic::catch_unwind(|| within(Duration::ZERO, || panic!("gone")));
        assert!(panicked.is_err() && checked().is_ok());
    }
}
