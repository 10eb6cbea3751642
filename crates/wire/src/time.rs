//! Packet time.

use std::fmt;

/// A point in packet time: nanoseconds since 1970-01-01T00:00:00Z, as the capture says.
///
/// Negative values are times before 1970; hostile captures hold any value, so all arithmetic here
/// saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable time.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable time.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// From whole seconds and nanoseconds within the second.
    pub const fn from_secs_nanos(secs: i64, nanos: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Microseconds since the epoch, rounded down.
    pub const fn micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Seconds since the epoch as a float (microsecond precision for present-day times).
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Nanoseconds from `earlier` to `self`; negative when `self` is earlier.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `self` moved by `ns` nanoseconds.
    #[must_use]
    pub const fn plus_nanos(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// `self` moved by whole seconds.
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1_000_000_000)))
    }
}

/// A point in time as calendar and clock show it in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year; 1677 to 2262 for every [`Timestamp`].
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month, 1 to 31.
    pub day: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute, 0 to 59.
    pub minute: i64,
    /// Second, 0 to 59 (packet time knows no leap seconds).
    pub second: i64,
    /// Microsecond within the second, 0 to 999,999.
    pub micros: i64,
}

impl Timestamp {
    /// Calendar and clock in UTC.
    pub const fn civil(self) -> Civil {
        let micros = self.micros();
        let secs = micros.div_euclid(1_000_000);
        let (days, of_day) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            micros: micros.rem_euclid(1_000_000),
        }
    }
}

impl Timestamp {
    /// Reads RFC 3339: date, `T` or a space, time with or without a fraction, `Z` or an offset.
    /// `None` when it is something else, or beyond what can be represented.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't', ' '])?;
        let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
            Some(time) => (time, 0),
            None => zone(rest)?,
        };
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [year, month, day] = three(date, '-', 4)?;
        let [hour, minute, second] = three(clock, ':', 2)?;
        let days = days_from_civil(year, month, day);
        let in_range = (1678..=2261).contains(&year) && hour < 24 && minute < 60 && second <= 60;
        // A day that the month does not have comes back as one of the next.
        if !in_range || civil_from_days(days) != (year, month, day) {
            return None;
        }
        let nanos = digits(fraction.get(..fraction.len().min(9))?, 1, 9)?;
        let nanos = nanos * 10_i64.pow(9 - u32::try_from(fraction.len().min(9)).ok()?);
        let fraction_is_number = fraction.bytes().all(|b| b.is_ascii_digit());
        let secs = days * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60;
        fraction_is_number.then(|| Self::from_secs_nanos(secs, nanos))
    }
}

/// A time and its offset from UTC in minutes.
fn zone(text: &str) -> Option<(&str, i64)> {
    let at = text.rfind(['+', '-'])?;
    let (time, offset) = text.split_at_checked(at)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2, 2)?, digits(minutes, 2, 2)?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some((time, sign * (hours * 60 + minutes)))
}

/// Three numbers, the first of `wide` digits, the others of two.
fn three(text: &str, between: char, wide: usize) -> Option<[i64; 3]> {
    let (a, rest) = text.split_once(between)?;
    let (b, c) = rest.split_once(between)?;
    Some([digits(a, wide, wide)?, digits(b, 2, 2)?, digits(c, 2, 2)?])
}

fn digits(text: &str, least: usize, most: usize) -> Option<i64> {
    let good = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

/// Day number of a date (Howard Hinnant, the inverse of `civil_from_days`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// RFC 3339 in UTC with microseconds, as in `2025-10-11T12:00:35.123456Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, micros } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// Proleptic Gregorian date of a day number (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`).
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + (month <= 2) as i64;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_utc_with_microseconds() {
        let check = |ns: i64, text: &str| assert_eq!(Timestamp::from_nanos(ns).to_string(), text);
        check(0, "1970-01-01T00:00:00.000000Z");
        check(1_760_184_035_123_456_789, "2025-10-11T12:00:35.123456Z");
        check(951_782_399_999_999_999, "2000-02-28T23:59:59.999999Z");
        check(951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn reads_rfc_3339_and_nothing_else() {
        for time in [0, 1_760_184_035_123_456_000, 951_782_400_000_000_000, -1_000] {
            let time = Timestamp::from_nanos(time);
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time), "{time}");
        }
        let check = |text: &str, utc: &str| {
            let read = Timestamp::parse(text).map_or("none".to_owned(), |t| t.to_string());
            assert_eq!(read, utc, "{text}");
        };
        check("2027-01-31T12:00:00Z", "2027-01-31T12:00:00.000000Z");
        check("2027-01-31 12:00:00.5+01:30", "2027-01-31T10:30:00.500000Z");
        check("2027-01-31t23:30:00-01:00", "2027-02-01T00:30:00.000000Z");
        check("2024-02-29T00:00:00.1234567891Z", "2024-02-29T00:00:00.123456Z");
        for wrong in [
            "",
            "2027-01-31",
            "2027-01-31T12:00:00",
            "2027-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-00-01T00:00:00Z",
            "2027-01-31T24:00:00Z",
            "2027-01-31T12:60:00Z",
            "2027-01-31T12:00:00.Z",
            "2027-01-31T12:00:00.xZ",
            "2027-01-31T12:00:00.123456789xZ",
            "2027-01-31T12:00:00+1:00",
            "2027-1-31T12:00:00Z",
            "9999-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "2027-01-31T12:00:00\u{fc}Z",
        ] {
            check(wrong, "none");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX.plus_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), i64::MAX);
        assert_eq!(Timestamp::from_secs_nanos(i64::MAX, 5), Timestamp::MAX);
    }
}
