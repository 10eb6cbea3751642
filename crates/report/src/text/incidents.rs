//! Incidents as stories, and the hosts that there is most against.

use super::page::{Column, Ink, Page};
use anomalyzer_engine::alert::{Role, Step};
use anomalyzer_engine::text::{addresses, counted, duration, thousands};
use anomalyzer_engine::{HostRisk, Incident};

/// Most incidents told.
const INCIDENTS: usize = 10;
/// Most lines of a story.
const LINES: usize = 12;
/// Most hosts shown, and the lowest score shown: what a few statistics add up to is left out.
const HOSTS: usize = 5;
const SCORE_MIN: f64 = 15.0;
/// Most detectors named for a host.
const REASONS: usize = 3;
/// Indentation of an incident's body, and of texts behind a label.
const BODY: usize = 4;
const LABELLED: usize = BODY + 10;

/// Writes the incidents, worst first; nothing when there are none.
pub(super) fn write(page: &mut Page<'_>, incidents: &[Incident]) {
    if incidents.is_empty() {
        return;
    }
    let mut worst_first: Vec<&Incident> = incidents.iter().collect();
    worst_first.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first.cmp(&b.first)));
    page.heading("Incidents", &page.severities(incidents.iter().map(|i| i.severity)));
    for incident in worst_first.iter().take(INCIDENTS) {
        in_full(page, incident);
    }
    let more = worst_first.len().saturating_sub(INCIDENTS);
    if more > 0 {
        page.blank();
        page.line(&format!("  and {} more", counted(more as u64, "incident")));
    }
}

fn in_full(page: &mut Page<'_>, incident: &Incident) {
    page.blank();
    page.headline(incident.severity, &incident.title);
    let span = incident.last.since(incident.first).max(0) as f64 / 1e9;
    let facts = format!(
        "{} for {}{dot}against {}",
        page.time(incident.first),
        duration(span),
        addresses(incident.victims.get(..2).unwrap_or(&incident.victims), incident.victim_count),
        dot = page.dot(),
    );
    let facts = page.paint(Ink::Quiet, &page.fit(&facts, page.style().width.saturating_sub(BODY)));
    page.line(&format!("    {facts}"));
    page.paragraph("", BODY, &incident.explanation);
    story(page, incident);
    if !incident.context.is_empty() {
        let context: Vec<String> =
            incident.context.iter().map(|(id, n)| format!("{} {id}", thousands(*n))).collect();
        let text = format!("{} of the same hosts and time", context.join(", "));
        page.paragraph("    Context", LABELLED, &text);
    }
    page.paragraph("    Advice", LABELLED, incident.advice);
}

/// One line for each step: time, stage, what. Steps of one detector that follow each other are
/// one line.
fn story(page: &mut Page<'_>, incident: &Incident) {
    let mut runs: Vec<(&Step, u64)> = Vec::new();
    for step in &incident.story {
        match runs.last_mut() {
            Some((first, n)) if goes_on(first, step) => *n += 1,
            _ => runs.push((step, 1)),
        }
    }
    let wide = incident.stages.iter().map(|stage| stage.name().len()).max().unwrap_or(0);
    for (step, n) in runs.iter().take(LINES) {
        let time = page.time(step.first);
        let stage = step.stage.map_or("", |stage| stage.name());
        let lead = format!("{time}  {stage:<wide$}  ");
        let more = if *n > 1 { format!(" (and {} more)", thousands(n - 1)) } else { String::new() };
        let left = page.style().width.saturating_sub(BODY + lead.chars().count());
        let title = page.fit(&page.clean(&step.title), left.saturating_sub(more.len()));
        let stage = page.paint(Ink::Severity(step.severity), &format!("{stage:<wide$}"));
        page.line(&format!("    {time}  {stage}  {title}{more}"));
    }
    let shown: u64 = runs.iter().take(LINES).map(|(_, n)| n).sum();
    let more = incident.alerts.saturating_sub(shown);
    if more > 0 {
        page.line(&format!("    and {} more", counted(more, "alert")));
    }
}

fn goes_on(first: &Step, step: &Step) -> bool {
    first.detector == step.detector
        && first.stage == step.stage
        && first.severity == step.severity
        && step.link.hypothesis().is_none()
}

/// The hosts that there is most against; nothing when there are none.
pub(super) fn hosts(page: &mut Page<'_>, hosts: &[HostRisk]) {
    let shown: Vec<&HostRisk> =
        hosts.iter().filter(|host| host.score >= SCORE_MIN).take(HOSTS).collect();
    if shown.is_empty() {
        return;
    }
    let all = hosts.iter().filter(|host| host.score >= SCORE_MIN).count();
    page.heading("Hosts at risk", &page.paint(Ink::Quiet, &thousands(all as u64)));
    let room = page.style().width.saturating_sub(42);
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|host| {
            let why = page.fit(&reasons(host), room);
            vec![host.addr.to_string(), format!("{:.0}", host.score), why]
        })
        .collect();
    page.table(&[Column::left(""), Column::right("of 100"), Column::left("because of")], &rows);
}

/// `port-scan, brute-force as source; keyword as target`.
fn reasons(host: &HostRisk) -> String {
    let mut parts: Vec<String> = Vec::new();
    for role in [Role::Source, Role::Target] {
        let mut detectors: Vec<&str> = Vec::new();
        for part in host.why.iter().filter(|part| part.role == role) {
            if !detectors.contains(&part.detector) {
                detectors.push(part.detector);
            }
        }
        let more = detectors.len().saturating_sub(REASONS);
        detectors.truncate(REASONS);
        if !detectors.is_empty() {
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            parts.push(format!("{}{more} as {}", detectors.join(", "), role.name()));
        }
    }
    parts.join("; ")
}
