//! Attributes of a MISP export.

use super::builder::{Meta, Sink};
use super::indicator::Hint;
use super::stix::uuid;
use super::time;
use serde_json::Value;

/// Types that traffic can show; of types with two parts each part has its own meaning.
const TYPES: [(&str, &[Hint]); 16] = [
    ("ip-dst", &[Hint::Address]),
    ("ip-src", &[Hint::Address]),
    ("ip-dst|port", &[Hint::Address]),
    ("ip-src|port", &[Hint::Address]),
    ("domain", &[Hint::Name]),
    ("hostname", &[Hint::Name]),
    ("hostname|port", &[Hint::Name]),
    ("domain|ip", &[Hint::Name, Hint::Address]),
    ("ja3-fingerprint-md5", &[Hint::Ja3]),
    ("ja3s-fingerprint-md5", &[Hint::Ja3s]),
    ("ja4-fingerprint", &[Hint::Ja4]),
    ("ja4", &[Hint::Ja4]),
    ("x509-fingerprint-sha1", &[Hint::Sha1]),
    ("x509-fingerprint-sha256", &[Hint::Sha256]),
    ("url", &[Hint::Url]),
    ("uri", &[Hint::Url]),
];

/// Takes an attribute; false when there is no more room. `note` is the number of what its event
/// is about.
pub(super) fn attribute(sink: &mut Sink<'_>, place: u32, note: u32, attribute: &Value) -> bool {
    let text = |key: &str| attribute.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, value) = (text("type"), text("value"));
    let Some((_, hints)) = TYPES.iter().find(|(name, _)| *name == kind) else {
        sink.skip(place, "about something that traffic does not show", kind);
        return true;
    };
    if let Some(reason) = unfit(attribute) {
        sink.skip(place, reason, value);
        return true;
    }
    let first = time::parse(text("first_seen"));
    let meta = Meta {
        place,
        since: time_of(attribute.get("timestamp")).or(first),
        from: None,
        until: time::parse(text("last_seen")),
        confidence: None,
        note: text("comment"),
        note_number: note,
        id: uuid(text("uuid")),
    };
    let mut parts = value.split('|');
    hints.iter().all(|hint| sink.add(parts.next().unwrap_or_default(), *hint, &meta))
}

/// Why an attribute must not be used for detection.
fn unfit(attribute: &Value) -> Option<&'static str> {
    let flag = |key: &str| match attribute.get(key) {
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::Number(number)) => number.as_u64().map(|n| n != 0),
        Some(Value::String(text)) => Some(matches!(text.as_str(), "1" | "true")),
        _ => None,
    };
    if flag("deleted") == Some(true) {
        return Some("deleted");
    }
    if flag("to_ids") != Some(true) {
        return Some("not meant for detection (to_ids)");
    }
    let models = attribute.get("decay_score").and_then(Value::as_array)?;
    let decayed = |model: &Value| model.get("decayed").and_then(Value::as_bool) == Some(true);
    (!models.is_empty() && models.iter().all(decayed)).then_some("decayed by every model")
}

/// Seconds since 1970, as a text or a number; 0 means that nobody knows.
fn time_of(value: Option<&Value>) -> Option<i64> {
    let time = match value? {
        Value::String(text) => time::parse(text),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    time.filter(|seconds| *seconds > 0)
}
