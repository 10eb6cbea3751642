//! The picture as SVG.

use super::canvas::{Anchor, Canvas, Font, Ink, Point};
use crate::escape;
use std::fmt::Write as _;

/// Draws SVG elements. Inks are classes, so that one drawing serves light and dark.
pub(super) struct SvgCanvas {
    out: String,
}

impl SvgCanvas {
    /// An empty picture. One that stands alone brings paper and style; else the page does.
    pub(super) fn new((width, height): Point, alone: bool) -> Self {
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Traffic over time, \
             alerts, protocols and ports\" font-family=\"{FAMILY}\">\n"
        );
        if alone {
            out.push_str("<style>\n");
            out.push_str(&style());
            out.push_str("</style>\n");
        }
        let mut canvas = Self { out };
        if alone {
            canvas.rect((0.0, 0.0), (width, height), Ink::Paper, 1.0);
        }
        canvas
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    /// Writing to a String cannot fail, so the result is dropped in this one place.
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
    }

    fn points(&mut self, points: &[Point]) {
        for (i, (x, y)) in points.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            self.put(format_args!("{gap}{},{}", short(*x), short(*y)));
        }
    }

    fn opacity(&mut self, opacity: f64) {
        if opacity < 1.0 {
            self.put(format_args!(" fill-opacity=\"{opacity}\""));
        }
    }
}

/// Faces that look like the embedded one, which the text was measured with, or are narrower.
pub(super) const FAMILY: &str =
    "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans Condensed', Arial, sans-serif";

/// The inks as classes: `f-` fills, `s-` strokes.
pub(super) fn style() -> String {
    let rules = |dark: usize| -> String {
        Ink::ALL.into_iter().fold(String::new(), |mut rules, ink| {
            let rgb = ink.rgb().get(dark).copied().unwrap_or(0);
            let name = ink.name();
            let _ = writeln!(
                rules,
                ".f-{name}{{fill:#{rgb:06x}}}.s-{name}{{stroke:#{rgb:06x};fill:none}}"
            );
            rules
        })
    };
    format!("{}@media (prefers-color-scheme: dark){{\n{}}}\n", rules(0), rules(1))
}

impl Canvas for SvgCanvas {
    fn polygon(&mut self, points: &[Point], ink: Ink, opacity: f64) {
        self.put(format_args!("<polygon class=\"f-{}\"", ink.name()));
        self.opacity(opacity);
        self.out.push_str(" points=\"");
        self.points(points);
        self.out.push_str("\"/>\n");
    }

    fn line(&mut self, points: &[Point], ink: Ink, width: f64, dash: Option<f64>) {
        self.put(format_args!("<polyline class=\"s-{}\" stroke-width=\"{width}\"", ink.name()));
        if let Some(dash) = dash {
            self.put(format_args!(" stroke-dasharray=\"{dash}\""));
        }
        self.out.push_str(" points=\"");
        self.points(points);
        self.out.push_str("\"/>\n");
    }

    fn text(&mut self, (x, y): Point, text: &str, font: Font, anchor: Anchor, ink: Ink) {
        let (x, y) = (short(x), short(y));
        let (name, size) = (ink.name(), font.size);
        self.put(format_args!("<text class=\"f-{name}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\""));
        if font.bold {
            self.out.push_str(" font-weight=\"600\"");
        }
        self.out.push_str(match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        });
        self.put(format_args!(">{}</text>\n", escape::markup(text)));
    }

    fn tip(&mut self, text: &str) {
        self.put(format_args!("<g><title>{}</title>\n", escape::markup(text)));
    }

    fn untip(&mut self) {
        self.out.push_str("</g>\n");
    }

    fn rect(&mut self, (x, y): Point, (width, height): Point, ink: Ink, opacity: f64) {
        let [x, y, width, height] = [x, y, width, height].map(short);
        let name = ink.name();
        self.put(format_args!(
            "<rect class=\"f-{name}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""
        ));
        self.opacity(opacity);
        self.out.push_str("/>\n");
    }
}

/// Tenths of a unit are enough.
fn short(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
