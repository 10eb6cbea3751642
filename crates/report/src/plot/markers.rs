//! Markers of severities: a shape for each, so that colour is not needed to tell them apart.

use super::canvas::{Canvas, Ink, Point};
use anomalyzer_engine::Severity;

/// Draws the marker of a severity around a point; `radius` about half its size.
pub(super) fn draw(canvas: &mut dyn Canvas, (x, y): Point, radius: f64, severity: Severity) {
    let r = radius;
    let points: Vec<Point> = match severity {
        Severity::Critical => {
            vec![(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)]
        }
        Severity::High => {
            vec![(x, y - 1.1 * r), (x + 1.1 * r, y + 0.9 * r), (x - 1.1 * r, y + 0.9 * r)]
        }
        Severity::Medium => vec![
            (x - 0.9 * r, y - 0.9 * r),
            (x + 0.9 * r, y - 0.9 * r),
            (x + 0.9 * r, y + 0.9 * r),
            (x - 0.9 * r, y + 0.9 * r),
        ],
        Severity::Low => circle((x, y), r),
        Severity::Info => circle((x, y), 0.6 * r),
    };
    canvas.polygon(&points, Ink::Severity(severity), 1.0);
}

fn circle((x, y): Point, radius: f64) -> Vec<Point> {
    (0..16)
        .map(|i| {
            let (sin, cos) = (f64::from(i) * std::f64::consts::TAU / 16.0).sin_cos();
            (x + radius * cos, y + radius * sin)
        })
        .collect()
}
