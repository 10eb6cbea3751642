//! Parameters of requests: each is checked, and what is wrong is told with the field.

use crate::error::Problem;
use anomalyzer_engine::Severity;
use anomalyzer_store::control::AlertState;
use anomalyzer_wire::Addr;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Most characters of a text that is searched for.
pub(crate) const TEXT_MAX: usize = 200;
/// Most characters of an id in a parameter.
pub(crate) const ID_MAX: usize = 128;

/// A number within bounds, or its default.
pub(crate) fn bounded(
    field: &str,
    value: Option<&str>,
    default: usize,
    range: RangeInclusive<usize>,
) -> Result<usize, Problem> {
    let Some(text) = value else { return Ok(default) };
    text.trim().parse::<usize>().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let message = format!("expected a whole number from {} to {}", range.start(), range.end());
        Problem::field(field, message)
    })
}

/// A source's id; `None` when absent.
pub(crate) fn source(value: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = value else { return Ok(None) };
    let id = text.trim().parse::<i64>().ok().filter(|id| *id > 0);
    id.map(Some).ok_or_else(|| Problem::field("source", "expected the id of a source, such as 1"))
}

/// `true` or `false`, or its default.
pub(crate) fn flag(field: &str, value: Option<&str>, default: bool) -> Result<bool, Problem> {
    match value.map(str::trim) {
        None => Ok(default),
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(Problem::field(field, "expected `true` or `false`")),
    }
}

/// One of a few words; the first one when absent.
pub(crate) fn choice<T: Copy>(
    field: &str,
    value: Option<&str>,
    words: &[(&str, T)],
) -> Result<T, Problem> {
    let found = match value {
        None => words.first(),
        Some(value) => words.iter().find(|(word, _)| *word == value.trim()),
    };
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Problem::field(field, format!("expected one of {}", words.join(", ")))
    })
}

/// Text of at most so many characters; blank text is none.
pub(crate) fn text(
    field: &str,
    value: Option<&str>,
    most: usize,
) -> Result<Option<String>, Problem> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > most {
        return Err(Problem::field(field, format!("expected at most {most} characters")));
    }
    Ok(Some(text.to_owned()))
}

/// An address; `None` when absent or blank.
pub(crate) fn address(field: &str, value: Option<&str>) -> Result<Option<Addr>, Problem> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let ip = text.parse::<IpAddr>().map_err(|_| {
        Problem::field(field, "expected an address such as 192.168.1.10 or 2001:db8::1")
    })?;
    Ok(Some(Addr::from(ip)))
}

/// The least severity, or its default.
pub(crate) fn severity(value: Option<&str>, default: Severity) -> Result<Severity, Problem> {
    let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    Severity::parse(text).ok_or_else(|| {
        Problem::field("severity", "expected one of info, low, medium, high, critical")
    })
}

/// States, separated by commas. `all` or nothing named: every state.
pub(crate) fn states(
    value: Option<&str>,
    default: &[AlertState],
) -> Result<Vec<AlertState>, Problem> {
    let Some(text) = value else { return Ok(default.to_vec()) };
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let states: Vec<_> =
        words.filter(|word| *word != "all").map(state).collect::<Result<_, _>>()?;
    Ok(states)
}

/// A state by its name.
pub(crate) fn state(word: &str) -> Result<AlertState, Problem> {
    choice(
        "state",
        Some(word),
        &[
            ("open", AlertState::Open),
            ("acknowledged", AlertState::Acknowledged),
            ("closed", AlertState::Closed),
            ("false-alarm", AlertState::FalseAlarm),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
        let problem = result.unwrap_err();
        assert_eq!((problem.status, problem.errors.len()), (400, 1));
        problem.errors[0].message.clone()
    }

    #[test]
    fn each_says_what_was_expected() {
        assert_eq!(bounded("limit", None, 100, 1..=1_000), Ok(100));
        assert_eq!(bounded("limit", Some("7"), 100, 1..=1_000), Ok(7));
        for bad in ["0", "1001", "-1", "x", "", "1e3", "99999999999999999999999"] {
            let message = told(bounded("limit", Some(bad), 100, 1..=1_000));
            assert_eq!(message, "expected a whole number from 1 to 1000", "{bad}");
        }
        assert_eq!(source(Some("3")), Ok(Some(3)));
        assert!(told(source(Some("0"))).contains("id of a source"));
        assert_eq!(flag("live", Some("true"), false), Ok(true));
        told(flag("live", Some("maybe"), false));
        let words = [("asc", 1), ("desc", 2)];
        assert_eq!(choice("order", None, &words), Ok(1));
        assert_eq!(choice("order", Some("desc"), &words), Ok(2));
        assert_eq!(told(choice("order", Some("up"), &words)), "expected one of asc, desc");
        assert_eq!(text("q", Some("  "), 5), Ok(None));
        told(text("q", Some("123456"), 5));
        assert_eq!(address("address", Some("::1")).unwrap().unwrap().to_string(), "::1");
        told(address("address", Some("1.2.3")));
        assert_eq!(severity(None, Severity::Medium), Ok(Severity::Medium));
        told(severity(Some("urgent"), Severity::Info));
    }

    #[test]
    fn states_are_a_list() {
        let open = [AlertState::Open];
        assert_eq!(states(None, &open), Ok(open.to_vec()));
        assert_eq!(states(Some("all"), &open), Ok(Vec::new()));
        let two = states(Some("closed, false-alarm"), &open).unwrap();
        assert_eq!(two, [AlertState::Closed, AlertState::FalseAlarm]);
        assert!(told(states(Some("open,done"), &open)).contains("acknowledged"));
    }
}
