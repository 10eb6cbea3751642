//! Texts as numbers.
//!
//! The rules, for every column of numbers: white space around a number is ignored. An empty
//! field, `-`, `?`, `na`, `n/a`, `nan`, `null` and `none` in any case are missing. `true` and
//! `false` are 1 and 0. Infinities and numbers beyond ±10^30 are that bound, so that sums and
//! differences of values stay finite.

/// Bound of all values.
pub(crate) const VALUE_MAX: f64 = 1e30;
/// Longest text that can be a number.
const NUMBER_BYTES_MAX: usize = 64;

/// What a field of a column of numbers holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// A number within the bounds.
    Is(f64),
    /// Beyond the bounds, now the bound of the same sign.
    Clamped(f64),
    /// Spelled as not a number: 0/0 in most programs.
    Undefined,
    /// Nothing.
    Missing,
}

/// Reads a number; `None` when the text is none.
pub(crate) fn number(field: &[u8]) -> Option<Number> {
    let field = field.trim_ascii();
    if is_missing(field) {
        return Some(Number::Missing);
    }
    if field.eq_ignore_ascii_case(b"nan") {
        return Some(Number::Undefined);
    }
    if field.eq_ignore_ascii_case(b"true") {
        return Some(Number::Is(1.0));
    }
    if field.eq_ignore_ascii_case(b"false") {
        return Some(Number::Is(0.0));
    }
    if field.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let value: f64 = std::str::from_utf8(field).ok()?.parse().ok()?;
    Some(bounded(value))
}

/// A number within the bounds of all values.
pub(crate) fn bounded(value: f64) -> Number {
    if value.is_nan() {
        Number::Undefined
    } else if value.abs() > VALUE_MAX {
        Number::Clamped(VALUE_MAX.copysign(value))
    } else {
        Number::Is(value)
    }
}

/// Whether a duration is zero, or less, which is a fault of some programs.
pub(crate) fn is_zero_or_less(field: &[u8]) -> bool {
    matches!(number(field), Some(Number::Is(value)) if value <= 0.0)
}

/// Whether a field says that there is no value.
pub(crate) fn is_missing(field: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"-", b"?", b"na", b"n/a", b"null", b"none"];
    field.is_empty()
        || field.len() <= 4 && WORDS.iter().any(|word| field.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_the_rules() {
        let check = |text: &str, expected| assert_eq!(number(text.as_bytes()), expected, "{text}");
        check("0", Some(Number::Is(0.0)));
        check(" 12.5 ", Some(Number::Is(12.5)));
        check("-3", Some(Number::Is(-3.0)));
        check("1e-7", Some(Number::Is(1e-7)));
        check("TRUE", Some(Number::Is(1.0)));
        check("", Some(Number::Missing));
        check(" ", Some(Number::Missing));
        check("-", Some(Number::Missing));
        check("Null", Some(Number::Missing));
        check("NaN", Some(Number::Undefined));
        check("Infinity", Some(Number::Clamped(VALUE_MAX)));
        check("-inf", Some(Number::Clamped(-VALUE_MAX)));
        check("1e400", Some(Number::Clamped(VALUE_MAX)));
        check("1,5", None);
        check("0x10", None);
        check("tcp", None);
        check(&"1".repeat(65), None);
        assert_eq!(number(b"\xff1"), None);
        assert_eq!(number(b"1\0"), None);
    }
}
