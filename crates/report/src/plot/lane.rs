//! Alerts on the time axis: one row for each severity, which is the legend too.

use super::canvas::{Anchor, Canvas, Font, Ink};
use super::scale::TimeAxis;
use super::{font, markers};
use crate::escape;
use anomalyzer_engine::text::thousands;
use anomalyzer_engine::{Alert, Severity};

/// Height of a row.
pub(super) const ROW: f64 = 24.0;

/// Markers closer than this are drawn as one.
const APART: f64 = 9.0;

/// Least room worth beginning a title in.
const TITLE: f64 = 110.0;

/// Part of the time that bands may cover.
const COVERED: f64 = 0.6;

/// Most bands over the panels; neighbours are merged before.
const BANDS: usize = 60;

/// The severities that have alerts, worst first.
pub(super) fn rows(alerts: &[Alert]) -> Vec<Severity> {
    let has = |severity: &Severity| alerts.iter().any(|alert| alert.severity == *severity);
    Severity::ALL.into_iter().rev().filter(has).collect()
}

/// Draws the rows below `top`.
pub(super) fn draw(canvas: &mut dyn Canvas, axis: &TimeAxis, top: f64, alerts: &[Alert]) {
    for (i, severity) in rows(alerts).into_iter().enumerate() {
        let mut of_row: Vec<&Alert> =
            alerts.iter().filter(|alert| alert.severity == severity).collect();
        of_row.sort_by_key(|alert| (alert.first, alert.last));
        let y = top + (i as f64 + 0.5) * ROW;
        let label = format!("{} {}", thousands(of_row.len() as u64), severity.name());
        let at = (axis.left() - 12.0, y + 4.0);
        canvas.text(at, &label, Font::SMALL, Anchor::End, Ink::Text);
        canvas.line(&[(axis.left(), y), (axis.left() + axis.width(), y)], Ink::Grid, 1.0, None);
        row(canvas, axis, y, severity, &of_row);
    }
}

fn row(canvas: &mut dyn Canvas, axis: &TimeAxis, y: f64, severity: Severity, alerts: &[&Alert]) {
    let end = axis.left() + axis.width();
    let mut shown: Vec<Mark<'_>> = Vec::new();
    for alert in alerts {
        let (from, to) = (axis.x_of(alert.first), axis.x_of(alert.last));
        match shown.last_mut() {
            Some(mark) if from - mark.from < APART => {
                mark.to = mark.to.max(to);
                mark.more += 1;
            }
            _ => shown.push(Mark { from, to, alert, more: 0 }),
        }
    }
    let mut busy = axis.left();
    for (i, mark) in shown.iter().enumerate() {
        let title = mark.title();
        canvas.tip(&title);
        let width = (mark.to - mark.from).max(2.0);
        canvas.rect((mark.from, y - 2.5), (width, 5.0), Ink::Severity(severity), 0.4);
        markers::draw(canvas, (mark.from, y), 5.0, severity);
        canvas.untip();
        let before = (busy + 6.0, mark.from - 12.0);
        busy = busy.max(mark.to).max(mark.from + 6.0);
        let behind = (busy + 6.0, shown.get(i + 1).map_or(end, |next| next.from - 12.0));
        let end = write(canvas, behind, y, &title, Anchor::Start);
        if let Some(end) = end {
            busy = end;
        } else {
            write(canvas, before, y, &title, Anchor::End);
        }
    }
}

/// Alerts of one row that begin at the same place.
struct Mark<'a> {
    from: f64,
    to: f64,
    alert: &'a Alert,
    more: usize,
}

impl Mark<'_> {
    fn title(&self) -> String {
        let title = escape::terminal(&self.alert.title);
        if self.more == 0 { title } else { format!("{title} and {} more", self.more) }
    }
}

/// Writes a title between two places when there is room for a good part of it; on paper, so that
/// the row's line ends before it. Returns where it ends when it was written.
fn write(
    canvas: &mut dyn Canvas,
    (from, to): (f64, f64),
    y: f64,
    title: &str,
    anchor: Anchor,
) -> Option<f64> {
    let text = font::fit(title, Font::SMALL, to - from);
    let width = font::width(&text, Font::SMALL);
    if to <= from || (text != title && width < TITLE) {
        return None;
    }
    let left = if anchor == Anchor::End { to - width } else { from };
    canvas.rect((left - 3.0, y - 6.0), (width + 6.0, 13.0), Ink::Paper, 1.0);
    canvas.text((left, y + 4.0), &text, Font::SMALL, Anchor::Start, Ink::Text);
    Some(left + width)
}

/// Stretches of time with the worst alerts, as bands between `top` and `bottom`. Bands over most of
/// the time would say nothing, so then there are none.
pub(super) fn bands(
    canvas: &mut dyn Canvas,
    axis: &TimeAxis,
    (top, bottom): (f64, f64),
    alerts: &[Alert],
) {
    let worst = alerts.iter().map(|alert| alert.severity).max();
    let Some(severity) = worst.filter(|severity| *severity >= Severity::Medium) else { return };
    let mut spans: Vec<(f64, f64)> = alerts
        .iter()
        .filter(|alert| alert.severity == severity)
        .map(|alert| (axis.x_of(alert.first), axis.x_of(alert.last)))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some((_, until)) if from <= *until + 2.0 => *until = until.max(to),
            _ => merged.push((from, to)),
        }
    }
    let covered: f64 = merged.iter().map(|(from, to)| to - from).sum();
    if covered > COVERED * axis.width() {
        return;
    }
    for (from, to) in merged.into_iter().take(BANDS) {
        let size = ((to - from).max(1.5), bottom - top);
        canvas.rect((from, top), size, Ink::Severity(severity), 0.1);
    }
}
