//! What people have said about alerts: rules that hide some, and verdicts on single ones.
//!
//! It outlasts a run as a part of the state. A verdict hides nothing: the alert carries it, the
//! risk of its hosts and the incidents leave it out.

use super::suppress::{RULES_MAX, Scope, Suppression, TEXT_MAX};
use super::{Alert, Severity};
use anomalyzer_wire::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most verdicts.
pub const FEEDBACK_MAX: usize = 10_000;
/// Most alerts remembered, so that somebody can judge them after the run.
pub const RECENT_MAX: usize = 1_000;

/// What somebody holds of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It claims what did not happen, or what is allowed.
    #[serde(rename = "false-alarm")]
    FalseAlarm,
}

impl Verdict {
    /// Name as in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FalseAlarm => "false-alarm",
        }
    }
}

/// A verdict on an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// What it is held to be.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// When it was given.
    #[serde(rename = "given_ns", with = "crate::state::nanos", default)]
    pub given: Option<Timestamp>,
}

/// An alert of an earlier run, as far as judging it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Its id.
    pub id: String,
    /// Name of its severity.
    pub severity: String,
    /// Its title.
    pub title: String,
    /// Its last packet time.
    #[serde(rename = "last_ns", with = "crate::state::nanos", default)]
    pub last: Option<Timestamp>,
    /// What would hide exactly it.
    pub scope: Scope,
}

impl Remembered {
    fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id.clone(),
            severity: alert.severity.name().to_owned(),
            title: alert.title.clone(),
            last: Some(alert.last),
            scope: Scope::of(alert),
        }
    }

    fn claims(&self) -> bool {
        Severity::parse(&self.severity).is_some_and(|severity| severity >= Severity::Medium)
    }
}

/// Everything that people have said about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Rules that hide alerts.
    #[serde(default)]
    pub suppressions: Vec<Suppression>,
    /// Verdicts by the alert's id.
    #[serde(default)]
    pub feedback: BTreeMap<String, Feedback>,
    /// Alerts of earlier runs that can be judged, at most [`RECENT_MAX`].
    #[serde(default)]
    pub recent: Vec<Remembered>,
}

impl Judgement {
    /// True when nothing was said and no alert is remembered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a rule; one with the same scope is replaced. The error is a sentence.
    pub fn suppress(&mut self, rule: Suppression) -> Result<(), String> {
        self.suppressions.retain(|known| known.scope != rule.scope);
        if self.suppressions.len() >= RULES_MAX {
            return Err(format!("there are {RULES_MAX} rules already, remove one"));
        }
        self.suppressions.push(rule);
        Ok(())
    }

    /// Takes a rule away by its id; false when there is none.
    pub fn allow(&mut self, id: &str) -> bool {
        let before = self.suppressions.len();
        self.suppressions.retain(|rule| rule.id() != id);
        self.suppressions.len() < before
    }

    /// Notes a verdict on an alert; one that was given before is replaced. The error is a
    /// sentence.
    pub fn judge(&mut self, alert: &str, feedback: Feedback) -> Result<(), String> {
        if alert.len() != 16 || !alert.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("{alert:?} is no alert id: it has 16 hex digits"));
        }
        let length = feedback.reason.trim().chars().count();
        if length == 0 || length > TEXT_MAX {
            return Err(format!("a reason of 1 to {TEXT_MAX} characters is needed"));
        }
        if self.feedback.len() >= FEEDBACK_MAX && !self.feedback.contains_key(alert) {
            return Err(format!("there are {FEEDBACK_MAX} verdicts already, withdraw one"));
        }
        self.feedback.insert(alert.to_ascii_lowercase(), feedback);
        Ok(())
    }

    /// The alert of an earlier run with that id.
    pub fn remembered(&self, id: &str) -> Option<&Remembered> {
        self.recent.iter().find(|alert| alert.id == id)
    }

    /// Remembers alerts: of too many, statistics go first, then the oldest.
    pub fn remember(&mut self, alerts: &[Alert]) {
        let mut all: BTreeMap<String, Remembered> =
            self.recent.drain(..).map(|alert| (alert.id.clone(), alert)).collect();
        all.extend(alerts.iter().map(|alert| (alert.id.clone(), Remembered::of(alert))));
        self.recent = all.into_values().collect();
        self.recent.sort_by_key(|alert| (Reverse(alert.claims()), Reverse(alert.last)));
        self.recent.truncate(RECENT_MAX);
    }

    /// Cuts what a file holds to what may be held; says what it cut.
    pub(crate) fn cut(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        let more = self.suppressions.len().saturating_sub(RULES_MAX);
        if more > 0 {
            self.suppressions.truncate(RULES_MAX);
            words.push(format!("{more} suppressions beyond {RULES_MAX} do not count"));
        }
        let more = self.feedback.len().saturating_sub(FEEDBACK_MAX);
        if more > 0 {
            self.feedback =
                std::mem::take(&mut self.feedback).into_iter().take(FEEDBACK_MAX).collect();
            words.push(format!("{more} verdicts beyond {FEEDBACK_MAX} do not count"));
        }
        self.recent.truncate(RECENT_MAX);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::testing::{alert, at, inside, outside, stranger};
    use crate::config::Prefix;

    fn verdict(reason: &str) -> Feedback {
        Feedback { verdict: Verdict::FalseAlarm, reason: reason.into(), given: Some(at(0)) }
    }

    fn rule(n: usize) -> Suppression {
        let src = Prefix::new(stranger(n), 32);
        Suppression::new(Scope { src, ..Scope::default() }, "x", None, None).unwrap()
    }

    #[test]
    fn rules_are_added_replaced_and_taken_away() {
        let mut said = Judgement::default();
        said.suppress(rule(1)).unwrap();
        said.suppress(Suppression { reason: "y".into(), ..rule(1) }).unwrap();
        assert_eq!(said.suppressions.len(), 1);
        assert_eq!(said.suppressions[0].reason, "y");
        assert!(!said.allow("00000000"));
        assert!(said.allow(&rule(1).id()) && said.is_empty());
        (0..RULES_MAX).for_each(|n| said.suppress(rule(n)).unwrap());
        assert!(said.suppress(rule(RULES_MAX)).unwrap_err().contains("remove one"));
    }

    #[test]
    fn verdicts_are_checked() {
        let mut said = Judgement::default();
        said.judge("00112233445566AA", verdict("ours")).unwrap();
        assert_eq!(said.feedback["00112233445566aa"].reason, "ours");
        for (id, reason) in [("xyz", "r"), ("00112233445566zz", "r"), ("00112233445566aa", " ")] {
            said.judge(id, verdict(reason)).unwrap_err();
        }
    }

    #[test]
    fn alerts_are_remembered_attacks_before_statistics_and_new_before_old() {
        let mut said = Judgement::default();
        let mut alerts = Vec::new();
        for (_, second) in (0..RECENT_MAX).zip(10_000_i64..) {
            let mut low = alert("noisy-host", inside(1), inside(2), second);
            low.severity = Severity::Low;
            alerts.push(low);
        }
        said.remember(&alerts);
        said.remember(&[alert("port-scan", outside(1), inside(2), 0)]);
        assert_eq!(said.recent.len(), RECENT_MAX);
        assert!(said.recent[0].id.starts_with("port-scan"));
        assert!(said.recent[1..].is_sorted_by(|a, b| a.last >= b.last));
        // Grown alerts replace what was remembered of them.
        let mut grown = alert("port-scan", outside(1), inside(2), 0);
        grown.title = "larger".into();
        said.remember(&[grown]);
        assert_eq!(said.recent.iter().filter(|a| a.title == "larger").count(), 1);
        assert_eq!(said.recent.len(), RECENT_MAX);
    }

    #[test]
    fn too_much_in_a_file_is_cut_with_words() {
        let mut said = Judgement {
            suppressions: vec![rule(1); RULES_MAX + 2],
            feedback: (0..FEEDBACK_MAX + 3).map(|n| (n.to_string(), verdict("x"))).collect(),
            ..Judgement::default()
        };
        let words = said.cut();
        assert_eq!(words.len(), 2);
        assert!(words[0].starts_with("2 suppressions") && words[1].starts_with("3 verdicts"));
        assert_eq!((said.suppressions.len(), said.feedback.len()), (RULES_MAX, FEEDBACK_MAX));
    }
}
