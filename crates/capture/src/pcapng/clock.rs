//! The clock of a pcapng interface: from counts in its own unit to nanoseconds.

use anomalyzer_wire::Timestamp;

const NANOS_PER_SEC: i128 = 1_000_000_000;

/// How an interface counts time (options `if_tsresol` and `if_tsoffset`).
///
/// Any resolution and offset can be asked for by a hostile file: the arithmetic is done in 128
/// bits and what does not fit a [`Timestamp`] is clamped to its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    unit: Unit,
    offset_secs: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// A tick is this many nanoseconds.
    Nanos(u64),
    /// This many ticks are a nanosecond.
    PerNano(u128),
    /// A tick is 2 to the minus this many seconds.
    Binary(u32),
}

impl Default for Clock {
    /// Microseconds since the epoch, as the format has it without options.
    fn default() -> Self {
        Self { unit: Unit::Nanos(1_000), offset_secs: 0 }
    }
}

impl Clock {
    /// Sets the resolution by the byte of `if_tsresol`: a negative power of 10, or of 2 when the
    /// highest bit is set.
    pub(crate) fn set_resolution(&mut self, resolution: u8) {
        let exponent = u32::from(resolution & 0x7f);
        self.unit = if resolution & 0x80 != 0 {
            Unit::Binary(exponent)
        } else if exponent <= 9 {
            Unit::Nanos(10_u64.pow(9 - exponent))
        } else {
            // 10^38 is the largest power in u128; finer ticks than that are all zero anyway.
            Unit::PerNano(10_u128.pow((exponent - 9).min(38)))
        };
    }

    /// Sets the seconds to add to each time (`if_tsoffset`).
    pub(crate) fn set_offset(&mut self, secs: i64) {
        self.offset_secs = secs;
    }

    /// The time of a count of ticks.
    #[inline]
    pub(crate) fn time(self, ticks: u64) -> Timestamp {
        if let (Unit::Nanos(factor), 0) = (self.unit, self.offset_secs)
            && let Some(nanos) = ticks.checked_mul(factor)
            && let Ok(nanos) = i64::try_from(nanos)
        {
            return Timestamp::from_nanos(nanos);
        }
        self.time_exact(ticks)
    }

    #[cold]
    fn time_exact(self, ticks: u64) -> Timestamp {
        let ticks = u128::from(ticks);
        // Each product is below 2^94.
        let nanos = match self.unit {
            Unit::Nanos(factor) => ticks * u128::from(factor),
            Unit::PerNano(divisor) => ticks / divisor,
            Unit::Binary(bits) => (ticks * NANOS_PER_SEC.unsigned_abs()) >> bits,
        };
        let nanos = nanos.cast_signed() + i128::from(self.offset_secs) * NANOS_PER_SEC;
        let end = if nanos < 0 { i64::MIN } else { i64::MAX };
        Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resolution: u8, offset_secs: i64, ticks: u64, nanos: i64) {
        let mut clock = Clock::default();
        clock.set_resolution(resolution);
        clock.set_offset(offset_secs);
        assert_eq!(clock.time(ticks).nanos(), nanos, "{resolution:#x} {offset_secs} {ticks}");
    }

    #[test]
    fn powers_of_ten_and_of_two() {
        check(6, 0, 1_500_000, 1_500_000_000);
        check(9, 0, 1_760_184_035_123_456_789, 1_760_184_035_123_456_789);
        check(0, 0, 7, 7_000_000_000);
        check(12, 0, 5_999, 5);
        check(0x80, 0, 7, 7_000_000_000);
        check(0x8a, 0, 1_536, 1_500_000_000);
        check(0xa0, 0, 3 << 31, 1_500_000_000);
    }

    #[test]
    fn offsets_reach_before_the_epoch() {
        check(6, 10, 1, 10_000_001_000);
        check(6, -10, 1, -9_999_999_000);
    }

    #[test]
    fn hostile_values_are_clamped() {
        check(0, 0, u64::MAX, i64::MAX);
        check(0x80, 0, u64::MAX, i64::MAX);
        check(0x7f, 0, u64::MAX, 0);
        check(0xff, 0, u64::MAX, 0);
        check(6, i64::MIN, 0, i64::MIN);
        check(0, i64::MAX, u64::MAX, i64::MAX);
        check(9, 0, u64::MAX, i64::MAX);
    }
}
