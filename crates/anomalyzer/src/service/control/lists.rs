//! Keyword and threat lists: those of the program and of the settings, which can be switched, and
//! those that users write.

use super::load::{self, keyword_names};
use super::settings::Lists;
use super::{Controller, faulty, missing, refused, store_refused};
use crate::clock;
use crate::settings;
use anomalyzer_engine::config::Prefix;
use anomalyzer_engine::keyword::{BUILTIN, List, Matcher};
use anomalyzer_engine::threat::{Builder, Report};
use anomalyzer_engine::{Severity, config::ConfigError};
use anomalyzer_store::Store;
use anomalyzer_store::control::{AlertQuery, Document, DocumentKind};
use anomalyzer_web::control::{Answer, ListInfo, ListKind, ListText, Refusal};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// Most characters of a list's name.
const NAME_MAX: usize = 64;
/// What reading of so many lists is remembered.
const KNOWN_MAX: usize = 1_024;
/// Problems of a list that are told.
const PROBLEMS_MAX: usize = 20;
/// Alerts of which hits are counted.
const ALERTS_MAX: usize = 1_000;

/// Entries and problems of lists by kind, name and version: reading 64 MiB takes a while.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<(bool, String, i64), Read>>);

/// What reading a list gave.
#[derive(Clone, Debug, Default)]
struct Read {
    /// The list's own name.
    name: String,
    entries: u64,
    problems: Vec<String>,
}

const fn document_kind(kind: ListKind) -> DocumentKind {
    match kind {
        ListKind::Keywords => DocumentKind::Keywords,
        ListKind::Threats => DocumentKind::ThreatList,
    }
}

/// Where it is kept which lists of the program and of the settings are switched on or off.
const fn switch_key(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Keywords => "lists.keywords",
        _ => "lists.threats",
    }
}

/// Lists of the program and of the settings that somebody switched on or off.
pub(super) fn switched(store: &Store, kind: DocumentKind) -> BTreeMap<String, bool> {
    let value = store.control().value(switch_key(kind)).ok().flatten();
    value.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

impl Controller {
    pub(super) fn all_lists(&self, kind: ListKind) -> Answer<Vec<ListInfo>> {
        let hits = self.hits(kind);
        let mut lists: Vec<ListInfo> =
            self.fixed(kind).iter().map(|name| self.fixed_info(kind, name, &hits)).collect();
        let documents = self.service.store.control().documents(document_kind(kind));
        for document in documents.map_err(store_refused)? {
            lists.push(self.info(kind, &document, &hits));
        }
        Ok(lists)
    }

    pub(super) fn one_list(&self, kind: ListKind, name: &str) -> Answer<ListText> {
        let hits = self.hits(kind);
        if let Some(full) = self.fixed_named(kind, name) {
            let info = self.fixed_info(kind, &full, &hits);
            return Ok(ListText { info, text: fixed_text(kind, &full) });
        }
        let document = self.document(kind, name)?.ok_or_else(|| missing("list"))?;
        Ok(ListText { info: self.info(kind, &document, &hits), text: document.text })
    }

    pub(super) fn write_list(
        &self,
        kind: ListKind,
        name: &str,
        text: &str,
        version: Option<i64>,
        actor: &str,
    ) -> Answer<ListInfo> {
        check_name(name)?;
        if self.fixed_named(kind, name).is_some() {
            return Err(refused(format!(
                "`{name}` comes with the program or the settings file and cannot be edited; \
                 write a list under another name and switch this one off"
            )));
        }
        check_list(kind, name, text, &self.service.loaded().config.home)?;
        let _changing = self.changing();
        let before = self.document(kind, name)?;
        let enabled = before.as_ref().is_none_or(|document| document.enabled);
        let control = self.service.store.control();
        let kind_of = document_kind(kind);
        let put = |text: &str, enabled, version| {
            control.put_document(kind_of, name, text, enabled, version, actor, clock::today())
        };
        let kept = put(text, enabled, version).map_err(store_refused)?;
        if let Err(refusal) = self.renew(Lists::ReadAgain) {
            // The lists do not go together: it is as it was.
            let _ = match before {
                Some(before) => put(&before.text, before.enabled, Some(kept)).map(|_| ()),
                None => control.remove_document(kind_of, name),
            };
            return Err(refusal);
        }
        let document = self.document(kind, name)?.ok_or_else(|| missing("list"))?;
        Ok(self.info(kind, &document, &self.hits(kind)))
    }

    pub(super) fn switch_list(
        &self,
        kind: ListKind,
        name: &str,
        enabled: bool,
        actor: &str,
    ) -> Answer<()> {
        let _changing = self.changing();
        let control = self.service.store.control();
        if let Some(full) = self.fixed_named(kind, name) {
            let mut all = switched(&self.service.store, document_kind(kind));
            all.insert(full, enabled);
            let bytes = serde_json::to_vec(&all).map_err(|e| refused(e.to_string()))?;
            control.put_value(switch_key(document_kind(kind)), &bytes).map_err(store_refused)?;
        } else {
            let document = self.document(kind, name)?.ok_or_else(|| missing("list"))?;
            let Document { kind, name, text, version, .. } = &document;
            control
                .put_document(*kind, name, text, enabled, Some(*version), actor, clock::today())
                .map_err(store_refused)?;
        }
        self.renew(Lists::ReadAgain)
    }

    pub(super) fn drop_list(&self, kind: ListKind, name: &str) -> Answer<()> {
        if self.fixed_named(kind, name).is_some() {
            return Err(refused(format!("`{name}` cannot be removed, only switched off")));
        }
        let _changing = self.changing();
        let control = self.service.store.control();
        control.remove_document(document_kind(kind), name).map_err(store_refused)?;
        self.renew(Lists::ReadAgain)
    }

    fn document(&self, kind: ListKind, name: &str) -> Answer<Option<Document>> {
        let control = self.service.store.control();
        control.document(document_kind(kind), name).map_err(store_refused)
    }

    /// Lists that come with the program or are named in the settings, by their full names.
    fn fixed(&self, kind: ListKind) -> Vec<String> {
        let config = self.service.loaded().config;
        match kind {
            ListKind::Keywords => keyword_names(&config),
            ListKind::Threats => config.threat.clone(),
        }
    }

    /// The full name of such a list.
    fn fixed_named(&self, kind: ListKind, name: &str) -> Option<String> {
        self.fixed(kind).into_iter().find(|full| shown_name(full) == name)
    }

    fn fixed_info(&self, kind: ListKind, full: &str, hits: &BTreeMap<String, u64>) -> ListInfo {
        let by_default = match kind {
            ListKind::Keywords => {
                self.service.loaded().config.keywords.iter().any(|name| name == full)
            }
            ListKind::Threats => true,
        };
        let switched = switched(&self.service.store, document_kind(kind));
        let read = self.known.of(kind, full, 0, || read_fixed(kind, full));
        ListInfo {
            name: shown_name(full).to_owned(),
            builtin: true,
            enabled: switched.get(full).copied().unwrap_or(by_default),
            entries: read.entries,
            hits: hits.get(&read.name).copied().unwrap_or(0),
            version: 0,
            problems: read.problems,
        }
    }

    fn info(&self, kind: ListKind, document: &Document, hits: &BTreeMap<String, u64>) -> ListInfo {
        let home = &self.service.loaded().config.home;
        let read = self.known.of(kind, &document.name, document.version, || {
            read_text(kind, &document.name, &document.text, home)
        });
        ListInfo {
            name: document.name.clone(),
            builtin: false,
            enabled: document.enabled,
            entries: read.entries,
            hits: hits.get(&read.name).copied().unwrap_or(0),
            version: document.version,
            problems: read.problems,
        }
    }

    /// Hits by list: of keywords all since the start, of threat lists the alerts that are kept.
    fn hits(&self, kind: ListKind) -> BTreeMap<String, u64> {
        let mut hits = BTreeMap::new();
        if kind == ListKind::Keywords {
            let summary = self.service.engine.ask(|c| c.summary().keywords).unwrap_or_default();
            for share in summary {
                *hits.entry(share.list.to_string()).or_default() += share.hits;
            }
            return hits;
        }
        let query = AlertQuery {
            source: Some(self.service.source),
            range: None,
            states: Vec::new(),
            severity: Severity::Info,
            detector: Some("threat-list".to_owned()),
            address: None,
            text: None,
            incident: None,
            suppressed: true,
            limit: ALERTS_MAX,
            cursor: None,
        };
        let page = self.service.store.control().alerts(&query).unwrap_or_default();
        for row in page.rows {
            *hits.entry(row.alert.technique).or_default() += row.alert.count;
        }
        hits
    }
}

impl Known {
    fn of(&self, kind: ListKind, name: &str, version: i64, read: impl FnOnce() -> Read) -> Read {
        let key = (kind == ListKind::Threats, name.to_owned(), version);
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return known.clone();
        }
        let read = read();
        let mut known = lock();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key, read.clone());
        read
    }
}

/// `web-attacks` of `builtin:web-attacks`, `c2.csv` of `high:csv:feeds/c2.csv`.
fn shown_name(full: &str) -> &str {
    let path = full.rsplit(':').next().unwrap_or(full);
    path.rsplit('/').next().unwrap_or(path)
}

/// The text of a built-in list; files are looked at where they lie.
fn fixed_text(kind: ListKind, full: &str) -> String {
    let builtin = full.strip_prefix("builtin:").filter(|_| kind == ListKind::Keywords);
    match builtin.and_then(|name| BUILTIN.iter().find(|list| list.name == name)) {
        Some(list) => list.text.to_owned(),
        None => format!("# This list is a file that the settings name:\n# {full}\n"),
    }
}

fn read_fixed(kind: ListKind, full: &str) -> Read {
    let read = match kind {
        ListKind::Keywords => settings::keyword_list(full).map(|list| Read {
            entries: list.patterns.len() as u64,
            name: list.name,
            problems: Vec::new(),
        }),
        ListKind::Threats => {
            let mut builder = Builder::new(load::seed(), &[]).at(clock::today());
            settings::threat_list(&mut builder, full)
                .map(|()| of_report(builder.finish().1.first()))
        }
    };
    read.unwrap_or_else(|failure| Read { problems: vec![failure.to_string()], ..Read::default() })
}

fn read_text(kind: ListKind, name: &str, text: &str, home: &[Prefix]) -> Read {
    let failed = |problem: String| Read { problems: vec![problem], ..Read::default() };
    match kind {
        ListKind::Keywords => match List::parse(text, name) {
            Ok(list) => {
                let entries = list.patterns.len() as u64;
                Read { name: list.name, entries, problems: Vec::new() }
            }
            Err(error) => failed(error.to_string()),
        },
        ListKind::Threats => {
            let mut builder = Builder::new(load::seed(), home).at(clock::today());
            match load::threat_document(&mut builder, name, text) {
                Ok(()) => of_report(builder.finish().1.first()),
                Err(failure) => failed(failure.to_string()),
            }
        }
    }
}

fn of_report(report: Option<&Report>) -> Read {
    let Some(report) = report else { return Read::default() };
    let mut problems: Vec<String> = report
        .examples
        .iter()
        .map(|e| {
            format!("{} {}: skipped: {}: {}", report.place_name(), e.place, e.reason, e.excerpt)
        })
        .take(PROBLEMS_MAX)
        .collect();
    let more = report.skipped_total().saturating_sub(problems.len() as u64);
    if more > 0 {
        problems.push(format!("{more} more entries were skipped"));
    }
    if report.expired > 0 {
        problems.push(format!("{} entries have expired", report.expired));
    }
    Read { name: report.name.clone(), entries: report.total(), problems }
}

fn check_name(name: &str) -> Answer<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
        return Err(Refusal {
            place: Some("name".into()),
            ..refused(format!(
                "a list's name has 1 to {NAME_MAX} letters, digits, dots, dashes and underscores"
            ))
        });
    }
    Ok(())
}

/// Refuses what cannot be used by itself; entries of a threat list that are skipped are no reason.
fn check_list(kind: ListKind, name: &str, text: &str, home: &[Prefix]) -> Answer<()> {
    match kind {
        ListKind::Keywords => {
            let list = List::parse(text, name).map_err(faulty)?;
            Matcher::new(&[list]).map(|_| ()).map_err(|e: ConfigError| faulty(e))
        }
        ListKind::Threats => {
            let mut builder = Builder::new(load::seed(), home);
            load::threat_document(&mut builder, name, text).map_err(super::failed)
        }
    }
}
