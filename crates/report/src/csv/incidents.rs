//! incidents.csv and hosts.csv: what is made from alerts.

use super::sheet::Sheet;
use anomalyzer_engine::{HostRisk, Incident};
use std::io;

const INCIDENTS: [&str; 15] = [
    "id",
    "severity",
    "title",
    "first",
    "last",
    "attackers",
    "attacker_count",
    "victims",
    "victim_count",
    "stages",
    "alerts",
    "story",
    "context",
    "explanation",
    "advice",
];

const HOSTS: [&str; 8] =
    ["addr", "score", "as_source", "as_target", "alerts", "first", "last", "why"];

/// Writes incidents.csv. The cell `story` holds the ids of alerts in time order.
pub fn incidents<W: io::Write>(out: W, incidents: &[Incident]) -> io::Result<()> {
    let mut sheet = Sheet::new(out, INCIDENTS)?;
    for incident in incidents {
        sheet.text(&incident.id);
        sheet.plain(incident.severity.name());
        sheet.text(&incident.title);
        sheet.time(incident.first);
        sheet.time(incident.last);
        sheet.list(&incident.attackers);
        sheet.number(incident.attacker_count);
        sheet.list(&incident.victims);
        sheet.number(incident.victim_count);
        sheet.list(incident.stages.iter().map(|stage| stage.name()));
        sheet.number(incident.alerts);
        sheet.list(incident.story.iter().map(|step| &step.alert));
        sheet.list(incident.context.iter().map(|(id, n)| format!("{id}={n}")));
        sheet.text(&incident.explanation);
        sheet.text(incident.advice);
        sheet.end()?;
    }
    sheet.finish()
}

/// Writes hosts.csv. The cell `why` holds alert=points pairs, the strongest first.
pub fn hosts<W: io::Write>(out: W, hosts: &[HostRisk]) -> io::Result<()> {
    let mut sheet = Sheet::new(out, HOSTS)?;
    for host in hosts {
        sheet.addr(Some(host.addr));
        sheet.float(host.score);
        sheet.float(host.as_source);
        sheet.float(host.as_target);
        sheet.number(host.alerts);
        sheet.time(host.first);
        sheet.time(host.last);
        sheet.list(host.why.iter().map(|part| format!("{}={}", part.alert, part.points)));
        sheet.end()?;
    }
    sheet.finish()
}
