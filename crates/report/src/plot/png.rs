//! The picture as PNG: areas and glyphs by coverage, on white paper.

use super::canvas::{Anchor, Canvas, Font, Ink, Point};
use super::font;
use ab_glyph::{Font as _, ScaleFont as _, point};
use ab_glyph_rasterizer::{Rasterizer, point as corner};
use std::io;

/// Pixels, three bytes each.
pub(super) struct PngCanvas {
    width: usize,
    height: usize,
    scale: f64,
    pixels: Vec<u8>,
}

impl PngCanvas {
    /// White paper of a size in units of the layout; `scale` pixels for each unit.
    pub(super) fn new((width, height): Point, scale: f64) -> Self {
        let (width, height) = (whole(width * scale), whole(height * scale));
        Self { width, height, scale, pixels: vec![0xff; width * height * 3] }
    }

    /// Writes the file.
    pub(super) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (width, height) = (u32::try_from(self.width), u32::try_from(self.height));
        let (Ok(width), Ok(height)) = (width, height) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut encoder = png::Encoder::new(out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().map_err(io_error)?;
        writer.write_image_data(&self.pixels).map_err(io_error)?;
        writer.finish().map_err(io_error)
    }

    /// Lays `coverage` (0 to 1) of a colour over a pixel; pixels outside the picture are no matter.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 255
    fn blend(&mut self, x: usize, y: usize, rgb: [u8; 3], coverage: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * 3;
        let Some(pixel) = self.pixels.get_mut(at..at + 3) else { return };
        for (old, new) in pixel.iter_mut().zip(rgb) {
            let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * coverage.min(1.0);
            *old = mixed.round() as u8;
        }
    }

    /// Fills a polygon given in pixels.
    #[allow(clippy::cast_possible_truncation)] // pictures are small
    fn fill(&mut self, points: &[Point], ink: Ink, opacity: f64) {
        let Some(bounds) = self.bounds(points) else { return };
        let ((left, top), (width, height)) = bounds;
        let mut raster = Rasterizer::new(width, height);
        let local = |(x, y): Point| {
            let x = (x - left as f64).clamp(0.0, width as f64 - 1.0);
            let y = (y - top as f64).clamp(0.0, height as f64 - 1.0);
            corner(x as f32, y as f32)
        };
        let next = points.iter().skip(1).chain(points.first());
        for (a, b) in points.iter().zip(next) {
            raster.draw_line(local(*a), local(*b));
        }
        let rgb = rgb(ink);
        raster.for_each_pixel_2d(|x, y, coverage| {
            if coverage > 0.0 {
                let (x, y) = (left + x as usize, top + y as usize);
                self.blend(x, y, rgb, coverage * opacity as f32);
            }
        });
    }

    /// The part of the picture that holds the points, with a pixel of margin.
    fn bounds(&self, points: &[Point]) -> Option<((usize, usize), (usize, usize))> {
        if points.len() < 3 || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        let range = |values: &mut dyn Iterator<Item = f64>, size: usize| {
            let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
            let low = whole(low.floor()).min(size);
            let high = (whole(high.ceil()) + 2).min(size + 2);
            (low, high.saturating_sub(low))
        };
        let (left, width) = range(&mut points.iter().map(|p| p.0), self.width);
        let (top, height) = range(&mut points.iter().map(|p| p.1), self.height);
        (width > 1 && height > 1).then_some(((left, top), (width, height)))
    }
}

impl Canvas for PngCanvas {
    fn polygon(&mut self, points: &[Point], ink: Ink, opacity: f64) {
        let points: Vec<Point> =
            points.iter().map(|(x, y)| (x * self.scale, y * self.scale)).collect();
        self.fill(&points, ink, opacity);
    }

    fn line(&mut self, points: &[Point], ink: Ink, width: f64, dash: Option<f64>) {
        let half = width * self.scale / 2.0;
        for (a, b) in points.iter().zip(points.iter().skip(1)) {
            let a = (a.0 * self.scale, a.1 * self.scale);
            let b = (b.0 * self.scale, b.1 * self.scale);
            for (from, to) in dashes(a, b, dash.map(|length| length * self.scale)) {
                self.fill(&stroke(from, to, half, dash.is_none()), ink, 1.0);
            }
        }
    }

    #[allow(clippy::cast_possible_truncation)] // pictures are small
    fn text(&mut self, (x, y): Point, text: &str, font: Font, anchor: Anchor, ink: Ink) {
        let Some(face) = font::face(font) else { return };
        let scale = font::scale(face, font.size * self.scale);
        let scaled = face.as_scaled(scale);
        let start = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - font::width(text, font) / 2.0,
            Anchor::End => x - font::width(text, font),
        };
        let mut pen = (start * self.scale) as f32;
        let baseline = (y * self.scale) as f32;
        let rgb = rgb(ink);
        for c in text.chars() {
            let id = scaled.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, point(pen, baseline));
            pen += scaled.h_advance(id);
            if let Some(outline) = face.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, coverage| {
                    let (x, y) = (corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy));
                    if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                        self.blend(x, y, rgb, coverage);
                    }
                });
            }
        }
    }
}

/// A piece of a line as a rectangle; solid lines overlap by half their width at the corners.
fn stroke(a: Point, b: Point, half: f64, caps: bool) -> [Point; 4] {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy).max(1e-9);
    let (ux, uy) = (dx / length * half, dy / length * half);
    let (cx, cy) = if caps { (ux, uy) } else { (0.0, 0.0) };
    [
        (a.0 - cx - uy, a.1 - cy + ux),
        (b.0 + cx - uy, b.1 + cy + ux),
        (b.0 + cx + uy, b.1 + cy - ux),
        (a.0 - cx + uy, a.1 - cy - ux),
    ]
}

/// The drawn pieces of a line: all of it, or dashes.
fn dashes(a: Point, b: Point, dash: Option<f64>) -> Vec<(Point, Point)> {
    let length = (b.0 - a.0).hypot(b.1 - a.1);
    let Some(dash) = dash.filter(|dash| *dash > 0.0 && length / dash < 10_000.0) else {
        return vec![(a, b)];
    };
    let along = |at: f64| {
        let share = (at / length).min(1.0);
        (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
    };
    let mut pieces = Vec::new();
    let mut at = 0.0;
    while at < length {
        pieces.push((along(at), along(at + dash)));
        at += 2.0 * dash;
    }
    pieces
}

fn rgb(ink: Ink) -> [u8; 3] {
    let [light, _] = ink.rgb();
    let [_, r, g, b] = light.to_be_bytes();
    [r, g, b]
}

/// Saturating, since sizes are never negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}

fn io_error(error: png::EncodingError) -> io::Error {
    match error {
        png::EncodingError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
