//! What the engine works with: files, environment and command line, and on top of them what was
//! said in the console.
//!
//! At the start nothing that the console has kept may keep the program from running: a document
//! that cannot be used (by another version, say) is left out with a word in the log.

use super::super::Loaded;
use super::lists::switched;
use crate::cli;
use crate::failure::Failure;
use crate::settings;
use anomalyzer_engine::Config;
use anomalyzer_engine::alert::Suppression;
use anomalyzer_engine::config::Overlay;
use anomalyzer_engine::keyword::{BUILTIN, List, Matcher};
use anomalyzer_engine::threat::{Builder, Indicators, ListSpec, Report};
use anomalyzer_store::Store;
use anomalyzer_store::control::{Document, DocumentKind};
use std::io::BufReader;

/// Name of the only document of its kind.
pub(super) const SETTINGS: &str = "settings";

/// What names a list that comes with the program.
const BUILTIN_PREFIX: &str = "builtin:";

/// What the engine works with at the start.
pub(crate) fn load(settings: &cli::Settings, store: &Store) -> Result<Loaded, Failure> {
    let base = settings::load(settings)?;
    let mut config = base.clone();
    let overlay = store
        .control()
        .document(DocumentKind::Settings, SETTINGS)
        .map_err(|e| e.to_string())
        .and_then(|doc| overlay(doc.as_ref()))
        .and_then(|overlay| overlay.apply(&mut config).map_err(|e| e.to_string()));
    if let Err(problem) = overlay {
        tracing::error!("settings made in the console are left out: {problem}");
        config = base;
    }
    match rules(store) {
        Ok(rules) => config.suppress.extend(rules),
        Err(problem) => tracing::error!("rules made in the console are left out: {problem}"),
    }
    let matcher = matcher(&config, store).or_else(|problem| {
        tracing::error!("keyword lists made in the console are left out: {problem}");
        settings::matcher(&[], &config)
    })?;
    let indicators = indicators(&config, store).map(|(indicators, _)| indicators);
    let indicators = indicators.or_else(|problem| {
        tracing::error!("threat lists made in the console are left out: {problem}");
        settings::indicators(&[], &config, seed(), None).map(|(indicators, _)| indicators)
    })?;
    let (config, matcher, indicators) = (config.into(), matcher.into(), indicators.into());
    Ok(Loaded { config, matcher, indicators })
}

/// The settings that were made in the console.
pub(super) fn overlay(document: Option<&Document>) -> Result<Overlay, String> {
    document.map_or(Ok(Overlay::default()), |document| {
        Overlay::parse(&document.text).map_err(|e| e.to_string())
    })
}

/// The rules that were made in the console, in order of their ids.
pub(super) fn rules(store: &Store) -> Result<Vec<Suppression>, String> {
    let documents =
        store.control().documents(DocumentKind::Suppression).map_err(|e| e.to_string())?;
    let rule = |document: &Document| {
        serde_json::from_str(&document.text)
            .map_err(|e| tracing::error!("the rule {} is left out: {e}", document.name))
            .ok()
    };
    Ok(documents.iter().filter(|d| d.enabled).filter_map(rule).collect())
}

/// All keyword lists that are in use, ready to search.
pub(super) fn matcher(config: &Config, store: &Store) -> Result<Matcher, Failure> {
    let switched = switched(store, DocumentKind::Keywords);
    let mut lists: Vec<List> = Vec::new();
    for name in keyword_names(config) {
        let by_default = config.keywords.contains(&name);
        if switched.get(&name).copied().unwrap_or(by_default) {
            lists.push(settings::keyword_list(&name)?);
        }
    }
    for document in documents(store, DocumentKind::Keywords)? {
        lists.push(List::parse(&document.text, &document.name).map_err(|e| settings::faults(&e))?);
    }
    Matcher::new(&lists).map_err(|e| settings::faults(&e))
}

/// Built-in lists and those of files, as the settings name them.
pub(super) fn keyword_names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> =
        BUILTIN.iter().map(|list| format!("{BUILTIN_PREFIX}{}", list.name)).collect();
    names.extend(config.keywords.iter().filter(|n| !n.starts_with(BUILTIN_PREFIX)).cloned());
    names
}

/// All threat lists that are in use, ready to look up.
pub(super) fn indicators(
    config: &Config,
    store: &Store,
) -> Result<(Indicators, Vec<Report>), Failure> {
    let switched = switched(store, DocumentKind::ThreatList);
    let mut builder = Builder::new(seed(), &config.home);
    for name in &config.threat {
        if switched.get(name).copied().unwrap_or(true) {
            settings::threat_list(&mut builder, name)?;
        }
    }
    for document in documents(store, DocumentKind::ThreatList)? {
        threat_document(&mut builder, &document.name, &document.text)?;
    }
    Ok(builder.finish())
}

/// Reads a list out of its text.
pub(super) fn threat_document(
    builder: &mut Builder,
    name: &str,
    text: &str,
) -> Result<(), Failure> {
    let spec = ListSpec {
        path: name.to_owned(),
        name: name.to_owned(),
        format: None,
        severity: None,
        unguarded: false,
    };
    let mut reader = BufReader::new(text.as_bytes());
    builder.list(&spec, &mut reader).map_err(|e| settings::faults(&e))
}

fn documents(store: &Store, kind: DocumentKind) -> Result<Vec<Document>, Failure> {
    let documents = store.control().documents(kind);
    let mut documents = documents.map_err(|e| Failure::runtime(e.to_string()))?;
    documents.retain(|document| document.enabled);
    Ok(documents)
}

/// A number that nobody can guess, from the operating system by way of the standard library.
pub(super) fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}
