//! What the console can ask of the running service. One file for each concern.

mod analyse;
mod backtest;
mod lists;
mod load;
mod rules;
mod settings;

pub(crate) use load::load;

use super::{Service, evidence, models};
use crate::failure::Failure;
use analyse::Analyses;
use anomalyzer_engine::alert::{Suppression, suppress::Scope};
use anomalyzer_engine::config::ConfigError;
use anomalyzer_store::{Range, SourceId, StoreError};
use anomalyzer_web::control::{
    Answer, BacktestAnswer, Control, EvidencePacket, Interface, LastReload, ListInfo, ListKind,
    ListText, Refusal, SettingsChange, SettingsView, Status, SuppressionInfo,
};
use lists::Known;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers for a service.
struct Controller {
    service: Arc<Service>,
    /// Held while settings, lists or rules change: each change is made on top of the one before.
    changes: Mutex<()>,
    /// What reading the lists gave.
    known: Known,
    analyses: Analyses,
    /// Held while a back-test runs: one at a time.
    testing: Mutex<()>,
}

/// The implementation of what the console can ask.
pub(crate) fn control(service: &Arc<Service>) -> Arc<dyn Control> {
    analyse::tidy(service);
    Arc::new(Controller {
        service: Arc::clone(service),
        changes: Mutex::default(),
        known: Known::default(),
        analyses: Analyses::start(service),
        testing: Mutex::default(),
    })
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), place: None, missing: false }
}

fn missing(what: &str) -> Refusal {
    Refusal { missing: true, ..refused(format!("no such {what}")) }
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn failed(failure: Failure) -> Refusal {
    refused(failure.to_string())
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn store_refused(error: StoreError) -> Refusal {
    Refusal { missing: matches!(error, StoreError::Missing(_)), ..refused(error.to_string()) }
}

/// All faults in words; the place is the key of the first, or its line.
#[allow(clippy::needless_pass_by_value)] // for map_err
fn faulty(error: ConfigError) -> Refusal {
    let place = error.faults.first().and_then(|fault| match fault.line {
        Some(line) if fault.origin != anomalyzer_engine::config::Overlay::NAME => {
            Some(format!("line {line}"))
        }
        _ => Some(fault.key.clone()).filter(|key| !key.is_empty()),
    });
    let words = |fault: &anomalyzer_engine::config::Fault| {
        if fault.key.is_empty() {
            fault.text.clone()
        } else {
            format!("{} {}", fault.key, fault.text)
        }
    };
    let message = error.faults.iter().map(words).collect::<Vec<_>>().join("; ");
    Refusal { place, ..refused(message) }
}

impl Controller {
    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control for Controller {
    fn status(&self) -> Status {
        self.service.status()
    }

    fn interfaces(&self) -> Answer<Vec<Interface>> {
        self.service.capture.interfaces().map_err(refused)
    }

    fn captures(&self) -> bool {
        self.service.capture.is_used()
    }

    fn watch(&self, names: &[String]) -> Answer<()> {
        self.service.watch(names).map_err(failed)
    }

    fn settings(&self) -> Answer<SettingsView> {
        self.view_settings()
    }

    fn change_settings(&self, change: &SettingsChange, actor: &str) -> Answer<i64> {
        self.set_settings(change, actor)
    }

    fn back_test(
        &self,
        change: &SettingsChange,
        source: SourceId,
        range: Option<Range>,
    ) -> Answer<BacktestAnswer> {
        self.test(change, source, range)
    }

    fn lists(&self, kind: ListKind) -> Answer<Vec<ListInfo>> {
        self.all_lists(kind)
    }

    fn list(&self, kind: ListKind, name: &str) -> Answer<ListText> {
        self.one_list(kind, name)
    }

    fn put_list(
        &self,
        kind: ListKind,
        name: &str,
        text: &str,
        version: Option<i64>,
        actor: &str,
    ) -> Answer<ListInfo> {
        self.write_list(kind, name, text, version, actor)
    }

    fn enable_list(&self, kind: ListKind, name: &str, enabled: bool, actor: &str) -> Answer<()> {
        self.switch_list(kind, name, enabled, actor)
    }

    fn remove_list(&self, kind: ListKind, name: &str, _actor: &str) -> Answer<()> {
        self.drop_list(kind, name)
    }

    fn suppressions(&self) -> Answer<Vec<SuppressionInfo>> {
        self.rules()
    }

    fn preview_suppression(&self, scope: &Scope) -> Answer<(u64, Vec<String>)> {
        self.preview(scope)
    }

    fn suppress(&self, rule: &Suppression, actor: &str) -> Answer<String> {
        self.add_rule(rule, actor)
    }

    fn unsuppress(&self, id: &str, _actor: &str) -> Answer<()> {
        self.drop_rule(id)
    }

    fn judge(
        &self,
        source: SourceId,
        ids: &[String],
        false_alarm: bool,
        reason: &str,
    ) -> Answer<()> {
        self.verdict(source, ids, false_alarm, reason)
    }

    fn analyse(&self, path: &Path, name: &str) -> Answer<SourceId> {
        self.analyses.add(&self.service, path, name)
    }

    fn remove_source(&self, id: SourceId) -> Answer<()> {
        self.analyses.remove(&self.service, id)
    }

    fn evidence(
        &self,
        source: SourceId,
        alert: &str,
        payload: bool,
    ) -> Answer<Vec<EvidencePacket>> {
        evidence::packets(&self.service, source, alert, payload).map_err(refused)
    }

    fn evidence_file(&self, source: SourceId, alert: &str) -> Answer<Vec<u8>> {
        match evidence::file(&self.service, source, alert).map_err(refused)? {
            Some(bytes) => Ok(bytes),
            None => Err(Refusal { missing: true, ..refused("no packets are kept of this alert") }),
        }
    }

    fn model_changed(&self, schema: &str) {
        tracing::info!(schema, "another model is in use");
        if schema == anomalyzer_engine::score::SCHEMA {
            models::apply(&self.service);
        }
    }

    fn reload(&self) -> Answer<Vec<String>> {
        let read = self.read_again();
        self.service.set_last_reload(&read);
        read
    }

    fn last_reload(&self) -> Option<LastReload> {
        self.service.last_reload()
    }
}

#[cfg(test)]
mod tests;
