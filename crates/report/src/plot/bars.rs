//! Horizontal bars: shares of the traffic.

use super::canvas::{Anchor, Canvas, Font, Ink, Point};
use super::font;
use crate::{escape, names};
use anomalyzer_engine::Summary;
use anomalyzer_engine::text::bytes;

/// Height of a row.
pub(super) const ROW: f64 = 24.0;

/// Rows shown.
const ROWS: usize = 8;

/// Room for names and for values beside the bars.
const NAMES: f64 = 130.0;
const VALUES: f64 = 128.0;

/// A named share.
pub(super) struct Bar {
    name: String,
    bytes: u64,
}

/// Protocols by bytes; those behind the first few as one.
pub(super) fn protocols(summary: &Summary) -> Vec<Bar> {
    let bar = |share: &anomalyzer_engine::summary::Share| Bar {
        name: escape::terminal(&share.name),
        bytes: share.bytes,
    };
    let mut bars: Vec<Bar> = summary.protocols.iter().take(ROWS - 1).map(bar).collect();
    let rest: u64 = summary.protocols.iter().skip(ROWS - 1).map(|share| share.bytes).sum();
    if rest > 0 {
        bars.push(Bar { name: "others".to_owned(), bytes: rest });
    }
    bars
}

/// Ports by bytes.
pub(super) fn ports(summary: &Summary) -> Vec<Bar> {
    let name = |port: &anomalyzer_engine::summary::PortShare| {
        let service = names::service(port.proto, port.port).unwrap_or("");
        format!("{}/{} {service}", port.port, names::protocol(port.proto))
    };
    let bar = |port| Bar { name: name(port).trim_end().to_owned(), bytes: port.bytes };
    summary.top_ports.iter().take(ROWS).map(bar).collect()
}

/// Draws the bars below a heading at `at`; all bars compare with `total`.
pub(super) fn draw(
    canvas: &mut dyn Canvas,
    (x, y): Point,
    width: f64,
    title: &str,
    bars: &[Bar],
    total: u64,
    ink: Ink,
) {
    canvas.text((x, y), title, Font::HEADING, Anchor::Start, Ink::Text);
    let room = (width - NAMES - VALUES).max(1.0);
    for (i, bar) in bars.iter().enumerate() {
        let middle = y + 14.0 + (i as f64 + 0.5) * ROW;
        let share = if total == 0 { 0.0 } else { bar.bytes as f64 / total as f64 };
        let name = font::fit(&bar.name, Font::BODY, NAMES - 10.0);
        canvas.text((x, middle + 4.0), &name, Font::BODY, Anchor::Start, Ink::Text);
        let left = x + NAMES;
        canvas.rect((left, middle - 7.0), (room, 14.0), Ink::Grid, 0.5);
        let length = (share.clamp(0.0, 1.0) * room).max(if bar.bytes > 0 { 1.5 } else { 0.0 });
        canvas.rect((left, middle - 7.0), (length, 14.0), ink, 0.85);
        let end = x + width;
        canvas.text((end, middle + 4.0), &bytes(bar.bytes), Font::SMALL, Anchor::End, Ink::Quiet);
        let percent = if share > 0.0 && share < 0.001 {
            "<0.1 %".to_owned()
        } else {
            format!("{:.1} %", share * 100.0)
        };
        let at = (left + room + 56.0, middle + 4.0);
        canvas.text(at, &percent, Font::SMALL, Anchor::End, Ink::Text);
    }
}
