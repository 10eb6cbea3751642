//! Keyword lists as the user writes them: TOML, read strictly.

use super::place::{Sign, Where};
use crate::alert::Severity;
use crate::config::ConfigError;
use crate::config::read::{Doc, Fields, kind, number, suggestion};
use std::collections::BTreeSet;
use toml::de::DeTable;

/// Fewest bytes of a text or hex pattern.
pub(super) const BYTES_MIN: usize = 2;
/// Most bytes of a text or hex pattern, and of a regular expression's text.
pub(super) const BYTES_MAX: usize = 256;
/// Most patterns of a list.
pub(super) const PATTERNS_MAX: usize = 20_000;

/// Most bytes of an example.
const EXAMPLE_MAX: usize = 4_096;

const KEYS: [&str; 17] = [
    "name",
    "text",
    "hex",
    "regex",
    "sign",
    "where",
    "hit",
    "benign",
    "case",
    "ports",
    "protocol",
    "app",
    "direction",
    "whole_word",
    "severity",
    "reason",
    "attack",
];

/// A named list of patterns.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Name, such as `web-attacks`: lower-case letters, digits and dashes.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The patterns, with names that differ.
    pub patterns: Vec<Pattern>,
}

/// What to look for, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Name within the list.
    pub name: String,
    /// What to look for.
    pub find: Find,
    /// Upper and lower case differ. Without it, ASCII letters match in both cases.
    pub case_sensitive: bool,
    /// Responder ports; empty means any.
    pub ports: Vec<u16>,
    /// IP protocol number (6 or 17); `None` means both.
    pub proto: Option<u8>,
    /// Application protocol by its name in flow records; `None` means any.
    pub app: Option<String>,
    /// Which side's bytes are searched.
    pub direction: Direction,
    /// In which bytes it is sought.
    pub place: Where,
    /// Only where no letter, digit or underscore stands beside it.
    pub whole_word: bool,
    /// Severity of a hit.
    pub severity: Severity,
    /// Why a hit matters: a sentence for the alert.
    pub reason: String,
    /// MITRE ATT&CK technique id.
    pub attack: Option<String>,
    /// Examples in which it must be found.
    pub hit: Vec<Vec<u8>>,
    /// Ordinary look-alikes in which it must not be found.
    pub benign: Vec<Vec<u8>>,
    /// Line in the file.
    pub line: usize,
}

/// What a pattern looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Find {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This regular expression (byte-wise, no Unicode classes).
    Regex(String),
    /// What the parser of a protocol sees.
    Sign(Sign),
}

impl Pattern {
    /// True when it is sought in streams and datagrams.
    pub(super) fn in_streams(&self) -> bool {
        self.place == Where::Stream && !matches!(self.find, Find::Sign(_))
    }

    /// True when it is sought in HTTP requests.
    pub(super) fn in_requests(&self) -> bool {
        self.place != Where::Stream && !matches!(self.find, Find::Sign(_))
    }
}

/// Which side's bytes are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the originator sends.
    ToServer,
    /// What the responder sends.
    ToClient,
    /// Both.
    Both,
}

impl List {
    /// Reads a list. `origin` names the file in errors, which tell all faults at once.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let (mut doc, table) = Doc::parse(text, origin)?;
        let root = doc.fields(&table, "", &["list", "pattern"]);
        let (name, about) = read_head(&mut doc, &root);
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut names = BTreeSet::new();
        for item in root.items(&mut doc, "pattern") {
            let Some(table) = item.get_ref().as_table() else {
                let text = format!("must be a [[pattern]] table, not {}", kind(item.get_ref()));
                doc.fault(Some(item.span()), "pattern", text);
                continue;
            };
            let line = doc.line(item.span().start);
            if let Some(pattern) = read_pattern(&mut doc, table, line) {
                if !names.insert(pattern.name.clone()) {
                    let text = format!("the name `{}` is used twice", pattern.name);
                    doc.fault(Some(item.span()), "pattern.name", text);
                }
                patterns.push(pattern);
            }
        }
        if patterns.len() > PATTERNS_MAX {
            doc.fault(None, "pattern", format!("more than {PATTERNS_MAX} patterns"));
        }
        doc.finish(Self { name, about, patterns })
    }
}

fn read_head(doc: &mut Doc<'_>, root: &Fields<'_, '_>) -> (String, String) {
    let Some(head) = root.table(doc, "list") else {
        doc.fault(None, "list", "missing: a list begins with [list] and its name");
        return Default::default();
    };
    let fields = doc.fields(head.value, "list", &["name", "about"]);
    let about = fields.string(doc, "about").map(|at| at.value.to_owned()).unwrap_or_default();
    let name = match fields.string(doc, "name") {
        Some(at) if is_name(at.value) => at.value.to_owned(),
        Some(at) => {
            let text = "must be 1 to 64 lower-case letters, digits and dashes";
            doc.fault(Some(at.span), "list.name", text);
            String::new()
        }
        None => {
            doc.fault(Some(head.span), "list.name", "missing");
            String::new()
        }
    };
    (name, about)
}

fn read_pattern(doc: &mut Doc<'_>, table: &DeTable<'_>, line: usize) -> Option<Pattern> {
    let fields = doc.fields(table, "pattern", &KEYS);
    let find = read_find(doc, &fields, table);
    let name = read_name(doc, &fields, table);
    let case = choice(doc, &fields, "case", &[("insensitive", false), ("sensitive", true)]);
    let proto = choice(doc, &fields, "protocol", &[("tcp", 6), ("udp", 17)]);
    let direction = choice(
        doc,
        &fields,
        "direction",
        &[
            ("to-server", Direction::ToServer),
            ("to-client", Direction::ToClient),
            ("both", Direction::Both),
        ],
    );
    let severity = choice(doc, &fields, "severity", &Severity::ALL.map(|s| (s.name(), s)));
    let text = |doc: &mut Doc<'_>, key: &str| {
        fields.string(doc, key).map(|at| at.value.to_owned()).filter(|t| !t.is_empty())
    };
    let (app, attack) = (text(doc, "app"), text(doc, "attack"));
    let reason = text(doc, "reason").unwrap_or_default();
    let ports = read_ports(doc, &fields);
    let whole_word = fields.boolean(doc, "whole_word").is_some_and(|at| at.value);
    if whole_word && !matches!(find, Some(Find::Bytes(_))) {
        let text = r"is for `text` and `hex`; a regular expression says it with `\b`";
        doc.fault(place_of(table), "pattern.whole_word", text);
    }
    let http_request = app.as_deref() == Some("http") && direction == Some(Direction::ToServer);
    let place = choice(doc, &fields, "where", &Where::ALL);
    let default = if http_request { Where::Request } else { Where::Stream };
    let pattern = Pattern {
        name: name?,
        find: find?,
        case_sensitive: case.unwrap_or(false),
        ports,
        proto,
        app,
        direction: direction.unwrap_or(Direction::Both),
        place: place.unwrap_or(default),
        whole_word,
        severity: severity.unwrap_or(Severity::Low),
        reason,
        attack,
        hit: read_examples(doc, &fields, "hit"),
        benign: read_examples(doc, &fields, "benign"),
        line,
    };
    check_place(doc, table, &pattern);
    Some(pattern)
}

/// A pattern for HTTP requests can only be found in what a client sends by HTTP.
fn check_place(doc: &mut Doc<'_>, table: &DeTable<'_>, pattern: &Pattern) {
    if pattern.place == Where::Stream {
        return;
    }
    let wrong = if pattern.direction == Direction::ToClient {
        "`direction`"
    } else if pattern.proto.is_some_and(|proto| proto != 6) {
        "`protocol`"
    } else if pattern.app.as_deref().is_some_and(|app| app != "http") {
        "`app`"
    } else if matches!(pattern.find, Find::Sign(_)) {
        "`sign`"
    } else {
        return;
    };
    let name = pattern.place.name();
    let text = format!("`{name}` is about HTTP requests, which {wrong} rules out");
    doc.fault(place_of(table), "pattern.where", text);
}

/// Examples as text, or as bytes behind `hex:`.
fn read_examples(doc: &mut Doc<'_>, fields: &Fields<'_, '_>, key: &str) -> Vec<Vec<u8>> {
    let mut examples = Vec::new();
    for item in fields.items(doc, key) {
        let bytes = match item.get_ref().as_str() {
            None => Err("an example is a text".to_owned()),
            Some(text) if text.len() > EXAMPLE_MAX => {
                Err(format!("an example has at most {EXAMPLE_MAX} bytes"))
            }
            Some(text) => match text.strip_prefix("hex:") {
                Some(digits) => hex(digits),
                None => Ok(text.as_bytes().to_vec()),
            },
        };
        match bytes {
            Ok(bytes) => examples.push(bytes),
            Err(text) => doc.fault(Some(item.span()), &format!("pattern.{key}"), text),
        }
    }
    examples
}

fn read_name(doc: &mut Doc<'_>, fields: &Fields<'_, '_>, table: &DeTable<'_>) -> Option<String> {
    match fields.string(doc, "name") {
        Some(at) if is_name(at.value) => Some(at.value.to_owned()),
        Some(at) => {
            let text = "must be 1 to 64 lower-case letters, digits and dashes";
            doc.fault(Some(at.span), "pattern.name", text);
            None
        }
        None => {
            doc.fault(place_of(table), "pattern.name", "missing");
            None
        }
    }
}

fn read_find(doc: &mut Doc<'_>, fields: &Fields<'_, '_>, table: &DeTable<'_>) -> Option<Find> {
    let given: Vec<&str> =
        ["text", "hex", "regex", "sign"].into_iter().filter(|k| fields.get(k).is_some()).collect();
    let [key] = given.as_slice() else {
        let text = "needs one of `text`, `hex`, `regex` and `sign`, and only one";
        doc.fault(place_of(table), "pattern", text);
        return None;
    };
    if *key == "sign" {
        return choice(doc, fields, key, &Sign::ALL).map(Find::Sign);
    }
    let at = fields.string(doc, key)?;
    let find = match *key {
        "text" => Ok(Find::Bytes(at.value.as_bytes().to_vec())),
        "hex" => hex(at.value).map(Find::Bytes),
        _ => super::regex::check(at.value).map(|()| Find::Regex(at.value.to_owned())),
    };
    let checked = find.and_then(|find| match &find {
        Find::Bytes(b) if !(BYTES_MIN..=BYTES_MAX).contains(&b.len()) => {
            Err(format!("must be {BYTES_MIN} to {BYTES_MAX} bytes, not {}", b.len()))
        }
        _ => Ok(find),
    });
    match checked {
        Ok(find) => Some(find),
        Err(text) => {
            doc.fault(Some(at.span), &format!("pattern.{key}"), text);
            None
        }
    }
}

fn read_ports(doc: &mut Doc<'_>, fields: &Fields<'_, '_>) -> Vec<u16> {
    let mut ports = Vec::new();
    for item in fields.items(doc, "ports") {
        let port =
            number(item.get_ref()).filter(|n| n.fract() == 0.0 && (1.0..=65_535.0).contains(n));
        match port {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked above
            Some(port) => ports.push(port as u16),
            None => doc.fault(
                Some(item.span()),
                "pattern.ports",
                "a port is a whole number, 1 to 65535",
            ),
        }
    }
    ports
}

fn choice<T: Copy>(
    doc: &mut Doc<'_>,
    fields: &Fields<'_, '_>,
    key: &str,
    choices: &[(&str, T)],
) -> Option<T> {
    let at = fields.string(doc, key)?;
    let found = choices.iter().find(|(name, _)| *name == at.value).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = suggestion(at.value, &names);
        doc.fault(Some(at.span), &format!("pattern.{key}"), format!("unknown value{hint}"));
    }
    found
}

/// `90 90 cc` or `9090cc` as bytes.
fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks(2) {
        let byte = match pair {
            [high, low] => value(*high).zip(value(*low)).map(|(h, l)| h * 16 + l),
            _ => None,
        };
        match byte.and_then(|b| u8::try_from(b).ok()) {
            Some(byte) => bytes.push(byte),
            None => return Err("must be pairs of hexadecimal digits, such as `90 90 cc`".into()),
        }
    }
    Ok(bytes)
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Where a table begins: at the first of its keys.
fn place_of(table: &DeTable<'_>) -> Option<std::ops::Range<usize>> {
    table.iter().map(|(key, _)| key.span()).min_by_key(|span| span.start)
}
