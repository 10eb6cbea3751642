//! Times as the API writes them: RFC 3339, UTC, microseconds.

use anomalyzer_wire::Timestamp;

/// A packet time.
pub(crate) fn stamp(time: Timestamp) -> String {
    let civil = time.civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second, civil.micros
    )
}

/// Wall clock seconds.
pub(crate) fn seconds(at: i64) -> String {
    stamp(Timestamp::from_secs_nanos(at, 0))
}
