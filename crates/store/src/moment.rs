//! Moments as people write them.

use anomalyzer_wire::Timestamp;

/// A moment in the forms that people and browsers write: RFC 3339, unix seconds, `now`, or a time
/// before now such as `-15m`, `-6h`, `-7d`.
pub fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if text == "now" {
        return Some(now);
    }
    if let Some(back) = text.strip_prefix('-') {
        return relative(back, now);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return unix(seconds);
    }
    Timestamp::parse(text)
}

/// `15m`, `6h`, `7d`, `90s`, `2w` before now.
fn relative(back: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = match back.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: i64 = back.get(..back.len().checked_sub(1)?)?.parse().ok().filter(|n| *n >= 0)?;
    let nanos = count.checked_mul(unit)?.checked_mul(1_000_000_000)?;
    now.nanos().checked_sub(nanos).map(Timestamp::from_nanos)
}

/// Seconds since 1970 with a fraction, exact to the microsecond.
fn unix(seconds: f64) -> Option<Timestamp> {
    let micros = (seconds * 1e6).round();
    // Nanoseconds in 63 bits reach to the year 2262.
    if !micros.is_finite() || micros.abs() > 9.2e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked right above")]
    let micros = micros as i64;
    micros.checked_mul(1_000).map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        let now = Timestamp::from_secs_nanos(1_000_000, 0);
        assert_eq!(moment(text, now).map(Timestamp::nanos), expected, "{text}");
    }

    #[test]
    fn times_are_read_in_all_forms() {
        check("now", Some(1_000_000_000_000_000));
        check("-15m", Some(999_100_000_000_000));
        check("-0s", Some(1_000_000_000_000_000));
        check("-2w", Some(-209_600_000_000_000));
        check("1700000000", Some(1_700_000_000_000_000_000));
        check("1700000000.25", Some(1_700_000_000_250_000_000));
        check("2023-11-14T22:13:20Z", Some(1_700_000_000_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "-", "-m", "--5m", "-5", "-5x", "-é", "nan", "inf", "1e300", "tomorrow"] {
            check(text, None);
        }
        check("-9223372036854775807d", None);
    }
}
