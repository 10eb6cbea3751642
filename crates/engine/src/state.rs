//! What is kept from one run to the next: what detectors have learned, what people have said.
//!
//! A [`State`] is a value made of JSON; files, locks and messages are the binary's. Times in it
//! are packet times, so the same input on top of the same state gives the same state, byte for
//! byte. What a part holds is between the detector and itself; here it is carried along unread,
//! also for detectors that are switched off or unknown to this version.

use crate::alert::Judgement;
use anomalyzer_wire::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use thiserror::Error;

/// The schema written here. It rises when the meaning of a part changes; a further part does not
/// raise it, since parts that are not known are carried along.
pub const SCHEMA: u32 = 1;
/// Most bytes of a state, read or written: several times what all detectors fill together.
pub const BYTES_MAX: usize = 64 << 20;

/// Everything that is kept between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The latest packet time that went into it, in nanoseconds since 1970-01-01 UTC; `None` as
    /// long as no packet did.
    #[serde(rename = "saved_ns", with = "nanos", default)]
    pub saved: Option<Timestamp>,
    /// What each detector has learned, by its id.
    #[serde(default)]
    pub detectors: BTreeMap<String, Value>,
    /// What people have said about alerts.
    #[serde(default, skip_serializing_if = "Judgement::is_empty")]
    pub judgement: Judgement,
    /// Parts that this version does not know.
    #[serde(flatten)]
    pub further: BTreeMap<String, Value>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            saved: None,
            detectors: BTreeMap::new(),
            judgement: Judgement::default(),
            further: BTreeMap::new(),
        }
    }
}

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    /// Not JSON, or cut.
    #[error("damaged at line {line}, column {column}: {what}")]
    Damaged {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// JSON, but not a state.
    #[error("not a state: {0}")]
    Foreign(String),
    /// Written by a later version.
    #[error("written by a later version (schema {found}; this version reads up to {SCHEMA})")]
    Newer {
        /// The schema that it says.
        found: u64,
    },
    /// Larger than [`BYTES_MAX`].
    #[error("{bytes} bytes; a state has at most {BYTES_MAX}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
}

impl State {
    /// Reads a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.len() > BYTES_MAX {
            return Err(StateError::TooLarge { bytes: bytes.len() });
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|e| damaged(&e))?;
        let schema = value.get("schema").and_then(Value::as_u64).ok_or_else(|| {
            StateError::Foreign("it has no `schema` that is a whole number".to_owned())
        })?;
        if schema > u64::from(SCHEMA) {
            return Err(StateError::Newer { found: schema });
        }
        serde_json::from_value(value).map_err(|e| StateError::Foreign(e.to_string()))
    }

    /// Writes a state: one line, the keys of each object in order.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let mut bytes = serde_json::to_vec(self).map_err(|e| StateError::Foreign(e.to_string()))?;
        bytes.push(b'\n');
        if bytes.len() > BYTES_MAX {
            return Err(StateError::TooLarge { bytes: bytes.len() });
        }
        Ok(bytes)
    }
}

/// Line and column apart from the words, which end with them.
fn damaged(error: &serde_json::Error) -> StateError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let what = text.strip_suffix(&place).unwrap_or(&text).to_owned();
    StateError::Damaged { line, column, what }
}

/// A time as its nanoseconds.
pub(crate) mod nanos {
    use anomalyzer_wire::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)] // serde asks for this form
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::nanos).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(Timestamp::from_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<State, StateError> {
        State::from_bytes(text.as_bytes())
    }

    #[test]
    fn what_is_written_is_read_again_with_parts_that_are_not_known() {
        let text = "{\"schema\":1,\"saved_ns\":-5,\"detectors\":{\"a\":[1.5],\"z\":{\"y\":null}},\
                    \"risk\":{\"10.0.0.1\":3}}\n";
        let state = read(text).unwrap();
        assert_eq!(state.saved, Some(Timestamp::from_nanos(-5)));
        assert_eq!(state.further["risk"]["10.0.0.1"], 3);
        assert_eq!(String::from_utf8(state.to_bytes().unwrap()).unwrap(), text);
        assert_eq!(read("{\"schema\":1}").unwrap(), State::default());
    }

    #[test]
    fn each_damage_has_its_words() {
        let check = |text: &str, words: &str| {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(words), "{text}: {message}");
        };
        check("", "line 1, column 0: EOF");
        check("{\"schema\":1,\n\"detectors\":{", "damaged at line 2, column 13: EOF");
        check("{\"schema\":1} x", "column 14: trailing characters");
        check("\u{0}\u{1}", "damaged at line 1");
        check("[]", "no `schema`");
        check("{\"schema\":-1}", "no `schema`");
        check("{\"schema\":2}", "later version (schema 2; this version reads up to 1)");
        check("{\"schema\":99999999999}", "schema 99999999999");
        check("{\"schema\":1,\"detectors\":[]}", "not a state: invalid type");
        check("{\"schema\":1,\"saved_ns\":1e300}", "not a state");
        check(&"[".repeat(100_000), "recursion limit");
    }

    #[test]
    fn a_state_cut_at_any_byte_is_never_taken_for_a_whole_one() {
        let mut state = State::default();
        state.detectors.insert("flood".into(), serde_json::json!([1, 2.5, "x"]));
        let whole = state.to_bytes().unwrap();
        // Without the line's end it is whole.
        for length in 0..whole.len() - 1 {
            assert!(State::from_bytes(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn too_much_is_neither_read_nor_written() {
        let mut state = State::default();
        state.detectors.insert("a".into(), Value::String("x".repeat(BYTES_MAX)));
        assert!(matches!(state.to_bytes(), Err(StateError::TooLarge { .. })));
        let bytes = vec![b' '; BYTES_MAX + 1];
        assert!(matches!(State::from_bytes(&bytes), Err(StateError::TooLarge { .. })));
    }
}
