//! Objects of a STIX 2.1 bundle: indicators with patterns.

use super::builder::{Meta, Sink};
use super::indicator::unhex;
use super::{pattern, time};
use serde_json::Value;

/// Takes an object of a bundle; false when there is no more room. Objects that are no indicators
/// (malware, relations, identities) are not counted.
pub(super) fn object(sink: &mut Sink<'_>, place: u32, object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("type") != "indicator" {
        return true;
    }
    let pattern = text("pattern");
    if object.get("revoked").and_then(Value::as_bool) == Some(true) {
        sink.skip(place, "revoked", text("id"));
        return true;
    }
    if !matches!(text("pattern_type"), "" | "stix") {
        sink.skip(place, "a pattern in another language than STIX", text("id"));
        return true;
    }
    let labels = labels(object);
    let note = [text("name"), text("description"), labels.as_str()];
    let from = time::parse(text("valid_from"));
    let meta = Meta {
        place,
        since: time::parse(text("created")).or(from),
        from,
        until: time::parse(text("valid_until")),
        confidence: confidence(object),
        // Many feeds give the pattern as the name, which says nothing more.
        note: note.into_iter().find(|n| !n.is_empty() && *n != pattern).unwrap_or_default(),
        note_number: 0,
        id: uuid(text("id").rsplit("--").next().unwrap_or_default()),
    };
    match pattern::read(pattern) {
        Ok(terms) => terms.iter().all(|term| match term {
            pattern::Term::Value(hint, value) => sink.add(value, *hint, &meta),
            pattern::Term::Unseen(path) => {
                sink.skip(place, "about something that traffic does not show", path);
                true
            }
        }),
        Err(reason) => {
            sink.skip(place, reason, pattern);
            true
        }
    }
}

fn labels(object: &Value) -> String {
    let list =
        ["labels", "indicator_types"].into_iter().find_map(|key| object.get(key)?.as_array());
    let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).take(8).collect();
    words.join(", ")
}

/// Percent, as STIX and ThreatFox write it.
fn confidence(object: &Value) -> Option<u8> {
    let percent = object.get("confidence")?.as_u64()?;
    u8::try_from(percent).ok().filter(|percent| *percent <= 100)
}

/// The bytes of an identifier such as `1e9f2c3a-...`.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let dashes = [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    if !dashes || text.len() != 36 {
        return None;
    }
    unhex(&text.replace('-', ""))?.try_into().ok()
}
