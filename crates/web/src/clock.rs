//! The clocks of the server: log-ins, limits and logs run on them, detection never.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall clock, seconds since 1970 UTC; 0 when the clock is set before that.
#[expect(clippy::disallowed_methods, reason = "sessions and audit entries carry the wall clock")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Wall clock as packet time is written: what `now` means for a live source.
#[expect(clippy::disallowed_methods, reason = "a live source's now is the wall clock")]
pub(crate) fn timestamp() -> anomalyzer_wire::Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let secs = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    anomalyzer_wire::Timestamp::from_secs_nanos(secs, i64::from(since.subsec_nanos()))
}

/// A clock that never runs back, for limits and durations.
#[expect(clippy::disallowed_methods, reason = "limits of the server run on real time")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Wall clock, to compare with times of files.
#[expect(clippy::disallowed_methods, reason = "files carry the wall clock")]
pub(crate) fn system() -> SystemTime {
    SystemTime::now()
}
