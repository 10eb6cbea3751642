//! Other settings for a program that goes on.

use super::{Correlator, Running, by_kind};
use crate::config::Config;
use crate::detect::DETECTORS;
use std::sync::Arc;

/// What new settings changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconfigured {
    /// Detectors with other settings from now on, those switched on or off included.
    pub detectors: Vec<&'static str>,
    /// Keys that hold only after the next start, because workers or tables were made with the
    /// values before: those that [`Config::needs_restart`] names.
    pub restart: Vec<String>,
    /// What a detector could not take over, in words.
    pub warnings: Vec<String>,
}

impl Correlator {
    /// Takes other settings, between two epochs. Alerts stay. A detector whose settings changed
    /// keeps what it has learned; one that is switched off leaves it behind, and takes it up again
    /// when it is switched on. Those of keyword and threat lists are not looked at: lists come by
    /// themselves.
    pub fn reconfigure(&mut self, config: &Arc<Config>) -> Reconfigured {
        let mut told = Reconfigured {
            restart: self
                .config
                .differences(config)
                .filter(|key| Config::needs_restart(key))
                .collect(),
            ..Reconfigured::default()
        };
        let mut before = std::mem::take(&mut self.running);
        for (at, spec) in DETECTORS.iter().enumerate() {
            let Some(section) = config.detect.get(at) else { continue };
            let running =
                before.iter().position(|r| r.spec.id == spec.id).map(|i| before.remove(i));
            match (running, section.enabled) {
                (Some(running), true) if running.section == *section => self.running.push(running),
                (Some(mut running), true) => {
                    running.detector.reconfigure(section);
                    running.section = section.clone();
                    self.running.push(running);
                    told.detectors.push(spec.id);
                }
                (Some(running), false) => {
                    if let Some(part) = running.detector.save() {
                        self.carried.detectors.insert(spec.id.to_owned(), part);
                    }
                    told.detectors.push(spec.id);
                }
                (None, true) => {
                    let detector = (spec.build)(section, self.seed);
                    let mut running =
                        Running { spec, section: section.clone(), detector, wake: None };
                    let part = self.carried.detectors.remove(spec.id);
                    told.warnings.extend(part.and_then(|part| running.restore(&part, self.seed)));
                    self.running.push(running);
                    told.detectors.push(spec.id);
                }
                (None, false) => {}
            }
        }
        self.by_kind = by_kind(&self.running);
        self.book.set_capacity(config.limits.alerts);
        self.config = Arc::clone(config);
        self.judged_anew();
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Subject, Tally};
    use anomalyzer_wire::{Addr, Timestamp};
    use serde_json::json;

    fn with(keys: &[(&str, &str)]) -> Arc<Config> {
        let mut config = Config::default();
        for (key, value) in keys {
            config.set(key, value).unwrap();
        }
        Arc::new(config)
    }

    fn enter(correlator: &mut Correlator, n: u8) {
        let src = Addr::v4([10, 0, 0, n]);
        let finding = Finding {
            detector: "port-scan",
            technique: "syn".into(),
            subject: Subject { src: Some(src), ..Subject::default() },
            severity: None,
            confidence: 0.9,
            title: "things".into(),
            explanation: "seen".into(),
            src: vec![src],
            src_count: Tally::exact(1),
            dst: Vec::new(),
            dst_count: Tally::default(),
            dst_ports: Vec::new(),
            dst_port_count: Tally::default(),
            first: Timestamp::default(),
            last: Timestamp::default(),
            count: 1,
            evidence: Vec::new(),
            flows: Vec::new(),
        };
        let running = correlator.running.iter().find(|r| r.spec.id == "port-scan").unwrap();
        correlator.book.enter(finding, running.spec, &running.section);
    }

    #[test]
    fn alerts_and_what_was_learned_stay() {
        let mut correlator = Correlator::new(&with(&[]), 5).live();
        enter(&mut correlator, 1);
        let seen = correlator.revision();
        let other = with(&[
            ("port-scan.ports", "33"),
            ("flood.enabled", "false"),
            ("limits.flows", "2048"),
        ]);
        let told = correlator.reconfigure(&other);
        assert_eq!(told.detectors, ["port-scan", "flood"]);
        assert_eq!(told.restart, ["limits.flows"]);
        assert_eq!(correlator.alerts().len(), 1);
        assert!(correlator.revision() > seen);
        assert!(correlator.detector_entries().iter().all(|(id, ..)| *id != "flood"));
        correlator.carried.detectors.insert("flood".into(), json!({"damaged": true}));
        let told = correlator.reconfigure(&with(&[]));
        assert_eq!(told.detectors, ["port-scan", "flood"]);
        assert_eq!(correlator.running.len(), DETECTORS.len());
        let order: Vec<&str> = correlator.running.iter().map(|r| r.spec.id).collect();
        assert!(order.iter().eq(DETECTORS.iter().map(|spec| &spec.id)));
        assert_eq!(correlator.reconfigure(&with(&[])), Reconfigured::default());
    }

    #[test]
    fn only_changed_alerts_are_given_and_rules_change_them_all() {
        use crate::alert::suppress::{Scope, Suppression};
        let mut correlator = Correlator::new(&with(&[]), 5);
        enter(&mut correlator, 1);
        let seen = correlator.revision();
        assert_eq!(correlator.changed_alerts(0).len(), 1);
        assert!(correlator.changed_alerts(seen).is_empty());
        enter(&mut correlator, 2);
        let changed = correlator.changed_alerts(seen);
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].hidden_by, None);
        let seen = correlator.revision();
        let scope = Scope { detector: Some("port-scan".into()), ..Scope::default() };
        let rule = Suppression::new(scope, "ours", None, None).unwrap();
        correlator.suppress(rule.clone()).unwrap();
        let hidden = correlator.changed_alerts(seen);
        assert!(hidden.iter().all(|j| j.hidden_by == Some(rule.id())) && hidden.len() == 2);
        assert!(correlator.allow(&rule.id()));
        assert_eq!(correlator.alerts().len(), 2);
    }
}
