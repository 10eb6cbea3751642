//! Settings: looked at, changed, read again.

use super::load::{self, SETTINGS};
use super::{Controller, faulty, refused, store_refused};
use crate::clock;
use crate::service::Loaded;
use anomalyzer_engine::Config;
use anomalyzer_engine::config::{
    Described, Form, Origin, Overlay, Override, Prefix, Section, describe,
};
use anomalyzer_engine::detect::{Backtest, DETECTORS, Spec, Unit};
use anomalyzer_store::control::{Document, DocumentKind};
use anomalyzer_web::control::{
    Answer, DetectorInfo, HostOverride, Setting, SettingsChange, SettingsView,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Most values that one change may set.
const CHANGES_MAX: usize = 1_000;

impl Controller {
    pub(super) fn view_settings(&self) -> Answer<SettingsView> {
        let version = self.settings_document()?.map_or(0, |document| document.version);
        let config = self.service.loaded().config;
        let shown = config.show();
        let mut core = Vec::new();
        let mut by_detector: HashMap<&str, Vec<Setting>> = HashMap::new();
        for (described, shown) in describe().into_iter().zip(shown) {
            let detector = described.detector;
            let row = setting(described, shown.value, &shown.origin);
            match detector {
                None => core.push(row),
                Some(id) => by_detector.entry(id).or_default().push(row),
            }
        }
        // What a busy engine holds is not worth waiting for.
        let entries = self.service.engine.ask(|c| c.detector_entries()).unwrap_or_default();
        let entries: HashMap<&str, (u64, u64)> =
            entries.into_iter().map(|(id, held, gone)| (id, (held as u64, gone))).collect();
        let info = |(spec, section): (&&'static Spec, &Section)| {
            let settings = by_detector.remove(spec.id).unwrap_or_default();
            let entries = entries.get(spec.id).copied().unwrap_or_default();
            detector(spec, section, settings, entries)
        };
        let detectors = DETECTORS.iter().zip(&config.detect).map(info).collect();
        Ok(SettingsView { version, core, detectors })
    }

    pub(super) fn set_settings(&self, change: &SettingsChange, actor: &str) -> Answer<i64> {
        let _changing = self.changing();
        let document = self.settings_document()?;
        let version = document.as_ref().map(|document| document.version);
        if version.unwrap_or(0) != change.version {
            return Err(refused("the settings were changed in between; look at them again"));
        }
        let overlay = changed(document.as_ref(), change)?;
        let loaded = self.effective(&overlay, Lists::AsTheyAre)?;
        let kept = self.service.store.control().put_document(
            DocumentKind::Settings,
            SETTINGS,
            &overlay.text(),
            true,
            version,
            actor,
            clock::today(),
        );
        let version = kept.map_err(store_refused)?;
        self.apply(loaded)?;
        Ok(version)
    }

    /// The settings that a change would make, without keeping them.
    pub(super) fn tried(&self, change: &SettingsChange) -> Answer<Config> {
        let overlay = changed(self.settings_document()?.as_ref(), change)?;
        self.config_with(&overlay)
    }

    /// Reads files and environment again, and applies them if all is well. What changed.
    pub(super) fn read_again(&self) -> Answer<Vec<String>> {
        let _changing = self.changing();
        let overlay = load::overlay(self.settings_document()?.as_ref()).map_err(refused)?;
        let before = self.service.loaded();
        let loaded = self.effective(&overlay, Lists::ReadAgain)?;
        let mut words = differences(&before.config, &loaded.config);
        if before.matcher.len() != loaded.matcher.len() {
            let (was, is) = (before.matcher.len(), loaded.matcher.len());
            words.push(format!("keyword lists: {was} -> {is} patterns"));
        }
        self.apply(loaded)?;
        Ok(words)
    }

    fn settings_document(&self) -> Answer<Option<Document>> {
        let control = self.service.store.control();
        control.document(DocumentKind::Settings, SETTINGS).map_err(store_refused)
    }

    /// File, environment and command line, with this on top.
    fn config_with(&self, overlay: &Overlay) -> Answer<Config> {
        let mut config = crate::settings::load(&self.service.settings).map_err(super::failed)?;
        overlay.apply(&mut config).map_err(faulty)?;
        config.suppress.extend(load::rules(&self.service.store).map_err(refused)?);
        Ok(config)
    }

    /// Everything that the engine works with, checked. Lists that are the same by name are read
    /// again only when asked for.
    fn effective(&self, overlay: &Overlay, lists: Lists) -> Answer<Loaded> {
        let config = self.config_with(overlay)?;
        let store = &self.service.store;
        let Loaded { config: before, mut matcher, mut indicators } = self.service.loaded();
        let again = lists == Lists::ReadAgain;
        if again || before.keywords != config.keywords {
            matcher = load::matcher(&config, store).map_err(super::failed)?.into();
        }
        if again || before.threat != config.threat || before.home != config.home {
            indicators = load::indicators(&config, store).map_err(super::failed)?.0.into();
        }
        Ok(Loaded { config: config.into(), matcher, indicators })
    }

    /// Has the engine work with it from the next epoch on.
    pub(super) fn apply(&self, loaded: Loaded) -> Answer<()> {
        let service = &self.service;
        let before = service.loaded();
        service.set_loaded(loaded.clone());
        if !Arc::ptr_eq(&before.matcher, &loaded.matcher) {
            service.next_lists.put(Arc::clone(&loaded.matcher));
        }
        let told = service.engine.ask(move |correlator| {
            correlator.set_indicators(&loaded.indicators);
            correlator.reconfigure(&loaded.config)
        });
        match told {
            Ok(told) => {
                for warning in told.warnings {
                    tracing::warn!("{warning}");
                }
                Ok(())
            }
            Err(unanswered) => Err(refused(format!(
                "kept, and in force after the next start; not yet in force because {unanswered}"
            ))),
        }
    }

    /// Makes and applies everything anew after a list or a rule changed.
    pub(super) fn renew(&self, lists: Lists) -> Answer<()> {
        let overlay = load::overlay(self.settings_document()?.as_ref()).map_err(refused)?;
        self.apply(self.effective(&overlay, lists)?)
    }
}

/// Whether lists are read and compiled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// Only when others are named.
    AsTheyAre,
    /// In any case.
    ReadAgain,
}

/// The console's settings with a change.
fn changed(document: Option<&Document>, change: &SettingsChange) -> Answer<Overlay> {
    if change.set.len() > CHANGES_MAX || change.hosts.iter().any(|(_, h)| h.len() > CHANGES_MAX) {
        return Err(refused(format!("at most {CHANGES_MAX} values at a time")));
    }
    let mut overlay = load::overlay(document).map_err(refused)?;
    for (key, value) in &change.set {
        // An empty severity leaves it to the detector again.
        let value = value.as_deref().filter(|value| !value.trim().is_empty());
        overlay.set(key, value).map_err(faulty)?;
    }
    for (detector, hosts) in &change.hosts {
        let hosts: Vec<Override> = hosts
            .iter()
            .map(|h| Override { prefix: h.prefix.clone(), values: h.values.clone() })
            .collect();
        overlay.set_hosts(detector, &hosts).map_err(faulty)?;
    }
    Ok(overlay)
}

/// `detect.port-scan.ports: 15 -> 20`.
fn differences(before: &Config, after: &Config) -> Vec<String> {
    let value = |config: &Config| -> HashMap<String, String> {
        config.show().into_iter().map(|shown| (shown.key, shown.value)).collect()
    };
    let (old, new) = (value(before), value(after));
    let word = |key: String| {
        let of = |map: &HashMap<String, String>| map.get(&key).cloned().unwrap_or_default();
        let later = if Config::needs_restart(&key) { " (after the next start)" } else { "" };
        format!("{key}: {} -> {}{later}", of(&old), of(&new))
    };
    let mut words: Vec<String> = before.differences(after).map(word).collect();
    let hosts = |config: &Config| -> Vec<String> {
        config.detect.iter().map(|s| format!("{:?}", s.overrides().collect::<Vec<_>>())).collect()
    };
    for ((spec, a), b) in DETECTORS.iter().zip(hosts(before)).zip(hosts(after)) {
        if a != b {
            words.push(format!("detect.{}.host: other limits for hosts", spec.id));
        }
    }
    if before.suppress != after.suppress {
        words.push(format!("suppress: {} rules", after.suppress.len()));
    }
    words
}

fn setting(described: Described, value: String, origin: &Origin) -> Setting {
    let origin = match origin {
        Origin::Default => "default",
        Origin::File { name, .. } if name == Overlay::NAME => "console",
        Origin::File { .. } => "file",
        Origin::Env(_) => "environment",
        Origin::Flag => "command-line",
    };
    let kind = match described.form {
        Form::Number => "number",
        Form::Flag => "flag",
        Form::Text => "text",
        Form::List => "list",
    };
    Setting {
        restart: Config::needs_restart(&described.key),
        key: described.key,
        value,
        default: described.default,
        origin: origin.to_owned(),
        unit: described.unit.to_owned(),
        summary: described.summary.to_owned(),
        range: described.range,
        kind: kind.to_owned(),
    }
}

fn detector(
    spec: &Spec,
    section: &Section,
    settings: Vec<Setting>,
    entries: (u64, u64),
) -> DetectorInfo {
    let text = |key: &str, number: f64| {
        let flag = spec.settings.iter().any(|s| s.key == key && s.unit == Unit::Flag);
        if flag { (number != 0.0).to_string() } else { number.to_string() }
    };
    let host = |(prefix, own): (Prefix, &[(&'static str, f64)])| {
        let values = own.iter().map(|(key, number)| ((*key).to_owned(), text(key, *number)));
        HostOverride { prefix: prefix.to_string(), values: values.collect() }
    };
    DetectorInfo {
        id: spec.id.to_owned(),
        summary: spec.summary.to_owned(),
        about: spec.about.to_owned(),
        severity: section.severity.unwrap_or(spec.severity).name().to_owned(),
        attack: spec.attack.iter().map(|id| (*id).to_owned()).collect(),
        back_test: match spec.backtest {
            Backtest::Flows => "flows",
            Backtest::Capture => "capture",
        }
        .to_owned(),
        enabled: section.enabled,
        settings,
        hosts: section.overrides().map(host).collect(),
        entries,
    }
}
