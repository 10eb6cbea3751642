//! JSON exports, read as a stream: STIX bundles by their `objects`, MISP exports by `Event`,
//! `Attribute` and `Object`.
//!
//! One object is held at a time. What is nested deeper than 128 levels is an error of the reader
//! (`serde_json`'s own limit); what is not understood is passed over.

use super::builder::{Sink, Wrong};
use super::{misp, stix};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::io::BufRead;

/// Ends the reading when there is no more room; the sink knows why.
const FULL: &str = "no more room";

/// Reads the document.
pub(super) fn read(sink: &mut Sink<'_>, reader: &mut impl BufRead) -> Result<(), Wrong> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let mut input = serde_json::Deserializer::from_reader(reader);
    let mut walk = Walk { sink, object: 0, note: 0 };
    let wrong = |e: serde_json::Error| {
        let line = Some(e.line()).filter(|line| *line > 0);
        Wrong { line, text: format!("not readable as JSON: {e}") }
    };
    Step { walk: &mut walk, at: Level::Document }.deserialize(&mut input).map_err(wrong)?;
    input.end().map_err(wrong)
}

/// What the value at hand is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The document, an event, or what is around events.
    Document,
    /// An array of STIX objects.
    Stix,
    /// An array of MISP attributes.
    Attributes,
    /// An array of MISP objects, each with attributes.
    Objects,
}

/// The way through the document.
struct Walk<'w, 'b> {
    sink: &'w mut Sink<'b>,
    /// Objects and attributes so far.
    object: u32,
    /// Number of the description of the event at hand.
    note: u32,
}

impl Walk<'_, '_> {
    /// Takes one object of an array; false when there is no more room.
    fn take(&mut self, at: Level, value: &Value) -> bool {
        match at {
            Level::Objects => {
                let attributes = value.get("Attribute").and_then(Value::as_array);
                attributes.into_iter().flatten().all(|a| self.take(Level::Attributes, a))
            }
            Level::Attributes => {
                self.object = self.object.saturating_add(1);
                misp::attribute(self.sink, self.object, self.note, value)
            }
            Level::Stix | Level::Document => {
                self.object = self.object.saturating_add(1);
                stix::object(self.sink, self.object, value)
            }
        }
    }
}

/// One step of the way: reads the value at hand.
struct Step<'s, 'w, 'b> {
    walk: &'s mut Walk<'w, 'b>,
    at: Level,
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a STIX bundle or a MISP export")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { walk, at } = self;
        if at != Level::Document {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let around = walk.note;
        let mut own = false;
        while let Some(key) = map.next_key::<String>()? {
            let at = match key.as_str() {
                "objects" => Level::Stix,
                "Event" | "response" | "info" => Level::Document,
                "Attribute" => Level::Attributes,
                "Object" => Level::Objects,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            // What an event is about may be said behind its attributes.
            if matches!(key.as_str(), "Attribute" | "Object" | "info") && !own {
                walk.note = walk.sink.reserve_note();
                own = true;
            }
            if key == "info" {
                let info = map.next_value::<Value>()?;
                walk.sink.write_note(walk.note, info.as_str().unwrap_or_default());
            } else {
                map.next_value_seed(Step { walk: &mut *walk, at })?;
            }
        }
        walk.note = around;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { walk, at } = self;
        if at == Level::Document {
            while seq.next_element_seed(Step { walk: &mut *walk, at })?.is_some() {}
            return Ok(());
        }
        while let Some(value) = seq.next_element::<Value>()? {
            if !walk.take(at, &value) {
                return Err(serde::de::Error::custom(FULL));
            }
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
