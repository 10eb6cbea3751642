//! Alerts: those that claim an attack in full, statistics in one line each.

use super::header::whole;
use super::page::{Ink, Page};
use anomalyzer_engine::alert::Hidden;
use anomalyzer_engine::text::{addresses, bytes, counted, duration, thousands};
use anomalyzer_engine::{Alert, Evidence, Severity};
use anomalyzer_wire::{Addr, Mac};

/// Most lines of each kind of statistic.
const LINES: usize = 5;

/// Most ports named.
const PORTS: usize = 10;

/// Indentation of an alert's body, and of texts behind a label.
const BODY: usize = 4;
const LABELLED: usize = BODY + 10;

/// Headings of the statistics-level detectors that every report has a word about.
const STATISTICS: [(&str, &str); 4] = [
    ("traffic-spike", "Spikes"),
    ("noisy-host", "Noisy hosts"),
    ("rare-port", "Rare ports"),
    ("new-device", "New devices"),
];

pub(super) fn write(page: &mut Page<'_>, alerts: &[Alert], suppressed: &[Hidden]) {
    let (mut claims, statistics): (Vec<&Alert>, Vec<&Alert>) =
        alerts.iter().partition(|alert| alert.severity >= Severity::Medium);
    claims.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first.cmp(&b.first)));
    page.heading("Alerts", &totals(page, alerts));
    if claims.is_empty() {
        page.line("  No attack and no breach of policy was found.");
    }
    let most = page.style().alerts_max;
    for alert in claims.iter().take(most) {
        in_full(page, alert);
    }
    let more = claims.len().saturating_sub(most);
    if more > 0 {
        page.blank();
        page.line(&format!("  and {} more", counted(more as u64, "alert")));
    }
    groups(page, &statistics);
    hidden(page, suppressed);
}

/// What rules of the site hide.
fn hidden(page: &mut Page<'_>, suppressed: &[Hidden]) {
    if suppressed.is_empty() {
        return;
    }
    let all: u64 = suppressed.iter().map(|hidden| hidden.alerts).sum();
    page.heading("Suppressed", &page.paint(Ink::Quiet, &thousands(all)));
    for Hidden { rule, scope, reason, alerts } in suppressed.iter().take(LINES) {
        let text = format!("{} by rule {rule} ({scope}): {reason}", counted(*alerts, "alert"));
        page.paragraph("", 2, &text);
    }
    let more = suppressed.len().saturating_sub(LINES);
    if more > 0 {
        page.line(&format!("  and {} more", counted(more as u64, "rule")));
    }
}

/// How many of each severity, worst first.
fn totals(page: &Page<'_>, alerts: &[Alert]) -> String {
    let totals = page.severities(alerts.iter().map(|alert| alert.severity));
    if totals.is_empty() { "none".to_owned() } else { totals }
}

fn in_full(page: &mut Page<'_>, alert: &Alert) {
    page.blank();
    page.headline(alert.severity, &alert.title);
    let facts = facts(page, alert);
    let facts = page.paint(Ink::Quiet, &page.fit(&facts, page.style().width.saturating_sub(BODY)));
    page.line(&format!("    {facts}"));
    page.paragraph("", BODY, &alert.explanation);
    page.paragraph("    Who", LABELLED, &who(alert));
    if !alert.evidence.is_empty() {
        let numbers: Vec<String> = alert.evidence.iter().map(evidence).collect();
        page.paragraph("    Evidence", LABELLED, &numbers.join("; "));
    }
    if let Some(said) = &alert.feedback {
        let text = format!("{}: {}", said.verdict.name().replace('-', " "), said.reason);
        page.paragraph("    Feedback", LABELLED, &text);
    }
    page.paragraph("    Id", LABELLED, &alert.id);
    if !alert.attack.is_empty() {
        page.paragraph("    ATT&CK", LABELLED, &alert.attack.join(", "));
    }
    if !alert.folded.is_empty() {
        let folded: Vec<String> =
            alert.folded.iter().map(|(id, n)| format!("{} {id}", thousands(*n))).collect();
        let text = format!("{} that came with it", folded.join(", "));
        page.paragraph("    Explains", LABELLED, &text);
    }
    if !alert.advice.is_empty() {
        page.paragraph("    Advice", LABELLED, &alert.advice);
    }
}

/// Detector, technique, time, count, confidence.
fn facts(page: &Page<'_>, alert: &Alert) -> String {
    let mut facts = vec![alert.detector.to_owned()];
    if !alert.technique.is_empty() {
        facts = vec![format!("{} ({})", alert.detector, page.clean(&alert.technique))];
    }
    let span = alert.last.since(alert.first).max(0) as f64 / 1e9;
    let start = page.time(alert.first);
    facts.push(if span > 0.0 { format!("{start} for {}", duration(span)) } else { start });
    facts.push(format!("{} seen", thousands(alert.count)));
    facts.push(format!("{} % sure", whole(alert.confidence * 100.0).min(100)));
    facts.join(page.dot())
}

/// `192.168.1.10 (00:25:b3:bf:91:ee) to 192.168.1.25, ports 22, 80 and 998 more`.
fn who(alert: &Alert) -> String {
    let hosts = |addrs: &[Addr], macs: &[Mac], total: u64| match (addrs, macs) {
        ([addr], [mac]) if total <= 1 => format!("{addr} ({mac})"),
        _ => addresses(addrs, total),
    };
    let mut who = hosts(&alert.src, &alert.src_mac, alert.src_count.value);
    if !alert.dst.is_empty() || alert.dst_count.value > 0 {
        let dst = hosts(&alert.dst, &alert.dst_mac, alert.dst_count.value);
        who = if who.is_empty() { dst } else { format!("{who} to {dst}") };
    }
    let total = alert.dst_port_count.value;
    if total == 0 {
        return who;
    }
    let ports: Vec<String> = alert.dst_ports.iter().take(PORTS).map(u16::to_string).collect();
    let more = total.saturating_sub(ports.len() as u64);
    let more = match (more, ports.is_empty()) {
        (0, _) => String::new(),
        (n, true) => thousands(n),
        (n, false) => format!(" and {} more", thousands(n)),
    };
    let noun = if total == 1 { "port" } else { "ports" };
    format!("{who}, {noun} {}{more}", ports.join(", "))
}

/// `distinct ports 1,000 (limit 15 in 60 s)`.
fn evidence(evidence: &Evidence) -> String {
    let mut notes = Vec::new();
    let in_window = evidence.window_s.map(|s| format!("in {}", duration(s)));
    if let Some(threshold) = evidence.threshold {
        let window = in_window.map_or(String::new(), |w| format!(" {w}"));
        notes.push(format!("limit {}{window}", amount(evidence.name, threshold)));
    } else {
        notes.extend(in_window);
    }
    notes.extend(evidence.mean.map(|mean| format!("usually {}", amount(evidence.name, mean))));
    notes.extend(evidence.z.map(|z| format!("z {z:.1}")));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    let value = amount(evidence.name, evidence.value);
    format!("{} {value}{notes}", name_in_words(evidence.name))
}

/// `interval` of `interval_s`: the unit stands behind the value.
fn name_in_words(name: &str) -> String {
    name.strip_suffix("_s").unwrap_or(name).replace('_', " ")
}

/// A value in the unit that its name tells.
fn amount(name: &str, value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "unknown".to_owned()
    } else if name.ends_with("_s") {
        duration(value)
    } else if name.contains("bytes") && value >= 1_000.0 {
        bytes(whole(value))
    } else if size >= 1_000.0 || (value.fract() == 0.0 && value >= 0.0) {
        format!("{}{}", if value < 0.0 { "-" } else { "" }, thousands(whole(size)))
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Statistics by detector: the known ones in their order, then the others as they come.
fn groups(page: &mut Page<'_>, statistics: &[&Alert]) {
    for (id, title) in STATISTICS {
        let of_kind: Vec<&Alert> = pick(statistics, |detector| detector == id);
        group(page, title, &of_kind, false);
    }
    let rest = pick(statistics, |detector| STATISTICS.iter().all(|(id, _)| *id != detector));
    group(page, "Also worth a look", &rest, true);
}

fn pick<'a>(alerts: &[&'a Alert], keep: impl Fn(&str) -> bool) -> Vec<&'a Alert> {
    let mut picked: Vec<&Alert> = alerts.iter().copied().filter(|a| keep(a.detector)).collect();
    picked.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first.cmp(&b.first)));
    picked
}

fn group(page: &mut Page<'_>, title: &str, alerts: &[&Alert], name_detector: bool) {
    if alerts.is_empty() {
        return;
    }
    page.heading(title, &page.paint(Ink::Quiet, &thousands(alerts.len() as u64)));
    for alert in alerts.iter().take(LINES) {
        let time = page.time(alert.first);
        let what = if name_detector { format!("{}: ", alert.detector) } else { String::new() };
        let room = page.style().width.saturating_sub(time.chars().count() + 12);
        let text = page.fit(&page.clean(&format!("{what}{}", alert.title)), room);
        let severity = format!("{:<4}", alert.severity.name());
        let severity = page.paint(Ink::Severity(alert.severity), &severity);
        let time = page.paint(Ink::Quiet, &time);
        page.line(&format!("  {time}  {severity}  {text}"));
    }
    let more = alerts.len().saturating_sub(LINES);
    if more > 0 {
        let text = page.paint(Ink::Quiet, &format!("and {} more", thousands(more as u64)));
        page.line(&format!("  {text}"));
    }
}
