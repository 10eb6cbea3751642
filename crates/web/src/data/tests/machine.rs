//! The running program as far as routes need one: what it is told is kept, to be looked at.

use crate::control::{
    Answer, BacktestAnswer, Control, DetectorInfo, EvidencePacket, HostOverride, Interface,
    LastReload, ListInfo, ListKind, ListText, PacketLayer, Refusal, Setting, SettingsChange,
    SettingsView, Status, SuppressionInfo,
};
use anomalyzer_engine::alert::{Scope, Suppression};
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_store::control::{NewSource, SourceKind};
use anomalyzer_store::{Range, SourceId, Store};
use std::path::Path;
use std::sync::Mutex;

/// What was asked of the program.
pub(super) struct Machine {
    store: Store,
    pub(super) told: Mutex<Vec<String>>,
    version: Mutex<i64>,
    lists: Mutex<Vec<ListText>>,
    rules: Mutex<Vec<Suppression>>,
}

impl Machine {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            told: Mutex::default(),
            version: Mutex::new(1),
            lists: Mutex::default(),
            rules: Mutex::default(),
        }
    }

    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }
}

fn missing(what: &str) -> Refusal {
    Refusal { message: format!("no such {what}"), place: None, missing: true }
}

fn setting(key: &str, value: &str, unit: &str) -> Setting {
    Setting {
        key: key.into(),
        value: value.into(),
        default: value.into(),
        origin: "default".into(),
        unit: unit.into(),
        summary: "A setting.".into(),
        range: Some((1.0, 1e9)),
        kind: "number".into(),
        restart: false,
    }
}

impl Control for Machine {
    fn status(&self) -> Status {
        Status { version: "0".into(), level: "ok".into(), ..Status::default() }
    }

    fn interfaces(&self) -> Answer<Vec<Interface>> {
        Ok(vec![Interface { name: "lo".into(), up: true, loopback: true, ..Interface::default() }])
    }

    fn watch(&self, names: &[String]) -> Answer<()> {
        self.tell(format!("watch {}", names.join(" ")));
        Ok(())
    }

    fn settings(&self) -> Answer<SettingsView> {
        let detector = |spec: &&anomalyzer_engine::detect::Spec| DetectorInfo {
            id: spec.id.into(),
            summary: "Finds.".into(),
            about: "# Page".into(),
            severity: "medium".into(),
            attack: spec.attack.iter().map(|id| (*id).to_owned()).collect(),
            back_test: "flows".into(),
            enabled: true,
            settings: vec![setting(&format!("{}.window_s", spec.id), "60", "s")],
            hosts: vec![HostOverride {
                prefix: "10.0.0.0/8".into(),
                values: vec![("window_s".into(), "30".into())],
            }],
            entries: (0, 0),
        };
        Ok(SettingsView {
            version: *self.version.lock().unwrap(),
            core: vec![setting("store.history_days", "30", "days")],
            detectors: DETECTORS.iter().take(3).map(detector).collect(),
        })
    }

    fn change_settings(&self, change: &SettingsChange, actor: &str) -> Answer<i64> {
        if let Some((key, _)) = change.set.iter().find(|(key, _)| key == "no.such") {
            let message = "no such setting".to_owned();
            return Err(Refusal { message, place: Some(key.clone()), missing: false });
        }
        self.tell(format!("settings {:?} by {actor}", change.set));
        let mut version = self.version.lock().unwrap();
        *version += 1;
        Ok(*version)
    }

    fn back_test(
        &self,
        _: &SettingsChange,
        source: SourceId,
        range: Option<Range>,
    ) -> Answer<BacktestAnswer> {
        self.tell(format!("back-test {} {}", source.0, range.is_some()));
        Ok(BacktestAnswer { over: "flows".into(), ..BacktestAnswer::default() })
    }

    fn lists(&self, _: ListKind) -> Answer<Vec<ListInfo>> {
        Ok(self.lists.lock().unwrap().iter().map(|list| list.info.clone()).collect())
    }

    fn list(&self, _: ListKind, name: &str) -> Answer<ListText> {
        let lists = self.lists.lock().unwrap();
        lists.iter().find(|list| list.info.name == name).cloned().ok_or_else(|| missing("list"))
    }

    fn put_list(
        &self,
        _: ListKind,
        name: &str,
        text: &str,
        version: Option<i64>,
        _: &str,
    ) -> Answer<ListInfo> {
        if text.contains("((") {
            let message = "a bracket is not closed".to_owned();
            return Err(Refusal { message, place: Some("line 1".into()), missing: false });
        }
        let info = ListInfo {
            name: name.into(),
            builtin: false,
            enabled: true,
            entries: text.lines().count() as u64,
            hits: 0,
            version: version.unwrap_or(0) + 1,
            problems: Vec::new(),
        };
        let mut lists = self.lists.lock().unwrap();
        lists.retain(|list| list.info.name != name);
        lists.push(ListText { info: info.clone(), text: text.into() });
        Ok(info)
    }

    fn enable_list(&self, _: ListKind, name: &str, enabled: bool, _: &str) -> Answer<()> {
        let mut lists = self.lists.lock().unwrap();
        let list = lists.iter_mut().find(|list| list.info.name == name);
        list.ok_or_else(|| missing("list"))?.info.enabled = enabled;
        Ok(())
    }

    fn remove_list(&self, _: ListKind, name: &str, _: &str) -> Answer<()> {
        self.lists.lock().unwrap().retain(|list| list.info.name != name);
        Ok(())
    }

    fn suppressions(&self) -> Answer<Vec<SuppressionInfo>> {
        let rules = self.rules.lock().unwrap();
        let info = |rule: &Suppression| SuppressionInfo {
            id: rule.id(),
            rule: rule.clone(),
            hides: 0,
            fixed: false,
        };
        Ok(rules.iter().map(info).collect())
    }

    fn preview_suppression(&self, scope: &Scope) -> Answer<(u64, Vec<String>)> {
        Ok((2, vec![scope.to_string()]))
    }

    fn suppress(&self, rule: &Suppression, _: &str) -> Answer<String> {
        self.rules.lock().unwrap().push(rule.clone());
        Ok(rule.id())
    }

    fn unsuppress(&self, id: &str, _: &str) -> Answer<()> {
        self.rules.lock().unwrap().retain(|rule| rule.id() != id);
        Ok(())
    }

    fn judge(&self, _: SourceId, ids: &[String], wrong: bool, reason: &str) -> Answer<()> {
        self.tell(format!("judge {} {wrong} {reason}", ids.join(" ")));
        Ok(())
    }

    fn analyse(&self, path: &Path, name: &str) -> Answer<SourceId> {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(path).unwrap();
        self.tell(format!("analyse {} {:o}", meta.len(), meta.permissions().mode() & 0o777));
        std::fs::remove_file(path).unwrap();
        let new = NewSource { kind: SourceKind::File, name: name.into() };
        Ok(self.store.control().put_source(None, &new, 2_000).unwrap())
    }

    fn remove_source(&self, id: SourceId) -> Answer<()> {
        self.tell(format!("remove {}", id.0));
        self.store.control().remove_source(id).map_err(|_| missing("source"))
    }

    fn evidence(&self, _: SourceId, _: &str, payload: bool) -> Answer<Vec<EvidencePacket>> {
        self.tell(format!("evidence {payload}"));
        // As a program would that forgets whom it answers.
        Ok(vec![EvidencePacket {
            time: "2026-03-03T09:00:00.000000000Z".into(),
            line: "a packet".into(),
            length: 60,
            hex: "73656372657431".into(),
            layers: vec![PacketLayer {
                name: "payload".into(),
                start: 54,
                length: 7,
                fields: vec![("text".into(), "secret1".into())],
            }],
        }])
    }

    fn evidence_file(&self, _: SourceId, _: &str) -> Answer<Vec<u8>> {
        Ok(vec![0x0a, 0x0d, 0x0d, 0x0a])
    }

    fn model_changed(&self, schema: &str) {
        self.tell(format!("model of {schema}"));
    }

    fn reload(&self) -> Answer<Vec<String>> {
        Ok(Vec::new())
    }
    fn last_reload(&self) -> Option<LastReload> {
        None
    }
}
