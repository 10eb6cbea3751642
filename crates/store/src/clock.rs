//! The wall clock, for the names of files set aside and for what the store itself does to alerts.
//! Everything else is given its time.

use anomalyzer_wire::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "damage is found at the time it is found")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The time as part of a file's name: `20261121T165149Z`.
pub(crate) fn stamp(secs: i64) -> String {
    let c = Timestamp::from_secs_nanos(secs, 0).civil();
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second)
}
