//! Whether the alerts of a capture are what its label asks for.

use super::truth::{Labelled, expected};
use serde_json::Value;
use std::net::IpAddr;

/// What is read of an alert record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alert {
    pub(crate) detector: String,
    pub(crate) severity: String,
    pub(crate) title: String,
    pub(crate) src: Vec<IpAddr>,
    pub(crate) dst: Vec<IpAddr>,
}

/// The judgement on one capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An attack was found as required; the title of the alert.
    Found(String),
    /// A required attack was not found; why.
    Missed(String),
    /// An attack whose kind is not required today; the title when it was found.
    NotRequired(Option<String>),
    /// Benign, and no alert at medium or above.
    Quiet,
    /// Benign, but there are alerts at medium or above: their titles.
    FalseAlarm(Vec<String>),
    /// Benign, looks like an attack: apart; titles of alerts at medium or above.
    Hard(Vec<String>),
    /// The program failed.
    Failed(String),
}

/// True when a keyword names the attacker or the victim of an attack at medium or above.
pub(crate) fn has_keyword(label: &Labelled, alerts: &[Alert]) -> bool {
    let involved = |a: &Alert| {
        let mut hosts = a.src.iter().chain(&a.dst);
        hosts.any(|host| label.attacker.covers(*host) || label.victim.covers(*host))
    };
    label.attack
        && alerts.iter().any(|a| a.detector == "keyword" && a.claims_attack() && involved(a))
}

/// Judges the alerts of a capture.
pub(crate) fn judge(label: &Labelled, alerts: &[Alert]) -> Verdict {
    let claims: Vec<&Alert> = alerts.iter().filter(|a| a.claims_attack()).collect();
    let titles = || claims.iter().map(|a| format!("{}: {}", a.detector, a.title)).collect();
    if !label.attack {
        return match (label.is_hard(), claims.is_empty()) {
            (true, _) => Verdict::Hard(titles()),
            (false, true) => Verdict::Quiet,
            (false, false) => Verdict::FalseAlarm(titles()),
        };
    }
    let (detector, required) = expected(&label.kind).unwrap_or(("", false));
    let right: Vec<&&Alert> = claims.iter().filter(|a| a.detector == detector).collect();
    let found = right.iter().find(|a| a.names(label)).map(|a| a.title.clone());
    match (found, required) {
        (Some(title), true) => Verdict::Found(title),
        (found, false) => Verdict::NotRequired(found),
        (None, true) if right.is_empty() => {
            let others: Vec<String> = titles();
            let seen = if others.is_empty() { "nothing".into() } else { others.join("; ") };
            Verdict::Missed(format!("no {detector} alert; seen: {seen}"))
        }
        (None, true) => {
            let titles: Vec<&str> = right.iter().map(|a| a.title.as_str()).collect();
            Verdict::Missed(format!("wrong hosts: {}", titles.join("; ")))
        }
    }
}

impl Alert {
    /// Reads a line of NDJSON.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("{e}: {line}"))?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let addresses = |key: &str| {
            let list = value[key].as_array().into_iter().flatten();
            list.filter_map(|a| a.as_str()?.parse().ok()).collect()
        };
        Ok(Self {
            detector: text("detector"),
            severity: text("severity"),
            title: text("title"),
            src: addresses("src"),
            dst: addresses("dst"),
        })
    }

    /// The same of an alert of this process.
    pub(crate) fn of(alert: &anomalyzer_engine::Alert) -> Self {
        let ips = |list: &[anomalyzer_wire::Addr]| list.iter().map(|a| a.ip()).collect();
        Self {
            detector: alert.detector.to_owned(),
            severity: alert.severity.name().to_owned(),
            title: alert.title.clone(),
            src: ips(&alert.src),
            dst: ips(&alert.dst),
        }
    }

    /// Medium and above claim an attack; the rest are statistics.
    pub(super) fn claims_attack(&self) -> bool {
        matches!(self.severity.as_str(), "medium" | "high" | "critical")
    }

    /// Names the attacker or, where the label knows no single one, the victim.
    pub(super) fn names(&self, label: &Labelled) -> bool {
        if label.attacker.is_host() {
            self.src.iter().any(|a| label.attacker.covers(*a))
        } else {
            self.dst.iter().any(|a| label.victim.covers(*a))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::truth::Subject;

    fn label(attack: bool, kind: &str, attacker: &str, victim: &str, notes: &str) -> Labelled {
        Labelled {
            file: "x".into(),
            kind: kind.into(),
            attack,
            attacker: Subject::parse(attacker),
            victim: Subject::parse(victim),
            notes: notes.into(),
        }
    }

    fn alert(detector: &str, severity: &str, src: &str, dst: &str) -> Alert {
        let line = format!(
            r#"{{"detector":"{detector}","severity":"{severity}","title":"T","src":["{src}"],"dst":["{dst}"]}}"#
        );
        Alert::parse(&line).unwrap()
    }

    #[test]
    fn attacks_need_the_right_detector_severity_and_host() {
        let scan = label(true, "portscan-syn", "192.0.2.1", "192.0.2.2", "");
        let check = |alert: Alert, found: bool| {
            let verdict = judge(&scan, &[alert]);
            assert_eq!(matches!(verdict, Verdict::Found(_)), found, "{verdict:?}");
        };
        check(alert("port-scan", "medium", "192.0.2.1", "192.0.2.2"), true);
        check(alert("port-scan", "low", "192.0.2.1", "192.0.2.2"), false);
        check(alert("flood", "high", "192.0.2.1", "192.0.2.2"), false);
        check(alert("port-scan", "high", "192.0.2.2", "192.0.2.1"), false);
        let spoofed = label(true, "ddos-synflood", "spoofed", "10.0.0.0/8", "");
        let found = judge(&spoofed, &[alert("ddos", "high", "192.0.2.9", "10.1.1.1")]);
        assert_eq!(found, Verdict::Found("T".into()));
        let apart = label(true, "c2", "192.0.2.1", "192.0.2.2", "");
        assert_eq!(judge(&apart, &[]), Verdict::NotRequired(None));
        let beacon = label(true, "beacon", "192.0.2.1", "192.0.2.2", "");
        assert!(matches!(judge(&beacon, &[]), Verdict::Missed(_)));
    }

    #[test]
    fn benign_files_stay_quiet() {
        let benign = |notes| label(false, "web", "", "", notes);
        let high = || alert("flood", "high", "192.0.2.1", "192.0.2.2");
        let low = alert("rare-port", "low", "192.0.2.1", "192.0.2.2");
        assert_eq!(judge(&benign(""), &[low]), Verdict::Quiet);
        assert_eq!(judge(&benign(""), &[high()]), Verdict::FalseAlarm(vec!["flood: T".into()]));
        assert!(matches!(judge(&benign("HARD: x"), &[high()]), Verdict::Hard(_)));
    }
}
