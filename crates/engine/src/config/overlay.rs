//! Settings made while the program runs, as a document of their own: read over those of the file
//! and the environment, checked by the same tables, written again with each change.

use super::read::{ConfigError, Fault, join};
use super::{Config, Prefix};
use crate::detect::DETECTORS;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::{Table, Value};

/// What messages call the document, and [`super::Origin::File`] too.
pub(crate) const NAME: &str = "console";

/// Settings of one host or network: keys without the detector's name, values as TOML writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// Address or network.
    pub prefix: String,
    /// Keys and values.
    pub values: Vec<(String, String)>,
}

/// The document in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Full keys and values as TOML writes them.
    values: BTreeMap<String, String>,
    /// By detector, all its overrides for hosts.
    hosts: BTreeMap<String, Vec<Override>>,
}

impl Overlay {
    /// The name under which its values are told to come from.
    pub const NAME: &str = NAME;

    /// Reads a document that [`Self::text`] wrote. A value that does not belong is told by
    /// [`Self::apply`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|e: toml::de::Error| {
            fault(String::new(), format!("is no TOML: {}", e.message()))
        })?;
        let mut overlay = Self::default();
        for (section, value) in table {
            let Value::Table(rows) = value else {
                return Err(fault(section, "must be a table".into()));
            };
            for (key, value) in rows {
                overlay.take(&join(&section, &key), value)?;
            }
        }
        Ok(overlay)
    }

    fn take(&mut self, key: &str, value: Value) -> Result<(), ConfigError> {
        let Value::Table(rows) = value else {
            self.values.insert(key.to_owned(), value.to_string());
            return Ok(());
        };
        let detector = key.strip_prefix("detect.").unwrap_or(key).to_owned();
        for (name, value) in rows {
            match value {
                Value::Array(items) if name == "host" => {
                    let hosts = items.into_iter().map(host).collect::<Result<_, _>>()?;
                    self.hosts.insert(detector.clone(), hosts);
                }
                value => self.take(&join(key, &name), value)?,
            }
        }
        Ok(())
    }

    /// Sets a value, or leaves it to file and defaults again. The short form of a detector's key is
    /// known too. The value is checked by [`Self::apply`] but for being TOML.
    pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), ConfigError> {
        let key = full(key);
        let Some(value) = value else {
            self.values.remove(&key);
            return Ok(());
        };
        let value = one_value(&key, value)?;
        self.values.insert(key, value);
        Ok(())
    }

    /// Sets all overrides of a detector for hosts and networks, in place of those before.
    pub fn set_hosts(&mut self, detector: &str, hosts: &[Override]) -> Result<(), ConfigError> {
        if !DETECTORS.iter().any(|spec| spec.id == detector) {
            return Err(fault(detector.to_owned(), "is no detector".into()));
        }
        let mut checked = Vec::with_capacity(hosts.len());
        for host in hosts {
            let key = format!("detect.{detector}.host");
            if let Err(text) = Prefix::parse(&host.prefix) {
                return Err(fault(join(&key, "address"), text));
            }
            let values = host.values.iter().map(|(name, value)| {
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let key = join(&key, name);
                if !plain || name.is_empty() || name == "address" {
                    return Err(fault(key, "is no key".into()));
                }
                Ok((name.clone(), one_value(&key, value)?))
            });
            let values = values.collect::<Result<_, _>>()?;
            checked.push(Override { prefix: host.prefix.clone(), values });
        }
        if checked.is_empty() {
            self.hosts.remove(detector);
        } else {
            self.hosts.insert(detector.to_owned(), checked);
        }
        Ok(())
    }

    /// Reads it over settings. On faults, which are all told, nothing is sure of `config`.
    pub fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        for detector in self.hosts.keys() {
            let at = DETECTORS.iter().position(|spec| spec.id == detector);
            if let Some(section) = at.and_then(|at| config.detect.get_mut(at)) {
                section.clear_hosts();
            }
        }
        config.read(&self.text(), NAME)
    }

    /// The document.
    pub fn text(&self) -> String {
        let mut sections: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (key, value) in &self.values {
            let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
            sections.entry(section).or_default().push((name, value));
        }
        let mut out = String::new();
        for (section, rows) in sections {
            let _ = writeln!(out, "[{section}]");
            for (name, value) in rows {
                let _ = writeln!(out, "{name} = {value}");
            }
        }
        for (detector, hosts) in &self.hosts {
            for host in hosts {
                let address = Value::String(host.prefix.clone());
                let _ = writeln!(out, "[[detect.{detector}.host]]\naddress = {address}");
                for (name, value) in &host.values {
                    let _ = writeln!(out, "{name} = {value}");
                }
            }
        }
        out
    }
}

/// A value by itself: nothing that it holds can be a further line of the document.
fn one_value(key: &str, text: &str) -> Result<String, ConfigError> {
    let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !plain(key) || key.split('.').any(str::is_empty) {
        return Err(fault(key.to_owned(), "is no key".into()));
    }
    let table: Result<Table, _> = format!("x = {}", text.trim()).parse();
    match table.ok().filter(|table| table.len() == 1).and_then(|mut table| table.remove("x")) {
        Some(
            value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::String(_)),
        ) => Ok(value.to_string()),
        Some(Value::Array(items)) if items.iter().all(Value::is_str) => {
            Ok(Value::Array(items).to_string())
        }
        _ => Err(fault(
            key.to_owned(),
            format!(
                "{text:?} is no value: a number, true, false, a text in quotes or a list of such"
            ),
        )),
    }
}

fn host(value: Value) -> Result<Override, ConfigError> {
    let mut host = Override::default();
    let Value::Table(rows) = value else {
        return Err(fault("host".into(), "must be a table".into()));
    };
    for (name, value) in rows {
        match value {
            Value::String(address) if name == "address" => host.prefix = address,
            value => host.values.push((name, value.to_string())),
        }
    }
    Ok(host)
}

/// `port-scan.ports` is short for `detect.port-scan.ports`.
fn full(key: &str) -> String {
    let short = key.split_once('.').is_some_and(|(id, _)| DETECTORS.iter().any(|s| s.id == id));
    if short { join("detect", key) } else { key.to_owned() }
}

fn fault(key: String, text: String) -> ConfigError {
    ConfigError { faults: vec![Fault { origin: NAME.to_owned(), line: None, key, text }] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_wire::Addr;

    fn hosts() -> Vec<Override> {
        let values = vec![("ports".to_owned(), "30".to_owned())];
        vec![Override { prefix: "10.0.0.0/24".into(), values }]
    }

    #[test]
    fn a_document_is_written_and_read_again() {
        let mut overlay = Overlay::default();
        overlay.set("port-scan.ports", Some("20")).unwrap();
        overlay.set("detect.flood.severity", Some("\"low\"")).unwrap();
        overlay.set("site.networks", Some("[\"10.0.0.0/8\"]")).unwrap();
        overlay.set("stream.depth", Some("100")).unwrap();
        overlay.set_hosts("port-scan", &hosts()).unwrap();
        let again = Overlay::parse(&overlay.text()).unwrap();
        assert_eq!(again, overlay);
        let mut config = Config::default();
        again.apply(&mut config).unwrap();
        assert_eq!((config.stream.depth, config.home.len()), (100, 1));
        let section = config.detect.iter().find(|s| s.id() == "port-scan").unwrap();
        assert_eq!(section.values.count("ports"), 20);
        let of = section.resolve(|v| v.count("ports"));
        assert_eq!(*of.of(Addr::v4([10, 0, 0, 9])), 30);
        // What was given in the file is replaced, not added to.
        again.apply(&mut config).unwrap();
        assert_eq!(config.detect[0].overrides().count(), 1);
    }

    #[test]
    fn what_is_taken_back_is_gone() {
        let mut overlay = Overlay::default();
        overlay.set("port-scan.ports", Some("20")).unwrap();
        overlay.set_hosts("port-scan", &hosts()).unwrap();
        overlay.set("detect.port-scan.ports", None).unwrap();
        overlay.set_hosts("port-scan", &[]).unwrap();
        assert_eq!((overlay.text(), overlay), (String::new(), Overlay::default()));
    }

    #[test]
    fn no_value_can_be_more_than_a_value() {
        let mut overlay = Overlay::default();
        for wrong in ["", "1\n[limits]\nflows = 2", "1 2", "{a = 1}", "[1, 2]", "\"a", "1979-05-27"]
        {
            let error = overlay.set("port-scan.ports", Some(wrong)).unwrap_err().to_string();
            assert!(error.contains("detect.port-scan.ports"), "{error}");
        }
        for key in ["port scan", "a]\n[b", "", ".x", "a..b"] {
            overlay.set(key, Some("1")).unwrap_err();
        }
        let mut bad = hosts();
        bad[0].prefix = "10.0.0.1\"\n".into();
        overlay.set_hosts("port-scan", &bad).unwrap_err();
        overlay.set_hosts("flod", &[]).unwrap_err();
        assert_eq!(overlay, Overlay::default());
        overlay.set("nothing.here", Some("1")).unwrap();
        assert!(overlay.apply(&mut Config::default()).is_err());
    }

    #[test]
    fn damaged_documents_are_told() {
        for wrong in ["x", "x = 1", "[a", "[detect.port-scan]\nhost = [1]"] {
            assert!(Overlay::parse(wrong).is_err(), "{wrong}");
        }
    }
}
