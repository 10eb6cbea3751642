//! One setting by its full name: found, checked against its table, applied, shown.

use super::core::{CORE, Core, SECTIONS};
use super::read::{number, suggestion};
use super::{COMMON, Config, Prefix};
use crate::alert::Severity;
use crate::detect::{DETECTORS, Setting, Unit};
use toml::de::DeValue;

/// Most entries of a list.
const ITEMS_MAX: usize = 10_000;

/// What a full key means.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Core(&'static Core),
    Networks,
    Keywords,
    Threat,
    Enabled(usize),
    Severity(usize),
    Value(usize, &'static Setting),
}

/// A value as it was given, before it is held against its table.
#[derive(Debug)]
pub(super) enum Given {
    Number(f64),
    Flag(bool),
    Text(String),
    List(Vec<String>),
    Other(&'static str),
}

impl Given {
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::Integer(_) | DeValue::Float(_) => number(value)
                .map_or(Self::Other("a number that is too large or none"), Self::Number),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .map_or(Self::Other("an array of other things than texts"), Self::List),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// From a variable or a flag, read as the target wants it.
    fn from_text(text: &str, target: Target) -> Self {
        let text = text.trim();
        match target {
            Target::Networks | Target::Keywords | Target::Threat => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Self::List(items.map(str::to_owned).collect())
            }
            Target::Severity(_) => Self::Text(text.to_owned()),
            _ => match text {
                "true" => Self::Flag(true),
                "false" => Self::Flag(false),
                _ => match text.replace('_', "").parse::<f64>() {
                    Ok(number) if number.is_finite() => Self::Number(number),
                    _ => Self::Text(text.to_owned()),
                },
            },
        }
    }

    fn kind(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::List(_) => "an array".into(),
            Self::Other(kind) => (*kind).into(),
        }
    }
}

/// Finds a key. `port-scan.ports` is short for `detect.port-scan.ports`. The error is a sentence.
pub(super) fn find(key: &str) -> Result<Target, String> {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["site", "networks"] => Ok(Target::Networks),
        ["keywords", "lists"] => Ok(Target::Keywords),
        ["threat", "lists"] => Ok(Target::Threat),
        ["detect", id, name] => find_detector(id, name),
        [section, name] if DETECTORS.iter().any(|spec| spec.id == *section) => {
            find_detector(section, name)
        }
        [section, name] => find_core(section, name),
        _ => Err(unknown_section(key)),
    }
}

fn find_core(section: &str, name: &str) -> Result<Target, String> {
    let of_section = || CORE.iter().filter(|core| core.section == section);
    if let Some(core) = of_section().find(|core| core.setting.key == name) {
        return Ok(Target::Core(core));
    }
    let known: Vec<&str> = match section {
        "site" => vec!["networks"],
        "keywords" | "threat" => vec!["lists"],
        _ => of_section().map(|core| core.setting.key).collect(),
    };
    if known.is_empty() {
        return Err(unknown_section(section));
    }
    Err(format!("unknown key{}", suggestion(name, &known)))
}

fn find_detector(id: &str, name: &str) -> Result<Target, String> {
    let Some((at, spec)) = DETECTORS.iter().enumerate().find(|(_, spec)| spec.id == id) else {
        let ids: Vec<&str> = DETECTORS.iter().map(|spec| spec.id).collect();
        return Err(format!("unknown detector{}", suggestion(id, &ids)));
    };
    match (name, spec.settings.iter().chain(&COMMON).find(|s| s.key == name)) {
        ("enabled", _) => Ok(Target::Enabled(at)),
        ("severity", _) => Ok(Target::Severity(at)),
        (_, Some(setting)) => Ok(Target::Value(at, setting)),
        (_, None) => {
            let mut known = vec!["enabled", "severity", "host"];
            known.extend(spec.settings.iter().chain(&COMMON).map(|s| s.key));
            Err(format!("unknown key{}", suggestion(name, &known)))
        }
    }
}

pub(super) fn unknown_section(name: &str) -> String {
    let mut known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    known.extend(["detect", super::suppress::SECTION]);
    format!("unknown section{}", suggestion(name, &known))
}

/// Checks a value and applies it. The error is a sentence.
pub(super) fn apply(config: &mut Config, target: Target, given: &Given) -> Result<(), String> {
    match target {
        Target::Core(core) => (core.set)(config, checked(&core.setting, given)?),
        Target::Networks => config.home = networks(given)?,
        Target::Keywords => config.keywords = list(given)?,
        Target::Threat => config.threat = list(given)?,
        Target::Enabled(at) => {
            let Given::Flag(enabled) = *given else {
                return Err(format!("must be true or false, not {}", given.kind()));
            };
            if let Some(section) = config.detect.get_mut(at) {
                section.enabled = enabled;
            }
        }
        Target::Severity(at) => {
            let severity = severity(given)?;
            if let Some(section) = config.detect.get_mut(at) {
                section.severity = Some(severity);
            }
        }
        Target::Value(at, setting) => {
            let number = checked(setting, given)?;
            if let Some(section) = config.detect.get_mut(at) {
                section.set(setting.key, number);
            }
        }
    }
    Ok(())
}

/// Applies a value given as text.
pub(super) fn apply_text(config: &mut Config, target: Target, text: &str) -> Result<(), String> {
    apply(config, target, &Given::from_text(text, target))
}

/// A number that its table allows.
pub(super) fn checked(setting: &Setting, given: &Given) -> Result<f64, String> {
    let number = match (given, setting.unit) {
        (Given::Flag(flag), Unit::Flag) => return Ok(f64::from(u8::from(*flag))),
        (_, Unit::Flag) => return Err(format!("must be true or false, not {}", given.kind())),
        (Given::Number(number), _) => *number,
        _ => {
            return Err(format!(
                "must be a number ({}), not {}",
                setting.unit.name(),
                given.kind()
            ));
        }
    };
    let whole = matches!(setting.unit, Unit::Count | Unit::Bytes);
    if whole && number.fract() != 0.0 {
        return Err(format!("must be a whole number, not {number}"));
    }
    if !(setting.min..=setting.max).contains(&number) {
        let (min, max) = (setting.min, setting.max);
        return Err(format!("must be {min} to {max} ({}), not {number}", setting.unit.name()));
    }
    Ok(number)
}

fn severity(given: &Given) -> Result<Severity, String> {
    let names = Severity::ALL.map(Severity::name);
    match given {
        Given::Text(text) => Severity::parse(text)
            .ok_or_else(|| format!("is no severity{}", suggestion(text, &names))),
        _ => Err(format!("must be one of {}, not {}", names.join(", "), given.kind())),
    }
}

fn list(given: &Given) -> Result<Vec<String>, String> {
    match given {
        Given::List(items) if items.len() <= ITEMS_MAX => Ok(items.clone()),
        Given::List(_) => Err(format!("must be at most {ITEMS_MAX} entries")),
        _ => Err(format!("must be an array of texts, not {}", given.kind())),
    }
}

fn networks(given: &Given) -> Result<Vec<Prefix>, String> {
    list(given)?.iter().map(|text| Prefix::parse(text)).collect()
}

/// A value as TOML writes it.
pub(super) fn show(config: &Config, target: Target) -> String {
    match target {
        Target::Core(core) => show_number(&core.setting, (core.get)(config)),
        Target::Networks => show_list(config.home.iter().map(ToString::to_string)),
        Target::Keywords => show_list(config.keywords.iter().cloned()),
        Target::Threat => show_list(config.threat.iter().cloned()),
        Target::Enabled(at) => config.detect.get(at).is_some_and(|s| s.enabled).to_string(),
        Target::Severity(at) => {
            let severity = config.detect.get(at).and_then(|section| section.severity);
            severity.map_or_else(String::new, |severity| format!("{:?}", severity.name()))
        }
        Target::Value(at, setting) => {
            let number = config.detect.get(at).map_or(0.0, |s| s.values.number(setting.key));
            show_number(setting, number)
        }
    }
}

pub(super) fn show_number(setting: &Setting, number: f64) -> String {
    match setting.unit {
        Unit::Flag => (number != 0.0).to_string(),
        _ => number.to_string(),
    }
}

fn show_list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| toml::Value::String(item).to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// Every key there is, in the order of the reference.
pub(super) fn keys() -> Vec<String> {
    let mut keys: Vec<String> =
        CORE.iter().map(|core| format!("{}.{}", core.section, core.setting.key)).collect();
    keys.push("site.networks".into());
    keys.push("keywords.lists".into());
    keys.push("threat.lists".into());
    for spec in DETECTORS {
        keys.push(format!("detect.{}.enabled", spec.id));
        keys.push(format!("detect.{}.severity", spec.id));
        let settings = COMMON.iter().chain(spec.settings);
        keys.extend(settings.map(|s| format!("detect.{}.{}", spec.id, s.key)));
    }
    keys
}
