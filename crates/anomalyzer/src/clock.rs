//! Clocks and time zones: how long things take, and where the reader lives. What time it is
//! matters to nothing but the count of what has expired and the notes beside what people say.

use anomalyzer_wire::Timestamp;
use jiff::tz::TimeZone;
use std::time::{Duration, Instant, SystemTime};

/// A packet time in the time zone of the machine: `2026-03-03 10:00:00 +01:00`.
pub(crate) fn local(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_or_else(
        |_| time.to_string(),
        |t| t.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

/// Seconds since 1970.
#[allow(clippy::disallowed_methods)] // shown to people, never for detection
pub(crate) fn today() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The time of the clock by which frames of an interface are stamped.
#[allow(clippy::disallowed_methods)] // a silent link's time goes on by it
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The time at which somebody says something about alerts, to the second.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs_nanos(today(), 0)
}

/// Measures from its making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[allow(clippy::disallowed_methods)] // shown to people and used for pauses, never for detection
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
