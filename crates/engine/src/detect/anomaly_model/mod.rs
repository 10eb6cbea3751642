//! `anomaly-model`: hosts whose flows are unlike those that this network usually has.
//!
//! Unsupervised: an isolation forest over a sample of the site's own flows. What is learned depends
//! on packet times and flows alone, so the same input gives the same model. It is scored here and
//! not in the workers: they run ahead of the correlator by an amount that nobody knows, so a model
//! that comes about within the run could not reach them all at the same flow.

mod learned;
mod profile;
mod sample;

use super::suspicious::{HOSTS, Rule, Sources, Suspect, Words};
use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::FlowRecord;
use crate::observation::{Kinds, Observation, Seen};
use crate::{score, text};
use anomalyzer_wire::Timestamp;
use learned::Learned;
use profile::Profile;
use sample::{ROWS, Sample, Values, values};

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "anomaly-model",
    summary: "Hosts whose flows are unlike those of this network",
    about: include_str!("about.md"),
    advice: "Read what is odd about the flows; if a new program explains them, the model learns \
             them with its next refresh.",
    severity: Severity::Low,
    techniques: &[],
    attack: &[],
    sees: Kinds::FLOW_ENDED,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: HOSTS + ROWS,
    build: |section, seed| Box::new(AnomalyModel::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "learn",
        unit: Unit::Seconds,
        default: 14_400.0,
        min: 60.0,
        max: 2_592_000.0,
        about: "Packet time from the first flow to the first model: half a working day.",
    },
    Setting {
        key: "refresh",
        unit: Unit::Seconds,
        default: 86_400.0,
        min: 60.0,
        max: 31_536_000.0,
        about: "Packet time after which a new model takes the place of the present one, learned \
                from the flows since: a day holds day and night.",
    },
    Setting {
        key: "rows",
        unit: Unit::Count,
        default: 500.0,
        min: 100.0,
        max: 4_000.0,
        about: "Flows that a model is learned from at least: each tree takes 256 of them.",
    },
    Setting {
        key: "rate",
        unit: Unit::Ratio,
        default: 0.005,
        min: 0.0001,
        max: 0.2,
        about: "Share of the site's usual flows that may count as odd; the threshold follows from \
                it.",
    },
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
        about: "Odd flows of one host within the window; by chance, at the default rate, that \
                many take two thousand flows.",
    },
    Setting {
        key: "share",
        unit: Unit::Ratio,
        default: 0.5,
        min: 0.0,
        max: 1.0,
        about: "Share of odd flows among those of the host that were scored.",
    },
    Setting {
        key: "drift",
        unit: Unit::Ratio,
        default: 0.25,
        min: 0.05,
        max: 10.0,
        about: "Population stability index of a feature from which the network counts as changed \
                since the model was learned: the usual limit for a major shift.",
    },
];

/// The settings.
struct Limits {
    learn: i64,
    refresh: i64,
    rows: usize,
    rate: f64,
    rule: Rule,
    drift: f64,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let v = &section.values;
        Self {
            learn: v.nanos("learn").max(1),
            refresh: v.nanos("refresh").max(1),
            rows: usize::try_from(v.count("rows")).unwrap_or(usize::MAX).min(ROWS),
            rate: v.number("rate"),
            rule: Rule {
                window: v.nanos("window").max(1),
                flows: v.count("flows"),
                share: v.number("share"),
            },
            drift: v.number("drift"),
        }
    }
}

struct AnomalyModel {
    limits: Limits,
    sources: Sources,
    sample: Sample,
    learned: Option<Learned>,
    /// When the next model is due; `None` before the first flow.
    due: Option<Timestamp>,
    /// Since the model was learned.
    since: Since,
}

/// What came since the model was learned.
#[derive(Default)]
struct Since {
    scored: u64,
    odd: u64,
    profile: Profile,
}

impl AnomalyModel {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            limits: Limits::new(section),
            sources: Sources::new(seed),
            sample: Sample::default(),
            learned: None,
            due: None,
            since: Since::default(),
        }
    }

    fn flow(&mut self, now: Timestamp, record: &FlowRecord, out: &mut Reporter<'_>) {
        let values = values(&score::row(record, &record.features.vector()));
        if self.due.is_none() {
            self.due(now.plus_nanos(self.period()), out);
        }
        self.sample.offer(record.tuple.src, record.tuple.dst, &values);
        if let Some(finding) = self.judge(now, record, &values) {
            out.report(finding);
        }
    }

    const fn period(&self) -> i64 {
        if self.learned.is_some() { self.limits.refresh } else { self.limits.learn }
    }

    fn due(&mut self, at: Timestamp, out: &mut Reporter<'_>) {
        self.due = Some(at);
        out.wake_at(at);
    }

    fn judge(&mut self, now: Timestamp, record: &FlowRecord, values: &Values) -> Option<Finding> {
        let learned = self.learned.as_ref()?;
        let (score, odd) = learned.score(values);
        self.since.scored += 1;
        self.since.odd += u64::from(odd);
        self.since.profile.add(values);
        let words = Words {
            detector: SPEC.id,
            model: learned.id(),
            threshold: learned.threshold(),
            like: "odd for this network",
            meaning: "The model has learned from this network's own flows what is usual.",
            attack: 0.3,
        };
        let reasons = || learned.reasons(values);
        let suspect = Suspect { record, score, reasons: &reasons };
        let src = record.tuple.src;
        self.sources.flow(now, self.limits.rule, words, src, odd.then_some(&suspect))
    }

    /// Learns anew from the flows since the last time, but for those of hosts under suspicion.
    fn learn(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        let rows = self.sample.without(&out.suspects());
        let learned = (rows.len() >= self.limits.rows)
            .then(|| Learned::from(&rows, self.limits.rate, now))
            .flatten();
        if let Some(learned) = learned {
            if let Some(finding) = self.drifted(now) {
                out.report(finding);
            }
            self.learned = Some(learned);
            self.since = Since::default();
            self.sample = Sample::default();
        }
        // Too few flows, or none but of suspects: those there are stay, and more come.
        let at = now.plus_nanos(self.period());
        self.due(at, out);
    }

    /// What changed most since the model was learned.
    fn drift(&self) -> Option<(&'static str, f64)> {
        let learned = self.learned.as_ref()?;
        if self.since.scored < self.limits.rows as u64 {
            return None;
        }
        let shifts = self.since.profile.shifts(learned.profile());
        shifts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn drifted(&self, now: Timestamp) -> Option<Finding> {
        let (name, psi) = self.drift().filter(|(_, psi)| *psi >= self.limits.drift)?;
        let learned = self.learned.as_ref()?;
        let share = self.since.odd as f64 / self.since.scored.max(1) as f64;
        Some(Finding {
            detector: SPEC.id,
            technique: "drift".to_owned(),
            subject: Subject { other: "drift".to_owned(), ..Subject::default() },
            severity: Some(Severity::Info),
            confidence: 0.9,
            title: "The network's flows have changed since the anomaly model was learned".into(),
            explanation: format!(
                "Of {} since the model was learned, {:.1} % were odd to it where {:.1} % were \
                 expected; {name} has shifted most (population stability index {psi:.2}). The \
                 model was learned anew.",
                text::counted(self.since.scored, "flow"),
                share * 100.0,
                self.limits.rate * 100.0,
            ),
            src: Vec::new(),
            src_count: Tally::default(),
            dst: Vec::new(),
            dst_count: Tally::default(),
            dst_ports: Vec::new(),
            dst_port_count: Tally::default(),
            first: learned.at(),
            last: now,
            count: self.since.scored,
            evidence: vec![
                Evidence {
                    threshold: Some(self.limits.drift),
                    ..Evidence::value("population_stability_index", psi)
                },
                Evidence {
                    threshold: Some(self.limits.rate),
                    ..Evidence::value("odd_share", share)
                },
            ],
            flows: Vec::new(),
        })
    }
}

impl Detector for AnomalyModel {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::FlowEnded(record) = &seen.what
            && score::is_scored(record)
        {
            self.flow(seen.time, record, out);
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        match self.due {
            Some(due) if now < due => out.wake_at(due),
            Some(_) => self.learn(now, out),
            None => {}
        }
    }

    fn entries(&self) -> usize {
        self.sources.len() + self.sample.len()
    }

    fn evictions(&self) -> u64 {
        self.sources.evictions()
    }

    fn save(&self) -> Option<serde_json::Value> {
        self.learned.as_ref()?.save()
    }

    fn restore(&mut self, saved: &serde_json::Value) -> Result<(), String> {
        self.learned = Some(Learned::restore(saved)?);
        Ok(())
    }

    fn status(&self) -> Option<serde_json::Value> {
        let shifts: serde_json::Map<String, serde_json::Value> =
            self.learned.as_ref().map_or_else(serde_json::Map::new, |learned| {
                let shifts = self.since.profile.shifts(learned.profile());
                shifts.into_iter().map(|(name, psi)| (name.to_owned(), psi.into())).collect()
            });
        Some(serde_json::json!({
            "model": self.learned.as_ref().map(Learned::id),
            "learned": self.learned.as_ref().map(|learned| learned.at().to_string()),
            "next": self.due.map(|due| due.to_string()),
            "sample": self.sample.len(),
            "sample_needed": self.limits.rows,
            "scored": self.since.scored,
            "odd": self.since.odd,
            "odd_expected": self.limits.rate,
            "population_stability_index": shifts,
        }))
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

#[cfg(test)]
mod tests;
