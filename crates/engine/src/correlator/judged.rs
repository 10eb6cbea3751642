//! Alerts with what people said about them; it can change while the program goes on.

use super::Correlator;
use crate::alert::suppress::{self, Hidden, Suppression};
use crate::alert::{Alert, Feedback, Found, Judgement};
use std::collections::BTreeMap;

/// An alert, also one that is hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The alert, with the verdict on it.
    pub alert: Alert,
    /// The id of the rule that hides it.
    pub hidden_by: Option<String>,
}

impl Correlator {
    /// Alerts so far that no rule hides, ordered by first time, then id.
    pub fn alerts(&self) -> Vec<Alert> {
        self.judged().0
    }

    /// The alerts of [`Self::alerts`], and those that are told within another one: what a back-test
    /// compares.
    pub fn found(&self) -> Found {
        Found { alerts: self.alerts(), folded: self.book.folded(&|addr| self.facts.mac(addr)) }
    }

    /// Rises whenever an alert comes or grows, or a rule or verdict changes: whoever keeps alerts
    /// asks for those behind the revision that he has seen.
    pub fn revision(&self) -> u64 {
        self.book.revision()
    }

    /// Alerts that are new or different since a revision (0 gives all), hidden ones included, in
    /// order of first time, then id. A statistic that another alert explains is not given any
    /// more; the other one is, with its count.
    pub fn changed_alerts(&self, since: u64) -> Vec<Judged> {
        if since >= self.revision() {
            return Vec::new();
        }
        // A rule may hide or show any alert.
        let since = Some(since).filter(|since| *since >= self.judged_at);
        let alerts = self.book.alerts_since(since, &|addr| self.facts.mac(addr));
        let judged = alerts.into_iter().map(|mut alert| {
            alert.feedback = self.feedback(&alert.id);
            Judged { hidden_by: suppress::hider(self.rules(), &alert), alert }
        });
        judged.collect()
    }

    /// What people have said so far, beside the rules of the settings.
    pub fn judgement(&self) -> &Judgement {
        &self.carried.judgement
    }

    /// Takes rules and verdicts, in place of those before. What is too much is left out, with
    /// words.
    pub fn set_judgement(
        &mut self,
        suppressions: Vec<Suppression>,
        feedback: BTreeMap<String, Feedback>,
    ) -> Vec<String> {
        let said = &mut self.carried.judgement;
        (said.suppressions, said.feedback) = (suppressions, feedback);
        let words = said.cut();
        self.judged_anew();
        words
    }

    /// Adds a rule; one with the same scope is replaced. The error is a sentence.
    pub fn suppress(&mut self, rule: Suppression) -> Result<(), String> {
        self.carried.judgement.suppress(rule)?;
        self.judged_anew();
        Ok(())
    }

    /// Takes a rule away by its id; false when there is none.
    pub fn allow(&mut self, id: &str) -> bool {
        let gone = self.carried.judgement.allow(id);
        self.judged_anew();
        gone
    }

    /// Notes a verdict on an alert; `None` takes it back. The error is a sentence.
    pub fn judge(&mut self, alert: &str, verdict: Option<Feedback>) -> Result<(), String> {
        match verdict {
            Some(verdict) => self.carried.judgement.judge(alert, verdict)?,
            None => {
                self.carried.judgement.feedback.remove(alert);
            }
        }
        self.judged_anew();
        Ok(())
    }

    pub(super) fn judged_anew(&mut self) {
        self.judged_at = self.book.touch();
    }

    /// Alerts with what people said about them, and what their rules hide.
    pub(super) fn judged(&self) -> (Vec<Alert>, Vec<Hidden>) {
        let mut alerts = self.book.alerts(&|addr| self.facts.mac(addr));
        for alert in &mut alerts {
            alert.feedback = self.feedback(&alert.id);
        }
        let rules: Vec<Suppression> = self.rules().cloned().collect();
        suppress::apply(&rules, alerts)
    }

    fn feedback(&self, alert: &str) -> Option<Feedback> {
        self.carried.judgement.feedback.get(alert).cloned()
    }

    fn rules(&self) -> impl Iterator<Item = &Suppression> {
        self.config.suppress.iter().chain(&self.carried.judgement.suppressions)
    }
}
