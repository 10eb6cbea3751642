//! What the console can ask of the running service.

use super::{Service, evidence};
use crate::failure::Failure;
use anomalyzer_engine::alert::{Suppression, suppress::Scope};
use anomalyzer_store::{Range, SourceId};
use anomalyzer_web::control::{
    Answer, BacktestAnswer, Control, EvidencePacket, Interface, ListInfo, ListKind, ListText,
    Refusal, SettingsChange, SettingsView, Status, SuppressionInfo,
};
use std::path::Path;
use std::sync::Arc;

/// Answers for a service.
struct Controller {
    service: Arc<Service>,
}

/// The implementation of what the console can ask.
pub(crate) fn control(service: &Arc<Service>) -> Arc<dyn Control> {
    Arc::new(Controller { service: Arc::clone(service) })
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), place: None, missing: false }
}

fn absent<T>(what: &str) -> Answer<T> {
    Err(refused(format!("{what} cannot be done from here yet; use the command line")))
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn failed(failure: Failure) -> Refusal {
    refused(failure.to_string())
}

impl Control for Controller {
    fn status(&self) -> Status {
        self.service.status()
    }

    fn interfaces(&self) -> Answer<Vec<Interface>> {
        self.service.capture.interfaces().map_err(refused)
    }

    fn watch(&self, names: &[String]) -> Answer<()> {
        self.service.watch(names).map_err(failed)
    }

    fn settings(&self) -> Answer<SettingsView> {
        absent("settings")
    }

    fn change_settings(&self, _change: &SettingsChange, _actor: &str) -> Answer<i64> {
        absent("settings")
    }

    fn back_test(
        &self,
        _change: &SettingsChange,
        _source: SourceId,
        _range: Option<Range>,
    ) -> Answer<BacktestAnswer> {
        absent("a back-test")
    }

    fn lists(&self, _kind: ListKind) -> Answer<Vec<ListInfo>> {
        Ok(Vec::new())
    }

    fn list(&self, _kind: ListKind, _name: &str) -> Answer<ListText> {
        absent("a list")
    }

    fn put_list(
        &self,
        _kind: ListKind,
        _name: &str,
        _text: &str,
        _version: Option<i64>,
        _actor: &str,
    ) -> Answer<ListInfo> {
        absent("a list")
    }

    fn enable_list(
        &self,
        _kind: ListKind,
        _name: &str,
        _enabled: bool,
        _actor: &str,
    ) -> Answer<()> {
        absent("a list")
    }

    fn remove_list(&self, _kind: ListKind, _name: &str, _actor: &str) -> Answer<()> {
        absent("a list")
    }

    fn suppressions(&self) -> Answer<Vec<SuppressionInfo>> {
        Ok(Vec::new())
    }

    fn preview_suppression(&self, _scope: &Scope) -> Answer<(u64, Vec<String>)> {
        absent("a rule")
    }

    fn suppress(&self, _rule: &Suppression, _actor: &str) -> Answer<String> {
        absent("a rule")
    }

    fn unsuppress(&self, _id: &str, _actor: &str) -> Answer<()> {
        absent("a rule")
    }

    fn judge(
        &self,
        _source: SourceId,
        _ids: &[String],
        _false_alarm: bool,
        _reason: &str,
    ) -> Answer<()> {
        Ok(())
    }

    fn analyse(&self, _path: &Path, _name: &str) -> Answer<SourceId> {
        absent("an analysis")
    }

    fn remove_source(&self, _id: SourceId) -> Answer<()> {
        absent("a source")
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

    fn reload(&self) -> Answer<Vec<String>> {
        absent("reading the configuration again")
    }
}
