//! The JSON shapes that several routes and the live stream share.

mod alert;
mod device;
mod flow;
mod source;
mod time;

pub(crate) use alert::{alert_item, incident_item, state_name};
pub(crate) use device::{device_item, device_label};
pub(crate) use flow::{FlowDevice, FlowExtra, flow_item};
pub(crate) use source::{SourceItem, source_item};
pub(crate) use time::{seconds, stamp};

use serde_json::value::RawValue;

/// JSON text that is already written.
pub(crate) type Raw = Box<RawValue>;

/// Adds fields to a stored record: `extra` is an object too, its fields come last. Something that is
/// no object (a damaged row) becomes `extra` alone, so that one row never spoils a page.
pub(crate) fn splice(record: &str, extra: &str) -> Raw {
    let record = record.trim();
    let joined = record.strip_suffix('}').filter(|_| record.starts_with('{')).map(|head| {
        let comma = if head.len() == 1 { "" } else { "," };
        format!("{head}{comma}{}", extra.strip_prefix('{').unwrap_or("}"))
    });
    joined
        .and_then(|text| RawValue::from_string(text).ok())
        .or_else(|| RawValue::from_string(extra.to_owned()).ok())
        .unwrap_or_else(|| RawValue::NULL.to_owned())
}

/// Any value as JSON text; null when it cannot be written.
pub(crate) fn raw(value: &impl serde::Serialize) -> Raw {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &str, extra: &str, expected: &str) {
        assert_eq!(splice(record, extra).get(), expected);
    }

    #[test]
    fn fields_are_added_to_a_record() {
        check(r#"{"a":1}"#, r#"{"b":2}"#, r#"{"a":1,"b":2}"#);
        check("{}", r#"{"b":2}"#, r#"{"b":2}"#);
        check("{\"a\":1}\n", r#"{"b":2}"#, r#"{"a":1,"b":2}"#);
    }

    #[test]
    fn a_damaged_record_does_not_spoil_the_answer() {
        for record in ["", "[]", "}", r#"{"a":"#, r#"{"a":1}}"#] {
            check(record, r#"{"b":2}"#, r#"{"b":2}"#);
        }
    }
}
