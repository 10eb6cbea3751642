//! The embedded font: DejaVu Sans Condensed (Bitstream Vera licence, free to embed).

use super::canvas::Font;
use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _};
use std::sync::LazyLock;

static REGULAR: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans_condensed::regular()).ok());
static BOLD: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans_condensed::bold()).ok());

/// The face of a font; `None` only if the embedded file were damaged.
pub(super) fn face(font: Font) -> Option<&'static FontRef<'static>> {
    if font.bold { BOLD.as_ref() } else { REGULAR.as_ref() }
}

/// The scale that gives an em of `size` pixels.
#[allow(clippy::cast_possible_truncation)] // sizes are small
pub(super) fn scale(face: &FontRef<'_>, size: f64) -> PxScale {
    let em = face.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * face.height_unscaled() / em)
}

/// Width of a text in units of the layout.
pub(super) fn width(text: &str, font: Font) -> f64 {
    let Some(face) = face(font) else { return text.chars().count() as f64 * font.size * 0.6 };
    let scaled = face.as_scaled(scale(face, font.size));
    text.chars().map(|c| f64::from(scaled.h_advance(scaled.glyph_id(c)))).sum()
}

/// The text, cut to at most `room` units; an ellipsis shows that something is missing.
pub(super) fn fit(text: &str, font: Font, room: f64) -> String {
    // Measuring stops early for names of any length: what is longer does not fit anyway.
    let longest = 1_000;
    if text.chars().nth(longest).is_none() && width(text, font) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("\u{2026}", font);
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]), font);
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept + "\u{2026}"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_faces_load_and_measure() {
        for font in [Font::BODY, Font::TITLE] {
            assert!(face(font).is_some());
            assert!(width("MMM", font) > width("iii", font));
        }
        // An em of DejaVu Sans Condensed Bold has digits of 0.626 em.
        assert!((width("0", Font { size: 100.0, bold: true }) - 62.6).abs() < 0.5);
    }

    #[test]
    fn fits() {
        assert_eq!(fit("short", Font::BODY, 100.0), "short");
        let cut = fit("a rather long text", Font::BODY, 50.0);
        assert!(cut.ends_with('\u{2026}') && width(&cut, Font::BODY) <= 50.0);
        assert_eq!(fit(&"i".repeat(100_000), Font::BODY, 0.0), "\u{2026}");
    }
}
