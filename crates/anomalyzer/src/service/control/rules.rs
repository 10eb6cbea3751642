//! Rules that hide alerts, and verdicts on single ones.

use super::settings::Lists;
use super::{Controller, missing, refused, store_refused};
use crate::clock;
use anomalyzer_engine::Severity;
use anomalyzer_engine::alert::suppress::{RULES_MAX, Scope, Suppression};
use anomalyzer_engine::alert::{Feedback, Verdict};
use anomalyzer_engine::config::Prefix;
use anomalyzer_store::control::{AlertQuery, AlertRow, DocumentKind};
use anomalyzer_store::{Range, SourceId};
use anomalyzer_web::control::{Answer, SuppressionInfo};
use anomalyzer_wire::Addr;
use std::collections::HashMap;

/// Seconds that a preview looks back.
const PREVIEW_S: i64 = 7 * 86_400;
/// Titles that a preview gives.
const TITLES: usize = 10;
/// Alerts of a page, and pages that a preview looks at.
const PAGE: usize = 1_000;
const PAGES: usize = 50;

impl Controller {
    pub(super) fn rules(&self) -> Answer<Vec<SuppressionInfo>> {
        let control = self.service.store.control();
        let documents = control.documents(DocumentKind::Suppression).map_err(store_refused)?;
        let mut hides = HashMap::<String, u64>::new();
        for row in self.stored(None, true)? {
            if let Some(rule) = row.alert.suppressed {
                *hides.entry(rule).or_default() += 1;
            }
        }
        let config = self.service.loaded().config;
        let info = |rule: &Suppression| {
            let id = rule.id();
            SuppressionInfo {
                hides: hides.get(&id).copied().unwrap_or(0),
                fixed: !documents.iter().any(|document| document.name == id),
                rule: rule.clone(),
                id,
            }
        };
        Ok(config.suppress.iter().map(info).collect())
    }

    /// How many of the alerts of the last 7 days a rule would hide, and titles of some. Of alerts
    /// that the engine still holds it says so itself; older ones are judged by what is stored, and
    /// a scope that names a subject fits none of them.
    pub(super) fn preview(&self, scope: &Scope) -> Answer<(u64, Vec<String>)> {
        let now = clock::now();
        let rule = Suppression::new(scope.clone(), "a preview", Some(now), None);
        let rule = rule.map_err(refused)?;
        let held = self.service.engine.ask(move |correlator| {
            let alerts = correlator.changed_alerts(0).into_iter().map(|judged| judged.alert);
            alerts.map(|alert| (rule.hides(&alert), alert.id)).map(|(h, id)| (id, h)).collect()
        });
        let held: HashMap<String, bool> = held.map_err(|e| refused(e.to_string()))?;
        let range = Range { from: now.plus_secs(-PREVIEW_S), to: now.plus_secs(1) };
        let mut titles = Vec::new();
        let mut count = 0;
        for row in self.stored(Some(range), false)? {
            let known = held.get(&row.alert.id).filter(|_| row.source == self.service.source);
            if known.copied().unwrap_or_else(|| fits(scope, &row)) {
                count += 1;
                if titles.len() < TITLES {
                    titles.push(row.alert.title);
                }
            }
        }
        Ok((count, titles))
    }

    pub(super) fn add_rule(&self, rule: &Suppression, actor: &str) -> Answer<String> {
        let rule = Suppression::new(
            rule.scope.clone(),
            &rule.reason,
            rule.created.or_else(|| Some(clock::now())),
            rule.expires,
        )
        .map_err(refused)?;
        let _changing = self.changing();
        if self.service.loaded().config.suppress.len() >= RULES_MAX {
            return Err(refused(format!("there are {RULES_MAX} rules already; remove one")));
        }
        let id = rule.id();
        let control = self.service.store.control();
        let text = serde_json::to_string(&rule).map_err(|e| refused(e.to_string()))?;
        let kind = DocumentKind::Suppression;
        let before = control.document(kind, &id).map_err(store_refused)?.map(|d| d.version);
        control
            .put_document(kind, &id, &text, true, before, actor, clock::today())
            .map_err(store_refused)?;
        self.renew(Lists::AsTheyAre)?;
        Ok(id)
    }

    pub(super) fn drop_rule(&self, id: &str) -> Answer<()> {
        let _changing = self.changing();
        let control = self.service.store.control();
        let kind = DocumentKind::Suppression;
        if control.document(kind, id).map_err(store_refused)?.is_none() {
            let fixed = self.service.loaded().config.suppress.iter().any(|rule| rule.id() == id);
            return Err(if fixed {
                refused("this rule is in the settings file; remove it there")
            } else {
                missing("rule")
            });
        }
        control.remove_document(kind, id).map_err(store_refused)?;
        self.renew(Lists::AsTheyAre)
    }

    /// Of the running source; what is stored of others is judged by its state alone.
    pub(super) fn verdict(
        &self,
        source: SourceId,
        ids: &[String],
        false_alarm: bool,
        reason: &str,
    ) -> Answer<()> {
        if source != self.service.source {
            return Ok(());
        }
        let reason = if reason.trim().is_empty() { "called so in the console" } else { reason };
        let given = Feedback {
            verdict: Verdict::FalseAlarm,
            reason: reason.chars().take(500).collect(),
            given: Some(clock::now()),
        };
        let ids = ids.to_vec();
        let judged = self.service.engine.ask(move |correlator| {
            ids.iter().try_for_each(|id| correlator.judge(id, false_alarm.then(|| given.clone())))
        });
        match judged {
            Ok(result) => result.map_err(refused),
            Err(unanswered) => Err(refused(unanswered.to_string())),
        }
    }

    /// Stored alerts of all sources, page by page up to a limit.
    fn stored(&self, range: Option<Range>, suppressed: bool) -> Answer<Vec<AlertRow>> {
        let mut query = AlertQuery {
            source: None,
            range,
            states: Vec::new(),
            severity: Severity::Info,
            detector: None,
            address: None,
            text: None,
            incident: None,
            suppressed,
            limit: PAGE,
            cursor: None,
        };
        let mut rows = Vec::new();
        for _ in 0..PAGES {
            let page = self.service.store.control().alerts(&query).map_err(store_refused)?;
            rows.extend(page.rows);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        Ok(rows)
    }
}

/// What [`Suppression::hides`] would say, by what is stored of the alert.
fn fits(scope: &Scope, row: &AlertRow) -> bool {
    let alert = &row.alert;
    let record: serde_json::Value = serde_json::from_str(&alert.record).unwrap_or_default();
    let text = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
    let within = |net: Option<Prefix>, listed: &[Addr]| {
        net.is_none_or(|net| !listed.is_empty() && listed.iter().all(|addr| net.contains(*addr)))
    };
    let ports = || record.get("dst_ports").and_then(|ports| ports.as_array());
    let port = |port: u16| {
        ports()
            .is_some_and(|ports| matches!(ports.as_slice(), [p] if p.as_u64() == Some(port.into())))
    };
    text(&scope.detector, &alert.detector)
        && text(&scope.technique, &alert.technique)
        && within(scope.src, &alert.src)
        && within(scope.dst, &alert.dst)
        && scope.port.is_none_or(port)
        && text(&scope.name, &alert.technique)
        && scope.subject.is_none()
}
