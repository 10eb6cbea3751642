//! Where settings come from: a file, the environment, flags; the later wins.

use super::read::{ConfigError, Doc, Fault, Fields, join, kind};
use super::value::{self, Given, Target};
use super::{COMMON, Config, Prefix, suppress};
use crate::detect::{DETECTORS, Spec};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Begins every environment variable that is a setting.
pub const ENV_PREFIX: &str = "ANOMALYZER_";
/// Most overrides for hosts and networks of one detector.
const HOSTS_MAX: usize = 10_000;

/// Where a setting's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The program's own value.
    #[default]
    Default,
    /// A line of a file.
    File {
        /// The file's name as it was given.
        name: String,
        /// Line from 1.
        line: usize,
    },
    /// An environment variable.
    Env(String),
    /// `--set`, or a call of the API.
    Flag,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Env(name) => f.write_str(name),
            Self::Flag => f.write_str("--set"),
        }
    }
}

/// A setting as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Full key, such as `detect.port-scan.ports`.
    pub key: String,
    /// The value as TOML writes it; empty for a severity that the site leaves alone.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// Reads a file over the defaults. `origin` is the file's name for messages.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.read(text, origin)?;
        Ok(config)
    }

    /// Reads a file over what is set already. On faults, which are all told, nothing is sure.
    pub fn read(&mut self, text: &str, origin: &str) -> Result<(), ConfigError> {
        let (mut doc, table) = Doc::parse(text, origin)?;
        let mut reader = Reader { config: self, doc: &mut doc, origin };
        for (name, item) in &table {
            reader.section(name, item);
        }
        doc.finish(())
    }

    /// Takes settings from environment variables: `ANOMALYZER_DETECT__PORT_SCAN__PORTS=30`.
    /// Variables that are no settings by their first word are left alone.
    pub fn read_env<K: AsRef<str>, V: AsRef<str>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), ConfigError> {
        let mut pairs: Vec<(String, String, V)> = variables
            .into_iter()
            .filter_map(|(name, text)| {
                let name = name.as_ref();
                env_key(name).map(|key| (name.to_owned(), key, text))
            })
            .collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let mut faults = Vec::new();
        for (name, key, text) in pairs {
            if let Err(fault) = self.set_from(&key, text.as_ref(), Origin::Env(name)) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(ConfigError { faults }) }
    }

    /// Sets one value by its key, as `--set` does: `set("port-scan.ports", "30")`.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        self.set_from(key, text, Origin::Flag).map_err(|fault| ConfigError { faults: vec![fault] })
    }

    /// Every setting with its value and where that comes from, in the order of the reference.
    pub fn show(&self) -> Vec<Shown> {
        let shown = |key: String| {
            let target = value::find(&key).ok()?;
            let origin = self.origin(&key);
            Some(Shown { value: value::show(self, target), origin, key })
        };
        value::keys().into_iter().filter_map(shown).collect()
    }

    /// Full keys whose values differ, those of hosts apart.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        value::keys().into_iter().filter(move |key| {
            value::find(key)
                .is_ok_and(|target| value::show(self, target) != value::show(other, target))
        })
    }

    /// True for keys that hold only after the next start: sizes of tables that are made once, and
    /// what workers, captures and stores hold.
    pub fn needs_restart(key: &str) -> bool {
        let sizes = key.starts_with("limits.") && key != "limits.alerts";
        let parts = ["flow.", "stream.", "capture.", "store."];
        sizes || parts.iter().any(|part| key.starts_with(part))
    }

    /// Where the value of a full key comes from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }

    fn set_from(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), Fault> {
        let result = value::find(key).and_then(|target| {
            value::apply_text(self, target, text)?;
            Ok(full_key(key, target))
        });
        match result {
            Ok(key) => {
                self.origins.insert(key, origin);
                Ok(())
            }
            Err(text) => {
                Err(Fault { origin: origin.to_string(), line: None, key: key.to_owned(), text })
            }
        }
    }
}

/// The key with `detect.` before it where the user left that out.
fn full_key(key: &str, target: Target) -> String {
    let detector = matches!(target, Target::Enabled(_) | Target::Severity(_) | Target::Value(..));
    if detector && key.matches('.').count() == 1 { join("detect", key) } else { key.to_owned() }
}

/// `ANOMALYZER_DETECT__PORT_SCAN__PORTS` as `detect.port-scan.ports`.
fn env_key(name: &str) -> Option<String> {
    let mut words = name.strip_prefix(ENV_PREFIX)?.split("__");
    let section = words.next()?.to_ascii_lowercase();
    let rest: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let known = section == "detect" || super::core::SECTIONS.iter().any(|(s, _)| *s == section);
    match rest.as_slice() {
        _ if !known => None,
        [] => None,
        [id, key @ ..] if section == "detect" && !key.is_empty() => {
            Some(format!("detect.{}.{}", id.replace('_', "-"), key.join(".")))
        }
        keys => Some(format!("{section}.{}", keys.join("."))),
    }
}

/// A file being read into a configuration.
struct Reader<'c, 'd, 'a> {
    config: &'c mut Config,
    doc: &'d mut Doc<'a>,
    origin: &'c str,
}

type Key<'i> = Spanned<toml::de::DeString<'i>>;
type Item<'i> = Spanned<DeValue<'i>>;

impl Reader<'_, '_, '_> {
    fn section(&mut self, name: &Key<'_>, item: &Item<'_>) {
        let section = name.get_ref().as_ref();
        if section == suppress::SECTION {
            self.config.suppress.extend(suppress::read(self.doc, item));
            return;
        }
        let known = section == "detect" || super::core::SECTIONS.iter().any(|(s, _)| *s == section);
        if !known {
            self.doc.fault(Some(name.span()), section, value::unknown_section(section));
            return;
        }
        let Some(table) = self.table(section, item) else { return };
        for (key, item) in table {
            let full = join(section, key.get_ref());
            if section == "detect" {
                self.detector(key, &full, item);
            } else {
                self.value(&full, key, item);
            }
        }
    }

    fn detector(&mut self, id: &Key<'_>, full: &str, item: &Item<'_>) {
        let found = DETECTORS.iter().position(|spec| spec.id == id.get_ref().as_ref());
        let Some(at) = found else {
            // The sentence names the detectors that there are.
            let text = value::find(&join(full, "enabled")).err().unwrap_or_default();
            return self.doc.fault(Some(id.span()), full, text);
        };
        let Some(table) = self.table(full, item) else { return };
        for (key, item) in table {
            match key.get_ref().as_ref() {
                "host" => self.hosts(at, &Fields::new(table, full)),
                name => self.value(&join(full, name), key, item),
            }
        }
    }

    fn value(&mut self, full: &str, key: &Key<'_>, item: &Item<'_>) {
        let target = match value::find(full) {
            Ok(target) => target,
            Err(text) => return self.doc.fault(Some(key.span()), full, text),
        };
        match value::apply(self.config, target, &Given::from_toml(item.get_ref())) {
            Ok(()) => {
                let line = self.doc.line(key.span().start);
                let origin = Origin::File { name: self.origin.to_owned(), line };
                self.config.origins.insert(full.to_owned(), origin);
            }
            Err(text) => self.doc.fault(Some(item.span()), full, text),
        }
    }

    /// `[[detect.port-scan.host]]`.
    fn hosts(&mut self, at: usize, fields: &Fields<'_, '_>) {
        let Some(spec) = DETECTORS.get(at) else { return };
        let path = fields.name("host");
        let items = fields.items(self.doc, "host");
        if items.len() > HOSTS_MAX {
            let text = format!("must be at most {HOSTS_MAX} hosts and networks");
            return self.doc.fault(None, &path, text);
        }
        for item in items {
            let Some(table) = self.table(&path, item) else { continue };
            self.host(at, spec, &path, table, item);
        }
    }

    fn host(&mut self, at: usize, spec: &Spec, path: &str, table: &DeTable<'_>, item: &Item<'_>) {
        let mut known = vec!["address"];
        known.extend(spec.settings.iter().chain(&COMMON).map(|s| s.key));
        let fields = self.doc.fields(table, path, &known);
        if fields.get("address").is_none() {
            self.doc.fault(Some(item.span()), &join(path, "address"), "missing");
        }
        let prefix = fields.string(self.doc, "address").and_then(|at| {
            Prefix::parse(at.value)
                .map_err(|text| self.doc.fault(Some(at.span), &join(path, "address"), text))
                .ok()
        });
        let mut own = Vec::new();
        for setting in spec.settings.iter().chain(&COMMON) {
            let Some(item) = fields.get(setting.key) else { continue };
            match value::checked(setting, &Given::from_toml(item.get_ref())) {
                Ok(number) => own.push((setting.key, number)),
                Err(text) => self.doc.fault(Some(item.span()), &join(path, setting.key), text),
            }
        }
        if let (Some(prefix), Some(section)) = (prefix, self.config.detect.get_mut(at)) {
            section.set_host(prefix, &own);
        }
    }

    fn table<'t, 'i>(&mut self, full: &str, item: &'t Item<'i>) -> Option<&'t DeTable<'i>> {
        let table = item.get_ref().as_table();
        if table.is_none() {
            let text = format!("must be a table, not {}", kind(item.get_ref()));
            self.doc.fault(Some(item.span()), full, text);
        }
        table
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
