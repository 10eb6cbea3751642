//! Clocks and time zones: how long things take, and where the reader lives. Never what time it is.

use anomalyzer_wire::Timestamp;
use jiff::tz::TimeZone;
use std::time::{Duration, Instant};

/// A packet time in the time zone of the machine: `2026-03-03 10:00:00 +01:00`.
pub(crate) fn local(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_or_else(
        |_| time.to_string(),
        |t| t.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
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
