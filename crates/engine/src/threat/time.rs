//! Times as lists write them, in seconds since 1970 UTC.

/// Reads RFC 3339 (`2026-01-31T12:00:00.5Z`, with an offset or without), `2026-01-31 12:00:00`
/// with or without ` UTC`, a date alone, or seconds since 1970. Without an offset the time is UTC.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() >= 9 && text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let days = date(text.get(..10)?)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(days * 86_400);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let seconds = clock(rest.get(..8)?)?;
    let offset = offset(rest.get(8..)?)?;
    Some(days * 86_400 + seconds - offset)
}

/// Days since 1970 of `2026-01-31`.
fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) =
        (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let good = parts.next().is_none()
        && (1..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day);
    good.then(|| days_from_civil(year, month, day))
}

/// Seconds of `12:00:59`.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (h, m, s) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let good = parts.next().is_none() && h < 24 && m < 60 && s <= 60;
    good.then_some(h * 3_600 + m * 60 + s)
}

/// Seconds east of Greenwich behind the clock: a fraction, then nothing, `Z`, ` UTC` or `+01:00`.
fn offset(text: &str) -> Option<i64> {
    let text = match text.strip_prefix('.') {
        Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text,
    };
    let (sign, rest) = match text.trim().as_bytes() {
        [] | b"Z" | b"z" | b"UTC" => return Some(0),
        [b'+', ..] => (1, text.trim().get(1..)?),
        [b'-', ..] => (-1, text.trim().get(1..)?),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = (number(digits.get(..2)?)?, number(digits.get(2..)?)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Day number of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_of_feeds() {
        let check = |text: &str, seconds: Option<i64>| assert_eq!(parse(text), seconds, "{text}");
        check("1970-01-01", Some(0));
        check("2025-10-11T12:00:35Z", Some(1_760_184_035));
        check("2025-10-11T12:00:35.123456Z", Some(1_760_184_035));
        check("2025-10-11T14:00:35+02:00", Some(1_760_184_035));
        check("2025-10-11T05:30:35-0630", Some(1_760_184_035));
        check("2025-10-11 12:00:35", Some(1_760_184_035));
        check("2025-10-11 12:00:35 UTC", Some(1_760_184_035));
        check("1760184035", Some(1_760_184_035));
        check("2000-02-29", Some(951_782_400));
        for wrong in ["", "2025-13-01", "2025-10-11T25:00:00Z", "11.10.2025", "2025-10-11Tx", "ä"]
        {
            check(wrong, None);
        }
    }
}
