//! One event, written once for all that read it.

use anomalyzer_store::SourceId;
use axum::body::Bytes;

/// Kinds of events, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

/// Names, in the order of bits.
const NAMES: [&str; 8] =
    ["second", "alert", "incident", "device", "flows", "source", "status", "job"];

impl Kinds {
    /// A second of traffic.
    pub(crate) const SECOND: Self = Self(1);
    /// An alert.
    pub(crate) const ALERT: Self = Self(1 << 1);
    /// An incident.
    pub(crate) const INCIDENT: Self = Self(1 << 2);
    /// A device.
    pub(crate) const DEVICE: Self = Self(1 << 3);
    /// Flows that ended.
    pub(crate) const FLOWS: Self = Self(1 << 4);
    /// A source.
    pub(crate) const SOURCE: Self = Self(1 << 5);
    /// Health.
    pub(crate) const STATUS: Self = Self(1 << 6);
    /// A training run.
    pub(crate) const JOB: Self = Self(1 << 7);
    /// All of them.
    pub(crate) const ALL: Self = Self(0xff);

    /// Reads `second,alert`; the error is the name that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut kinds = 0;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match NAMES.iter().position(|known| *known == name) {
                Some(bit) => kinds |= 1 << bit,
                None => return Err(format!("`{name}` is none of {}", NAMES.join(", "))),
            }
        }
        Ok(if kinds == 0 { Self::ALL } else { Self(kinds) })
    }

    /// True when the two sets share a kind.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn name(self) -> &'static str {
        NAMES.get(self.0.trailing_zeros() as usize).copied().unwrap_or("message")
    }
}

/// What a browser asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// These kinds.
    pub(crate) kinds: Kinds,
    /// Of this source, and what belongs to none; `None`: all.
    pub(crate) source: Option<SourceId>,
}

/// An event with its text as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its number.
    pub(crate) id: u64,
    kind: Kinds,
    source: Option<SourceId>,
    /// `id:`, `event:`, `data:` and an empty line.
    pub(crate) text: Bytes,
}

impl Event {
    /// Writes an event. A line break within JSON stands only between its parts, where a space does
    /// as well; in a stream it would end the event.
    pub(crate) fn new(id: u64, kind: Kinds, source: Option<SourceId>, json: &str) -> Self {
        let json = json.replace(['\n', '\r'], " ");
        let text = format!("id: {id}\nevent: {}\ndata: {json}\n\n", kind.name());
        Self { id, kind, source, text: text.into() }
    }

    /// True when it was asked for.
    pub(crate) fn fits(&self, asked: Asked) -> bool {
        let source = match (asked.source, self.source) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        };
        source && self.kind.meets(asked.kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read() {
        assert_eq!(Kinds::parse("").unwrap(), Kinds::ALL);
        let two = Kinds::parse("second, status").unwrap();
        assert!(two.meets(Kinds::SECOND) && two.meets(Kinds::STATUS) && !two.meets(Kinds::ALERT));
        assert!(Kinds::parse("second,nonsense").unwrap_err().contains("`nonsense`"));
    }

    #[test]
    fn text_cannot_break_out_of_an_event() {
        let event = Event::new(7, Kinds::ALERT, None, "{\"a\":1,\n\r\"b\":\"x\\nid: 9\"}");
        let text = String::from_utf8(event.text.to_vec()).unwrap();
        assert_eq!(text, "id: 7\nevent: alert\ndata: {\"a\":1,  \"b\":\"x\\nid: 9\"}\n\n");
    }
}
