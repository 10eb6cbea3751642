//! A JSON object written straight into a byte buffer.
//!
//! Field names are ours and need no escaping; values are escaped. A string of any bytes can be
//! written: what is not UTF-8 is shown as text with `\xNN` and kept in a second field.

use crate::put;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp, is_invisible};

/// Writes the fields of one object. Objects inside it share the buffer.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

// Inlined with a literal name, a key becomes a few stores instead of three calls of memcpy, which
// shows in the time of a flow line.
#[allow(clippy::inline_always)]
impl<'a> Object<'a> {
    /// Opens an object.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a field's name and gives the buffer for its value.
    #[inline(always)]
    pub(crate) fn key(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A whole number.
    #[inline(always)]
    pub(crate) fn number(&mut self, name: &str, value: impl Into<u64>) {
        put::number(self.key(name), value.into());
    }

    /// A whole number, left out when 0.
    #[inline(always)]
    pub(crate) fn number_unless_0(&mut self, name: &str, value: impl Into<u64>) {
        let value = value.into();
        if value != 0 {
            self.number(name, value);
        }
    }

    /// A float; `null` when not finite.
    pub(crate) fn float(&mut self, name: &str, value: f64) {
        put::float(self.key(name), value);
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.key(name).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        string(self.key(name), value);
    }

    /// Text that is known to need no escaping (names of ours, hexadecimal, base64).
    #[inline(always)]
    pub(crate) fn plain(&mut self, name: &str, value: &str) {
        let out = self.key(name);
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }

    /// Bytes from the wire. Valid UTF-8 is the value; otherwise the value is the escaped text and
    /// the field `NAME_hex` holds the bytes.
    pub(crate) fn hostile(&mut self, name: &str, value: &HostileStr) {
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            return self.text(name, text);
        }
        self.text(name, &value.escaped());
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"_hex\":\"");
        for byte in value.as_bytes() {
            put::hex(self.out, *byte);
        }
        self.out.push(b'"');
    }

    /// Bytes from the wire, left out when unknown.
    #[inline(always)]
    pub(crate) fn hostile_if(&mut self, name: &str, value: Option<&HostileStr>) {
        if let Some(value) = value {
            self.hostile(name, value);
        }
    }

    /// An address.
    #[inline(always)]
    pub(crate) fn addr(&mut self, name: &str, value: Addr) {
        let out = self.key(name);
        quoted(out, |out| put::addr(out, value));
    }

    /// A hardware address, left out when unknown.
    pub(crate) fn mac_if(&mut self, name: &str, value: Option<Mac>) {
        if let Some(mac) = value {
            quoted(self.key(name), |out| put::mac(out, mac));
        }
    }

    /// A point in packet time.
    #[inline(always)]
    pub(crate) fn time(&mut self, name: &str, value: Timestamp) {
        quoted(self.key(name), |out| put::time(out, value));
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let mut inner = Object::new(self.key(name));
        fill(&mut inner);
        inner.close();
    }

    /// An array of anything.
    pub(crate) fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut put: impl FnMut(&mut Vec<u8>, T),
    ) {
        let out = self.key(name);
        out.push(b'[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            put(out, item);
        }
        out.push(b']');
    }

    /// An array of objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Object<'_>, T),
    ) {
        self.array(name, items, |out, item| {
            let mut inner = Object::new(out);
            fill(&mut inner, item);
            inner.close();
        });
    }

    /// Closes the object.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    /// Closes the object and ends the line.
    pub(crate) fn close_line(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

/// Something between quotes.
#[inline]
pub(crate) fn quoted(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    put(out);
    out.push(b'"');
}

/// A JSON string (RFC 8259 section 7). Beyond what the RFC asks for, DEL, C1 controls and invisible
/// characters are written as `\uNNNN` too: the value is the same, and a terminal that shows the
/// line is not steered by it.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| escaped_char(out, c));
    }
    out.push(b'"');
}

fn escaped_char(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if c.is_control() || is_invisible(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                unit.to_be_bytes().into_iter().for_each(|byte| put::hex(out, byte));
            }
        }
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(fill: impl FnOnce(&mut Object<'_>)) -> serde_json::Value {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        fill(&mut object);
        object.close();
        assert!(out.iter().all(|b| *b >= 0x20 && *b != 0x7f), "one line without controls");
        serde_json::from_slice(&out).unwrap()
    }

    /// The bytes that a reader gets back for a hostile field.
    fn read_back(value: &serde_json::Value) -> Vec<u8> {
        let hex = |s: &str| {
            (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
        };
        match value["name_hex"].as_str() {
            Some(digits) => hex(digits),
            None => value["name"].as_str().unwrap().as_bytes().to_vec(),
        }
    }

    #[test]
    fn shapes() {
        let value = json(|o| {
            o.number("n", 7u32);
            o.number_unless_0("zero", 0u32);
            o.float("f", f64::INFINITY);
            o.objects("list", [1u32, 2], |o, n| o.number("n", n));
            o.object("empty", |_| ());
            o.text("t", "a\"b\\c\n\u{2028}\u{e0001}ü");
        });
        let expected = serde_json::json!({"n": 7, "f": null, "list": [{"n": 1}, {"n": 2}],
            "empty": {}, "t": "a\"b\\c\n\u{2028}\u{e0001}ü"});
        assert_eq!(value, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let value = json(|o| o.hostile("name", &HostileStr::from(bytes.as_slice())));
            prop_assert_eq!(read_back(&value), bytes);
        }

        #[test]
        fn any_text_round_trips(text in any::<String>()) {
            let value = json(|o| o.hostile("name", &HostileStr::from(text.as_bytes())));
            prop_assert_eq!(read_back(&value), text.as_bytes());
        }
    }
}
