//! `attack-model`: hosts whose flows look like those of attacks, by a supervised model.
//!
//! The scores are made by the workers when a flow ends; here they are added up by source.

use super::suspicious::{HOSTS, Rule, Sources, Suspect, Words};
use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::observation::{Kinds, Observation, Seen};

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "attack-model",
    summary: "Hosts whose flows look like attacks to a trained model",
    about: include_str!("about.md"),
    advice: "Read the reasons and look at the flows; label them as attack or as normal, and train \
             a model on your own network.",
    severity: Severity::Low,
    techniques: &[],
    attack: &[],
    sees: Kinds::FLOW_ENDED,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: HOSTS,
    build: |section, seed| Box::new(AttackModel::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 600.0,
        min: 10.0,
        max: 86_400.0,
        about: "Flows of a host are added up within this time: as long as an alert stays open.",
    },
    Setting {
        key: "flows",
        unit: Unit::Count,
        default: 10.0,
        min: 2.0,
        max: 100_000.0,
        about: "Suspicious flows of one host within the window: a model trained for one false \
                alarm in a hundred flows gives ten by chance only to a host of a thousand flows.",
    },
    Setting {
        key: "share",
        unit: Unit::Ratio,
        default: 0.5,
        min: 0.0,
        max: 1.0,
        about: "Share of suspicious flows among those of the host that were scored: a busy host \
                has some by chance, a host that attacks has little else.",
    },
];

struct AttackModel {
    rule: Rule,
    sources: Sources,
}

impl AttackModel {
    fn new(section: &Section, seed: u64) -> Self {
        Self { rule: rule(section), sources: Sources::new(seed) }
    }
}

fn rule(section: &Section) -> Rule {
    let values = &section.values;
    Rule {
        window: values.nanos("window").max(1),
        flows: values.count("flows"),
        share: values.number("share"),
    }
}

impl Detector for AttackModel {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        let Observation::FlowEnded(record) = &seen.what else { return };
        let Some(score) = &record.score else { return };
        let suspicion = score.suspicion.as_deref();
        let words = Words {
            detector: SPEC.id,
            model: suspicion.map_or("", |s| &s.model),
            threshold: suspicion.map_or(0.0, |s| s.threshold),
            like: "like attacks",
            meaning: "The model has learned from labelled flows what attacks look like.",
            attack: 0.4,
        };
        let reasons = || suspicion.map_or_else(Vec::new, |s| s.reasons.clone());
        let suspect = Suspect { record, score: score.probability, reasons: &reasons };
        let suspect = suspicion.is_some().then_some(&suspect);
        let found = self.sources.flow(seen.time, self.rule, words, record.tuple.src, suspect);
        if let Some(finding) = found {
            out.report(finding);
        }
    }

    fn entries(&self) -> usize {
        self.sources.len()
    }

    fn evictions(&self) -> u64 {
        self.sources.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.rule = rule(section);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Script, ip, record, tcp};
    use crate::flow::ConnState;
    use crate::score::{FlowScore, Suspicion};

    /// A scored flow of a host; suspicious or not.
    fn flow(script: &mut Script, src: &str, port: u16, suspicious: bool) {
        let mut record =
            record(tcp(ip(src), 40_000, ip("10.0.0.2"), port), script.now(), ConnState::Sf);
        let suspicion = suspicious.then(|| {
            let reasons = vec!["psh_flag_count is 40 (usual: 0 to 12)".to_owned()];
            Box::new(Suspicion { model: "0123456789ab".into(), threshold: 0.5, reasons })
        });
        let probability = if suspicious { 0.9 } else { 0.1 };
        record.score = Some(FlowScore { probability, suspicion });
        script.see(Observation::FlowEnded(Box::new(record))).pass(1.0);
    }

    #[test]
    fn many_suspicious_flows_of_a_host_are_one_finding_with_reasons() {
        let mut script = Script::new(&SPEC);
        (0..30).for_each(|port| flow(&mut script, "10.0.0.9", port, true));
        let findings = script.findings();
        assert_eq!(findings[0].count, 10);
        let last = findings.last().unwrap();
        assert!(findings.iter().all(|f| f.subject == last.subject) && findings.len() < 10);
        assert_eq!(last.technique, "0123456789ab");
        assert!(last.explanation.contains("psh_flag_count is 40"), "{}", last.explanation);
        assert_eq!(last.src, [ip("10.0.0.9")]);
    }

    #[test]
    fn a_few_or_a_small_share_or_many_hosts_are_quiet() {
        let mut script = Script::new(&SPEC);
        (0..9).for_each(|port| flow(&mut script, "10.0.0.9", port, true));
        for n in 0..60 {
            flow(&mut script, "10.0.0.8", n, n % 3 == 0);
            flow(&mut script, &format!("10.0.1.{n}"), n, true);
        }
        assert_eq!(script.finish(), []);
    }

    #[test]
    fn flows_outside_of_the_window_do_not_add_up() {
        let mut script = Script::new(&SPEC);
        for n in 0..40 {
            flow(&mut script, "10.0.0.9", n, true);
            script.pass(100.0);
        }
        assert_eq!(script.finish(), []);
    }

    #[test]
    fn sources_are_bounded() {
        let mut script = Script::new(&SPEC);
        for n in 0..20_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            flow(&mut script, &format!("10.{b}.{c}.{d}"), 80, true);
        }
        assert!(script.detector().entries() <= SPEC.max_entries);
    }
}
