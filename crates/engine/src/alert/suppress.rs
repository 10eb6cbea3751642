//! Suppressions: alerts that the site does not want to see, with a reason.
//!
//! A rule hides an alert only when everything that the rule names fits the whole alert: a rule
//! about one source does not hide an attack in which that source is one of many. What is hidden is
//! counted for each rule and told. Rules are applied when somebody reads, so an alert comes back as
//! soon as its rule is gone or has expired; detectors never know of them.

use super::Alert;
use crate::config::Prefix;
use crate::detect::DETECTORS;
use crate::text::{self, edit_distance};
use anomalyzer_wire::{Addr, Timestamp};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use std::fmt;

/// Most rules; each is held against each alert when somebody reads.
pub const RULES_MAX: usize = 1_000;
/// Most characters of a reason, and of a name in a scope.
pub const TEXT_MAX: usize = 500;

/// Which alerts a rule hides: those that fit all of what is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// A condition of a later version that is not understood must not be left out: the rule would hide
// more than it was made for.
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Detector id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<String>,
    /// Technique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technique: Option<String>,
    /// Network that all sources are in, as far as they are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src: Option<Prefix>,
    /// Network that all destinations are in, as far as they are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst: Option<Prefix>,
    /// The only port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Name of a keyword list, threat list or whatever else the subject names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// [`subject_id`] of the alert: this detector and subject and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A rule that hides alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Which alerts.
    pub scope: Scope,
    /// Why they need not be seen.
    pub reason: String,
    /// When it was made.
    #[serde(rename = "created_ns", with = "crate::state::nanos", default)]
    pub created: Option<Timestamp>,
    /// Alerts that go on beyond this are shown again.
    #[serde(rename = "expires_ns", with = "crate::state::nanos", default)]
    pub expires: Option<Timestamp>,
}

/// What a rule hid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Id of the rule.
    pub rule: String,
    /// Its scope in words.
    pub scope: String,
    /// Its reason.
    pub reason: String,
    /// How many alerts it hid.
    pub alerts: u64,
}

impl Suppression {
    /// Checks what somebody wrote. The error is a sentence.
    pub fn new(
        scope: Scope,
        reason: &str,
        created: Option<Timestamp>,
        expires: Option<Timestamp>,
    ) -> Result<Self, String> {
        scope.check()?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > TEXT_MAX {
            return Err(format!("a reason of 1 to {TEXT_MAX} characters is needed"));
        }
        Ok(Self { scope, reason: reason.to_owned(), created, expires })
    }

    /// Eight hex digits that stand for the scope: a rule with the same scope replaces this one.
    pub fn id(&self) -> String {
        hex(&self.scope.to_string(), 4)
    }

    /// True when the rule hides the alert.
    pub fn hides(&self, alert: &Alert) -> bool {
        self.expires.is_none_or(|expires| alert.last <= expires) && self.scope.fits(alert)
    }
}

impl Scope {
    /// The narrowest scope that hides the alert: its detector and subject, in words and exact.
    pub fn of(alert: &Alert) -> Self {
        let host = |addr: Addr| Prefix::new(addr, if addr.is_v4() { 32 } else { 128 });
        Self {
            detector: Some(alert.detector.to_owned()),
            technique: None,
            src: sole(alert.subject.src, &alert.src).and_then(host),
            dst: sole(alert.subject.dst, &alert.dst).and_then(host),
            port: alert.subject.port,
            name: Some(alert.subject.other.clone()).filter(|name| !name.is_empty()),
            subject: Some(subject_id(alert)),
        }
    }

    /// What is given: key and value, in the order of the record.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let parts = [
            ("detector", self.detector.clone()),
            ("technique", self.technique.clone()),
            ("src", self.src.map(|prefix| prefix.to_string())),
            ("dst", self.dst.map(|prefix| prefix.to_string())),
            ("port", self.port.map(|port| port.to_string())),
            ("name", self.name.clone()),
            ("subject", self.subject.clone()),
        ];
        parts.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    fn check(&self) -> Result<(), String> {
        let parts = self.parts();
        if parts.is_empty() {
            return Err("it names nothing, so it would hide every alert".to_owned());
        }
        if let Some((key, _)) = parts.iter().find(|(_, text)| text.chars().count() > TEXT_MAX) {
            return Err(format!("`{key}` is longer than {TEXT_MAX} characters"));
        }
        let known = |id: &String| DETECTORS.iter().any(|spec| spec.id == id);
        match &self.detector {
            Some(id) if !known(id) => {
                let near = DETECTORS.iter().map(|spec| (edit_distance(id, spec.id), spec.id)).min();
                let hint = near.filter(|(d, k)| *d <= 1 + k.len() / 4);
                let hint = hint.map_or(String::new(), |(_, k)| format!("; did you mean `{k}`?"));
                Err(format!("no detector is called `{id}`{hint}"))
            }
            _ => Ok(()),
        }
    }

    fn fits(&self, alert: &Alert) -> bool {
        let subject = &alert.subject;
        let text = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        text(&self.detector, alert.detector)
            && text(&self.technique, &alert.technique)
            && self.src.is_none_or(|net| within(net, subject.src, &alert.src))
            && self.dst.is_none_or(|net| within(net, subject.dst, &alert.dst))
            && self.port.is_none_or(|port| only_port(alert, port))
            && self
                .name
                .as_deref()
                .is_none_or(|name| name == subject.other || name == alert.technique)
            && self.subject.as_deref().is_none_or(|id| id == subject_id(alert))
    }
}

/// True when all addresses that the alert lists are in the network; without any, the one that it
/// is about.
fn within(net: Prefix, about: Option<Addr>, listed: &[Addr]) -> bool {
    if listed.is_empty() {
        return about.is_some_and(|addr| net.contains(addr));
    }
    listed.iter().all(|addr| net.contains(*addr))
}

/// The address that an alert is about, when it lists no other.
pub(super) fn sole(about: Option<Addr>, listed: &[Addr]) -> Option<Addr> {
    about.filter(|about| listed.iter().all(|addr| addr == about))
}

fn only_port(alert: &Alert, port: u16) -> bool {
    let listed = alert.dst_port_count.value <= 1 && alert.dst_ports.as_slice() == [port];
    alert.subject.port.map_or(listed, |about| about == port)
}

/// Sixteen hex digits that stand for an alert's detector and subject.
pub fn subject_id(alert: &Alert) -> String {
    let subject = &alert.subject;
    let addr = |addr: Option<Addr>| addr.map_or(String::new(), |addr| addr.to_string());
    let port = subject.port.map_or(String::new(), |port| port.to_string());
    let text = [alert.detector, &addr(subject.src), &addr(subject.dst), &port, &subject.other];
    hex(&text.join("\n"), 8)
}

fn hex(text: &str, bytes: usize) -> String {
    let digest: [u8; 20] = Sha1::digest(text).into();
    text::hex(digest.get(..bytes).unwrap_or_default())
}

/// `detector port-scan, src 10.0.0.5/32`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (key, value)) in self.parts().iter().enumerate() {
            write!(f, "{}{key} {value}", if nth > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// When a rule ends: an RFC 3339 time or date, or a time from its making such as `30d`. The error
/// is a sentence.
pub fn expiry(text: &str, created: Option<Timestamp>) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(time) = Timestamp::parse(text) {
        return Ok(time);
    }
    let wrong = || {
        format!(
            "{text:?} is no time such as 2027-01-31T12:00:00Z and no duration such as 30d or 12h"
        )
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    let created = created.ok_or("a duration needs the time of making, `created`")?;
    Ok(created.plus_secs(i64::from(number).saturating_mul(unit)))
}

/// The id of the first rule that hides the alert.
pub(crate) fn hider<'a>(
    mut rules: impl Iterator<Item = &'a Suppression>,
    alert: &Alert,
) -> Option<String> {
    rules.find(|rule| rule.hides(alert)).map(Suppression::id)
}

/// Leaves out the alerts that a rule hides, each counted for the first rule that does.
pub(crate) fn apply(rules: &[Suppression], alerts: Vec<Alert>) -> (Vec<Alert>, Vec<Hidden>) {
    if rules.is_empty() {
        return (alerts, Vec::new());
    }
    let mut counts = vec![0_u64; rules.len()];
    let shown = alerts
        .into_iter()
        .filter(|alert| {
            let by = rules.iter().position(|rule| rule.hides(alert));
            by.and_then(|at| counts.get_mut(at)).map(|count| *count += 1).is_none()
        })
        .collect();
    let hidden = rules.iter().zip(counts).filter(|(_, alerts)| *alerts > 0);
    let hidden = hidden.map(|(rule, alerts)| Hidden {
        rule: rule.id(),
        scope: rule.scope.to_string(),
        reason: rule.reason.clone(),
        alerts,
    });
    (shown, hidden.collect())
}

#[cfg(test)]
#[path = "suppress_tests.rs"]
mod tests;
