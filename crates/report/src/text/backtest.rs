//! The back-test for people: what the change is, then what it does, one line an alert.

use super::Style;
use super::page::{Ink, Page};
use crate::backtest::{Backtest, Change};
use anomalyzer_engine::text::counted;
use anomalyzer_engine::{Alert, Summary};
use std::io;

/// Writes the report for people.
pub fn backtest(out: &mut dyn io::Write, told: &Backtest<'_>, style: &Style<'_>) -> io::Result<()> {
    let mut page = Page::new(style.bounded(), &Summary::default());
    let comparison = &told.comparison;
    page.heading("Change", "");
    for Change { key, now, then } in told.changes {
        page.line(&format!("  {key}: {now} -> {then}"));
    }
    let [now, then] = told.alerts.map(|n| counted(n as u64, "alert"));
    page.heading("Result", "");
    page.line(&format!("  {now} with the settings as they are, {then} with the change"));
    if comparison.gone.is_empty() && comparison.come.is_empty() && comparison.changed.is_empty() {
        page.line("  The change makes no difference on this input.");
    }
    alerts(&mut page, "Gone with the change", &comparison.gone);
    alerts(&mut page, "New with the change", &comparison.come);
    if !comparison.changed.is_empty() {
        page.heading("Another severity", &comparison.changed.len().to_string());
        for (before, after) in &comparison.changed {
            let was = format!("{} before: ", before.severity.name());
            line(&mut page, after, &was);
        }
    }
    let rest = [
        (comparison.same, "as before"),
        (comparison.joined.len(), "told within another alert with the change"),
        (comparison.parted.len(), "told within another alert now, alone with the change"),
    ];
    if rest.iter().any(|(count, _)| *count > 0) {
        page.blank();
    }
    for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
        page.line(&format!("  {} {what}", counted(count as u64, "alert")));
    }
    out.write_all(page.text().as_bytes())
}

fn alerts(page: &mut Page<'_>, title: &str, alerts: &[&Alert]) {
    if alerts.is_empty() {
        return;
    }
    page.heading(title, &alerts.len().to_string());
    let most = page.style().alerts_max;
    for alert in alerts.iter().take(most) {
        line(page, alert, "");
    }
    if let Some(more) = alerts.len().checked_sub(most).filter(|n| *n > 0) {
        page.line(&format!("  and {} more (all of them: --json)", counted(more as u64, "alert")));
    }
}

/// One alert in one line: time, severity, detector, title.
fn line(page: &mut Page<'_>, alert: &Alert, prefix: &str) {
    let time = page.date_time(alert.first);
    let severity = format!("{:<8}", alert.severity.name());
    let used = time.chars().count() + severity.len() + 6;
    let room = page.style().width.saturating_sub(used);
    let what = page.clean(&format!("{prefix}{}", alert.title));
    let what = page.fit(&what, room);
    let severity = page.paint(Ink::Severity(alert.severity), &severity);
    let time = page.paint(Ink::Quiet, &time);
    page.line(&format!("  {time}  {severity}  {what}"));
}
