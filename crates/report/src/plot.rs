//! Pictures: traffic volume and packets per second with their thresholds, alerts on the time axis,
//! protocols and ports. As SVG, as PNG and as a page of HTML that needs nothing else.
//!
//! One layout draws on a small [`canvas::Canvas`]; SVG and PNG are two of them, so both look the
//! same. Nothing depends on fonts of the system: PNG text uses an embedded font, and all text is
//! measured with it.

mod bars;
mod canvas;
mod font;
mod html;
mod lane;
mod layout;
mod markers;
mod panel;
mod png;
mod scale;
mod svg;

pub use scale::TIME_STEPS;

use crate::source::Report;
use std::io;

/// Pixels of the PNG for each unit of the layout.
const PNG_SCALE: f64 = 2.0;

/// Writes the picture as SVG; it follows the viewer's light or dark scheme.
pub fn svg(out: &mut dyn io::Write, report: &Report<'_>) -> io::Result<()> {
    out.write_all(drawing(report, true).as_bytes())
}

/// Writes the picture as PNG, light.
pub fn png(out: &mut dyn io::Write, report: &Report<'_>) -> io::Result<()> {
    let size = layout::size(report);
    let mut canvas = png::PngCanvas::new(size, PNG_SCALE);
    layout::draw(&mut canvas, report);
    canvas.write(out)
}

/// Writes a page with the picture, the alerts and the facts; without scripts and without anything
/// that is loaded from elsewhere.
pub fn html(out: &mut dyn io::Write, report: &Report<'_>) -> io::Result<()> {
    out.write_all(html::page(report, &drawing(report, false)).as_bytes())
}

/// The picture as SVG, on its own or for use inside a page.
fn drawing(report: &Report<'_>, alone: bool) -> String {
    let mut canvas = svg::SvgCanvas::new(layout::size(report), alone);
    layout::draw(&mut canvas, report);
    canvas.finish()
}

#[cfg(test)]
mod tests;
