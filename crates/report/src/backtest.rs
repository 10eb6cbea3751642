//! How a back-test is written: what a change of settings would do to the alerts.

use crate::json::Object;
use crate::ndjson::{self, SCHEMA};
use anomalyzer_engine::{Alert, alert::Comparison};

/// A setting that the back-test changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Full key, such as `detect.port-scan.ports`.
    pub key: String,
    /// Value now, as TOML writes it.
    pub now: String,
    /// Value to be tried.
    pub then: String,
}

/// Everything that a back-test tells.
#[derive(Clone, Debug)]
pub struct Backtest<'a> {
    /// What is changed.
    pub changes: &'a [Change],
    /// Alerts with the settings as they are, and with the change.
    pub alerts: [usize; 2],
    /// What comes and goes.
    pub comparison: Comparison<'a>,
}

/// Appends one line for each alert that comes, goes or changes its severity (`type` = `change`),
/// and a line with the totals (`type` = `backtest`).
pub fn write_ndjson(out: &mut Vec<u8>, told: &Backtest<'_>) {
    let comparison = &told.comparison;
    for alert in &comparison.gone {
        change(out, "gone", alert, None);
    }
    for alert in &comparison.come {
        change(out, "come", alert, None);
    }
    for (before, after) in &comparison.changed {
        change(out, "severity", after, Some(before));
    }
    let mut o = Object::new(out);
    o.plain("type", "backtest");
    o.number("schema", SCHEMA);
    o.objects("settings", told.changes, |o, change| {
        o.text("key", &change.key);
        o.text("now", &change.now);
        o.text("then", &change.then);
    });
    let [now, then] = told.alerts;
    for (name, count) in [
        ("alerts_now", now),
        ("alerts_then", then),
        ("gone", comparison.gone.len()),
        ("come", comparison.come.len()),
        ("severity", comparison.changed.len()),
        ("joined", comparison.joined.len()),
        ("parted", comparison.parted.len()),
        ("same", comparison.same),
    ] {
        o.number(name, count as u64);
    }
    o.close_line();
}

fn change(out: &mut Vec<u8>, what: &str, alert: &Alert, before: Option<&Alert>) {
    let mut o = Object::new(out);
    o.plain("type", "change");
    o.number("schema", SCHEMA);
    o.plain("change", what);
    if let Some(before) = before {
        o.plain("severity_now", before.severity.name());
    }
    o.object("alert", |o| ndjson::alert_fields(o, alert));
    o.close_line();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, text};
    use anomalyzer_engine::{
        Severity,
        alert::{Found, compare},
    };

    fn both(write: impl Fn(&Backtest<'_>) -> String) -> String {
        let scan = fixture::port_scan();
        let spike = fixture::statistic("traffic-spike", "A spike", Severity::Info);
        let mut louder = spike.clone();
        louder.severity = Severity::Low;
        let folded = fixture::statistic("noisy-host", "A noisy host", Severity::Info);
        let before = Found { alerts: vec![scan, spike, folded.clone()], folded: Vec::new() };
        let after = Found { alerts: vec![louder], folded: vec![folded] };
        let changes =
            [Change { key: "detect.port-scan.ports".into(), now: "15".into(), then: "30".into() }];
        let comparison = compare(&before, &after);
        write(&Backtest { changes: &changes, alerts: [3, 1], comparison })
    }

    #[test]
    fn people_see_what_goes_and_what_changes() {
        let page = both(|told| {
            let mut out = Vec::new();
            text::backtest(&mut out, told, &text::Style::default()).unwrap();
            String::from_utf8(out).unwrap()
        });
        assert!(page.contains("detect.port-scan.ports: 15 -> 30"), "{page}");
        assert!(page.contains("Gone with the change"), "{page}");
        assert!(page.contains("low       info before: A spike"), "{page}");
        assert!(page.contains("1 alert told within another alert with the change"), "{page}");
        assert!(!page.contains("New with the change"), "{page}");
    }

    #[test]
    fn machines_get_one_line_for_each_change_and_the_totals() {
        let lines = both(|told| {
            let mut out = Vec::new();
            write_ndjson(&mut out, told);
            String::from_utf8(out).unwrap()
        });
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["change"], "gone");
        assert_eq!(lines[0]["alert"]["detector"], "port-scan");
        assert_eq!(lines[1]["severity_now"], "info");
        assert_eq!(lines[2]["settings"][0]["then"], "30");
        assert_eq!((&lines[2]["joined"], &lines[2]["parted"]), (&1.into(), &0.into()));
        assert_eq!((&lines[2]["gone"], &lines[2]["severity"]), (&1.into(), &1.into()));
    }
}
